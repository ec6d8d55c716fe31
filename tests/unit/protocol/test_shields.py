"""The form of the statements on shields, by vectors that any language can run."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.logged import EVENTS
from protocol.statements.shields import SHIELD_WORDS
from tests.unit.protocol.bodies import read_body, vectors

VECTORS = vectors("shields")
KINDS = {word.kind: word for word in SHIELD_WORDS}


def read(case: dict[str, Any]) -> Any:
    return read_body(KINDS, case)


@pytest.mark.parametrize("case", VECTORS["accepted"], ids=lambda case: case["name"])
def test_a_statement_reads_back_as_it_was_written(case: dict[str, Any]) -> None:
    assert read(case).to_json() == case["body"]


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_a_statement_of_another_form_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=case["why"]):
        read(case)


def test_there_are_as_many_refused_as_accepted_and_each_kind_is_an_event() -> None:
    assert len(VECTORS["refused"]) >= len(VECTORS["accepted"])
    assert {case["kind"] for case in VECTORS["accepted"]} == KINDS.keys() <= EVENTS.keys()
