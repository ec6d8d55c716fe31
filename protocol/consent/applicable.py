"""Which rules apply to one purpose and one child at one instant, and what changes next, before any facts are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from protocol.consent.age import BANDS, Band, age, band, birthday, months_after
from protocol.consent.ruleset import Pair, Rule, RuleSet
from protocol.consent.vocabulary import Circumstance, Purpose
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


@dataclass(frozen=True, slots=True)
class _Question:
    """Which rules apply, of which set, to what, around whom, between whom, in which circumstance."""

    rules: RuleSet
    purpose: Purpose
    birth_date: date
    pairs: tuple[Pair, ...]
    circumstance: Circumstance

    def found(self, at: Instant) -> tuple[Rule, ...]:
        """Return the rules at an instant, by id."""
        age_band = band(self.birth_date, at)
        rule_of = {self.rules.find(self.purpose, age_band, pair, at, self.circumstance) for pair in self.pairs}
        return tuple(sorted((rule for rule in rule_of if rule is not None), key=lambda rule: rule.id))

    def next(self, at: Instant) -> Turn | None:
        """Return the first turn after an instant that changes anything."""
        now = _demands(self.found(at))
        ages: dict[Instant, int | None] = dict.fromkeys(self.rules.beginnings)
        ages |= {birthday(self.birth_date, each.first): each.first for each in BANDS[1:]}
        for turn in sorted(turn for turn in ages if turn > at):
            then = self.found(turn)
            if _demands(then) != now:
                return Turn(turn, ages[turn], then)
        return None


def applicable(  # noqa: PLR0917  (the parts of one question)
    rules: RuleSet,
    purpose: Purpose,
    birth_date: date,
    pairs: Iterable[Pair],
    at: Instant,
    circumstance: Circumstance = Circumstance.ORDINARY,
) -> Applicable | None:
    """Say which rules apply between any of these pairs of regimes; null before the set begins, or for no pair.

    Whether a circumstance is at hand (a decision to withhold), and what else is recorded (a care order), are facts of a
    case: only `decide` knows them.
    """
    question = _Question(rules, purpose, birth_date, tuple(pairs), circumstance)
    found = question.found(at)
    if not found:
        return None
    scope = rules.purposes[purpose]
    return Applicable(
        age=age(birth_date, at),
        band=band(birth_date, at),
        rules=found,
        share_until=months_after(at, scope.share_months),
        read_until=months_after(at, scope.read_months),
        next=question.next(at),
    )


def _demands(found: tuple[Rule, ...]) -> frozenset[tuple[object, ...]]:
    """Return what rules ask, without their names: a birthday that only changes the name does not matter."""
    return frozenset((rule.signs, rule.heard, rule.informed, rule.may_object, rule.nb) for rule in found)
