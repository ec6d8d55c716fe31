"""`fortrolig witness`: run an independent witness. Clients never import it: it is started as a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clients.cli.becoming import become

app = typer.Typer(help="Run an independent witness of a log.", no_args_is_help=True)

FolderOption = Annotated[Path, typer.Option("--folder", help="The witness's folder: key, checkpoints, evidence.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


@app.command("init")
def init(
    folder: FolderOption,
    name: Annotated[str, typer.Option(help="The witness's name, like witness.example/w1.")],
    log: Annotated[list[str], typer.Option(help="The verifier key of a log, got by hand; repeat for more.")],
    as_json: JsonOption = False,  # noqa: FBT002  (a flag)
) -> None:
    """Make the folder with a key of its own, and print the key for the root to name in its policy.

    A witness says when it saw which size and root of a log, and never says it of two that contradict each other.
    Whoever runs it should have nothing to do with the server's operator.

    Example: `fortrolig witness init --folder ./witness --name witness.example/w1 --log <key>`
    """
    logs = [word for each in log for word in ("--log", each)]
    become("witness", "init", ["--folder", str(folder), "--name", name, *logs], as_json=as_json)


@app.command("serve")
def serve(
    folder: FolderOption,
    host: Annotated[str | None, typer.Option(help="Address to listen on (127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (8471); 0 takes a free one.")] = None,
    as_json: JsonOption = False,  # noqa: FBT002  (a flag)
) -> None:
    """Cosign checkpoints until SIGTERM; what the log signed and had to be refused is kept in `evidence/`.

    Example: `fortrolig witness serve --folder ./witness --port 8471`
    """
    become("witness", "serve", ["--folder", str(folder)], as_json=as_json, host=host, port=port)


@app.command("status")
def status(folder: FolderOption, as_json: JsonOption = False) -> None:  # noqa: FBT002  (a flag)
    """Tell what was cosigned last for each log and when, and how many signed requests were refused.

    Example: `fortrolig witness status --folder ./witness`
    """
    become("witness", "status", ["--folder", str(folder)], as_json=as_json)
