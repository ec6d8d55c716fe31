"""Stopping loses nothing that was begun, and starting needs no help afterwards."""

# Annotations are read by the route table, so they are not postponed here.
import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

import server.run
from server.app import build_app
from server.audit.batch import Work
from server.audit.wiring import WRITER
from server.config import Settings
from server.http.access import Access
from server.http.answering import add_routes
from server.http.border import GATE
from server.http.forms import Answer
from server.http.routes import RouteTable
from server.run import serve

routes = RouteTable("trial")
BEGUN: web.AppKey[asyncio.Event] = web.AppKey("begun", asyncio.Event)
ROOT = "a" * 64


class Done(Answer):
    written: bool


def _nothing(work: Work) -> bool:
    return work is not None


@routes.post("/v1/slow", summary="Write slowly", who=Access.PUBLIC)
async def slow(request: web.Request) -> Done:
    request.app[BEGUN].set()
    while not request.app[GATE].stopping:  # noqa: ASYNC110  (nothing tells of it)
        await asyncio.sleep(0.01)
    return Done(written=(await request.app[WRITER].submit(_nothing)).result)


@routes.post("/v1/stuck", summary="Never end", who=Access.PUBLIC)
async def stuck(request: web.Request) -> Done:
    request.app[BEGUN].set()
    await asyncio.Event().wait()
    return Done(written=False)


async def _served(settings: Settings) -> tuple[asyncio.Task[None], str]:
    told: asyncio.Queue[str] = asyncio.Queue()
    task = asyncio.create_task(serve(settings, told.put_nowait))
    return task, await asyncio.wait_for(told.get(), 60)


@pytest.fixture
async def begun() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def slow_server(settings: Settings, begun: asyncio.Event, monkeypatch: pytest.MonkeyPatch) -> Settings:
    def build(given: Settings) -> web.Application:
        app = build_app(given)
        app[BEGUN] = begun
        add_routes(app, routes)
        return app

    monkeypatch.setattr(server.run, "build_app", build)
    return settings.model_copy(update={"port": 0})


async def test_a_request_that_was_begun_is_answered_and_none_is_let_in_after(
    slow_server: Settings, begun: asyncio.Event
) -> None:
    task, address = await _served(slow_server)
    async with aiohttp.ClientSession(address) as session:
        asked = asyncio.create_task(session.post("/v1/slow"))
        await begun.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        response = await asked
        assert (response.status, await response.json()) == (200, {"written": True})
        assert response.headers["Connection"] == "close"
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.post("/v1/slow")
    await task


async def test_stopping_does_not_wait_longer_than_it_may(slow_server: Settings, begun: asyncio.Event) -> None:
    task, address = await _served(slow_server.model_copy(update={"stop_seconds": 0.05}))
    async with aiohttp.ClientSession(address) as session:
        asked = asyncio.create_task(session.post("/v1/stuck"))
        await begun.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(aiohttp.ClientConnectionError):
            await asked
    await task


async def test_figures_are_served_on_loopback_when_asked_for(slow_server: Settings, unused_tcp_port: int) -> None:
    task, address = await _served(slow_server.model_copy(update={"metrics_port": unused_tcp_port}))
    async with aiohttp.ClientSession() as session:
        await session.get(f"{address}/v1/health/live")
        told = await (await session.get(f"http://127.0.0.1:{unused_tcp_port}/metrics")).text()
    assert 'fortrolig_requests_total{method="GET",route="/v1/health/live",status="200"} 1.0' in told
    os.kill(os.getpid(), signal.SIGTERM)
    await task


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nBad Header: \x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"secret" * 2000 + b"\r\n\r\n",
        b"BREW /secret HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00secret\r\n\r\n",
    ],
)
async def test_what_is_no_http_gets_a_problem_that_quotes_nothing(slow_server: Settings, sent: bytes) -> None:
    task, address = await _served(slow_server)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
    writer.write(sent)
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert b" 400 " in head.splitlines()[0]
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] == "bad-request"
    assert b"secret" not in body
    os.kill(os.getpid(), signal.SIGTERM)
    await task


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "server", *arguments]


def test_a_server_process_begins_runs_stops_and_runs_again(tmp_path: Path) -> None:
    data = str(tmp_path / "server")
    init = _command("init", "--data", data, "--root", ROOT, "--origin", "http://127.0.0.1:8470", "--json")
    made = json.loads(subprocess.run(init, check=True, capture_output=True, text=True).stdout)
    assert made["log"].startswith("127.0.0.1:8470/log+")
    for _ in range(2):
        with subprocess.Popen(
            _command("run", "--data", data, "--port", "0", "--json"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            address = json.loads(process.stdout.readline())["listening"]
            assert address.startswith("http://127.0.0.1:")
            assert not address.endswith(":0")
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (0, "")
        assert [json.loads(line)["event"] for line in err.splitlines()] == ["listening", "stopping", "stopped"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run"], 2, "--data"),
        (["run", "--data", "nowhere"], 1, "server init"),
        (["init", "--data", "d", "--root", "short", "--origin", "https://a.example"], 1, "64 hex digits"),
    ],
)
def test_a_command_that_cannot_be_done_says_why_without_a_stack_trace(
    tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(
        _command(*arguments), check=False, capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
