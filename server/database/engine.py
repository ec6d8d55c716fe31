"""One way in to either database: `read` for questions, `write` for the one writer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Database(Protocol):
    """Rows behind sync SQLAlchemy connections, whichever engine keeps them."""

    async def read(self, question: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """Call `question(connection, *args)` on a read-only connection that sees one state throughout."""
        ...

    async def write(self, work: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """Call `work(connection, *args)` on the writing connection, one call at a time.

        No transaction is open: `work` begins and ends its own. A connection that `work` leaves invalidated is
        replaced at the next call.
        """
        ...

    async def close(self) -> None:
        """Finish what runs and let go of every connection."""
        ...


async def open_database(location: str | Path) -> Database:
    """Open, and when empty create, the database at a path (SQLite) or `postgresql://` URL (PostgreSQL).

    Raises:
        server.database.schema.UnknownSchema: it was laid out by another version of this program.
    """
    if str(location).startswith("postgresql"):
        from server.database.postgres import PostgresDatabase  # noqa: PLC0415  (asyncpg is loaded only where used)

        return await PostgresDatabase.open(str(location))
    from server.database.sqlite import SqliteDatabase  # noqa: PLC0415  (same)

    return await SqliteDatabase.open(location)
