"""A unit's mailbox without some of its staff: epochs beside the unit's own, with keys of their own (ADR 27)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from protocol.consent.fields import ordered
from protocol.identifiers import PersonId, UnitId
from protocol.reading import Fields, Malformed
from protocol.statements.units import EPOCH, EpochBody

MOST_KEPT_OUT = 20
"""How many members of a unit one child's family may keep out."""

kept_out = ordered(PersonId.parse, str, most=MOST_KEPT_OUT)
"""Takes the persons whom a mailbox is without, rising."""


@dataclass(frozen=True, slots=True)
class RestrictedEpochBody(EpochBody):
    """A custodian's word: the key and the complete list of the unit's mailbox without these persons.

    It names no child: all families who keep out the same persons use the same mailbox, and whoever is kept out cannot
    tell from which of them. It makes nobody a member of the unit, and counts only while all whom it lists are.
    """

    kind: ClassVar[str] = "restricted-epoch"
    without: tuple[PersonId, ...]

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the epoch's members; nobody is both listed and kept out."""
        own: dict[str, Any] = {"without": kept_out}
        body = cls(**fields.take_all(EPOCH | own)).each_once()
        if any(body.holds(person) for person in body.without):
            raise Malformed("whoever is kept out is not listed")
        return body

    def to_json(self) -> dict[str, Any]:
        """Return the epoch's members."""
        return {**EpochBody.to_json(self), "without": list(self.without)}

    @property
    def line(self) -> str:
        """Name the epochs of which this is one, one after the other."""
        return line_of(self.unit, self.without)


def line_of(unit: UnitId, without: Iterable[PersonId]) -> str:
    """Name a unit's line of epochs without these persons; without nobody it is the unit's own."""
    return "-without-".join([unit, *(["+".join(sorted(without))] if without else [])])
