"""JSON as this server accepts it: UTF-8, each name once, no NaN, bounded depth."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

DEEPEST = 32
"""Levels of nesting; no form here needs a third of it."""

_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


class BadJson(ValueError):
    """The bytes are not JSON as accepted here."""


def read_json(raw: bytes) -> Any:
    """Parse one JSON value.

    Raises:
        BadJson: not UTF-8, not JSON, a name twice in an object, NaN or an infinity, a lone surrogate, or too deep.
    """
    if (_more_than(DEEPEST // 2, b"[", raw) or _more_than(DEEPEST // 2, b"{", raw)) and _depth(raw) > DEEPEST:
        raise BadJson(f"nested deeper than {DEEPEST} levels")
    try:
        value = _read(raw.decode("utf-8"))
        if b"\\" in raw and b"\\ud" in raw.lower():
            # An escaped lone surrogate is a Python string that no file, hash or database can hold.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except BadJson:
        raise
    except (ValueError, RecursionError) as fault:
        raise BadJson("not JSON in UTF-8") from fault
    return value


def _more_than(most: int, bracket: bytes, raw: bytes) -> bool:
    """Say whether there are so many, without looking at what lies between them: `count` takes ten times as long."""
    position = -1
    for _ in range(most + 1):
        position = raw.find(bracket, position + 1)
        if position < 0:
            return False
    return True


def _depth(raw: bytes) -> int:
    """Count the deepest nesting before parsing: the parser itself recurses."""
    depth = deepest = 0
    for bracket in _TEXT.sub(b"", raw).translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise BadJson("a name occurs twice in one object")
    return value


def _constant(name: str) -> NoReturn:
    raise BadJson(f"{name} is not a JSON number")


_read = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant).decode
