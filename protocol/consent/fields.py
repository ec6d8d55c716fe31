"""Strict reading of closed JSON objects straight into frozen types, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from typing import Any, ClassVar, Self, TypeVar

from protocol.reading import Malformed, listed
from protocol.reading import closed as closed_object

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

Form = Mapping[str, Callable[[Any], Any]]
"""The members of a closed JSON object, each with its parser."""


class Record:
    """A frozen type that is written as a closed JSON object: `form` has the parser of each of its fields."""

    __slots__ = ()
    form: ClassVar[Form]

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read the object; any other shape raises ValueError."""
        return cls(**closed_object(value, cls.__name__, cls.form))


def closed(value: object, **parsers: Callable[[Any], Any]) -> dict[str, Any]:
    """Read an object that has exactly these members, each through its parser; raises `Malformed`."""
    return closed_object(value, "the object", parsers)


def member(of: type[E]) -> Callable[[Any], E]:
    """Make a parser of the words of a closed list."""
    known = {each.value: each for each in of}

    def parse_member(value: Any) -> E:
        try:
            return known[value]
        except (KeyError, TypeError) as error:
            raise Malformed(f"must be one of {', '.join(map(str, known))}") from error

    return parse_member


def set_of(parse: Callable[[Any], T], *, least: int = 0, most: int) -> Callable[[object], frozenset[T]]:
    """Make a parser of lists whose order says nothing."""
    parse_list = listed(parse, least=least, most=most)
    return lambda value: frozenset(parse_list(value))


def ordered(
    parse: Callable[[Any], T], key: Callable[[T], Any], *, least: int = 1, most: int
) -> Callable[[object], tuple[T, ...]]:
    """Make a parser of lists that strictly rise by `key`: one spelling, no duplicates."""
    parse_list = listed(parse, least=least, most=most)

    def parse_ordered(value: object) -> tuple[T, ...]:
        members = parse_list(value)
        for left, right in pairwise(map(key, members)):
            if left >= right:
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
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    names = _names(value.__class__)
    if names:
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    return sorted(map(plain, value)) if isinstance(value, frozenset) else value.isoformat()


@lru_cache
def _names(of: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(of)) if is_dataclass(of) else ()
