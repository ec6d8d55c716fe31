"""The instants at which the law changes for a child: midnight in Oslo, to the millisecond, whatever the clocks do.

For each birthday the same consents are asked about a day before, a millisecond before, at, and a day after midnight.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import protocol.consent
from protocol.consent.age import Band, age, band, birthday
from protocol.consent.answer import Reason
from protocol.consent.case import ConsentFacts, Sheet
from protocol.consent.terms import Role
from protocol.consent.vocabulary import Purpose, RoleAct
from protocol.identifiers import Instant, PersonId
from protocol.national_id import NationalId, Numbers
from tests.unit.consent import family as f
from tests.unit.consent.family import FATHER, MOTHER, YOUTH
from tests.unit.consent.scenarios.asking import shared

HOUR = f.DAY // 24
ENTITLED = Reason.SENDER_MAY_NOT_SEND
NEW = Reason.NEEDS_NEW_CONSENT
WAIT = Reason.SIGNATURE_MISSING


def around(turns: Instant, *signers: PersonId, **changes: Any) -> ConsentFacts:
    """A consent asked for twenty days before an instant, signed at once, sharing until twenty days after it."""
    made = Instant(turns - 20 * f.DAY)
    roles = tuple(Role(each, RoleAct.SIGNS, "r") for each in sorted(signers))
    limits = {"share_until": f.later(turns, 20 * f.DAY), "read_until": f.later(turns, 90 * f.DAY)}
    signed = f.consent(made=made, requested_at=made, roles=roles, **limits, **changes)
    return replace(signed, signatures=tuple(f.signature(each, made) for each in signers))


def own(turns: Instant) -> ConsentFacts:
    """A youth's own sending, signed at every instant that is asked about: whoever is entitled by then is enough."""
    sent = around(turns, YOUTH, purpose=Purpose.OWN_SENDING, senders=f.parties(YOUTH), receivers=f.parties(f.GP, YOUTH))
    asked_at = (-f.DAY, -1, 0, f.DAY)
    return replace(sent, signatures=tuple(f.signature(YOUTH, turns + by) for by in asked_at))


def answers(consent: ConsentFacts, born: date, turns: Instant) -> list[Reason | None]:
    """Ask a day before, a millisecond before, at, and a day after; the child is heard anew at each instant."""
    lasting: dict[str, Any] = {
        "sheet": f.sheet(born, not_after=f.later(turns, 30 * f.DAY)),
        "units": {unit: replace(facts, not_after=f.later(turns, 90 * f.DAY)) for unit, facts in f.UNITS.items()},
    }
    told = []
    for by in (-f.DAY, -1, 0, f.DAY):
        at = Instant(turns + by)
        own_ask = {"receivers": (f.GP,)} if consent.terms.purpose is Purpose.OWN_SENDING else {}
        told.append(shared(consent, at=at, ask=own_ask, hearings=(f.heard(at=at),), **lasting))
    return told


BORN = [date(2014, 6, 15), date(2014, 1, 1), date(2013, 12, 31), date(2012, 2, 29)]
"""In summer, in winter, on both sides of a new year, and on the day that most years lack."""


@pytest.mark.parametrize("born", BORN, ids=str)
@pytest.mark.parametrize(
    ("years", "before", "on"),
    [(12, None, None), (13, None, None), (15, None, None), (16, None, NEW), (18, NEW, NEW)],
)
def test_in_health_the_parents_signatures_carry_until_the_16th_birthday(
    born: date, years: int, before: Reason | None, on: Reason | None
) -> None:
    turns = birthday(born, years)
    assert answers(around(turns, MOTHER, FATHER), born, turns) == [before, before, on, on]


@pytest.mark.parametrize("born", BORN, ids=str)
@pytest.mark.parametrize(
    ("years", "before", "on"),
    [(12, None, None), (13, None, None), (15, None, NEW), (16, NEW, NEW), (18, NEW, NEW)],
)
def test_outside_health_the_parents_signatures_carry_until_the_15th_birthday(
    born: date, years: int, before: Reason | None, on: Reason | None
) -> None:
    turns = birthday(born, years)
    consent = around(turns, MOTHER, FATHER, receivers=f.parties(f.SCHOOL))
    assert answers(consent, born, turns) == [before, before, on, on]


@pytest.mark.parametrize("born", BORN, ids=str)
@pytest.mark.parametrize(
    ("years", "before", "on"),
    [(12, ENTITLED, None), (13, None, None), (15, None, None), (16, None, None), (18, None, None)],
)
def test_the_youth_sends_alone_from_the_12th_birthday(
    born: date, years: int, before: Reason | None, on: Reason | None
) -> None:
    turns = birthday(born, years)
    assert answers(own(turns), born, turns) == [before, before, on, on]


@pytest.mark.parametrize("born", BORN, ids=str)
def test_the_youth_who_signs_on_the_16th_birthday_decides_from_then_alone(born: date) -> None:
    turns = birthday(born, 16)
    alone = around(turns, YOUTH)
    early = replace(alone, signatures=(f.signature(YOUTH, turns - 1),))
    on_the_day = replace(alone, signatures=(f.signature(YOUTH, turns),))
    assert answers(early, born, turns) == [NEW, NEW, WAIT, WAIT]
    assert answers(on_the_day, born, turns) == [NEW, NEW, None, None]


@pytest.mark.parametrize("years", [12, 13, 15, 16, 18])
@pytest.mark.parametrize(("month", "day", "utc_hour"), [(6, 15, 22), (1, 15, 23)], ids=["summer time", "standard time"])
def test_midnight_is_that_of_oslo_one_or_two_hours_before_utc(years: int, month: int, day: int, utc_hour: int) -> None:
    born = date(2010, month, day)
    turns = datetime.fromtimestamp(birthday(born, years) / 1000, UTC)
    assert (turns.year, turns.month, turns.day, turns.hour) == (2010 + years, month, day - 1, utc_hour)


@pytest.mark.parametrize(
    ("born", "hours"), [(date(2010, 3, 29), 23), (date(2010, 10, 25), 25)], ids=["spring", "autumn"]
)
def test_a_birthday_on_the_night_the_clocks_change_begins_once_at_its_midnight(born: date, hours: int) -> None:
    # In 2026 the clocks go forward on 29 March and back on 25 October; the hour from two to three comes never or twice.
    turns = birthday(born, 16)
    assert answers(around(turns, MOTHER, FATHER), born, turns) == [None, None, NEW, NEW]
    day_after = f.oslo(2026, born.month, born.day + 1)
    assert day_after - turns == hours * HOUR
    for hour in range(hours):
        assert band(born, Instant(turns + hour * HOUR)) is Band.FROM_16
    assert age(born, Instant(turns - 1)) == 15


@pytest.mark.parametrize(("month", "day"), [(3, 28), (3, 30), (10, 24), (10, 26)])
def test_a_birthday_beside_such_a_night_is_not_moved_by_it(month: int, day: int) -> None:
    born = date(2010, month, day)
    turns = birthday(born, 16)
    assert turns == f.oslo(2026, month, day)
    assert answers(around(turns, MOTHER, FATHER), born, turns) == [None, None, NEW, NEW]


CHILD_BORN = date(2018, 6, 15)
OLD_NUMBER = "15861898056"
NUMBERS_FROM_2032 = ("15861898064", "15861898072", "15861898080")


@pytest.mark.parametrize("number", [OLD_NUMBER, *NUMBERS_FROM_2032])
def test_an_identity_number_by_the_old_and_by_the_2032_rule_is_taken_alike(number: str) -> None:
    assert NationalId.parse(number, Numbers.SYNTHETIC).text == number


def test_an_identity_number_tells_nothing_of_age_or_sex() -> None:
    told = {name for name in dir(NationalId.parse(OLD_NUMBER, Numbers.SYNTHETIC)) if not name.startswith("_")}
    assert told == {"is_d_number", "parse", "text"}


def test_no_part_of_the_consent_engine_can_see_an_identity_number() -> None:
    sources = sorted(Path(next(iter(protocol.consent.__path__))).glob("*.py"))
    assert len(sources) > 10
    for source in sources:
        tree = ast.parse(source.read_text(encoding="utf-8"))
        names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        names |= {each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}
        assert not any("national_id" in str(name) for name in names), source.name
    assert not any("national" in name or "number_of" in name for name in Sheet.__dataclass_fields__)


@pytest.mark.parametrize("years", [12, 15, 16, 18])
def test_age_follows_the_birth_date_on_the_sheet_also_where_the_number_says_another_day(years: int) -> None:
    # The child keeps its number though the register has corrected the birth date by a day.
    corrected = date(2018, 6, 14)
    turns = birthday(corrected, years)
    assert band(corrected, turns) is not band(CHILD_BORN, turns)
    assert birthday(CHILD_BORN, years) - turns == f.DAY
