"""Judging a bundle is total: any JSON, and any JSON anywhere in a valid bundle, gives a verdict or `Refused`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import share
from protocol.bundle import Bundle
from protocol.pins import Pins
from protocol.share import Verified
from protocol.statements.base import Refused
from tests.property.protocol.test_reading import json_values
from tests.unit.protocol.mutations import places, put
from tests.unit.protocol.world import Story, tell


@lru_cache(maxsize=1)
def story() -> Story:
    return tell()


@lru_cache(maxsize=1)
def valid() -> Any:
    return story().bundle().to_json()


def judged(came: Any) -> Verified | str:
    try:
        return share.verify(Bundle.parse(came), story().policy(), Pins(), story().at)
    except Refused as refusal:
        return refusal.code


@settings(deadline=None)
@given(st.data(), json_values)
def test_any_json_anywhere_in_a_bundle_is_refused(data: st.DataObject, other: Any) -> None:
    path, value = data.draw(st.sampled_from(list(places(valid()))))
    came = judged(put(valid(), path, other))
    assert isinstance(came, str) or other == value


@settings(deadline=None)
@given(st.data(), st.characters())
def test_any_letter_changed_anywhere_is_refused(data: st.DataObject, letter: str) -> None:
    texts = [(path, value) for path, value in places(valid()) if isinstance(value, str)]
    path, value = data.draw(st.sampled_from(texts))
    where = data.draw(st.integers(0, len(value) - 1))
    changed = value[:where] + letter + value[where + 1 :]
    assert isinstance(judged(put(valid(), path, changed)), str) or changed == value


@settings(deadline=None)
@given(st.data())
def test_any_two_texts_swapped_are_refused(data: st.DataObject) -> None:
    texts = [(path, value) for path, value in places(valid()) if isinstance(value, str)]
    (first, one), (second, other) = data.draw(st.tuples(st.sampled_from(texts), st.sampled_from(texts)))
    came = judged(put(put(valid(), first, other), second, one))
    assert isinstance(came, str) or one == other


@settings(deadline=None)
@given(st.permutations(range(len(story().chain()))))
def test_the_order_of_the_chain_does_not_matter(order: list[int]) -> None:
    came = {**valid(), "statements": [valid()["statements"][index] for index in order]}
    assert isinstance(judged(came), Verified)
