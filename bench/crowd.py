"""What one family's questions cost when the database is full of other families' consents: it should be the same.

A family's rows come to be over HTTP, as they do in earnest; the others' are copies of them. Both sides of each
comparison are ours, among many others and among few. The clock runs within one reading transaction, over and over.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.copies import fill
from bench.frame import Comparison, Goal, Quantity, Ratio
from bench.results import SCRATCH
from protocol.consent.answer import Permit
from protocol.consent.ask import Actor, Ask
from protocol.consent.decide import decide
from protocol.consent.vocabulary import Act, Category
from server.consent import cases, listing
from server.database.engine import open_database
from server.http.logs import configure
from tests.http.consent.support import new_matter, open_town

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from bench.frame import Run, Scale
    from protocol.identifiers import Instant, PersonId
    from server.database.engine import Database

CONSENTS = 4
"""Consents of one family."""
FEW, MANY = 1_000, 1_000_000
"""Consents in the database where one family asks for its own."""
AMONG = {100: "decision_among_100_others_us", 10_000: "decision_among_10000_others_us"}
MINE = "my_consents_among_1000000_ms"


@dataclass(frozen=True, slots=True)
class Family:
    """A database with one family's consents and those of others, and what the family and its GP ask of it."""

    runner: asyncio.Runner
    database: Database
    mother: PersonId
    ask: Ask
    at: Instant

    def my_consents(self, times: int) -> float:
        """Give the median seconds of finding all that the mother may know of."""

        def once(connection: Connection) -> None:
            told, more = listing.listed(connection, self.mother, None, None, -1, self.at)
            if len(told) != CONSENTS or more is not None:
                raise RuntimeError("the family has other consents than those it gave")

        return self._median(once, times)

    def decision(self, times: int) -> float:
        """Give the median seconds of reading the facts for one share and deciding on it."""

        def once(connection: Connection) -> None:
            answer = decide(self.ask, cases.load(connection, self.ask, self.at), self.at)
            if not isinstance(answer, Permit):
                raise TypeError(f"what was agreed is denied: {answer}")

        return self._median(once, times)

    def _median(self, once: Callable[[Connection], None], times: int) -> float:
        return self.runner.run(self.database.read(_median, once, times))


def _median(connection: Connection, once: Callable[[Connection], None], times: int) -> float:
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        once(connection)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


@contextlib.contextmanager
def family_among(others: int) -> Iterator[Family]:
    """Build a database with one family and so many consents of others."""
    folder = SCRATCH / f"crowd-{others}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with asyncio.Runner() as runner:
        path, mother, ask, at = runner.run(_built(folder))
        with contextlib.closing(sqlite3.connect(path)) as connection:
            fill(connection, ask.subject, others, CONSENTS)
        database = runner.run(open_database(path))
        try:
            yield Family(runner, database, mother, ask, at)
        finally:
            runner.run(database.close())
            shutil.rmtree(folder)


async def _built(folder: Path) -> tuple[Path, PersonId, Ask, Instant]:
    configure("warning")  # the application that builds the family says nothing of it
    async with open_town(folder) as town:
        for _ in range(CONSENTS):
            town.matter = new_matter()
            terms = await town.in_force()
        ask = Ask(
            act=Act.SHARE,
            subject=terms.subject,
            matter=terms.matter,
            purpose=terms.purpose,
            sender=Actor(town.doctor.person, town.gp.unit),
            receivers=(town.bup.unit,),
            reader=None,
            categories=(Category.MESSAGE,),
            consents=(terms.digest,),
            shared_at=None,
        )
        return town.world.settings.data / "server.db", town.mother.person, ask, town.world.clock.now


@contextlib.contextmanager
def many(scale: Scale) -> Iterator[Run]:
    """Ask where there are many others."""
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(family_among(5 * FEW if scale.quick else MANY))
        among = {name: stack.enter_context(family_among(others)) for others, name in AMONG.items()}
        times = _times(scale)

        def run() -> dict[str, float]:
            decisions = {name: family.decision(times) * 1e6 for name, family in among.items()}
            return {MINE: full.my_consents(times) * 1e3} | decisions

        yield run


@contextlib.contextmanager
def few(scale: Scale) -> Iterator[Run]:
    """Ask where there are few."""
    with family_among(1) as alone, family_among(FEW) as quiet:
        times = _times(scale)

        def run() -> dict[str, float]:
            decision = alone.decision(times) * 1e6
            return {MINE: quiet.my_consents(times) * 1e3} | dict.fromkeys(AMONG.values(), decision)

        yield run


def _times(scale: Scale) -> int:
    return 20 if scale.quick else 500


def _quantity(name: str, reference: str, goal: Goal) -> Quantity:
    return Quantity(name, reference, higher_is_better=False, ratio=Ratio.OURS_BY_REFERENCE, goal=goal)


COMPARISON = Comparison(
    name="crowd",
    about="one family's consents, and one decision with its reading, in databases of other families' consents",
    quantities=(
        _quantity(MINE, "the same among 1,000 consents", Goal(most=1.5)),
        *(_quantity(name, "the same with one other consent", Goal(most=1.2)) for name in AMONG.values()),
    ),
    reference=few,
    ours=many,
)
