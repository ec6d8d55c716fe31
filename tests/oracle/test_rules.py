"""The oracle stands on its own feet, and says what the table says where anybody can check by eye."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from tests.oracle.facts import Agreement, Family, Ground, Hearing, Less, Matter, Parent, Signed
from tests.oracle.rules import (
    DAY,
    OSLO,
    may_ask,
    may_know_of,
    may_open,
    may_refuse,
    may_share,
    may_withdraw,
    must_sign,
    years,
)
from tests.oracle.shields import EVERYTHING, WEEK, Said, decided, hidden, left_out


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=OSLO).timestamp()) * 1000


NOW = at(2026, 11, 22, 12)
PARENTS = [Parent("mother", 0), Parent("father", 0)]


def family(age: int, **changed: object) -> Family:
    return replace(Family(date(2026 - age, 5, 4), PARENTS), **changed)  # type: ignore[arg-type]


HEARD = Hearing(NOW - 5 * DAY, "for", "gp")


def agreement(purpose: str = "information", *signed: str, outside: bool = False, heard: bool = True) -> Agreement:
    return Agreement(
        purpose,
        sender="gp",
        receiver="school" if outside else "bup",
        outside_health=frozenset({"school"}),
        asked=NOW - 20 * DAY,
        share_until=NOW + 20 * DAY,
        read_until=NOW + 40 * DAY,
        matter=Matter(hearings=[HEARD] if heard else []),
        signed=[Signed(who, NOW - 10 * DAY) for who in signed],
    )


def in_force(age: int = 8) -> tuple[Family, Agreement]:
    return family(age), agreement("information", "mother", "father")


@pytest.mark.parametrize("page", ["facts", "rules", "shields"])
def test_the_oracle_imports_nothing_of_the_program(page: str) -> None:
    tree = ast.parse((Path(__file__).parent / f"{page}.py").read_text(encoding="utf-8"))
    names = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names <= {"__future__", "dataclasses", "datetime", "zoneinfo", "tests.oracle.facts", "tests.oracle.shields"}


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
    assert may_share(family(age), agreement(purpose, *signed, outside=outside), NOW) is expected


def test_one_parent_and_seven_days_of_notice_are_enough_for_a_discharge_summary() -> None:
    summary = agreement("discharge", "mother")
    assert not may_share(family(8), summary, NOW)
    summary.told.append(("father", NOW - 7 * DAY))
    assert may_share(family(8), summary, NOW)
    assert not may_share(family(8), summary, NOW - 1)
    assert may_withdraw(family(13), summary, "youth", NOW)
    assert not may_withdraw(family(8), summary, "youth", NOW)


def test_a_child_of_seven_is_heard_and_a_no_from_twelve_stops() -> None:
    both = agreement("information", "mother", "father", heard=False)
    assert not may_share(family(8), both, NOW)
    both.matter.hearings.append(Hearing(NOW - 2, "against", "gp"))
    assert may_share(family(8), both, NOW)
    assert not may_share(family(13), both, NOW)
    both.matter.assessed.append(("bup", NOW))
    assert may_share(family(13), both, NOW)
    both.matter.assessed.clear()
    both.matter.hearings.append(Hearing(NOW - 1, "for", "youth"))
    assert may_share(family(13), both, NOW)


def test_what_another_unit_was_told_does_not_go_with_the_consent() -> None:
    both = agreement("information", "mother", "father", heard=False)
    both.matter.hearings.append(Hearing(NOW - 1, "for", "school"))
    assert not may_share(family(8), both, NOW)


def test_what_was_sent_in_time_is_read_until_it_ends_or_somebody_says_no() -> None:
    child, both = in_force()
    assert may_open(child, both, NOW, NOW + 39 * DAY)
    assert not may_open(child, both, NOW, NOW + 40 * DAY)
    both.noes.append(("mother", NOW + DAY))
    assert not may_open(child, both, NOW, NOW + DAY)


def test_an_earlier_end_never_reaches_back_before_it_was_said() -> None:
    child, both = in_force()
    both.less.append(Less(NOW, share_until=NOW - DAY))
    assert may_open(child, both, NOW - 1, NOW)
    assert not may_share(child, both, NOW)
    both.less.append(Less(NOW, read_until=NOW + DAY))
    assert not may_open(child, both, NOW - 1, NOW + DAY)


def test_a_receiver_or_the_messages_may_be_taken_back_alone() -> None:
    for less, expected in ((Less(NOW, receiver="bup"), False), (Less(NOW, category="message"), False)):
        child, both = in_force()
        both.less.append(less)
        assert may_share(child, both, NOW) is expected
    child, both = in_force()
    both.less.append(Less(NOW, category="health-note"))
    assert may_share(child, both, NOW)


def test_a_ground_lets_one_parent_sign_in_health_and_never_nobody() -> None:
    necessary = Ground("father", "gp", NOW - 15 * DAY, NOW + 1)
    for outside in (False, True):
        alone = agreement("referral", "mother", outside=outside)
        alone.matter.grounds.append(necessary)
        assert may_share(family(8), alone, NOW) is not outside
        assert not may_share(family(8), alone, NOW + 1)
        assert may_refuse(family(8), alone, "father", NOW) is outside
    alone.matter.grounds.append(Ground("mother", "gp", NOW, NOW + 1))
    assert must_sign(family(8), alone, NOW) == {"mother", "father"}


def test_a_recorded_signature_counts_where_it_is_taken_until_it_is_disputed() -> None:
    one = agreement("information", "mother")
    one.signed.append(Signed("father", NOW - DAY, record="one", disputed=NOW))
    assert may_share(family(8, takes_recorded=True), one, NOW - 1)
    assert not may_share(family(8, takes_recorded=True), one, NOW)
    assert not may_share(family(8), one, NOW - 1)
    one.signed.append(Signed("father", NOW, record="anew"))
    assert may_share(family(8, takes_recorded=True), one, NOW)


def test_the_family_follows_until_the_youth_is_16_and_nobody_follows_an_own_sending() -> None:
    _, both = in_force()
    everybody = ("mother", "aunt", "youth", "stranger", "bup", "school")
    related = {"relatives": frozenset({"aunt"})}
    assert [may_know_of(family(8, **related), both, who, NOW) for who in everybody] == [
        True,
        True,
        True,
        False,
        True,
        False,
    ]
    assert [may_know_of(family(16, **related), both, who, NOW) for who in everybody[:3]] == [False, False, True]
    mine = replace(agreement("own-sending"), sender="youth", receiver="gp", own_sender="youth")
    assert [may_know_of(family(14), mine, who, NOW) for who in ("mother", "youth", "gp")] == [False, True, True]


PARENTS_OUT = frozenset({"mother", "father"})
ASKED = Said("asked", NOW, persons=PARENTS_OUT)


def test_what_the_youth_asks_for_hides_until_the_youth_ends_it() -> None:
    assert hidden([ASKED], "mother", NOW) == EVERYTHING
    assert not hidden([ASKED], "aunt", NOW)
    assert not hidden([ASKED], "mother", NOW - 1)
    assert not hidden([ASKED, Said("ended", NOW)], "mother", NOW)


def test_a_no_shows_nothing_until_a_week_after_the_youth_was_told() -> None:
    words = [ASKED, Said("declined", NOW + 1)]
    assert hidden(words, "mother", NOW + 90 * DAY)
    words.append(Said("told", NOW + 5, about=1))
    assert hidden(words, "mother", NOW + 4 + WEEK)
    assert not hidden(words, "mother", NOW + 5 + WEEK)


def test_a_decision_leaves_the_parents_out_of_signing_until_its_review_and_goes_on_hiding() -> None:
    words = [ASKED, Said("withheld", NOW + 1, persons=PARENTS_OUT, review=NOW + 9)]
    assert left_out(words, NOW + 8) == PARENTS_OUT
    assert not left_out(words, NOW)
    assert not left_out(words, NOW + 9)
    assert hidden(words, "mother", NOW + 9)
    assert decided(words) == words[1]
    assert decided([*words, Said("ended", NOW + 2)]) is None
    both = replace(agreement("information", "youth"), matter=Matter(shields=[replace(words[1], at=NOW - 15 * DAY)]))
    assert may_share(family(13), both, NOW)
    assert not may_share(family(11), both, NOW)


def test_an_own_sending_is_the_senders_alone() -> None:
    mine = replace(agreement("own-sending", "mother"), sender="mother", own_sender="mother")
    assert may_share(family(8), mine, NOW)
    assert not may_share(family(16), mine, NOW)
    assert may_withdraw(family(16), mine, "mother", NOW)


def test_a_register_that_does_not_fit_its_list_stops_everything_below_16() -> None:
    both = agreement("information", "mother", "father")
    unclear, grown = family(8, register="sole"), family(16, register="sole")
    assert not may_share(unclear, both, NOW)
    assert not may_ask(unclear, both, NOW)
    assert may_ask(grown, both, NOW)
    assert not may_ask(family(8, parents=[]), both, NOW)


def test_birthdays_begin_at_midnight_in_oslo() -> None:
    born = date(2014, 11, 23)
    assert years(born, at(2026, 11, 23) - 1) == 11
    assert years(born, at(2026, 11, 23)) == 12
    assert years(date(2012, 2, 29), at(2026, 2, 28)) == 14
    assert years(date(2012, 2, 29), at(2026, 2, 28) - 1) == 13
