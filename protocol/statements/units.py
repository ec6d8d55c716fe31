"""Statements about units: what a unit is, and its epochs of sealing key and members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from keys.encoding import encode
from protocol.consent.vocabulary import Regime
from protocol.identifiers import Instant, PersonId, UnitId, parse_digest, parse_instant
from protocol.reading import Fields, Malformed, boolean, closed, integer, listed, optional, text
from protocol.statements.persons import sealing_key

_UNIT = {
    "number": integer,
    "not_after": parse_instant,
    "unit": UnitId.parse,
    "name": text,
    "entity": text,
    "organisation": text,
    "parent": optional(UnitId.parse),
    "regime": Regime,
    "own_keys_only": boolean,
}


@dataclass(frozen=True, slots=True)
class UnitBody:
    """A mailbox that outlives its staff, with its legal entity and its regime of confidentiality."""

    kind: ClassVar[str] = "unit"
    number: int
    not_after: Instant
    unit: UnitId
    name: str
    entity: str
    organisation: str
    parent: UnitId | None
    regime: Regime
    own_keys_only: bool = False
    """Whether the unit takes nothing on a signature that a professional recorded, whatever the policy says."""

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the unit's members."""
        return cls(**fields.take_all(_UNIT))

    def to_json(self) -> dict[str, Any]:
        """Return the unit's members."""
        return {
            "number": self.number,
            "not_after": self.not_after,
            "unit": self.unit,
            "name": self.name,
            "entity": self.entity,
            "organisation": self.organisation,
            "parent": self.parent,
            "regime": str(self.regime),
            "own_keys_only": self.own_keys_only,
        }


_MEMBER = {"person": PersonId.parse, "keys": parse_digest}


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a unit in one epoch, and the digest of the key set that the seed was sealed to."""

    person: PersonId
    keys: str

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take `{person, keys}`."""
        return cls(**closed(value, "member", _MEMBER))

    def to_json(self) -> dict[str, Any]:
        """Return the form that `parse` takes."""
        return {"person": self.person, "keys": self.keys}


EPOCH = {
    "number": integer,
    "not_after": parse_instant,
    "unit": UnitId.parse,
    "seal": sealing_key,
    "members": listed(Member.parse, least=1, most=1_000),
}


@dataclass(frozen=True, slots=True)
class EpochBody:
    """A custodian's word: the unit's sealing key and its complete list of members, from this number on."""

    kind: ClassVar[str] = "epoch"
    number: int
    not_after: Instant
    unit: UnitId
    seal: bytes
    members: tuple[Member, ...]

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the epoch's members."""
        return cls(**fields.take_all(EPOCH)).each_once()

    def to_json(self) -> dict[str, Any]:
        """Return the epoch's members."""
        return {
            "number": self.number,
            "not_after": self.not_after,
            "unit": self.unit,
            "seal": encode(self.seal),
            "members": [member.to_json() for member in self.members],
        }

    @property
    def line(self) -> str:
        """Name the epochs of which this is one, one after the other: those of the unit's own mailbox."""
        return self.unit

    def each_once(self) -> Self:
        """Return this, if it lists nobody twice; raises `Malformed`."""
        if len({member.person for member in self.members}) != len(self.members):
            raise Malformed("a person is a member once")
        return self

    def holds(self, person: PersonId) -> bool:
        """Tell whether the person is on the complete list."""
        return any(member.person == person for member in self.members)

    def lists(self, person: PersonId, keys: str) -> bool:
        """Tell whether the person is on the complete list with the key set of this digest."""
        return any((member.person, member.keys) == (person, keys) for member in self.members)
