"""One question for each reason to deny, but `version-unknown`: JSON of another version is refused when it is read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from protocol.consent.answer import Reason
from protocol.consent.ask import Ask
from protocol.consent.case import Case, ConsentFacts, Shield
from protocol.consent.vocabulary import Category, Evidence, Kind, Outcome, Purpose, Responsibility
from protocol.identifiers import Instant
from tests.unit.consent import family as f
from tests.unit.consent.family import BOTH, FATHER, MOTHER, NOW, SIGNED, consent, share

Question = tuple[Ask, Case, Instant]


def asked(signed: ConsentFacts = BOTH, ask: dict[str, Any] | None = None, **changes: Any) -> Question:
    """Return a share under one consent, with changes to the ask and to the case."""
    return share(signed, **(ask or {})), f.case(signed, **changes), NOW


def denied() -> dict[Reason, Question]:
    """Return the questions."""
    children = {age: f.sheet(born) for age, born in f.BORN.items()}
    own = {"purpose": Purpose.OWN_SENDING, "senders": f.parties(MOTHER), "receivers": f.parties(f.GP, MOTHER)}
    relative = {**own, "senders": f.parties(f.GRANDMOTHER), "receivers": f.parties(f.GP, f.GRANDMOTHER)}
    discharge = {"purpose": Purpose.DISCHARGE, "senders": f.parties(f.BUP), "receivers": f.parties(f.GP)}
    referral = {"purpose": Purpose.REFERRAL, "categories": (Category.PPT_REPORT, Category.REFERRAL)}
    to_gp = {"receivers": (f.GP,)}
    shield = Shield(matter=f.MATTER, persons=frozenset({MOTHER}), provisional=True, holds_from=SIGNED, holds_to=None)
    recorded = (f.signature(MOTHER), f.signature(FATHER, evidence=Evidence.RECORDED))
    letter = consent(MOTHER, FATHER, receivers=f.parties(MOTHER))
    ended = {**f.UNITS, f.BUP: replace(f.UNITS[f.BUP], not_after=NOW)}
    no_parents = f.sheet(may_sign=())
    return {
        Reason.ASK_INCOMPLETE: asked(ask={"categories": ()}),
        Reason.RULES_UNKNOWN: asked(consent(MOTHER, FATHER, rules="0" * 64)),
        Reason.RULES_NOT_ACCEPTED: asked(rule_sets=()),
        Reason.SHEET_MISSING: asked(sheet=None),
        Reason.SHEET_ENDED: asked(sheet=f.sheet(not_after=NOW)),
        Reason.RESPONSIBILITY_UNCLEAR: asked(sheet=f.sheet(responsibility=Responsibility.UNKNOWN)),
        Reason.NO_SIGNER: asked(sheet=no_parents),
        Reason.YOUTH_NOT_ENROLLED: asked(sheet=f.sheet(f.BORN[16], may_sign=())),
        Reason.SENDER_MAY_NOT_SEND: asked(consent(f.GRANDMOTHER, **relative), to_gp),
        Reason.OWN_OBSERVATIONS_ONLY: asked(consent(MOTHER, **own), to_gp, sheet=children[16]),
        Reason.UNIT_UNKNOWN: asked(units={f.GP: f.UNITS[f.GP]}),
        Reason.UNIT_ENDED: asked(units=ended),
        Reason.NOT_A_MEMBER: asked(memberships=(f.membership(f.DOCTOR, f.GP, until=NOW),)),
        Reason.NOT_ON_SHEET: asked(letter, sheet=f.sheet(may_know=())),
        Reason.SHIELDED: asked(letter, shields=(shield,)),
        Reason.EXCEPTION_ONE_GUARDIAN: asked(
            consent(MOTHER, receivers=f.parties(f.SCHOOL)), {"receivers": (f.SCHOOL,)}, exceptions=(f.exception(),)
        ),
        Reason.EXCEPTION_CARE_ORDER: asked(sheet=f.sheet(authorities=(f.authority(known_at=None),))),
        Reason.NO_CONSENT: asked(ask={"consents": ()}),
        Reason.CONSENT_UNKNOWN: asked(ask={"consents": ("0" * 64,)}),
        Reason.CARE_CONSENT_MISSING: asked(consent(MOTHER, FATHER, **referral)),
        Reason.KIND_NOT_ALLOWED: (
            share(BOTH, consent(MOTHER, FATHER, kind=Kind.CARE)),
            f.case(BOTH, consent(MOTHER, FATHER, kind=Kind.CARE)),
            NOW,
        ),
        Reason.TOO_LONG: asked(consent(MOTHER, FATHER, read_until=f.oslo(2027, 9, 1, 10, 1))),
        Reason.OTHER_SUBJECT: asked(consent(MOTHER, FATHER, subject=f.OTHER_CHILD, roles=f.terms().roles[:2])),
        Reason.OTHER_MATTER: asked(consent(MOTHER, FATHER, matter=f.OTHER_MATTER)),
        Reason.OTHER_PURPOSE: asked(ask={"purpose": Purpose.DISCHARGE}),
        Reason.SENDER_NOT_COVERED: asked(ask={"sender": f.actor(f.SCHOOL)}),
        Reason.RECEIVER_NOT_COVERED: asked(ask={"receivers": (f.BUP, f.BOROUGH)}),
        Reason.CATEGORY_NOT_COVERED: asked(ask={"categories": (Category.PLAN,)}),
        Reason.NOT_YET_MADE: asked(replace(BOTH, requested_at=Instant(NOW + 1))),
        Reason.SHARING_ENDED: asked(consent(MOTHER, FATHER, share_until=NOW)),
        Reason.READING_ENDED: asked(consent(MOTHER, FATHER, share_until=NOW, read_until=NOW)),
        Reason.INVALIDATED: asked(replace(BOTH, invalidations=(f.dated(MOTHER, f.later(NOW, f.DAY)),))),
        Reason.WITHDRAWN: asked(replace(BOTH, withdrawals=(f.dated(MOTHER, NOW),))),
        Reason.RECEIVER_WITHDRAWN: asked(replace(BOTH, narrowings=(f.narrowing(MOTHER, receivers=(f.BUP,)),))),
        Reason.CATEGORY_WITHDRAWN: asked(
            replace(BOTH, narrowings=(f.narrowing(FATHER, categories=BOTH.terms.categories[:1]),))
        ),
        Reason.REFUSED: asked(replace(BOTH, refusals=(f.dated(FATHER),))),
        Reason.OBJECTED: asked(consent(MOTHER, **discharge, objections=(f.dated(FATHER),))),
        Reason.HEARD_AGAINST: asked(sheet=children[13], hearings=(f.heard(Outcome.AGAINST),)),
        Reason.NOT_HEARD: asked(hearings=()),
        Reason.SIGNATURE_MISSING: asked(consent(MOTHER)),
        Reason.SIGNATURE_RECORDED: asked(replace(BOTH, signatures=recorded)),
        Reason.NEEDS_NEW_CONSENT: asked(sheet=children[16]),
        Reason.NOT_INFORMED: asked(consent(MOTHER, **discharge)),
        Reason.NOTICE_RUNNING: asked(consent(MOTHER, **discharge, notices=(f.dated(FATHER, NOW),))),
    }
