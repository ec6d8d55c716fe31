"""SQLite: one writing connection, and a few read-only ones on threads of their own.

Writing computes on the event loop's own thread, and only what waits for the disk or for another process, BEGIN and
COMMIT, goes to a thread: two threads that compute in Python take turns, and lose by every turn. An async driver costs a
thread hop per statement; here a whole batch costs two.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, TypeVarTuple, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool, QueuePool
from sqlalchemy.util import await_only, greenlet_spawn

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
        self._waiting_thread = ThreadPoolExecutor(1, thread_name_prefix="database-writer")
        self._writer = _engine(path, partial(_Waiting, self._waiting_thread), poolclass=NullPool)
        self._readers = _engine(path, _Reading, poolclass=QueuePool, pool_size=READERS, max_overflow=0)
        self._one_writer = asyncio.Lock()
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
        # Whoever asked may be cancelled; a transaction is not, in the middle of its COMMIT.
        return await asyncio.shield(asyncio.ensure_future(self._write(work, args)))

    async def close(self) -> None:
        """See `Database.close`."""
        async with self._one_writer:
            self._let_go()
        await asyncio.to_thread(self._stop)

    def _read(self, question: Callable[..., T], args: tuple[Any, ...]) -> T:
        with self._readers.connect() as connection, connection.begin():
            return question(self._prepared(connection), *args)

    async def _write(self, work: Callable[..., T], args: tuple[Any, ...]) -> T:
        async with self._one_writer:
            if self._connection is None or self._connection.invalidated or self._connection.closed:
                self._let_go()
                self._connection = self._prepared(await self._in_its_thread(self._writer.connect))
            # In a greenlet: `work` is plain code, and where it waits for BEGIN or COMMIT the loop goes on.
            return cast("T", await greenlet_spawn(work, self._connection, *args))

    async def _in_its_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._waiting_thread, call)

    def _prepared(self, connection: Connection) -> Connection:
        return cast("Connection", PreparedConnection(connection, self._statements))

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _stop(self) -> None:
        self._waiting_thread.shutdown()
        self._reading_threads.shutdown()
        self._readers.dispose()
        self._writer.dispose()


def _create_file(path: Path) -> None:
    # SQLite gives its -wal and -shm files the mode of the database, so this one call keeps all three private.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _prepare(connection: Connection) -> None:
    with connection.begin():
        schema.prepare(connection)


class _Reading(sqlite3.Connection):
    """A reader's driver: the one that cannot write."""

    def begin(self) -> None:
        """Begin to see one state throughout."""
        self.execute("BEGIN")

    def prepare(self) -> None:
        """Settle what holds for the whole connection."""
        _settle(self, *_PRAGMAS, "query_only=ON")


class _Waiting(sqlite3.Connection):
    """The writer's driver: in a greenlet, its own thread waits for it, and the event loop goes on."""

    def __init__(self, thread: ThreadPoolExecutor, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self._thread = thread

    def begin(self) -> None:
        """Take the one writer's place among all processes."""
        # The driver by itself would begin late and without IMMEDIATE: two writers could read the same log head.
        self._waited(self.execute, "BEGIN IMMEDIATE")

    def commit(self) -> None:
        """See `sqlite3.Connection.commit`."""
        self._waited(super().commit)

    def prepare(self) -> None:
        """Settle what holds for the whole connection."""
        _settle(self, *_PRAGMAS)

    def _waited(self, call: Callable[..., object], *args: object) -> None:
        await_only(asyncio.get_running_loop().run_in_executor(self._thread, call, *args))


def _settle(driver: sqlite3.Connection, *pragmas: str) -> None:
    driver.isolation_level = None  # transactions begin where we say so
    for pragma in pragmas:
        driver.execute(f"PRAGMA {pragma}")


def _engine(path: Path, driver: Callable[..., _Reading | _Waiting], **pool: Any) -> Engine:
    engine = create_engine(
        f"sqlite+pysqlite:///{path}",
        connect_args={"check_same_thread": False, "cached_statements": 512, "factory": driver},
        **pool,
    )
    event.listen(engine, "connect", lambda made, _: made.prepare())
    event.listen(engine, "begin", lambda connection: connection.connection.driver_connection.begin())
    return engine
