"""What each person is told to do about a consent, and nobody after a no."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.consent.case import ConsentFacts
from protocol.consent.narrowing import Less, Narrowing
from protocol.consent.notices import (
    RENEWAL_PERIOD,
    TOLD_FOR,
    NoticeKind,
    asked_of,
    invalid_of,
    renewable,
    renewal_offered_to,
    renews,
    written_of,
)
from protocol.consent.terms import Role
from protocol.consent.vocabulary import Category, Evidence, Purpose, RoleAct
from protocol.identifiers import Instant, PersonId
from tests.unit.consent import family as f
from tests.unit.consent.family import BOTH, FATHER, GRANDMOTHER, MOTHER, NOW, YOUTH, consent

SIGN, INFORMED, HEARD, OBJECT = (
    NoticeKind.SIGN,
    NoticeKind.BE_INFORMED,
    NoticeKind.BE_HEARD,
    NoticeKind.MAY_OBJECT,
)
DISCHARGE: dict[str, Any] = {"purpose": Purpose.DISCHARGE, "categories": (Category.DISCHARGE_SUMMARY,)}
LAST_DAYS = Instant(f.terms().share_until - RENEWAL_PERIOD)


def told(person: PersonId, about: ConsentFacts, **changes: Any) -> tuple[NoticeKind, ...]:
    return asked_of(person, about, f.case(about, **changes), NOW)


def offered(about: ConsentFacts, at: Instant, *others: ConsentFacts, **changes: Any) -> bool:
    case = f.case(about, **({"sheet": f.sheet(not_after=f.later(NOW, 400 * f.DAY))} | changes))
    return renewable(about, [each.terms for each in (about, *others)], case, at)


def test_who_must_sign_is_asked_until_they_have_signed() -> None:
    assert told(MOTHER, consent()) == (SIGN,)
    assert told(MOTHER, consent(MOTHER)) == ()
    assert told(FATHER, consent(MOTHER)) == (SIGN,)


def test_whom_the_law_asks_nothing_of_is_told_nothing() -> None:
    assert told(GRANDMOTHER, consent()) == ()
    assert told(f.STRANGER, consent()) == ()
    assert told(f.DOCTOR, consent()) == ()


def test_nobody_is_asked_once_all_have_answered() -> None:
    assert [told(each, BOTH) for each in (MOTHER, FATHER, YOUTH)] == [(), (), ()]


@pytest.mark.parametrize("word", ["refusals", "objections", "withdrawals"])
def test_a_no_ends_the_request_for_everybody(word: str) -> None:
    said: dict[str, Any] = {word: (f.dated(MOTHER),)}
    refused = replace(consent(), **said)
    assert [told(each, refused) for each in (MOTHER, FATHER, YOUTH)] == [(), (), ()]


def test_whoever_said_no_is_not_asked_again_though_their_no_did_not_count() -> None:
    mother_named = consent(roles=(Role(MOTHER, RoleAct.SIGNS, "none"),), **DISCHARGE)
    holders = (f.holder(MOTHER), f.holder(FATHER, since=f.SIGNED + 1))
    entitled_later = f.sheet(may_sign=holders)
    assert told(FATHER, mother_named, sheet=entitled_later) == (SIGN,)
    said_too_early = replace(mother_named, refusals=(f.dated(FATHER),))
    assert told(FATHER, said_too_early, sheet=entitled_later) == ()
    assert told(MOTHER, said_too_early, sheet=entitled_later) == (SIGN,)


def test_the_other_guardian_is_informed_once_one_has_signed_and_not_after_confirming() -> None:
    signed = consent(MOTHER, **DISCHARGE)
    assert told(FATHER, consent(**DISCHARGE)) == (SIGN,)
    assert told(FATHER, signed) == (INFORMED,)
    running = replace(signed, notices=(f.dated(FATHER, NOW - f.DAY),))
    assert told(FATHER, running) == ()
    assert told(MOTHER, running) == ()


def test_a_guardian_who_need_not_be_asked_is_told_nothing() -> None:
    excused: dict[str, Any] = {"exceptions": (f.exception(),)}
    for about in (consent(), consent(MOTHER), consent(**DISCHARGE), consent(MOTHER, **DISCHARGE)):
        assert told(FATHER, about) != ()
        assert told(FATHER, about, **excused) == ()
    assert told(MOTHER, consent(), **excused) == (SIGN,)


def test_a_youth_may_object_while_it_is_open_and_is_heard_by_their_own_word() -> None:
    signed = consent(MOTHER, **DISCHARGE)
    grown = f.sheet(f.BORN[13])
    assert told(YOUTH, signed, sheet=grown) == (OBJECT,)
    assert told(YOUTH, signed, sheet=grown, hearings=()) == (OBJECT, HEARD)
    assert told(FATHER, signed, sheet=grown, hearings=()) == (INFORMED,)


def test_a_younger_child_is_asked_for_their_view_and_nothing_else() -> None:
    assert told(YOUTH, consent(), hearings=()) == (HEARD,)
    assert told(MOTHER, consent(), hearings=()) == (SIGN,)


def test_a_renewal_is_offered_from_fourteen_days_before_the_end_until_the_end() -> None:
    end = BOTH.terms.share_until
    assert not offered(BOTH, Instant(LAST_DAYS - 1))
    assert offered(BOTH, LAST_DAYS)
    assert offered(BOTH, Instant(end - 1))
    assert not offered(BOTH, end)


def test_a_renewal_is_offered_for_what_no_longer_suffices() -> None:
    grown = f.sheet(f.BORN[16])
    assert offered(BOTH, NOW, sheet=grown)
    assert renewal_offered_to(YOUTH, BOTH, f.case(BOTH, sheet=grown), NOW)
    assert not renewal_offered_to(MOTHER, BOTH, f.case(BOTH, sheet=grown), NOW)


def test_a_renewal_is_not_offered_for_what_was_never_in_force_or_has_ended_by_a_no() -> None:
    assert not offered(consent(MOTHER), LAST_DAYS)
    assert not offered(replace(BOTH, withdrawals=(f.dated(MOTHER),)), LAST_DAYS)


def test_a_renewal_that_was_asked_for_is_not_offered_again_even_when_it_was_refused() -> None:
    anew = consent(made=LAST_DAYS, share_until=f.later(LAST_DAYS, 60 * f.DAY))
    assert not offered(BOTH, LAST_DAYS, anew)
    assert not offered(BOTH, LAST_DAYS, replace(anew, refusals=(f.dated(MOTHER, LAST_DAYS),)))
    assert offered(BOTH, LAST_DAYS, consent(made=LAST_DAYS, categories=(Category.MESSAGE,)))


def test_the_signers_are_offered_a_renewal_and_nobody_where_the_law_has_no_answer() -> None:
    case = f.case(BOTH)
    assert [renewal_offered_to(each, BOTH, case, NOW) for each in (MOTHER, FATHER, YOUTH)] == [True, True, False]
    assert not renewal_offered_to(MOTHER, BOTH, f.case(BOTH, sheet=None), NOW)


def test_terms_renew_only_what_was_made_before_them() -> None:
    case, anew = f.case(BOTH), replace(BOTH.terms, made=LAST_DAYS)
    assert not renews(BOTH.terms, BOTH, case, NOW)
    assert renews(anew, BOTH, case, NOW)
    assert not renews(BOTH.terms, replace(BOTH, terms=anew), case, NOW)


def test_what_was_taken_back_in_part_is_renewed_without_that_part() -> None:
    less = Less(receivers=(), categories=(Category.HEALTH_NOTE,), share_until=None, read_until=None)
    narrowed = replace(BOTH, narrowings=(Narrowing(MOTHER, f.later(f.SIGNED, f.DAY), less),))
    whole = consent(made=LAST_DAYS)
    rest = consent(made=LAST_DAYS, categories=(Category.MESSAGE,))
    assert offered(narrowed, LAST_DAYS, whole)
    assert not offered(narrowed, LAST_DAYS, rest)


def written(**changes: Any) -> ConsentFacts:
    """Return a consent to which the mother signed, and the father's yes was written down."""
    half = consent(MOTHER)
    recorded = replace(f.signature(FATHER, evidence=Evidence.RECORDED), **changes)
    return replace(half, signatures=(*half.signatures, recorded))


def test_whose_yes_was_written_down_is_told_until_they_sign_or_dispute() -> None:
    told_of = ((NoticeKind.CONFIRM_RECORDED, f.SIGNED),)
    assert written_of(FATHER, written(), (), NOW) == told_of
    assert written_of(MOTHER, written(), (), NOW) == ()
    assert written_of(FATHER, written(disputed_at=NOW), (), NOW) == ()
    own = written()
    own = replace(own, signatures=(*own.signatures, f.signature(FATHER)))
    assert written_of(FATHER, own, (), NOW) == ()


@pytest.mark.parametrize("no", ["refusals", "objections", "withdrawals"])
def test_after_a_no_nobody_is_asked_to_confirm_what_was_written_down(no: str) -> None:
    ended: dict[str, Any] = {no: (f.dated(MOTHER),)}
    assert written_of(FATHER, replace(written(), **ended), (), NOW) == ()


def test_all_who_sign_are_told_for_thirty_days_of_a_withdrawal_that_was_written_down() -> None:
    gone = f.dated(FATHER, NOW)
    about = replace(BOTH, withdrawals=(gone,))
    for person in (MOTHER, FATHER):
        assert written_of(person, about, (gone,), NOW) == ((NoticeKind.TOLD_WITHDRAWN, NOW),)
        assert written_of(person, about, (gone,), Instant(NOW + TOLD_FOR - 1)) != ()
        assert written_of(person, about, (gone,), Instant(NOW + TOLD_FOR)) == ()
        assert written_of(person, about, (gone,), Instant(NOW - 1)) == ()
    for person in (GRANDMOTHER, f.STRANGER, YOUTH):
        assert written_of(person, about, (gone,), NOW) == ()


def test_everybody_is_told_for_thirty_days_from_the_first_word_that_a_consent_is_void() -> None:
    first, second = f.dated(MOTHER, NOW), f.dated(FATHER, f.later(NOW, f.DAY))
    void = replace(BOTH, invalidations=(second, first))
    told_of = ((NoticeKind.TOLD_INVALID, NOW),)
    assert invalid_of(void, NOW) == invalid_of(void, Instant(NOW + TOLD_FOR - 1)) == told_of
    for at in (NOW - 1, NOW + TOLD_FOR):
        assert invalid_of(void, Instant(at)) == ()
    assert invalid_of(BOTH, NOW) == ()
