"""Reading test vectors: the project's own, and outside ones that stand beside the project when they are there."""

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


def own(name: str) -> dict[str, Any]:
    vectors: dict[str, Any] = json.loads((ROOT / "tests" / "vectors" / "log" / name).read_text())
    return vectors


def outside(name: str) -> dict[str, Any]:
    path = ROOT.parent / "shared" / "vectors" / name
    if not path.exists():
        pytest.skip("the outside vectors are not beside the project")
    vectors: dict[str, Any] = json.loads(path.read_text())
    return vectors


def reasons(cases: list[dict[str, Any]]) -> list[str]:
    return [case["why"] for case in cases]
