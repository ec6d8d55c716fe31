"""docs/edge-cases.md has every case of the domain once, with a standing, reasons that exist and tests that exist."""

from __future__ import annotations

import ast
import re

from protocol.consent.answer import Reason
from tests.architecture.repository import ROOT, document

FOLDER = ROOT / "tests" / "unit" / "consent" / "scenarios"
_ROW = re.compile(r"^\| (E\d+) \|", re.MULTILINE)
_TEST = re.compile(r"`(test_\w+\.py)::(test_\w+)`")
_CODE = re.compile(r"`([a-z]+(?:-[a-z]+)*)`")


def rows() -> dict[str, list[str]]:
    """Return the cells of each case's row: case, standing, what is done, answer, tests."""
    lines = [line for line in document("docs/edge-cases.md").splitlines() if _ROW.match(line)]
    found = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]] for line in lines}
    assert len(found) == len(lines)
    return found


def scenarios() -> set[tuple[str, str]]:
    """Return every scenario test by file and name."""
    return {
        (path.name, node.name)
        for path in FOLDER.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_case_of_the_domain_has_one_row_with_its_standing() -> None:
    found = rows()
    assert set(found) == {f"E{number}" for number in range(1, 36)}
    for case, cells in found.items():
        assert len(cells) == 5, case
        assert cells[1] in {"done", "part", "refused"}, case


def test_every_row_names_a_test_of_its_own_that_exists() -> None:
    known = scenarios()
    for case, cells in rows().items():
        named = _TEST.findall(cells[4])
        assert named, f"{case} names no test"
        for path, test in named:
            assert (path, test) in known, f"{case} names {path}::{test}"
            assert f"_e{int(case[1:]):02}_" in test, f"{test} is not named after {case}"


def test_every_scenario_named_after_a_case_stands_in_its_row() -> None:
    told = {pair for cells in rows().values() for pair in _TEST.findall(cells[4])}
    assert {pair for pair in scenarios() if re.match(r"test_e\d\d_", pair[1])} == told


def test_every_reason_in_a_row_is_one_that_decide_answers() -> None:
    for case, cells in rows().items():
        assert set(_CODE.findall(cells[3])) <= set(Reason), case
