"""Ages, birthdays and calendar months by the Oslo wall clock."""

from __future__ import annotations

from datetime import date

import pytest

from protocol.consent.age import Band, age, band, birthday, midnight, months_after, wall_clock
from protocol.identifiers import LARGEST_INTEGER, Instant
from tests.unit.consent.family import DAY, oslo, utc

HOUR = DAY // 24


@pytest.mark.parametrize(
    ("years", "before", "after"),
    [
        (7, Band.UNDER_7, Band.FROM_7),
        (12, Band.FROM_7, Band.FROM_12),
        (13, Band.FROM_12, Band.FROM_12),
        (15, Band.FROM_12, Band.AT_15),
        (16, Band.AT_15, Band.FROM_16),
        (17, Band.FROM_16, Band.FROM_16),
        (18, Band.FROM_16, Band.ADULT),
    ],
)
@pytest.mark.parametrize("born", [date(2013, 1, 1), date(2013, 7, 15), date(2012, 2, 29), date(2013, 12, 31)])
def test_a_band_begins_at_midnight_in_oslo(born: date, years: int, before: Band, after: Band) -> None:
    turns = birthday(born, years)
    assert wall_clock(turns).hour == wall_clock(turns).minute == 0
    assert (age(born, Instant(turns - 1)), age(born, turns)) == (years - 1, years)
    assert [band(born, Instant(turns + by)) for by in (-DAY, -1, 0, DAY)] == [before, before, after, after]


def test_midnight_in_oslo_is_not_midnight_utc() -> None:
    assert birthday(date(2010, 7, 1), 16) == utc(2026, 6, 30, 22)
    assert birthday(date(2010, 12, 1), 16) == utc(2026, 11, 30, 23)


def test_who_was_born_on_29_february_has_the_birthday_on_28_february_in_years_without_one() -> None:
    born = date(2012, 2, 29)
    assert birthday(born, 15) == oslo(2027, 2, 28)
    assert birthday(born, 16) == oslo(2028, 2, 29)
    assert birthday(born, 18) == oslo(2030, 2, 28)
    assert band(born, Instant(oslo(2028, 2, 29) - 1)) is Band.AT_15


@pytest.mark.parametrize(("born", "length"), [(date(2010, 3, 29), 23), (date(2010, 10, 25), 25)])
def test_a_birthday_on_a_clock_change_is_as_long_as_that_day(born: date, length: int) -> None:
    # 29 March and 25 October 2026 are the nights the clocks change.
    turns = birthday(born, 16)
    assert midnight(date(2026, born.month, born.day + 1)) - turns == length * HOUR
    assert band(born, Instant(turns - 1)) is Band.AT_15
    assert band(born, Instant(turns + 3 * HOUR)) is Band.FROM_16


def test_nobody_has_an_age_before_birth() -> None:
    assert age(date(2026, 5, 1), oslo(2026, 4, 30)) == 0
    assert age(date(2026, 5, 1), oslo(2020, 1, 1)) == 0
    assert band(date(2026, 5, 1), oslo(2020, 1, 1)) is Band.UNDER_7


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (oslo(2026, 8, 31, 12), 6, oslo(2027, 2, 28, 12)),
        (oslo(2027, 8, 31, 12), 6, oslo(2028, 2, 29, 12)),
        (oslo(2026, 12, 1), 1, oslo(2027, 1, 1)),
        (oslo(2026, 9, 1, 10), 6, oslo(2027, 3, 1, 10)),
        (oslo(2026, 9, 29, 2, 30), 6, oslo(2027, 3, 29, 2, 30)),
        (oslo(2026, 1, 25, 2, 30), 9, oslo(2026, 10, 25, 2, 30)),
    ],
)
def test_months_are_counted_on_the_wall_clock(start: Instant, months: int, end: Instant) -> None:
    assert months_after(start, months) == end


def test_far_times_have_answers_too() -> None:
    far = Instant(LARGEST_INTEGER)
    assert birthday(date(9999, 12, 31), 18) == LARGEST_INTEGER
    assert band(date(9999, 12, 31), far) is Band.ADULT
    assert band(date(1, 1, 1), Instant(0)) is Band.ADULT
    assert age(date(2000, 1, 1), far) == 7000
    assert months_after(far, 6) == far
    assert wall_clock(far).year == 9000
