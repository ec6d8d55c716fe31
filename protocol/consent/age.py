"""Ages, birthdays and calendar months, all by the clock on the wall in Oslo (DOMAIN part 1).

A birthday begins at midnight Europe/Oslo. Who was born on 29 February has the birthday on 28 February in years without
one: the earlier and more protective day (DOMAIN E26). Needs a time zone database: the system's or the `tzdata` package.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from protocol.identifiers import LARGEST_INTEGER, Instant

OSLO = ZoneInfo("Europe/Oslo")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LAST_YEAR = 9_000
"""Later years are out of the calendar's reach, with room to add a life to them."""
_LAST = Instant((datetime(_LAST_YEAR, 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND)


class Band(StrEnum):
    """The age bands that the rules tell apart, in completed years."""

    UNDER_7 = "0-6"
    FROM_7 = "7-11"
    FROM_12 = "12-14"
    AT_15 = "15"
    FROM_16 = "16-17"
    ADULT = "18+"

    @property
    def first(self) -> int:
        """The first age of the band, in years."""
        return _FIRST_AGES[self]


_FIRST_AGES = {
    Band.UNDER_7: 0,
    Band.FROM_7: 7,
    Band.FROM_12: 12,
    Band.AT_15: 15,
    Band.FROM_16: 16,
    Band.ADULT: 18,
}
BANDS = tuple(Band)


@lru_cache(maxsize=65_536)
def birthday(birth_date: date, years: int) -> Instant:
    """Return the instant at which somebody turns `years`: midnight in Oslo."""
    year = birth_date.year + years
    if year > _LAST_YEAR:
        return Instant(LARGEST_INTEGER)
    day = min(birth_date.day, monthrange(year, birth_date.month)[1])
    return instant_of(datetime(year, birth_date.month, day, tzinfo=OSLO))


@lru_cache(maxsize=65_536)
def thresholds(birth_date: date) -> tuple[Instant, ...]:
    """Return the instants at which one band ends and the next begins, in order."""
    return tuple(birthday(birth_date, each.first) for each in BANDS[1:])


def band(birth_date: date, at: Instant) -> Band:
    """Return the age band at an instant; before birth counts as the first band."""
    return BANDS[bisect_right(thresholds(birth_date), at)]


def age(birth_date: date, at: Instant) -> int:
    """Return completed years at an instant, 0 before birth; at most about 7,000 years are told apart."""
    if at >= _LAST:
        return _LAST_YEAR - birth_date.year
    local = _local(at)
    years = local.year - birth_date.year
    return max(0, years if at >= birthday(birth_date, years) else years - 1)


@lru_cache(maxsize=65_536)
def months_after(start: Instant, months: int) -> Instant:
    """Add calendar months on the Oslo wall clock; a day the month lacks becomes its last day.

    A start outside the calendar gets no months at all, so that whatever is capped by it is refused.
    """
    if start >= _LAST:
        return start
    local = _local(start)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    return instant_of(local.replace(year=year, month=month + 1, day=day))


def wall_clock(at: Instant) -> datetime:
    """Return the Oslo wall clock at an instant; instants after the year 9000 are shown as its first."""
    return _local(min(at, _LAST))


def midnight(day: date) -> Instant:
    """Return the instant at which a day begins in Oslo."""
    return instant_of(datetime(day.year, day.month, day.day, tzinfo=OSLO))


def _local(at: Instant) -> datetime:
    return (_EPOCH + timedelta(milliseconds=at)).astimezone(OSLO)


def instant_of(moment: datetime) -> Instant:
    """Return the instant of a moment that knows its time zone."""
    return Instant((moment - _EPOCH) // _MILLISECOND)
