"""Pins only move forward, whatever is shown in whatever order."""

from __future__ import annotations

import json
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from protocol.pins import Pins
from protocol.statements.base import Refused

shown = st.lists(
    st.tuples(st.sampled_from(["policy", "unit", "sheet"]), st.integers(0, 4), st.integers(0, 1)), max_size=30
)


def digest(number: int, which: int) -> str:
    return sha256(f"{number} {which}".encode()).hexdigest()


@given(shown)
def test_a_pin_never_falls_and_never_has_two_truths(statements: list[tuple[str, int, int]]) -> None:
    pins = Pins()
    believed: dict[str, tuple[int, str]] = {}
    for name, number, which in statements:
        highest, known = believed.get(name, (-1, ""))
        expected = (
            "rolled-back"
            if number < highest
            else "two-truths"
            if number == highest and known != digest(number, which)
            else None
        )
        before = pins
        try:
            pins = pins.checked(name, number, digest(number, which))
            found = None
        except Refused as refusal:
            found = refusal.code
        assert found == expected
        if found is None:
            believed[name] = (number, digest(number, which))
        else:
            assert pins is before
        assert {name: (pin.number, pin.digest) for name, pin in pins.known.items()} == believed


@given(shown)
def test_pins_are_read_as_they_were_written(statements: list[tuple[str, int, int]]) -> None:
    pins = Pins()
    for name, number, which in sorted(set(statements)):
        if name not in pins.known or number > pins.known[name].number:
            pins = pins.checked(name, number, digest(number, which))
    assert Pins.parse(json.loads(json.dumps(pins.to_json()))) == Pins(dict(pins.known))


@given(st.text(min_size=1), st.integers(0, 9))
def test_what_was_pinned_stays_pinned(name: str, number: int) -> None:
    pins = Pins().checked(name, number, digest(number, 0))
    assert pins.checked(name, number, digest(number, 0)) is pins
    assert Pins().known == {}
