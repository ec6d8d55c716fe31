"""The vectors of DOMAIN part 6, the switch, and what each refusal is called."""

from __future__ import annotations

import pytest

from protocol.national_id import BadNationalId, NationalId, Numbers, OrganisationNumber

TAX_AUTHORITY_EXAMPLES = ("02013299997", "02013299903", "02013299806", "30108299920", "30108299939")

CAST = (
    "15861898056",
    "01921498043",
    "09831398067",
    "10811198094",
    "17851098097",
    "24920898048",
    "29821297980",
    "20848548082",
    "02918348045",
    "41879048077",
)

FIRST_CHILD_FROM_2032 = ("15861898064", "15861898072", "15861898080")


@pytest.mark.parametrize("number", CAST + FIRST_CHILD_FROM_2032)
def test_a_synthetic_number_is_taken_in_test_and_refused_in_production(number: str) -> None:
    assert NationalId.parse(number, Numbers.SYNTHETIC).text == number
    assert code_of(number, Numbers.REAL) == "synthetic-number"


@pytest.mark.parametrize("number", TAX_AUTHORITY_EXAMPLES)
def test_the_tax_authoritys_examples_are_taken_in_production_and_refused_in_test(number: str) -> None:
    assert NationalId.parse(number, Numbers.REAL).text == number
    assert code_of(number, Numbers.SYNTHETIC) == "real-number"


@pytest.mark.parametrize("number", CAST)
def test_another_last_digit_is_refused(number: str) -> None:
    others = {number[:10] + str(digit) for digit in range(10)} - {number}

    assert {code_of(other) for other in others} == {"check-digit"}


def test_a_remainder_of_four_or_more_in_the_first_check_digit_is_refused() -> None:
    taken = {k1 for k1 in range(10) for k2 in range(10) if code_of(f"158618980{k1}{k2}") == "taken"}

    assert taken == {5, 6, 7, 8}  # remainders 0, 1, 2 and 3


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("15931898056", "no-such-day"),  # month 13 + 80
        ("15801898056", "no-such-day"),  # month 0 + 80
        ("15001898056", "no-such-day"),
        ("32861898056", "no-such-day"),
        ("00861898056", "no-such-day"),
        ("40861898056", "no-such-day"),  # a D-number of day 0
        ("30821897980", "no-such-day"),  # 30 February
        ("29821397980", "no-such-day"),  # 29 February 13
        ("31841898056", "no-such-day"),  # 31 April
        ("1586189805", "wrong-length"),
        ("158618980560", "wrong-length"),
        ("1921498043", "wrong-length"),  # the leading zero lost
        ("", "not-a-number"),
        ("1586189805A", "not-a-number"),
        ("158618 98056", "not-a-number"),
        ("15861898056\n", "not-a-number"),
        ("١٥٨٦١٨٩٨٠٥٦", "not-a-number"),  # digits, but of another script
        (15861898056, "not-a-number"),
        (None, "not-a-number"),
        ("15461898056", "h-number"),
        ("15521898056", "h-number"),
        ("85861898056", "fh-number"),
        ("95861898056", "fh-number"),
    ],
)
def test_what_is_no_number_is_refused_with_its_code(text: object, code: str) -> None:
    assert code_of(text) == code


def test_the_29th_of_february_2000_is_a_day() -> None:
    assert code_of("29820098056") == "check-digit"  # past the calendar


@pytest.mark.parametrize("numbers", Numbers)
def test_h_numbers_are_refused_in_test_and_in_production(numbers: Numbers) -> None:
    assert code_of("15461898056", numbers) == "h-number"


def test_a_d_number_is_known_by_its_day() -> None:
    assert NationalId.parse("41879048077", Numbers.SYNTHETIC).is_d_number
    assert not NationalId.parse("15861898056", Numbers.SYNTHETIC).is_d_number


def test_a_number_is_shown_neither_by_its_repr_nor_by_its_refusal() -> None:
    assert "15861898056" not in repr(NationalId.parse("15861898056", Numbers.SYNTHETIC))
    with pytest.raises(BadNationalId) as refused:
        NationalId.parse("15861898057", Numbers.SYNTHETIC)
    assert "15861898057" not in str(refused.value)


@pytest.mark.parametrize("number", ["310000108", "310000205", "310000302"])
def test_a_synthetic_organisation_number_is_taken_in_test_and_refused_in_production(number: str) -> None:
    assert OrganisationNumber.parse(number, Numbers.SYNTHETIC).text == number
    assert organisation_code_of(number, Numbers.REAL) == "wrong-series"


def test_the_register_centres_own_number_is_taken_in_production_only() -> None:
    assert OrganisationNumber.parse("974760673", Numbers.REAL).text == "974760673"
    assert organisation_code_of("974760673", Numbers.SYNTHETIC) == "wrong-series"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("310000109", "check-digit"),
        ("310000010", "check-digit"),  # the control digit would be 10
        ("31000010", "wrong-length"),
        ("3100001080", "wrong-length"),
        ("31000010X", "not-a-number"),
        (310000108, "not-a-number"),
    ],
)
def test_what_is_no_organisation_number_is_refused_with_its_code(text: object, code: str) -> None:
    assert organisation_code_of(text, Numbers.SYNTHETIC) == code


def code_of(text: object, numbers: Numbers = Numbers.SYNTHETIC) -> str:
    try:
        NationalId.parse(text, numbers)
    except BadNationalId as refused:
        return refused.code
    return "taken"


def organisation_code_of(text: object, numbers: Numbers) -> str:
    with pytest.raises(BadNationalId) as refused:
        OrganisationNumber.parse(text, numbers)
    return refused.value.code
