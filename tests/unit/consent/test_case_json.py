"""The JSON forms of Case and Ask: read back as written, and nothing else is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from protocol.consent.ask import Ask
from protocol.consent.case import Assessment, BadCase, Case, Shield
from protocol.consent.vocabulary import AuthorityKind
from protocol.identifiers import Instant
from tests.unit.consent import family as f
from tests.unit.consent.family import BOTH, FATHER, MOTHER, NOW, SIGNED


def full_case() -> Case:
    interval: dict[str, Any] = {"holds_from": SIGNED, "holds_to": NOW}
    told = f.consent(
        MOTHER,
        notices=(f.dated(FATHER),),
        refusals=(f.dated(FATHER),),
        objections=(f.dated(FATHER),),
        withdrawals=(f.dated(MOTHER),),
    )
    return f.case(
        told,
        assessments=(Assessment(f.CHILD, f.MATTER, f.DOCTOR, Instant(NOW)),),
        shields=(Shield(matter=f.MATTER, persons=frozenset({MOTHER, FATHER}), provisional=True, **interval),),
        exceptions=(f.exception(matter=None, **interval),),
        sheet=f.sheet(authorities=(f.authority(), f.authority(AuthorityKind.MANDATE, known_at=None, ending_at=NOW))),
    )


@pytest.mark.parametrize("case", [full_case(), f.case(sheet=None)], ids=["full", "without a sheet"])
def test_a_case_is_read_back_as_it_was_written(case: Case) -> None:
    assert Case.from_json(json.loads(json.dumps(case.to_json()))) == case


ASKS = [f.share(BOTH, receivers=(f.BUP, MOTHER)), f.opening(BOTH, shared_at=SIGNED, reader=f.actor(MOTHER))]


@pytest.mark.parametrize("ask", ASKS, ids=["share", "open"])
def test_an_ask_is_read_back_as_it_was_written(ask: Ask) -> None:
    assert Ask.from_json(json.loads(json.dumps(ask.to_json()))) == ask


@pytest.mark.parametrize("name", [*f.case().to_json(), "more"])
def test_a_case_with_a_member_too_few_or_too_many_is_refused(name: str) -> None:
    value = full_case().to_json()
    if value.pop(name, None) is None:
        value[name] = None
    with pytest.raises(BadCase):
        Case.from_json(value)


@pytest.mark.parametrize("name", [*f.share(BOTH).to_json(), "more"])
def test_an_ask_with_a_member_too_few_or_too_many_is_refused(name: str) -> None:
    value = f.share(BOTH).to_json()
    if name in value:
        del value[name]
    else:
        value[name] = None
    with pytest.raises(BadCase):
        Ask.from_json(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("v", 2),
        ("units", []),
        ("units", {"gp": {}}),
        ("units", {f.GP: {"regime": "magic", "ancestors": [], "not_after": 0, "active": True}}),
        ("memberships", {}),
        ("shields", [{"matter": f.MATTER, "persons": [], "provisional": True, "holds_from": 0, "holds_to": None}]),
        ("hearings", [{"subject": f.CHILD, "matter": f.MATTER, "outcome": "maybe", "by": MOTHER, "at": 0}]),
        ("consents", [{}]),
        ("sheet", {}),
    ],
)
def test_a_case_with_a_wrong_value_is_refused(name: str, value: object) -> None:
    with pytest.raises(BadCase):
        Case.from_json(full_case().to_json() | {name: value})


@pytest.mark.parametrize("day", ["2018-5-4", "20180504", "2018-W18-5", "2018-02-30", "05.04.2018", 20180504, None])
def test_a_birth_date_in_another_spelling_is_refused(day: object) -> None:
    value = full_case().to_json()
    value["sheet"]["birth_date"] = day
    with pytest.raises(BadCase):
        Case.from_json(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("v", 2),
        ("act", "peek"),
        ("receivers", [f.CHILD]),
        ("receivers", [f.GP, f.GP]),
        ("receivers", [1]),
        ("sender", {"person": MOTHER}),
        ("consents", ["0"]),
        ("shared_at", "now"),
    ],
)
def test_an_ask_with_a_wrong_value_is_refused(name: str, value: object) -> None:
    with pytest.raises(BadCase):
        Ask.from_json(f.share(BOTH).to_json() | {name: value})
