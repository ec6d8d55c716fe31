"""A family, three services, birthdays, changed minds, courts and restarts, played at random against the real server.

Every share and every opening, allowed or refused, must be what the oracle says, which is written from the law's table
and knows nothing of the program. FORTROLIG_STEPS says how many steps to play (500 if not set).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Capacity, Purpose, Responsibility
from protocol.identifiers import Instant
from protocol.statements.consent import (
    ConsentAct,
    NoticeBody,
    ObjectionBody,
    RefusalBody,
    SignatureBody,
    WithdrawalBody,
)
from tests.http.consent.support import Town, new_matter, open_town, ordered, party
from tests.http.documents.support import Holder, Office, Parcel
from tests.kit.actor import Actor, Reply
from tests.kit.clock import DAY, HOUR, START
from tests.kit.world import Unit
from tests.oracle import rules as oracle

T = TypeVar("T")
STEPS = int(os.environ.get("FORTROLIG_STEPS", "500"))
STEPS_OF_A_FAMILY = 50
ANSWERS: Counter[tuple[str, bool]] = Counter()
"""How often what was asked was permitted and refused: a play in which nothing is permitted would prove nothing."""
LONGEST_LIFE = 24 * DAY
"""How long one family is played: a day less than its sheet lives."""
LONGEST_LIST = 15
"""A sheet names at most twenty."""
WORDS: dict[str, type[ConsentAct]] = {
    "sign": SignatureBody,
    "seen": NoticeBody,
    "refuse": RefusalBody,
    "object": ObjectionBody,
    "withdraw": WithdrawalBody,
}
PEOPLE = ("mother", "father", "youth", "aunt", "stranger")
ROUTES = {
    "to-bup": ("gp", "bup"),
    "to-school": ("gp", "school"),
    "from-school": ("school", "bup"),
    "back": ("bup", "gp"),
}


@dataclass
class Played:
    """One consent on the server and as the oracle knows it, and what was shared under it."""

    terms: Terms
    told: oracle.Agreement
    hearings: oracle.Hearings
    sender: str
    receiver: str
    opened: set[int] = field(default_factory=set)


@dataclass
class Sent:
    """A share that the server took in."""

    under: Played
    parcel: Parcel
    at: int
    opened: bool = False


class Families(RuleBasedStateMachine):
    """The moves of everybody around one child."""

    consents: Bundle[Played] = Bundle("consents")
    shares: Bundle[Sent] = Bundle("shares")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.stack = contextlib.AsyncExitStack()

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.loop.close()
        self.folder.cleanup()

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(doing)

    @property
    def now(self) -> int:
        return self.town.world.clock.now

    @initialize(turning=st.sampled_from((7, 12, 15, 16, 18)), days=st.integers(1, 12))
    def begin(self, turning: int, days: int) -> None:
        """Let a child have a birthday that matters within days, and both parents responsibility."""
        birthday = (datetime.fromtimestamp(START / 1000, UTC) + timedelta(days=days)).date()
        born = date(birthday.year - turning, birthday.month, birthday.day)
        self.town: Town = self.run(self.stack.enter_async_context(open_town(Path(self.folder.name), born=born)))
        self.office = Office(self.town)
        self.family = oracle.Family(born, [oracle.Parent("mother", 0), oracle.Parent("father", 0)])
        self.birthday = int(datetime.combine(birthday, datetime.min.time(), oracle.OSLO).timestamp()) * 1000
        self.matters: dict[str, oracle.Hearings] = {}

    # Time

    @rule(by=st.sampled_from((HOUR, DAY, 7 * DAY)))
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

    # Consents

    @rule(
        target=consents,
        purpose=st.sampled_from((Purpose.INFORMATION, Purpose.COORDINATION, Purpose.REFERRAL, Purpose.DISCHARGE)),
        route=st.sampled_from(tuple(ROUTES)),
        days=st.sampled_from((3, 20, 60)),
        eager=st.booleans(),
    )
    def request(self, purpose: Purpose, route: str, days: int, eager: bool) -> Any:
        """Let a service ask; often everybody who must sign does so at once, so that much is in force."""
        sender, receiver = ROUTES[route]
        unit = self.unit(sender)
        told = {"purpose": purpose, "senders": (party(unit),), "receivers": (party(self.unit(receiver)),)}
        return self.ask(purpose, sender, receiver, days, unit.staff[0], unit, told, eager=eager)

    @rule(target=consents, who=st.sampled_from(("mother", "father", "youth")), days=st.sampled_from((3, 20)))
    def request_own_sending(self, who: str, days: int) -> Any:
        parties = (party(self.actor(who)), party(self.town.gp))
        told = {"purpose": Purpose.OWN_SENDING, "senders": parties[:1], "receivers": ordered(parties)}
        return self.ask(Purpose.OWN_SENDING, who, "gp", days, self.actor(who), None, told, eager=True)

    def ask(  # noqa: PLR0917  (who asks whom for what, and how long)
        self,
        purpose: Purpose,
        sender: str,
        receiver: str,
        days: int,
        by: Actor,
        unit: Unit | None,
        told: dict[str, Any],
        *,
        eager: bool,
    ) -> Any:
        self.town.matter = new_matter()
        share_until = Instant(self.now + days * DAY)
        told |= {"share_until": share_until, "read_until": Instant(share_until + 4 * DAY)}
        terms = self.run(self.town.terms(**told))
        known = oracle.Agreement(
            str(purpose),
            sender_outside_health=sender == "school",
            receiver_outside_health=receiver == "school",
            asked=self.now,
            share_until=share_until,
            read_until=share_until + 4 * DAY,
            own_sender=sender if purpose is Purpose.OWN_SENDING else None,
        )
        answer = self.run(self.town.ask(by, terms, unit))
        assert (answer.status == 201) is oracle.may_ask(self.family, known, self.now), answer.body
        if answer.status != 201:
            return multiple()
        played = Played(terms, known, [], sender, receiver)
        if eager:
            for who in sorted(oracle.must_sign(self.family, known, self.now) or ()):
                self.said(played, who, "sign")
            if unit is not None:
                self.hear(played, "for")
        return played

    @rule(played=consents, who=st.sampled_from(PEOPLE), word=st.sampled_from(("sign", "sign", "seen")))
    def say_yes(self, played: Played, who: str, word: str) -> None:
        self.said(played, who, word)

    @rule(played=consents, who=st.sampled_from(PEOPLE), word=st.sampled_from(("refuse", "object")))
    def say_no(self, played: Played, who: str, word: str) -> None:
        self.said(played, who, word)

    @rule(played=consents, who=st.sampled_from(PEOPLE))
    def withdraw(self, played: Played, who: str) -> None:
        before = oracle.may_withdraw(self.family, played.told, who, self.now)
        answer = self.said(played, who, "withdraw")
        assert (answer.status == 201) is before, (who, answer.body)

    def said(self, played: Played, who: str, word: str) -> Reply:
        answer = self.run(self.town.say(self.actor(who), WORDS[word], played.terms))
        if answer.status == 201:
            kept = {"sign": played.told.signed, "seen": played.told.told}.get(word, played.told.noes)
            if who not in [one for one, _ in kept]:
                kept.append((who, self.now))
        return answer

    @rule(played=consents, outcome=st.sampled_from(("for", "for", "against", "unable")))
    def hear(self, played: Played, outcome: str) -> None:
        """Let a professional of the sending service ask the child."""
        if played.sender not in PEOPLE:
            unit = self.unit(played.sender)
            hearing = self.town.hear(unit.staff[0], outcome, unit, matter=played.terms.matter)
            assert self.run(hearing).status == 201
            played.hearings.append((self.now, outcome))

    # Courts and registers

    @precondition(lambda self: len(self.family.parents) < LONGEST_LIST)
    @rule(holders=st.sampled_from((("mother", "father"), ("mother",), ("father",))), joint=st.booleans())
    def decide_on_responsibility(self, holders: tuple[str, ...], joint: bool) -> None:
        """Let a new sheet say who holds responsibility from now on; it may contradict itself."""
        world, now = self.town.world, self.now
        register = Responsibility.JOINT if joint else Responsibility.SOLE
        present = self.family.holders(now)
        for name in sorted(present - set(holders)):
            self.family.parents = [
                oracle.Parent(one.name, one.since, now) if one.name == name and one.until is None else one
                for one in self.family.parents
            ]
        for name in sorted(set(holders) - present):
            self.family.parents.append(oracle.Parent(name, now))
        entitled = [
            world.entitled(self.actor(one.name), holds_to=None if one.until is None else Instant(one.until))
            if one.since == 0
            else self.from_now(one)
            for one in self.family.parents
        ]
        entitled.append(world.entitled(self.town.youth, Capacity.SELF))
        aunt = world.entitled(self.town.aunt, Capacity.FAMILY)
        self.run(self.town.next_sheet(may_sign=tuple(entitled), may_know=(*entitled, aunt), responsibility=register))
        self.family.register = str(register)

    def from_now(self, one: oracle.Parent) -> Any:
        plain = self.town.world.entitled(self.actor(one.name))
        until = None if one.until is None else Instant(one.until)
        return type(plain)(
            holds_from=Instant(one.since),
            holds_to=until,
            person=plain.person,
            capacity=plain.capacity,
            known_at=Instant(one.since),
        )

    # Sharing

    @rule(target=shares, played=consents)
    def share(self, played: Played) -> Any:
        sender, unit = self.sender(played)
        to: list[Holder] = [self.unit(played.receiver)]
        parcel = self.run(self.office.pack([played.terms], sender=sender, unit=unit, to=to))
        answer = self.run(self.office.send(parcel, sender))
        expected = oracle.may_share(self.family, played.told, played.hearings, self.now) and (
            unit is not None or played.sender in self.family.holders(self.now) | {"youth"}
        )
        assert (answer.status == 201) is expected, answer.body
        ANSWERS["share", expected] += 1
        return Sent(played, parcel, self.now) if answer.status == 201 else multiple()

    @rule(sent=shares)
    def open(self, sent: Sent) -> None:
        unit = self.unit(sent.under.receiver)
        answer = self.run(self.office.open(unit.staff[0], sent.parcel, unit, "reopen" if sent.opened else "open"))
        expected = oracle.may_open(self.family, sent.under.told, sent.under.hearings, sent.at, self.now)
        assert (answer.status == 200) is expected, answer.body
        ANSWERS["open", expected] += 1
        sent.opened = sent.opened or expected

    @rule(sent=consumes(shares))
    def read_last(self, sent: Sent) -> None:
        self.open(sent)

    # Who is who

    def actor(self, name: str) -> Actor:
        found: Actor = getattr(self.town, name)
        return found

    def unit(self, name: str) -> Unit:
        found: Unit = getattr(self.town, name)
        return found

    def sender(self, played: Played) -> tuple[Actor, Unit | None]:
        if played.sender in PEOPLE:
            return self.actor(played.sender), None
        unit = self.unit(played.sender)
        return unit.staff[0], unit


def test_the_server_and_the_oracle_never_differ() -> None:
    played = settings(
        max_examples=max(STEPS // STEPS_OF_A_FAMILY, 1),
        stateful_step_count=STEPS_OF_A_FAMILY,
        deadline=None,
        derandomize=STEPS <= 500,  # the gate plays the same every time; the long run seeks what is new
        phases=(
            Phase.reuse,
            Phase.generate,
        ),  # each step is a request: to shrink an example takes longer than to read it
        suppress_health_check=list(HealthCheck),
    )
    ANSWERS.clear()
    run_state_machine_as_test(Families, settings=played)
    if STEPS >= 500:
        assert all(ANSWERS[each] for each in (("share", True), ("share", False), ("open", True))), ANSWERS
