"""Courts, registers and death: new sheets of one child, each with complete lists."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from protocol.consent.vocabulary import Capacity, Responsibility
from protocol.identifiers import Instant
from tests.e2e.families.stage import Stage
from tests.oracle import facts

LONGEST_LIST = 15
"""A sheet names at most twenty."""
BOTH = ("mother", "father")
JUDGMENTS = (
    *((BOTH, "joint") for _ in range(4)),
    *(((who,), "sole") for who in BOTH),
    (("mother",), "joint"),
    (BOTH, "sole"),
    (BOTH, "unknown"),
    (BOTH, "other"),
    ((), "sole"),
)
"""Who holds responsibility, and the register's word on it, which may not fit: a death that it has not heard of."""


class Courts(Stage):
    """Everything that changes the sheet."""

    @precondition(lambda self: len(self.family.parents) < LONGEST_LIST)
    @rule(judgment=st.sampled_from(JUDGMENTS))
    def decide_on_responsibility(self, judgment: tuple[tuple[str, ...], str]) -> None:
        """Let a new sheet say who holds responsibility from now on, after a judgment or a death; it may err."""
        holders, register = judgment
        present = self.family.holders(self.now)
        self.family.parents = [
            replace(each, until=self.now) if each.name in present - set(holders) and each.until is None else each
            for each in self.family.parents
        ]
        self.family.parents += [facts.Parent(name, self.now) for name in sorted(set(holders) - present)]
        self.family.register = register
        self.publish()

    @rule(who=st.sampled_from(BOTH))
    def take_off_the_lists(self, who: str) -> None:
        """Block a person: absent from now on, also from what was, and never why."""
        self.family.parents = [each for each in self.family.parents if each.name != who]
        self.publish()

    def publish(self) -> None:
        world = self.town.world
        entitled = [self.listed(each) for each in self.family.parents]
        entitled.append(world.entitled(self.town.youth, Capacity.SELF))
        aunt = world.entitled(self.town.aunt, Capacity.FAMILY)
        register = Responsibility(self.family.register)
        self.run(self.town.next_sheet(may_sign=tuple(entitled), may_know=(*entitled, aunt), responsibility=register))

    def listed(self, one: facts.Parent) -> Any:
        """Put a holder on the sheet; from the beginning, or known from when it began."""
        until = None if one.until is None else Instant(one.until)
        plain = self.town.world.entitled(self.actor(one.name), holds_to=until)
        return plain if one.since == 0 else replace(plain, holds_from=Instant(one.since), known_at=Instant(one.since))
