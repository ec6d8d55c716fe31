"""SQLite: one writing connection on one thread of its own, a few read-only ones on others.

The stdlib driver on plain threads: an async driver costs a thread hop per statement, here a whole batch costs one.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, TypeVarTuple, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool, QueuePool

from server.database import schema
from server.database.files import sync_directory
from server.database.prepared import PreparedConnection, PreparedStatements

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

READERS = 4
BUSY_TIMEOUT_MS = 10_000

_PRAGMAS = (
    f"busy_timeout={BUSY_TIMEOUT_MS}",
    "journal_mode=WAL",
    "synchronous=FULL",
    "wal_autocheckpoint=4000",  # pages, 16 MB: what many commits wrote goes back to the main file once
    "foreign_keys=ON",
    "recursive_triggers=ON",  # without it, INSERT OR REPLACE deletes rows behind the triggers' back
    "secure_delete=ON",  # a destroyed key must not live on in free pages
    "trusted_schema=OFF",
)


class SqliteDatabase:
    """A `Database` in one file. Make it with `open`."""

    def __init__(self, path: Path) -> None:
        self._writer = _engine(path, "BEGIN IMMEDIATE", read_only=False)
        self._readers = _engine(path, "BEGIN", read_only=True)
        self._writing_thread = ThreadPoolExecutor(1, thread_name_prefix="database-writer")
        self._reading_threads = ThreadPoolExecutor(READERS, thread_name_prefix="database-reader")
        self._statements = PreparedStatements(self._writer.dialect)
        self._connection: Connection | None = None

    @classmethod
    async def open(cls, location: str | Path) -> Self:
        """Open the file, creating it (0600) and its tables when it is missing."""
        path = Path(location)
        database = cls(path)
        try:
            await asyncio.to_thread(_create_file, path)
            await database.write(_prepare)
            await asyncio.to_thread(sync_directory, path.parent)
        except BaseException:
            await database.close()
            raise
        return database

    async def read(self, question: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """See `Database.read`."""
        return await asyncio.get_running_loop().run_in_executor(self._reading_threads, self._read, question, args)

    async def write(self, work: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """See `Database.write`."""
        return await asyncio.get_running_loop().run_in_executor(self._writing_thread, self._write, work, args)

    async def close(self) -> None:
        """See `Database.close`."""
        await asyncio.get_running_loop().run_in_executor(self._writing_thread, self._let_go)
        await asyncio.to_thread(self._stop)

    def _read(self, question: Callable[..., T], args: tuple[Any, ...]) -> T:
        with self._readers.connect() as connection, connection.begin():
            return question(self._prepared(connection), *args)

    def _write(self, work: Callable[..., T], args: tuple[Any, ...]) -> T:
        if self._connection is None or self._connection.invalidated or self._connection.closed:
            self._let_go()
            self._connection = self._prepared(self._writer.connect())
        return work(self._connection, *args)

    def _prepared(self, connection: Connection) -> Connection:
        return cast("Connection", PreparedConnection(connection, self._statements))

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _stop(self) -> None:
        self._writing_thread.shutdown()
        self._reading_threads.shutdown()
        self._readers.dispose()
        self._writer.dispose()


def _create_file(path: Path) -> None:
    # SQLite gives its -wal and -shm files the mode of the database, so this one call keeps all three private.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _prepare(connection: Connection) -> None:
    with connection.begin():
        schema.prepare(connection)


def _engine(path: Path, begin: str, *, read_only: bool) -> Engine:
    engine = create_engine(
        f"sqlite+pysqlite:///{path}",
        connect_args={"check_same_thread": False, "cached_statements": 512},
        **({"poolclass": QueuePool, "pool_size": READERS, "max_overflow": 0} if read_only else {"poolclass": NullPool}),
    )

    def connected(driver: Any, _: object) -> None:
        # The driver would otherwise begin by itself, late and without IMMEDIATE: two writers could then both read the
        # same log head.
        driver.isolation_level = None
        for pragma in _PRAGMAS:
            driver.execute(f"PRAGMA {pragma}")
        if read_only:
            driver.execute("PRAGMA query_only=ON")

    def began(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", began)
    return engine
