"""A real server process on loopback, started and stopped by pid."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from demo.actors import FORTROLIG, StoryBroken

_START_SECONDS = 60
_STOP_SECONDS = 30


def own_port() -> int:
    """Return a port of loopback that the system gives to nobody else while this process lives.

    It stays bound and is never listened on, so a server that is started, stopped and started again finds it free.
    """
    held = socket.socket()
    atexit.register(held.close)
    # Whoever sets this too may listen beside a socket that does not (every server here does); others get no such port.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port: int = held.getsockname()[1]
    return port


async def init(data: Path, root: str, port: int) -> str:
    """Make a server's data directory and return the log's verifier key."""
    process = await asyncio.create_subprocess_exec(
        str(FORTROLIG),
        *("server", "init", "--data", str(data), "--root", root, "--origin", f"http://127.0.0.1:{port}"),
        *("--port", str(port), "--json"),
        env=_environment(),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    if process.returncode != 0:
        raise StoryBroken("the server could not be made")
    key: str = json.loads(out)["log"]
    return key


@asynccontextmanager
async def running(data: Path, log: Path, port: int | None = None) -> AsyncIterator[int]:
    """Run the server over a data directory and give its pid; it is stopped at the end by SIGTERM."""
    options = [] if port is None else ["--port", str(port)]
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            str(FORTROLIG),
            *("server", "run", "--data", str(data), "--json", *options),
            env=_environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
        try:
            await _listening(process)
            yield process.pid
        finally:
            await stop(process)


async def stop(process: asyncio.subprocess.Process) -> None:
    """Ask the process to end, and end it if it does not."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _listening(process: asyncio.subprocess.Process) -> None:
    if process.stdout is None:
        raise StoryBroken("the server has no output")
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _START_SECONDS)
    except TimeoutError as error:
        raise StoryBroken("the server did not start") from error
    if b"listening" not in line:
        raise StoryBroken(f"the server did not start: {line.decode().strip()}")


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("FORTROLIG_")}
