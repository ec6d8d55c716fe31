"""Questions that are permitted: every purpose at every age, and the edges of time, parties and signatures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from protocol.consent.age import birthday
from protocol.consent.ask import Actor
from protocol.consent.case import Assessment, Shield
from protocol.consent.terms import Role
from protocol.consent.vocabulary import Act, Category, Kind, Outcome, Purpose, Responsibility, RoleAct
from protocol.identifiers import Instant, PersonId
from tests.unit.consent import family as f
from tests.unit.consent.family import BOTH, FATHER, MOTHER, NOW, SIGNED, YOUTH, consent, opening, share
from tests.vectors.consent.denied import Question

SIGNERS = {3: (MOTHER, FATHER), 8: (MOTHER, FATHER), 13: (MOTHER, FATHER), 15: (MOTHER, FATHER), 16: (YOUTH,)}


def by_age() -> dict[str, Question]:
    """Return a share for every purpose at every age; outside health for coordination and at 15."""
    found: dict[str, Question] = {}
    for age, born in f.BORN.items():
        sheet = f.sheet(born)
        signers: tuple[PersonId, ...] = SIGNERS.get(age, (YOUTH,))
        for purpose in (Purpose.INFORMATION, Purpose.COORDINATION):
            outside = purpose is Purpose.COORDINATION
            co_signer = (YOUTH,) if outside and age == 15 else ()
            signed = consent(*signers, *co_signer, purpose=purpose, receivers=f.parties(f.SCHOOL if outside else f.BUP))
            found[f"{purpose} at {age}"] = (share(signed), f.case(signed, sheet=sheet), NOW)
        told = consent(
            signers[0],
            purpose=Purpose.DISCHARGE,
            senders=f.parties(f.BUP),
            receivers=f.parties(f.GP),
            notices=(f.dated(FATHER),),
        )
        found[f"discharge at {age}"] = (share(told), f.case(told, sheet=sheet), NOW)
        sender = MOTHER if age < 15 else YOUTH
        own = consent(sender, purpose=Purpose.OWN_SENDING, senders=f.parties(sender), receivers=f.parties(f.GP, sender))
        found[f"own sending at {age}"] = (share(own, receivers=(f.GP,)), f.case(own, sheet=sheet), NOW)
        referral: dict[str, Any] = {
            "purpose": Purpose.REFERRAL,
            "categories": (Category.PPT_REPORT, Category.REFERRAL),
        }
        both = (consent(*signers, **referral), consent(*signers, **referral, kind=Kind.CARE))
        found[f"referral at {age}"] = (share(*both), f.case(*both, sheet=sheet), NOW)
    return found


def edges() -> dict[str, Question]:
    """Return what is just still permitted."""
    youth_13, youth_16 = f.sheet(f.BORN[13]), f.sheet(f.BORN[16])
    ending = consent(MOTHER, FATHER, share_until=NOW)
    two_way = consent(MOTHER, FATHER, senders=f.parties(f.GP, f.BUP), receivers=f.parties(f.GP, f.BUP))
    below = consent(MOTHER, FATHER, receivers=(f.party(f.BUP, subunits=True),))
    own = consent(MOTHER, purpose=Purpose.OWN_SENDING, senders=f.parties(MOTHER), receivers=f.parties(f.GP, MOTHER))
    observed = replace(own, terms=replace(own.terms, categories=(Category.OWN_OBSERVATIONS,)))
    longest = consent(MOTHER, FATHER, share_until=f.oslo(2027, 3, 1, 10), read_until=f.oslo(2027, 9, 1, 10))
    leap = date(2012, 2, 29)
    turns = birthday(leap, 15)
    near = consent(MOTHER, FATHER, made=f.utc(2027, 2, 1), share_until=f.utc(2027, 4, 1), read_until=f.utc(2027, 4, 1))
    near = replace(
        near,
        terms=replace(near.terms, receivers=f.parties(f.SCHOOL)),
        requested_at=near.terms.made,
        signatures=tuple(f.signature(who, f.utc(2027, 2, 2)) for who in (MOTHER, FATHER)),
    )
    end = f.utc(2027, 5, 1)
    units = {unit: replace(facts, not_after=end) for unit, facts in f.UNITS.items()}
    alone = f.sheet(may_sign=(f.holder(MOTHER), f.holder(FATHER, until=NOW)), responsibility=Responsibility.SOLE)
    assessed = (Assessment(f.CHILD, f.MATTER, f.DOCTOR, Instant(SIGNED + 1)),)
    shield = Shield(matter=f.MATTER, persons=frozenset({MOTHER}), provisional=True, holds_from=SIGNED, holds_to=None)
    withheld = Shield(
        matter=f.MATTER,
        persons=frozenset({MOTHER, FATHER}),
        provisional=False,
        holds_from=f.MADE,
        holds_to=f.later(NOW, f.DAY),
    )
    by_youth = consent(YOUTH, roles=(Role(YOUTH, RoleAct.SIGNS, "no/information/12-15/shielded"),))
    half = consent(MOTHER)
    letter = consent(MOTHER, FATHER, receivers=f.parties(f.BUP, MOTHER))
    both = consent(MOTHER, FATHER, receivers=f.parties(f.BUP, f.SCHOOL))
    less_bup = replace(both, narrowings=(f.narrowing(MOTHER, receivers=(f.SCHOOL,), categories=(Category.PLAN,)),))
    by_stranger = replace(BOTH, narrowings=(f.narrowing(f.STRANGER, receivers=(f.BUP,)),))
    shorter = replace(BOTH, narrowings=(f.narrowing(MOTHER, share_until=SIGNED),))
    by_parent = replace(BOTH, withdrawals=(f.dated(MOTHER, NOW),))
    void_by_stranger = replace(BOTH, invalidations=(f.dated(f.STRANGER, NOW),))
    return {
        "declared void by somebody who may not withdraw it": (share(void_by_stranger), f.case(void_by_stranger), NOW),
        "one guardian alone on a ground": (share(half), f.case(half, exceptions=(f.exception(),)), NOW),
        "the last instant of sharing": (share(ending), f.case(ending), Instant(NOW - 1)),
        "read after sharing ended": (opening(ending, shared_at=NOW - 1), f.case(ending), NOW),
        "received": (opening(BOTH, shared_at=SIGNED, act=Act.RECEIVE), f.case(BOTH), NOW),
        "opened again": (opening(BOTH, shared_at=SIGNED, act=Act.REOPEN), f.case(BOTH), NOW),
        "the answer of a two-way consent": (
            share(two_way, sender=f.actor(f.BUP), receivers=(f.GP,)),
            f.case(two_way),
            NOW,
        ),
        "a unit below": (share(below, receivers=(f.BUP_TEAM,)), f.case(below), NOW),
        "the answer to an own sending": (
            share(own, sender=f.actor(f.GP), receivers=(MOTHER,)),
            f.case(own),
            NOW,
        ),
        "a parent's own observations at 16": (
            share(observed, receivers=(f.GP,)),
            f.case(observed, sheet=youth_16),
            NOW,
        ),
        "the longest times": (share(longest), f.case(longest), NOW),
        "the day before turning 15, born 29 February": (
            share(near),
            f.case(near, sheet=f.sheet(leap, not_after=end), units=units, hearings=(f.heard(at=near.terms.made),)),
            Instant(turns - 1),
        ),
        "read after turning 15, born 29 February": (
            opening(near, shared_at=turns - 1),
            f.case(near, sheet=f.sheet(leap, not_after=end), units=units, hearings=(f.heard(at=near.terms.made),)),
            turns,
        ),
        "the surviving parent alone": (share(half), f.case(half, sheet=alone), NOW),
        "a youth's no after an assessment": (
            share(BOTH),
            f.case(BOTH, sheet=youth_13, hearings=(f.heard(Outcome.AGAINST),), assessments=assessed),
            NOW,
        ),
        "a child's no at 8": (share(BOTH), f.case(BOTH, hearings=(f.heard(Outcome.AGAINST),)), NOW),
        "a letter to the mother": (
            opening(letter, shared_at=SIGNED, reader=Actor(MOTHER, None)),
            f.case(letter),
            NOW,
        ),
        "a matter shielded from somebody else": (share(BOTH), f.case(BOTH, shields=(shield,)), NOW),
        "a youth of 13 alone in a matter withheld from the parents": (
            share(by_youth),
            f.case(by_youth, sheet=youth_13, hearings=(), shields=(withheld,)),
            NOW,
        ),
        "read after the decision to withhold ended": (
            opening(by_youth, shared_at=NOW - 1),
            f.case(by_youth, sheet=youth_13, hearings=(), shields=(replace(withheld, holds_to=NOW),)),
            NOW,
        ),
        "the parents of a youth of 16 who cannot consent": (
            share(BOTH),
            f.case(BOTH, sheet=youth_16, incapacities=(f.incapacity(),)),
            NOW,
        ),
        "read after the record that a youth cannot consent lapsed": (
            opening(BOTH, shared_at=NOW - 1),
            f.case(BOTH, sheet=youth_16, incapacities=(f.incapacity(holds_to=NOW),)),
            NOW,
        ),
        "another recipient was taken out": (share(less_bup), f.case(less_bup), NOW),
        "a stranger took the recipient out": (share(by_stranger), f.case(by_stranger), NOW),
        "shared before an end that was said later": (opening(shorter, shared_at=NOW - 1), f.case(shorter), NOW),
        "a parent's withdrawal from 16 on": (
            opening(by_parent, shared_at=birthday(date(2010, 9, 5), 16) - 1),
            f.case(by_parent, sheet=f.sheet(date(2010, 9, 5))),
            NOW,
        ),
    }


def permitted() -> dict[str, Question]:
    """Return the questions."""
    return by_age() | edges()
