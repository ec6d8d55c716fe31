"""Asking for consents, and everything that can be said on one: yes, no, less, and by the hand of professionals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import multiple, rule

from protocol.consent.narrowing import Less
from protocol.consent.vocabulary import Category, Purpose
from protocol.identifiers import Instant, MatterId
from protocol.statements.consent import (
    ConsentAct,
    NoticeBody,
    ObjectionBody,
    RefusalBody,
    SignatureBody,
    WithdrawalBody,
)
from protocol.statements.invalidating import InvalidationBody
from protocol.statements.narrowing import NarrowingBody
from protocol.statements.recorded import (
    DisputeBody,
    RecordedAct,
    RecordedConfirmationBody,
    RecordedSignatureBody,
    RecordedWithdrawalBody,
)
from tests.e2e.families.stage import CONSENTS, PEOPLE, WHO, Played, Stage
from tests.http.consent.support import WORDS, new_matter, new_statement, ordered, party
from tests.kit.actor import Actor, Reply
from tests.kit.clock import DAY
from tests.kit.world import Unit
from tests.oracle import facts
from tests.oracle import rules as oracle

SAYING: dict[str, type[ConsentAct]] = {
    "sign": SignatureBody,
    "seen": NoticeBody,
    "refuse": RefusalBody,
    "object": ObjectionBody,
    "withdraw": WithdrawalBody,
    "declare void": InvalidationBody,
}
MORE = {"declare void": {"cause": "pressure"}}
"""What a word says beside which consent it is about."""
ROUTES = {
    "to-bup": ("gp", "bup"),
    "to-school": ("gp", "school"),
    "from-school": ("school", "bup"),
    "back": ("bup", "gp"),
}
EAGER = st.sampled_from(("own", "own", "recorded", "recorded", "nobody"))
"""How everybody who must sign does so at once, so that much is in force."""
PURPOSES = (Purpose.INFORMATION, Purpose.COORDINATION, Purpose.REFERRAL, Purpose.DISCHARGE)
ENTITLED = {
    "refuse": oracle.may_refuse,
    "object": oracle.may_object,
    "withdraw": oracle.may_withdraw,
    "declare void": oracle.may_withdraw,
}


class Asking(Stage):
    """Requests, and the words on them."""

    @rule(
        target=CONSENTS,
        purpose=st.sampled_from(PURPOSES),
        route=st.sampled_from(tuple(ROUTES)),
        days=st.sampled_from((3, 20, 60)),
        eager=EAGER,
    )
    def request(self, purpose: Purpose, route: str, days: int, eager: str) -> Any:
        """Let a service ask; often everybody who must sign does so at once, so that much is in force."""
        return self.ask_between(*ROUTES[route], purpose, days, new_matter(), eager=eager)

    @rule(
        target=CONSENTS,
        beside=CONSENTS,
        purpose=st.sampled_from(PURPOSES),
        route=st.sampled_from(tuple(ROUTES)),
        eager=EAGER,
    )
    def request_beside(self, beside: Played, purpose: Purpose, route: str, eager: str) -> Any:
        """Ask for another consent in a matter in which one was asked for."""
        return self.ask_between(*ROUTES[route], purpose, 20, beside.terms.matter, eager=eager)

    @rule(target=CONSENTS, who=st.sampled_from(("mother", "father", "youth")), days=st.sampled_from((3, 20)))
    def request_own_sending(self, who: str, days: int) -> Any:
        parties = (party(self.actor(who)), party(self.town.gp))
        told = {"purpose": Purpose.OWN_SENDING, "senders": parties[:1], "receivers": ordered(parties)}
        known = self.agreement(Purpose.OWN_SENDING, who, "gp", days, new_matter())
        return self.ask(replace(known, own_sender=who), self.actor(who), None, told, eager="own")

    def ask_between(
        self, sender: str, receiver: str, purpose: Purpose, days: int, matter: MatterId, *, eager: str
    ) -> Any:
        unit = self.unit(sender)
        told = {"purpose": purpose, "senders": (party(unit),), "receivers": (party(self.unit(receiver)),)}
        known = self.agreement(purpose, sender, receiver, days, matter)
        return self.ask(known, unit.staff[0], unit, told, eager=eager)

    def agreement(self, purpose: Purpose, sender: str, receiver: str, days: int, matter: MatterId) -> facts.Agreement:
        self.town.matter = matter
        until = self.now + days * DAY
        known = next((each.told.matter for each in self.beside(matter)), facts.Matter())
        return facts.Agreement(
            str(purpose), sender, receiver, frozenset({"school"}), self.now, until, until + 4 * DAY, matter=known
        )

    def ask(self, known: facts.Agreement, by: Actor, unit: Unit | None, told: dict[str, Any], *, eager: str) -> Any:
        told |= {"share_until": Instant(known.share_until), "read_until": Instant(known.read_until)}
        terms = self.run(self.town.terms(**told))
        answer = self.run(self.town.ask(by, terms, unit))
        assert (answer.status == 201) is oracle.may_ask(self.family, known, self.now), answer.body
        if answer.status != 201:
            return multiple()
        played = Played(terms, known)
        self.played.append(played)
        self.touch(played)
        if eager != "nobody":
            for who in sorted(oracle.must_sign(self.family, known, self.now) or ()):
                if eager == "recorded" and self.family.takes_recorded:
                    self.record_a_yes(played, who, confirmed=True)
                else:
                    self.said(played, who, "sign")
            if unit is not None:
                self.hear(played, "for")
        return played

    # With one's own key

    @rule(played=CONSENTS, who=WHO, word=st.sampled_from(("sign", "sign", "seen")))
    def say_yes(self, played: Played, who: str, word: str) -> None:
        self.said(played, who, word)

    @rule(played=CONSENTS, who=WHO, word=st.sampled_from(tuple(ENTITLED)))
    def say_no(self, played: Played, who: str, word: str) -> None:
        entitled = ENTITLED[word](self.family, played.told, who, self.now)
        answer = self.said(played, who, word)
        assert (answer.status == 201) is entitled, (who, word, answer.body)

    def said(self, played: Played, who: str, word: str) -> Reply:
        self.touch(played)
        answer = self.run(self.town.say(self.actor(who), SAYING[word], played.terms, **MORE.get(word, {})))
        if answer.status == 201 and word == "sign":
            if who not in [each.who for each in played.told.signed if each.record is None]:
                played.told.signed.append(facts.Signed(who, self.now))
        elif answer.status == 201:
            kept = played.told.told if word == "seen" else played.told.noes
            if who not in [one for one, _ in kept]:
                kept.append((who, self.now))
        return answer

    @rule(
        played=CONSENTS,
        who=WHO,
        what=st.sampled_from(("receiver", "message", "health-note", "share_until", "read_until")),
        hours=st.sampled_from((1, 60)),
    )
    def take_back_a_part(self, played: Played, who: str, what: str, hours: int) -> None:
        end = Instant(self.now + hours * 3_600_000)
        if what.endswith("until") and end >= getattr(played.terms, what):
            return
        receiver, now = played.told.receiver, self.now
        told, less = {
            "receiver": (Less(receivers=(self.unit(receiver).unit,)), facts.Less(now, receiver=receiver)),
            "message": (Less(categories=(Category.MESSAGE,)), facts.Less(now, category=what)),
            "health-note": (Less(categories=(Category.HEALTH_NOTE,)), facts.Less(now, category=what)),
            "share_until": (Less(share_until=end), facts.Less(now, share_until=end)),
            "read_until": (Less(read_until=end), facts.Less(now, read_until=end)),
        }[what]
        self.touch(played)
        answer = self.run(self.town.say(self.actor(who), NarrowingBody, played.terms, less=told))
        entitled = oracle.may_withdraw(self.family, played.told, who, self.now)
        assert (answer.status == 201) is entitled, (who, what, answer.body)
        if entitled:
            played.told.less.append(less)

    # Written down by professionals

    @rule(played=CONSENTS, who=WHO, confirmed=st.booleans())
    def record_a_yes(self, played: Played, who: str, confirmed: bool) -> None:
        """Write down somebody's yes, and mostly have a colleague confirm it; what was disputed is written down anew."""
        unit, text = self.unit(played.health_unit), played.terms.text
        more = {"identity": "known", "interpreter": None, "scan": None}
        more |= {"text_version": text.version, "language": str(text.language)}
        written = self.written(played, RecordedSignatureBody, who, unit.staff[0], **more)
        asked = who in (oracle.must_sign(self.family, played.told, self.now) or ())
        assert written.status != 201 or (asked and self.family.takes_recorded), written.body
        if written.status != 201:
            return
        recorded = played.written[who] = written.body["digest"]
        if confirmed:
            answer = self.written(played, RecordedConfirmationBody, who, unit.custodian, recorded=recorded)
            assert answer.status == 201, answer.body
            if recorded not in [each.record for each in played.told.signed]:
                played.told.signed.append(facts.Signed(who, self.now, record=recorded))

    @rule(played=CONSENTS, nth=st.integers(0, 9))
    def dispute(self, played: Played, nth: int) -> None:
        """Let somebody dispute what was last written down of them; what was never written is refused."""
        played = next((each for each in reversed(self.played) if each.written), played) if nth else played
        whose = sorted(played.written)
        self.disputed_by(played, whose[nth % len(whose)] if whose and nth else PEOPLE[nth % len(PEOPLE)])

    def disputed_by(self, played: Played, who: str) -> None:
        self.touch(played)
        recorded = played.written.get(who, "ab" * 32)
        answer = self.run(self.town.say(self.actor(who), DisputeBody, played.terms, recorded=recorded))
        assert (answer.status == 201) is (who in played.written), (who, answer.body)
        for each in played.told.signed:
            if each.record == recorded and each.disputed is None:
                each.disputed = self.now

    @rule(played=CONSENTS, who=WHO)
    def confirm_what_was_disputed(self, played: Played, who: str) -> None:
        """Confirm what the person has disputed before anybody confirmed it: that is never taken."""
        recorded = played.written.get(who)
        if recorded is None or recorded in [each.record for each in played.told.signed]:
            return
        self.disputed_by(played, who)
        custodian = self.unit(played.health_unit).custodian
        answer = self.written(played, RecordedConfirmationBody, who, custodian, recorded=recorded)
        assert answer.status != 201, answer.body

    @rule(played=CONSENTS, who=WHO)
    def record_a_withdrawal(self, played: Played, who: str) -> None:
        unit = self.unit(played.health_unit)
        entitled = oracle.may_withdraw(self.family, played.told, who, self.now)
        answer = self.written(played, RecordedWithdrawalBody, who, unit.staff[0])
        assert (answer.status == 201) is entitled, (who, answer.body)
        if entitled:
            played.told.noes.append((who, self.now))

    @rule(recorded=st.booleans())
    def change_what_counts(self, recorded: bool) -> None:
        """Let the root take recorded signatures from now on, or no longer."""
        if recorded is not self.family.takes_recorded:
            self.change_the_policy(recorded=recorded)

    def written(self, played: Played, kind: type[RecordedAct], who: str, by: Actor, **more: Any) -> Reply:
        self.touch(played)
        terms = played.terms
        unit = self.unit(played.health_unit).unit
        about = new_statement(), terms.digest, terms.subject, terms.matter
        body = kind(*about, unit, self.actor(who).person, "oral", **more)
        return self.run(self.town.world.post(by, WORDS, {"token": self.town.world.say(by, body)}))

    def hear(self, played: Played, outcome: str) -> None:
        """Let a professional of the sending service ask the child; see `recording`."""
        raise NotImplementedError
