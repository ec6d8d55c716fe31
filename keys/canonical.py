"""Canonical JSON (RFC 8785), for the values that have one spelling everywhere.

Allowed are text, integers up to 2**53-1, booleans, null, lists and objects. Floats are not: no field needs them, and
two languages may print one differently.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

import rfc8785

if TYPE_CHECKING:
    from collections.abc import Iterable

LARGEST_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8785 §3.2.2.3)."""

DEEPEST = 64
"""How many lists and objects may stand inside one another."""

# What is written was checked or has just been read: there are no circles to look out for.
_compact = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False).encode


class NotCanonical(ValueError):
    """The value has no canonical form here, or the bytes are not in it."""


def canonical(value: Any) -> bytes:
    """Write a JSON value in its one spelling, as UTF-8.

    Raises:
        NotCanonical: the value holds a float, a tuple, a key that is no text, an integer beyond 2**53-1, a lone
            surrogate, anything that is no JSON value, or nests deeper than `DEEPEST`.
    """
    _check(value, DEEPEST)
    return rewritten(value)


def rewritten(value: Any) -> bytes:
    """Write a value of which every member has been read strictly, so that there is nothing left to refuse but text.

    Raises:
        NotCanonical: text holds a lone surrogate.
    """
    text = _compact(value)
    if text.isascii():
        return text.encode("ascii")
    try:
        written = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonical("text holds a lone surrogate") from error
    # Without floats, json (in C, ten times as fast) differs from RFC 8785 in one thing only: it sorts names by code
    # points, not by 16-bit units, which is another order only where a character needs two of them.
    return rfc8785.dumps(value) if _is_beyond_16_bits(text) else written


def _is_beyond_16_bits(text: str) -> bool:
    return not text.isascii() and len(text.encode("utf-16-le")) > 2 * len(text)


def parse(text: bytes) -> Any:
    """Read bytes that are exactly `canonical` of some value, and return that value.

    Comparing with the canonical form also refuses duplicate names, white space, other escapes, other orders and `-0`.

    Raises:
        NotCanonical: any other bytes.
    """
    try:
        given = text.decode("utf-8")
        value = _read(given)
    # ValueError covers bad UTF-8, bad JSON and integers of thousands of digits.
    except (ValueError, RecursionError) as error:
        raise NotCanonical("the bytes are not JSON of text, integers, booleans, null, lists and objects") from error
    # Of all that `_check` refuses, only depth can have got this far, and that takes brackets.
    if text.count(b"[") + text.count(b"{") > DEEPEST:
        _check(value, DEEPEST)
    # Text is compared as it was decoded: most of what comes in has no need to be encoded again.
    same = rewritten(value) == text if _is_beyond_16_bits(given) else _compact(value) == given
    if not same:
        raise NotCanonical("the bytes are JSON, but not in canonical form")
    return value


def _check(value: Any, depth: int) -> None:
    """Refuse what rfc8785 would let pass (floats, tuples) and what this project has no use for."""
    if value is None or isinstance(value, str | bool):
        return
    if isinstance(value, int):
        _check_integer(value)
        return
    if depth == 0:
        raise NotCanonical(f"lists and objects nest deeper than {DEEPEST}")
    for item in _items(value):
        if not isinstance(item, str):
            _check(item, depth - 1)


def _check_integer(value: int) -> None:
    if not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        raise NotCanonical("an integer is beyond 2**53-1")


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        raise NotCanonical(f"canonical JSON here has no {type(value).__name__}")
    for name in value:
        if not isinstance(name, str):
            raise NotCanonical("a name in an object is no text")
    return value.values()


def _integer(text: str) -> int:
    value = int(text)
    _check_integer(value)
    return value


def _refuse_number(text: str) -> NoReturn:
    raise NotCanonical(f"{text[:20]} is no integer")


_read = json.JSONDecoder(parse_int=_integer, parse_float=_refuse_number, parse_constant=_refuse_number).decode
