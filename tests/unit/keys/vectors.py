"""The JSON vectors of `tests/vectors/keys`, as pytest parameters named by the vector."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

FOLDER = Path(__file__).parents[2] / "vectors" / "keys"


def load(file: str) -> dict[str, Any]:
    vectors: dict[str, Any] = json.loads((FOLDER / file).read_text(encoding="utf-8"))
    return vectors


def load_list(file: str) -> list[dict[str, str]]:
    vectors: list[dict[str, str]] = json.loads((FOLDER / file).read_text(encoding="utf-8"))
    return vectors


def cases(file: str, group: str) -> list[Any]:
    return [pytest.param(case, id=case.get("name")) for case in load(file)[group]]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make", FOLDER / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
