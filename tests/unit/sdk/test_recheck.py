"""What the register changes on a sheet: followed where it is clear, never guessed at where it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from clients.sdk.recheck import Finding, Rechecked, recheck
from clients.sdk.register import Address, Adult, Elsewhere, Entry, FileRegister, LegalCapacity, Responsible, Word
from protocol.consent.age import birthday, midnight
from protocol.consent.case import Holder
from protocol.consent.vocabulary import Capacity, Responsibility
from protocol.identifiers import Instant, PersonId, SubjectId
from protocol.statements.identity import SheetBody

MOTHER, FATHER, AUNT, YOUTH, GUARDIAN = (PersonId(f"per_{digit * 32}") for digit in "12345")
BORN = date(2018, 6, 15)
NOW = midnight(date(2026, 11, 23))
INDEX = "1" * 64


def holder(person: PersonId, capacity: Capacity = Capacity.GUARDIAN, to: Instant | None = None) -> Holder:
    return Holder(person=person, capacity=capacity, holds_from=Instant(0), holds_to=to, known_at=Instant(5))


def sheet(*guardians: PersonId, register: Responsibility = Responsibility.JOINT, born: date = BORN) -> SheetBody:
    may_sign = (*(holder(each) for each in guardians), holder(YOUTH, Capacity.SELF))
    return SheetBody(
        number=4,
        not_after=Instant(NOW + 1),
        subject=SubjectId("sub_" + "3" * 32),
        birth_date=born,
        responsibility=register,
        may_sign=may_sign,
        may_know=(*may_sign, holder(AUNT, Capacity.FAMILY)),
        authorities=(),
        card="2" * 64,
        index=INDEX,
    )


BOTH = sheet(MOTHER, FATHER)


def line(word: Word, who: PersonId | Elsewhere, since: date | None = BORN, until: date | None = None) -> Responsible:
    return Responsible(word, who, since, until)


JOINT = (line(Word.JOINT, MOTHER), line(Word.JOINT, FATHER))


def looked_at(
    before: SheetBody,
    *lines: Responsible,
    adults: tuple[Adult, ...] = (),
    admitted: tuple[PersonId, ...] = (),
    at: Instant = NOW,
    **changed: Any,
) -> Rechecked:
    entry = Entry(before.subject, "15861898056", before.birth_date, None, Address.OPEN, lines)
    register = FileRegister(NOW, {each.person: each for each in adults}, ())
    index = changed.pop("index", INDEX)
    return recheck(replace(entry, **changed), register, before, index, admitted, at)


def adult(person: PersonId, **changed: Any) -> Adult:
    return replace(Adult(person, None, Address.OPEN, LegalCapacity.FULL), **changed)


def findings(rechecked: Rechecked) -> list[Finding]:
    return [each.finding for each in rechecked.found]


def guardians(body: SheetBody | None, at: Instant = NOW) -> set[PersonId]:
    assert body is not None
    signing = {each.person for each in body.may_sign if each.capacity is Capacity.GUARDIAN and each.holds(at)}
    knowing = {each.person for each in body.may_know if each.capacity is Capacity.GUARDIAN and each.holds(at)}
    assert signing == knowing
    return signing


def test_what_the_register_confirms_changes_nothing() -> None:
    same = looked_at(BOTH, *JOINT, adults=(adult(MOTHER), adult(FATHER)))
    assert same == Rechecked(BOTH.subject, (), None)
    assert not same.stopped


@pytest.mark.parametrize("word", [Word.MOTHER, Word.FATHER, Word.CO_MOTHER])
def test_sole_responsibility_ends_the_others_from_now_and_keeps_what_was(word: Word) -> None:
    sole = looked_at(BOTH, line(word, MOTHER))
    assert findings(sole) == [Finding.HOLDER_ENDS, Finding.RESPONSIBILITY]
    assert sole.found[0].person == FATHER
    assert sole.body is not None
    assert sole.body.responsibility is Responsibility.SOLE
    assert guardians(sole.body) == {MOTHER}
    assert guardians(sole.body, Instant(NOW - 1)) == {MOTHER, FATHER}
    assert (sole.body.number, sole.body.card) == (BOTH.number, BOTH.card)


def test_a_new_holder_is_let_in_only_by_name() -> None:
    before = sheet(MOTHER, register=Responsibility.SOLE)
    waiting = looked_at(before, *JOINT)
    assert findings(waiting) == [Finding.NOT_ADMITTED, Finding.RESPONSIBILITY]
    assert waiting.body is not None
    assert waiting.body.responsibility is Responsibility.JOINT
    assert guardians(waiting.body) == {MOTHER}
    let_in = looked_at(before, *JOINT, admitted=(FATHER,))
    assert findings(let_in) == [Finding.HOLDER_BEGINS, Finding.RESPONSIBILITY]
    assert guardians(let_in.body) == {MOTHER, FATHER}
    assert let_in.body is not None
    [father] = [each for each in let_in.body.may_sign if each.person == FATHER]
    assert (father.holds_from, father.holds_to, father.known_at) == (midnight(BORN), None, NOW)


def test_somebody_whom_the_register_does_not_name_is_not_let_in_by_name_either() -> None:
    assert looked_at(BOTH, *JOINT, admitted=(AUNT,)).body is None


def test_a_holder_until_a_day_holds_until_its_midnight() -> None:
    until = date(2026, 12, 1)
    before = sheet(MOTHER, register=Responsibility.SOLE)
    lines = (line(Word.JOINT, MOTHER, None), line(Word.JOINT, FATHER, None, until))
    let_in = looked_at(before, *lines, admitted=(FATHER,)).body
    assert guardians(let_in, Instant(midnight(until) - 1)) == {MOTHER, FATHER}
    assert guardians(let_in, midnight(until)) == {MOTHER}
    assert let_in is not None
    [father] = [each for each in let_in.may_sign if each.person == FATHER]
    assert father.holds_from == NOW
    ended = looked_at(BOTH, line(Word.MOTHER, MOTHER), line(Word.FATHER, FATHER, BORN, date(2026, 11, 23)))
    assert guardians(ended.body) == {MOTHER}


@pytest.mark.parametrize(
    ("word", "expected"), [(Word.UNKNOWN, Responsibility.UNKNOWN), (Word.OTHER, Responsibility.OTHER)]
)
def test_unknown_and_other_are_written_down_and_never_guessed_at(word: Word, expected: Responsibility) -> None:
    unclear = looked_at(BOTH, line(word, Elsewhere.WITHOUT_NUMBER))
    assert findings(unclear) == [Finding.RESPONSIBILITY, Finding.SETTLE_BY_HAND, Finding.WITHOUT_NUMBER]
    assert unclear.body is not None
    assert unclear.body.responsibility is expected
    assert guardians(unclear.body) == {MOTHER, FATHER}


def test_a_register_that_says_nothing_says_unknown() -> None:
    silent = looked_at(BOTH)
    assert silent.body is not None
    assert silent.body.responsibility is Responsibility.UNKNOWN


def test_when_one_of_two_dies_the_survivor_is_sole_and_when_both_do_nobody_is() -> None:
    dead = adult(FATHER, died=date(2026, 11, 20))
    survivor = looked_at(BOTH, *JOINT, adults=(dead,))
    assert findings(survivor) == [Finding.HOLDER_DIED, Finding.RESPONSIBILITY]
    assert survivor.body is not None
    assert survivor.body.responsibility is Responsibility.SOLE
    assert guardians(survivor.body) == {MOTHER}
    nobody = looked_at(BOTH, *JOINT, adults=(dead, adult(MOTHER, died=date(2026, 11, 21))))
    assert nobody.body is not None
    assert nobody.body.responsibility is Responsibility.UNKNOWN
    assert Finding.SETTLE_BY_HAND in findings(nobody)
    assert guardians(nobody.body) == set()


def test_of_three_the_two_who_live_hold_it_together() -> None:
    lines = (*JOINT, line(Word.JOINT, GUARDIAN))
    left = looked_at(sheet(MOTHER, FATHER, GUARDIAN), *lines, adults=(adult(FATHER, died=NOW_DAY),))
    assert left.body is not None
    assert left.body.responsibility is Responsibility.JOINT
    assert guardians(left.body) == {MOTHER, GUARDIAN}


NOW_DAY = date(2026, 11, 23)


def test_a_survivor_who_is_not_enrolled_is_the_sole_one() -> None:
    lines = (line(Word.JOINT, FATHER), line(Word.JOINT, Elsewhere.NOT_ENROLLED))
    before = sheet(FATHER)
    left = looked_at(before, *lines, adults=(adult(FATHER, died=NOW_DAY),))
    assert left.body is not None
    assert left.body.responsibility is Responsibility.SOLE
    assert guardians(left.body) == set()
    assert Finding.NOT_ENROLLED in findings(left)


@pytest.mark.parametrize(
    "lines",
    [
        (line(Word.JOINT, MOTHER),),
        (line(Word.MOTHER, MOTHER), line(Word.FATHER, FATHER)),
        (*JOINT, line(Word.UNKNOWN, Elsewhere.WITHOUT_NUMBER)),
        (line(Word.JOINT, MOTHER), line(Word.JOINT, MOTHER)),
    ],
)
def test_lines_that_contradict_each_other_change_nothing_and_prolong_nothing(lines: tuple[Responsible, ...]) -> None:
    stopped = looked_at(BOTH, *lines)
    assert findings(stopped) == [Finding.CONTRADICTION]
    assert stopped.stopped
    assert stopped.body is None


def test_a_dead_child_and_another_childs_number_stop_everything() -> None:
    died = looked_at(BOTH, *JOINT, died=NOW_DAY)
    assert [(each.finding, each.after) for each in died.found] == [(Finding.CHILD_DIED, "2026-11-23")]
    other = looked_at(BOTH, *JOINT, index="2" * 64)
    assert findings(other) == [Finding.OTHER_CHILD]
    assert died.stopped
    assert other.stopped


def test_a_corrected_birth_date_is_a_new_sheet() -> None:
    corrected = looked_at(BOTH, *JOINT, birth_date=date(2018, 6, 16))
    assert [(each.finding, each.before, each.after) for each in corrected.found] == [
        (Finding.BIRTH_DATE, "2018-06-15", "2018-06-16")
    ]
    assert corrected.body == replace(BOTH, birth_date=date(2018, 6, 16))


def test_at_18_everything_that_rests_on_parental_responsibility_ends_at_the_birthday() -> None:
    grown = sheet(MOTHER, FATHER, born=date(2008, 11, 20))
    come_of_age = looked_at(grown, at=NOW)
    assert findings(come_of_age) == [Finding.OF_AGE]
    begun = birthday(date(2008, 11, 20), 18)
    assert guardians(come_of_age.body, Instant(begun - 1)) == {MOTHER, FATHER}
    assert guardians(come_of_age.body, begun) == set()
    assert come_of_age.body is not None
    assert looked_at(come_of_age.body, at=NOW) == Rechecked(grown.subject, (), None)


def test_protected_addresses_and_limited_capacity_are_told_and_leave_the_lists_alone() -> None:
    adults = (adult(MOTHER, address=Address.STRICTLY_CONFIDENTIAL), adult(FATHER, capacity=LegalCapacity.NONE))
    told = looked_at(BOTH, *JOINT, adults=adults, address=Address.CONFIDENTIAL)
    assert [(each.finding, each.person, each.after) for each in told.found] == [
        (Finding.PROTECTED_CHILD, None, "confidential"),
        (Finding.PROTECTED_HOLDER, MOTHER, "strictly-confidential"),
        (Finding.LIMITED_CAPACITY, FATHER, "none"),
    ]
    assert told.body is None
    assert not told.stopped


def test_an_organisation_cannot_stand_on_the_sheet_and_is_told() -> None:
    told = looked_at(BOTH, line(Word.OTHER, Elsewhere.ORGANISATION))
    assert Finding.ORGANISATION in findings(told)
