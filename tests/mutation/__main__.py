"""Mutation testing of `protocol/consent`: one small lie at a time, and the tests must notice.

    python -m tests.mutation [--seconds 3600] [--verdicts FILE] [MODULE …]   (decide, judge …; all if none is named)

All mutants (`changes`) lie behind a switch in a copy of the package that comes before the real one on the import path;
the working tree is never touched. The tests of the consent rules are collected once and run in a fork for each mutant
(`playing`). Who survives is listed with its line: either a test is missing, or the change makes no difference, and then
`equivalent.toml` argues why. The verdicts can be kept in a file, so that a run goes on where another ended.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.mutation.changes import Mutant, switched
from tests.mutation.playing import DOUBTFUL, KILLED, SURVIVED

ROOT = Path(__file__).parents[2]
PACKAGE = Path("protocol/consent")
TESTS = ("tests/unit/consent", "tests/property/consent", "tests/oracle")
COPIED = ("keys", "protocol", "tests", "clients", "server", "demo")
LEAST_KILLED = 0.95
AT_ONCE = 250
"""How many mutants one process tries before what it saw is kept."""
ALONE = 300
"""Seconds that one mutant has in a process of its own; whoever runs longer runs in circles."""
EQUIVALENT = Path(__file__).parent / "equivalent.toml"
"""The changes that make no difference, each with its argument."""


class Trial:
    """A copy of the tree in which every mutant lies ready behind the switch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mutants: list[Mutant] = []
        for part in COPIED:
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        for path in sorted((folder / PACKAGE).glob("*.py")):
            changed, found = switched(path.stem, path.read_text(encoding="utf-8"), len(self.mutants))
            path.write_text(changed, encoding="utf-8")
            self.mutants += found

    def try_all(self, wanted: list[Mutant], until: float) -> Iterator[tuple[Mutant, str]]:
        """Yield who is noticed, as far as the time goes; nobody at all where the tests fail without any lie."""
        doubtful = []
        for start in range(0, len(wanted), AT_ONCE):
            for mutant, verdict in self._try(wanted[start : start + AT_ONCE], until):
                doubtful += [mutant] if verdict == DOUBTFUL else []
                yield mutant, verdict
        for mutant in doubtful:
            if time.monotonic() < until:
                # What was computed while the tests were collected may have hidden it: a process of its own says.
                noticed = self._pytest(time.monotonic() + ALONE, "-x", FORTROLIG_MUTANT=str(mutant.number))
                yield mutant, KILLED if noticed else SURVIVED

    def _try(self, wanted: list[Mutant], until: float) -> list[tuple[Mutant, str]]:
        """Try some mutants in forks of one process."""
        asked, answers = self.folder / "wanted.json", self.folder / "verdicts.jsonl"
        asked.write_text(json.dumps([each.number for each in wanted]), encoding="utf-8")
        answers.write_text("", encoding="utf-8")
        self._pytest(until, FORTROLIG_MUTANTS=str(asked), FORTROLIG_VERDICTS=str(answers))
        told = [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()]
        return [(self.mutants[number], verdict) for number, verdict, *_ in told]

    def _pytest(self, until: float, *options: str, **said: str) -> bool:
        """Run the tests; say whether one failed, or none came to its end in time."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder), **said}
        command = [sys.executable, "-m", "pytest", "-p", "tests.mutation.playing", "-p", "no:cacheprovider"]
        command += ["-q", "-n", "0", "--no-header", *options, *TESTS]
        try:
            ended = subprocess.run(
                command,
                cwd=self.folder,
                env=environment,
                capture_output=True,
                timeout=max(until - time.monotonic(), 0),
                check=False,
            )
        except subprocess.TimeoutExpired:
            return True
        return ended.returncode != 0


def main() -> int:
    """Try all mutants that the time allows and that no earlier run saw noticed; fail below 95 % of all."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("modules", nargs="*")
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--verdicts", type=Path, help="keep what was noticed in this file, and go on from it")
    given = parser.parse_args()
    until = time.monotonic() + given.seconds
    with tempfile.TemporaryDirectory() as name:
        trial = Trial(Path(name))
        concerned = [each for each in trial.mutants if not given.modules or each.module in given.modules]
        known = _read(given.verdicts)
        verdicts = {each: KILLED for each in concerned if known.get(str(each)) == KILLED}
        wanted = [each for each in concerned if each not in verdicts]
        for mutant, verdict in trial.try_all(wanted, until):
            verdicts[mutant] = known[str(mutant)] = verdict
            if given.verdicts is not None:
                given.verdicts.write_text(json.dumps(known, indent=1, ensure_ascii=False), encoding="utf-8")
        if wanted and not any(each in verdicts for each in wanted):
            _tell("The tests fail without any lie, or had no time: nothing can be said.")
            return 2
    return _report(concerned, verdicts)


def _report(concerned: list[Mutant], verdicts: dict[Mutant, str]) -> int:
    argued = {(each["module"], each["before"], each["after"]) for each in _equivalent()}
    for each in concerned:
        if verdicts.get(each) not in {None, KILLED}:
            known = (each.module, each.before, each.after) in argued
            _tell(f"{'argued' if known else 'survived'}: {each}")
    there = {(each.module, each.before, each.after) for each in concerned}
    for module, before, after in sorted(argued - there):
        if module in {each.module for each in concerned}:
            _tell(f"argued for nothing: {module}: {before!r} → {after!r}")
    for module in sorted({each.module for each in concerned}):
        _tell(_count(module, [each for each in concerned if each.module == module], verdicts))
    _tell(_count("all", concerned, verdicts))
    killed = sum(verdicts.get(each) == KILLED for each in concerned)
    return 0 if killed >= LEAST_KILLED * len(concerned) else 1


def _count(name: str, among: list[Mutant], verdicts: dict[Mutant, str]) -> str:
    counts = Counter(verdicts.get(each, "not tried") for each in among)
    untried = f", {counts['not tried']} not tried" if counts["not tried"] else ""
    return f"{name}: {counts[KILLED]} of {len(among)} killed, {counts[KILLED] / len(among):.1%}{untried}"


def _equivalent() -> list[dict[str, str]]:
    listed: list[dict[str, str]] = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["equivalent"]
    return listed


def _read(path: Path | None) -> dict[str, str]:
    read: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path is not None and path.exists() else {}
    return read


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
