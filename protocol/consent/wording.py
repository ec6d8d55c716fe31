"""What every rule of law carries beside what it asks: name, source, footing, validity, and why in plain words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from protocol.consent.age import midnight
from protocol.consent.case import parse_date
from protocol.consent.fields import short_text
from protocol.identifiers import Instant
from protocol.reading import Malformed, integer

_LONGEST = 2_000


class Footing(StrEnum):
    """Where a rule stands."""

    LAW = "law"
    PRODUCT = "product"
    UNCERTAIN = "uncertain"


class Worded(Protocol):
    """A rule, whatever it asks. `id` and `version` name one wording for ever."""

    @property
    def id(self) -> str:
        """The rule's name."""

    @property
    def version(self) -> int:
        """Which wording of it."""

    @property
    def valid_from(self) -> Instant:
        """From when it holds."""

    @property
    def valid_to(self) -> Instant | None:
        """Until, and not at, when."""


R = TypeVar("R", bound=Worded)


def day(value: object) -> Instant:
    """Read a day as its midnight in Oslo."""
    return midnight(parse_date(value))


def _version(value: object) -> int:
    version = integer(value)
    if version < 1:
        raise Malformed("versions begin at 1")
    return version


_sentence = short_text(_LONGEST)

WORDING: Mapping[str, Callable[[Any], Any]] = {
    "id": short_text(100),
    "version": _version,
    "reference": _sentence,
    "footing": Footing,
    "valid_from": day,
    "valid_to": lambda text: None if text == "" else day(text),
    "nb": _sentence,
    "en": _sentence,
}
"""How these members are read."""


def require_validity(rule: Worded) -> None:
    """Check that a rule begins before it ends; raises `Malformed`."""
    if rule.valid_to is not None and rule.valid_to <= rule.valid_from:
        raise Malformed(f"rule {rule.id} is never valid: it ends before it begins")


def in_line(rules: list[R], begins: Instant) -> tuple[R, ...] | None:
    """Return rules for one thing, the latest first; None if they leave a gap after `begins`, or overlap."""
    line = sorted(rules, key=lambda rule: rule.valid_from)
    ends = [begins, *(rule.valid_to for rule in line)]
    starts = [*(rule.valid_from for rule in line), None]
    return tuple(reversed(line)) if ends == starts else None
