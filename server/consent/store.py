"""Consents, the words said on them, hearings, and which matter is whose: rows without rules.

Tokens stand in `server.identity`'s `statements`; here are the facts parsed from them, each at its entry's instant. Rows
are only ever added: a consent has no stored state, and nothing that was said is unsaid.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    and_,
    bindparam,
    insert,
    null,
    or_,
    select,
    union_all,
)

from keys.canonical import canonical
from protocol.consent.case import ConsentFacts, Dated, Hearing, Signature
from protocol.consent.terms import Terms, UnitParty
from protocol.consent.vocabulary import Evidence, Outcome
from protocol.identifiers import ConsentId, Instant, MatterId, PersonId, SubjectId, UnitId
from server.database.schema import metadata
from server.identity.store.statements import DIGEST, ID, LONG

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from sqlalchemy import BindParameter, CompoundSelect, Connection

    from protocol.statements.base import Statement
    from protocol.statements.consent import ConsentAct, HearingBody, RequestBody

_KNOWN_AT_MOST = 4096

_matters = Table(
    "matters",
    metadata,
    Column("matter", ID, primary_key=True),
    Column("subject", ID, nullable=False),
)
_consents = Table(
    "consents",
    metadata,
    Column("digest", DIGEST, primary_key=True),
    Column("consent", ID, nullable=False, unique=True),
    Column("subject", ID, nullable=False),
    Column("matter", ID, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("terms", LargeBinary, nullable=False),
    Column("requested_at", LONG, nullable=False),
    Column("requester", ID, nullable=False),
    Column("unit", ID),
    Column("statement", DIGEST, nullable=False),
    Column("leaf_index", LONG, nullable=False, unique=True),
    Index("consents_by_subject", "subject", "leaf_index"),
    Index("consents_by_matter", "matter", "leaf_index"),
)
_parties = Table(
    "consent_parties",
    metadata,
    Column("party", ID, primary_key=True),
    Column("leaf_index", LONG, primary_key=True, autoincrement=False),
    Column("subunits", Boolean, nullable=False),
    Column("digest", DIGEST, nullable=False),
)
_words = Table(
    "consent_words",
    metadata,
    Column("statement", DIGEST, primary_key=True),
    Column("digest", DIGEST, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("person", ID, nullable=False),
    Column("at", LONG, nullable=False),
    Column("leaf_index", LONG, nullable=False),
    UniqueConstraint("digest", "kind", "person", name="consent_words_once"),
)
_hearings = Table(
    "hearings",
    metadata,
    Column("statement", DIGEST, primary_key=True),
    Column("matter", ID, nullable=False),
    Column("subject", ID, nullable=False),
    Column("unit", ID),
    Column("outcome", String(16), nullable=False),
    Column("person", ID, nullable=False),
    Column("at", LONG, nullable=False),
    Column("leaf_index", LONG, nullable=False),
    Index("hearings_by_matter", "matter", "leaf_index"),
)


class Found(NamedTuple):
    """A consent as it is listed: its terms, and the statement and entry of its request."""

    terms: Terms
    requested_at: Instant
    statement: str
    leaf_index: int


class Word(NamedTuple):
    """One person's word on a consent: the statement's kind and digest, and its entry."""

    consent: str
    kind: str
    person: PersonId
    at: Instant
    statement: str
    leaf_index: int


class Heard(NamedTuple):
    """A hearing with the unit that it was recorded for (None: the youth told it), and its statement and entry."""

    fact: Hearing
    unit: UnitId | None
    statement: str
    leaf_index: int


_c, _p, _w, _h = _consents.c, _parties.c, _words.c, _hearings.c
_COLUMNS = (_c.terms, _c.requested_at, _c.statement, _c.leaf_index)
_SOME = select(*_COLUMNS).where(_c.digest.in_(bindparam("digests", expanding=True)))
_NAMED = select(*_COLUMNS).where(_c.consent == bindparam("c"))
_IN_MATTER = select(*_COLUMNS).where(_c.matter == bindparam("m")).order_by(_c.leaf_index)
_SAID = (_w.digest, _w.kind, _w.person, _w.at, _w.statement, _w.leaf_index)
_WORDS = select(*_SAID).where(_w.digest.in_(bindparam("digests", expanding=True))).order_by(_w.leaf_index)
_WORD = select(*_SAID).where(_w.digest == bindparam("d"), _w.kind == bindparam("k"), _w.person == bindparam("p"))
_HEARINGS = (
    select(_h.subject, _h.matter, _h.outcome, _h.person, _h.at, _h.unit, _h.statement, _h.leaf_index)
    .where(_h.matter.in_(bindparam("matters", expanding=True)))
    .order_by(_h.leaf_index)
)
_SUBJECT_OF = select(_matters.c.subject).where(_matters.c.matter == bindparam("m"))
_PARTY = or_(
    _p.party.in_(bindparam("parties", expanding=True)),
    and_(_p.subunits, _p.party.in_(bindparam("above", expanding=True))),
)
_LISTED = (
    select(*_COLUMNS)
    .where(
        _c.leaf_index > bindparam("after"),
        or_(
            _c.subject.in_(bindparam("subjects", expanding=True)),
            _c.leaf_index.in_(select(_p.leaf_index).where(_PARTY, _p.leaf_index > bindparam("after"))),
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
    .join_from(_parties, _consents, _c.leaf_index == _p.leaf_index)
    .where(_PARTY, _c.subject == bindparam("s"))
    .limit(1)
)


def subject_of(connection: Connection, matter: MatterId) -> SubjectId | None:
    """Give whose matter this is; None before the first request of it."""
    found = connection.execute(_SUBJECT_OF, {"m": matter}).scalar_one_or_none()
    return None if found is None else SubjectId(found)


def begin_matter(connection: Connection, matter: MatterId, subject: SubjectId) -> None:
    """Make a matter a subject's own, for ever."""
    connection.execute(insert(_matters), {"matter": matter, "subject": subject})


def add_consent(connection: Connection, request: Statement[RequestBody], leaf_index: int, at: Instant) -> None:
    """Keep a consent that was asked for, and index its parties."""
    terms = request.body.terms
    connection.execute(
        insert(_consents),
        {
            "digest": terms.digest,
            "consent": terms.id,
            "subject": terms.subject,
            "matter": terms.matter,
            "kind": str(terms.kind),
            "purpose": str(terms.purpose),
            "terms": canonical(terms.to_json()),
            "requested_at": at,
            "requester": request.iss,
            "unit": request.body.unit,
            "statement": request.digest,
            "leaf_index": leaf_index,
        },
    )
    subunits: dict[str, bool] = {}
    for party in (*terms.senders, *terms.receivers):
        wide = isinstance(party, UnitParty) and party.subunits
        subunits[party.id] = wide or subunits.get(party.id, False)
    connection.execute(
        insert(_parties),
        [
            {"party": party, "leaf_index": leaf_index, "subunits": wide, "digest": terms.digest}
            for party, wide in subunits.items()
        ],
    )


def add_word(connection: Connection, statement: Statement[ConsentAct], leaf_index: int, at: Instant) -> None:
    """Keep a person's word on a consent."""
    connection.execute(
        insert(_words),
        {
            "statement": statement.digest,
            "digest": statement.body.consent,
            "kind": statement.body.kind,
            "person": statement.iss,
            "at": at,
            "leaf_index": leaf_index,
        },
    )


def add_hearing(connection: Connection, statement: Statement[HearingBody], leaf_index: int, at: Instant) -> None:
    """Keep a hearing."""
    body = statement.body
    connection.execute(
        insert(_hearings),
        {
            "statement": statement.digest,
            "matter": body.matter,
            "subject": body.subject,
            "unit": body.unit,
            "outcome": body.outcome,
            "person": statement.iss,
            "at": at,
            "leaf_index": leaf_index,
        },
    )


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


def word(connection: Connection, consent: str, kind: str, person: PersonId) -> Word | None:
    """Give this person's word of this kind on a consent, if it was said."""
    row = connection.execute(_WORD, {"d": consent, "k": kind, "p": person}).one_or_none()
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


class Related(NamedTuple):
    """On what footing somebody may know of consents: subjects, parties, and the units above those parties."""

    subjects: tuple[SubjectId, ...]
    parties: tuple[PersonId | UnitId, ...]
    above: tuple[UnitId, ...]


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


class Asked(NamedTuple):
    """What one question needs to know: the consents that exist, and the hearings in its matter."""

    consents: list[ConsentFacts]
    hearings: list[Hearing]


def asked(connection: Connection, digests: Collection[str], matter: MatterId) -> Asked:
    """Give these consents and this matter's hearings as facts, in one SELECT once the terms are known here."""
    ordered = sorted(set(digests))
    named = {f"d{number}": digest for number, digest in enumerate(ordered)}
    requested: dict[str, Instant] = {}
    said: list[tuple[str, str, PersonId, Instant]] = []
    heard: list[Hearing] = []
    for what, about, subject, person, at in connection.execute(_facts(len(ordered)), named | {"m": matter}):
        if subject is not None:
            heard.append(Hearing(SubjectId(subject), matter, Outcome(what), PersonId(person), Instant(at)))
        elif person is None:
            requested[about] = Instant(at)
        else:
            said.append((about, what, PersonId(person), Instant(at)))
    terms = _terms_of(connection, requested.keys())
    return Asked(facts([(terms[digest], at) for digest, at in requested.items()], said), heard)


def facts(
    found: Iterable[tuple[Terms, Instant]], said: Iterable[tuple[str, str, PersonId, Instant]]
) -> list[ConsentFacts]:
    """Put each consent (terms, requested at) together with the words (consent, kind, person, at) said on it."""
    dated: dict[tuple[str, str], list[Dated]] = {}
    for consent, kind, person, at in said:
        dated.setdefault((consent, kind), []).append(Dated(person, at))

    def words_of(terms: Terms, kind: str) -> tuple[Dated, ...]:
        return tuple(dated.get((terms.digest, kind), ()))

    return [
        ConsentFacts(
            terms,
            requested_at,
            signatures=tuple(
                Signature(each.person, each.at, Evidence.OWN_KEY) for each in words_of(terms, "consent-signature")
            ),
            refusals=words_of(terms, "consent-refusal"),
            objections=words_of(terms, "consent-objection"),
            withdrawals=words_of(terms, "consent-withdrawal"),
            notices=words_of(terms, "consent-notice"),
        )
        for terms, requested_at in found
    ]


def facts_of(found: Sequence[Found], said: Iterable[Word]) -> list[ConsentFacts]:
    """Put listed consents together with the words said on them, in the order of `found`."""
    return facts([each[:2] for each in found], [each[:4] for each in said])


@lru_cache(maxsize=32)
def _facts(count: int) -> CompoundSelect[Any]:
    """Ask for requests, words and hearings at once; as many parameters as consents, so that it is compiled once."""
    named: list[BindParameter[str]] = [bindparam(f"d{number}") for number in range(count)]
    return union_all(
        select(null(), _c.digest, null(), null(), _c.requested_at).where(_c.digest.in_(named)),
        select(_w.kind, _w.digest, null(), _w.person, _w.at).where(_w.digest.in_(named)),
        select(_h.outcome, null(), _h.subject, _h.person, _h.at).where(_h.matter == bindparam("m")),
    )


_known_terms: dict[str, Terms] = {}
"""Terms by digest. They never change, and nothing else is ever kept between two questions."""


def _terms_of(connection: Connection, digests: AbstractSet[str]) -> dict[str, Terms]:
    found = {digest: terms for digest in digests if (terms := _known_terms.get(digest)) is not None}
    missing = digests - found.keys()
    if missing:
        read = {each.terms.digest: each.terms for each in consents(connection, missing)}
        if len(_known_terms) >= _KNOWN_AT_MOST:
            _known_terms.clear()
        _known_terms.update(read)
        found |= read
    return found


def _found(rows: Iterable[tuple[bytes, int, str, int]]) -> list[Found]:
    return [Found(_terms(terms), Instant(t), statement, index) for terms, t, statement, index in rows]


@lru_cache(maxsize=4096)
def _terms(written: bytes) -> Terms:
    """Parse terms as they were kept. They never change, so the same bytes are the same terms for ever."""
    return Terms.parse(json.loads(written))


def _word(row: tuple[str, str, str, int, str, int]) -> Word:
    consent, kind, person, at, statement, leaf_index = row
    return Word(consent, kind, PersonId(person), Instant(at), statement, leaf_index)
