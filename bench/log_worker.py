"""Our side of the log comparison: many waiting requests, each appending one entry through the writer's group commit.

    python -m bench.log_worker FOLDER COUNT CONCURRENT

Prints one line of JSON: appends with receipt a second. Every receipt is verified once the clock has stopped.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

from protocol.identifiers import Instant, MatterId, PersonId, ShareId, UnitId
from protocol.log import receipt
from protocol.log.checkpoint import LogPolicy
from protocol.log.details import Decision, Details
from protocol.log.event import Event
from server.audit.batch import Work
from server.audit.keyfiles import init_log
from server.audit.writer import Writer
from server.database.engine import open_database

ORIGIN = "bench.invalid/log"
MATTERS = 50
"""Details are kept under a key for each matter; a few dozen are at work at once."""


async def main(folder: Path, count: int, concurrent: int) -> float:
    """Give the rate over `count` appends, of which `concurrent` wait at any time."""
    verifier = init_log(folder, ORIGIN)
    database = await open_database(folder / "server.db")
    writer = await Writer.open(database, folder, _now, os.urandom)
    matters = [MatterId.of(os.urandom(16)) for _ in range(MATTERS)]
    waiting = iter([_opening(matters[number % MATTERS]) for number in range(count)])
    receipts: list[str] = []

    async def client() -> None:
        for details in waiting:
            receipts.extend((await writer.submit(_append, details)).receipts)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(concurrent)))
    seconds = time.perf_counter() - began
    await writer.close()
    await database.close()
    policy = LogPolicy(ORIGIN, verifier)
    if len({receipt.verify(receipt.parse(text), policy).index for text in receipts}) != count:
        raise SystemExit("an append got no receipt of its own")
    return count / seconds


def _append(work: Work, details: Details) -> None:
    work.append(Event.OPENED, details, str(details.matter))


def _opening(matter: MatterId) -> Details:
    return Details(
        actor=PersonId.of(os.urandom(16)),
        for_unit=UnitId.of(os.urandom(16)),
        act="open",
        decision=Decision.PERMIT,
        basis="consent",
        matter=matter,
        share=ShareId.of(os.urandom(16)),
        content=os.urandom(32).hex(),
    )


def _now() -> Instant:
    return Instant(time.time_ns() // 1_000_000)


if __name__ == "__main__":
    rate = asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
    print(json.dumps({"rate": rate}))
