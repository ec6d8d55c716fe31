"""The cast stands at its ages on any day, and is DOMAIN's own on the day DOMAIN was written for."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, timedelta

import pytest

from demo.people import Person, Professional, cast, national_number, organisation_number
from protocol.national_id import Numbers, OrganisationNumber

DAY_OF_THE_DOMAIN_PAGE = date(2026, 11, 22)

DAYS = [
    DAY_OF_THE_DOMAIN_PAGE,
    date(2026, 12, 31),
    date(2027, 1, 1),
    date(2027, 2, 28),
    date(2027, 3, 1),
    date(2028, 2, 29),
    date(2031, 8, 8),
]


def test_on_its_own_day_the_cast_has_the_birth_dates_and_numbers_of_the_domain_page() -> None:
    people = cast(DAY_OF_THE_DOMAIN_PAGE)
    children = people.children

    assert [(str(person.born), person.national_id.text) for person in (
        children.eight, children.soon_twelve, children.thirteen, children.soon_sixteen, children.sixteen,
        children.soon_eighteen, children.leap_day, people.mother, people.father, people.parent_with_d_number,
    )] == [
        ("2018-06-15", "15861898056"),
        ("2014-12-01", "01921498043"),
        ("2013-03-09", "09831398067"),
        ("2011-01-10", "10811198094"),
        ("2010-05-17", "17851098097"),
        ("2008-12-24", "24920898048"),
        ("2012-02-29", "29821297980"),
        ("1985-04-20", "20848548082"),
        ("1983-11-02", "02918348045"),
        ("1990-07-01", "41879048077"),
    ]  # fmt: skip


@pytest.mark.parametrize("today", DAYS)
def test_on_any_day_the_children_stand_at_the_ages_that_matter(today: date) -> None:
    children = cast(today).children

    assert [children.eight.age(today), children.thirteen.age(today), children.sixteen.age(today)] == [8, 13, 16]
    assert [children.soon_twelve.age(today), children.soon_twelve.age(today + timedelta(days=9))] == [11, 12]
    assert [children.soon_sixteen.age(today), children.soon_sixteen.age(today + timedelta(days=49))] == [15, 16]
    assert [children.soon_eighteen.age(today), children.soon_eighteen.age(today + timedelta(days=32))] == [17, 18]
    assert (children.leap_day.born.month, children.leap_day.born.day) == (2, 29)
    assert 12 <= children.leap_day.age(today) <= 16


def test_a_leap_day_child_is_a_year_older_on_28_february() -> None:
    child = cast(DAY_OF_THE_DOMAIN_PAGE).children.leap_day

    assert [child.age(date(2027, 2, 27)), child.age(date(2027, 2, 28))] == [14, 15]


def test_no_two_people_share_a_name_a_number_or_a_telephone() -> None:
    people = cast(DAY_OF_THE_DOMAIN_PAGE)
    everybody = [getattr(holder, entry.name) for holder in (people, people.children) for entry in fields(holder)]
    persons = [one for one in everybody if isinstance(one, Person)]
    named = [one for one in everybody if isinstance(one, Person | Professional)]

    assert len({one.national_id.text for one in persons}) == len(persons) == 10
    assert len({one.name for one in named}) == len(named)
    assert len({one.phone for one in named} | {unit.phone for unit in people.units}) == len(named) + 4


def test_every_unit_is_marked_and_has_a_synthetic_number_of_its_own() -> None:
    units = cast(DAY_OF_THE_DOMAIN_PAGE).units

    assert all("SYNTETISK" in unit.name for unit in units)
    assert len({unit.organisation for unit in units}) == len(units) == 4


def test_the_first_organisation_numbers_are_those_of_the_domain_page() -> None:
    assert [organisation_number(nth) for nth in range(3)] == ["310000108", "310000205", "310000302"]
    assert OrganisationNumber.parse(organisation_number(500), Numbers.SYNTHETIC)


def test_further_numbers_of_a_day_differ_and_run_out_in_the_end() -> None:
    born = date(2018, 6, 15)

    assert len({national_number(born, nth=nth) for nth in range(50)}) == 50
    with pytest.raises(ValueError, match="no more"):
        national_number(born, nth=1000)
