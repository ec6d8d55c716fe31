"""Asking for rows as the facts that `decide` judges."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, null, select, union_all

from protocol.consent.case import ConsentFacts, Dated, Hearing, Signature
from protocol.consent.vocabulary import Evidence, Outcome
from protocol.identifiers import Instant, MatterId, PersonId, SubjectId
from server.consent.store import tables
from server.consent.store.rows import consents

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from sqlalchemy import BindParameter, CompoundSelect, Connection

    from protocol.consent.terms import Terms
    from server.consent.store.rows import Found, Word

_KNOWN_AT_MOST = 4096


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
        select(null(), tables.consents.c.digest, null(), null(), tables.consents.c.requested_at).where(
            tables.consents.c.digest.in_(named)
        ),
        select(tables.words.c.kind, tables.words.c.digest, null(), tables.words.c.person, tables.words.c.at).where(
            tables.words.c.digest.in_(named)
        ),
        select(
            tables.hearings.c.outcome, null(), tables.hearings.c.subject, tables.hearings.c.person, tables.hearings.c.at
        ).where(tables.hearings.c.matter == bindparam("m")),
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
