"""Statements that hide a matter from persons: asked for, decided, told, ended (pbrl § 3-4, DOMAIN E13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from protocol.consent.fields import ordered
from protocol.consent.shielding import whole
from protocol.consent.vocabulary import ALL_ASPECTS, Aspect, Ground
from protocol.identifiers import (
    Instant,
    MatterId,
    PersonId,
    StatementId,
    SubjectId,
    UnitId,
    parse_digest,
    parse_instant,
)
from protocol.reading import Fields, Malformed, optional

_MOST_PERSONS = 100


@dataclass(frozen=True, slots=True)
class ShieldWord:
    """A word on the shields of one matter; `unit` is the unit it is said for, null for the youth."""

    kind: ClassVar[str]
    id: StatementId
    unit: UnitId | None
    subject: SubjectId
    matter: MatterId

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the members that all words on shields share."""
        return cls(**fields.take_all(_COMMON))

    def to_json(self) -> dict[str, Any]:
        """Return the members that all words on shields share."""
        return {"id": self.id, "unit": self.unit, "subject": self.subject, "matter": self.matter}


_COMMON: dict[str, Any] = {
    "id": StatementId.parse,
    "unit": optional(UnitId.parse),
    "subject": SubjectId.parse,
    "matter": MatterId.parse,
}


@dataclass(frozen=True, slots=True)
class ShieldAskBody(ShieldWord):
    """Hide this matter from these persons, at once and provisionally; `to` is the unit that is asked to decide.

    By the youth (`unit` null) from 12 to 15; below 16 by a professional, for weighty concerns.
    """

    kind: ClassVar[str] = "shield-ask"
    to: UnitId
    persons: tuple[PersonId, ...]

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the ask's members."""
        return cls(**fields.take_all(_COMMON | {"to": UnitId.parse, "persons": _persons}))

    def to_json(self) -> dict[str, Any]:
        """Return the ask's members."""
        return {**ShieldWord.to_json(self), "to": self.to, "persons": list(self.persons)}


@dataclass(frozen=True, slots=True)
class ShieldWithholdBody(ShieldWord):
    """A professional of a health unit withholds; `reason` is the salted digest of words that stay outside the log.

    `hides` is everything, or some of content, notices and log: terms name units, so whoever may know that something
    exists is told of which units. At `review_at` the power to leave the others out of signing ends; hiding goes on.
    """

    kind: ClassVar[str] = "shield-withhold"
    persons: tuple[PersonId, ...]
    hides: tuple[Aspect, ...]
    ground: Ground
    reason: str
    review_at: Instant

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the decision's members."""
        own: dict[str, Any] = {
            "persons": _persons,
            "hides": _hides,
            "ground": Ground,
            "reason": parse_digest,
            "review_at": parse_instant,
        }
        return cls(**fields.take_all(_COMMON | own))

    def to_json(self) -> dict[str, Any]:
        """Return the decision's members."""
        return {
            **ShieldWord.to_json(self),
            "persons": list(self.persons),
            "hides": [str(each) for each in self.hides],
            "ground": str(self.ground),
            "reason": self.reason,
            "review_at": self.review_at,
        }


@dataclass(frozen=True, slots=True)
class ShieldDeclineBody(ShieldWord):
    """A professional of a health unit withholds no longer, or not at all: the youth is told first."""

    kind: ClassVar[str] = "shield-decline"
    ground: Ground
    reason: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the decision's members."""
        return cls(**fields.take_all(_COMMON | {"ground": Ground, "reason": parse_digest}))

    def to_json(self) -> dict[str, Any]:
        """Return the decision's members."""
        return {**ShieldWord.to_json(self), "ground": str(self.ground), "reason": self.reason}


@dataclass(frozen=True, slots=True)
class ShieldNoticeBody(ShieldWord):
    """I have been told of this decision (the youth), or I told the child of it (a professional, for the unit)."""

    kind: ClassVar[str] = "shield-notice"
    decision: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the notice's members."""
        return cls(**fields.take_all(_COMMON | {"decision": parse_digest}))

    def to_json(self) -> dict[str, Any]:
        """Return the notice's members."""
        return {**ShieldWord.to_json(self), "decision": self.decision}


class ShieldEndBody(ShieldWord):
    """The youth hides the matter no longer: what they themself asked for ends at once."""

    __slots__ = ()
    kind: ClassVar[str] = "shield-end"


_persons = ordered(PersonId.parse, str, most=_MOST_PERSONS)
_aspects = ordered(Aspect, str, most=len(ALL_ASPECTS))


def _hides(value: object) -> tuple[Aspect, ...]:
    hides = _aspects(value)
    if whole(hides) != set(hides):
        raise Malformed("existence and unit names are hidden together with everything else, or not at all")
    return hides


SHIELD_WORDS: tuple[type[ShieldWord], ...] = (
    ShieldAskBody,
    ShieldWithholdBody,
    ShieldDeclineBody,
    ShieldNoticeBody,
    ShieldEndBody,
)
"""The words on the shields of a matter."""
