"""The statements by which a consent is declared void from the beginning: the yes was no consent (DOMAIN E35).

What a withdrawal stops, this stops too. Beyond that it says that nothing was ever permitted; the log, which says what
was permitted as known then, stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from protocol.identifiers import MatterId, PersonId, StatementId, SubjectId, UnitId, parse_digest
from protocol.reading import Fields, one_of
from protocol.statements.consent import ConsentAct
from protocol.statements.recorded import FORMS, RecordedAct

CAUSES = ("mistake", "not-informed", "pressure")
"""Why a yes was no consent: it was meant for something else, not told what it means, or not given freely."""

_CAUSE = {
    "id": StatementId.parse,
    "consent": parse_digest,
    "subject": SubjectId.parse,
    "matter": MatterId.parse,
    "cause": one_of(*CAUSES),
}
_RECORDED = {**_CAUSE, "unit": UnitId.parse, "person": PersonId.parse, "form": one_of(*FORMS)}


@dataclass(frozen=True, slots=True)
class InvalidationBody(ConsentAct):
    """It was never a consent, and this is why."""

    kind: ClassVar[str] = "consent-invalidation"
    cause: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the invalidation's members."""
        return cls(**fields.take_all(_CAUSE))

    def to_json(self) -> dict[str, Any]:
        """Return the invalidation's members."""
        return {**ConsentAct.to_json(self), "cause": self.cause}


@dataclass(frozen=True, slots=True)
class RecordedInvalidationBody(RecordedAct):
    """It was never a consent, says a person through a professional: works at once, like their own."""

    kind: ClassVar[str] = "recorded-invalidation"
    cause: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the invalidation's members."""
        return cls(**fields.take_all(_RECORDED))

    def to_json(self) -> dict[str, Any]:
        """Return the invalidation's members."""
        return {**RecordedAct.to_json(self), "cause": self.cause}


INVALIDATIONS: tuple[type[ConsentAct], ...] = (InvalidationBody, RecordedInvalidationBody)
INVALIDATING = frozenset(word.kind for word in INVALIDATIONS)
"""The kinds that declare a consent void from the beginning."""
