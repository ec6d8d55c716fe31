"""`fortrolig server`: begin and run a server. Clients never import it: it is started as a process of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

app = typer.Typer(help="Begin and run a server (for the operator).", no_args_is_help=True)

DataOption = Annotated[Path, typer.Option("--data", help="The server's data directory: database, keys, content.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


@app.command("init")
def init(
    data: DataOption,
    root: Annotated[str, typer.Option(help="The root's fingerprint, got by hand: 64 hex digits.")],
    origin: Annotated[str, typer.Option(help="The address that clients call, like https://fortrolig.example.")],
    host: Annotated[str | None, typer.Option(help="Address to listen on (127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (8470).")] = None,
    as_json: JsonOption = False,  # noqa: FBT002  (a flag)
) -> None:
    """Make the data directory with the log's key, and print the key for the root to sign.

    Example: `fortrolig server init --data ./data --root <fingerprint> --origin https://fortrolig.example`
    """
    options = ["--data", str(data), "--root", root, "--origin", origin]
    _become_server("init", options, host, port, as_json=as_json)


@app.command("run")
def run(
    data: DataOption,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    as_json: JsonOption = False,  # noqa: FBT002  (a flag)
) -> None:
    """Answer until SIGTERM; what was begun is finished first.

    Example: `fortrolig server run --data ./data`
    """
    _become_server("run", ["--data", str(data)], host, port, as_json=as_json)


def _become_server(what: str, options: list[str], host: str | None, port: int | None, *, as_json: bool) -> NoReturn:
    if host is not None:
        options += ["--host", host]
    if port is not None:
        options += ["--port", str(port)]
    if as_json:
        options.append("--json")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "server", what, *options])  # noqa: S606  (our own server)
