"""Sending and reading: what all the rest is about."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis.stateful import consumes, invariant, multiple, rule

from protocol.consent.answer import Permit
from protocol.consent.ask import Actor as Acting
from protocol.consent.vocabulary import Act, Category
from protocol.identifiers import Instant
from tests.e2e.families.stage import ANSWERS, CONSENTS, PEOPLE, SHARES, Played, Sent, Stage
from tests.http.consent.test_cases import decided, share
from tests.http.documents.support import Holder
from tests.oracle import rules as oracle

LOOKED_AT = 2
"""How many of the consents that were touched last, and of the shares under each."""
DECIDED: Counter[tuple[str, bool]] = Counter()
"""How often a decision on the server's rows permitted and denied."""


class Sharing(Stage):
    """Every share and every opening is what the oracle says."""

    @rule(target=SHARES, played=CONSENTS)
    def send(self, played: Played) -> Any:
        return self.share_now(played)

    @rule(target=SHARES, played=CONSENTS)
    def share_and_read(self, played: Played) -> Any:
        sent = self.share_now(played)
        if isinstance(sent, Sent):
            self.open_now(sent)
        return sent

    @rule(sent=SHARES)
    def open(self, sent: Sent) -> None:
        self.open_now(sent)

    @rule(sent=consumes(SHARES))
    def read_last(self, sent: Sent) -> None:
        self.open_now(sent)

    @invariant()
    def nobody_differs(self) -> None:
        """Ask, after every move, what the server would answer about the consents touched last, from its rows."""
        for played in self.touched[-LOOKED_AT:]:
            may_share = oracle.may_share(self.family, played.told, self.now)
            self.agree(played, None, expected=may_share)
            for then in played.could_share[-LOOKED_AT:]:
                self.agree(played, then, expected=oracle.may_open(self.family, played.told, then, self.now))
            if may_share and self.now not in played.could_share:
                played.could_share.append(self.now)

    def agree(self, played: Played, then: int | None, *, expected: bool) -> None:
        told, receiver = played.told, self.unit(played.told.receiver)
        unit = None if told.sender in PEOPLE else self.unit(told.sender).unit
        ask = share(
            self.town,
            played.terms,
            sender=Acting(self.actor(told.sender).person, unit),
            receivers=(receiver.unit,) if then is None else (),
            categories=(Category.MESSAGE,),
        )
        if then is not None:
            reader = Acting(receiver.staff[0].person, receiver.unit)
            ask = replace(ask, act=Act.OPEN, reader=reader, shared_at=Instant(then))
        answer = self.run(decided(self.town, ask))
        assert isinstance(answer, Permit) is expected, (played, then, answer)
        DECIDED["share" if then is None else "open", expected] += 1

    def share_now(self, played: Played) -> Any:
        self.touch(played)
        sender = self.actor(played.told.sender)
        unit = None if played.told.sender in PEOPLE else self.unit(played.told.sender)
        to: list[Holder] = [self.unit(played.told.receiver)]
        parcel = self.run(self.office.pack([played.terms], sender=sender, unit=unit, to=to))
        answer = self.run(self.office.send(parcel, sender))
        expected = oracle.may_share(self.family, played.told, self.now)
        assert (answer.status == 201) is expected, answer.body
        ANSWERS["share", expected] += 1
        return Sent(played, parcel, self.now) if expected else multiple()

    def open_now(self, sent: Sent) -> None:
        self.touch(sent.under)
        unit = self.unit(sent.under.told.receiver)
        answer = self.run(self.office.open(unit.staff[0], sent.parcel, unit, "reopen" if sent.opened else "open"))
        expected = oracle.may_open(self.family, sent.under.told, sent.at, self.now)
        assert (answer.status == 200) is expected, answer.body
        ANSWERS["open", expected] += 1
        sent.opened = sent.opened or expected
