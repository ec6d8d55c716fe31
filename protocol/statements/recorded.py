"""What a professional writes down for somebody who has no key: marked as recorded wherever it is shown (DESIGN §5).

The professional signs for a unit that takes part in the consent; the words are the person's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from protocol.identifiers import MatterId, PersonId, StatementId, SubjectId, UnitId, parse_digest
from protocol.reading import Fields, one_of
from protocol.statements.base import Statement
from protocol.statements.consent import ConsentAct

FORMS = ("oral", "paper")
"""How the person said it: in the room or by telephone, or in writing."""

_NAMED = {
    "id": StatementId.parse,
    "consent": parse_digest,
    "subject": SubjectId.parse,
    "matter": MatterId.parse,
    "unit": UnitId.parse,
    "person": PersonId.parse,
    "form": one_of(*FORMS),
}


@dataclass(frozen=True, slots=True)
class RecordedAct(ConsentAct):
    """A person's word on one consent, written down for a unit; subclasses fix the word."""

    unit: UnitId
    person: PersonId
    form: str

    def to_json(self) -> dict[str, Any]:
        """Return the members all recorded words share."""
        return {**ConsentAct.to_json(self), "unit": self.unit, "person": self.person, "form": self.form}


@dataclass(frozen=True, slots=True)
class RecordedWithdrawalBody(RecordedAct):
    """No longer, says a person who withdraws through a professional: works at once, like their own."""

    kind: ClassVar[str] = "recorded-withdrawal"

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the withdrawal's members."""
        return cls(**fields.take_all(_NAMED))


def spoken_for(statement: Statement[Any]) -> PersonId:
    """Return whose word it is: the person a professional wrote it down for, or who signed."""
    body = statement.body
    return body.person if isinstance(body, RecordedAct) else statement.iss
