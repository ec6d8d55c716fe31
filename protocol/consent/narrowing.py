"""What somebody has taken back of a consent without taking back all of it.

A narrowing only ever takes away: what it names falls away from its log entry on, several add up, and none gives back
what an earlier one took. JSON form, as a fact of a case (closed; lists rise, at least one member says something)::

    {"person": "per_…", "at": Instant, "less": {"receivers": ["unt_…" | "per_…", …], "categories": [Category, …],
                                                "share_until": null | Instant, "read_until": null | Instant}}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from protocol.consent.fields import Form, Record, member, ordered, plain
from protocol.consent.vocabulary import Category
from protocol.identifiers import Instant, PersonId, UnitId, parse_holder, parse_instant
from protocol.reading import Malformed, closed, optional

MOST_RECEIVERS = 20
"""How many recipients one narrowing names: more is several narrowings, or a withdrawal."""


@dataclass(frozen=True, slots=True)
class Less:
    """What falls away: recipients, categories, and whatever comes after an earlier end."""

    receivers: tuple[UnitId | PersonId, ...] = ()
    categories: tuple[Category, ...] = ()
    share_until: Instant | None = None
    read_until: Instant | None = None

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read `{receivers, categories, share_until, read_until}`; any other shape raises ValueError."""
        return cls(**closed(value, "less", LESS)).checked()

    def to_json(self) -> dict[str, Any]:
        """Return the form that `parse` takes."""
        written: dict[str, Any] = plain(self)
        return written

    def checked(self) -> Self:
        """Return it unchanged; a narrowing of nothing raises `Malformed`."""
        if self == Less():
            raise Malformed("a narrowing names what falls away")
        return self


@dataclass(frozen=True, slots=True)
class Narrowing(Record):
    """What a person has taken back, at the instant of the log entry that says so."""

    form: ClassVar[Form] = {"person": PersonId.parse, "at": parse_instant, "less": Less.parse}
    person: PersonId
    at: Instant
    less: Less

    def share_end(self, until: Instant) -> Instant:
        """Return until when something may be shared that may be until `until` without this."""
        return self._earlier(until, self.less.share_until)

    def read_end(self, until: Instant) -> Instant:
        """Return until when something may be read that may be until `until` without this."""
        return self._earlier(until, self.less.read_until)

    def _earlier(self, until: Instant, end: Instant | None) -> Instant:
        # An end before the entry counts from the entry: what was done lawfully before it was lawful.
        return until if end is None else min(until, max(end, self.at))


LESS: Form = {
    "receivers": ordered(parse_holder, str, least=0, most=MOST_RECEIVERS),
    "categories": ordered(member(Category), str, least=0, most=len(Category)),
    "share_until": optional(parse_instant),
    "read_until": optional(parse_instant),
}
"""The parsers of what falls away, by member."""
