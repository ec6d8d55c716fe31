"""What `fortrolig rules explain` tells is what `decide` asks, and what it calls next is the next change there is."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from protocol.consent.age import thresholds
from protocol.consent.applicable import Applicable, applicable
from protocol.consent.law import Requirements, Situation, requirements
from protocol.consent.ruleset import PAIRS, Pair, current_rules
from protocol.consent.vocabulary import Category, Kind, Purpose
from protocol.identifiers import Instant
from tests.unit.consent import family as f

FIRST, LAST = f.oslo(2023, 1, 1), f.oslo(2050, 1, 1)
BORN = st.dates(date(2000, 1, 1), date(2040, 1, 1))
AT = st.integers(FIRST, LAST).map(Instant)
SOME_PAIRS = st.sets(st.sampled_from(PAIRS), min_size=1, max_size=4)


def told(purpose: Purpose, born: date, pairs: set[Pair], at: Instant) -> Applicable:
    found = applicable(current_rules(), purpose, born, pairs, at)
    assert found is not None
    return found


def demands(found: Applicable) -> set[tuple[object, ...]]:
    return {(rule.signs, rule.heard, rule.informed, rule.may_object, rule.nb) for rule in found.rules}


@given(st.sampled_from(Purpose), BORN, SOME_PAIRS, AT)
def test_the_rules_that_are_told_are_those_that_a_decision_names(
    purpose: Purpose, born: date, pairs: set[Pair], at: Instant
) -> None:
    situation = Situation(
        purpose, Kind.DISCLOSURE, frozenset({Category.OWN_OBSERVATIONS}), frozenset(pairs), frozenset({f.YOUTH})
    )
    asked = requirements(current_rules(), situation, f.sheet(born), at)
    if isinstance(asked, Requirements):
        found = told(purpose, born, pairs, at)
        assert tuple(rule.id for rule in found.rules) == asked.rules
        assert any(rule.heard for rule in found.rules) is asked.heard


@given(st.sampled_from(Purpose), BORN, SOME_PAIRS, AT)
def test_nothing_changes_before_the_next_turn_and_something_does_at_it(
    purpose: Purpose, born: date, pairs: set[Pair], at: Instant
) -> None:
    now = told(purpose, born, pairs, at)
    turn = now.next
    between = [each for each in thresholds(born) if at < each and (turn is None or each < turn.at)]
    for each in between if turn is None else (*between, Instant(turn.at - 1)):
        assert demands(told(purpose, born, pairs, each)) == demands(now)
    if turn is not None:
        assert demands(told(purpose, born, pairs, turn.at)) != demands(now)
