"""Which rules apply before there are facts, and which birthday or new rule is next."""

from __future__ import annotations

from datetime import date

import pytest

from protocol.consent.age import BANDS, Band, birthday, months_after
from protocol.consent.applicable import Applicable, applicable
from protocol.consent.ruleset import PAIRS, Pair, RuleSet, current_rules
from protocol.consent.vocabulary import Purpose, Regime
from protocol.identifiers import Instant
from tests.unit.consent.family import BORN, NOW, oslo
from tests.unit.consent.test_ruleset import CHANGED_AT, succeeded

IN_HEALTH: Pair = (Regime.HEALTH, Regime.HEALTH)
FROM_SCHOOL: Pair = (Regime.EDUCATION, Regime.HEALTH)


def holding(purpose: Purpose, born: date, *pairs: Pair, at: Instant = NOW, rules: RuleSet | None = None) -> Applicable:
    found = applicable(rules or current_rules(), purpose, born, pairs, at)
    assert found is not None
    return found


def test_it_names_the_age_the_rule_and_the_longest_times_of_terms_made_then() -> None:
    found = holding(Purpose.REFERRAL, BORN[15], FROM_SCHOOL)
    assert (found.age, found.band) == (15, Band.AT_15)
    assert [rule.id for rule in found.rules] == ["no/referral/15/outside"]
    assert (found.share_until, found.read_until) == (months_after(NOW, 6), months_after(NOW, 24))


def test_several_pairs_bring_every_rule_that_one_of_them_has_once_in_the_order_of_ids() -> None:
    found = holding(Purpose.DISCHARGE, BORN[15], *PAIRS)
    assert [rule.id for rule in found.rules] == ["no/discharge/health/12-15", "no/discharge/outside/15"]


@pytest.mark.parametrize(
    ("purpose", "pair", "age", "turns"),
    [
        (Purpose.REFERRAL, IN_HEALTH, 3, [7, 12, 16, 18]),
        (Purpose.REFERRAL, FROM_SCHOOL, 3, [7, 12, 15, 16, 18]),
        (Purpose.DISCHARGE, IN_HEALTH, 13, [16, 18]),
        (Purpose.OWN_SENDING, (None, Regime.HEALTH), 8, [12, 16, 18]),
        (Purpose.REFERRAL, IN_HEALTH, 19, []),
    ],
)
def test_the_next_birthday_is_the_one_that_changes_what_is_asked(
    purpose: Purpose, pair: Pair, age: int, turns: list[int]
) -> None:
    born, found, met = BORN[age], holding(purpose, BORN[age], pair), []
    while (turn := found.next) is not None:
        assert turn.birthday is not None
        assert turn.at == birthday(born, turn.birthday)
        met.append(turn.birthday)
        found = holding(purpose, born, pair, at=turn.at)
        assert found.rules == turn.rules
    assert met == turns


@pytest.mark.parametrize("years", [each.first for each in BANDS[1:]])
def test_at_the_birthday_itself_the_new_rules_hold_and_a_millisecond_before_the_old_ones(years: int) -> None:
    born = date(2020, 2, 29)
    turns = birthday(born, years)
    before, on = (holding(Purpose.REFERRAL, born, FROM_SCHOOL, at=Instant(at)) for at in (turns - 1, turns))
    assert (before.age, on.age) == (years - 1, years)
    assert before.next is not None
    assert before.next.at == turns
    assert before.next.rules == on.rules != before.rules


def test_a_rule_that_ends_is_a_turn_though_it_is_nobodys_birthday() -> None:
    text = succeeded("2027-01-01")
    marker = 'id = "no/referral/0-6/2027"'
    head, tail = text.split(marker)
    rules = RuleSet.parse(head + marker + tail.replace("heard = false", "heard = true", 1))
    turn = holding(Purpose.REFERRAL, BORN[3], IN_HEALTH, rules=rules).next
    assert turn is not None
    assert (turn.at, turn.birthday) == (CHANGED_AT, None)
    assert [rule.id for rule in turn.rules] == ["no/referral/0-6/2027"]


def test_a_successor_that_asks_the_same_is_no_turn() -> None:
    turn = holding(Purpose.REFERRAL, BORN[3], IN_HEALTH, rules=RuleSet.parse(succeeded("2027-01-01"))).next
    assert turn is not None
    assert turn.birthday == 7


@pytest.mark.parametrize(("at", "pairs"), [(Instant(oslo(2023, 1, 1) - 1), PAIRS), (NOW, ())])
def test_before_the_rules_begin_and_between_nobody_nothing_applies(at: Instant, pairs: tuple[Pair, ...]) -> None:
    assert applicable(current_rules(), Purpose.REFERRAL, date(2020, 1, 1), pairs, at) is None
