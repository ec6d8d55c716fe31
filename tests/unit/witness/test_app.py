"""The witness over HTTP, as C2SP tlog-witness words it."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from protocol.log.note import open_note
from tests.unit.log.sample_log import LOG, ORIGIN
from tests.unit.log.test_witnessing import OTHERS, asked, signed, tree
from witness.app import build_app
from witness.folder import Folder

Client = TestClient[Request, Application]
PATH = f"/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.create(tmp_path / "witness", "w1.example", [LOG])


def client(folder: Folder) -> Client:
    return TestClient(TestServer(build_app(folder, lambda: 1_800_000_000)))


async def test_a_checkpoint_is_cosigned_and_then_read_by_anybody(folder: Folder) -> None:
    async with client(folder) as http:
        assert (await http.get(PATH)).status == 404
        answer = await http.post("/add-checkpoint", data=asked(0, 4).to_bytes())
        line = await answer.read()
        assert answer.status == 200
        assert open_note(signed(tree(4)) + line, [folder.verifier]).signatures[0].time == 1_800_000_000
        read = await http.get(PATH)
        assert (read.status, read.content_type) == (200, "text/plain")
        assert await read.read() == signed(tree(4)) + line


async def test_another_size_is_answered_with_the_one_known(folder: Folder) -> None:
    async with client(folder) as http:
        await http.post("/add-checkpoint", data=asked(0, 4).to_bytes())
        answer = await http.post("/add-checkpoint", data=asked(0, 8).to_bytes())
        assert (answer.status, answer.content_type, await answer.text()) == (409, "text/x.tlog.size", "4\n")


async def test_each_refusal_has_its_status(folder: Folder) -> None:
    async with client(folder) as http:
        await http.post("/add-checkpoint", data=asked(0, 4).to_bytes())
        fork = asked(4, 8, OTHERS).to_bytes()
        for body, status in ((fork, 422), (b"", 400), (b"x" * 100_000, 413), (asked(5, 4).to_bytes(), 400)):
            assert (await http.post("/add-checkpoint", data=body)).status == status
        assert (await http.get("/add-checkpoint")).status == 405
        assert (await http.get("/health")).status == 200
        assert (await http.get("/" + "0" * 64 + "/checkpoint")).status == 404
    assert len(list((folder.path / "evidence").iterdir())) == 2


async def test_of_two_forks_at_once_one_is_cosigned(folder: Folder) -> None:
    async with client(folder) as http:
        bodies = [asked(0, 4).to_bytes(), asked(0, 4, OTHERS).to_bytes()] * 8
        answers = await asyncio.gather(*(http.post("/add-checkpoint", data=body) for body in bodies))
        cosigned = [one for one in answers if one.status == 200]
        assert len(cosigned) == 1
        assert {one.status for one in answers if one not in cosigned} == {409}


async def test_a_damaged_folder_is_told_and_nothing_is_cosigned(folder: Folder) -> None:
    async with client(folder) as http:
        await http.post("/add-checkpoint", data=asked(0, 4).to_bytes())
        (folder.path / "checkpoints" / PATH.split("/")[1]).write_bytes(b"damaged")
        answer = await http.post("/add-checkpoint", data=asked(4, 8).to_bytes())
        assert answer.status == 500
        assert "cosigns nothing" in await answer.text()
