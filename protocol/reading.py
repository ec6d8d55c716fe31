"""Strict reading of JSON objects: every member is asked for by name, and leftovers are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from keys.canonical import LARGEST_INTEGER

T = TypeVar("T")

FORMAT_VERSION = 1
"""The one version that this code reads and writes (DESIGN §10)."""


_ABSENT: Any = object()
_LISTS = (list, tuple)


class Malformed(ValueError):
    """The value is not of its documented form; the text names the member."""


class Fields:
    """The members of one JSON object, each taken exactly once."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise Malformed(f"{where} must be an object")
        self._left: dict[str, Any] = dict(value)
        self._where = where

    def take(self, name: str, parse: Callable[[Any], T]) -> T:
        """Take a required member; any `ValueError` of its parser becomes `Malformed`, naming the member."""
        taken: T = self.take_all({name: parse})[name]
        return taken

    def take_or_null(self, name: str, parse: Callable[[Any], T]) -> T | None:
        """Take a member that is present but may be null."""
        if self._left.get(name, _ABSENT) is None:
            del self._left[name]
            return None
        return self.take(name, parse)

    def take_all(self, parsers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
        """Take these members, all required: in one pass, for the forms that are read most."""
        if not self._left.keys() >= parsers.keys():
            raise _unlike(self._left, self._where, parsers)
        taken = _each(self._left, self._where, parsers)
        for name in parsers:
            del self._left[name]
        return taken

    def match(self, name: str, expected: str) -> None:
        """Take a member that must be exactly this text."""
        if self._left.pop(name, _ABSENT) != expected:
            raise Malformed(f"{self._where}.{name} must be {expected}")

    def version(self) -> None:
        """Take `v` and refuse any other version than ours."""
        self.take("v", _our_version)

    def done(self) -> None:
        """Refuse whatever was not asked for."""
        if self._left:
            raise Malformed(f"{self._where} has unknown members: {', '.join(sorted(self._left))}")


def closed(value: object, where: str, parsers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """Read an object that has exactly these members, each through its parser.

    Raises:
        Malformed: no object, a member missing, one too many, or one that its parser refuses.
    """
    if not isinstance(value, dict):
        raise Malformed(f"{where} must be an object")
    if value.keys() != parsers.keys():
        raise _unlike(value, where, parsers)
    return _each(value, where, parsers)


def _unlike(value: Mapping[str, Any], where: str, parsers: Mapping[str, Callable[[Any], Any]]) -> Malformed:
    for name in parsers:
        if name not in value:
            return Malformed(f"{where} lacks '{name}'")
    return Malformed(f"{where} has unknown members: {', '.join(sorted(value.keys() - parsers.keys()))}")


def _each(values: Mapping[str, Any], where: str, parsers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    taken = {}
    for name, parse in parsers.items():
        try:
            taken[name] = parse(values[name])
        except ValueError as error:
            raise Malformed(f"{where}.{name}: {error}") from error
    return taken


def _our_version(value: object) -> int:
    if type(value) is not int or value != FORMAT_VERSION:
        raise Malformed("unknown version: update your client")
    return FORMAT_VERSION


def optional(parse: Callable[[Any], T]) -> Callable[[object], T | None]:
    """Make a parser that also takes null."""
    return lambda value: None if value is None else parse(value)


def text(value: object) -> str:
    """Take non-empty text."""
    if not isinstance(value, str) or not value:
        raise Malformed("must be non-empty text")
    return value


def text_up_to(most: int) -> Callable[[object], str]:
    """Take non-empty text of at most so many characters."""

    def parse(value: object) -> str:
        taken = text(value)
        if len(taken) > most:
            raise Malformed(f"must not be longer than {most} characters")
        return taken

    return parse


def integer(value: object) -> int:
    """Take a whole number of zero or more that JSON keeps exactly."""
    if type(value) is not int or not 0 <= value <= LARGEST_INTEGER:  # `type`, because True is an int too
        raise Malformed("must be a whole number of zero or more")
    return value


def boolean(value: object) -> bool:
    """Take true or false."""
    if not isinstance(value, bool):
        raise Malformed("must be true or false")
    return value


def one_of(*allowed: str) -> Callable[[object], str]:
    """Take one of a closed list of words."""

    def parse(value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise Malformed(f"must be one of {', '.join(allowed)}")
        return value

    return parse


def listed(parse: Callable[[Any], T], *, least: int = 0, most: int = 1_000) -> Callable[[object], tuple[T, ...]]:
    """Take an array of `least` to `most` values, each by `parse`."""

    def parse_all(value: object) -> tuple[T, ...]:
        if not isinstance(value, _LISTS):
            raise Malformed("must be a list")
        if not least <= len(value) <= most:
            raise Malformed(f"must hold {least} to {most} values")
        return tuple(map(parse, value))

    return parse_all


def distinct(parse: Callable[[Any], T], *, least: int = 0, most: int = 1_000) -> Callable[[object], tuple[T, ...]]:
    """Take an array without repetition."""
    take = listed(parse, least=least, most=most)

    def parse_all(value: object) -> tuple[T, ...]:
        items = take(value)
        if len(set(items)) != len(items):
            raise Malformed("must not repeat a value")
        return items

    return parse_all
