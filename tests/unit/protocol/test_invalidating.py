"""A consent declared void from the beginning, as a client believes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.consent.answer import Reason
from protocol.evidence import consent_facts
from protocol.statements.base import Refused, sign, verify
from protocol.statements.invalidating import CAUSES, InvalidationBody, RecordedInvalidationBody
from protocol.statements.recorded import spoken_for
from tests.unit.consent import family as f
from tests.unit.protocol.refusing import denied, refused
from tests.unit.protocol.world import DAY, MINUTE, ORIGIN, Story, key_of, sha, statement_id, tell

OWN = InvalidationBody(statement_id(85), sha(b"consent"), f.CHILD, f.MATTER, "pressure")
WRITTEN = RecordedInvalidationBody(
    statement_id(86), sha(b"consent"), f.CHILD, f.MATTER, f.GP, f.FATHER, "oral", "not-informed"
)


@pytest.mark.parametrize("body", [*(replace(OWN, cause=cause) for cause in CAUSES), WRITTEN], ids=repr)
def test_an_invalidation_reads_what_it_writes(body: Any) -> None:
    key = key_of(f.FATHER)
    token = sign(body, key, iss=f.FATHER, aud=ORIGIN, made=f.MADE, seen=None)
    statement = verify(token, type(body), key.public, aud=ORIGIN)
    assert statement.body == body
    assert spoken_for(statement) == f.FATHER


@pytest.mark.parametrize("body", [replace(OWN, cause="regret"), replace(WRITTEN, cause="")], ids=repr)
def test_what_is_no_cause_is_refused(body: Any) -> None:
    key = key_of(f.FATHER)
    token = sign(body, key, iss=f.FATHER, aud=ORIGIN, made=f.MADE, seen=None)
    with pytest.raises(Refused):
        verify(token, type(body), key.public, aud=ORIGIN)


def declared(story: Story, who: Any = f.FATHER, body: Any = OWN) -> None:
    story.do("void", who, replace(body, consent=story.terms().digest))


def written(story: Story) -> None:
    declared(story, f.DOCTOR, WRITTEN)


BOTH_WAYS = pytest.mark.parametrize(
    ("between", "others"), [(declared, ()), (written, ("void",))], ids=["own", "written down"]
)
"""`others` are the words that are not the family's own, which a story's record has not by itself."""


@BOTH_WAYS
def test_an_invalidation_is_a_withdrawal_that_counts_from_the_beginning(between: Any, others: tuple[str, ...]) -> None:
    story = tell(between=between)
    facts = consent_facts(story.directory(), story.record_with(*others))
    assert facts.invalidations == facts.withdrawals
    [word] = facts.invalidations
    assert (word.person, word.at) == (f.FATHER, f.MADE + 5 * DAY + MINUTE)


@BOTH_WAYS
def test_no_reader_opens_what_is_void(between: Any, others: tuple[str, ...]) -> None:
    denied(str(Reason.INVALIDATED), between=between, consents=lambda story: (story.record_with(*others),))


def test_an_invalidation_that_somebody_outside_the_unit_wrote_down_is_refused() -> None:
    refused(
        "not-entitled",
        between=lambda story: declared(story, f.MOTHER, WRITTEN),
        consents=lambda story: (story.record_with("void"),),
    )
