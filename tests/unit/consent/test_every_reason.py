"""One test for each reason to deny, named as what it promises."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from protocol.consent.answer import Basis, Deny, Missing, Permit, Reason
from protocol.consent.ask import Ask
from protocol.consent.case import AcceptedRules, ConsentFacts, Shield
from protocol.consent.decide import decide
from protocol.consent.ruleset import current_rules
from protocol.consent.vocabulary import (
    Capacity,
    Category,
    Evidence,
    Kind,
    Outcome,
    Purpose,
    Responsibility,
    RoleAct,
)
from protocol.identifiers import Instant, PersonId, UnitId
from tests.unit.consent import family as f
from tests.unit.consent.family import BOTH, FATHER, MADE, MOTHER, NOW, SIGNED, YOUTH, consent, share


def reason(answer: object) -> Reason | None:
    return answer.reason if isinstance(answer, Deny) else None


def test_what_both_parents_signed_and_the_child_was_heard_on_is_shared() -> None:
    answer = decide(share(BOTH), f.case(BOTH), NOW)
    assert answer == Permit(Basis.CONSENT, (BOTH.terms.digest,), "no/information/7-11")


@pytest.mark.parametrize(
    "changes",
    [
        {"categories": ()},
        {"receivers": ()},
        {"reader": f.actor(f.BUP)},
        {"shared_at": SIGNED},
    ],
)
def test_an_ask_that_contradicts_itself_is_denied(changes: dict[str, object]) -> None:
    assert decide(share(BOTH, **changes), f.case(BOTH), NOW) == Deny(Reason.ASK_INCOMPLETE)


@pytest.mark.parametrize(
    "changes", [{"reader": None}, {"shared_at": None}, {"shared_at": f.later(NOW, 1)}, {"receivers": (f.BUP,)}]
)
def test_an_opening_that_contradicts_itself_is_denied(changes: dict[str, object]) -> None:
    ask = replace(f.opening(BOTH, shared_at=NOW), **changes)  # type: ignore[arg-type]
    assert decide(ask, f.case(BOTH), NOW) == Deny(Reason.ASK_INCOMPLETE)


def test_terms_of_an_unknown_version_are_denied() -> None:
    newer = consent(MOTHER, FATHER, v=2)
    assert reason(decide(share(newer), f.case(newer), NOW)) is Reason.VERSION_UNKNOWN


def test_terms_under_rules_this_program_does_not_know_are_denied() -> None:
    strange = consent(MOTHER, FATHER, rules="0" * 64)
    assert reason(decide(share(strange), f.case(strange), NOW)) is Reason.RULES_UNKNOWN


def test_terms_made_before_there_were_rules_are_denied() -> None:
    made = f.utc(2022, 12, 1)
    early = consent(terms=f.terms(made=made, share_until=f.later(made, 99), read_until=f.later(made, 99)))
    early = replace(early, requested_at=made, signatures=(f.signature(MOTHER, made), f.signature(FATHER, made)))
    assert reason(decide(share(early), f.case(early), f.later(made, 50))) is Reason.RULES_UNKNOWN


@pytest.mark.parametrize("until", [MADE, None])
def test_terms_under_rules_the_policy_did_not_accept_when_they_were_made_are_denied(until: Instant | None) -> None:
    digest = current_rules().digest if until is not None else "0" * 64
    accepted = AcceptedRules(digest=digest, holds_from=Instant(0), holds_to=until)
    case = f.case(BOTH, rule_sets=(accepted,))
    assert reason(decide(share(BOTH), case, NOW)) is Reason.RULES_NOT_ACCEPTED


@pytest.mark.parametrize("sheet", [None, f.sheet(subject=f.OTHER_CHILD)])
def test_without_the_childs_own_sheet_everything_is_denied(sheet: object) -> None:
    assert decide(share(BOTH), f.case(BOTH, sheet=sheet), NOW) == Deny(Reason.SHEET_MISSING)


def test_a_sheet_stops_counting_at_its_last_instant() -> None:
    assert decide(share(BOTH), f.case(BOTH, sheet=f.sheet(not_after=NOW)), NOW) == Deny(Reason.SHEET_ENDED)
    lasting = f.case(BOTH, sheet=f.sheet(not_after=f.later(NOW, 1)))
    assert isinstance(decide(share(BOTH), lasting, NOW), Permit)


@pytest.mark.parametrize(
    "changes",
    [
        {"responsibility": Responsibility.UNKNOWN},
        {"responsibility": Responsibility.OTHER},
        {"responsibility": Responsibility.SOLE},
        {"may_sign": (f.holder(MOTHER),)},
    ],
)
def test_a_register_that_does_not_say_who_has_parental_responsibility_denies(changes: dict[str, Any]) -> None:
    case = f.case(BOTH, sheet=f.sheet(**changes))
    assert reason(decide(share(BOTH), case, NOW)) is Reason.RESPONSIBILITY_UNCLEAR


def test_a_child_without_any_holder_of_parental_responsibility_has_no_signer() -> None:
    case = f.case(BOTH, sheet=f.sheet(may_sign=(f.holder(YOUTH, Capacity.SELF),)))
    assert decide(share(BOTH), case, NOW) == Deny(Reason.NO_SIGNER)


def test_a_youth_of_16_who_has_not_joined_cannot_be_signed_for() -> None:
    case = f.case(BOTH, sheet=f.sheet(f.BORN[16], may_sign=(f.holder(MOTHER), f.holder(FATHER))))
    assert decide(share(BOTH), case, NOW) == Deny(Reason.YOUTH_NOT_ENROLLED)


def test_a_youth_of_15_who_has_not_joined_cannot_be_signed_for_outside_health() -> None:
    outside = consent(MOTHER, FATHER, receivers=f.parties(f.SCHOOL))
    case = f.case(outside, sheet=f.sheet(f.BORN[15], may_sign=(f.holder(MOTHER), f.holder(FATHER))))
    assert decide(share(outside), case, NOW) == Deny(Reason.YOUTH_NOT_ENROLLED)


def own_sending(sender: PersonId, *signers: PersonId, **changes: object) -> ConsentFacts:
    return consent(
        *signers,
        purpose=Purpose.OWN_SENDING,
        senders=f.parties(sender),
        receivers=f.parties(f.GP, sender),
        **changes,
    )


def own_share(sent: ConsentFacts, **changes: object) -> Ask:
    return share(sent, **{"receivers": (f.GP,), **changes})


def test_somebody_without_parental_responsibility_may_not_send_as_their_own() -> None:
    sent = own_sending(f.GRANDMOTHER, f.GRANDMOTHER)
    assert decide(own_share(sent), f.case(sent), NOW) == Deny(Reason.SENDER_MAY_NOT_SEND)


def test_a_parent_of_a_16_year_old_sends_own_observations_only() -> None:
    wide, own = own_sending(MOTHER, MOTHER), own_sending(MOTHER, MOTHER, categories=(Category.OWN_OBSERVATIONS,))
    case = f.case(wide, own, sheet=f.sheet(f.BORN[16]))
    assert decide(own_share(wide), case, NOW) == Deny(Reason.OWN_OBSERVATIONS_ONLY)
    assert isinstance(decide(own_share(own), case, NOW), Permit)


@pytest.mark.parametrize("known", [f.GP, f.BUP])
def test_a_unit_nobody_knows_is_denied(known: UnitId) -> None:
    assert reason(decide(share(BOTH), f.case(BOTH, units={known: f.UNITS[known]}), NOW)) is Reason.UNIT_UNKNOWN


def test_a_unit_of_the_terms_that_the_case_lacks_is_denied() -> None:
    wider = consent(MOTHER, FATHER, receivers=f.parties(f.BUP, f.unit(99)))
    ask = share(wider, receivers=(f.BUP,))
    assert decide(ask, f.case(wider), NOW) == Deny(Reason.UNIT_UNKNOWN)
    two_senders = consent(MOTHER, FATHER, senders=f.parties(f.GP, f.unit(99)))
    assert decide(share(two_senders), f.case(two_senders), NOW) == Deny(Reason.UNIT_UNKNOWN)


@pytest.mark.parametrize("where", [f.GP, f.BUP])
@pytest.mark.parametrize("change", [{"active": False}, {"not_after": NOW}])
def test_a_unit_that_has_ended_neither_sends_nor_receives(where: UnitId, change: dict[str, object]) -> None:
    ended = {**f.UNITS, where: replace(f.UNITS[where], **change)}  # type: ignore[arg-type]
    assert reason(decide(share(BOTH), f.case(BOTH, units=ended), NOW)) is Reason.UNIT_ENDED


@pytest.mark.parametrize("until", [NOW, SIGNED])
def test_a_former_employee_neither_sends_nor_opens(until: Instant) -> None:
    former = (f.membership(f.DOCTOR, f.GP, until=until), f.membership(f.PSYCHOLOGIST, f.BUP, until=until))
    case = f.case(BOTH, memberships=former)
    assert reason(decide(share(BOTH), case, NOW)) is Reason.NOT_A_MEMBER
    assert reason(decide(f.opening(BOTH, shared_at=SIGNED), case, NOW)) is Reason.NOT_A_MEMBER


def test_a_person_off_the_list_of_who_may_know_receives_nothing() -> None:
    letter = consent(MOTHER, FATHER, receivers=f.parties(f.STRANGER))
    assert decide(share(letter), f.case(letter), NOW) == Deny(Reason.NOT_ON_SHEET)


@pytest.mark.parametrize("hidden_from", [MOTHER, f.DOCTOR])
def test_a_shield_keeps_a_matter_from_those_it_names(hidden_from: PersonId) -> None:
    shield = Shield(
        matter=f.MATTER,
        persons=frozenset({hidden_from}),
        provisional=True,
        holds_from=SIGNED,
        holds_to=f.later(NOW, 1),
    )
    letter = consent(MOTHER, FATHER, receivers=f.parties(MOTHER))
    case = f.case(letter, shields=(shield,))
    assert decide(share(letter), case, NOW) == Deny(Reason.SHIELDED)
    assert isinstance(decide(share(letter), case, f.later(NOW, 1)), Permit)
    elsewhere = replace(shield, matter=f.OTHER_MATTER)
    assert isinstance(decide(share(letter), f.case(letter, shields=(elsewhere,)), NOW), Permit)


def test_a_ground_for_one_guardian_alone_does_not_reach_outside_health() -> None:
    half = consent(MOTHER, receivers=f.parties(f.SCHOOL))
    answer = decide(share(half, receivers=(f.SCHOOL,)), f.case(half, exceptions=(f.exception(),)), NOW)
    assert isinstance(answer, Deny)
    assert answer.reason is Reason.EXCEPTION_ONE_GUARDIAN
    assert answer.missing == (Missing(FATHER, RoleAct.SIGNS),)


def test_an_order_that_no_second_registrar_has_confirmed_lets_nobody_sign() -> None:
    order = f.authority(known_at=None)
    case = f.case(BOTH, sheet=f.sheet(authorities=(order,)))
    assert decide(share(BOTH), case, NOW) == Deny(Reason.EXCEPTION_CARE_ORDER)


@pytest.mark.parametrize("changes", [{"holds_to": NOW}, {"matter": f.OTHER_MATTER}, {"subject": f.OTHER_CHILD}])
def test_a_ground_that_has_ended_or_is_about_something_else_changes_nothing(changes: dict[str, Any]) -> None:
    half = consent(MOTHER)
    answer = decide(share(half), f.case(half, exceptions=(f.exception(**changes),)), NOW)
    assert isinstance(answer, Deny)
    assert answer.reason is Reason.SIGNATURE_MISSING


def test_nothing_is_shared_without_a_disclosure_consent() -> None:
    taking_part = consent(MOTHER, FATHER, kind=Kind.PARTICIPATION, purpose=Purpose.COORDINATION)
    case = f.case(BOTH, taking_part)
    assert decide(replace(share(BOTH), consents=()), case, NOW) == Deny(Reason.NO_CONSENT)
    assert decide(share(taking_part), case, NOW) == Deny(Reason.NO_CONSENT)


def test_a_consent_that_is_not_known_is_denied() -> None:
    assert decide(share(BOTH), f.case(), NOW) == Deny(Reason.CONSENT_UNKNOWN)


def referral(*signers: PersonId, **changes: object) -> ConsentFacts:
    return consent(
        *signers,
        **{
            "kind": Kind.DISCLOSURE,
            "purpose": Purpose.REFERRAL,
            "categories": (Category.PPT_REPORT, Category.REFERRAL),
            **changes,
        },
    )


def test_a_referral_is_sent_on_a_care_consent_too_and_read_without() -> None:
    disclosure, care = referral(MOTHER, FATHER), referral(MOTHER, FATHER, kind=Kind.CARE)
    case = f.case(disclosure, care)
    assert decide(share(disclosure), case, NOW) == Deny(Reason.CARE_CONSENT_MISSING)
    both = tuple(sorted((disclosure.terms.digest, care.terms.digest)))
    sent = decide(share(disclosure, care), case, NOW)
    assert isinstance(sent, Permit)
    assert sent.consents == both
    read = decide(f.opening(disclosure, care, shared_at=NOW), case, NOW)
    assert isinstance(read, Permit)
    assert read.consents == (disclosure.terms.digest,)


def test_what_comes_without_the_referral_itself_needs_no_care_consent() -> None:
    disclosure = referral(MOTHER, FATHER)
    report = share(disclosure, categories=(Category.PPT_REPORT,))
    assert isinstance(decide(report, f.case(disclosure), NOW), Permit)


def test_withdrawing_care_stops_sending_the_referral_and_leaves_it_readable() -> None:
    disclosure, care = referral(MOTHER, FATHER), referral(MOTHER, FATHER, kind=Kind.CARE)
    care = replace(care, withdrawals=(f.dated(FATHER, NOW),))
    case = f.case(disclosure, care)
    assert reason(decide(share(disclosure, care), case, NOW)) is Reason.WITHDRAWN
    assert isinstance(decide(f.opening(disclosure, care, shared_at=NOW - 1), case, NOW), Permit)


def test_a_kind_of_consent_the_purpose_does_not_take_is_denied() -> None:
    care = consent(MOTHER, FATHER, kind=Kind.CARE)
    assert reason(decide(share(BOTH, care), f.case(BOTH, care), NOW)) is Reason.KIND_NOT_ALLOWED


@pytest.mark.parametrize("end", ["share_until", "read_until"])
def test_a_consent_beyond_the_longest_time_is_denied(end: str) -> None:
    # Made 1 September 10:00 Oslo: sharing ends by 1 March 10:00, after a clock change; reading by 1 September.
    longest = {"share_until": f.oslo(2027, 3, 1, 10), "read_until": f.oslo(2027, 9, 1, 10)}
    allowed = consent(MOTHER, FATHER, **longest)
    assert isinstance(decide(share(allowed), f.case(allowed), NOW), Permit)
    beyond = consent(MOTHER, FATHER, **{**longest, end: f.later(longest[end], 1)})
    assert reason(decide(share(beyond), f.case(beyond), NOW)) is Reason.TOO_LONG


def test_a_consent_for_another_child_carries_nothing() -> None:
    other = consent(MOTHER, FATHER, subject=f.OTHER_CHILD)
    assert decide(share(other), f.case(other), NOW) == Deny(Reason.OTHER_SUBJECT)


def test_a_consent_in_another_matter_carries_nothing() -> None:
    other = consent(MOTHER, FATHER, matter=f.OTHER_MATTER)
    assert decide(share(other), f.case(other), NOW) == Deny(Reason.OTHER_MATTER)


def test_a_consent_for_another_purpose_carries_nothing() -> None:
    ask = share(BOTH, purpose=Purpose.DISCHARGE)
    assert decide(ask, f.case(BOTH), NOW) == Deny(Reason.OTHER_PURPOSE)


def test_a_sender_the_terms_do_not_name_is_denied() -> None:
    ask = share(BOTH, sender=f.actor(f.SCHOOL))
    assert decide(ask, f.case(BOTH), NOW) == Deny(Reason.SENDER_NOT_COVERED)


def test_a_receiver_the_terms_do_not_name_is_denied_beside_one_they_name() -> None:
    ask = share(BOTH, receivers=(f.BUP, f.BOROUGH))
    assert decide(ask, f.case(BOTH), NOW) == Deny(Reason.RECEIVER_NOT_COVERED)


def test_a_category_the_terms_do_not_name_is_denied_beside_one_they_name() -> None:
    ask = share(BOTH, categories=(Category.MESSAGE, Category.PLAN))
    assert decide(ask, f.case(BOTH), NOW) == Deny(Reason.CATEGORY_NOT_COVERED)


@pytest.mark.parametrize("asked", [{"made": f.later(NOW, 1)}, {"requested_at": f.later(NOW, 1)}])
def test_a_consent_does_not_count_before_it_is_made_and_requested(asked: dict[str, object]) -> None:
    early = consent(MOTHER, FATHER, **asked)
    assert decide(share(early), f.case(early), NOW) == Deny(Reason.NOT_YET_MADE)


def test_a_consent_stops_carrying_new_shares_at_its_last_instant() -> None:
    ending = consent(MOTHER, FATHER, share_until=NOW)
    assert decide(share(ending), f.case(ending), NOW) == Deny(Reason.SHARING_ENDED)
    assert isinstance(decide(share(ending), f.case(ending), Instant(NOW - 1)), Permit)
    assert isinstance(decide(f.opening(ending, shared_at=NOW - 1), f.case(ending), NOW), Permit)
    assert decide(f.opening(ending, shared_at=NOW), f.case(ending), NOW) == Deny(Reason.SHARING_ENDED)


def test_nothing_is_read_from_the_instant_reading_ends() -> None:
    ended = consent(MOTHER, FATHER, share_until=NOW, read_until=NOW)
    ask = f.opening(ended, shared_at=NOW - 1)
    assert decide(ask, f.case(ended), NOW) == Deny(Reason.READING_ENDED)


def test_after_a_withdrawal_nothing_is_shared_or_opened() -> None:
    withdrawn = replace(BOTH, withdrawals=(f.dated(MOTHER, NOW),))
    assert decide(share(withdrawn), f.case(withdrawn), NOW) == Deny(Reason.WITHDRAWN)
    assert decide(f.opening(withdrawn, shared_at=SIGNED), f.case(withdrawn), NOW) == Deny(Reason.WITHDRAWN)
    assert isinstance(decide(share(withdrawn), f.case(withdrawn), Instant(NOW - 1)), Permit)


def test_a_refusal_is_final_though_the_person_signs_later() -> None:
    refused = replace(BOTH, refusals=(f.dated(FATHER, SIGNED - 1),))
    assert decide(share(refused), f.case(refused), NOW) == Deny(Reason.REFUSED)


def discharge(*signers: PersonId, **changes: object) -> ConsentFacts:
    return consent(*signers, purpose=Purpose.DISCHARGE, senders=f.parties(f.BUP), receivers=f.parties(f.GP), **changes)


@pytest.mark.parametrize("who", [FATHER, YOUTH])
def test_an_objection_stops_a_discharge_summary(who: PersonId) -> None:
    told = discharge(MOTHER, notices=(f.dated(FATHER),))
    case = f.case(told, sheet=f.sheet(f.BORN[13]))
    assert isinstance(decide(share(told), case, NOW), Permit)
    objected = replace(told, objections=(f.dated(who, NOW),))
    assert decide(share(objected), replace(case, consents=(objected,)), NOW) == Deny(Reason.OBJECTED)


def test_a_youth_who_said_no_stops_the_sharing() -> None:
    case = f.case(BOTH, sheet=f.sheet(f.BORN[13]), hearings=(f.heard(), f.heard(Outcome.AGAINST, NOW)))
    assert reason(decide(share(BOTH), case, NOW)) is Reason.HEARD_AGAINST
    assert reason(decide(f.opening(BOTH, shared_at=SIGNED), case, NOW)) is Reason.HEARD_AGAINST


def test_a_child_of_8_must_have_been_heard() -> None:
    answer = decide(share(BOTH), f.case(BOTH, hearings=()), NOW)
    assert answer == Deny(Reason.NOT_HEARD, "no/information/7-11", (Missing(f.CHILD, RoleAct.IS_HEARD),))


def test_a_missing_signature_is_named_with_everything_else_that_is_missing() -> None:
    half = consent(MOTHER)
    missing = (Missing(FATHER, RoleAct.SIGNS), Missing(f.CHILD, RoleAct.IS_HEARD))
    answer = decide(share(half), f.case(half, hearings=()), NOW)
    assert answer == Deny(Reason.SIGNATURE_MISSING, "no/information/7-11", missing)


def test_a_signature_that_a_professional_recorded_does_not_count_yet() -> None:
    recorded = replace(BOTH, signatures=(f.signature(MOTHER), f.signature(FATHER, evidence=Evidence.RECORDED)))
    answer = decide(share(recorded), f.case(recorded), NOW)
    assert answer == Deny(Reason.SIGNATURE_RECORDED, "no/information/7-11", (Missing(FATHER, RoleAct.SIGNS),))


def test_what_the_parents_signed_needs_a_new_consent_once_the_youth_is_16() -> None:
    answer = decide(share(BOTH), f.case(BOTH, sheet=f.sheet(f.BORN[16])), NOW)
    assert answer == Deny(Reason.NEEDS_NEW_CONSENT, "no/information/16-17", (Missing(YOUTH, RoleAct.SIGNS),))


def test_the_other_parent_must_be_told_before_a_discharge_summary_is_sent() -> None:
    untold = discharge(MOTHER)
    answer = decide(share(untold), f.case(untold), NOW)
    missing = (Missing(FATHER, RoleAct.IS_INFORMED),)
    assert answer == Deny(Reason.NOT_INFORMED, "no/discharge/health/7-11", missing)


def test_none_objects_counts_seven_days_after_the_notice() -> None:
    told = discharge(MOTHER, notices=(f.dated(FATHER),))
    due = f.later(SIGNED, 7 * f.DAY)
    missing = (Missing(FATHER, RoleAct.IS_INFORMED),)
    early = decide(share(told), f.case(told), Instant(due - 1))
    assert early == Deny(Reason.NOTICE_RUNNING, "no/discharge/health/7-11", missing)
    assert isinstance(decide(share(told), f.case(told), due), Permit)


def test_one_signature_is_enough_for_nobody_but_who_may_sign() -> None:
    half = discharge(f.GRANDMOTHER, FATHER)
    told = replace(half, notices=(f.dated(MOTHER),))
    assert isinstance(decide(share(told), f.case(told), NOW), Permit)
    nobody = discharge(f.GRANDMOTHER, notices=(f.dated(MOTHER), f.dated(FATHER)))
    assert reason(decide(share(nobody), f.case(nobody), NOW)) is Reason.SIGNATURE_MISSING


def test_a_recipient_that_was_taken_out_receives_nothing_more() -> None:
    narrowed = replace(BOTH, narrowings=(f.narrowing(MOTHER, NOW, receivers=(f.BUP,)),))
    assert reason(decide(share(narrowed), f.case(narrowed), NOW)) is Reason.RECEIVER_WITHDRAWN
    assert isinstance(decide(share(narrowed), f.case(narrowed), Instant(NOW - 1)), Permit)


def test_a_sort_of_content_that_was_taken_out_is_shared_no_more() -> None:
    narrowed = replace(BOTH, narrowings=(f.narrowing(MOTHER, NOW, categories=(Category.HEALTH_NOTE,)),))
    assert reason(decide(share(narrowed), f.case(narrowed), NOW)) is Reason.CATEGORY_WITHDRAWN
    rest = share(narrowed, categories=(Category.MESSAGE,))
    assert isinstance(decide(rest, f.case(narrowed), NOW), Permit)


def test_every_reason_has_its_test_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [reason.name for reason in Reason if f"Reason.{reason.name}" not in text] == []


def test_what_was_declared_void_never_was_a_consent_also_before_it_was_said() -> None:
    void = replace(
        BOTH, withdrawals=(f.dated(MOTHER, f.later(NOW, 9)),), invalidations=(f.dated(MOTHER, f.later(NOW, 9)),)
    )
    for at in (NOW, f.later(NOW, 8), f.later(NOW, 9), f.later(NOW, 99)):
        assert reason(decide(share(void), f.case(void), at)) is Reason.INVALIDATED
    assert isinstance(decide(share(BOTH), f.case(BOTH), NOW), Permit)


def test_nobody_who_may_not_withdraw_declares_a_consent_void() -> None:
    void = replace(BOTH, invalidations=(f.dated(f.GRANDMOTHER, SIGNED), f.dated(f.STRANGER, SIGNED)))
    assert isinstance(decide(share(void), f.case(void), NOW), Permit)


def test_from_16_the_youth_alone_declares_void_what_parents_signed() -> None:
    sheet = f.sheet(f.BORN[16])
    for person, expected in ((MOTHER, Reason.NEEDS_NEW_CONSENT), (YOUTH, Reason.INVALIDATED)):
        void = replace(BOTH, invalidations=(f.dated(person, NOW),))
        assert reason(decide(share(void), f.case(void, sheet=sheet), NOW)) is expected
