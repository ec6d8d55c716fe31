"""Who may read the log: asked of whoever knows the persons; here only what holds without knowing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from aiohttp import web

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from protocol.identifiers import Instant, PersonId
    from protocol.log.details import Details


class LogAccess(Protocol):
    """Decides on facts read in the caller's transaction."""

    def concerns(self, connection: Connection, person: PersonId, details: Details, at: Instant) -> bool:
        """Say whether an entry may be shown to a person (DESIGN §1, promise 7: shields included)."""
        ...

    def is_supervisor(self, connection: Connection, person: PersonId, at: Instant) -> bool:
        """Say whether a person holds a supervisor's mandate that has not ended."""
        ...


class ActorsOnly:
    """Everybody reads what they did themselves, and nobody supervises: what holds until persons are known."""

    def concerns(self, connection: Connection, person: PersonId, details: Details, at: Instant) -> bool:
        """See `LogAccess.concerns`."""
        del connection, at
        return details.actor == person

    def is_supervisor(self, connection: Connection, person: PersonId, at: Instant) -> bool:
        """See `LogAccess.is_supervisor`."""
        del connection, person, at
        return False


LOG_ACCESS: web.AppKey[LogAccess] = web.AppKey("log_access")
