"""Whoever says that a change makes no difference says so once, and why."""

from __future__ import annotations

import tomllib
from pathlib import Path

LISTED = Path(__file__).parent / "equivalent.toml"
ARGUED = tomllib.loads(LISTED.read_text(encoding="utf-8"))["equivalent"]


def test_nothing_is_argued_twice_and_every_argument_is_a_sentence() -> None:
    named = [(each["module"], each["before"], each["after"]) for each in ARGUED]
    assert len(set(named)) == len(named)
    assert all(each["why"].endswith(".") and set(each) == {"module", "before", "after", "why"} for each in ARGUED)
