"""The plugin that runs the tests once for every mutant, each time in a fork of one process that has collected them.

A first run, without a lie, tells how long each test takes and which mutants it reaches. Each mutant is then given to
the tests that reach it, those that noticed others first, the quick before the slow, until one fails. What is also
reached while modules are imported or tests collected may hide behind what was computed then: if it survives, it is
`doubtful`, and somebody starts a process of its own for it.
"""

from __future__ import annotations

import builtins
import json
import os
import pickle
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings

from tests.mutation.changes import SWITCH

LONGEST = 60
"""Seconds of processor time after which a mutant that runs in circles counts as noticed."""
KILLED, SURVIVED, DOUBTFUL = "killed", "survived", "doubtful"

ACTIVE = int(os.environ.get("FORTROLIG_MUTANT", "-1"))
_reached: set[int] = set()
_active = [ACTIVE]


def _is_active(number: int) -> bool:
    _reached.add(number)
    return number == _active[0]


def pytest_configure() -> None:
    """Put the switch where every module finds it, and let hypothesis repeat itself and shrink nothing."""
    setattr(builtins, SWITCH, _is_active)
    settings.register_profile(
        "mutation", deadline=None, database=None, phases=(Phase.explicit, Phase.generate), derandomize=True
    )
    settings.load_profile("mutation")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Try every mutant that stands in the file of FORTROLIG_MUTANTS; write a line for each to FORTROLIG_VERDICTS."""
    named = os.environ.get("FORTROLIG_MUTANTS")
    if named is None or session.testsfailed:
        return None
    numbers: list[int] = json.loads(Path(named).read_text(encoding="utf-8"))
    early = set(_reached)
    reached, seconds = _plain_run(session.items)
    noticed: Counter[int] = Counter()
    with Path(os.environ["FORTROLIG_VERDICTS"]).open("a", encoding="utf-8") as verdicts:
        for number in numbers:
            chosen = sorted(
                (item for item, those in enumerate(reached) if number in those),
                key=lambda item: (-noticed[item], seconds[item]),
            )
            by = _first_failure(session.items, chosen, number)
            if by is not None:
                noticed[by] += 1
            verdict = KILLED if by is not None else DOUBTFUL if number in early else SURVIVED
            who = None if by is None or by < 0 else session.items[by].nodeid
            verdicts.write(json.dumps([number, verdict, len(chosen), who]) + "\n")
            verdicts.flush()
    return True


def _plain_run(items: list[pytest.Item]) -> tuple[list[set[int]], list[float]]:
    """Run everything without a lie: what each test reaches, and its seconds.

    Raises:
        RuntimeError: a test fails as it is, so that nothing can be said.
    """

    def run() -> Any:
        found = []
        for item in items:
            _reached.clear()
            began = time.perf_counter()
            if _fails(item):
                return item.nodeid
            found.append((set(_reached), time.perf_counter() - began))
        return found

    told = _in_fork(run, limit=3600)
    broken = None if isinstance(told, list) else told
    if broken is not None:
        raise RuntimeError(f"this fails without any lie: {broken}")
    return [one for one, _ in told], [one for _, one in told]


def _first_failure(items: list[pytest.Item], chosen: list[int], number: int) -> int | None:
    """Say which test notices a mutant first; -1 where it ran for ever, None where none did."""

    def run() -> int | None:
        _active[0] = number
        return next((each for each in chosen if _fails(items[each])), None)

    found: int | None = _in_fork(run, limit=LONGEST) if chosen else None
    return found


def _fails(item: pytest.Item) -> bool:
    reports = runtestprotocol(item, log=False, nextitem=None)
    return any(report.failed for report in reports)


def _in_fork(run: Callable[[], Any], limit: int) -> Any:
    """Run something in a process of its own, and give what it returns; -1 where it was stopped."""
    with tempfile.TemporaryFile() as answer:
        child = os.fork()
        if child == 0:
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, sys.stdout.fileno())
            try:
                answer.write(pickle.dumps(run()))
                answer.flush()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        answer.seek(0)
        said = answer.read()
    return pickle.loads(said) if said else -1  # noqa: S301  (written by our own child a moment ago)
