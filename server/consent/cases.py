"""Everything that `decide` needs to know, read fresh from the rows of one transaction: never kept between two asks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from protocol.consent.case import Case, ConsentFacts, Hearing, Membership
from protocol.consent.terms import Terms, UnitParty
from protocol.facts import recognise
from protocol.identifiers import Instant, UnitId
from server.consent import store
from server.consent.hearing import counted
from server.consent.store import exclusions
from server.consent.store.shields import shieldings
from server.identity import store as identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from protocol.consent.ask import Actor, Ask
    from protocol.facts import Recorded
    from protocol.identifiers import SubjectId
    from protocol.statements.identity import PolicyBody

_BEGINNING = Instant(0)
_LONGEST_CODE = 100


def load(connection: Connection, ask: Ask, at: Instant) -> Case:
    """Build the case for one ask, as this transaction sees it at its instant.

    `consents` holds those of the asked ones that exist; `units` those that their terms or the ask name; `memberships`
    that of whoever acts now.
    """
    asked = store.asked(connection, ask.consents, ask.matter)
    acting = ask.sender if ask.reader is None else ask.reader
    named = frozenset(each for each in (ask.sender.unit, *ask.receivers) if isinstance(each, UnitId))
    terms = [each.terms for each in asked.consents]
    heard = counted(connection, asked.hearings, terms)
    facts = facts_around(connection, terms) if asked.noted else []
    return around(
        connection, ask.subject, asked.consents, [each.fact for each in heard], [acting], at, units=named, facts=facts
    )


def around(  # noqa: PLR0917  (the parts of a case, in its order)
    connection: Connection,
    subject: SubjectId,
    consents: Sequence[ConsentFacts],
    hearings: Sequence[Hearing],
    actors: Sequence[Actor],
    at: Instant,
    *,
    units: frozenset[UnitId] = frozenset(),
    facts: Sequence[Recorded] | None = None,
) -> Case:
    """Build the case around one subject from these consents and hearings, and the memberships of these actors.

    It knows the units that the terms name, those acted for, and `units`. `facts` are looked up unless they are given.
    """
    recognised = recognise(facts_around(connection, [each.terms for each in consents]) if facts is None else facts)
    known = identity.sheet(connection, subject)
    named = units.union(*(units_of(each.terms) for each in consents))
    named |= {actor.unit for actor in actors if actor.unit is not None}
    policy = _policy(connection, at)
    matters = {each.terms.matter for each in consents}
    return Case(
        sheet=None if known is None else identity.sheet_facts(connection, known),
        units=identity.unit_facts(connection, named) if named else {},
        memberships=_memberships(connection, actors, at),
        consents=tuple(consents),
        hearings=tuple(hearings),
        assessments=recognised.assessments,
        shields=(
            *(shield for each in shieldings(connection, matters).values() for shield in each.shields),
            *exclusions.hiding(connection, subject, matters),
        ),
        exceptions=recognised.exceptions,
        rule_sets=() if policy is None else policy.rules,
        recorded=policy is not None and policy.recorded,
        incapacities=recognised.incapacities,
    )


def each_apart(
    connection: Connection, consents: Sequence[ConsentFacts], case: Case
) -> Iterator[tuple[ConsentFacts, Case]]:
    """Give each of the case's consents with the case in which it is looked at.

    A lack of capacity counts there if the consent's own parties recorded it, and not if another's did.
    """
    noted = store.facts_in(connection, {each.terms.matter for each in consents}) if consents else []
    for each in consents:
        in_matter = [one for one in noted if one.fact.matter == each.terms.matter]
        going = counted(connection, in_matter, [each.terms]) if in_matter else []
        yield each, replace(case, incapacities=recognise([one.fact for one in going]).incapacities)


def facts_around(connection: Connection, terms: Sequence[Terms]) -> list[Recorded]:
    """Give the recorded facts that go with these terms, as hearings do: those by units that are parties."""
    matters = {each.matter for each in terms}
    return [each.fact for each in counted(connection, store.facts_in(connection, matters), terms)] if matters else []


def units_of(terms: Terms) -> frozenset[UnitId]:
    """Return the units that terms name."""
    return frozenset(party.unit for party in (*terms.senders, *terms.receivers) if isinstance(party, UnitParty))


def rule_code(rule: str | None) -> str | None:
    """Write the rules that a decision names as the one code that an entry's details take: joined by `+`."""
    return None if rule is None else rule.replace(" ", "+")[:_LONGEST_CODE]


def _memberships(connection: Connection, actors: Sequence[Actor], at: Instant) -> tuple[Membership, ...]:
    found = [
        identity.membership(connection, actor.person, actor.unit, at) for actor in actors if actor.unit is not None
    ]
    return tuple(
        Membership(person=each.person, unit=each.unit, holds_from=each.holds_from, holds_to=each.holds_to)
        for each in found
        if each is not None
    )


def _policy(connection: Connection, at: Instant) -> PolicyBody | None:
    """Return the policy; one that has ended accepts nothing."""
    policy = identity.latest_policy_body(connection)
    return None if policy is None or policy.not_after <= at else policy
