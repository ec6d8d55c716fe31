"""Mutation testing of `protocol/consent`: one small lie at a time, and the tests must notice.

    python -m tests.mutation [--seconds 3600] [--seed 1] [MODULE …]      (decide, judge, law …; all if none is named)

Each mutant is one changed comparison, boolean, constant, return or arithmetic sign, in a copy of the package that comes
before the real one on the import path; the working tree is never touched. The tests of the consent rules are then run
on it. Who survives is listed with its line: either a test is missing, or the change makes no difference, which somebody
must argue. The share killed is of those tried within the time.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = Path("protocol/consent")
TESTS = ("tests/unit/consent", "tests/property/consent", "tests/oracle")
"""In this order, and the first failure ends a run: examples are quicker than generated values."""
COPIED = ("keys", "protocol", "tests", "clients", "server", "demo")

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_SIGNS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


@dataclass(frozen=True)
class Mutant:
    """One changed module: where, what was there, and what is there instead."""

    module: str
    line: int
    before: str
    after: str
    source: str


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """Yield every mutant of one module, in the order of its lines."""
    tree = ast.parse(source)
    idle = {id(each) for annotation in _annotations(tree) for each in ast.walk(annotation)}
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in idle:
            continue
        for variant in range(len(_changes(node))):
            changed = copy.deepcopy(tree)
            twin = next(each for at, each in enumerate(ast.walk(changed)) if at == place)
            before = ast.unparse(node)
            _changes(twin)[variant][1]()
            after = ast.unparse(twin)
            if after != before:
                yield Mutant(module, getattr(node, "lineno", 0), before, after, ast.unparse(changed))


def _changes(node: ast.AST) -> list[tuple[str, Callable[[], object]]]:  # noqa: C901  (one branch a kind of node)
    """List what can be changed at a node, each with what does it."""
    found: list[tuple[str, Callable[[], object]]] = []
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            other = _COMPARISONS.get(type(operator))
            if other is not None:
                found.append(("comparison", partial(_put, node.ops, at, other())))
    elif isinstance(node, ast.BoolOp):
        found.append(("boolean", partial(setattr, node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())))
        found += [("operand", partial(node.values.pop, at)) for at in range(len(node.values)) if len(node.values) > 1]
    elif isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
        found.append(("sign", partial(setattr, node, "op", _SIGNS[type(node.op)]())))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        found.append(("not", partial(setattr, node, "operand", ast.UnaryOp(ast.Not(), node.operand))))
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        found.append(("constant", partial(setattr, node, "value", not node.value)))
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        found.append(("constant", partial(setattr, node, "value", node.value + 1)))
    elif isinstance(node, ast.If):
        found += [("condition", partial(setattr, node, "test", ast.Constant(value))) for value in (True, False)]
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        found.append(("return", partial(setattr, node, "value", ast.Constant(None))))
    elif isinstance(node, ast.IfExp):
        found += [("choice", partial(setattr, node, "test", ast.Constant(value))) for value in (True, False)]
    return found


def _annotations(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield what only a type checker reads: no test can notice a change there."""
    for node in ast.walk(tree):
        annotation = getattr(node, "returns", None) or getattr(node, "annotation", None)
        if isinstance(annotation, ast.expr):
            yield annotation


def _put(operators: list[ast.cmpop], at: int, other: ast.cmpop) -> None:
    operators[at] = other


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def killed(mutant: Mutant, folder: Path, tests: tuple[str, ...]) -> bool:
    """Run the tests on one mutant; one that hangs is killed by the clock."""
    target = folder / PACKAGE / f"{mutant.module}.py"
    original = target.read_text(encoding="utf-8")
    target.write_text(mutant.source, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--no-header", *tests]
    try:
        ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=180, check=False)
    except subprocess.TimeoutExpired:
        return True
    finally:
        target.write_text(original, encoding="utf-8")
    return ended.returncode != 0


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Try as many mutants as the time allows, in an order that the seed decides; fail below 95 %."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("modules", nargs="*")
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tests", action="append", help="run only these; repeat")
    parser.add_argument("--deselect", action="append", default=[], help="a test to leave out; repeat")
    given = parser.parse_args()
    paths = sorted((ROOT / PACKAGE).glob("*.py"))
    found = [
        mutant
        for path in paths
        if path.stem != "__init__" and (not given.modules or path.stem in given.modules)
        for mutant in mutants(path.stem, path.read_text(encoding="utf-8"))
    ]
    random.Random(given.seed).shuffle(found)  # noqa: S311  (an order, no secret)
    survivors, tried, until = [], 0, time.monotonic() + given.seconds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in COPIED:
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        tests = (*(given.tests or TESTS), *(f"--deselect={each}" for each in given.deselect))
        plain = (ROOT / PACKAGE / "decide.py").read_text(encoding="utf-8")
        unchanged, broken = Mutant("decide", 0, "", "", plain), Mutant("decide", 0, "", "", f"{plain}\nraise OSError\n")
        if killed(unchanged, folder, tests) or not killed(broken, folder, tests):
            _tell("The tests fail without any change, or never see the copy: nothing can be said.")
            return 2
        for mutant in found:
            if time.monotonic() > until:
                break
            tried += 1
            if not killed(mutant, folder, tests):
                survivors.append(mutant)
                _tell(f"survived: {PACKAGE / mutant.module}.py:{mutant.line}: {mutant.before!r} → {mutant.after!r}")
    share = 1 - len(survivors) / tried if tried else 0.0
    _tell(f"{tried} of {len(found)} mutants tried, {tried - len(survivors)} killed: {share:.1%}")
    return 0 if share >= LEAST_KILLED else 1


LEAST_KILLED = 0.95

if __name__ == "__main__":
    sys.exit(main())
