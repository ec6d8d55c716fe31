"""Several writers on one database: each reads the head inside its transaction, so their entries make one log."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from typing import TYPE_CHECKING

from server.audit import store
from tests.unit.server_audit.support import append

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.server_audit.support import Place

ROUNDS = 4

# Appends one entry at a time from eight tasks, and prints each receipt once it is acknowledged.
APPEND_FOR_EVER = """
import asyncio, json, os, sys, time
from pathlib import Path
from protocol.identifiers import Instant
from server.audit.writer import Writer
from server.database.engine import open_database
from tests.unit.server_audit.support import append

async def append_for_ever(writer):
    while True:
        outcome = await writer.submit(append)
        sys.stdout.write(json.dumps(outcome.receipts[0]) + "\\n")
        sys.stdout.flush()

async def main(data_dir, location):
    database = await open_database(location)
    writer = await Writer.open(database, Path(data_dir), lambda: Instant(time.time_ns() // 1_000_000), os.urandom)
    await asyncio.gather(*(append_for_ever(writer) for _ in range(8)))

asyncio.run(main(*sys.argv[1:]))
"""


async def test_writers_that_take_turns_take_in_each_others_entries(place: Place) -> None:
    async with place.writer() as one, place.writer() as two:
        texts = [(await writer.submit(append)).receipts[0] for writer in (one, two, two, one, two)]
        await one.refresh()
        assert one.log.head == two.log.head
    assert [place.verified(text).index for text in texts] == [0, 1, 2, 3, 4]


async def test_processes_may_begin_the_same_log_at_once(place: Place) -> None:
    async def begin() -> int:
        async with place.writer() as writer:
            outcome = await writer.submit(append)
        return place.verified(outcome.receipts[0]).index

    assert sorted(await asyncio.gather(*(begin() for _ in range(3)))) == [0, 1, 2]


async def test_writers_at_the_same_time_make_one_log(place: Place) -> None:
    async with place.writer() as one, place.writer() as two:
        outcomes = await asyncio.gather(*((one, two)[number % 2].submit(append) for number in range(60)))
        for _ in range(10):
            outcomes += await asyncio.gather(one.submit(append), two.submit(append))
    indexes = [place.verified(outcome.receipts[0]).index for outcome in outcomes]
    assert sorted(indexes) == list(range(80))
    async with place.writer() as writer:
        assert writer.log.halted is None
        assert writer.log.head.size == 80


async def test_time_does_not_fall_from_one_process_to_the_next(place: Place) -> None:
    async with place.writer() as one, place.writer() as two:
        ahead = place.verified((await one.submit(append)).receipts[0]).entry.t
        place.clock.move(-5_000)
        assert place.verified((await two.submit(append)).receipts[0]).entry.t == ahead


async def test_a_killed_process_loses_nothing_that_it_acknowledged(place: Place, tmp_path: Path) -> None:
    acknowledged: list[str] = []
    for round_number in range(ROUNDS):
        acknowledged += await append_until_killed(place, tmp_path / f"receipts-{round_number}")
        async with place.writer() as writer:
            assert writer.log.halted is None
            proved = [place.verified(text) for text in acknowledged]
            leaves = {leaf.n: leaf.entry for leaf in await writer.database.read(store.stored, 0, writer.log.head.size)}
            assert len(leaves) == writer.log.head.size
            assert all(leaves[each.index] == each.entry.to_bytes() for each in proved)
            place.clock.now = max(place.clock.now, writer.log.head.t)
            acknowledged += (await writer.submit(append)).receipts
    assert len(acknowledged) >= ROUNDS * 21


async def append_until_killed(place: Place, output: Path) -> list[str]:
    with output.open("wb") as sink:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", APPEND_FOR_EVER, str(place.data_dir), str(place.location), stdout=sink
        )
        deadline = time.monotonic() + 120
        while len(whole_lines(output)) < 20:
            assert child.returncode is None
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        await child.wait()
    return whole_lines(output)


def whole_lines(output: Path) -> list[str]:
    """Read the receipts; the kill may have cut the last line, and what was not written whole was not acknowledged."""
    return [json.loads(line) for line in output.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
