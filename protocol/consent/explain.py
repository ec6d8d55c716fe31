"""A denial in words: why not, who must still act as far as the asker may know, what to do next, which way is open.

The words lie in `protocol/texts/explanations.*.json`, one table a language, for each audience. Nobody is named in them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any

from protocol.consent.answer import Deny, Missing, Reason
from protocol.consent.ask import Actor, Ask
from protocol.consent.case import Case, Sheet
from protocol.consent.coverage import covers, shielded
from protocol.consent.in_place import InPlace
from protocol.consent.ruleset import Rule, rule_sets
from protocol.consent.terms import Terms
from protocol.consent.visibility import view
from protocol.consent.vocabulary import Capacity, Language, Purpose, Regime, RoleAct
from protocol.identifiers import Instant


class Audience(StrEnum):
    """Whose words an explanation is written in."""

    PARENT = "parent"
    YOUTH = "youth"
    GP = "gp"
    BUP = "bup"
    BOROUGH = "borough"
    PPT = "ppt"
    CHILD_WELFARE = "child-welfare"


class Step(StrEnum):
    """What somebody can do next."""

    UPDATE = "update"
    ASK_REGISTRAR = "ask-registrar"
    INVITE_YOUTH = "invite-youth"
    LET_ANOTHER_SEND = "let-another-send"
    MARK_AS_OWN = "mark-as-own"
    CHECK_UNIT = "check-unit"
    ASK_CUSTODIAN = "ask-custodian"
    TALK = "talk"
    USE_ORDINARY_CHANNEL = "use-ordinary-channel"
    ASK_CHILD_WELFARE = "ask-child-welfare"
    ASK_CONSENT = "ask-consent"
    LEAVE_OUT = "leave-out"
    CHECK_CLOCK = "check-clock"
    RESPECT_NO = "respect-no"
    HEAR_AGAIN = "hear-again"
    HEAR = "hear"
    SIGN_OR_WAIT = "sign-or-wait"
    SIGN_ONESELF = "sign-oneself"
    RENEW = "renew"
    INFORM = "inform"
    WAIT = "wait"


class Channel(StrEnum):
    """A way that stays open without a consent."""

    EMERGENCY = "emergency"
    REPORT = "report"
    """The duty to report to child welfare."""


class Who(StrEnum):
    """Somebody who must still act, as the asker knows them: by their footing, never by name."""

    YOU = "you"
    GUARDIAN = "guardian"
    SERVICE = "service"
    """The child welfare service, by an order."""
    REPRESENTATIVE = "representative"
    CHILD = "child"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Explanation:
    """A denial as one asker may be told it.

    `missing` and `acts` say the same, by id and in words; `rule_text` and `references` are of the rules applied.
    """

    reason: Reason
    audience: Audience
    why: str
    step: Step
    next: str
    channels: tuple[str, ...]
    missing: tuple[Missing, ...]
    acts: tuple[str, ...]
    rule: str | None
    rule_text: tuple[str, ...]
    references: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it, to be read aloud: why, who, what next, what else."""
        return " ".join((self.why, *self.acts, self.next, *self.channels))


_EMERGENCY = (Channel.EMERGENCY,)
_BOTH = (Channel.EMERGENCY, Channel.REPORT)
_NONE: tuple[Channel, ...] = ()

ADVICE: Mapping[Reason, tuple[Step, tuple[Channel, ...]]] = {
    Reason.ASK_INCOMPLETE: (Step.UPDATE, _NONE),
    Reason.VERSION_UNKNOWN: (Step.UPDATE, _NONE),
    Reason.RULES_UNKNOWN: (Step.UPDATE, _NONE),
    Reason.RULES_NOT_ACCEPTED: (Step.ASK_CONSENT, _EMERGENCY),
    Reason.SHEET_MISSING: (Step.ASK_REGISTRAR, _EMERGENCY),
    Reason.SHEET_ENDED: (Step.ASK_REGISTRAR, _EMERGENCY),
    Reason.RESPONSIBILITY_UNCLEAR: (Step.ASK_REGISTRAR, _BOTH),
    Reason.NO_SIGNER: (Step.ASK_REGISTRAR, _BOTH),
    Reason.YOUTH_NOT_ENROLLED: (Step.INVITE_YOUTH, _EMERGENCY),
    Reason.SENDER_MAY_NOT_SEND: (Step.LET_ANOTHER_SEND, _EMERGENCY),
    Reason.OWN_OBSERVATIONS_ONLY: (Step.MARK_AS_OWN, _EMERGENCY),
    Reason.UNIT_UNKNOWN: (Step.CHECK_UNIT, _NONE),
    Reason.UNIT_ENDED: (Step.CHECK_UNIT, _EMERGENCY),
    Reason.NOT_A_MEMBER: (Step.ASK_CUSTODIAN, _NONE),
    Reason.NOT_ON_SHEET: (Step.ASK_REGISTRAR, _NONE),
    Reason.SHIELDED: (Step.TALK, _EMERGENCY),
    Reason.EXCEPTION_ONE_GUARDIAN: (Step.USE_ORDINARY_CHANNEL, _BOTH),
    Reason.EXCEPTION_CARE_ORDER: (Step.ASK_CHILD_WELFARE, _BOTH),
    Reason.NO_CONSENT: (Step.ASK_CONSENT, _BOTH),
    Reason.CONSENT_UNKNOWN: (Step.ASK_CONSENT, _EMERGENCY),
    Reason.CARE_CONSENT_MISSING: (Step.ASK_CONSENT, _BOTH),
    Reason.KIND_NOT_ALLOWED: (Step.ASK_CONSENT, _NONE),
    Reason.TOO_LONG: (Step.ASK_CONSENT, _NONE),
    Reason.OTHER_SUBJECT: (Step.ASK_CONSENT, _EMERGENCY),
    Reason.OTHER_MATTER: (Step.ASK_CONSENT, _EMERGENCY),
    Reason.OTHER_PURPOSE: (Step.ASK_CONSENT, _EMERGENCY),
    Reason.SENDER_NOT_COVERED: (Step.ASK_CONSENT, _BOTH),
    Reason.RECEIVER_NOT_COVERED: (Step.ASK_CONSENT, _BOTH),
    Reason.CATEGORY_NOT_COVERED: (Step.LEAVE_OUT, _BOTH),
    Reason.NOT_YET_MADE: (Step.CHECK_CLOCK, _NONE),
    Reason.SHARING_ENDED: (Step.ASK_CONSENT, _BOTH),
    Reason.READING_ENDED: (Step.ASK_CONSENT, _EMERGENCY),
    Reason.INVALIDATED: (Step.RESPECT_NO, _BOTH),
    Reason.WITHDRAWN: (Step.RESPECT_NO, _BOTH),
    Reason.RECEIVER_WITHDRAWN: (Step.RESPECT_NO, _BOTH),
    Reason.CATEGORY_WITHDRAWN: (Step.RESPECT_NO, _BOTH),
    Reason.REFUSED: (Step.RESPECT_NO, _BOTH),
    Reason.OBJECTED: (Step.RESPECT_NO, _BOTH),
    Reason.HEARD_AGAINST: (Step.HEAR_AGAIN, _BOTH),
    Reason.NOT_HEARD: (Step.HEAR, _BOTH),
    Reason.SIGNATURE_MISSING: (Step.SIGN_OR_WAIT, _BOTH),
    Reason.SIGNATURE_RECORDED: (Step.SIGN_ONESELF, _EMERGENCY),
    Reason.NEEDS_NEW_CONSENT: (Step.RENEW, _BOTH),
    Reason.NOT_INFORMED: (Step.INFORM, _BOTH),
    Reason.NOTICE_RUNNING: (Step.WAIT, _BOTH),
}
"""What to do about each reason, and which channels the law keeps open meanwhile."""

_BEFORE_CONSENTS = frozenset(
    {
        Reason.ASK_INCOMPLETE,
        Reason.SHEET_MISSING,
        Reason.SHEET_ENDED,
        Reason.UNIT_UNKNOWN,
        Reason.UNIT_ENDED,
        Reason.NOT_A_MEMBER,
        Reason.NOT_ON_SHEET,
        Reason.NO_CONSENT,
        Reason.CONSENT_UNKNOWN,
    }
)
"""Reasons that tell nothing of what anybody did about a consent."""


def explain(deny: Deny, ask: Ask, viewer: Actor, case: Case, at: Instant, *, language: Language) -> Explanation:
    """Explain the answer to `ask` at `at` to one viewer, in their words.

    Whoever may not know that one of the consents exists is told what they would be told if there were none: the same
    words, no rule, nobody missing.
    """
    named = [case.by_digest[digest] for digest in ask.consents if digest in case.by_digest]
    hidden = viewer.person in shielded(case, ask.matter, at) or (
        deny.reason not in _BEFORE_CONSENTS and not all(view(viewer, one, case, at).existence for one in named)
    )
    told = Deny(Reason.CONSENT_UNKNOWN) if hidden else deny
    who = audience_of(viewer, case, named[0].terms if named else None)
    step, channels = ADVICE[told.reason]
    words = _words(language)
    rules = rules_named(told.rule)
    acts = dict.fromkeys(
        str(words["acts"][each.act][_who(each, viewer, case.sheet)]) for each in sorted(told.missing, key=_act)
    )
    return Explanation(
        reason=told.reason,
        audience=who,
        why=_said(words["why"][told.reason], who),
        step=step,
        next=_said(words["steps"][step], who),
        channels=tuple(said for each in channels if (said := _said(words["channels"][each], who))),
        missing=told.missing,
        acts=tuple(acts),
        rule=told.rule,
        rule_text=tuple(rule.nb if language is Language.BOKMAL else rule.en for rule in rules),
        references=tuple(rule.reference for rule in rules),
    )


def audience_of(viewer: Actor, case: Case, terms: Terms | None) -> Audience:
    """Say whose words suit a viewer: by footing on the sheet, or by their unit's regime.

    Both a GP and BUP work in health; BUP is where a referral goes to and a discharge summary comes from.
    """
    if viewer.unit is None:
        listed = () if case.sheet is None else case.sheet.may_sign
        footings = {each.capacity for each in listed if each.person == viewer.person}
        if Capacity.CHILD_WELFARE in footings:
            return Audience.CHILD_WELFARE
        return Audience.YOUTH if Capacity.SELF in footings else Audience.PARENT
    unit = case.units.get(viewer.unit)
    regime = Regime.OTHER if unit is None else unit.regime
    if regime is not Regime.HEALTH:
        return _REGIMES[regime]
    if terms is None:
        return Audience.GP
    side = {Purpose.REFERRAL: terms.receivers, Purpose.DISCHARGE: terms.senders}.get(terms.purpose, ())
    return Audience.BUP if covers(side, viewer.unit, case) else Audience.GP


_REGIMES = {
    Regime.EDUCATION: Audience.PPT,
    Regime.CHILD_WELFARE: Audience.CHILD_WELFARE,
    Regime.OTHER: Audience.BOROUGH,
}
FAMILY = frozenset({Audience.PARENT, Audience.YOUTH})
"""They are told who must still act by footing; an id says nothing to them."""


def _said(texts: Mapping[str, str], audience: Audience) -> str:
    """Choose the audience's own words, else those of its group, else those for everybody; "" where there are none."""
    group = "family" if audience in FAMILY else "services"
    return next((texts[each] for each in (audience, group, "all") if each in texts), "")


def _who(missing: Missing, viewer: Actor, sheet: Sheet | None) -> Who:
    holders = () if sheet is None else sheet.may_sign
    footings = {each.capacity for each in holders if each.person == missing.person}
    me = {each.capacity for each in holders if each.person == viewer.person} if viewer.unit is None else set()
    heard = missing.act is RoleAct.IS_HEARD
    if missing.person == viewer.person or (heard and Capacity.SELF in me):
        return Who.YOU
    if heard or Capacity.SELF in footings:
        return Who.CHILD
    return next((who for capacity, who in _FOOTINGS if capacity in footings), Who.OTHER)


_FOOTINGS = (
    (Capacity.CHILD_WELFARE, Who.SERVICE),
    (Capacity.REPRESENTATIVE, Who.REPRESENTATIVE),
    (Capacity.GUARDIAN, Who.GUARDIAN),
)


def _act(missing: Missing) -> tuple[int, str]:
    return _ACTS.index(missing.act), missing.person


_ACTS: Sequence[RoleAct] = tuple(RoleAct)


def rules_named(ids: str | None) -> tuple[Rule | InPlace, ...]:
    """Return the packaged rules that an answer names, in its order; those that this program lacks are left out."""
    wanted = () if ids is None else ids.split(" ")
    every: dict[str, Rule | InPlace] = {}
    for rules in rule_sets().values():
        every |= {rule.id: rule for rule in rules.rules}
        every |= {rule.id: rule for rule in rules.in_place}
    return tuple(every[each] for each in wanted if each in every)


@lru_cache(maxsize=len(Language))
def _words(language: Language) -> Mapping[str, Any]:
    path = resources.files("protocol.texts") / f"explanations.{language}.json"
    read: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read
