"""The clients of a comparison: a process of its own that sends requests prepared beforehand and times each answer.

Every client has its own connection and sends its next request when the last one is answered. Signing, encoding and
connecting happen before the clock starts: they are the clients' cost, not the server's. The same program drives both
sides.

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
from typing import TYPE_CHECKING, Any

import aiohttp
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


async def _client(
    session: aiohttp.ClientSession, requests: list[Prepared], start: asyncio.Event
) -> list[tuple[float, bytes]]:
    targets = [(one.method, URL(one.url, encoded=True), one.headers, one.body.encode()) for one in requests]
    answers = []
    await start.wait()
    for method, url, headers, body in targets:
        began = time.perf_counter()
        async with session.request(method, url, headers=headers, data=body) as answer:
            content = await answer.read()
        answers.append((time.perf_counter() - began, content))
        if not answer.ok:
            raise RuntimeError(f"{method} {url} answered {answer.status}: {content[:500]!r}")
    return answers


async def _drive(plan: dict[str, Any]) -> dict[str, object]:
    clients = [[Prepared(**one) for one in client] for client in plan["clients"]]
    connector = aiohttp.TCPConnector(limit=len(clients))
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session:
        start = asyncio.Event()
        tasks = [asyncio.create_task(_client(session, client, start)) for client in clients]
        await asyncio.gather(*(_warm(session, plan["warm"]) for _ in clients))
        gc.collect()
        gc.freeze()
        began = time.perf_counter()
        start.set()
        answered = [answer for answers in await asyncio.gather(*tasks) for answer in answers]
        seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "latencies": [latency for latency, _ in answered],
        "bodies": [content.decode() for _, content in answered],
    }


async def _warm(session: aiohttp.ClientSession, url: str) -> None:
    async with session.get(url) as answer:
        await answer.read()


if __name__ == "__main__":
    source, target = (Path(argument) for argument in sys.argv[1:])
    target.write_text(json.dumps(asyncio.run(_drive(json.loads(source.read_text())))))
