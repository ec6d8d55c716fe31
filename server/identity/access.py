"""Who may see what of identity, and what identity tells the packages beneath it: sign-in keys and supervisors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web
from sqlalchemy import Connection

from protocol.identifiers import Instant, PersonId, SubjectId, UnitId
from server.audit.access import ActorsOnly
from server.audit.wiring import DATABASE
from server.http.clock import CLOCK
from server.identity import store
from server.identity.store import people

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keys.signing import PublicKey

Relation = Callable[[Connection, SubjectId, frozenset[UnitId]], bool]
"""Says whether one of these units is party to a consent or share on a subject."""

RELATIONS: web.AppKey[list[Relation]] = web.AppKey("relations", list)
"""Packages above append to it in their `prepare`."""


Closing = Callable[[Connection, PersonId, SubjectId, Instant], bool]
"""Says whether a person is kept out of everything around a subject."""

CLOSINGS: web.AppKey[list[Closing]] = web.AppKey("closings", list)
"""Packages above append to it in their `prepare`."""


class PersonKeys:
    """The `KeyLookup` of signing in: registrars by the policy, everybody else by their newest endorsement in force."""

    def __init__(self, app: web.Application) -> None:
        self._app = app

    async def __call__(self, person: PersonId, /) -> PublicKey | None:
        """Give the key that the person signs with now."""
        return await self._app[DATABASE].read(store.sign_in_key, person, self._app[CLOCK]())


class KnownPersons(ActorsOnly):
    """Who may read the log: whoever acted, and supervisors while a registrar's endorsement of them holds."""

    def is_supervisor(self, connection: Connection, person: PersonId, at: Instant) -> bool:
        """See `LogAccess.is_supervisor`."""
        return any(
            each.role == "supervisor" and each.not_after > at for each in people.endorsements_of(connection, person)
        )


def is_related(  # noqa: PLR0917  (who asks about whom, and what the packages above say of it)
    connection: Connection,
    person: PersonId,
    subject: SubjectId,
    relations: Iterable[Relation],
    closings: Iterable[Closing],
    at: Instant,
) -> bool:
    """Say whether the person may know of the subject: on the sheet, a registrar, or in a unit that is party to it.

    A member of staff who is kept out may not, whatever their unit is.
    """
    if store.on_sheet(connection, person, subject, at) or people.registrar_kids(connection, person, at):
        return True
    units = frozenset(each.unit for each in store.memberships_of(connection, person, at))
    if not units or any(closing(connection, person, subject, at) for closing in closings):
        return False
    return any(relation(connection, subject, units) for relation in relations)
