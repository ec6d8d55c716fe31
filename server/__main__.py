"""`python -m server init|run|witness`: what `fortrolig server` starts."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from server.audit.keyfiles import NoLog
from server.auth.tokens import NoTokenKey
from server.config import BadConfig, load
from server.database.schema import UnknownSchema
from server.http.logs import configure
from server.initialise import Chosen, add_witness, initialise
from server.run import serve

if TYPE_CHECKING:
    from collections.abc import Sequence

_FAULT = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Begin or run a server; give the exit code: 0 done, 1 fault (2, usage, is argparse's)."""
    asked = _parser().parse_args(arguments)
    try:
        return {"init": _init, "run": _run, "witness": _witness}[asked.command](asked)
    except (BadConfig, NoLog, NoTokenKey, UnknownSchema, OSError) as fault:
        print(f"fortrolig server: {fault}", file=sys.stderr)  # noqa: T201  (a command's own words)
        return _FAULT


def _init(asked: argparse.Namespace) -> int:
    chosen = Chosen(asked.root, asked.origin, asked.log_origin, asked.host, asked.port, asked.database_url)
    settings, verifier = initialise(asked.data, chosen)
    made = {"data": str(asked.data), "log": verifier, "log_origin": settings.log_origin, "origin": settings.origin}
    if asked.json:
        print(json.dumps(made))  # noqa: T201  (a command's own words)
    else:
        print(f"A server begins in {asked.data}. Let the root key sign this log key into the policy:\n{verifier}")  # noqa: T201  (same)
    return 0


def _witness(asked: argparse.Namespace) -> int:
    told = [{"name": each.name, "url": each.url} for each in add_witness(asked.data, asked.url, asked.key).witnesses]
    names = ", ".join(each["name"] for each in told)
    text = f"Checkpoints go to {names} when the server is started again."
    print(json.dumps({"witnesses": told}) if asked.json else text)  # noqa: T201  (a command's own words)
    return 0


def _run(asked: argparse.Namespace) -> int:
    given = {name: value for name in ("host", "port") if (value := getattr(asked, name)) is not None}
    settings = load(asked.data, **given)
    configure(settings.log_level)

    def told(address: str) -> None:
        print(json.dumps({"listening": address}) if asked.json else f"Listening on {address}", flush=True)  # noqa: T201  (same)

    asyncio.run(serve(settings, told))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m server", description="Begin or run a Fortrolig server.")
    commands = parser.add_subparsers(dest="command", required=True)
    init = commands.add_parser("init", help="make a data directory with its keys and an empty log")
    init.add_argument("--root", required=True, help="fingerprint of the root key, got by hand: 64 hex digits")
    init.add_argument("--origin", required=True, help="the address that clients call, like https://fortrolig.example")
    init.add_argument("--log-origin", help="name of the log; by default the origin's host followed by /log")
    init.add_argument("--database-url", help="postgresql://… instead of a file in the data directory")
    run = commands.add_parser("run", help="answer until SIGTERM")
    witness = commands.add_parser("witness", help="hand the log's checkpoints to a witness")
    witness.add_argument("--url", required=True, help="the witness's address, before /add-checkpoint")
    witness.add_argument("--key", required=True, help="the key that `witness init` printed")
    for command in (init, run, witness):
        command.add_argument("--data", type=Path, required=True, help="the server's data directory")
        command.add_argument("--json", action="store_true", help="print JSON")
    for command in (init, run):
        command.add_argument("--host", help="address to listen on (127.0.0.1)")
        command.add_argument("--port", type=int, help="port to listen on (8470); 0 takes a free one")
    return parser


if __name__ == "__main__":
    sys.exit(main())
