"""Who may keep whom out of everything around a child, for how long, and what a mailbox must be without."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.consent.keeping_out import KeptOut, may_be_excluded, may_end, may_exclude, without
from protocol.consent.shielding import hidden_by
from protocol.consent.vocabulary import ALL_ASPECTS, Capacity
from protocol.identifiers import Instant, PersonId
from tests.unit.consent import family as f
from tests.unit.consent.family import DOCTOR, FATHER, GRANDMOTHER, MOTHER, NOW, SIGNED, STRANGER, YOUTH

FAMILY = (MOTHER, FATHER, YOUTH, GRANDMOTHER, STRANGER)


def word(**changes: Any) -> KeptOut:
    said = KeptOut("a" * 64, f.CHILD, DOCTOR, MOTHER, f.BUP, None, SIGNED)
    return replace(said, **changes)


def who_may_exclude(age: int, at: Instant = NOW, **changes: Any) -> set[PersonId]:
    sheet = f.sheet(f.BORN[age], **changes)
    return {each for each in FAMILY if may_exclude(sheet, each, at)}


def test_it_holds_from_its_first_instant_until_its_last_and_without_an_end_for_good() -> None:
    lasting, ended = word(), word(ended_at=NOW)
    assert [lasting.holds(Instant(at)) for at in (SIGNED - 1, SIGNED, NOW, NOW + 10_000 * f.DAY)] == [
        False,
        True,
        True,
        True,
    ]
    assert [ended.holds(Instant(at)) for at in (SIGNED, NOW - 1, NOW, NOW + 1)] == [True, True, False, False]


def test_it_hides_everything_of_every_matter_from_that_person_and_takes_no_signature_away() -> None:
    shield = word(ended_at=NOW).shield(f.MATTER)
    assert (shield.matter, shield.persons, shield.provisional) == (f.MATTER, frozenset({DOCTOR}), True)
    assert (shield.holds_from, shield.holds_to) == (SIGNED, NOW)
    assert hidden_by([shield], DOCTOR, SIGNED) == ALL_ASPECTS
    assert hidden_by([shield], MOTHER, SIGNED) == frozenset()
    assert hidden_by([shield], DOCTOR, NOW) == frozenset()


@pytest.mark.parametrize("age", [8, 13, 15])
def test_below_16_each_guardian_alone_and_the_youth_keep_staff_out(age: int) -> None:
    assert who_may_exclude(age) == {MOTHER, FATHER, YOUTH}


def test_from_16_the_youth_alone_does() -> None:
    assert who_may_exclude(16) == {YOUTH}


def test_a_guardian_whose_part_has_ended_keeps_nobody_out() -> None:
    holders = (f.holder(MOTHER), f.holder(FATHER, until=NOW), f.holder(YOUTH, Capacity.SELF))
    assert who_may_exclude(13, may_sign=holders) == {MOTHER, YOUTH}
    assert who_may_exclude(13, Instant(NOW - 1), may_sign=holders) == {MOTHER, FATHER, YOUTH}


def test_nobody_on_the_sheet_is_kept_out_by_the_family_whoever_employs_them() -> None:
    sheet = f.sheet(f.BORN[13])
    assert [may_be_excluded(sheet, each, NOW) for each in (MOTHER, YOUTH, GRANDMOTHER)] == [False, False, False]
    assert may_be_excluded(sheet, DOCTOR, NOW)
    former = (f.holder(GRANDMOTHER, until=NOW),)
    left = f.sheet(f.BORN[13], may_know=former)
    assert [may_be_excluded(left, GRANDMOTHER, Instant(at)) for at in (NOW - 1, NOW)] == [False, True]


def test_whoever_said_it_ends_it_and_others_only_once_that_one_may_not() -> None:
    sheet, grown = f.sheet(f.BORN[13]), f.sheet(f.BORN[16])
    assert [may_end(word(), sheet, each, NOW) for each in FAMILY] == [True, False, False, False, False]
    assert [may_end(word(by=YOUTH), sheet, each, NOW) for each in FAMILY] == [False, False, True, False, False]
    # At 16 the parents may say nothing any more: what a parent said is the youth's to end.
    assert [may_end(word(), grown, each, NOW) for each in FAMILY] == [False, False, True, False, False]


def test_a_mailbox_must_be_without_those_whom_words_that_hold_name_there_each_once_and_in_order() -> None:
    colleague = max(STRANGER, DOCTOR)
    words = [
        word(person=colleague),
        word(person=min(STRANGER, DOCTOR)),
        word(digest="b" * 64, person=colleague, by=FATHER),
        word(person=MOTHER, mailbox=f.GP),
        word(person=FATHER, ended_at=NOW),
        word(person=GRANDMOTHER, mailbox=None, unit=f.BUP),
    ]
    assert without(words, f.BUP, NOW) == tuple(sorted((STRANGER, DOCTOR)))
    assert without(words, f.GP, NOW) == (MOTHER,)
    assert without(words, f.SCHOOL, NOW) == ()
    assert without(words, f.BUP, Instant(SIGNED - 1)) == ()
