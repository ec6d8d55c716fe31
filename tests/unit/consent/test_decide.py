"""What decide permits, and what time, birthdays and later changes do to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from protocol.consent.age import birthday
from protocol.consent.answer import Answer, Deny, Missing, Permit, Reason
from protocol.consent.ask import Actor
from protocol.consent.case import Assessment, Case, ConsentFacts
from protocol.consent.decide import decide
from protocol.consent.judge import Judged, may_withdraw
from protocol.consent.state import prepare
from protocol.consent.terms import Role
from protocol.consent.vocabulary import Act, Capacity, Category, Evidence, Outcome, Purpose, Responsibility, RoleAct
from protocol.identifiers import Instant, PersonId
from tests.unit.consent import family as f
from tests.unit.consent.family import BOTH, FATHER, MADE, MOTHER, NOW, SIGNED, YOUTH, consent, opening, share


def reason(answer: Answer) -> Reason | None:
    return answer.reason if isinstance(answer, Deny) else None


def prepared(consents: ConsentFacts, case: Case) -> Judged:
    judged = prepare(consents, case, NOW)
    assert isinstance(judged, Judged)
    return judged


@pytest.mark.parametrize("act", [Act.RECEIVE, Act.OPEN, Act.REOPEN])
def test_what_was_shared_is_received_opened_and_reopened(act: Act) -> None:
    ask = opening(BOTH, shared_at=SIGNED, act=act)
    assert isinstance(decide(ask, f.case(BOTH), NOW), Permit)


def test_a_colleague_of_the_sender_does_not_open_in_the_receivers_place() -> None:
    ask = opening(BOTH, shared_at=SIGNED, reader=f.actor(f.GP))
    assert reason(decide(ask, f.case(BOTH), NOW)) is Reason.RECEIVER_NOT_COVERED


def test_two_way_is_being_in_both_lists() -> None:
    both_ways = consent(MOTHER, FATHER, senders=f.parties(f.GP, f.BUP), receivers=f.parties(f.GP, f.BUP))
    answer = share(both_ways, sender=f.actor(f.BUP), receivers=(f.GP,))
    assert isinstance(decide(answer, f.case(both_ways), NOW), Permit)
    back = share(BOTH, sender=f.actor(f.BUP), receivers=(f.GP,))
    assert reason(decide(back, f.case(BOTH), NOW)) is Reason.SENDER_NOT_COVERED


@pytest.mark.parametrize(("subunits", "covered"), [(True, None), (False, Reason.RECEIVER_NOT_COVERED)])
def test_a_unit_below_is_covered_only_where_sub_units_are_named(subunits: bool, covered: Reason | None) -> None:
    named = consent(MOTHER, FATHER, receivers=(f.party(f.BUP, subunits=subunits),))
    ask = share(named, receivers=(f.BUP_TEAM,))
    assert reason(decide(ask, f.case(named), NOW)) is covered


def test_a_unit_above_is_not_covered_by_naming_one_below_it() -> None:
    named = consent(MOTHER, FATHER, receivers=(f.party(f.BUP_TEAM, subunits=True),))
    assert reason(decide(share(named, receivers=(f.BUP,)), f.case(named), NOW)) is Reason.RECEIVER_NOT_COVERED


def test_a_sub_unit_under_another_regime_brings_its_own_rule() -> None:
    named = consent(MOTHER, FATHER, receivers=(f.party(f.BUP, subunits=True),))
    school_below = replace(f.UNITS[f.SCHOOL], ancestors=frozenset({f.BUP}))
    case = f.case(named, sheet=f.sheet(f.BORN[15]), units={**f.UNITS, f.SCHOOL: school_below})
    assert isinstance(decide(share(named), case, NOW), Permit)
    assert reason(decide(share(named, receivers=(f.SCHOOL,)), case, NOW)) is Reason.NEEDS_NEW_CONSENT


def test_the_family_receives_as_persons() -> None:
    letter = consent(MOTHER, FATHER, receivers=f.parties(f.BUP, MOTHER))
    assert isinstance(decide(share(letter, receivers=(f.BUP, MOTHER)), f.case(letter), NOW), Permit)
    mine = opening(letter, shared_at=SIGNED, reader=Actor(MOTHER, None))
    assert isinstance(decide(mine, f.case(letter), NOW), Permit)


def test_of_several_disclosure_consents_each_must_carry_the_share() -> None:
    narrow = consent(MOTHER, FATHER, categories=(Category.MESSAGE,))
    case = f.case(BOTH, narrow)
    assert reason(decide(share(BOTH, narrow), case, NOW)) is Reason.CATEGORY_NOT_COVERED
    carried = decide(share(BOTH, narrow, categories=(Category.MESSAGE,)), case, NOW)
    assert isinstance(carried, Permit)
    assert list(carried.consents) == sorted([BOTH.terms.digest, narrow.terms.digest])


def own_sending(sender: PersonId, **changes: Any) -> ConsentFacts:
    return consent(
        sender,
        purpose=Purpose.OWN_SENDING,
        senders=f.parties(sender),
        receivers=f.parties(f.GP, sender),
        roles=(Role(sender, RoleAct.SIGNS, "no/own-sending/12-15"),),
        **changes,
    )


def test_who_receives_an_own_sending_may_answer_the_sender_and_nobody_else() -> None:
    sent = own_sending(MOTHER)
    case = f.case(sent)
    answer = share(sent, sender=f.actor(f.GP), receivers=(MOTHER,))
    assert isinstance(decide(answer, case, NOW), Permit)
    reading = opening(sent, shared_at=SIGNED, sender=f.actor(f.GP), reader=Actor(MOTHER, None))
    assert isinstance(decide(reading, case, NOW), Permit)
    assert reason(decide(replace(answer, receivers=(FATHER,)), case, NOW)) is Reason.RECEIVER_NOT_COVERED
    assert reason(decide(replace(answer, sender=f.actor(f.BUP)), case, NOW)) is Reason.SENDER_NOT_COVERED


def test_a_youth_of_13_sends_alone_and_a_parent_cannot_withdraw_it() -> None:
    sent = own_sending(YOUTH, withdrawals=(f.dated(MOTHER),))
    case = f.case(sent, sheet=f.sheet(f.BORN[13]), hearings=())
    assert isinstance(decide(share(sent, receivers=(f.GP,)), case, NOW), Permit)
    assert not may_withdraw(prepared(sent, case), MOTHER, NOW)
    assert may_withdraw(prepared(sent, case), YOUTH, NOW)


@pytest.mark.parametrize(
    "at", [Instant(MADE - 1), f.terms().share_until, f.later(NOW, 1)], ids=["before", "after the end", "later"]
)
def test_a_signature_before_the_request_after_the_end_or_after_the_share_does_not_count(at: Instant) -> None:
    late = replace(BOTH, signatures=(f.signature(MOTHER), f.signature(FATHER, at)))
    assert reason(decide(share(late), f.case(late), NOW)) is Reason.SIGNATURE_MISSING


def test_the_signatures_are_judged_at_the_instant_of_the_share() -> None:
    late = replace(BOTH, signatures=(f.signature(MOTHER), f.signature(FATHER, NOW)))
    case = f.case(late)
    assert reason(decide(opening(late, shared_at=NOW - 1), case, NOW)) is Reason.SIGNATURE_MISSING
    assert isinstance(decide(opening(late, shared_at=NOW), case, NOW), Permit)


def test_a_signature_made_while_not_entitled_does_not_count() -> None:
    joined = f.sheet(may_sign=(f.holder(MOTHER), f.holder(FATHER, since=SIGNED + 1)))
    assert reason(decide(share(BOTH), f.case(BOTH, sheet=joined), NOW)) is Reason.SIGNATURE_MISSING


def test_a_new_holder_of_parental_responsibility_means_a_new_consent() -> None:
    holders = (f.holder(MOTHER), f.holder(FATHER), f.holder(f.GRANDMOTHER, since=NOW))
    case = f.case(BOTH, sheet=f.sheet(may_sign=holders))
    answer = decide(share(BOTH), case, NOW)
    missing = (Missing(f.GRANDMOTHER, RoleAct.SIGNS),)
    assert answer == Deny(Reason.NEEDS_NEW_CONSENT, "no/information/7-11", missing)
    assert isinstance(decide(opening(BOTH, shared_at=NOW - 1), case, NOW), Permit)


def test_when_one_parent_dies_the_other_alone_is_enough() -> None:
    alone = f.sheet(may_sign=(f.holder(MOTHER), f.holder(FATHER, until=NOW)), responsibility=Responsibility.SOLE)
    half = consent(MOTHER)
    assert isinstance(decide(share(half), f.case(half, sheet=alone), NOW), Permit)


@pytest.mark.parametrize(("years", "outside"), [(12, False), (15, True), (16, False), (18, False)])
def test_across_a_birthday_new_shares_stop_and_what_came_stays_readable(years: int, outside: bool) -> None:
    born = date(2026 - years, 9, 20)
    turns = birthday(born, years)
    receivers = f.parties(f.SCHOOL if outside else f.BUP)
    signed = consent(MOTHER, FATHER, receivers=receivers)
    if years == 18:
        signed = consent(YOUTH, receivers=receivers)
    case = f.case(signed, sheet=f.sheet(born, not_after=f.later(turns, 5 * f.DAY)))
    before, after = Instant(turns - 1), f.later(turns, f.DAY)
    assert isinstance(decide(share(signed), case, before), Permit)
    sufficed = years == 18
    for at in (turns, after):
        assert isinstance(decide(share(signed), case, at), Permit) is sufficed
        assert isinstance(decide(opening(signed, shared_at=before), case, at), Permit)


def test_a_youth_who_turned_16_may_confirm_what_the_parents_signed() -> None:
    confirmed = replace(BOTH, signatures=(*BOTH.signatures, f.signature(YOUTH)))
    case = f.case(confirmed, sheet=f.sheet(f.BORN[16]))
    assert isinstance(decide(share(confirmed), case, NOW), Permit)


def test_from_16_only_the_youth_withdraws() -> None:
    born = date(2010, 9, 5)
    turned = birthday(born, 16)
    sheet = f.sheet(born)
    by_mother = replace(BOTH, withdrawals=(f.dated(MOTHER, turned),))
    by_youth = replace(BOTH, withdrawals=(f.dated(YOUTH, turned),))
    ask, before = opening(BOTH, shared_at=turned - 1), replace(BOTH, withdrawals=(f.dated(MOTHER, turned - 1),))
    assert isinstance(decide(ask, f.case(by_mother, sheet=sheet), NOW), Permit)
    assert reason(decide(ask, f.case(by_youth, sheet=sheet), NOW)) is Reason.WITHDRAWN
    assert reason(decide(ask, f.case(before, sheet=sheet), NOW)) is Reason.WITHDRAWN
    judged = prepared(BOTH, f.case(BOTH, sheet=sheet))
    assert [may_withdraw(judged, who, NOW) for who in (MOTHER, YOUTH)] == [False, True]


def test_a_parent_withdraws_own_sending_though_it_may_no_longer_be_sent() -> None:
    sent = own_sending(MOTHER)
    judged = prepared(sent, f.case(sent, sheet=f.sheet(f.BORN[16])))
    assert [may_withdraw(judged, who, NOW) for who in (MOTHER, YOUTH, FATHER)] == [True, True, False]


def test_a_withdrawal_by_somebody_without_a_say_changes_nothing() -> None:
    stranger = replace(BOTH, withdrawals=(f.dated(f.GRANDMOTHER),))
    assert isinstance(decide(share(stranger), f.case(stranger), NOW), Permit)


@pytest.mark.parametrize("holders", [(), (f.holder(FATHER, until=MADE),)], ids=["blocked", "ended"])
def test_a_withdrawn_consent_does_not_revive_when_the_sheet_changes(holders: tuple[Any, ...]) -> None:
    withdrawn = replace(BOTH, withdrawals=(f.dated(FATHER),))
    alone = f.sheet(may_sign=(f.holder(MOTHER), *holders), responsibility=Responsibility.SOLE)
    case = f.case(withdrawn, sheet=alone)
    assert reason(decide(share(withdrawn), case, NOW)) is Reason.WITHDRAWN
    assert not may_withdraw(prepared(withdrawn, case), FATHER, NOW)


def test_a_word_said_later_is_not_heard_before() -> None:
    later = replace(BOTH, refusals=(f.dated(MOTHER, NOW + 1),), objections=(f.dated(MOTHER, NOW + 1),))
    assert isinstance(decide(share(later), f.case(later), NOW), Permit)


AGAINST = f.heard(Outcome.AGAINST, SIGNED + 1)


@pytest.mark.parametrize(
    ("hearings", "assessed_at", "expected"),
    [
        ((AGAINST,), None, Reason.HEARD_AGAINST),
        ((AGAINST,), SIGNED + 1, Reason.HEARD_AGAINST),
        ((AGAINST,), SIGNED + 2, None),
        ((AGAINST,), NOW + 1, Reason.HEARD_AGAINST),
        ((AGAINST, f.heard(Outcome.FOR, SIGNED + 2)), None, None),
        ((AGAINST, f.heard(Outcome.UNABLE, SIGNED + 2)), None, None),
        ((AGAINST, f.heard(Outcome.FOR, SIGNED + 1)), None, Reason.HEARD_AGAINST),
        ((AGAINST, f.heard(Outcome.AGAINST, SIGNED + 3)), SIGNED + 2, Reason.HEARD_AGAINST),
        ((f.heard(), f.heard(Outcome.AGAINST, NOW + 1)), None, None),
        ((f.heard(at=NOW + 1),), None, Reason.NOT_HEARD),
    ],
)
def test_a_youths_no_stands_until_a_later_hearing_or_assessment(
    hearings: tuple[Any, ...], assessed_at: int | None, expected: Reason | None
) -> None:
    assessed = () if assessed_at is None else (Assessment(f.CHILD, f.MATTER, f.DOCTOR, Instant(assessed_at)),)
    case = f.case(BOTH, sheet=f.sheet(f.BORN[13]), hearings=hearings, assessments=assessed)
    assert reason(decide(share(BOTH), case, NOW)) is expected


def test_a_hearing_or_assessment_in_another_matter_says_nothing_here() -> None:
    elsewhere = replace(f.heard(), matter=f.OTHER_MATTER)
    case = f.case(BOTH, sheet=f.sheet(f.BORN[13]), hearings=(elsewhere,))
    assert reason(decide(share(BOTH), case, NOW)) is Reason.NOT_HEARD
    assessed = Assessment(f.CHILD, f.OTHER_MATTER, f.DOCTOR, NOW)
    case = replace(case, hearings=(AGAINST,), assessments=(assessed,))
    assert reason(decide(share(BOTH), case, NOW)) is Reason.HEARD_AGAINST


def test_a_childs_no_below_12_is_recorded_and_does_not_stop() -> None:
    assert isinstance(decide(share(BOTH), f.case(BOTH, hearings=(AGAINST,)), NOW), Permit)


def test_from_12_the_youth_must_be_heard_anew() -> None:
    born = date(2014, 9, 5)
    turned = birthday(born, 12)
    case = f.case(BOTH, sheet=f.sheet(born), hearings=(f.heard(at=turned - 1),))
    assert reason(decide(share(BOTH), case, NOW)) is Reason.NOT_HEARD
    assert isinstance(decide(share(BOTH), replace(case, hearings=(f.heard(at=turned),)), NOW), Permit)


def test_a_notice_before_the_request_does_not_count_and_a_signature_makes_one_needless() -> None:
    parties: dict[str, Any] = {"senders": f.parties(f.BUP), "receivers": f.parties(f.GP), "purpose": Purpose.DISCHARGE}
    early = consent(MOTHER, notices=(f.dated(FATHER, MADE - 1),), **parties)
    assert reason(decide(share(early), f.case(early), NOW)) is Reason.NOTICE_RUNNING
    both = consent(MOTHER, FATHER, **parties)
    assert isinstance(decide(share(both), f.case(both), NOW), Permit)


def test_responsibility_is_not_asked_about_once_the_youth_decides() -> None:
    signed = consent(YOUTH)
    case = f.case(signed, sheet=f.sheet(f.BORN[16], responsibility=Responsibility.UNKNOWN))
    assert isinstance(decide(share(signed), case, NOW), Permit)


def test_the_order_of_consents_in_the_ask_changes_nothing() -> None:
    other = consent(MOTHER, FATHER, categories=(Category.HEALTH_NOTE, Category.MESSAGE, Category.PLAN))
    ask = share(BOTH, other)
    turned = replace(ask, consents=tuple(reversed(ask.consents)) + ask.consents)
    assert decide(ask, f.case(BOTH, other), NOW) == decide(turned, f.case(other, BOTH), NOW)


def test_a_youth_alone_is_the_self_on_the_sheet_whoever_else_claims_it() -> None:
    signed = consent(f.STRANGER)
    case = f.case(signed, sheet=f.sheet(f.BORN[16]))
    assert reason(decide(share(signed), case, NOW)) is Reason.NEEDS_NEW_CONSENT
    assert Capacity.SELF in {holder.capacity for holder in f.sheet().may_sign}


def test_everything_may_happen_in_one_instant() -> None:
    signed = replace(BOTH, signatures=(f.signature(MOTHER, MADE), f.signature(FATHER, MADE)))
    case = f.case(signed, hearings=(f.heard(at=MADE),))
    assert isinstance(decide(share(signed), case, MADE), Permit)


def test_a_recorded_signature_out_of_time_is_simply_missing() -> None:
    recorded = f.signature(FATHER, NOW + 1, Evidence.RECORDED)
    late = replace(BOTH, signatures=(f.signature(MOTHER), recorded))
    assert reason(decide(share(late), f.case(late), NOW)) is Reason.SIGNATURE_MISSING


@pytest.mark.parametrize(
    ("act", "counts"), [(RoleAct.SIGNS, True), (RoleAct.MAY_OBJECT, True), (RoleAct.IS_INFORMED, False)]
)
def test_a_no_counts_from_whom_the_terms_name_to_sign_or_object_though_off_the_sheet(
    act: RoleAct, counts: bool
) -> None:
    named = (Role(MOTHER, RoleAct.SIGNS, "r"), Role(f.STRANGER, act, "r"))
    refused = consent(MOTHER, FATHER, roles=named, refusals=(f.dated(f.STRANGER),))
    assert (reason(decide(share(refused), f.case(refused), NOW)) is Reason.REFUSED) is counts


def test_a_no_on_the_12th_birthday_binds_and_an_assessment_of_this_instant_answers_it() -> None:
    born = date(2014, 9, 5)
    hearings = (f.heard(Outcome.AGAINST, birthday(born, 12)),)
    case = f.case(BOTH, sheet=f.sheet(born), hearings=hearings)
    assert reason(decide(share(BOTH), case, NOW)) is Reason.HEARD_AGAINST
    assessed = replace(case, assessments=(Assessment(f.CHILD, f.MATTER, f.DOCTOR, NOW),))
    assert isinstance(decide(share(BOTH), assessed, NOW), Permit)


def test_a_notice_runs_from_its_own_instant_and_may_come_with_the_request() -> None:
    parties: dict[str, Any] = {"senders": f.parties(f.BUP), "receivers": f.parties(f.GP), "purpose": Purpose.DISCHARGE}
    just_told = consent(MOTHER, notices=(f.dated(FATHER, NOW),), **parties)
    assert reason(decide(share(just_told), f.case(just_told), NOW)) is Reason.NOTICE_RUNNING
    with_request = consent(MOTHER, notices=(f.dated(FATHER, MADE),), **parties)
    assert isinstance(decide(share(with_request), f.case(with_request), NOW), Permit)
    unsigned = decide(share(consent(**parties)), f.case(consent(**parties)), NOW)
    assert isinstance(unsigned, Deny)
    assert unsigned.missing == (Missing(MOTHER, RoleAct.SIGNS), Missing(FATHER, RoleAct.SIGNS))
