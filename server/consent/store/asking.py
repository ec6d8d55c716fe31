"""Asking for rows as the facts that `decide` judges."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, literal, null, select, union_all

from protocol.consent.case import ConsentFacts, Dated, Hearing, Signature
from protocol.consent.narrowing import Less, Narrowing
from protocol.consent.vocabulary import Evidence, Outcome
from protocol.identifiers import Instant, MatterId, PersonId, SubjectId, UnitId
from protocol.statements.invalidating import INVALIDATING
from protocol.statements.narrowing import NarrowingBody
from protocol.statements.recorded import DisputeBody, RecordedConfirmationBody
from server.consent.store import tables
from server.consent.store.rows import consents

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from sqlalchemy import BindParameter, CompoundSelect, Connection

    from protocol.consent.terms import Terms
    from server.consent.store.rows import Found, Word

_KNOWN_AT_MOST = 4096

_c, _w, _h, _f = tables.consents.c, tables.words.c, tables.hearings.c, tables.facts.c
_NOTED = "fact"
"""What a row of the one question says of a recorded fact: that there is one. No word on a consent is called so."""


class HeardFor(NamedTuple):
    """A hearing with the unit that it was recorded for (None: the youth told it), and its statement's digest."""

    fact: Hearing
    unit: UnitId | None
    statement: str


class Asked(NamedTuple):
    """What one question needs to know: the consents that exist, and the hearings in its matter.

    `statements` has the digests of the requests of these consents and of every word said on them; `noted` says whether
    facts are recorded in the matter, so that nobody asks for them in vain.
    """

    consents: list[ConsentFacts]
    statements: list[str]
    hearings: list[HeardFor]
    noted: bool


def asked(connection: Connection, digests: Collection[str], matter: MatterId) -> Asked:
    """Give these consents and this matter's hearings as facts, in one SELECT once the terms are known here."""
    ordered = sorted(set(digests))
    named = {f"d{number}": digest for number, digest in enumerate(ordered)}
    requested: dict[str, Instant] = {}
    statements: list[str] = []
    said: list[tuple[str, str, PersonId, Instant, str]] = []
    heard: list[HeardFor] = []
    noted = False
    for what, about, subject, person, at, unit, statement in connection.execute(
        _facts(len(ordered)), named | {"m": matter}
    ):
        if what == _NOTED:
            noted = True
            continue
        if subject is not None:
            fact = Hearing(SubjectId(subject), matter, Outcome(what), PersonId(person), Instant(at))
            heard.append(HeardFor(fact, None if unit is None else UnitId(unit), statement))
            continue
        statements.append(statement)
        if person is None:
            requested[about] = Instant(at)
        else:
            said.append((about, what, PersonId(person), Instant(at), unit))
    terms = _terms_of(connection, requested.keys())
    return Asked(facts([(terms[digest], at) for digest, at in requested.items()], said), statements, heard, noted)


def facts(
    found: Iterable[tuple[Terms, Instant]], said: Iterable[tuple[str, str, PersonId, Instant, str]]
) -> list[ConsentFacts]:
    """Put each consent (terms, requested at) together with its words (consent, kind, person, at, apart)."""
    dated: dict[tuple[str, str], list[Dated]] = {}
    narrowed: dict[str, list[Narrowing]] = {}
    confirmed: dict[str, list[tuple[str, Dated]]] = {}
    disputed: dict[str, Instant] = {}
    for consent, kind, person, at, apart in said:
        dated.setdefault((consent, kind), []).append(Dated(person, at))
        if kind == NarrowingBody.kind:
            narrowed.setdefault(consent, []).append(Narrowing(person, at, _less(apart)))
        elif kind == RecordedConfirmationBody.kind:
            confirmed.setdefault(consent, []).append((apart, Dated(person, at)))
        elif kind == DisputeBody.kind:
            disputed[apart] = at

    def words_of(terms: Terms, *kinds: str) -> tuple[Dated, ...]:
        return tuple(word for kind in kinds for word in dated.get((terms.digest, kind), ()))

    return [
        ConsentFacts(
            terms,
            requested_at,
            signatures=(
                *(Signature(each.person, each.at, Evidence.OWN_KEY) for each in words_of(terms, "consent-signature")),
                *(
                    Signature(each.person, each.at, Evidence.RECORDED, disputed.get(recorded))
                    for recorded, each in confirmed.get(terms.digest, ())
                ),
            ),
            refusals=words_of(terms, "consent-refusal"),
            objections=words_of(terms, "consent-objection"),
            withdrawals=words_of(terms, "consent-withdrawal", "recorded-withdrawal", *sorted(INVALIDATING)),
            notices=words_of(terms, "consent-notice"),
            narrowings=tuple(narrowed.get(terms.digest, ())),
            invalidations=words_of(terms, *sorted(INVALIDATING)),
        )
        for terms, requested_at in found
    ]


def facts_of(found: Sequence[Found], said: Iterable[Word]) -> list[ConsentFacts]:
    """Put listed consents together with the words said on them, in the order of `found`."""
    return facts([each[:2] for each in found], [each[:5] for each in said])


@lru_cache(maxsize=1024)
def _less(written: str) -> Less:
    return Less.parse(json.loads(written))


@lru_cache(maxsize=32)
def _facts(count: int) -> CompoundSelect[Any]:
    """Ask for requests, words and hearings at once; as many parameters as consents, so that it is compiled once."""
    named: list[BindParameter[str]] = [bindparam(f"d{number}") for number in range(count)]
    return union_all(
        select(null(), _c.digest, null(), null(), _c.requested_at, null(), _c.statement).where(_c.digest.in_(named)),
        select(_w.kind, _w.digest, null(), _w.person, _w.at, _w.apart, _w.statement).where(_w.digest.in_(named)),
        select(_h.outcome, null(), _h.subject, _h.person, _h.at, _h.unit, _h.statement).where(
            _h.matter == bindparam("m")
        ),
        select(literal(_NOTED), null(), null(), null(), null(), null(), null()).where(_f.matter == bindparam("m")),
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
