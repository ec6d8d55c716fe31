"""What registrars determine, two by two, about who may sign for a child: orders, mandates, settlements.

One registrar records it, a second confirms it by naming its digest; an end is recorded and confirmed in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Self

from protocol.consent.authority import MOST_PERSONS
from protocol.consent.case import parse_date
from protocol.consent.fields import ordered, plain
from protocol.consent.interval import Interval
from protocol.consent.vocabulary import ORDERS, AuthorityKind, Purpose
from protocol.identifiers import Instant, PersonId, StatementId, SubjectId, UnitId, parse_digest, parse_instant
from protocol.reading import Fields, Malformed, optional

_NUMBER = re.compile(r"[0-9A-Z](?:[0-9A-Z/.-]{0,38}[0-9A-Z])?")
_DAY = 24 * 60 * 60 * 1000
LONGEST_EMERGENCY = 42 * _DAY
"""How long an emergency order holds at most, milliseconds: six weeks (bvl ch. 4)."""


def decision_number(value: object) -> str:
    """Read the number of a decision, mandate or document: at most 40 capital letters, digits, and `/`, `.`, `-`."""
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise Malformed("a number is capital letters and digits, with / . - between them")
    return value


@dataclass(frozen=True, slots=True)
class AuthorityBody:
    """A registrar has seen the decision: by it these persons sign for the child, or have parental responsibility.

    `number` and `decided_on` are those of the decision, of the mandate, or of the documents. `unit` is the child
    welfare service of an order; `purposes` is what an order reaches. It must be recorded anew before `not_after`.
    """

    kind: ClassVar[str] = "authority"
    id: StatementId
    not_after: Instant
    subject: SubjectId
    by: AuthorityKind
    number: str
    decided_on: date
    unit: UnitId | None
    persons: tuple[PersonId, ...]
    purposes: tuple[Purpose, ...]
    holds_from: Instant
    holds_to: Instant | None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the authority's members."""
        body = cls(**fields.take_all(_AUTHORITY))
        body.refuse_contradictions()
        return body

    def to_json(self) -> dict[str, Any]:
        """Return the authority's members."""
        return {name: plain(getattr(self, name)) for name in _AUTHORITY}

    def refuse_contradictions(self) -> None:
        """Check what the members say together; raises `Malformed`."""
        order = self.by in ORDERS
        if order is (self.unit is None) or order is not bool(self.purposes):
            raise Malformed("authority: an order, and nothing else, names a unit and purposes")
        if self.by is AuthorityKind.MANDATE and (self.holds_to is None or len(self.persons) != 1):
            raise Malformed("authority: a mandate is one person's, and ends")
        if self.holds_to is not None and self.holds_to <= self.holds_from:
            raise Malformed("authority.holds_to must lie after holds_from")
        if self.by is AuthorityKind.EMERGENCY_ORDER and (
            self.holds_to is None or self.holds_to - self.holds_from > LONGEST_EMERGENCY
        ):
            raise Malformed("authority: an emergency order ends within six weeks")


_AUTHORITY: Mapping[str, Callable[[Any], Any]] = {
    "id": StatementId.parse,
    "not_after": parse_instant,
    "subject": SubjectId.parse,
    "by": AuthorityKind,
    "number": decision_number,
    "decided_on": parse_date,
    "unit": optional(UnitId.parse),
    "persons": ordered(PersonId.parse, str, most=MOST_PERSONS),
    "purposes": ordered(Purpose, str, least=0, most=len(Purpose)),
    **Interval.form,
}


@dataclass(frozen=True, slots=True)
class AuthorityEndBody:
    """A registrar has seen that what this statement (its digest) says has ended; with it all of the same number."""

    kind: ClassVar[str] = "authority-end"
    id: StatementId
    subject: SubjectId
    authority: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the end's members."""
        return cls(**fields.take_all(_END))

    def to_json(self) -> dict[str, Any]:
        """Return the end's members."""
        return {"id": self.id, "subject": self.subject, "authority": self.authority}


@dataclass(frozen=True, slots=True)
class AuthorityConfirmationBody:
    """Another registrar has seen the same papers, and what this statement (its digest) says is so."""

    kind: ClassVar[str] = "authority-confirmation"
    id: StatementId
    subject: SubjectId
    confirms: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the confirmation's members."""
        return cls(**fields.take_all(_CONFIRMATION))

    def to_json(self) -> dict[str, Any]:
        """Return the confirmation's members."""
        return {"id": self.id, "subject": self.subject, "confirms": self.confirms}


_ABOUT: Mapping[str, Callable[[Any], Any]] = {"id": StatementId.parse, "subject": SubjectId.parse}
_END = {**_ABOUT, "authority": parse_digest}
_CONFIRMATION = {**_ABOUT, "confirms": parse_digest}

AuthorityWord = AuthorityBody | AuthorityEndBody | AuthorityConfirmationBody
AUTHORITY_WORDS: tuple[type[AuthorityWord], ...] = (AuthorityBody, AuthorityEndBody, AuthorityConfirmationBody)
"""The kinds of this family."""
