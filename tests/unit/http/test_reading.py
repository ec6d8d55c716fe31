"""JSON as the border accepts it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.http.reading import DEEPEST, BadJson, read_json

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


@given(ANY_JSON, st.booleans())
def test_what_json_writes_is_read_as_it_was(value: object, escaped: bool) -> None:
    assert read_json(json.dumps(value, ensure_ascii=escaped).encode()) == value


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{} {}",
        b"{'a':1}",
        b"\xff",
        b'"\xc3"',
        "\ufeff{}".encode(),
        "{}".encode("utf-16"),
        b'{"a":1,"a":1}',
        b'{"x":{"a":1,"b":2,"a":3}}',
        b'{"a":1,"\\u0061":1}',
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b'"\\ud800"',
        b'{"\\uDFFF":1}',
        b"1" * 5000,
    ],
)
def test_everything_else_is_refused(raw: bytes) -> None:
    with pytest.raises(BadJson):
        read_json(raw)


def test_depth_is_bounded_before_the_parser_recurses() -> None:
    assert read_json(b"[" * DEEPEST + b"]" * DEEPEST) is not None
    for levels in (DEEPEST + 1, 200_000):
        with pytest.raises(BadJson, match="deeper"):
            read_json(b"[" * levels + b"]" * levels)
        with pytest.raises(BadJson, match="deeper"):
            read_json(b'{"a":' * levels + b"1" + b"}" * levels)


def test_brackets_inside_text_are_no_depth() -> None:
    text = '[{\\"' * 100
    assert read_json(json.dumps([text, "\\", "]"]).encode()) == [text, "\\", "]"]


def test_an_escaped_pair_of_surrogates_is_one_character() -> None:
    assert read_json(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"
