"""The clients of a comparison: a process of its own that sends requests prepared beforehand and times each answer.

Every client has its own connection and sends its next request when the last one is answered. Signing, encoding and
connecting happen before the clock starts: they are the clients' cost, not the server's. They write bytes that are
ready to a socket, and read no more of an answer than where it ends, because clients and servers share two cores here:
what the clients take, the measured server lacks. The same program drives both sides.

    python -m bench.load PLAN RESULT     both are JSON files
"""

from __future__ import annotations

import asyncio
import gc
import json
import math
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import httptools
import uvloop
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS_A_RUN = 300


@dataclass(frozen=True, slots=True)
class Prepared:
    """One request, complete: the method, the whole URL, all headers, the body as text."""

    method: str
    url: str
    headers: dict[str, str]
    body: str

    def to_bytes(self) -> bytes:
        """Write it as HTTP/1.1."""
        url, body = URL(self.url, encoded=True), self.body.encode()
        headers = {"Host": url.authority, "Content-Length": str(len(body)), **self.headers}
        lines = [f"{self.method} {url.raw_path_qs} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("ascii") + body


@dataclass(frozen=True, slots=True)
class Load:
    """What came back: seconds from first request to last answer, and the seconds and the body of each answer."""

    seconds: float
    latencies: list[float]
    bodies: list[str]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Give the nearest-rank percentile of the latencies, in seconds; `share` lies in (0, 1]."""
        return sorted(self.latencies)[math.ceil(share * len(self.latencies)) - 1]


def drive(folder: Path, clients: Sequence[Sequence[Prepared]], *, warm: str) -> Load:
    """Send each client's requests in order, all clients at once, from a child process.

    `warm` is a URL that each client fetches first, so that its connection stands. Any answer outside 200-299 ends the
    run.

    Raises:
        subprocess.CalledProcessError: an answer was no success, or the child failed; it prints why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plan, result = folder / "plan.json", folder / "result.json"
    plan.write_text(json.dumps({"warm": warm, "clients": [[asdict(one) for one in client] for client in clients]}))
    subprocess.run([sys.executable, "-m", "bench.load", plan, result], check=True, timeout=SECONDS_A_RUN)
    found = json.loads(result.read_text())
    return Load(found["seconds"], found["latencies"], found["bodies"])


class _Connection(asyncio.Protocol):
    """One client's connection: a request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._answered: asyncio.Future[bytes] | None = None

    @classmethod
    async def to(cls, url: URL) -> Self:
        """Connect."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, url.host or "", url.port or 0)
        return connection

    async def send(self, request: bytes) -> bytes:
        """Send a request and give the body of its answer.

        Raises:
            RuntimeError: the answer is no success.
            ConnectionError: the connection ended instead.
        """
        self._answered = asyncio.get_running_loop().create_future()
        cast("asyncio.Transport", self._transport).write(request)
        return await self._answered

    def close(self) -> None:
        """Hang up."""
        cast("asyncio.Transport", self._transport).close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc or ConnectionError("the server hung up"))

    def on_body(self, piece: bytes) -> None:
        """Keep what the parser has found."""
        self._body.append(piece)

    def on_message_complete(self) -> None:
        """Hand over the answer that the parser has read to its end."""
        content, status = b"".join(self._body), self._parser.get_status_code()
        self._body.clear()
        self._parser = httptools.HttpResponseParser(self)
        answered = cast("asyncio.Future[bytes]", self._answered)
        if 200 <= status <= 299:  # noqa: PLR2004  (HTTP's own numbers)
            answered.set_result(content)
        else:
            answered.set_exception(RuntimeError(f"a request was answered {status}: {content[:500]!r}"))


async def _client(connection: _Connection, requests: list[bytes], start: asyncio.Event) -> list[tuple[float, bytes]]:
    answers = []
    await start.wait()
    for request in requests:
        began = time.perf_counter()
        content = await connection.send(request)
        answers.append((time.perf_counter() - began, content))
    return answers


async def _drive(plan: dict[str, Any]) -> dict[str, object]:
    clients = [[Prepared(**one).to_bytes() for one in client] for client in plan["clients"]]
    warm = Prepared("GET", plan["warm"], {}, "")
    connections = [await _Connection.to(URL(warm.url)) for _ in clients]
    await asyncio.gather(*(each.send(warm.to_bytes()) for each in connections))
    start = asyncio.Event()
    tasks = [
        asyncio.create_task(_client(connection, requests, start))
        for connection, requests in zip(connections, clients, strict=True)
    ]
    await asyncio.sleep(0)
    gc.collect()
    gc.freeze()
    began = time.perf_counter()
    start.set()
    answered = [answer for answers in await asyncio.gather(*tasks) for answer in answers]
    seconds = time.perf_counter() - began
    for each in connections:
        each.close()
    return {
        "seconds": seconds,
        "latencies": [latency for latency, _ in answered],
        "bodies": [content.decode() for _, content in answered],
    }


if __name__ == "__main__":
    source, target = (Path(argument) for argument in sys.argv[1:])
    target.write_text(json.dumps(uvloop.run(_drive(json.loads(source.read_text())))))
