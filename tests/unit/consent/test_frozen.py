"""What a decision rests on cannot be changed under its hands."""

from __future__ import annotations

import importlib
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import pytest

import protocol.consent

MODULES = sorted(path.stem for path in Path(protocol.consent.__path__[0]).glob("*.py"))


def dataclasses_of(module: str) -> list[Any]:
    found = vars(importlib.import_module(f"protocol.consent.{module}")).values()
    return [each for each in found if isinstance(each, type) and is_dataclass(each)]


@pytest.mark.parametrize("module", MODULES)
def test_every_class_of_facts_terms_and_answers_is_frozen(module: str) -> None:
    assert [each.__name__ for each in dataclasses_of(module) if not vars(each)["__dataclass_params__"].frozen] == []


def test_there_are_such_classes_to_ask() -> None:
    assert {each.__name__ for each in dataclasses_of("case")} >= {"Case", "Sheet", "Shield", "Signature"}
