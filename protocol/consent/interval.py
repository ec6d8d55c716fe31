"""Facts that hold from one instant until, but not at, another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from protocol.consent.fields import Form, Record
from protocol.identifiers import Instant, parse_instant
from protocol.reading import optional


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval(Record):
    """A fact that holds from one instant until, but not at, another; null means no end is known."""

    form: ClassVar[Form] = {"holds_from": parse_instant, "holds_to": optional(parse_instant)}
    holds_from: Instant
    holds_to: Instant | None

    def holds(self, at: Instant) -> bool:
        """Say whether the fact holds at an instant. The same instant as the end counts as ended."""
        return self.holds_from <= at and (self.holds_to is None or at < self.holds_to)
