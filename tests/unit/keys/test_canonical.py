from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Any

import pytest
import rfc8785

from keys.canonical import DEEPEST, LARGEST_INTEGER, NotCanonical, canonical, parse
from tests.unit.keys import vectors


class Name(StrEnum):
    CARE = "care"


class Number(IntEnum):
    ONE = 1


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("case", vectors.cases("canonical.json", "accepted"))
def test_canonical_bytes_are_read_and_written_again(case: dict[str, str]) -> None:
    text = bytes.fromhex(case["bytes"])
    assert canonical(parse(text)) == text == rfc8785.dumps(parse(text))


@pytest.mark.parametrize("case", vectors.cases("canonical.json", "refused"))
def test_all_other_bytes_are_refused(case: dict[str, str]) -> None:
    with pytest.raises(NotCanonical):
        parse(bytes.fromhex(case["bytes"]))


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        (),
        (1,),
        {"a": (1,)},
        {1: 2},
        {None: 2},
        {"a": 1, 2: 3},
        LARGEST_INTEGER + 1,
        -LARGEST_INTEGER - 1,
        [10**400],
        "\ud800",
        {"\udfff": 1},
        {"\ud800\U0001f600": 1},
        b"bytes",
        {"set"},
        object(),
        range(2),
        nested(DEEPEST + 1),
    ],
)
def test_a_value_without_one_spelling_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)


def test_a_lone_surrogate_beside_a_character_beyond_16_bits_is_refused() -> None:
    with pytest.raises(NotCanonical):
        canonical(["\U0001f600", "\ud800"])


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(NotCanonical):
        canonical(value)


def test_nesting_is_allowed_to_its_limit() -> None:
    assert canonical(nested(DEEPEST)) == b"[" * DEEPEST + b"1" + b"]" * DEEPEST


def test_names_are_sorted_by_16_bit_units() -> None:
    # U+1F600 is D83D DE00 in 16-bit units, and so comes before U+FB33.
    assert canonical({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


def test_named_text_and_numbers_are_written_as_what_they_stand_for() -> None:
    assert canonical({Name.CARE: [Name.CARE, Number.ONE, True]}) == b'{"care":["care",1,true]}'
