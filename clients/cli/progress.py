"""A progress bar for a person at a terminal, and silence for everything else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from clients.cli.plain import plain
from clients.cli.session import Session
from clients.sdk import uploads


@contextmanager
def bar(session: Session, what: str) -> Iterator[uploads.Progress]:
    """Show how far something is, if somebody is watching."""
    if session.as_json or not sys.stderr.isatty():
        yield uploads.silent
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(plain(what), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
