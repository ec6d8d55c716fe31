"""`python -m witness init|serve|status`: what `fortrolig witness` starts."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from aiohttp import web

from witness.app import build_app
from witness.folder import BadFolder, Folder, Kept

_FAULT = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Begin, run or describe a witness; give the exit code: 0 done, 1 fault (2, usage, is argparse's)."""
    asked = _parser().parse_args(arguments)
    try:
        if asked.command == "init":
            _init(asked)
        elif asked.command == "serve":
            _serve(asked)
        else:
            _status(asked)
    except (BadFolder, OSError) as fault:
        print(f"fortrolig witness: {fault}", file=sys.stderr)  # noqa: T201  (a command's own words)
        return _FAULT
    return 0


def _init(asked: argparse.Namespace) -> None:
    made = Folder.create(asked.folder, asked.name, asked.log)
    text = f"A witness begins in {asked.folder}. Let the root name this key in its policy:\n{made.verifier}"
    _say(asked, {"folder": str(asked.folder), "name": made.name, "verifier": made.verifier}, text)


def _serve(asked: argparse.Namespace) -> None:
    folder = Folder.open(asked.folder)
    folder.hold()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    asyncio.run(_answer(folder, asked))


async def _answer(folder: Folder, asked: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    runner = web.AppRunner(build_app(folder, lambda: int(time.time())), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, asked.host, asked.port).start()
        host, port = runner.addresses[0][:2]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        _say(asked, {"listening": address, "verifier": folder.verifier}, f"Listening on {address}")
        await stop.wait()
    finally:
        await runner.cleanup()


def _status(asked: argparse.Namespace) -> None:
    folder = Folder.open(asked.folder)
    kept = folder.kept()
    told = {"name": folder.name, "verifier": folder.verifier, "logs": [_kept_json(each) for each in kept]}
    lines = [f"{folder.name}: {folder.verifier}", *map(_kept_text, kept)]
    _say(asked, told, "\n".join(lines))


def _kept_json(kept: Kept) -> dict[str, object]:
    latest = kept.latest
    return {
        "origin": kept.origin,
        "size": None if latest is None else latest.checkpoint.size,
        "root": None if latest is None else latest.checkpoint.root.hex(),
        "at": None if latest is None else latest.witnessed(1),
        "refused": kept.refused,
    }


def _kept_text(kept: Kept) -> str:
    seconds = None if kept.latest is None else kept.latest.witnessed(1)
    if kept.latest is None or seconds is None:
        seen = "nothing cosigned yet"
    else:
        when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
        seen = f"{kept.latest.checkpoint.size} entries, cosigned {when}"
    refused = f"; {kept.refused} signed requests refused and kept in evidence/" if kept.refused else ""
    return f"  {kept.origin}: {seen}{refused}"


def _say(asked: argparse.Namespace, told: Mapping[str, object], text: str) -> None:
    print(json.dumps(told) if asked.json else text, flush=True)  # noqa: T201  (a command's own words)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m witness", description="Run an independent witness of a log.")
    commands = parser.add_subparsers(dest="command", required=True)
    init = commands.add_parser("init", help="make a folder with a key of its own")
    init.add_argument("--name", required=True, help="the witness's name, like witness.example/w1")
    init.add_argument("--log", required=True, action="append", help="the verifier key of a log to witness")
    serve = commands.add_parser("serve", help="answer until SIGTERM")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    serve.add_argument("--port", type=int, default=8471, help="port to listen on (8471); 0 takes a free one")
    status = commands.add_parser("status", help="tell what was cosigned, and what was refused")
    for command in (init, serve, status):
        command.add_argument("--folder", type=Path, required=True, help="the witness's folder")
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
