"""A family, its matters and its consents, as the oracle is told of them: names, words and milliseconds UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from tests.oracle.shields import Words


@dataclass(frozen=True)
class Parent:
    """A holder of parental responsibility, from one instant until another."""

    name: str
    since: int
    until: int | None = None


@dataclass
class Family:
    """A child, who signs for it, what the register says about that, and whether recorded signatures are taken here."""

    born: date
    parents: list[Parent]
    register: str = "joint"
    youth: str = "youth"
    relatives: frozenset[str] = frozenset()
    takes_recorded: bool = False

    def holders(self, at: int) -> set[str]:
        """Name who holds parental responsibility at an instant."""
        return {each.name for each in self.parents if each.since <= at and (each.until is None or at < each.until)}

    def register_fits(self, at: int) -> bool:
        """Say whether the register's word and the list agree; other and unknown never do."""
        count = len(self.holders(at))
        return {"joint": count > 1, "sole": count == 1}.get(self.register, False)


@dataclass(frozen=True)
class Hearing:
    """The child was asked by a unit, or said it alone; what came of it is for, against or unable."""

    when: int
    said: str
    by: str


@dataclass
class Ground:
    """A health unit's word that help is necessary, so that one parent need not sign."""

    parent: str
    by: str
    made: int
    until: int


@dataclass
class Matter:
    """What was recorded in one matter, for all its consents: by units, or with the youth's name by the youth."""

    hearings: list[Hearing] = field(default_factory=list)
    grounds: list[Ground] = field(default_factory=list)
    assessed: list[tuple[str, int]] = field(default_factory=list)
    shields: Words = field(default_factory=list)


@dataclass
class Signed:
    """A yes: with an own key, or by the record of two professionals, which then may be disputed."""

    who: str
    when: int
    record: str | None = None
    disputed: int | None = None


@dataclass(frozen=True)
class Less:
    """What somebody took back: one receiver, one category, whatever comes after an earlier end."""

    when: int
    receiver: str | None = None
    category: str | None = None
    share_until: int | None = None
    read_until: int | None = None


@dataclass
class Agreement:
    """One consent to share, and everything that was said on it: `(who, when)`."""

    purpose: str
    sender: str
    receiver: str
    outside_health: frozenset[str]
    asked: int
    share_until: int
    read_until: int
    own_sender: str | None = None
    matter: Matter = field(default_factory=Matter)
    signed: list[Signed] = field(default_factory=list)
    told: list[tuple[str, int]] = field(default_factory=list)
    noes: list[tuple[str, int]] = field(default_factory=list)
    less: list[Less] = field(default_factory=list)

    @property
    def outside(self) -> bool:
        """Say whether a party works outside health."""
        return bool({self.sender, self.receiver} & self.outside_health)

    def hearings(self) -> list[Hearing]:
        """Give the hearings that go with this consent: by its parties, or by the youth."""
        return [each for each in self.matter.hearings if each.by in {self.sender, self.receiver, "youth"}]
