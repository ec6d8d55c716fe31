"""The server killed with SIGKILL in mid-load, over and over: what was acknowledged stands, and start-up needs no help.

`FORTROLIG_KILLS` sets how often; the nightly run takes 2000.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from clients.sdk import consents, log, receiving, sending
from clients.sdk.client import Client
from clients.sdk.errors import SdkError
from clients.sdk.opening import open_share
from protocol.consent.vocabulary import Purpose
from protocol.identifiers import MatterId, ShareId
from protocol.log.checkpoint import LogPolicy
from protocol.log.export import Outcome
from protocol.log.note import Verifier
from protocol.log.receipt import parse, verify
from tests.e2e.stage import PASSPHRASE, Stage, message, own_sending, sign_all

KILLS = int(os.environ.get("FORTROLIG_KILLS", "20"))
T = TypeVar("T")

_NO_ANSWER = frozenset({"unreachable", "answer-lost"})
_START_SECONDS = 60.0


@dataclass
class Load:
    """What was acknowledged: shares by the words that each carries, and how many receipts were given in all."""

    shares: dict[str, ShareId] = field(default_factory=dict)
    receipts: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def acknowledged(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do what a receipt is given for."""
        done = await self.insist(work)
        self.receipts += 1
        return done

    async def insist(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the same once more until the server answers; any other error is a failure of the test."""
        while True:
            try:
                done = await work()
            except SdkError as error:
                if error.code not in _NO_ANSWER:
                    raise
                await asyncio.sleep(0.05)
            else:
                return done


async def start(stage: Stage) -> asyncio.subprocess.Process:
    """Start the server as its operator would; it must say that it listens."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FORTROLIG_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "run", "--data", str(stage.server), "--json"),
        env=environment | {"FORTROLIG_LOG_LEVEL": "error"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), _START_SECONDS)
    assert b"listening" in line, f"the server needs help to start: {line!r}"
    return process


async def kill(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await process.wait()


async def write(stage: Stage, load: Load, matter: MatterId, worker: int) -> None:
    """Send messages, each with words of its own, as a mother at one of her machines."""
    async with stage.client("mother") as client:
        number = 0
        while not load.over.is_set():
            words = f"SYNTETISK {worker}.{number}"
            wanted = message(stage, matter, words)
            sent = await load.acknowledged(lambda wanted=wanted: sending.send(client, wanted))  # type: ignore[misc]
            load.shares[words] = sent.share
            number += 1


async def read(stage: Stage, load: Load) -> None:
    """Open whatever comes, as the GP."""
    async with stage.client("gp") as client:
        while not load.over.is_set():
            items = await load.insist(lambda: receiving.inbox(client))
            for item in [one for one in items if not one.own and not one.opened][:3]:
                await load.acknowledged(lambda item=item: open_share(client, item))  # type: ignore[misc]


async def change_mind(stage: Stage, load: Load) -> None:
    """Ask, sign and withdraw, over and over, as a father."""
    async with stage.client("father") as client:
        father = stage.persons["father"]
        while not load.over.is_set():
            matter = MatterId.of(secrets.token_bytes(16))
            wanted = consents.Wanted(
                subject=stage.child,
                matter=matter,
                purpose=Purpose.OWN_SENDING,
                senders=consents.parties([father]),
                receivers=consents.parties([father, stage.units["gp"]]),
                categories=own_sending(stage, matter).categories,
            )
            await load.acknowledged(lambda wanted=wanted: consents.request(client, wanted))  # type: ignore[misc]
            [known] = [
                one
                for one in await load.insist(lambda: consents.listed(client, stage.child))
                if one.terms.matter == matter
            ]
            await load.acknowledged(lambda known=known: consents.sign(client, known))  # type: ignore[misc]
            await load.acknowledged(lambda known=known: consents.withdraw(client, known))  # type: ignore[misc]


@pytest.mark.timeout(_START_SECONDS * (KILLS + 2))
async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(stage: Stage, tmp_path: Path) -> None:
    load, matter = Load(), MatterId.of(secrets.token_bytes(16))
    server = await start(stage)
    async with stage.client("mother") as mother:
        await consents.request(mother, own_sending(stage, matter))
        await sign_all(mother, stage, matter)
    workers = [
        asyncio.create_task(work)
        for work in (
            write(stage, load, matter, 0),
            write(stage, load, matter, 1),
            read(stage, load),
            change_mind(stage, load),
        )
    ]
    try:
        for _ in range(KILLS):
            before = load.receipts
            while load.receipts == before:
                assert not any(worker.done() for worker in workers), await asyncio.gather(*workers)
                await asyncio.sleep(0.01)
            await asyncio.sleep(random.uniform(0, 0.15))  # noqa: S311  (when to kill, not a secret)
            await kill(server)
            server = await start(stage)
        load.over.set()
        await asyncio.gather(*workers)
        await nothing_is_lost(stage, load)
        await nothing_happened_twice(stage, load)
        await the_log_is_whole(stage, tmp_path / "export")
    finally:
        for worker in workers:
            worker.cancel()
        with suppress(ProcessLookupError):
            await kill(server)


async def nothing_is_lost(stage: Stage, load: Load) -> None:
    """Every receipt that was given is of an entry of the log as it stands now, and leads to its checkpoint."""
    checked = 0
    for name in ("mother", "father", "gp"):
        async with stage.client(name) as client:
            assert client.journal.all() == []
            policy = await client.load_policy()
            kept = [verify(parse(path.read_text(encoding="utf-8")), policy.log) for path in client.home.receipts()]
            for note in {one.checkpoint.note.decode() for one in kept}:
                await client.saw(note)
            for one in kept:
                now = verify(parse(await client.transport.get_text(f"/v1/log/receipts/{one.index}")), policy.log)
                assert (now.entry, now.details) == (one.entry, one.details)
                checked += 1
    assert checked >= load.receipts >= KILLS


async def nothing_happened_twice(stage: Stage, load: Load) -> None:
    """Each message was shared once, under the id that was acknowledged."""
    async with stage.client("mother") as mother:
        there = [one["share"] for one in await receiving.sent(mother)]
        own = {one.share: one for one in await receiving.inbox(mother) if one.own}
        assert len(there) == len(set(there))
        assert sorted(there) == sorted(load.shares.values())
        words = random.choice(sorted(load.shares))  # noqa: S311  (a sample)
        assert (await open_share(mother, own[load.shares[words]])).body.message == words


async def the_log_is_whole(stage: Stage, folder: Path) -> None:
    """An authority finds the log intact, with every receipt of the mother in it."""
    policy = LogPolicy(Verifier.parse(stage.log_key).name, stage.log_key)
    async with stage.client("supervisor") as supervisor:
        await log.export(supervisor, folder, "TILSYN-2026-003")
    verdict = log.verify(folder, policy, tuple(Client.at(stage.home("mother"), PASSPHRASE).home.receipts()))
    assert verdict.outcome is Outcome.INTACT, verdict.findings
