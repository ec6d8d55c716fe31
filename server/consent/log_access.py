"""Who may see an entry of the log beside whoever acted: those who may know of everything that it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from protocol.consent.visibility import view
from protocol.log.details import Decision
from protocol.statements.consent import RequestBody
from protocol.statements.narrowing import WORDS
from protocol.statements.restricted import RestrictedEpochBody
from server.consent import cases, listing, shields, store
from server.consent.shields import SHIELDS
from server.identity import store as identity
from server.identity.access import KnownPersons

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Connection

    from protocol.identifiers import Instant, PersonId, SubjectId, UnitId
    from protocol.log.details import Details

_SHARED = frozenset({"share", "receive", "open", "reopen"})
_TOLD = _SHARED | {RequestBody.kind, *(word.kind for word in WORDS)}
"""What is told under a consent: its words, and what was shared and read under it. Drafts and own copies are not."""


class ConcernedPersons(KnownPersons):
    """Adds whom an entry concerns; refusals stay with whoever was refused, since anybody may name anybody in one.

    Where there is no child: the person whom it is about, and the present members of the unit. Under consents: whoever
    may see the log of all of them (`protocol.consent.visibility`, shields included), for a share and its openings only
    as one of the family or for a unit that sent, received or opened.
    """

    def concerns(self, connection: Connection, person: PersonId, details: Details, at: Instant) -> bool:
        """See `LogAccess.concerns`."""
        if super().concerns(connection, person, details, at):
            return True
        if details.decision is Decision.DENY:
            return False
        if details.subject is not None and details.act in SHIELDS:
            known = shields.concerned(connection, person, details.subject, at)
            return any(each.matter == details.matter for each in known)
        if details.subject is not None:
            told = details.act in _TOLD and bool(details.consents)
            return told and _sees_log(connection, person, details.subject, details, at)
        if details.act == RestrictedEpochBody.kind:
            return False  # whom it is without is for those who read there
        return details.matter is None and (
            details.person == person or _is_member(connection, person, (details.unit, details.for_unit), at)
        )


def _is_member(connection: Connection, person: PersonId, units: Iterable[UnitId | None], at: Instant) -> bool:
    return any(unit is not None and identity.membership(connection, person, unit, at) is not None for unit in units)


def _sees_log(connection: Connection, person: PersonId, subject: SubjectId, details: Details, at: Instant) -> bool:
    found = sights(connection, person, subject, details.consents, at)
    involved = {details.for_unit, *details.recipients} if details.act in _SHARED else None
    return all(consent in found and found[consent].reaches(involved) for consent in details.consents)


class Sight(NamedTuple):
    """On what footing somebody sees what is logged of a consent that they may know of."""

    themself: bool
    units: frozenset[UnitId]

    def reaches(self, involved: Collection[PersonId | UnitId | None] | None) -> bool:
        """Say whether they see what these did under it; null for the words said on it, which all parties see."""
        return self.themself or (bool(self.units) if involved is None else not self.units.isdisjoint(involved))


def sights(
    connection: Connection, person: PersonId, subject: SubjectId, consents: Collection[str], at: Instant
) -> dict[str, Sight]:
    """Give how a person sees the log of each of these consents on one subject; none of those they may not know of."""
    asker = listing.viewer(connection, person, at)
    found = store.consents(connection, consents)
    facts = [each for each in store.facts_of(found, store.words(connection, consents)) if each.terms.subject == subject]
    units = frozenset(each.unit for each in asker.memberships)
    plain = cases.around(connection, subject, facts, (), (), at, units=units, facts=())
    case = replace(plain, memberships=asker.memberships)
    known = {}
    for each, own in cases.each_apart(connection, facts, case):
        views = {actor.unit: view(actor, each, own, at) for actor in asker.actors}
        if any(seen.existence for seen in views.values()):
            seen_for = frozenset(unit for unit, seen in views.items() if unit is not None and seen.log)
            known[each.terms.digest] = Sight(views[None].log, seen_for)
    return known
