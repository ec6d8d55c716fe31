"""The server hands its checkpoints to witnesses, keeps what they say, and goes on without them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry
from sqlalchemy.exc import OperationalError

from protocol.log.checkpoint import LogPolicy, open_checkpoint
from protocol.log.note import cosign, split_note
from server.audit import cosignatures
from server.audit.cosignatures import Cosigned
from server.audit.log import LogBehind
from server.audit.witnessing import REFRESH_SECONDS, Feeder, Figures
from server.config import WitnessAt
from tests.unit.server_audit.support import NOON, ORIGIN, Place, append
from witness.app import build_app
from witness.folder import Folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from server.audit.writer import Writer

NOON_SECONDS = NOON // 1000


@pytest.fixture
def folder(place: Place, tmp_path: Path) -> Folder:
    return Folder.create(tmp_path / "witness", "w1.example", [place.verifier])


class Fed:
    """A log, its feeder and what can be read of both."""

    def __init__(self, writer: Writer, place: Place, *witnesses: WitnessAt) -> None:
        self.registry = CollectorRegistry()
        self.writer, self.policy = writer, LogPolicy(ORIGIN, place.verifier, tuple(each.key for each in witnesses))
        self.feeder = Feeder(writer, witnesses, place.clock, Figures(self.registry))

    async def feed(self) -> None:
        async with aiohttp.ClientSession() as http:
            await self.feeder.feed(http)

    async def run(self, rounds: int) -> None:
        """Let the feeder go on by itself for so many rounds."""
        done, feed = asyncio.Semaphore(0), self.feeder.feed

        async def counted(http: aiohttp.ClientSession) -> None:
            try:
                await feed(http)
            finally:
                done.release()

        setattr(self.feeder, "feed", counted)  # noqa: B010  (a method of this one object)
        running = asyncio.create_task(self.feeder.keep_fed(0.001))
        for _ in range(rounds):
            await done.acquire()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    async def grow(self, number: int) -> None:
        for _ in range(number):
            await self.writer.submit(append)

    async def cosigned(self, least: int = 1) -> tuple[int, list[str]]:
        found = await self.writer.database.read(cosignatures.newest, least)
        if found is None:
            return 0, []
        signed = open_checkpoint(found[1].encode(), self.policy)
        assert signed.checkpoint.size == found[0]
        return found[0], sorted(each.witness for each in signed.cosignatures)

    def figure(self, name: str, witness: str = "w1.example") -> float | None:
        return self.registry.get_sample_value(f"fortrolig_witness_{name}", {"witness": witness})


@asynccontextmanager
async def answering(folder: Folder, seconds: Callable[[], int] = lambda: NOON_SECONDS) -> AsyncIterator[WitnessAt]:
    async with TestServer(build_app(folder, seconds)) as server:
        yield WitnessAt(url=str(server.make_url("")), key=folder.verifier)


@asynccontextmanager
async def saying(folder: Folder, *answers: web.Response) -> AsyncIterator[WitnessAt]:
    """A witness that answers so, one request after the other."""
    left = iter(answers)

    async def answer(_: web.Request) -> web.Response:
        return next(left)

    app = web.Application()
    app.add_routes([web.post("/add-checkpoint", answer)])
    async with TestServer(app) as server:
        yield WitnessAt(url=str(server.make_url("")), key=folder.verifier)


async def test_the_latest_checkpoint_is_cosigned_and_kept_with_its_time(place: Place, folder: Folder) -> None:
    async with place.writer() as writer, answering(folder) as witness:
        fed = Fed(writer, place, witness)
        await fed.feed()
        assert await fed.cosigned() == (0, [])
        await fed.grow(3)
        await fed.feed()
        assert await fed.cosigned() == (3, ["w1.example"])
        await fed.grow(4)
        await fed.feed()
        assert await fed.cosigned() == (7, ["w1.example"])
        assert (fed.figure("size"), fed.figure("seconds")) == (7, NOON_SECONDS)
        assert await writer.database.read(cosignatures.newest, 2) is None


async def test_without_news_nobody_is_asked_until_the_time_is_old(place: Place, folder: Folder) -> None:
    now = NOON_SECONDS
    async with place.writer() as writer, answering(folder, lambda: now) as witness:
        fed = Fed(writer, place, witness)
        await fed.grow(1)
        await fed.feed()
        now += 60
        await fed.feed()
        assert fed.figure("seconds") == NOON_SECONDS
        place.clock.move(REFRESH_SECONDS * 1000)
        now = NOON_SECONDS + REFRESH_SECONDS
        await fed.feed()
        assert fed.figure("seconds") == now
        assert len(await writer.database.read(cosignatures.at, 1)) == 1


async def test_a_server_that_forgot_what_the_witness_knows_learns_it(place: Place, folder: Folder) -> None:
    async with place.writer() as writer, answering(folder) as witness:
        first, second = Fed(writer, place, witness), Fed(writer, place, witness)
        await first.grow(2)
        await first.feed()
        await first.grow(3)
        await second.feed()
        assert await second.cosigned() == (5, ["w1.example"])
        assert len(list((folder.path / "evidence").iterdir())) == 1


async def test_an_unreachable_witness_stops_nothing_and_is_counted(place: Place, folder: Folder) -> None:
    async with answering(folder) as witness:
        gone = witness
    async with place.writer() as writer:
        fed = Fed(writer, place, gone)
        await fed.grow(1)
        await fed.feed()
        await fed.feed()
        assert fed.figure("failures_total") == 2
        assert await fed.cosigned() == (0, [])
        async with answering(folder) as back:
            again = Fed(writer, place, back)
            again.feeder._failing.add("w1.example")
            await again.feed()
            assert await again.cosigned() == (1, ["w1.example"])


@pytest.mark.parametrize(
    "answers",
    [
        [web.Response(status=422, text="not consistent")],
        [web.Response(status=409, text="7\n")],
        [web.Response(status=409, text="no size")],
        [web.Response(status=409, text="9" * 20)],
        [web.Response(status=409, text="0\n"), web.Response(status=403)],
        [web.Response(text="no line")],
        [web.Response(text="\u2014 other.example AAAAAAAA\n")],
        [web.Response(body=b"x" * 40_000)],
    ],
    ids=["422", "409 ahead", "409 in words", "409 beyond numbers", "409 then 403", "no line", "other line", "too long"],
)
async def test_any_other_answer_is_a_failure_and_nothing_is_kept(
    place: Place, folder: Folder, answers: list[web.Response]
) -> None:
    async with place.writer() as writer, saying(folder, *answers) as witness:
        fed = Fed(writer, place, witness)
        await fed.grow(2)
        await fed.feed()
        assert fed.figure("failures_total") == 1
        assert await fed.cosigned() == (0, [])


async def test_a_size_that_the_log_never_had_is_a_failure(place: Place, folder: Folder) -> None:
    async with place.writer() as writer, answering(folder) as witness:
        fed = Fed(writer, place, witness)
        await fed.grow(1)
        await writer.database.write(cosignatures.keep, Cosigned(9, "w1.example", NOON_SECONDS, "line"))
        await fed.run(rounds=1)
        assert (fed.figure("size"), fed.figure("failures_total")) == (9, 1)


async def test_a_halted_log_is_offered_to_nobody(place: Place, folder: Folder) -> None:
    async with place.writer() as writer, answering(folder) as witness:
        fed = Fed(writer, place, witness)
        await fed.grow(1)
        writer.log.halted = LogBehind("a backup was put back")
        await fed.feed()
        assert await fed.cosigned() == (0, [])
        assert fed.figure("failures_total") is None


async def test_a_database_that_fails_is_asked_again_later(
    place: Place, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with place.writer() as writer, answering(folder) as witness:
        fed = Fed(writer, place, witness)
        await fed.grow(1)
        whole = writer.database.write
        failed: list[Any] = []

        async def full_once(*work: Any) -> None:
            if not failed:
                failed.append(work)
                raise OperationalError("insert", {}, Exception("disk full"))
            await whole(*work)

        monkeypatch.setattr(writer.database, "write", full_once)
        await fed.run(rounds=2)
        assert (len(failed), await fed.cosigned()) == (1, (1, ["w1.example"]))


async def test_two_witnesses_cosign_one_checkpoint(place: Place, folder: Folder, tmp_path: Path) -> None:
    other = Folder.create(tmp_path / "other", "w2.example", [place.verifier])
    async with place.writer() as writer, answering(folder) as one, answering(other) as two:
        fed = Fed(writer, place, one, two)
        await fed.grow(3)
        await fed.feed()
        assert await fed.cosigned(2) == (3, ["w1.example", "w2.example"])
        latest = await writer.database.read(cosignatures.latest)
        assert [(each.size, each.witness) for each in latest] == [(3, "w1.example"), (3, "w2.example")]


async def test_a_size_is_kept_for_a_day_and_for_as_long_as_it_has_a_witness_that_later_ones_lack(place: Place) -> None:
    async with place.writer() as writer:
        fed = Fed(writer, place)
        await fed.grow(4)
        day = cosignatures.KEPT_SECONDS
        for size, name, after in (
            (1, "w1", 0),
            (1, "w2", 0),
            (2, "w1", 0),
            (3, "w1", 1),
            (4, "w1", day),
            (4, "w1", day),
        ):
            said = Cosigned(size, name, NOON_SECONDS + after, f"{name}@{size}\n")
            await writer.database.write(cosignatures.keep, said)
        found = await writer.database.read(cosignatures.lines)
        assert found == {1: "w1@1\nw2@1\n", 3: "w1@3\n", 4: "w1@4\n"}
        two = await writer.database.read(cosignatures.newest, 2)
        assert two is not None
        assert (two[0], two[1].splitlines()[-2:]) == (1, ["w1@1", "w2@1"])


async def test_lines_by_others_in_the_answer_are_not_kept(place: Place, folder: Folder) -> None:
    async with place.writer() as writer:
        await writer.submit(append)
        text, _ = split_note(writer.log.head.checkpoint.encode())
        own = cosign(text, folder.name, folder.key, NOON_SECONDS)
        both = web.Response(body="\u2014 w9.example AAAAAAAA\n".encode() + own)
        async with saying(folder, both) as witness:
            fed = Fed(writer, place, witness)
            await fed.feed()
            [kept] = await writer.database.read(cosignatures.at, 1)
            assert kept.line.encode() == own
