"""`fortrolig server`: begin and run a server. Clients never import it: it is started as a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clients.cli.becoming import become

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
    become("server", "init", options, as_json=as_json, host=host, port=port)


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
    become("server", "run", ["--data", str(data)], as_json=as_json, host=host, port=port)


@app.command("witness")
def witness(
    data: DataOption,
    url: Annotated[str, typer.Option(help="The witness's address, before /add-checkpoint.")],
    key: Annotated[str, typer.Option(help="The key that `witness init` printed.")],
    as_json: JsonOption = False,  # noqa: FBT002  (a flag)
) -> None:
    """Hand the log's checkpoints to an independent witness, from the next start on.

    The root names the same key in its policy: `fortrolig registrar publish --witness <key>`.

    Example: `fortrolig server witness --data ./data --url https://witness.example --key "$(cat witness-key.txt)"`
    """
    become("server", "witness", ["--data", str(data)], as_json=as_json, url=url, key=key)
