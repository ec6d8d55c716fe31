"""Witnesses beside a real server: receipts that they stand behind, and a fork that two servers cannot hide."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from clients.sdk import registrar
from clients.sdk.errors import Misused, Tampered
from clients.sdk.registrar import Witnessing
from clients.sdk.witnessed import raise_receipts, witnessed
from protocol.log.receipt import parse, verify
from server.initialise import add_witness
from tests.e2e.stage import Stage
from tests.e2e.test_command import run
from tests.e2e.test_story import mother_allows_herself, mother_writes, new_matter
from witness.app import build_app
from witness.folder import Folder

DAY = 86_400


def now() -> int:
    return int(time.time())


@asynccontextmanager
async def witnessing(stage: Stage, folder: Folder, seconds: Callable[[], int] = now) -> AsyncIterator[None]:
    """Run a witness, and name it to the server, which must be started after this."""
    async with TestServer(build_app(folder, seconds)) as server:
        add_witness(stage.server, str(server.make_url("")).rstrip("/"), folder.verifier)
        yield


@pytest.fixture
def folder(stage: Stage, tmp_path: Path) -> Folder:
    return Folder.create(tmp_path / "witness", "w1.example", [stage.log_key])


async def name_in_policy(stage: Stage, *witnesses: str, quorum: int | None = None) -> None:
    async with stage.client("registrar") as client:
        await registrar.publish(client, stage.log_key, witnessing=Witnessing.most_of(witnesses, quorum))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORTROLIG_WITNESS_SECONDS", "0.05")


async def settled(folder: Folder) -> None:
    """Wait until the witness has seen nothing new for a while."""
    [origin], before = list(folder.logs), None
    async with asyncio.timeout(30):
        while (latest := folder.latest(origin)) is None or latest.checkpoint.size != before:
            before = None if latest is None else latest.checkpoint.size
            await asyncio.sleep(0.3)


async def test_receipts_and_exports_carry_what_the_quorum_has_seen(
    stage: Stage, folder: Folder, tmp_path: Path
) -> None:
    async with witnessing(stage, folder), stage.serving():
        await name_in_policy(stage, folder.verifier)
        matter = new_matter()
        await mother_allows_herself(stage, matter)
        await mother_writes(stage, matter)
        await settled(folder)
        async with stage.client("mother") as mother:
            seen = await witnessed(mother)
            assert (seen.names, seen.quorum, seen.fresh) == (("w1.example",), 1, True)
            kept = len(mother.home.receipts())
            raised, waiting = await raise_receipts(mother, seen)
            assert (raised, waiting) == (kept, 0)
            policy = (await mother.load_policy()).log
            levels = [verify(parse(path.read_text()), policy).level for path in mother.home.receipts()]
            assert levels == [2] * kept
            assert await raise_receipts(mother, seen) == (0, 0)
        told = await run(stage, "mother", "log", "status", "--json")
        assert (told.status, told.answer["fresh"], told.answer["witnesses"]) == (0, True, ["w1.example"])
        assert told.answer["witnessed"] <= told.answer["size"]
        fetched = await run(stage, "supervisor", "log", "export", str(tmp_path / "export"), "--case", "SYNTETISK-1")
        assert fetched.status == 0
        judged = await run(stage, "supervisor", "log", "verify", str(tmp_path / "export"), "--json")
        assert (judged.status, judged.answer["findings"]) == (0, [])


async def test_the_service_goes_on_without_its_witness_and_says_how_old_its_word_is(
    stage: Stage, folder: Folder
) -> None:
    async with witnessing(stage, folder, lambda: now() - 2 * DAY), stage.serving():
        await name_in_policy(stage, folder.verifier)
        await settled(folder)
    async with stage.serving():  # the witness is gone
        matter = new_matter()
        await mother_allows_herself(stage, matter)
        await mother_writes(stage, matter)
        async with stage.client("mother") as mother:
            seen = await witnessed(mother)
            assert seen.latest is not None
            assert not seen.fresh
            raised, waiting = await raise_receipts(mother, seen)
            assert waiting > 0
            assert raised + waiting == len(mother.home.receipts())
        told = await run(stage, "mother", "log", "status", "--language", "en")
        assert told.status == 0
        assert "Too old" in told.out
        assert "wait for witnesses" in told.out


async def test_without_witnesses_the_status_says_so(served: Stage) -> None:
    told = await run(served, "mother", "log", "status", "--language", "en")
    assert "No independent witnesses" in told.out
    as_json = await run(served, "mother", "log", "status", "--json")
    assert (as_json.answer["quorum"], as_json.answer["at"], as_json.answer["fresh"]) == (0, None, False)


async def test_a_witness_that_never_answered_is_said_to_be_missing(served: Stage, folder: Folder) -> None:
    await name_in_policy(served, folder.verifier)
    told = await run(served, "mother", "log", "status", "--language", "en")
    assert "Nothing is vouched for by 1 of 1 witnesses yet" in told.out
    assert (await run(served, "mother", "log", "status", "--json")).answer["witnessed"] is None


async def test_two_servers_from_one_backup_get_one_history_cosigned(
    stage: Stage, folder: Folder, tmp_path: Path
) -> None:
    async with witnessing(stage, folder):
        async with stage.serving():
            await name_in_policy(stage, folder.verifier)
            await settled(folder)
        backup = stage.copy(tmp_path / "backup")
        matter = new_matter()
        async with stage.serving():
            await mother_allows_herself(stage, matter)
            await settled(folder)
        other = new_matter()
        async with backup.serving():
            await mother_allows_herself(backup, other)
            await mother_writes(backup, other)
            await asyncio.sleep(0.5)  # the forked server offers its checkpoints, and is refused
            async with backup.client("mother") as deceived:
                seen = await witnessed(deceived)
                assert seen.latest is not None
                assert (await raise_receipts(deceived, seen))[1] > 0
    [kept] = folder.kept()
    assert kept.refused > 0
    shutil.copytree(backup.home("mother") / "receipts", stage.home("mother") / "receipts", dirs_exist_ok=True)
    async with witnessing(stage, folder), stage.serving():
        await settled(folder)
        async with stage.client("mother") as mother:
            with pytest.raises(Tampered) as caught:
                await raise_receipts(mother, await witnessed(mother))
    assert caught.value.code == "not-logged"


async def test_a_policy_names_only_keys_that_are_witnesses(served: Stage, folder: Folder) -> None:
    for witnesses, quorum in (((served.log_key,), 1), ((folder.verifier,), 2), (("no key",), 1)):
        with pytest.raises(Misused) as caught:
            await name_in_policy(served, *witnesses, quorum=quorum)
        assert caught.value.code == "bad-witness"
    told = await run(served, "registrar", "registrar", "publish", "--log", served.log_key, "--quorum", "1")
    assert told.status == 2
    publish = ("registrar", "publish", "--log", served.log_key)
    assert (await run(served, "registrar", *publish, "--witness", folder.verifier, "--largest-age", "48")).status == 0
    assert (await run(served, "registrar", *publish)).status == 0
    async with served.client("registrar") as client:
        body = (await client.load_policy()).statement.body
    assert (body.witnesses, body.quorum, body.fresh_for) == ((folder.verifier,), 1, 2 * DAY * 1000)
    assert Witnessing.most_of(["a", "b", "c"]).quorum == 2
    assert Witnessing.most_of([]).quorum == 0
