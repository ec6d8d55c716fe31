"""The committed vectors are what this implementation answers, and show every answer it has."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from protocol.consent.age import birthday, months_after
from protocol.consent.answer import Permit, Reason
from protocol.consent.ask import Ask
from protocol.consent.case import Case
from protocol.consent.decide import decide
from protocol.consent.fields import plain
from protocol.consent.terms import BadTerms, Terms
from protocol.identifiers import Instant
from tests.vectors.consent.generate import files

HERE = Path(__file__).parents[2] / "vectors" / "consent"
VECTORS: list[dict[str, Any]] = json.loads((HERE / "decide.json").read_text(encoding="utf-8"))
STANDING_IN: list[dict[str, Any]] = json.loads((HERE / "standing_in.json").read_text(encoding="utf-8"))
TERMS = json.loads((HERE / "terms.json").read_text(encoding="utf-8"))
AGES = json.loads((HERE / "age.json").read_text(encoding="utf-8"))


def answered(vector: dict[str, Any]) -> str:
    """Check that a vector, read back, has its answer; say which."""
    ask, case = Ask.from_json(vector["ask"]), Case.from_json(vector["case"])
    answer = decide(ask, case, Instant(vector["at"]))
    name = "permit" if isinstance(answer, Permit) else "deny"
    assert {name: plain(answer)} == vector["answer"]
    return name


@pytest.mark.parametrize("vector", STANDING_IN, ids=lambda vector: vector["name"])
def test_a_vector_on_who_stands_in_for_the_parents_has_its_answer(vector: dict[str, Any]) -> None:
    assert answered(vector) in {"permit", "deny"}


def test_of_the_vectors_on_who_stands_in_at_least_half_are_denied() -> None:
    denied = [vector for vector in STANDING_IN if "deny" in vector["answer"]]
    assert len(STANDING_IN) >= 30
    assert len(denied) * 2 >= len(STANDING_IN) > len(denied)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_vector_read_back_from_json_has_its_answer(vector: dict[str, Any]) -> None:
    name = answered(vector)
    assert vector["name"].startswith("permitted" if name == "permit" else f"denied: {answer_reason(vector)}")


def answer_reason(vector: dict[str, Any]) -> str:
    return str(vector["answer"]["deny"]["reason"])


def test_the_vectors_show_every_reason_and_as_many_permits() -> None:
    denied = [answer_reason(vector) for vector in VECTORS if "deny" in vector["answer"]]
    # Terms of another version are refused when they are read: terms.json shows that.
    assert sorted(denied) == sorted(set(Reason) - {Reason.VERSION_UNKNOWN})
    assert len(VECTORS) - len(denied) >= len(denied)


def test_the_vectors_are_what_their_generator_writes() -> None:
    for name, text in files().items():
        assert (HERE / name).read_text(encoding="utf-8") == text


def test_accepted_terms_have_their_digest_and_refused_terms_none() -> None:
    for vector in TERMS["accepted"]:
        assert Terms.parse(vector["terms"]).digest == vector["digest"]
    for vector in TERMS["refused"]:
        with pytest.raises(BadTerms):
            Terms.parse(vector["terms"])
    assert len(TERMS["accepted"]) == len(TERMS["refused"]) > 30


def test_birthdays_and_months_fall_where_the_vectors_say() -> None:
    for row in AGES["birthdays"]:
        assert birthday(date.fromisoformat(row["born"]), row["years"]) == row["at"]
    for row in AGES["months"]:
        assert months_after(Instant(row["start"]), row["months"]) == row["end"]
