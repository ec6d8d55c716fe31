"""The youth asks that the parents not be told, professionals decide, and everybody looks at what they may see."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from protocol.consent.vocabulary import Aspect, Ground
from protocol.identifiers import Instant
from protocol.statements.shields import (
    ShieldAskBody,
    ShieldDeclineBody,
    ShieldEndBody,
    ShieldNoticeBody,
    ShieldWithholdBody,
    ShieldWord,
)
from tests.e2e.families.stage import ANSWERS, CONSENTS, PEOPLE, UNITS, Played, Stage
from tests.http.consent.support import new_statement
from tests.kit.actor import Reply
from tests.kit.clock import DAY
from tests.oracle import shields
from tests.oracle.rules import may_know_of, years

WORDS = "/v1/shield-statements"
REASON = "5" * 64
SHUT_OUT = st.sampled_from(
    (("mother",), ("father",), ("father", "mother"), ("aunt", "father", "mother"), ("stranger",))
)
HIDES = st.sampled_from((frozenset({"notices"}), frozenset({"content", "log"}), shields.EVERYTHING, shields.EVERYTHING))


class Shielding(Stage):
    """Words on the shields of a matter; BUP decides."""

    def __init__(self) -> None:
        super().__init__()
        self.decisions: dict[int, str] = {}

    @rule(played=CONSENTS, persons=SHUT_OUT)
    def ask_to_hide(self, played: Played, persons: tuple[str, ...]) -> None:
        answer = self.say(played, "youth", ShieldAskBody, to=self.unit("bup").unit, persons=self.ids(persons))
        expected = self.may_hide(persons, 12) and shields.decided(played.told.matter.shields) is None
        assert (answer.status == 201) is expected, answer.body
        if expected:
            self.keep(played, shields.Said("asked", self.now, persons=frozenset(persons)))

    @rule(played=CONSENTS, persons=SHUT_OUT)
    def ask_for_weighty_concerns(self, played: Played, persons: tuple[str, ...]) -> None:
        unit = played.health_unit
        answer = self.say(played, unit, ShieldAskBody, to=self.unit("bup").unit, persons=self.ids(persons))
        expected = self.may_hide(persons, 0) and shields.decided(played.told.matter.shields) is None
        assert (answer.status == 201) is expected, answer.body
        if expected:
            self.keep(played, shields.Said("asked", self.now, youth_asks=False, persons=frozenset(persons)))

    @rule(played=CONSENTS, persons=SHUT_OUT, hides=HIDES, weighty=st.booleans(), days=st.sampled_from((2, 30)))
    def withhold(
        self, played: Played, persons: tuple[str, ...], hides: frozenset[str], weighty: bool, days: int
    ) -> None:
        words, review = played.told.matter.shields, self.now + days * DAY
        told: dict[str, Any] = {"persons": self.ids(persons), "hides": tuple(sorted(Aspect(each) for each in hides))}
        told |= {"ground": Ground.WEIGHTY if weighty else Ground.YOUTH_ASKS, "reason": REASON}
        answer = self.say(played, "bup", ShieldWithholdBody, **told, review_at=Instant(review))
        was_asked = any(each.word == "asked" and (weighty or each.youth_asks) for each in words)
        expected = self.bup_decides(played) and self.may_hide(persons, 0 if weighty else 12)
        expected = expected and (weighty or was_asked)
        assert (answer.status == 201) is expected, answer.body
        if expected:
            said = shields.Said("withheld", self.now, not weighty, frozenset(persons), hides, review)
            self.keep(played, said, answer)

    @rule(played=CONSENTS)
    def decline(self, played: Played) -> None:
        words = played.told.matter.shields
        answer = self.say(played, "bup", ShieldDeclineBody, ground=Ground.YOUTH_ASKS, reason=REASON)
        expected = self.bup_decides(played) and shields.anything_hidden(words, self.now)
        assert (answer.status == 201) is expected, answer.body
        if expected:
            self.keep(played, shields.Said("declined", self.now), answer)

    @rule(played=CONSENTS, by=st.sampled_from(("youth", "bup")))
    def tell_the_youth(self, played: Played, by: str) -> None:
        words = played.told.matter.shields
        decisions = [place for place, each in enumerate(words) if each.word in {"withheld", "declined"}]
        if decisions and (by == "youth" or self.bup_decides(played)):
            place = decisions[-1]
            answer = self.say(played, by, ShieldNoticeBody, decision=self.decisions[id(words[place])])
            assert answer.status == 201, answer.body
            self.keep(played, shields.Said("told", self.now, about=place))

    @rule(played=CONSENTS)
    def hide_no_longer(self, played: Played) -> None:
        words = played.told.matter.shields
        answer = self.say(played, "youth", ShieldEndBody)
        expected = shields.anything_hidden(words, self.now, youth_asked=True)
        assert (answer.status == 201) is expected, answer.body
        if expected:
            self.keep(played, shields.Said("ended", self.now))

    @rule(played=CONSENTS, who=st.sampled_from((*PEOPLE, *UNITS)))
    def look(self, played: Played, who: str) -> None:
        """Look at the list of a matter's consents: it shows what somebody may know of, no more and no less."""
        seen = set(self.run(self.town.listed(self.actor(who), f"?matter={played.terms.matter}")))
        beside = self.beside(played.terms.matter)
        known = {one.terms.digest for one in beside if may_know_of(self.family, one.told, who, self.now)}
        assert seen == known, who
        ANSWERS["look", bool(known)] += 1

    def may_hide(self, persons: tuple[str, ...], least: int) -> bool:
        """Say whether the law knows of hiding from these persons at the child's age."""
        listed = self.family.holders(self.now) | self.family.relatives
        return least <= years(self.family.born, self.now) < 16 and set(persons) <= listed

    def bup_decides(self, played: Played) -> bool:
        """Say whether BUP takes part in the matter, or was asked to decide."""
        parties = {who for each in self.beside(played.terms.matter) for who in (each.told.sender, each.told.receiver)}
        return "bup" in parties or any(each.word == "asked" for each in played.told.matter.shields)

    def keep(self, played: Played, said: shields.Said, answer: Reply | None = None) -> None:
        played.told.matter.shields.append(said)
        if answer is not None:
            self.decisions[id(said)] = answer.body["digest"]

    def say(self, played: Played, who: str, kind: type[ShieldWord], **told: Any) -> Reply:
        self.touch(played)
        terms, actor = played.terms, self.actor(who)
        unit = self.unit(who).unit if who in UNITS else None
        body = kind(new_statement(), unit, terms.subject, terms.matter, **told)
        return self.run(self.town.world.post(actor, WORDS, {"token": self.town.world.say(actor, body)}))

    def ids(self, persons: tuple[str, ...]) -> tuple[Any, ...]:
        return tuple(sorted(self.actor(each).person for each in persons))
