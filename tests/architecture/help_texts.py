"""The help of every command, as people see it in a terminal of 100 columns.

`python tests/architecture/help_texts.py --write` writes `help/` anew; do that after changing a command, and read the
difference before committing it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "help"
# A home of nobody's: it stands in the help as the default of --home.
_ENVIRONMENT = {"HOME": "/home/kari", "COLUMNS": "100", "TERMINAL_WIDTH": "100", "TERM": "dumb", "NO_COLOR": "1"}


def rendered() -> dict[str, str]:
    """Return each command's help by the file's name that it is kept under, rendered in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__],
        cwd=Path(__file__).parents[2],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": ".", **_ENVIRONMENT},
        capture_output=True,
        check=True,
        timeout=120,
    )
    helps: dict[str, str] = json.loads(done.stdout)
    return helps


def kept() -> dict[str, str]:
    """Return the committed help texts by file name."""
    return {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.txt")}


def write() -> None:
    """Replace the committed help texts by the present ones."""
    # Rendered first: a command line that does not start must not cost the committed texts.
    present = rendered()
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.txt"):
        path.unlink()
    for name, text in present.items():
        (FOLDER / name).write_text(text, "utf-8")


def _render() -> dict[str, str]:
    from typer.main import get_command  # noqa: PLC0415  (only the child process needs it)
    from typer.testing import CliRunner  # noqa: PLC0415  (same)

    from clients.cli.main import app  # noqa: PLC0415  (same; imported here, it reads the home of the environment above)

    def named(command: object, words: tuple[str, ...]) -> list[tuple[str, ...]]:
        below = getattr(command, "commands", {})
        return [words, *(name for word in sorted(below) for name in named(below[word], (*words, word)))]

    runner = CliRunner()
    return {
        f"{'-'.join(('fortrolig', *words))}.txt": "".join(
            f"{line.rstrip()}\n" for line in runner.invoke(app, [*words, "--help"]).output.strip().splitlines()
        )
        for words in named(get_command(app), ())
    }


if __name__ == "__main__":
    if "--write" in sys.argv:
        write()
    else:
        sys.stdout.write(json.dumps(_render()))
