"""Words that a professional wrote down, as a client believes them."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.consent.answer import Reason
from protocol.evidence import consent_facts
from protocol.statements.base import Refused, sign, verify
from protocol.statements.recorded import RecordedWithdrawalBody, spoken_for
from tests.unit.consent import family as f
from tests.unit.protocol.refusing import denied, refused
from tests.unit.protocol.world import DAY, MINUTE, ORIGIN, Story, key_of, sha, statement_id, tell

BODY = RecordedWithdrawalBody(
    statement_id(80), sha(b"consent"), f.CHILD, f.MATTER, unit=f.GP, person=f.FATHER, form="paper"
)


def withdraw(story: Story, who: Any = f.DOCTOR, **changed: Any) -> None:
    terms = story.terms()
    said: dict[str, Any] = {"unit": f.GP, "person": f.FATHER, "form": "oral"}
    body = RecordedWithdrawalBody(statement_id(80), terms.digest, f.CHILD, f.MATTER, **(said | changed))
    story.do("withdrawal", who, body)


def test_a_recorded_withdrawal_reads_what_it_writes() -> None:
    key = key_of(f.DOCTOR)
    token = sign(BODY, key, iss=f.DOCTOR, aud=ORIGIN, made=f.MADE, seen=None)
    statement = verify(token, RecordedWithdrawalBody, key.public, aud=ORIGIN)
    assert statement.body == BODY
    assert spoken_for(statement) == f.FATHER


def test_a_word_that_was_heard_by_chance_is_no_form() -> None:
    key = key_of(f.DOCTOR)
    wrong = RecordedWithdrawalBody(
        statement_id(80), sha(b"consent"), f.CHILD, f.MATTER, unit=f.GP, person=f.FATHER, form="rumour"
    )
    token = sign(wrong, key, iss=f.DOCTOR, aud=ORIGIN, made=f.MADE, seen=None)
    with pytest.raises(Refused):
        verify(token, RecordedWithdrawalBody, key.public, aud=ORIGIN)


def test_a_recorded_withdrawal_is_the_persons_own_at_its_entry() -> None:
    story = tell(between=withdraw)
    [word] = consent_facts(story.directory(), story.record_with("withdrawal")).withdrawals
    assert (word.person, word.at) == (f.FATHER, f.MADE + 5 * DAY + MINUTE)


def test_a_recorded_withdrawal_stops_the_next_opening() -> None:
    denied(str(Reason.WITHDRAWN), between=withdraw, consents=lambda story: (story.record_with("withdrawal"),))


def test_a_recorded_withdrawal_by_somebody_outside_the_unit_is_refused() -> None:
    refused(
        "not-entitled",
        between=lambda story: withdraw(story, f.MOTHER),
        consents=lambda story: (story.record_with("withdrawal"),),
    )
