"""Finding rows: consents, words, hearings, and which of them somebody may be related to."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, bindparam, or_, select

from protocol.consent.case import Hearing
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Outcome
from protocol.identifiers import ConsentId, Instant, MatterId, PersonId, SubjectId, UnitId
from server.consent.store import tables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Connection


class Found(NamedTuple):
    """A consent as it is listed: its terms, and the statement and entry of its request."""

    terms: Terms
    requested_at: Instant
    statement: str
    leaf_index: int


class Word(NamedTuple):
    """One person's word on a consent, with what keeps it apart; the statement's digest, and its entry."""

    consent: str
    kind: str
    person: PersonId
    at: Instant
    apart: str
    statement: str
    leaf_index: int


class Heard(NamedTuple):
    """A hearing with the unit that it was recorded for (None: the youth told it), and its statement and entry."""

    fact: Hearing
    unit: UnitId | None
    statement: str
    leaf_index: int


class Related(NamedTuple):
    """On what footing somebody may know of consents: subjects, parties, and the units above those parties."""

    subjects: tuple[SubjectId, ...]
    parties: tuple[PersonId | UnitId, ...]
    above: tuple[UnitId, ...]


_c, _p, _w, _h = tables.consents.c, tables.parties.c, tables.words.c, tables.hearings.c
_COLUMNS = (_c.terms, _c.requested_at, _c.statement, _c.leaf_index)
_SOME = select(*_COLUMNS).where(_c.digest.in_(bindparam("digests", expanding=True)))
_NAMED = select(*_COLUMNS).where(_c.consent == bindparam("c"))
_IN_MATTER = select(*_COLUMNS).where(_c.matter == bindparam("m")).order_by(_c.leaf_index)
_SAID = (_w.digest, _w.kind, _w.person, _w.at, _w.apart, _w.statement, _w.leaf_index)
_WORDS = select(*_SAID).where(_w.digest.in_(bindparam("digests", expanding=True))).order_by(_w.leaf_index)
_WORD = select(*_SAID).where(
    _w.digest == bindparam("d"),
    _w.kind == bindparam("k"),
    _w.person == bindparam("p"),
    _w.apart == bindparam("n"),
)
_HEARINGS = (
    select(_h.subject, _h.matter, _h.outcome, _h.person, _h.at, _h.unit, _h.statement, _h.leaf_index)
    .where(_h.matter.in_(bindparam("matters", expanding=True)))
    .order_by(_h.leaf_index)
)
_SUBJECT_OF = select(tables.matters.c.subject).where(tables.matters.c.matter == bindparam("m"))
PARTY = or_(
    _p.party.in_(bindparam("parties", expanding=True)),
    and_(_p.subunits, _p.party.in_(bindparam("above", expanding=True))),
)
"""A party's row is of one of `parties`, or of a unit `above` one of them with its sub-units."""
_LISTED = (
    select(*_COLUMNS)
    .where(
        _c.leaf_index > bindparam("after"),
        or_(
            _c.subject.in_(bindparam("subjects", expanding=True)),
            _c.leaf_index.in_(select(_p.leaf_index).where(PARTY, _p.leaf_index > bindparam("after"))),
        ),
    )
    .order_by(_c.leaf_index)
    .limit(bindparam("most"))
)
_LISTED_OF_SUBJECT = _LISTED.where(_c.subject == bindparam("s"))
_LISTED_IN_MATTER = _LISTED.where(_c.matter == bindparam("m"))
_LISTED_OF_BOTH = _LISTED_OF_SUBJECT.where(_c.matter == bindparam("m"))
_ON_SUBJECT = (
    select(_p.digest)
    .join_from(tables.parties, tables.consents, _c.leaf_index == _p.leaf_index)
    .where(PARTY, _c.subject == bindparam("s"))
    .limit(1)
)


def subject_of(connection: Connection, matter: MatterId) -> SubjectId | None:
    """Give whose matter this is; None before the first request of it."""
    found = connection.execute(_SUBJECT_OF, {"m": matter}).scalar_one_or_none()
    return None if found is None else SubjectId(found)


def consents(connection: Connection, digests: Collection[str]) -> list[Found]:
    """Give those of these consents that were asked for."""
    return _found(connection.execute(_SOME, {"digests": sorted(digests)}))


def consent_named(connection: Connection, consent: ConsentId) -> Found | None:
    """Give the consent whose terms carry this id."""
    found = _found(connection.execute(_NAMED, {"c": consent}))
    return found[0] if found else None


def consents_in(connection: Connection, matter: MatterId) -> list[Found]:
    """Give a matter's consents in the log's order."""
    return _found(connection.execute(_IN_MATTER, {"m": matter}))


def words(connection: Connection, digests: Collection[str]) -> list[Word]:
    """Give every word said on these consents, in the log's order."""
    return [_word(row) for row in connection.execute(_WORDS, {"digests": sorted(digests)})]


def word(connection: Connection, consent: str, kind: str, person: PersonId, apart: str = "") -> Word | None:
    """Give this person's word of this kind on a consent, if it was said; where several may be, the one of just this."""
    row = connection.execute(_WORD, {"d": consent, "k": kind, "p": person, "n": apart}).one_or_none()
    return None if row is None else _word(row)


def hearings(connection: Connection, matters: Collection[MatterId]) -> list[Heard]:
    """Give the hearings in these matters, in the log's order."""
    rows = connection.execute(_HEARINGS, {"matters": sorted(matters)})
    return [
        Heard(
            Hearing(SubjectId(subject), MatterId(matter), Outcome(outcome), PersonId(person), Instant(at)),
            None if unit is None else UnitId(unit),
            statement,
            leaf_index,
        )
        for subject, matter, outcome, person, at, unit, statement, leaf_index in rows
    ]


def listed(  # noqa: PLR0917  (a connection, who asks, the two filters, and the page)
    connection: Connection,
    related: Related,
    subject: SubjectId | None,
    matter: MatterId | None,
    after: int,
    most: int,
) -> list[Found]:
    """Give up to `most` related consents whose request lies after the leaf `after`, in the log's order."""
    asked = {**related._asdict(), "after": after, "most": most}
    if subject is None and matter is None:
        return _found(connection.execute(_LISTED, asked))
    if matter is None:
        return _found(connection.execute(_LISTED_OF_SUBJECT, asked | {"s": subject}))
    if subject is None:
        return _found(connection.execute(_LISTED_IN_MATTER, asked | {"m": matter}))
    return _found(connection.execute(_LISTED_OF_BOTH, asked | {"s": subject, "m": matter}))


def is_party_on(connection: Connection, related: Related, subject: SubjectId) -> bool:
    """Say whether one of these parties is a sender or receiver in any consent on the subject."""
    asked = {"parties": related.parties, "above": related.above, "s": subject}
    return connection.execute(_ON_SUBJECT, asked).first() is not None


def _found(rows: Iterable[tuple[bytes, int, str, int]]) -> list[Found]:
    return [Found(_terms(terms), Instant(t), statement, index) for terms, t, statement, index in rows]


@lru_cache(maxsize=4096)
def _terms(written: bytes) -> Terms:
    """Parse terms as they were kept. They never change, so the same bytes are the same terms for ever."""
    return Terms.parse(json.loads(written))


def _word(row: tuple[str, str, str, int, str, str, int]) -> Word:
    consent, kind, person, at, apart, statement, leaf_index = row
    return Word(consent, kind, PersonId(person), Instant(at), apart, statement, leaf_index)
