"""What holds for every number, not only for the vectors."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.people import national_number, organisation_number
from protocol.national_id import BadNationalId, NationalId, Numbers, OrganisationNumber

BIRTH_DATES = st.dates(min_value=date(1930, 1, 1), max_value=date(2040, 12, 31))


@given(st.text(alphabet="0123456789", min_size=11, max_size=11))
def test_no_number_is_taken_on_both_sides_of_the_switch(text: str) -> None:
    assert len([numbers for numbers in Numbers if takes(text, numbers)]) <= 1


@given(st.one_of(st.text(), st.binary(), st.integers(), st.none()), st.sampled_from(Numbers))
def test_anything_else_raises_the_one_error(value: object, numbers: Numbers) -> None:
    for parse in (NationalId.parse, OrganisationNumber.parse):
        with pytest.raises(BadNationalId):
            parse(value, numbers)


@given(BIRTH_DATES, st.integers(0, 20))
def test_a_reckoned_number_of_any_birth_date_is_taken(born: date, nth: int) -> None:
    assert takes(national_number(born, nth=nth), Numbers.SYNTHETIC)
    assert NationalId.parse(national_number(born, nth=nth, d_number=True), Numbers.SYNTHETIC).is_d_number


@given(BIRTH_DATES, st.integers(1, 9))
def test_a_wrong_last_digit_is_always_found(born: date, more: int) -> None:
    number = national_number(born)
    changed = number[:10] + str((int(number[10]) + more) % 10)

    assert not takes(changed, Numbers.SYNTHETIC)


@given(BIRTH_DATES, st.integers(0, 9))
def test_two_neighbouring_digits_swapped_are_always_found(born: date, place: int) -> None:
    number = national_number(born)
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]

    # Neighbours differ in weight in the second check digit, which has no allowance for 2032.
    assert swapped == number or not takes(swapped, Numbers.SYNTHETIC)


@given(st.integers(0, 500))
def test_a_reckoned_organisation_number_is_taken(nth: int) -> None:
    number = organisation_number(nth)

    assert OrganisationNumber.parse(number, Numbers.SYNTHETIC).text == number


def takes(text: str, numbers: Numbers) -> bool:
    try:
        NationalId.parse(text, numbers)
    except BadNationalId:
        return False
    return True
