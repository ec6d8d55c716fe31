"""Who may know of what."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.consent.ask import Actor
from protocol.consent.case import ConsentFacts, Shield
from protocol.consent.visibility import FOLLOWS, NOTHING, TAKES_PART, View, view
from protocol.consent.vocabulary import Capacity, Purpose
from protocol.identifiers import Instant, PersonId
from tests.unit.consent import family as f
from tests.unit.consent.family import BOTH, FATHER, MOTHER, NOW, SIGNED, YOUTH, consent


def seen(viewer: Actor, by: ConsentFacts = BOTH, **changes: Any) -> View:
    return view(viewer, by, f.case(by, **changes), NOW)


LETTER = consent(MOTHER, FATHER, receivers=f.parties(f.BUP, MOTHER))


@pytest.mark.parametrize(
    ("viewer", "expected"),
    [
        (f.actor(f.GP), TAKES_PART),
        (f.actor(f.BUP), TAKES_PART),
        (f.actor(f.SCHOOL), NOTHING),
        (Actor(f.STRANGER, f.GP), NOTHING),
        (Actor(MOTHER, None), TAKES_PART),
        (Actor(FATHER, None), FOLLOWS),
        (Actor(f.GRANDMOTHER, None), FOLLOWS),
        (Actor(f.STRANGER, None), NOTHING),
        (Actor(f.DOCTOR, None), NOTHING),
    ],
)
def test_parties_take_part_the_family_follows_and_others_know_nothing(viewer: Actor, expected: View) -> None:
    assert seen(viewer, LETTER) == expected


def test_who_may_sign_follows_though_not_on_the_list_of_who_may_know() -> None:
    assert seen(Actor(FATHER, None), sheet=f.sheet(may_know=())) == FOLLOWS


@pytest.mark.parametrize("who", [MOTHER, f.PSYCHOLOGIST])
def test_a_shield_hides_everything_from_those_it_names(who: PersonId) -> None:
    shield = Shield(matter=f.MATTER, persons=frozenset({who}), provisional=True, holds_from=SIGNED, holds_to=None)
    viewer = Actor(who, f.BUP if who == f.PSYCHOLOGIST else None)
    assert seen(viewer, LETTER, shields=(shield,)) == NOTHING
    assert seen(viewer, LETTER, shields=(replace(shield, matter=f.OTHER_MATTER),)) == TAKES_PART
    assert seen(viewer, LETTER, shields=(replace(shield, holds_to=NOW),)) == TAKES_PART


def test_a_former_employee_knows_nothing() -> None:
    former = (f.membership(f.DOCTOR, f.GP, until=NOW),)
    assert seen(f.actor(f.GP), memberships=former) == NOTHING


def test_who_is_off_the_lists_knows_no_more_though_named_in_the_terms() -> None:
    ended = (f.holder(MOTHER, until=NOW),)
    assert seen(Actor(MOTHER, None), LETTER, sheet=f.sheet(may_sign=ended, may_know=ended)) == NOTHING


def test_from_16_the_youth_follows_and_the_parents_see_what_names_them() -> None:
    sheet = f.sheet(f.BORN[16])
    assert seen(Actor(YOUTH, None), sheet=sheet) == FOLLOWS
    assert seen(Actor(MOTHER, None), sheet=sheet) == NOTHING
    assert seen(Actor(MOTHER, None), LETTER, sheet=sheet) == TAKES_PART
    assert Capacity.SELF in {holder.capacity for holder in sheet.may_sign}


def test_parents_know_nothing_of_what_a_youth_sends_in_confidence() -> None:
    sent = consent(YOUTH, purpose=Purpose.OWN_SENDING, senders=f.parties(YOUTH), receivers=f.parties(f.GP, YOUTH))
    sheet = f.sheet(f.BORN[13])
    assert [seen(Actor(who, None), sent, sheet=sheet) for who in (YOUTH, MOTHER)] == [TAKES_PART, NOTHING]
    assert seen(f.actor(f.GP), sent, sheet=sheet) == TAKES_PART


@pytest.mark.parametrize("sheet", [None, f.sheet(not_after=NOW), f.sheet(subject=f.OTHER_CHILD)])
def test_the_family_sees_nothing_without_the_childs_sheet_in_force(sheet: object) -> None:
    assert seen(Actor(MOTHER, None), LETTER, sheet=sheet) == NOTHING
    assert seen(f.actor(f.BUP), LETTER, sheet=sheet) == TAKES_PART


def test_what_holds_from_later_is_not_seen_yet() -> None:
    joining = (f.holder(MOTHER, since=NOW + 1),)
    assert seen(Actor(MOTHER, None), sheet=f.sheet(may_sign=joining, may_know=joining)) == NOTHING
    assert Instant(NOW + 1) == joining[0].holds_from
