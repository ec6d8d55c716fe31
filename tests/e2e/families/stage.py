"""The town in which a family is played: who is there, what time it is, and what was asked, on both sides."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, precondition, rule

from protocol.consent.case import AcceptedRules
from protocol.consent.ruleset import current_rules
from protocol.consent.terms import Terms
from protocol.identifiers import Instant, MatterId
from tests.http.consent.support import Town, open_town
from tests.http.documents.support import Office, Parcel
from tests.kit.actor import Actor
from tests.kit.clock import DAY, HOUR, START
from tests.kit.world import Unit, done
from tests.oracle import facts
from tests.oracle import rules as oracle

T = TypeVar("T")
LONGEST_LIFE = 24 * DAY
"""How long one family is played: a day less than its sheet lives."""
PEOPLE = ("mother", "father", "youth", "aunt", "stranger")
WHO = st.sampled_from((*("mother", "father", "youth") * 3, "aunt", "stranger"))
"""Mostly those who have a say: what strangers try is soon known to be refused."""
UNITS = ("gp", "bup", "school")
ANSWERS: Counter[tuple[str, bool]] = Counter()
"""How often what was asked was permitted and refused: a play in which nothing is permitted would prove nothing."""


@dataclass(eq=False)
class Played:
    """One consent on the server and as the oracle knows it."""

    terms: Terms
    told: facts.Agreement
    written: dict[str, str] = field(default_factory=dict)
    could_share: list[int] = field(default_factory=list)

    @property
    def health_unit(self) -> str:
        """Name a party that works in health; every route has one."""
        return next(each for each in (self.told.sender, self.told.receiver) if each in {"gp", "bup"})


@dataclass(eq=False)
class Sent:
    """A share that the server took in."""

    under: Played
    parcel: Parcel
    at: int
    opened: bool = False


CONSENTS: Bundle[Played] = Bundle("consents")
SHARES: Bundle[Sent] = Bundle("shares")


class Stage(RuleBasedStateMachine):
    """A family, three services, and the passing of time."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.stack = contextlib.AsyncExitStack()
        self.played: list[Played] = []
        self.touched: list[Played] = []

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.loop.close()
        self.folder.cleanup()

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(doing)

    @property
    def now(self) -> int:
        return self.town.world.clock.now

    @initialize(
        turning=st.sampled_from((7, 12, 13, 15, 16, 18)),
        days=st.integers(1, 12),
        recorded=st.sampled_from((True, True, False)),
    )
    def begin(self, turning: int, days: int, recorded: bool) -> None:
        """Let a child have a birthday that matters within days, and both parents responsibility."""
        birthday = (datetime.fromtimestamp(START / 1000, UTC) + timedelta(days=days)).date()
        born = date(birthday.year - turning, birthday.month, birthday.day)
        self.town: Town = self.run(self.stack.enter_async_context(open_town(Path(self.folder.name), born=born)))
        self.office = Office(self.town)
        parents = [facts.Parent("mother", 0), facts.Parent("father", 0)]
        self.family = facts.Family(born, parents, relatives=frozenset({"aunt"}))
        self.birthday = int(datetime.combine(birthday, datetime.min.time(), oracle.OSLO).timestamp()) * 1000
        if recorded:
            self.change_the_policy(recorded=True)

    # Time

    @rule(by=st.sampled_from((1, HOUR, DAY, 7 * DAY)))
    def wait(self, by: int) -> None:
        if self.now + by < START + LONGEST_LIFE:
            self.town.world.clock.forward(by)

    @precondition(lambda self: self.now < self.birthday - 1)
    @rule(late=st.sampled_from((0, 1)))
    def come_to_the_birthday(self, late: int) -> None:
        """Stand at the last millisecond before the birthday, or at its first."""
        self.town.world.clock.forward(self.birthday - 1 + late - self.now)

    @rule()
    def restart(self) -> None:
        async def again() -> None:
            await self.town.world.stop()
            await self.town.world.start()

        self.run(again())

    def change_the_policy(self, recorded: bool) -> None:
        world = self.town.world
        rules = (AcceptedRules(holds_from=Instant(0), holds_to=None, digest=current_rules().digest),)
        done(self.run(world.publish_policy(world.policy_body(rules=rules, recorded=recorded))))
        world.policy_number += 1
        self.family.takes_recorded = recorded

    # Who is who

    def touch(self, played: Played) -> None:
        """Remember about which consent something was said last."""
        self.touched = [*(each for each in self.touched if each is not played), played]

    def beside(self, matter: MatterId) -> list[Played]:
        """Give every consent of a matter."""
        return [each for each in self.played if each.terms.matter == matter]

    def anybody_may_know(self, matter: MatterId, who: str) -> bool:
        """Say whether somebody may know of a consent in a matter."""
        return any(oracle.may_know_of(self.family, each.told, who, self.now) for each in self.beside(matter))

    def actor(self, name: str) -> Actor:
        """Give a person, or whoever works at a unit."""
        found: Actor = self.unit(name).staff[0] if name in UNITS else getattr(self.town, name)
        return found

    def unit(self, name: str) -> Unit:
        found: Unit = getattr(self.town, name)
        return found
