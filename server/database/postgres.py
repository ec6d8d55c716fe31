"""PostgreSQL through asyncpg; the same sync functions run on its connections by `run_sync`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self, TypeVar, TypeVarTuple

from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from server.database import schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class PostgresDatabase:
    """A `Database` on a PostgreSQL server, shared by any number of processes. Make it with `open`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        # One state throughout a question, and the server itself refuses to write.
        self._readers = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._one_writer = asyncio.Lock()
        self._connection: AsyncConnection | None = None

    @classmethod
    async def open(cls, url: str) -> Self:
        """Connect, creating the tables when there are none."""
        engine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"),
            pool_pre_ping=True,
            connect_args={"server_settings": {"synchronous_commit": "on"}},
        )
        database = cls(engine)
        try:
            await database.write(_prepare)
        except BaseException:
            await database.close()
            raise
        return database

    async def read(self, question: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """See `Database.read`."""
        async with self._readers.connect() as connection:
            return await connection.run_sync(question, *args)

    async def write(self, work: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """See `Database.write`."""
        async with self._one_writer:
            if self._connection is None or self._connection.invalidated or self._connection.closed:
                await self._let_go()
                self._connection = await self._engine.connect()
            return await self._connection.run_sync(work, *args)

    async def close(self) -> None:
        """See `Database.close`."""
        async with self._one_writer:
            await self._let_go()
        await self._engine.dispose()

    async def _let_go(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


def _prepare(connection: Connection) -> None:
    with connection.begin():
        schema.prepare(connection)
