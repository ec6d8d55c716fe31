"""What two registrars determined about who may sign for one child, as a fact of the case.

An authority stands from its entry in the log until it ends. It *counts* only once a second registrar has confirmed it,
until it must be rechecked, and while nobody has recorded an end. In between nobody signs: one person can stop, and it
takes two to let somebody sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from protocol.consent.fields import Form, member, ordered
from protocol.consent.interval import Interval
from protocol.consent.vocabulary import AuthorityKind, Purpose
from protocol.identifiers import Instant, PersonId, UnitId, parse_instant
from protocol.reading import optional

MOST_PERSONS = 20
"""How many persons one authority names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority(Interval):
    """A care order, an emergency order, a representative's mandate, or a settlement of who has responsibility.

    `unit` is the child welfare service of an order, else null. `persons` sign (for a settlement: have parental
    responsibility, all of them and nobody else), for these `purposes`; no purposes means all of them. It was recorded
    at `recorded_at` by one registrar and confirmed at `known_at` by another, or not yet; at `not_after` it must have
    been rechecked. An end was recorded at `ending_at` and confirmed at `ended_at`; each null where it was not.
    """

    form: ClassVar[Form] = {
        **Interval.form,
        "kind": member(AuthorityKind),
        "unit": optional(UnitId.parse),
        "persons": ordered(PersonId.parse, str, most=MOST_PERSONS),
        "purposes": ordered(member(Purpose), str, least=0, most=len(Purpose)),
        "recorded_at": parse_instant,
        "known_at": optional(parse_instant),
        "not_after": parse_instant,
        "ending_at": optional(parse_instant),
        "ended_at": optional(parse_instant),
    }
    kind: AuthorityKind
    unit: UnitId | None
    persons: tuple[PersonId, ...]
    purposes: tuple[Purpose, ...]
    recorded_at: Instant
    known_at: Instant | None
    not_after: Instant
    ending_at: Instant | None
    ended_at: Instant | None

    def stands(self, at: Instant) -> bool:
        """Say whether it was recorded by an instant, and neither its end nor a confirmed end has come."""
        return self.recorded_at <= at and self.holds(at) and not _by(self.ended_at, at)

    def counts(self, at: Instant) -> bool:
        """Say whether somebody may sign by it at an instant."""
        return self.stands(at) and _by(self.known_at, at) and at < self.not_after and not _by(self.ending_at, at)

    def is_for(self, purpose: Purpose) -> bool:
        """Say whether a purpose is among those that it is for."""
        return not self.purposes or purpose in self.purposes

    def between(self, earlier: Instant, later: Instant) -> bool:
        """Say whether it stood at some instant from `earlier` to `later`, both included."""
        ends = [end for end in (self.holds_to, self.ended_at) if end is not None]
        return max(self.holds_from, self.recorded_at) <= later and all(earlier < end for end in ends)

    @property
    def turns(self) -> frozenset[Instant]:
        """The instants at which anything about it changes."""
        known = (self.known_at, self.holds_to, self.ending_at, self.ended_at)
        return frozenset({self.recorded_at, self.holds_from, self.not_after, *(each for each in known if each)})


def _by(happened: Instant | None, at: Instant) -> bool:
    return happened is not None and happened <= at
