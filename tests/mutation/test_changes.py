"""A lie is told where it was switched on, and nowhere else."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import pytest

from tests.mutation.changes import SWITCH, Mutant, switched

SOURCE = """
def admitted(age: int, *, told: bool = False) -> str | None:
    if age < 18 and not told:
        return None
    return "adult" if age >= 18 else str(age + 1)
"""
CHANGED, FOUND = switched("sample", SOURCE, 100)


def lying(monkeypatch: pytest.MonkeyPatch, number: int) -> Callable[..., Any]:
    """Give the function as it is with one lie switched on."""
    monkeypatch.setattr(builtins, SWITCH, lambda asked: asked == number, raising=False)
    names: dict[str, Any] = {}
    exec(CHANGED, names)  # noqa: S102  (the source above)
    told: Callable[..., Any] = names["admitted"]
    return told


def named(before: str, after: str) -> Mutant:
    [found] = [each for each in FOUND if (each.before, each.after) == (before, after)]
    return found


def test_without_a_lie_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = lying(monkeypatch, -1)
    assert [plain(17), plain(18), plain(17, told=True)] == [None, "adult", "18"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("age < 18", "age <= 18", [None, None, "18"]),
        ("age < 18 and (not told)", "age < 18", [None, "adult", None]),
        ("age < 18 and (not told)", "False", ["18", "adult", "18"]),
        ("not told", "told", ["18", "adult", None]),
        ("False", "True", ["18", "adult", "18"]),
        ("age >= 18", "age > 18", [None, "19", "18"]),
        ("age + 1", "age - 1", [None, "adult", "16"]),
        ("return 'adult' if age >= 18 else str(age + 1)", "None", [None, None, None]),
    ],
)
def test_each_lie_is_told_alone(
    monkeypatch: pytest.MonkeyPatch, before: str, after: str, said: list[str | None]
) -> None:
    lie = lying(monkeypatch, named(before, after).number)
    assert [lie(17), lie(18), lie(17, told=True)] == said


def test_mutants_are_numbered_from_the_first_and_annotations_stay() -> None:
    assert [each.number for each in FOUND] == list(range(100, 100 + len(FOUND)))
    assert not [each for each in FOUND if "str | None" in each.before]
    assert str(named("age < 18", "age <= 18")) == "protocol/consent/sample.py:3:7: 'age < 18' → 'age <= 18'"
