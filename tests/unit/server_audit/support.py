"""A log of its own per test, on SQLite, and on PostgreSQL too when FORTROLIG_TEST_POSTGRES names a server."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from protocol.identifiers import Instant, MatterId, PersonId
from protocol.log import receipt
from protocol.log.checkpoint import LogPolicy
from protocol.log.details import Decision, Details
from protocol.log.event import Event
from server.audit.writer import Work, Writer
from server.database.engine import open_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from protocol.log.receipt import Verified

ORIGIN = "log.test/fortrolig"
NOON = Instant(1_800_000_000_000)
MATTER = MatterId.of(b"m" * 16)
OTHER_MATTER = MatterId.of(b"n" * 16)
PERSON = PersonId.of(b"p" * 16)
OTHER_PERSON = PersonId.of(b"q" * 16)


@dataclass
class Clock:
    """A clock that tests set."""

    now: Instant = NOON

    def __call__(self) -> Instant:
        return self.now

    def move(self, milliseconds: int) -> None:
        self.now = Instant(self.now + milliseconds)


@dataclass
class Place:
    """Where one log lives: a data directory and a database location."""

    data_dir: Path
    location: str | Path
    verifier: str
    clock: Clock = field(default_factory=Clock)

    @property
    def policy(self) -> LogPolicy:
        return LogPolicy(ORIGIN, self.verifier)

    @asynccontextmanager
    async def writer(self) -> AsyncIterator[Writer]:
        database = await open_database(self.location)
        try:
            writer = await Writer.open(database, self.data_dir, self.clock, os.urandom)
            try:
                yield writer
            finally:
                await writer.close()
        finally:
            await database.close()

    def verified(self, text: str) -> Verified:
        return receipt.verify(receipt.parse(text), self.policy)


def details(**changed: Any) -> Details:
    return Details(**({"actor": PERSON, "matter": MATTER, "decision": Decision.PERMIT} | changed))


def append(work: Work, scope: str = MATTER) -> int:
    """Append one entry."""
    return work.append(Event.SHARED, details(), scope)


def refuse(work: Work) -> str:
    """Log a refusal and return it."""
    work.append(Event.SHARE_REFUSED, details(decision=Decision.DENY, reason="no-consent"), MATTER)
    return "no-consent"
