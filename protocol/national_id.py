"""National identity numbers and organisation numbers, checked as written text (DOMAIN part 6).

A number says who somebody is in the national register and nothing else: birth date and sex come from the registrar's
signed sheet. From 2032 the number no longer carries them, and children keep the number they have.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Self


class Numbers(Enum):
    """The one switch: which series of numbers this installation takes."""

    SYNTHETIC = "synthetic"
    """Test and demonstration: month + 80 only, organisation numbers of the 2- and 3-series only."""

    REAL = "real"
    """Production: neither of those."""


class BadNationalId(ValueError):
    """The text is no number that this installation takes.

    The message never repeats the text: it may be a real person's number, and messages end in logs.

    Attributes:
        code: `not-a-number`, `wrong-length`, `no-such-day`, `h-number`, `fh-number`, `real-number`,
            `synthetic-number`, `check-digit`, `wrong-series`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code: Final = code


_ELEVEN: Final = 11
_NINE: Final = 9
_DIGITS: Final = re.compile(r"[0-9]+")  # not \d: that takes digits of every script

_K1_WEIGHTS: Final = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
_K2_WEIGHTS: Final = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_ORGANISATION_WEIGHTS: Final = (3, 2, 7, 6, 5, 4, 3, 2, 1)

_K1_REMAINDERS: Final = frozenset({0, 1, 2, 3})
"""Numbers issued from 1 January 2032, also to people born before, may leave 1, 2 or 3; taken from day one."""

_D_NUMBER: Final = 40
_H_NUMBER: Final = 40
_SYNTHETIC: Final = 80
_MONTHS: Final = range(1, 13)
_DAYS_IN_MONTH: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class NationalId:
    """A birth number or D-number that passed `parse`. Its `repr` does not show it."""

    text: str = field(repr=False)

    @property
    def is_d_number(self) -> bool:
        """Whether it was given to somebody without a Norwegian birth number."""
        return self.text[0] in "4567"

    @classmethod
    def parse(cls, text: object, numbers: Numbers) -> Self:
        """Take eleven digits with a possible day and right check digits.

        Raises:
            BadNationalId: anything else, and every number of the series that `numbers` does not take.
        """
        digits = _digits(text, _ELEVEN)
        if digits[0] in "89":
            raise BadNationalId("fh-number", "this is an auxiliary (FH) number, which names no person for good")
        _check_series_and_day(digits, numbers)
        if _remainder(digits[:10], _K1_WEIGHTS) not in _K1_REMAINDERS or _remainder(digits, _K2_WEIGHTS) != 0:
            raise BadNationalId("check-digit", "the check digits do not fit: one or more digits are wrong")
        return cls(digits)


@dataclass(frozen=True, slots=True)
class OrganisationNumber:
    """A number of the register of legal entities that passed `parse`."""

    text: str

    @classmethod
    def parse(cls, text: object, numbers: Numbers) -> Self:
        """Take nine digits of the right series with a right check digit.

        Raises:
            BadNationalId: anything else.
        """
        digits = _digits(text, _NINE)
        series = "23" if numbers is Numbers.SYNTHETIC else "89"
        if digits[0] not in series:
            raise BadNationalId("wrong-series", f"here an organisation number begins with {series[0]} or {series[1]}")
        # The control digit 10 does not exist, and no single digit leaves remainder 0 in its place.
        if _remainder(digits, _ORGANISATION_WEIGHTS) != 0:
            raise BadNationalId("check-digit", "the check digit does not fit: one or more digits are wrong")
        return cls(digits)


def _digits(text: object, length: int) -> str:
    if not isinstance(text, str) or not _DIGITS.fullmatch(text):
        raise BadNationalId("not-a-number", "write the number with digits only, without spaces")
    if len(text) != length:
        raise BadNationalId("wrong-length", f"the number has {length} digits, also when the first one is 0")
    return text


def _check_series_and_day(digits: str, numbers: Numbers) -> None:
    day, month, year = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    if digits[0] in "4567":
        day -= _D_NUMBER
    if month - _H_NUMBER in _MONTHS:
        # NAV's test numbers have the same shape as H-numbers: both stay out, so that they are never mixed up.
        raise BadNationalId("h-number", "this is an auxiliary (H) number, which names no person for good")
    if month - _SYNTHETIC in _MONTHS:
        if numbers is Numbers.REAL:
            raise BadNationalId("synthetic-number", "this is a test number, which names nobody")
        month -= _SYNTHETIC
    elif numbers is Numbers.SYNTHETIC and month in _MONTHS:
        raise BadNationalId("real-number", "this may be a real person's number; here only test numbers are taken")
    if month not in _MONTHS or not 1 <= day <= _days_in(month, year):
        raise BadNationalId("no-such-day", "the first six digits are no day of the calendar")


def _days_in(month: int, year_in_century: int) -> int:
    # The century is not read from the number, so 29 February 00 counts: 2000 had one.
    if month == 2 and year_in_century % 4 != 0:  # noqa: PLR2004  (February)
        return 28
    return _DAYS_IN_MONTH[month - 1]


def _remainder(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11
