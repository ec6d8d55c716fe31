"""Keeping a person out of everything around a child: who may say so, when it holds, and what it comes to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from protocol.consent.keeping_out import KeptOut, may_be_excluded, may_end, may_exclude, without
from protocol.consent.vocabulary import ALL_ASPECTS, Capacity, Responsibility
from protocol.identifiers import Instant
from tests.unit.consent import family as f
from tests.unit.consent.family import DAY

NEIGHBOUR = f.person(61)


def may(age: int) -> list[str]:
    """Give the names of those who may keep staff out at an age, eight days after the sheet's other facts."""
    sheet = f.sheet(f.BORN[age])
    people = {"mother": f.MOTHER, "father": f.FATHER, "youth": f.YOUTH, "doctor": f.DOCTOR}
    return [name for name, person in people.items() if may_exclude(sheet, person, f.MADE)]


def test_each_guardian_alone_and_the_youth_may_keep_staff_out_and_from_16_the_youth() -> None:
    assert may(8) == may(13) == ["mother", "father", "youth"]
    assert may(16) == ["youth"]


def test_nobody_on_the_sheet_is_kept_out_by_the_family() -> None:
    sheet = f.sheet()
    assert [may_be_excluded(sheet, each, f.MADE) for each in (f.FATHER, f.GRANDMOTHER, NEIGHBOUR)] == [
        False,
        False,
        True,
    ]
    former = f.sheet(may_know=(replace(f.holder(f.GRANDMOTHER, Capacity.FAMILY), holds_to=f.MADE),))
    assert [may_be_excluded(former, f.GRANDMOTHER, Instant(at)) for at in (f.MADE - 1, f.MADE)] == [False, True]


def word(**changed: Any) -> KeptOut:
    plain = KeptOut("a" * 64, f.CHILD, NEIGHBOUR, f.MOTHER, f.GP, None, Instant(f.MADE - DAY))
    return replace(plain, **changed)


def test_an_exclusion_is_ended_by_whoever_said_it_or_by_others_once_that_one_may_not() -> None:
    both = f.sheet()
    assert [may_end(word(), both, who, f.MADE) for who in (f.MOTHER, f.FATHER, NEIGHBOUR)] == [True, False, False]
    sole = f.sheet(responsibility=Responsibility.SOLE, may_sign=(f.holder(f.FATHER),))
    assert [may_end(word(), sole, who, f.MADE) for who in (f.MOTHER, f.FATHER)] == [False, True]


def test_it_hides_everything_from_its_entry_until_its_end_and_takes_nobodys_signature_away() -> None:
    ended = word(ended_at=f.MADE)
    assert [ended.holds(Instant(f.MADE + ms)) for ms in (-DAY - 1, -DAY, -1, 0)] == [False, True, True, False]
    shield = ended.shield(f.MATTER)
    assert (shield.persons, shield.hides, shield.provisional) == (frozenset({NEIGHBOUR}), ALL_ASPECTS, True)
    assert (shield.holds_from, shield.holds_to) == (ended.at, f.MADE)


def test_a_mailbox_is_without_all_who_are_kept_out_there_now_and_nobody_else() -> None:
    words = [
        word(),
        word(person=f.person(60)),
        word(person=f.person(62), mailbox=f.BUP),
        word(person=f.person(63), ended_at=f.MADE),
        word(person=f.person(64), mailbox=None),
    ]
    assert without(words, f.GP, f.MADE) == tuple(sorted((f.person(60), NEIGHBOUR)))
    assert without(words, f.SCHOOL, f.MADE) == ()
