"""What professionals record of a matter: the child's view, grounds and attempts, assessments."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from protocol.identifiers import Instant
from protocol.statements.facts import AssessmentBody, AttemptBody, EndBody, FactBody, OneGuardianBody
from tests.e2e.families.asking import Asking
from tests.e2e.families.stage import CONSENTS, Played
from tests.http.consent.support import new_statement
from tests.kit.actor import Reply
from tests.kit.clock import DAY
from tests.kit.world import done
from tests.oracle import facts

FACTS = "/v1/facts"
GROUND = "ab" * 32


class Recording(Asking):
    """Hearings and facts, each by a unit that takes part."""

    def __init__(self) -> None:
        super().__init__()
        self.grounds: dict[int, str] = {}

    @rule(played=CONSENTS, outcome=st.sampled_from(("for", "for", "against", "against", "unable")))
    def hear(self, played: Played, outcome: str) -> None:
        """Let a professional ask the child."""
        self.heard(played, outcome, played.health_unit)

    @rule(played=CONSENTS, outcome=st.sampled_from(("for", "against")))
    def speak_up(self, played: Played, outcome: str) -> None:
        """Let the youth say it, in a matter of which the youth may know."""
        matter = played.terms.matter
        answer = self.run(self.town.hear(self.town.youth, outcome, matter=matter))
        assert (answer.status == 201) is self.anybody_may_know(matter, "youth"), answer.body
        if answer.status == 201:
            played.told.matter.hearings.append(facts.Hearing(self.now, outcome, "youth"))

    def heard(self, played: Played, outcome: str, by: str) -> None:
        self.touch(played)
        unit = self.unit(by)
        done(self.run(self.town.hear(unit.staff[0], outcome, unit, matter=played.terms.matter)))
        played.told.matter.hearings.append(facts.Hearing(self.now, outcome, by))

    @rule(played=CONSENTS, parent=st.sampled_from(("mother", "father", "aunt")), days=st.sampled_from((1, 90, 91)))
    def find_it_necessary(self, played: Played, parent: str, days: int) -> None:
        """Let health personnel record that one parent need not sign."""
        until = Instant(self.now + days * DAY)
        told = {"guardian": self.actor(parent).person, "heard": "heard", "attempts": (), "ground": GROUND}
        answer = self.record(played, OneGuardianBody, **told, holds_from=Instant(self.now), holds_to=until)
        expected = parent in self.family.holders(self.now) and days <= 90
        assert (answer.status == 201) is expected, (parent, answer.body)
        if expected:
            ground = facts.Ground(parent, played.health_unit, self.now, until)
            self.grounds[id(ground)] = answer.body["digest"]
            played.told.matter.grounds.append(ground)

    @rule(played=CONSENTS, parent=st.sampled_from(("mother", "father")), tried=st.booleans())
    def not_reach(self, played: Played, parent: str, tried: bool) -> None:
        """Let a parent be tried, or not, and then be done without: silence alone changes nothing."""
        person = self.actor(parent).person
        attempts: tuple[str, ...] = ()
        if tried:
            at = Instant(self.now)
            told: dict[str, Any] = {"guardian": person, "channel": "phone", "result": "no-answer", "tried_at": at}
            answer = self.record(played, AttemptBody, **told)
            assert (answer.status == 201) is (parent in self.family.holders(self.now)), answer.body
            attempts = (answer.body["digest"],) if answer.status == 201 else ()
        until = Instant(self.now + DAY)
        missed = {"guardian": person, "heard": "unreachable", "attempts": attempts or (GROUND,), "ground": GROUND}
        answer = self.record(played, OneGuardianBody, **missed, holds_from=Instant(self.now), holds_to=until)
        assert (answer.status == 201) is bool(attempts), answer.body
        if attempts:
            ground = facts.Ground(parent, played.health_unit, self.now, until)
            self.grounds[id(ground)] = answer.body["digest"]
            played.told.matter.grounds.append(ground)

    @rule(played=CONSENTS)
    def find_it_no_longer_necessary(self, played: Played) -> None:
        for ground in played.told.matter.grounds:
            if ground.by == played.health_unit:
                answer = self.record(played, EndBody, fact=self.grounds[id(ground)])
                assert answer.status == 201, answer.body
                ground.until = min(ground.until, self.now)

    @rule(played=CONSENTS)
    def assess(self, played: Played) -> None:
        """Let health personnel assess a youth's no."""
        assert self.record(played, AssessmentBody, ground=GROUND).status == 201
        played.told.matter.assessed.append((played.health_unit, self.now))

    def record(self, played: Played, kind: type[FactBody], **said: Any) -> Reply:
        self.touch(played)
        unit, terms = self.unit(played.health_unit), played.terms
        body = kind(new_statement(), unit.unit, terms.subject, terms.matter, **said)
        token = self.town.world.say(unit.staff[0], body)
        return self.run(self.town.world.post(unit.staff[0], FACTS, {"token": token}))
