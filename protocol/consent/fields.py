"""Strict reading of closed JSON objects straight into frozen types, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from itertools import pairwise
from typing import Any, TypeVar

from protocol.reading import Malformed, listed
from protocol.reading import closed as closed_object

T = TypeVar("T")


def closed(value: object, **parsers: Callable[[Any], Any]) -> dict[str, Any]:
    """Read an object that has exactly these members, each through its parser.

    Raises:
        Malformed: no object, a member missing, one too many, or one that its parser refuses.
    """
    return closed_object(value, "the object", parsers)


def ordered(
    parse: Callable[[Any], T], key: Callable[[T], Any], *, least: int = 1, most: int
) -> Callable[[object], tuple[T, ...]]:
    """Make a parser of lists that strictly rise by `key`: one spelling, no duplicates."""
    parse_list = listed(parse, least=least, most=most)

    def parse_ordered(value: object) -> tuple[T, ...]:
        members = parse_list(value)
        keys = [key(member) for member in members]
        if any(left >= right for left, right in pairwise(keys)):
            raise Malformed("must be in order, without duplicates")
        return members

    return parse_ordered


def short_text(most: int) -> Callable[[object], str]:
    """Make a parser of text of 1 to `most` characters."""

    def parse_text(value: object) -> str:
        if not isinstance(value, str) or not 1 <= len(value) <= most:
            raise Malformed(f"must be text of 1 to {most} characters")
        return value

    return parse_text


def plain(value: Any) -> Any:
    """Write a frozen type as JSON values: objects, lists, text, whole numbers, booleans, null."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(member) for name, member in value.items()}
    if isinstance(value, tuple):
        return [plain(member) for member in value]
    if isinstance(value, frozenset):
        return sorted(plain(member) for member in value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, str) else value
