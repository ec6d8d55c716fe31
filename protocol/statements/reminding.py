"""The statement by which whoever asked for a consent reminds those who have not answered: once, never again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from protocol.identifiers import MatterId, StatementId, SubjectId, UnitId, parse_digest
from protocol.reading import Fields, optional
from protocol.statements.consent import ConsentAct

_MEMBERS = {
    "id": StatementId.parse,
    "consent": parse_digest,
    "subject": SubjectId.parse,
    "matter": MatterId.parse,
    "unit": optional(UnitId.parse),
}


@dataclass(frozen=True, slots=True)
class ReminderBody(ConsentAct):
    """Please answer. `unit` is the unit that asked, null where one of the family did."""

    kind: ClassVar[str] = "consent-reminder"
    unit: UnitId | None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the reminder's members."""
        return cls(**fields.take_all(_MEMBERS))

    def to_json(self) -> dict[str, Any]:
        """Return the reminder's members."""
        return {**ConsentAct.to_json(self), "unit": self.unit}
