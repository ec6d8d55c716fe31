"""The question: who asks to do what, with what, on which consents.

JSON form of an Ask (closed)::

    {"v": 1, "act": "share" | "receive" | "open" | "reopen", "subject": "sub_…", "matter": "mat_…", "purpose": Purpose,
     "sender": {"person": "per_…", "unit": null | "unt_…"}, "receivers": ["unt_…" | "per_…", …],
     "reader": null | {"person": "per_…", "unit": null | "unt_…"}, "categories": [Category, …],
     "consents": [digest, …], "shared_at": null | Instant}

For `share`: `receivers` names whom the content is sealed to, `reader` and `shared_at` are null. For the other acts:
`reader` is who opens, `shared_at` is the instant of the share's `shared` entry, and `receivers` is empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from protocol.consent.case import BadCase
from protocol.consent.fields import Form, Record, member, plain
from protocol.consent.terms import CATEGORIES, VERSION
from protocol.consent.vocabulary import Act, Category, Purpose
from protocol.identifiers import (
    Instant,
    MatterId,
    PersonId,
    SubjectId,
    UnitId,
    parse_digest,
    parse_holder,
    parse_instant,
)
from protocol.reading import Malformed, closed, distinct, integer, optional

Receiver = UnitId | PersonId
_MOST_RECEIVERS = 100
_MOST_CONSENTS = 10


@dataclass(frozen=True, slots=True)
class Actor(Record):
    """A person who acts for a unit, or with null for themself."""

    form: ClassVar[Form] = {"person": PersonId.parse, "unit": optional(UnitId.parse)}
    person: PersonId
    unit: UnitId | None

    @property
    def party(self) -> Receiver:
        """The unit acted for, or the person."""
        return self.person if self.unit is None else self.unit


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to `decide`."""

    act: Act
    subject: SubjectId
    matter: MatterId
    purpose: Purpose
    sender: Actor
    receivers: tuple[Receiver, ...]
    reader: Actor | None
    categories: tuple[Category, ...]
    consents: tuple[str, ...]
    shared_at: Instant | None

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read an ask, strictly. What is well-formed but makes no sense together is left for `decide` to deny.

        Raises:
            BadCase: any other shape, or another version.
        """
        try:
            read = closed(value, "the ask", _ASK)
        except ValueError as error:
            raise BadCase(f"not an ask: {error}") from error
        del read["v"]
        return cls(**read)

    def to_json(self) -> dict[str, Any]:
        """Write the ask as the JSON values that `from_json` reads."""
        return {"v": VERSION, **plain(self)}


def _version(value: object) -> int:
    if integer(value) != VERSION:
        raise Malformed("this version is unknown: update your client")
    return VERSION


_ASK: Form = {
    "v": _version,
    "act": member(Act),
    "subject": SubjectId.parse,
    "matter": MatterId.parse,
    "purpose": member(Purpose),
    "sender": Actor.parse,
    "receivers": distinct(parse_holder, most=_MOST_RECEIVERS),
    "reader": optional(Actor.parse),
    "categories": distinct(member(Category), most=len(CATEGORIES)),
    "consents": distinct(parse_digest, most=_MOST_CONSENTS),
    "shared_at": optional(parse_instant),
}
