"""The oracle stands on its own feet, and says what the table says where anybody can check by eye."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from tests.oracle.rules import DAY, OSLO, Agreement, Family, Parent, may_ask, may_open, may_share, may_withdraw, years


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=OSLO).timestamp()) * 1000


NOW = at(2026, 11, 22, 12)
PARENTS = [Parent("mother", 0), Parent("father", 0)]


def family(age: int, **changed: object) -> Family:
    return replace(Family(date(2026 - age, 5, 4), PARENTS), **changed)  # type: ignore[arg-type]


def agreement(purpose: str = "information", *signed: str, outside: bool = False) -> Agreement:
    return Agreement(
        purpose,
        sender_outside_health=False,
        receiver_outside_health=outside,
        asked=NOW - 20 * DAY,
        share_until=NOW + 20 * DAY,
        read_until=NOW + 40 * DAY,
        signed=[(who, NOW - 10 * DAY) for who in signed],
    )


HEARD = [(NOW - 5 * DAY, "for")]


def test_the_oracle_imports_nothing_of_the_program() -> None:
    tree = ast.parse((Path(__file__).parent / "rules.py").read_text(encoding="utf-8"))
    names = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names == {"__future__", "dataclasses", "datetime", "zoneinfo"}


@pytest.mark.parametrize(
    ("age", "purpose", "signed", "outside", "expected"),
    [
        (3, "information", ("mother", "father"), False, True),
        (3, "information", ("mother",), False, False),
        (13, "information", ("mother", "father"), True, True),
        (15, "information", ("mother", "father"), True, False),
        (15, "information", ("mother", "father", "youth"), True, True),
        (15, "information", ("mother", "father"), False, True),
        (15, "referral", ("mother", "father"), True, True),
        (16, "information", ("mother", "father"), False, False),
        (16, "information", ("youth",), True, True),
        (18, "referral", ("youth",), False, True),
    ],
)
def test_the_table_is_read_right(
    age: int, purpose: str, signed: tuple[str, ...], outside: bool, expected: bool
) -> None:
    assert may_share(family(age), agreement(purpose, *signed, outside=outside), HEARD, NOW) is expected


def test_one_parent_and_seven_days_of_notice_are_enough_for_a_discharge_summary() -> None:
    summary = agreement("discharge", "mother")
    assert not may_share(family(8), summary, HEARD, NOW)
    summary.told.append(("father", NOW - 7 * DAY))
    assert may_share(family(8), summary, HEARD, NOW)
    assert not may_share(family(8), summary, HEARD, NOW - 1)
    assert may_withdraw(family(13), summary, "youth", NOW)
    assert not may_withdraw(family(8), summary, "youth", NOW)


def test_a_child_of_seven_is_heard_and_a_no_from_twelve_stops() -> None:
    both = agreement("information", "mother", "father")
    assert not may_share(family(8), both, [], NOW)
    assert may_share(family(8), both, [(NOW - 1, "against")], NOW)
    assert not may_share(family(13), both, [(NOW - 1, "against")], NOW)
    assert may_share(family(13), both, [(NOW - 2, "against"), (NOW - 1, "for")], NOW)


def test_what_was_sent_in_time_is_read_until_it_ends_or_somebody_says_no() -> None:
    both = agreement("information", "mother", "father")
    sent = NOW
    assert may_open(family(8), both, HEARD, sent, NOW + 39 * DAY)
    assert not may_open(family(8), both, HEARD, sent, NOW + 40 * DAY)
    both.noes.append(("mother", NOW + DAY))
    assert not may_open(family(8), both, HEARD, sent, NOW + DAY)


def test_an_own_sending_is_the_senders_alone() -> None:
    mine = replace(agreement("own-sending", "mother"), own_sender="mother")
    assert may_share(family(8), mine, [], NOW)
    assert not may_share(family(16), mine, [], NOW)
    assert may_withdraw(family(16), mine, "mother", NOW)


def test_a_register_that_does_not_fit_its_list_stops_everything_below_16() -> None:
    both = agreement("information", "mother", "father")
    unclear, grown = family(8, register="sole"), family(16, register="sole")
    assert not may_share(unclear, both, HEARD, NOW)
    assert not may_ask(unclear, both, NOW)
    assert may_ask(grown, both, NOW)
    assert not may_ask(family(8, parents=[]), both, NOW)


def test_birthdays_begin_at_midnight_in_oslo() -> None:
    born = date(2014, 11, 23)
    assert years(born, at(2026, 11, 23) - 1) == 11
    assert years(born, at(2026, 11, 23)) == 12
    assert years(date(2012, 2, 29), at(2026, 2, 28)) == 14
    assert years(date(2012, 2, 29), at(2026, 2, 28) - 1) == 13
