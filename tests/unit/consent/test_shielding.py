"""From the words on a matter's shields to who is hidden from what, and when."""

from __future__ import annotations

import pytest

from protocol.consent.case import Case, Shield
from protocol.consent.shielding import (
    LONGEST_REVIEW,
    TOLD_FIRST,
    Asked,
    Decided,
    Ended,
    Shielding,
    Told,
    Word,
    may_be_shut_out,
    may_stand_on,
    shielding,
    whole,
)
from protocol.consent.visibility import FOLLOWS, NOTHING, View, view
from protocol.consent.vocabulary import ALL_ASPECTS, Aspect, Ground
from protocol.identifiers import Instant, PersonId
from tests.unit.consent import family as f
from tests.unit.consent.family import BORN, BOTH, DAY, FATHER, MATTER, MOTHER, NOW, YOUTH

PARENTS = frozenset({MOTHER, FATHER})
EVERYTHING = ALL_ASPECTS
NOTHING_HIDDEN: frozenset[Aspect] = frozenset()


def on(day: int) -> Instant:
    return Instant(NOW + day * DAY)


def asked(day: int, *persons: PersonId, ground: Ground = Ground.YOUTH_ASKS) -> Asked:
    return Asked(on(day), ground, frozenset(persons) or PARENTS)


def withheld(
    day: int,
    *persons: PersonId,
    review: int = 90,
    hides: frozenset[Aspect] = ALL_ASPECTS,
    ground: Ground = Ground.YOUTH_ASKS,
) -> Decided:
    return Decided(on(day), ground, f"{day:064x}", frozenset(persons) or PARENTS, hides, on(review))


def declined(day: int, ground: Ground = Ground.YOUTH_ASKS) -> Decided:
    return Decided(on(day), ground, f"{day:064x}", frozenset(), frozenset(), on(day))


def told(day: int, decision: int) -> Told:
    return Told(on(day), f"{decision:064x}")


def derive(*words: Word) -> Shielding:
    return shielding(MATTER, words)


def days(words: tuple[Word, ...], who: PersonId, least: int = 0, most: int = 40) -> list[int]:
    """Give the days on which everything is hidden from a person."""
    found = derive(*words)
    return [day for day in range(least, most) if found.hidden(who, on(day)) == EVERYTHING]


def firm(words: tuple[Word, ...], day: int) -> bool:
    """Say whether a professional's decision, not merely a wish, hides something on a day."""
    return any(not shield.provisional and shield.holds(on(day)) for shield in derive(*words).shields)


def test_what_is_asked_for_hides_from_then_on_and_is_provisional() -> None:
    words = (asked(3),)
    assert days(words, MOTHER, most=6) == [3, 4, 5]
    assert not firm(words, 5)
    assert derive(*words).hidden(YOUTH, on(5)) == NOTHING_HIDDEN


def test_a_decision_to_withhold_is_firm_until_its_review_and_hides_after_it() -> None:
    words = (asked(0), withheld(2, review=20))
    assert days(words, FATHER) == list(range(40))
    assert [firm(words, day) for day in (1, 2, 19, 20, 30)] == [False, True, True, False, False]


def test_a_decision_that_adds_a_person_hides_from_that_person_from_then_on() -> None:
    words = (asked(0, MOTHER), withheld(2))
    assert days(words, FATHER, most=4) == [2, 3]
    assert days(words, MOTHER, most=4) == [0, 1, 2, 3]


def test_what_was_declined_is_hidden_for_ever_while_nobody_tells_the_youth() -> None:
    words = (asked(0), declined(1))
    assert days(words, MOTHER) == list(range(40))
    assert derive(*words).declined


def test_what_was_declined_is_shown_a_week_after_the_youth_was_told() -> None:
    words = (asked(0), declined(1), told(5, 1))
    assert TOLD_FIRST == 7 * DAY
    assert days(words, MOTHER) == list(range(12))


def test_a_second_notice_prolongs_nothing() -> None:
    assert days((asked(0), declined(1), told(5, 1), told(9, 1)), MOTHER) == list(range(12))


def test_a_notice_of_a_decision_that_was_never_made_shows_nothing() -> None:
    assert days((asked(0), declined(1), told(5, 2)), MOTHER) == list(range(40))
    assert days((asked(0), told(5, 1)), MOTHER) == list(range(40))


def test_a_notice_of_an_earlier_decision_does_not_count_for_a_later_one() -> None:
    words = (asked(0), withheld(1), told(2, 1), declined(3))
    assert days(words, MOTHER) == list(range(40))
    assert days((*words, told(10, 3)), MOTHER) == list(range(17))


def test_a_notice_of_a_later_decision_counts_for_the_earlier_ones() -> None:
    words = (asked(0), withheld(1, FATHER), withheld(2, FATHER, hides=frozenset({Aspect.CONTENT})), told(5, 2))
    assert days(words, MOTHER) == list(range(12))
    assert days(words, FATHER) == list(range(12))
    assert derive(*words).hidden(FATHER, on(12)) == {Aspect.CONTENT}


def test_a_narrower_decision_leaves_the_others_out_of_signing_no_longer() -> None:
    words = (asked(0), withheld(1), withheld(5, MOTHER))
    assert [shield.persons for shield in derive(*words).shields if not shield.provisional and shield.holds(on(6))] == [
        frozenset({MOTHER})
    ]
    assert days(words, FATHER) == list(range(40))


def test_a_declined_decision_takes_the_power_to_sign_alone_at_once() -> None:
    words = (asked(0), withheld(1), declined(3))
    assert [firm(words, day) for day in (2, 3)] == [True, False]


def test_a_youth_ends_at_once_what_they_asked_for_and_may_ask_again() -> None:
    words = (asked(0), withheld(1), Ended(on(4)))
    assert days(words, MOTHER) == [0, 1, 2, 3]
    assert derive(*words).standing is None
    assert days((*words, asked(6)), MOTHER, most=8) == [0, 1, 2, 3, 6, 7]


def test_a_youth_who_was_told_no_cannot_end_and_ask_again_past_the_professional() -> None:
    words = (asked(0), declined(1), Ended(on(4)), asked(5))
    assert days(words, MOTHER) == [0, 1, 2, 3]


def test_nothing_is_asked_for_past_a_decision_that_stands() -> None:
    words = (asked(0, MOTHER), withheld(1, MOTHER), asked(2, FATHER))
    assert days(words, FATHER) == []


def test_what_weighty_concerns_hide_is_not_the_youths_to_end() -> None:
    words = (asked(0, ground=Ground.WEIGHTY), withheld(1, ground=Ground.WEIGHTY), Ended(on(2)))
    assert days(words, MOTHER) == list(range(40))
    assert derive(*words).standing is not None
    assert derive(*words).grounds_at(on(3)) == {Ground.WEIGHTY}


def test_a_shield_that_never_held_is_none() -> None:
    assert derive(asked(0), Ended(on(0))).shields == ()
    assert derive() == Shielding((), None)
    assert not derive(asked(0)).declined


@pytest.mark.parametrize(
    ("hides", "effect"),
    [
        ({Aspect.CONTENT}, {Aspect.CONTENT}),
        ({Aspect.LOG, Aspect.NOTICES}, {Aspect.LOG, Aspect.NOTICES}),
        ({Aspect.EXISTENCE}, ALL_ASPECTS),
        ({Aspect.UNIT_NAME}, ALL_ASPECTS),
    ],
)
def test_existence_and_unit_names_are_hidden_with_everything_or_not(hides: set[Aspect], effect: set[Aspect]) -> None:
    assert whole(hides) == effect


@pytest.mark.parametrize(
    ("age", "youth", "weighty"),
    [(3, False, True), (8, False, True), (13, True, True), (15, True, True), (16, False, False), (19, False, False)],
)
def test_the_law_knows_each_ground_at_its_ages(age: int, youth: bool, weighty: bool) -> None:
    assert may_stand_on(Ground.YOUTH_ASKS, BORN[age], NOW) is youth
    assert may_stand_on(Ground.WEIGHTY, BORN[age], NOW) is weighty


def test_only_others_who_stand_on_the_sheet_are_shut_out() -> None:
    sheet = f.sheet(BORN[13])
    assert may_be_shut_out(sheet, [MOTHER, f.GRANDMOTHER], NOW)
    assert not may_be_shut_out(sheet, [MOTHER, YOUTH], NOW)
    assert not may_be_shut_out(sheet, [f.STRANGER], NOW)
    former = (f.holder(MOTHER, until=NOW),)
    assert not may_be_shut_out(f.sheet(may_sign=former, may_know=former), [MOTHER], NOW)


def test_reviews_come_within_half_a_year() -> None:
    assert LONGEST_REVIEW == 183 * DAY


def shut(*hides: Aspect, who: PersonId = FATHER) -> Shield:
    return Shield(
        matter=MATTER,
        persons=frozenset({who}),
        hides=frozenset(hides),
        provisional=False,
        holds_from=on(-1),
        holds_to=None,
    )


def seen(*shields: Shield) -> View:
    case: Case = f.case(BOTH, shields=shields)
    return view(f.actor(FATHER), BOTH, case, NOW)


def test_a_viewer_keeps_what_no_shield_takes() -> None:
    assert seen() == FOLLOWS
    assert seen(shut(Aspect.LOG)) == View(content=False, existence=True, notices=True, log=False, unit_name=True)
    assert seen(shut(Aspect.NOTICES), shut(Aspect.LOG)) == View(
        content=False, existence=True, notices=False, log=False, unit_name=True
    )
    assert seen(shut(Aspect.EXISTENCE)) == seen(shut(Aspect.UNIT_NAME)) == NOTHING
    assert seen(shut(Aspect.EXISTENCE, who=MOTHER)) == FOLLOWS


def test_the_json_of_a_case_names_what_each_shield_hides() -> None:
    case = f.case(BOTH, shields=(shut(Aspect.CONTENT, Aspect.LOG),))
    written = case.to_json()
    assert written["shields"][0]["hides"] == ["content", "log"]
    assert Case.from_json(written) == case


# Cases that nothing looked at until a changed rule went unnoticed (`make mutation`)


def test_only_a_no_that_stands_is_a_decline() -> None:
    assert derive(asked(0), declined(1)).declined
    assert not derive(asked(0), withheld(1)).declined
    assert not derive(asked(0)).declined


def test_being_told_of_an_earlier_decision_lifts_nothing_that_a_later_one_would_show() -> None:
    words = (asked(0), withheld(1), declined(2), told(3, 1))
    assert derive(*words).hidden(MOTHER, on(60)) == EVERYTHING
    assert derive(*words, told(4, 2)).hidden(MOTHER, on(60)) == NOTHING_HIDDEN


def test_being_told_of_the_first_decision_that_shows_it_is_enough_whatever_was_decided_since() -> None:
    less = frozenset({Aspect.NOTICES})
    words = (asked(0), declined(1), withheld(2, hides=less), told(3, 1))
    assert derive(*words).hidden(MOTHER, on(9)) == EVERYTHING
    assert derive(*words).hidden(MOTHER, on(10)) == less


def test_a_decision_that_hides_as_much_takes_the_place_of_what_was_asked_for() -> None:
    words = (asked(0, ground=Ground.WEIGHTY), asked(0), withheld(1), Ended(on(2)))
    assert derive(*words).hidden(MOTHER, on(2)) == NOTHING_HIDDEN
    some = frozenset({Aspect.NOTICES})
    twice = (withheld(0, hides=some, ground=Ground.WEIGHTY), asked(0), withheld(1, hides=some), Ended(on(2)))
    assert derive(*twice).hidden(MOTHER, on(2)) == NOTHING_HIDDEN


def test_everybody_on_a_sheet_without_the_youth_may_be_shut_out() -> None:
    sheet = f.sheet(may_sign=(f.holder(MOTHER), f.holder(FATHER)), may_know=(f.holder(MOTHER),))
    assert may_be_shut_out(sheet, [MOTHER, FATHER], NOW)
