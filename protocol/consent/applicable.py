"""Which rules apply to one purpose and one child at one instant, and what changes next, before any facts are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from protocol.consent.age import BANDS, Band, age, band, birthday, months_after
from protocol.consent.ruleset import Pair, Rule, RuleSet
from protocol.consent.vocabulary import Purpose
from protocol.identifiers import Instant


@dataclass(frozen=True, slots=True)
class Turn:
    """The instant from which other things are asked, and the rules that ask them.

    `birthday` is the age reached then, or null where a rule of the set ends and its successor begins.
    """

    at: Instant
    birthday: int | None
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Applicable:
    """What holds at one instant: the rules by id, the latest ends that terms made then may have, and the next turn."""

    age: int
    band: Band
    rules: tuple[Rule, ...]
    share_until: Instant
    read_until: Instant
    next: Turn | None


def applicable(
    rules: RuleSet, purpose: Purpose, birth_date: date, pairs: Iterable[Pair], at: Instant
) -> Applicable | None:
    """Say which rules apply between any of these pairs of regimes; null before the set begins, or for no pair.

    Every ordinary rule is told; recorded exceptions (a care order, a decision to withhold) are facts of a case, and
    only `decide` knows them.
    """
    named = tuple(pairs)
    found = _found(rules, purpose, birth_date, named, at)
    if not found:
        return None
    scope = rules.purposes[purpose]
    return Applicable(
        age=age(birth_date, at),
        band=band(birth_date, at),
        rules=found,
        share_until=months_after(at, scope.share_months),
        read_until=months_after(at, scope.read_months),
        next=_next(rules, purpose, birth_date, named, at, found),
    )


def _found(
    rules: RuleSet, purpose: Purpose, birth_date: date, pairs: tuple[Pair, ...], at: Instant
) -> tuple[Rule, ...]:
    rule_of = {rules.find(purpose, band(birth_date, at), pair, at) for pair in pairs}
    return tuple(sorted((rule for rule in rule_of if rule is not None), key=lambda rule: rule.id))


def _next(  # noqa: PLR0917  (the arguments of `applicable`, and its finding)
    rules: RuleSet, purpose: Purpose, birth_date: date, pairs: tuple[Pair, ...], at: Instant, now: tuple[Rule, ...]
) -> Turn | None:
    ages: dict[Instant, int | None] = dict.fromkeys(rules.beginnings)
    ages |= {birthday(birth_date, each.first): each.first for each in BANDS[1:]}
    for turn in sorted(turn for turn in ages if turn > at):
        then = _found(rules, purpose, birth_date, pairs, turn)
        if _demands(then) != _demands(now):
            return Turn(turn, ages[turn], then)
    return None


def _demands(found: tuple[Rule, ...]) -> frozenset[tuple[object, ...]]:
    """Return what rules ask, without their names: a birthday that only changes the name does not matter."""
    return frozenset((rule.signs, rule.heard, rule.informed, rule.may_object, rule.nb) for rule in found)
