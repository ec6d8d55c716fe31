"""The law's exceptions at work: whom a recorded ground excuses, when, and how far it reaches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.consent.answer import Deny, Missing, Permit, Reason
from protocol.consent.case import Case, ConsentFacts
from protocol.consent.decide import decide
from protocol.consent.judge import Judged, may_withdraw
from protocol.consent.state import State, prepare, standing
from protocol.consent.vocabulary import Category, Evidence, Purpose, RoleAct
from protocol.identifiers import PersonId
from tests.unit.consent import family as f
from tests.unit.consent.family import BOTH, DAY, FATHER, MADE, MOTHER, NOW, SIGNED, consent, opening, share

HALF = consent(MOTHER)
FATHER_SIGNS = (Missing(FATHER, RoleAct.SIGNS),)


def excusing(*signed: ConsentFacts, case: dict[str, Any] | None = None, **changes: Any) -> Case:
    """Return the case of a consent in which the father need not sign."""
    return f.case(*signed, exceptions=(f.exception(**changes),), **(case or {}))


def judged(signed: ConsentFacts, case: Case) -> Judged:
    prepared = prepare(signed, case, NOW)
    assert isinstance(prepared, Judged)
    return prepared


def test_one_guardian_alone_suffices_where_help_is_necessary_to_avoid_harm() -> None:
    assert decide(share(HALF), f.case(HALF), NOW) == Deny(Reason.SIGNATURE_MISSING, "no/information/7-11", FATHER_SIGNS)
    assert isinstance(decide(share(HALF), excusing(HALF), NOW), Permit)


@pytest.mark.parametrize(
    "changes",
    [
        {"holds_to": NOW},
        {"holds_from": NOW + 1},
        {"known_at": NOW + 1},
        {"matter": f.OTHER_MATTER},
        {"matter": None},
        {"subject": f.OTHER_CHILD},
        {"person": MOTHER},
        {"person": None},
        {"person": f.STRANGER},
    ],
    ids=str,
)
def test_a_ground_that_has_ended_is_not_known_yet_or_is_about_something_else_lifts_nothing(
    changes: dict[str, Any],
) -> None:
    answer = decide(share(HALF), excusing(HALF, **changes), NOW)
    assert isinstance(answer, Deny)
    assert (answer.reason, answer.missing) == (Reason.SIGNATURE_MISSING, FATHER_SIGNS)


def test_somebody_must_sign_whatever_the_grounds_say() -> None:
    nobody = consent()
    both = (f.exception(), f.exception(person=MOTHER))
    answer = decide(share(nobody), f.case(nobody, exceptions=both), NOW)
    assert isinstance(answer, Deny)
    assert {each.person for each in answer.missing} == {MOTHER, FATHER}


def test_a_ground_never_reaches_a_service_outside_health() -> None:
    half = consent(MOTHER, receivers=f.parties(f.BUP, f.SCHOOL))
    answer = decide(share(half, receivers=(f.SCHOOL,)), excusing(half), NOW)
    assert isinstance(answer, Deny)
    assert (answer.reason, answer.missing) == (Reason.EXCEPTION_ONE_GUARDIAN, FATHER_SIGNS)


def test_a_ground_outside_health_is_not_the_reason_while_another_signature_lacks() -> None:
    none = consent(receivers=f.parties(f.SCHOOL))
    answer = decide(share(none, receivers=(f.SCHOOL,)), excusing(none), NOW)
    assert isinstance(answer, Deny)
    assert answer.reason is Reason.SIGNATURE_MISSING


def test_what_was_shared_while_a_ground_held_stays_readable_and_nothing_new_is_shared() -> None:
    case = excusing(HALF, holds_to=f.later(SIGNED, 2 * DAY))
    assert isinstance(decide(opening(HALF, shared_at=SIGNED + DAY), case, NOW), Permit)
    assert isinstance(decide(opening(HALF, shared_at=SIGNED + 2 * DAY), case, NOW), Deny)
    assert isinstance(decide(share(HALF), case, NOW), Deny)


def test_a_ground_that_was_learnt_of_later_does_not_make_an_earlier_share_right() -> None:
    case = excusing(HALF, holds_from=MADE, known_at=f.later(SIGNED, 2 * DAY))
    assert isinstance(decide(opening(HALF, shared_at=SIGNED + DAY), case, NOW), Deny)


def test_who_is_excused_is_neither_waited_for_nor_may_stop_a_discharge() -> None:
    plain = {"purpose": Purpose.DISCHARGE, "senders": f.parties(f.BUP), "receivers": f.parties(f.GP)}
    half = consent(MOTHER, **plain)
    answer = decide(share(half), f.case(half), NOW)
    assert isinstance(answer, Deny)
    assert answer.reason is Reason.NOT_INFORMED
    assert isinstance(decide(share(half), excusing(half), NOW), Permit)


def test_a_refusal_from_before_the_ground_ends_that_request_all_the_same() -> None:
    refused = consent(MOTHER, refusals=(f.dated(FATHER),))
    answer = decide(share(refused), excusing(refused), NOW)
    assert isinstance(answer, Deny)
    assert answer.reason is Reason.REFUSED


@pytest.mark.parametrize(("signed", "may"), [(HALF, False), (f.BOTH, True)], ids=["excused", "signed all the same"])
def test_who_is_excused_takes_back_only_what_they_signed(signed: ConsentFacts, may: bool) -> None:
    assert may_withdraw(judged(signed, f.case(signed)), FATHER, NOW)
    assert may_withdraw(judged(signed, excusing(signed)), FATHER, NOW) is may
    assert may_withdraw(judged(signed, excusing(signed)), MOTHER, NOW)


def test_what_a_guardian_sends_of_their_own_is_touched_by_no_ground() -> None:
    own = {
        "purpose": Purpose.OWN_SENDING,
        "senders": f.parties(FATHER),
        "receivers": f.parties(f.GP, FATHER),
        "categories": (Category.OWN_OBSERVATIONS,),
    }
    sent = consent(**own)
    answer = decide(share(sent, receivers=(f.GP,)), excusing(sent), NOW)
    assert isinstance(answer, Deny)
    assert answer.reason is Reason.SIGNATURE_MISSING


def test_from_16_the_youth_signs_whatever_was_recorded() -> None:
    signed = consent(MOTHER)
    for excused in (FATHER, f.YOUTH):
        case = excusing(signed, person=PersonId(excused), case={"sheet": f.sheet(f.BORN[16])})
        answer = decide(share(signed), case, NOW)
        assert isinstance(answer, Deny)
        assert answer.reason is Reason.NEEDS_NEW_CONSENT


def test_law_without_an_answer_stays_without_one() -> None:
    case = excusing(HALF, case={"sheet": replace(f.sheet(), may_sign=())})
    assert decide(share(HALF), case, NOW) == Deny(Reason.NO_SIGNER)


def recorded(by: PersonId = MOTHER, **changes: Any) -> ConsentFacts:
    """Return a consent whose second signature a professional wrote down."""
    written = replace(f.signature(FATHER, evidence=Evidence.RECORDED), **changes)
    return consent(signatures=(f.signature(by), written))


def test_a_recorded_signature_counts_where_the_policy_accepts_it_and_nowhere_else() -> None:
    half = recorded()
    answer = decide(share(half), f.case(half), NOW)
    assert isinstance(answer, Deny)
    assert answer.reason is Reason.SIGNATURE_RECORDED
    assert isinstance(decide(share(half), f.case(half, recorded=True), NOW), Permit)


def test_a_recorded_signature_that_the_person_disputes_counts_for_nothing_from_then_on() -> None:
    disputed = recorded(disputed_at=NOW)
    case = f.case(disputed, recorded=True)
    assert isinstance(decide(share(disputed), case, f.later(NOW, -1)), Permit)
    assert isinstance(decide(share(disputed), case, NOW), Deny)
    assert isinstance(decide(opening(disputed, shared_at=NOW - 1), case, f.later(NOW, -1)), Permit)
    assert isinstance(decide(opening(disputed, shared_at=NOW - 1), case, NOW), Deny)


ONLY_OWN = {**f.UNITS, f.BUP: replace(f.UNITS[f.BUP], own_keys_only=True)}


def test_a_unit_that_takes_own_keys_only_receives_nothing_on_a_recorded_signature() -> None:
    half = recorded()
    case = f.case(half, recorded=True, units=ONLY_OWN)
    for ask in (share(half), f.opening(half, shared_at=NOW)):
        answer = decide(ask, case, NOW)
        assert isinstance(answer, Deny)
        assert answer.reason is Reason.SIGNATURE_RECORDED
    assert isinstance(decide(share(BOTH), f.case(BOTH, recorded=True, units=ONLY_OWN), NOW), Permit)


def test_other_receivers_of_the_same_consent_are_not_affected_by_a_unit_that_takes_own_keys_only() -> None:
    wide = replace(consent(receivers=f.parties(f.BUP, f.GP)), signatures=recorded().signatures)
    case = f.case(wide, recorded=True, units=ONLY_OWN)
    assert isinstance(decide(share(wide, receivers=(f.GP,)), case, NOW), Permit)
    for receivers in ((f.BUP,), (f.GP, f.BUP)):
        answer = decide(share(wide, receivers=receivers), case, NOW)
        assert isinstance(answer, Deny)
        assert answer.reason is Reason.SIGNATURE_RECORDED
    assert standing(wide, case, NOW).state is State.IN_FORCE


def test_a_consent_whose_only_receiver_takes_own_keys_only_waits_for_them() -> None:
    half = recorded()
    stands = standing(half, f.case(half, recorded=True, units=ONLY_OWN), NOW)
    assert (stands.state, stands.reason) == (State.PARTLY_SIGNED, Reason.SIGNATURE_RECORDED)


def test_a_sender_that_takes_own_keys_only_may_send_on_a_recorded_signature() -> None:
    half = recorded()
    units = {**f.UNITS, f.GP: replace(f.UNITS[f.GP], own_keys_only=True)}
    assert isinstance(decide(share(half), f.case(half, recorded=True, units=units), NOW), Permit)
