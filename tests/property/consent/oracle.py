"""A second, deliberately simple formulation of who must have signed, to hold the first one against.

It looks at one shared content between two parties, at one instant, with one consent, and knows nothing of how `decide`
is built: ages by comparing dates, the table as nested conditions, names instead of groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from protocol.consent.vocabulary import Category, Purpose, Regime
from protocol.identifiers import PersonId


@dataclass(frozen=True)
class World:
    """What the oracle is told: who is who, who signed, who was told long enough ago, whether the child was heard."""

    born: date
    today: date
    purpose: Purpose
    sender: Regime | None
    receiver: Regime | None
    categories: tuple[Category, ...]
    parents: frozenset[PersonId]
    youth: PersonId
    own_sender: PersonId | None
    signed: frozenset[PersonId]
    told: frozenset[PersonId]
    heard: bool


def years(born: date, today: date) -> int:
    """Completed years; 29 February counts on 28 February where the year has none."""
    month_day = (born.month, born.day)
    leap = today.year % 4 == 0 and (today.year % 100 != 0 or today.year % 400 == 0)
    if month_day == (2, 29) and not leap:
        month_day = (2, 28)
    return today.year - born.year - (1 if (today.month, today.day) < month_day else 0)


def sufficient(world: World) -> bool:
    """Say whether the consent is complete."""
    age = years(world.born, world.today)
    if world.purpose is Purpose.OWN_SENDING:
        return _own(world, age)
    if age >= 16:
        return world.youth in world.signed
    if age >= 7 and not world.heard:
        return False
    outside_sender = world.sender is not None and world.sender is not Regime.HEALTH
    outside = outside_sender or (world.receiver is not None and world.receiver is not Regime.HEALTH)
    if world.purpose is Purpose.DISCHARGE and not outside:
        return bool(world.parents & world.signed) and world.parents <= world.signed | world.told
    co_signs = age == 15 and (outside_sender if world.purpose is Purpose.REFERRAL else outside)
    return world.parents <= world.signed and (not co_signs or world.youth in world.signed)


def _own(world: World, age: int) -> bool:
    if world.own_sender not in world.signed:
        return False
    if world.own_sender == world.youth:
        return age >= 12
    own_words = set(world.categories) == {Category.OWN_OBSERVATIONS}
    return world.own_sender in world.parents and (age < 16 or (age < 18 and own_words))
