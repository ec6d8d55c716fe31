"""Who may see an entry of the log beside whoever acted: those who may know of everything that it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from protocol.consent.ask import Actor
from protocol.consent.visibility import view
from protocol.log.details import Decision
from protocol.statements.consent import RequestBody
from protocol.statements.narrowing import WORDS
from server.consent import cases, listing, shields, store
from server.consent.shields import SHIELDS
from server.identity import store as identity
from server.identity.access import KnownPersons

if TYPE_CHECKING:
    from collections.abc import Iterable

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
        return details.matter is None and (
            details.person == person or _is_member(connection, person, (details.unit, details.for_unit), at)
        )


def _is_member(connection: Connection, person: PersonId, units: Iterable[UnitId | None], at: Instant) -> bool:
    return any(unit is not None and identity.membership(connection, person, unit, at) is not None for unit in units)


def _sees_log(connection: Connection, person: PersonId, subject: SubjectId, details: Details, at: Instant) -> bool:
    asker = listing.viewer(connection, person, at)
    involved = {details.for_unit, *details.recipients}
    actors = [Actor(person, None)]
    actors += [
        Actor(person, each.unit) for each in asker.memberships if details.act not in _SHARED or each.unit in involved
    ]
    found = store.consents(connection, details.consents)
    facts = store.facts_of(found, store.words(connection, details.consents))
    units = frozenset(each.unit for each in asker.memberships)
    plain = cases.around(connection, subject, facts, (), (), at, units=units, facts=())
    case = replace(plain, memberships=asker.memberships)
    seen = [
        each.terms.digest
        for each in facts
        if each.terms.subject == subject and any(view(actor, each, case, at).log for actor in actors)
    ]
    return sorted(seen) == list(details.consents)
