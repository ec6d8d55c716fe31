"""What witnesses have seen is public, and receipts can be had at what they cosigned."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from keys.encoding import decode
from keys.notes import NoteKey
from protocol.log import receipt
from protocol.log.checkpoint import LogPolicy, open_checkpoint
from protocol.log.judgement import judge
from protocol.log.note import cosign, split_note, verifier_text
from protocol.log.verdict import Code
from server.audit import cosignatures, witness_routes
from server.audit.cosignatures import Cosigned
from server.audit.wiring import WRITER
from server.config import SETTINGS, BadConfig, Settings, WitnessAt, load
from server.http.border import GATE, Gate
from server.http.clock import CLOCK
from tests.unit.server_audit.support import NOON, ORIGIN, OTHER_PERSON, PERSON, append
from witness.app import build_app
from witness.folder import Folder

if TYPE_CHECKING:
    from pathlib import Path

    from server.http.clock import Clock
    from tests.http.audit.conftest import Served

KEY = NoteKey.from_bytes(b"\x07" * 32)
WITNESS = verifier_text("w1.example", 4, KEY.public)
SECONDS = NOON // 1000


async def cosigned(served: Served) -> None:
    """Keep a cosignature of the present checkpoint."""
    head = served.writer.log.head
    line = cosign(split_note(head.checkpoint.encode())[0], "w1.example", KEY, SECONDS).decode()
    await served.writer.database.write(cosignatures.keep, Cosigned(head.size, "w1.example", SECONDS, line))


def policy(served: Served) -> LogPolicy:
    return LogPolicy(ORIGIN, served.place.verifier, (WITNESS,), 1)


async def test_the_latest_cosigned_checkpoint_is_public(served: Served) -> None:
    assert (await served.client.get("/v1/log/cosigned")).status == 404
    await served.writer.submit(append)
    await cosigned(served)
    await served.writer.submit(append)
    answer = await served.client.get("/v1/log/cosigned")
    assert (answer.status, answer.content_type) == (200, "text/plain")
    signed = open_checkpoint(await answer.read(), policy(served))
    assert (signed.checkpoint.size, signed.witnessed(1)) == (1, SECONDS)
    assert (await served.client.get("/v1/log/cosigned", params={"least": 2})).status == 404
    told = await (await served.client.get("/v1/log/witnesses")).json()
    assert told == {"witnesses": [{"witness": "w1.example", "size": 1, "seconds": SECONDS}]}


async def test_a_receipt_at_what_witnesses_cosigned_is_of_level_2(served: Served) -> None:
    async def ask(index: int, witnesses: int, person: str = PERSON) -> tuple[int, bytes]:
        path = f"/v1/log/receipts/{index}"
        answer = await served.client.get(path, params={"witnesses": witnesses}, headers={"Person": person})
        return answer.status, await answer.read()

    for _ in range(3):
        await served.writer.submit(append)
    assert (await ask(0, 1))[0] == 404
    await cosigned(served)
    await served.writer.submit(append)
    for index in range(3):
        status, text = await ask(index, 1)
        proved = receipt.verify(receipt.parse(text), policy(served))
        assert (status, proved.level, proved.index, proved.checkpoint.checkpoint.size) == (200, 2, index, 3)
    assert (await ask(3, 1))[0] == 404
    assert (await ask(0, 2))[0] == 404
    assert (await ask(0, 1, OTHER_PERSON))[0] == 404
    status, text = await ask(3, 0)
    assert (status, receipt.verify(receipt.parse(text), policy(served)).level) == (200, 1)


async def test_an_export_carries_what_witnesses_said_so_that_it_can_be_judged_fresh(served: Served) -> None:
    served.access.supervisors.add(PERSON)
    for _ in range(3):
        await served.writer.submit(append)
    await cosigned(served)
    await served.writer.submit(append)
    answer = await served.client.post("/v1/log/export", json={"case": "2026/17"}, headers={"Person": PERSON})
    lines = [json.loads(line) for line in (await answer.text()).splitlines()]
    notes = [line["checkpoint"]["note"].encode() for line in lines if line.keys() == {"checkpoint"}]
    witnessed = {open_checkpoint(note, policy(served)).witnessed(1) for note in notes}
    assert witnessed == {None, SECONDS}
    entries = [decode(entry) for line in lines if "entries" in line for entry in line["entries"]["entries"]]
    verdict = judge(entries, lines[0]["checkpoint"].encode(), notes, [], [], policy(served), NOON)
    assert {finding.code for finding in verdict.findings} == {Code.UNDISCLOSED}


async def test_a_server_feeds_its_witnesses_from_start_to_stop(served: Served, tmp_path: Path) -> None:
    folder = Folder.create(tmp_path / "witness", "w1.example", [served.place.verifier])
    await served.writer.submit(append)
    async with TestServer(build_app(folder, lambda: SECONDS)) as server:
        at = WitnessAt(url=str(server.make_url("")), key=folder.verifier)
        app, clock = web.Application(), cast("Clock", served.place.clock)
        app[WRITER], app[CLOCK], app[GATE] = served.writer, clock, Gate(1)
        app[SETTINGS] = Settings(data=tmp_path, witnesses=(at,), witness_seconds=0.01)
        witness_routes.prepare(app)
        runner = web.AppRunner(app)
        await runner.setup()
        async with asyncio.timeout(20):
            for _ in iter(lambda: folder.latest(ORIGIN) is None, False):
                await asyncio.sleep(0.01)
        await runner.cleanup()
    latest = folder.latest(ORIGIN)
    assert latest is not None
    assert latest.checkpoint.size == 1


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://127.0.0.1:1", "no key"),
        ("http://127.0.0.1:1", verifier_text("w1.example", 1, KEY.public)),
        ("ftp://127.0.0.1", WITNESS),
        ("http://127.0.0.1:1/?a=b", WITNESS),
    ],
)
def test_a_witness_of_another_form_is_no_setting(tmp_path: Path, url: str, key: str) -> None:
    (tmp_path / "server.json").write_text('{"v":1}')
    with pytest.raises(BadConfig, match="witnesses"):
        load(tmp_path, witnesses=[{"url": url, "key": key}])
