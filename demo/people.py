"""The synthetic cast of the demonstration and the tests. Nobody here exists; every number is of the synthetic series.

Birth dates are reckoned from the day the story is played, so that the children always stand at the ages that matter.
Played on 22 November 2026 the cast is the one of DOMAIN part 6, number by number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from protocol.national_id import NationalId, Numbers, OrganisationNumber

_NEW_CENTURY: Final = 2000
_LENGTH: Final = 11
_ORGANISATION_LENGTH: Final = 9
_K1_WEIGHTS: Final = (3, 7, 6, 1, 8, 9, 4, 5, 2)
_K2_WEIGHTS: Final = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_ORGANISATION_WEIGHTS: Final = (3, 2, 7, 6, 5, 4, 3, 2)


@dataclass(frozen=True, slots=True)
class Person:
    """A child or a parent, with the number that the register would hold."""

    given_name: str
    family_name: str
    born: date
    national_id: NationalId
    phone: str

    @property
    def name(self) -> str:
        """The name in full."""
        return f"{self.given_name} {self.family_name}"

    def age(self, today: date) -> int:
        """Whole years; who is born on 29 February has the birthday on the 28th in other years."""
        return today.year - self.born.year - (today < _birthday(self.born, today.year))


@dataclass(frozen=True, slots=True)
class Unit:
    """A mailbox that outlives its staff."""

    name: str
    regime: str
    organisation: OrganisationNumber
    her_id: str
    phone: str


@dataclass(frozen=True, slots=True)
class Professional:
    """Somebody who acts for a unit or an authority. `hpr` is a made-up number, None outside the health service."""

    given_name: str
    family_name: str
    title: str
    unit: str
    phone: str
    hpr: str | None = None

    @property
    def name(self) -> str:
        """The name in full."""
        return f"{self.given_name} {self.family_name}"


@dataclass(frozen=True, slots=True)
class Children:
    """The children of DOMAIN part 6, each at an age where another rule begins."""

    eight: Person
    soon_twelve: Person
    thirteen: Person
    soon_sixteen: Person
    sixteen: Person
    soon_eighteen: Person
    leap_day: Person


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody in the story, on the day `today`."""

    today: date
    children: Children
    mother: Person
    father: Person
    parent_with_d_number: Person
    gp_practice: Unit
    ppt_office: Unit
    bup_clinic: Unit
    borough_intake: Unit
    gp: Professional
    gp_secretary: Professional
    ppt_adviser: Professional
    bup_clinician: Professional
    bup_former_employee: Professional
    borough_coordinator: Professional
    stranger: Professional
    registrar: Professional
    gp_custodian: Professional
    ppt_custodian: Professional
    bup_custodian: Professional
    borough_custodian: Professional
    supervisor: Professional

    @property
    def child(self) -> Person:
        """The child that the story is about."""
        return self.children.eight

    @property
    def units(self) -> tuple[Unit, ...]:
        """Every unit, in the order in which the referral meets them."""
        return (self.ppt_office, self.gp_practice, self.bup_clinic, self.borough_intake)


def cast(today: date) -> Cast:
    """Assemble the cast for the day of the story, in Oslo."""
    gp_practice = _unit(0, "Fastlegene ved Parken (SYNTETISK)", "health")
    ppt_office = _unit(1, "PPT Elvebyen (SYNTETISK)", "education")
    bup_clinic = _unit(2, "BUP Fjordgløtt poliklinikk (SYNTETISK)", "health")
    borough = _unit(3, "Bydel Lysåsen, inntaksteam barn og unge (SYNTETISK)", "health")
    register = "Folkeregisterkontoret i Elvebyen (SYNTETISK)"
    return Cast(
        today=today,
        children=_children(today),
        mother=_person(20, "Solveig", "Diktestad", _before(today, 41, 216)),
        father=_person(21, "Håkon", "Diktestad", _before(today, 43, 20)),
        parent_with_d_number=_person(22, "Amal", "Fabeleng", _before(today, 36, 144), d_number=True),
        gp_practice=gp_practice,
        ppt_office=ppt_office,
        bup_clinic=bup_clinic,
        borough_intake=borough,
        gp=Professional("Ragnhild", "Prøvedal", "fastlege", gp_practice.name, _phone(40), "TEST-9900101"),
        gp_secretary=Professional("Odd", "Papirvik", "helsesekretær", gp_practice.name, _phone(41), "TEST-9900102"),
        ppt_adviser=Professional("Liv", "Tankerud", "pedagogisk-psykologisk rådgiver", ppt_office.name, _phone(42)),
        bup_clinician=Professional(
            "Jonas", "Eventyrø", "psykologspesialist", bup_clinic.name, _phone(43), "TEST-9900103"
        ),
        bup_former_employee=Professional(
            "Terje", "Gårsdal", "vernepleier, sluttet", bup_clinic.name, _phone(44), "TEST-9900104"
        ),
        borough_coordinator=Professional(
            "Åse", "Sagnmoen", "koordinator i inntaksteamet", borough.name, _phone(45), "TEST-9900105"
        ),
        stranger=Professional("Egil", "Utenforli", "uten tilknytning til saken", "ingen", _phone(46)),
        registrar=Professional("Marit", "Protokoll", "registerfører", register, _phone(47)),
        gp_custodian=Professional("Bente", "Nøkkelby", "praksisleder", gp_practice.name, _phone(48)),
        ppt_custodian=Professional("Per", "Nøkkelås", "leder for PPT", ppt_office.name, _phone(49)),
        bup_custodian=Professional("Ingrid", "Nøkkelvik", "seksjonsleder", bup_clinic.name, _phone(50)),
        borough_custodian=Professional("Sindre", "Nøkkeltun", "enhetsleder", borough.name, _phone(51)),
        supervisor=Professional("Kari", "Tilsynsen", "seniorrådgiver", "Tilsynet (SYNTETISK)", _phone(52)),
    )


def national_number(born: date, *, nth: int = 0, d_number: bool = False) -> str:
    """Reckon a synthetic number (month + 80) for a birth date; `nth` gives further ones for the same day.

    Individual digits count down from 980, before 2000 from 480, and the first check digit follows the rule of today.

    Raises:
        ValueError: no such number is left on that day.
    """
    for number in _numbers_of(born, d_number=d_number):
        if nth == 0:
            return number
        nth -= 1
    raise ValueError("no more synthetic numbers on that day")


def organisation_number(nth: int) -> str:
    """Reckon the `nth` synthetic organisation number, from 310000108 on.

    Raises:
        ValueError: no number of the series is left.
    """
    for body in range(31_000_010, 32_000_000, 10):
        number = f"{body}{_check_digit(str(body), _ORGANISATION_WEIGHTS)}"
        if len(number) != _ORGANISATION_LENGTH:
            continue
        if nth == 0:
            return number
        nth -= 1
    raise ValueError("no more synthetic organisation numbers")


def _children(today: date) -> Children:
    leap_year = (today.year - 12) // 4 * 4  # the latest 29 February of somebody who is 12 or more
    leap_day = date(leap_year, 2, 29) if _before(today, 12, 0) >= date(leap_year, 2, 29) else date(leap_year - 4, 2, 29)
    return Children(
        eight=_person(1, "Nora", "Diktestad", _before(today, 8, 160)),
        soon_twelve=_person(2, "Eivind", "Sagabakken", _ahead(today, 9, 12)),
        thirteen=_person(3, "Frida", "Rimestad", _before(today, 13, 258)),
        soon_sixteen=_person(4, "Mathias", "Skaldheim", _ahead(today, 49, 16)),
        sixteen=_person(5, "Amina", "Fabeleng", _before(today, 16, 189)),
        soon_eighteen=_person(6, "Jakob", "Versland", _ahead(today, 32, 18)),
        leap_day=_person(7, "Tuva", "Skuddvik", leap_day),
    )


def _person(nth: int, given_name: str, family_name: str, born: date, *, d_number: bool = False) -> Person:
    number = NationalId.parse(national_number(born, d_number=d_number), Numbers.SYNTHETIC)
    return Person(given_name, family_name, born, number, _phone(nth))


def _unit(nth: int, name: str, regime: str) -> Unit:
    number = OrganisationNumber.parse(organisation_number(nth), Numbers.SYNTHETIC)
    return Unit(name, regime, number, f"TEST-{990_000 + nth}", _phone(60 + nth))


def _phone(nth: int) -> str:
    # No Norwegian number begins with 0 00: nobody's telephone rings.
    return f"+47 000 00 {nth:03}"


def _before(today: date, years: int, days: int) -> date:
    """Give the birth date of somebody who turned `years` a number of days ago."""
    day = today - timedelta(days=days)
    return _birthday(day, day.year - years)


def _ahead(today: date, days: int, years: int) -> date:
    """Give the birth date of somebody who turns `years` in a number of days."""
    return _before(today, years, -days)


def _birthday(born: date, year: int) -> date:
    if (born.month, born.day) == (2, 29) and not (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)):
        return date(year, 2, 28)
    return born.replace(year=year)


def _numbers_of(born: date, *, d_number: bool) -> Iterator[str]:
    day = born.day + (40 if d_number else 0)
    start = f"{day:02}{born.month + 80:02}{born.year % 100:02}"
    for individual in range(980 if born.year >= _NEW_CENTURY else 480, -1, -1):
        number = f"{start}{individual:03}"
        for weights in (_K1_WEIGHTS, _K2_WEIGHTS):
            number += _check_digit(number, weights)
        if len(number) == _LENGTH:
            yield number


def _check_digit(digits: str, weights: tuple[int, ...]) -> str:
    """Reckon the digit that leaves no remainder; with 10, which is no digit, the number grows too long to be issued."""
    return str(-sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False)) % 11)
