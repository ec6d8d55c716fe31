"""Ranges of bytes (RFC 9110 §14): one range is answered, several are answered with the whole."""

from __future__ import annotations

import re
from typing import NamedTuple

_ONE = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.IGNORECASE)


class Span(NamedTuple):
    """A range within the content: the first byte and how many."""

    start: int
    length: int


class Unsatisfiable(NamedTuple):
    """A well-formed range that lies outside the content."""


def parse_range(header: str | None, length: int) -> Span | Unsatisfiable | None:
    """Read a `Range` header for content of `length` bytes; None: answer with all of it.

    A header of another unit or form is ignored, as §14.2 asks for.
    """
    found = None if header is None else _ONE.fullmatch(header)
    if found is None or found[0].strip().endswith("=-") or not (found[1] or found[2]):
        return None
    if not found[1]:
        wanted = min(int(found[2]), length)
        return Span(length - wanted, wanted) if wanted else Unsatisfiable()
    first = int(found[1])
    last = length - 1 if not found[2] else min(int(found[2]), length - 1)
    if found[2] and int(found[2]) < first:
        return None
    return Span(first, last - first + 1) if first < length else Unsatisfiable()
