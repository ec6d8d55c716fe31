"""That somebody of 16 or more cannot consent: who may record it, what it says, and what a reader makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from keys import signing
from protocol.consent.answer import Reason
from protocol.consent.case import Incapacity
from protocol.consent.vocabulary import Purpose, Regime
from protocol.evidence import recorded_facts
from protocol.facts import LONGEST_WITHOUT_CAPACITY, recognise
from protocol.identifiers import Instant, PersonId
from protocol.statements.base import Refused, sign, verify
from protocol.statements.capacity import CapacityBody
from protocol.statements.facts import EndBody
from tests.unit.consent import family as f
from tests.unit.protocol.world import DAY, MINUTE, ORIGIN, Saying, Step, Story, key_of, sha, statement_id, step, tell

DAY_BEFORE = f.MADE - DAY
RECORDED_AT = Instant(DAY_BEFORE + MINUTE)


def record(**changes: Any) -> CapacityBody:
    told: dict[str, Any] = {
        "id": statement_id(80),
        "unit": f.GP,
        "subject": f.CHILD,
        "matter": f.MATTER,
        "purposes": (Purpose.INFORMATION, Purpose.REFERRAL),
        "person_informed": "told",
        "kin_informed": "not-possible",
        "holds_from": Instant(DAY_BEFORE),
        "holds_to": Instant(f.MADE + 90 * DAY),
        "ground": sha(b"ground"),
    }
    return CapacityBody(**(told | changes))


def recording(who: PersonId = f.DOCTOR, **changes: Any) -> Saying:
    return lambda story: story.do("fact", who, record(**changes))


def story(*steps: Step, before: Saying | None = None, **how: Any) -> Story:
    """Tell the story of a youth of 16 whose parents sign after the doctor has recorded that the youth cannot."""
    return tell(step("sheet", body={"birth_date": f.BORN[16]}), *steps, before=before or recording(), **how)


def code(told: Story, *names: str) -> str:
    with pytest.raises(Refused) as refused:
        told.verify(facts=tuple(map(told.logged, names)))
    return refused.value.code


def test_a_record_reads_what_it_writes() -> None:
    key = key_of(f.DOCTOR)
    token = sign(record(), key, iss=f.DOCTOR, aud=ORIGIN, made=f.MADE, seen=None)
    assert verify(token, CapacityBody, key.public, aud=ORIGIN).body == record()
    said = signing.peek(token).body
    # Neither which disorder it is nor why stands in the statement.
    assert said["ground"] == sha(b"ground")
    assert not {"reason", "words", "disorder"} & said.keys()


@pytest.mark.parametrize(
    "wrong",
    [
        {"holds_to": Instant(DAY_BEFORE)},
        {"purposes": ()},
        {"purposes": (Purpose.REFERRAL, Purpose.INFORMATION)},
        {"person_informed": "silent"},
        {"kin_informed": "no"},
        {"ground": "dementia"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_record_of_another_form_is_refused(wrong: dict[str, Any]) -> None:
    key = key_of(f.DOCTOR)
    token = sign(record(**wrong), key, iss=f.DOCTOR, aud=ORIGIN, made=f.MADE, seen=None)
    with pytest.raises(Refused) as caught:
        verify(token, CapacityBody, key.public, aud=ORIGIN)
    assert caught.value.code == "bad-statement"


def test_what_the_parents_signed_for_a_youth_who_cannot_consent_is_opened() -> None:
    told = story()
    verified = told.verify(facts=(told.logged("fact"),))
    assert verified.permit is not None
    assert verified.permit.rule == "no/information/16-17/unable"


def test_without_the_record_the_parents_signatures_carry_nothing() -> None:
    assert code(story()) == Reason.NEEDS_NEW_CONSENT


def test_a_record_that_a_parent_invented_is_refused() -> None:
    assert code(story(before=recording(f.MOTHER)), "fact") == "not-entitled"


def test_a_record_by_somebody_who_is_no_health_personnel_is_refused() -> None:
    assert code(story(step("gp unit", body={"regime": Regime.EDUCATION})), "fact") == "not-entitled"


def test_a_record_of_another_matter_or_purpose_lifts_nothing() -> None:
    assert code(story(before=recording(matter=f.OTHER_MATTER)), "fact") == "other-consent"
    other = recording(purposes=(Purpose.REFERRAL,))
    assert code(story(before=other), "fact") == Reason.NEEDS_NEW_CONSENT


def test_a_record_that_holds_too_long_is_refused() -> None:
    longest = Instant(RECORDED_AT + LONGEST_WITHOUT_CAPACITY)
    told = story(before=recording(holds_to=longest))
    assert told.verify(facts=(told.logged("fact"),)).permit is not None
    assert code(story(before=recording(holds_to=Instant(longest + 1))), "fact") == "bad-fact"


@pytest.mark.parametrize("after", [0, 1])
def test_a_record_that_has_lapsed_carries_no_new_share(after: int) -> None:
    told = story(before=recording(holds_to=Instant(f.MADE + 2 * DAY + MINUTE + after)))
    if after:
        assert told.verify(facts=(told.logged("fact"),)).permit is not None
    else:
        assert code(told, "fact") == Reason.NEEDS_NEW_CONSENT


def test_a_record_is_ended_by_its_unit_and_what_was_shared_before_stays_readable() -> None:
    def ending(told: Story) -> None:
        told.do("end", f.DOCTOR, EndBody(statement_id(81), f.GP, f.CHILD, f.MATTER, told.said["fact"].digest))

    told = story(between=ending)
    both = (told.logged("fact"), told.logged("end"))
    assert told.verify(facts=both).permit is not None
    [found] = recognise(recorded_facts(told.directory(), both)).incapacities
    assert found == Incapacity(
        subject=f.CHILD,
        matter=f.MATTER,
        purposes=frozenset({Purpose.INFORMATION, Purpose.REFERRAL}),
        known_at=RECORDED_AT,
        holds_from=Instant(DAY_BEFORE),
        holds_to=Instant(f.MADE + 5 * DAY + MINUTE),
    )
