"""Cases that nothing looked at until a changed rule went unnoticed (`make mutation`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from protocol.consent.acceptance import following
from protocol.consent.age import age, birthday, months_after, wall_clock
from protocol.consent.answer import Deny, Missing, Permit, Reason
from protocol.consent.ask import Actor
from protocol.consent.case import AcceptedRules, Assessment
from protocol.consent.coverage import fell
from protocol.consent.decide import decide
from protocol.consent.exceptions import as_received, excused
from protocol.consent.explain import Audience, audience_of, explain
from protocol.consent.judge import may_withdraw, youth_from_16
from protocol.consent.state import prepare
from protocol.consent.terms import Role
from protocol.consent.vocabulary import Capacity, Category, Kind, Language, Outcome, Purpose, Responsibility, RoleAct
from protocol.identifiers import LARGEST_INTEGER, ConsentId, Instant
from tests.unit.consent import family as f
from tests.unit.consent.family import BORN, BOTH, FATHER, MOTHER, NOW, YOUTH

YEAR_9000 = Instant(int(datetime(9000, 1, 1, tzinfo=UTC).timestamp()) * 1000)


@pytest.mark.parametrize(("age", "expected"), [(13, False), (15, False), (16, True)])
def test_a_youth_who_need_not_sign_withdraws_from_16_only(age: int, expected: bool) -> None:
    sheet = f.sheet(BORN[age])
    judged = prepare(BOTH, f.case(BOTH, sheet=sheet), NOW)
    assert not isinstance(judged, Reason)
    assert may_withdraw(judged, YOUTH, NOW) is expected
    assert (youth_from_16(sheet, NOW) == {YOUTH}) is expected
    assert may_withdraw(judged, MOTHER, NOW) is not expected


@pytest.mark.parametrize("register", [Responsibility.OTHER, Responsibility.UNKNOWN])
def test_one_guardian_alone_is_not_enough_when_the_register_does_not_say_sole(register: Responsibility) -> None:
    alone = f.consent(FATHER)
    sheet = f.sheet(may_sign=(f.holder(FATHER),), responsibility=register)
    answer = decide(f.share(alone), f.case(alone, sheet=sheet), NOW)
    assert isinstance(answer, Deny)
    assert answer.reason is Reason.RESPONSIBILITY_UNCLEAR


def test_a_member_of_one_unit_does_not_act_for_another() -> None:
    elsewhere = f.case(BOTH, memberships=(f.membership(f.DOCTOR, f.SCHOOL),))
    answer = decide(f.share(BOTH), elsewhere, NOW)
    assert isinstance(answer, Deny)
    assert answer.reason is Reason.NOT_A_MEMBER


def test_a_unit_that_nobody_knows_is_unknown_before_anybody_asks_what_the_terms_cover() -> None:
    case = f.case(BOTH)
    nobody = f.unit(99)
    answer = decide(f.share(BOTH, receivers=(nobody,)), case, NOW)
    assert isinstance(answer, Deny)
    assert answer.reason is Reason.UNIT_UNKNOWN


def test_a_consent_to_take_part_covers_no_category_and_is_refused_for_its_kind() -> None:
    referral = {"purpose": Purpose.REFERRAL, "categories": (Category.MESSAGE, Category.REFERRAL)}
    care = f.consent(MOTHER, FATHER, kind=Kind.CARE, id=ConsentId.of(b"c" * 16), **referral)
    disclosure = f.consent(MOTHER, FATHER, id=ConsentId.of(b"d" * 16), **referral)
    taking_part = f.consent(
        MOTHER,
        FATHER,
        kind=Kind.PARTICIPATION,
        id=ConsentId.of(b"p" * 16),
        purpose=Purpose.REFERRAL,
        categories=(Category.MESSAGE,),
    )
    consents = tuple(each.terms.digest for each in (care, disclosure, taking_part))
    ask = f.share(disclosure, consents=consents, categories=(Category.REFERRAL,), purpose=Purpose.REFERRAL)
    answer = decide(ask, f.case(care, disclosure, taking_part), NOW)
    assert isinstance(answer, Deny)
    assert answer.reason is Reason.KIND_NOT_ALLOWED


# Rule sets that follow each other


def accepted(digit: str, since: int, to: int | None = None) -> AcceptedRules:
    return AcceptedRules(digest=digit * 64, holds_from=Instant(since), holds_to=None if to is None else Instant(to))


def test_a_set_that_was_to_hold_later_holds_from_now_when_it_is_published_now() -> None:
    assert following((accepted("a", 0), accepted("b", 90)), "b" * 64, Instant(50)) == (
        accepted("a", 0, 50),
        accepted("b", 50),
    )


def test_a_set_that_holds_from_this_very_instant_stays_where_it_stands() -> None:
    assert following((accepted("b", 50), accepted("a", 0)), "b" * 64, Instant(50)) == (
        accepted("b", 50),
        accepted("a", 0, 50),
    )


# The end of the calendar


def test_later_instants_are_shown_as_the_first_of_the_year_9000() -> None:
    assert wall_clock(Instant(LARGEST_INTEGER)).astimezone(UTC) == datetime(9000, 1, 1, tzinfo=UTC)
    assert wall_clock(Instant(YEAR_9000 - 1)).astimezone(UTC).year == 8999


def test_a_birthday_in_the_year_9000_is_the_last_one() -> None:
    assert birthday(date(2000, 5, 4), 7000) < LARGEST_INTEGER
    assert birthday(date(2000, 5, 4), 7001) == LARGEST_INTEGER


def test_from_the_first_instant_of_the_year_9000_ages_stand_still_and_no_months_are_added() -> None:
    assert age(date(2000, 5, 4), Instant(YEAR_9000 - 1)) == 6999
    assert age(date(2000, 5, 4), YEAR_9000) == 7000
    assert months_after(Instant(YEAR_9000 - 1), 1) > YEAR_9000
    assert months_after(YEAR_9000, 1) == YEAR_9000


# Grounds


def test_a_ground_counts_at_the_very_instant_at_which_it_is_known_and_not_before() -> None:
    ground = f.exception(known_at=NOW, holds_from=Instant(0))
    case = f.case(exceptions=(ground,))
    assert excused(case, f.terms(), NOW) == {FATHER}
    assert excused(case, f.terms(), Instant(NOW - 1)) == frozenset()


def test_a_ground_that_names_nobody_excuses_nobody() -> None:
    assert excused(f.case(exceptions=(f.exception(person=None),)), f.terms(), NOW) == frozenset()


# Explanations


def said(missing: Missing, viewer: Actor) -> tuple[str, ...]:
    deny = Deny(Reason.SIGNATURE_MISSING, None, (missing,))
    one = f.consent()
    return explain(deny, f.share(one), viewer, f.case(one), NOW, language=Language.ENGLISH).acts


def test_a_service_is_told_that_it_is_the_child_whose_signature_is_missing() -> None:
    doctor = Actor(f.DOCTOR, f.GP)
    of_child, of_guardian = said(Missing(YOUTH, RoleAct.SIGNS), doctor), said(Missing(MOTHER, RoleAct.SIGNS), doctor)
    assert of_child != of_guardian
    assert "child" in of_child[0].lower() or "youth" in of_child[0].lower()


def test_who_works_for_a_unit_and_is_the_one_it_is_about_is_spoken_to_as_the_unit() -> None:
    heard = Missing(f.CHILD, RoleAct.IS_HEARD)
    member = f.membership(YOUTH, f.GP)
    deny = Deny(Reason.NOT_HEARD, None, (heard,))
    one = f.consent()
    case = replace(f.case(one), memberships=(member,))
    at_work, at_home = (
        explain(deny, f.share(one), viewer, case, NOW, language=Language.ENGLISH).acts
        for viewer in (Actor(YOUTH, f.GP), Actor(YOUTH, None))
    )
    assert at_work != at_home


# Hearings


def test_a_no_in_another_matter_or_of_another_child_stops_nothing_here() -> None:
    against = f.heard(Outcome.AGAINST, NOW - 1)
    sheet = f.sheet(BORN[13])
    for elsewhere in (replace(against, matter=f.OTHER_MATTER), replace(against, subject=f.OTHER_CHILD)):
        case = f.case(BOTH, sheet=sheet, hearings=(f.heard(), elsewhere))
        assert isinstance(decide(f.share(BOTH), case, NOW), Permit)
    here = f.case(BOTH, sheet=sheet, hearings=(f.heard(), against))
    assert isinstance(decide(f.share(BOTH), here, NOW), Deny)


# Parties


def test_neither_a_person_nor_an_unknown_unit_falls_away_with_somebody_elses_unit() -> None:
    case = f.case()
    assert not fell((f.BUP,), MOTHER, case)
    assert not fell((f.BUP,), f.unit(99), case)
    assert fell((f.BUP,), f.BUP_TEAM, case)


def test_what_lacks_is_told_before_what_was_taken_back() -> None:
    one = f.consent(MOTHER, narrowings=(f.narrowing(MOTHER, receivers=(f.BUP,)),))
    answer = decide(f.share(one), f.case(one), NOW)
    assert isinstance(answer, Deny)
    assert answer.reason is Reason.SIGNATURE_MISSING


def test_a_person_and_a_unit_that_nobody_knows_take_what_the_policy_takes() -> None:
    case = f.case(recorded=True)
    assert as_received(case, MOTHER, f.unit(99)) == case


def test_who_signs_for_child_welfare_is_spoken_to_as_child_welfare() -> None:
    case = f.case(sheet=f.sheet(may_sign=(f.holder(f.NURSE, Capacity.CHILD_WELFARE), f.holder(MOTHER))))
    assert audience_of(Actor(f.NURSE, None), case, None) is Audience.CHILD_WELFARE
    assert audience_of(Actor(MOTHER, None), case, None) is Audience.PARENT


def test_a_no_from_before_16_does_not_stop_what_the_youth_signs_at_16() -> None:
    mine = f.consent(YOUTH, roles=(Role(YOUTH, RoleAct.SIGNS, "no/information/16-17"),))
    against = f.heard(Outcome.AGAINST, NOW - 1)
    case = f.case(mine, sheet=f.sheet(BORN[16]), hearings=(against,))
    assert isinstance(decide(f.share(mine), case, NOW), Permit)


def test_an_assessment_of_another_child_lifts_no_no() -> None:
    hearings = (f.heard(), f.heard(Outcome.AGAINST, NOW - 2))
    assessed = Assessment(f.CHILD, f.MATTER, f.DOCTOR, Instant(NOW - 1))
    for assessment, answer in ((assessed, Permit), (replace(assessed, subject=f.OTHER_CHILD), Deny)):
        case = f.case(BOTH, sheet=f.sheet(BORN[13]), hearings=hearings, assessments=(assessment,))
        assert isinstance(decide(f.share(BOTH), case, NOW), answer)
