"""Statements that keep a person out of everything around a child: by the family, or by health personnel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from protocol.identifiers import Instant, PersonId, StatementId, SubjectId, UnitId, parse_digest, parse_instant
from protocol.reading import Fields, optional


@dataclass(frozen=True, slots=True)
class KeepingOutWord:
    """A word on who is kept out of everything around a child."""

    kind: ClassVar[str]
    id: StatementId
    subject: SubjectId

    def to_json(self) -> dict[str, Any]:
        """Return the members that all of these words share."""
        return {"id": self.id, "subject": self.subject}


_COMMON: dict[str, Any] = {"id": StatementId.parse, "subject": SubjectId.parse}


@dataclass(frozen=True, slots=True)
class ExclusionBody(KeepingOutWord):
    """The family keeps out somebody who works at `mailbox`: what goes there is sealed past them (pbrl § 5-3).

    By whoever may decide for the child, alone: it is an objection.
    """

    kind: ClassVar[str] = "exclusion"
    mailbox: UnitId
    person: PersonId

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the exclusion's members."""
        return cls(**fields.take_all(_COMMON | {"mailbox": UnitId.parse, "person": PersonId.parse}))

    def to_json(self) -> dict[str, Any]:
        """Return the exclusion's members."""
        return {**KeepingOutWord.to_json(self), "mailbox": self.mailbox, "person": self.person}


@dataclass(frozen=True, slots=True)
class BlockBody(KeepingOutWord):
    """Health personnel hides every matter of a child from somebody on its sheet (pbrl § 3-4, third paragraph).

    Unit names, places, staff and times of all matters, those to come too. `ground` is the salted digest of words that
    stay with whoever signs. At `review_at` nothing ends: it is there to be looked at again.
    """

    kind: ClassVar[str] = "person-block"
    unit: UnitId
    person: PersonId
    ground: str
    review_at: Instant

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the block's members."""
        own: dict[str, Any] = {
            "unit": UnitId.parse,
            "person": PersonId.parse,
            "ground": parse_digest,
            "review_at": parse_instant,
        }
        return cls(**fields.take_all(_COMMON | own))

    def to_json(self) -> dict[str, Any]:
        """Return the block's members."""
        return {
            **KeepingOutWord.to_json(self),
            "unit": self.unit,
            "person": self.person,
            "ground": self.ground,
            "review_at": self.review_at,
        }


@dataclass(frozen=True, slots=True)
class KeepingOutEndBody(KeepingOutWord):
    """An exclusion (`unit` null: by the family) or a block (by a professional, for the unit) ends."""

    kind: ClassVar[str] = "keeping-out-end"
    unit: UnitId | None
    ends: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the members; `ends` is the digest of the statement that ends."""
        return cls(**fields.take_all(_COMMON | {"unit": optional(UnitId.parse), "ends": parse_digest}))

    def to_json(self) -> dict[str, Any]:
        """Return the members."""
        return {**KeepingOutWord.to_json(self), "unit": self.unit, "ends": self.ends}


KEEPING_OUT: tuple[type[ExclusionBody | BlockBody | KeepingOutEndBody], ...] = (
    ExclusionBody,
    BlockBody,
    KeepingOutEndBody,
)
"""The words on who is kept out."""
