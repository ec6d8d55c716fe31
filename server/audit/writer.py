"""The one way to change anything: actions queue here, and each group of them is one transaction."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, TypeVarTuple

from server.audit import postponed
from server.audit.batch import Request, StorageFault, Work, carry_out
from server.audit.log import Log

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from protocol.identifiers import Instant
    from server.audit.idempotency import Idempotency
    from server.database.engine import Database

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MOST_PER_BATCH = 256
COPY_EVERY_SECONDS = 1.0

__all__ = ["LogNotHalted", "Outcome", "Work", "Writer", "WriterClosed"]


class WriterClosed(Exception):
    """The server is stopping; nothing of the request has happened."""


class LogNotHalted(Exception):
    """Something was to be kept for later, and there is nothing to wait for."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What an action returned, and the receipt (text) of each entry it appended, in order. All of it is durable."""

    result: T
    receipts: tuple[str, ...]


class Writer:
    """Runs actions in group commits. Make it with `open`; `clock` and `random` are read nowhere else.

    No linger: a lone request starts its commit at once, and what arrives while a commit runs is the next batch.
    """

    def __init__(
        self, database: Database, log: Log, clock: Callable[[], Instant], random: Callable[[int], bytes]
    ) -> None:
        self.database = database
        self.log = log
        self._clock = clock
        self._random = random
        self._waiting: list[tuple[Request[Any], asyncio.Future[None]]] = []
        self._draining: asyncio.Task[None] | None = None
        self._closed = False
        self._copied = log.head.size
        self._moved, self._closing = asyncio.Event(), asyncio.Event()
        self._copying = asyncio.create_task(self._keep_copy())

    @classmethod
    async def open(
        cls, database: Database, data_dir: Path, clock: Callable[[], Instant], random: Callable[[int], bytes]
    ) -> Self:
        """Open the log that `keyfiles.init_log` began in `data_dir`; see `Log.open` for what it raises.

        `random(n)` gives n bytes fit for secrets (`os.urandom`); `clock()` the present instant.
        """
        return cls(database, await Log.open(database, data_dir), clock, random)

    async def submit(
        self, action: Callable[[Work, *Ts], T], *args: *Ts, idempotency: Idempotency[T] | None = None
    ) -> Outcome[T]:
        """Run `action(work, *args)` inside the next group commit and answer once it is durable.

        The action is synchronous, does no input or output but `work.connection`, and appends to the log with
        `work.append`. A refusal is something it returns; what it raises undoes all that it did, and is raised here.

        Raises:
            LogHalted: the log signs nothing until a person has decided.
            StorageFault: nothing was stored; trying again is safe.
            OutcomeUnknown: it may have been stored; repeat under the same idempotency key.
            RepeatRefused: the idempotency key was used before; see its two kinds.
            WriterClosed: `close` was called.
            Exception: what the action raised.
        """
        if self._closed:
            raise WriterClosed("the server is stopping")
        if (halted := self.log.halted) is not None:
            raise type(halted)(*halted.args)
        request: Request[T] = Request(lambda work: action(work, *args), idempotency)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, done))
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())
        await done
        if request.fault is not None:
            raise request.fault
        return Outcome(request.result, request.receipts)  # type: ignore[arg-type]  # set where there is no fault

    async def postpone(self, kind: str, token: str) -> None:
        """Keep a signed statement durably for when a halted log goes on: so that a withdrawal is never turned away.

        While the log is halted nothing is shared or opened, so what waits here is not late for anybody. Repeating it
        changes nothing.

        Raises:
            LogNotHalted: the log works: submit the action itself.
        """
        if self.log.halted is None:
            raise LogNotHalted("the log takes statements; nothing needs to wait")
        await self.database.write(postponed.keep, kind, token, self._clock())

    async def refresh(self) -> None:
        """Take in what other processes have appended; raises like `submit`."""
        await self.submit(_nothing)

    async def close(self) -> None:
        """Finish what was submitted, and keep the last checkpoint outside the database. The database stays open."""
        self._closed = True
        while self._draining is not None:
            await asyncio.wait([self._draining])
        self._closing.set()
        self._moved.set()
        await self._copying
        await asyncio.to_thread(self._copy)

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST_PER_BATCH], self._waiting[MOST_PER_BATCH:]
                # Whoever stopped waiting before the batch began is spared; afterwards it is too late to stop.
                batch = [(request, done) for request, done in batch if not done.done()]
                await self._carry_out([request for request, _ in batch])
                for _, done in batch:
                    if not done.done():
                        done.set_result(None)
        finally:
            self._draining = None

    async def _carry_out(self, requests: list[Request[Any]]) -> None:
        before = self.log.head.size
        try:
            await self.database.write(carry_out, self.log, self._clock, self._random, requests)
        except Exception as error:  # noqa: BLE001  (no connection: told to every submitter)
            for request in requests:
                request.fail(StorageFault("the database cannot be reached; nothing was stored"), error)
        if self.log.head.size != before:
            self._moved.set()

    async def _keep_copy(self) -> None:
        while not self._closing.is_set():
            await self._moved.wait()
            self._moved.clear()
            # A full disk must not stop the log: the copy may lag, and the next one makes good.
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self._copy)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), COPY_EVERY_SECONDS)

    def _copy(self) -> None:
        head = self.log.head
        if head.size != self._copied:
            self.log.copy.write(head.checkpoint)
            self._copied = head.size


def _nothing(_: Work) -> None:
    """Change nothing: to begin a transaction is enough to see where the log stands."""
