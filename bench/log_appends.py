"""Appending to the log with a receipt, 64 requests at once, beside pymerkle's append plus proof.

pymerkle proves inclusion without signing; a receipt of ours also carries a signed checkpoint. Its tree takes one
entry at a time under a lock and commits each; it runs with the number of threads that serves it better (one). It is
measured twice: as it comes (SQLite's rollback journal, `synchronous=FULL`), and with the write-ahead log switched on
from outside (`synchronous=FULL` too), which is no less durable and which whoever deploys it could do. Both sides
start from an empty tree in every run.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench import peers
from bench.frame import Comparison, Goal, Quantity, Ratio
from bench.results import SCRATCH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.frame import Run, Scale

CONCURRENT = 64
ENTRY_BYTES = 220
"""As long as an entry of ours."""
THREADS = 1
SYNCHRONOUS_FULL = 2
APPENDS, APPENDS_WAL = "log_appends_per_second", "log_appends_per_second_against_wal"


@contextlib.contextmanager
def ours(scale: Scale) -> Iterator[Run]:
    """Append through the writer's group commit, in a process of its own; each run begins a new log."""
    count = 640 if scale.quick else 8_000

    def run() -> dict[str, float]:
        folder = _fresh("log")
        worker: list[str | Path] = [sys.executable, "-m", "bench.log_worker", folder, str(count), str(CONCURRENT)]
        rate = json.loads(peers.output_of(worker))["rate"]
        return {APPENDS: rate, APPENDS_WAL: rate}

    yield run


@contextlib.contextmanager
def reference(scale: Scale) -> Iterator[Run]:
    """Append and prove in pymerkle's own environment."""
    python = peers.python_with("pymerkle", peers.PYMERKLE)
    count = 200 if scale.quick else 2_000

    def run() -> dict[str, float]:
        return {APPENDS: _rate(python, count, "delete"), APPENDS_WAL: _rate(python, count, "wal")}

    yield run


def _rate(python: Path, count: int, journal: str) -> float:
    folder = _fresh("pymerkle")
    worker = Path(__file__).with_name("pymerkle_worker.py")
    found = json.loads(peers.output_of([python, worker, folder, str(count), str(ENTRY_BYTES), str(THREADS), journal]))
    if (found["journal_mode"], found["synchronous"]) != (journal, SYNCHRONOUS_FULL):
        raise RuntimeError(f"pymerkle ran with other settings than {journal} and FULL: {found}")
    return float(found["rate"])


def _fresh(name: str) -> Path:
    folder = SCRATCH / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


COMPARISON = Comparison(
    name="log",
    about=f"{CONCURRENT} concurrent appends, a receipt each once durable; reference: append_entry and prove_inclusion",
    quantities=(
        Quantity(
            APPENDS,
            f"{peers.PYMERKLE} SqliteTree, as it comes",
            higher_is_better=True,
            ratio=Ratio.OURS_BY_REFERENCE,
            goal=Goal(least=6),
        ),
        Quantity(
            APPENDS_WAL,
            f"{peers.PYMERKLE} SqliteTree, WAL",
            higher_is_better=True,
            ratio=Ratio.OURS_BY_REFERENCE,
        ),
    ),
    reference=reference,
    ours=ours,
)
