"""What the tests of this folder look at: the files that git tracks, the documents, the command line."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("keys", "protocol", "server", "clients", "witness", "demo", "bench")

_FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


@lru_cache(maxsize=1)
def tracked() -> tuple[Path, ...]:
    """Return the files that git tracks, as they are in the work tree; skips where there is no git."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is not a git checkout, so nobody can say which files belong to it")
    return tuple(ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file())


def texts() -> Iterator[tuple[Path, str]]:
    """Yield each tracked text file with its content; files that are not UTF-8 are passed over."""
    for path in tracked():
        try:
            yield path, path.read_text("utf-8")
        except UnicodeDecodeError:
            continue


def python_files() -> list[Path]:
    """Return the Python files of the packages, untracked ones too: they are about to be tracked."""
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def document(name: str) -> str:
    """Return a document's text."""
    return (ROOT / name).read_text("utf-8")


def shell_lines(name: str) -> list[list[str]]:
    """Return the commands in a document's `sh` blocks, each as its words; comments are left out."""
    lines = [
        line
        for block in _FENCE.findall(document(name))
        for line in block.replace("\\\n", " ").splitlines()
        if line.strip()
    ]
    return [words for words in (shlex.split(line, comments=True) for line in lines) if words]
