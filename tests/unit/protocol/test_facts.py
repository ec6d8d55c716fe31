"""Recorded facts: whose they are, what they must say, and what they come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from protocol.consent.answer import Reason
from protocol.consent.vocabulary import ExceptionKind, Regime
from protocol.evidence import recorded_facts
from protocol.facts import LONGEST, Recorded, recognise, require
from protocol.identifiers import Instant
from protocol.statements.base import Refused, sign, verify
from protocol.statements.facts import (
    AssessmentBody,
    AttemptBody,
    EndBody,
    FactBody,
    OneGuardianBody,
    ground_digest,
)
from tests.unit.consent import family as f
from tests.unit.protocol.refusing import denied, refused
from tests.unit.protocol.world import DAY, GP_HEAD, MINUTE, ORIGIN, Story, key_of, sha, statement_id, step, tell

GROUND = sha(b"ground")
ABOUT = (statement_id(70), f.GP, f.CHILD, f.MATTER)
ATTEMPT = AttemptBody(*ABOUT, f.FATHER, "phone", "no-answer", f.MADE)
ASSESSMENT = AssessmentBody(*ABOUT, GROUND)


def ground(story: Story, **changes: Any) -> OneGuardianBody:
    plain = OneGuardianBody(*ABOUT, f.FATHER, "heard", (), story.now, Instant(story.now + 30 * DAY), GROUND)
    return replace(plain, **changes)


def found(story: Story, *names: str) -> tuple[Recorded, ...]:
    return recorded_facts(story.directory(), [story.logged(name) for name in names])


def code(story: Story, *names: str) -> str:
    with pytest.raises(Refused) as caught:
        found(story, *names)
    return caught.value.code


def test_the_digest_of_a_ground_hides_the_words_behind_a_salt() -> None:
    one, other = (ground_digest("SYNTETISK", f.CHILD, salt * 32) for salt in (b"a", b"b"))
    assert one != other
    assert one == ground_digest("SYNTETISK", f.CHILD, b"a" * 32)
    assert one != ground_digest("SYNTETISK", f.OTHER_CHILD, b"a" * 32)


BODIES: list[FactBody] = [ground(tell()), ASSESSMENT, ATTEMPT, EndBody(*ABOUT, sha(b"fact"))]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.kind)
def test_a_fact_reads_what_it_writes(body: Any) -> None:
    key = key_of(f.DOCTOR)
    token = sign(body, key, iss=f.DOCTOR, aud=ORIGIN, made=f.MADE, seen=None)
    assert verify(token, type(body), key.public, aud=ORIGIN).body == body


@pytest.mark.parametrize(
    "wrong",
    [
        {"holds_to": f.MADE, "holds_from": f.MADE},
        {"heard": "unreachable", "attempts": ()},
        {"heard": "silent"},
        {"guardian": f.GP},
    ],
    ids=str,
)
def test_a_ground_that_contradicts_itself_is_refused(wrong: dict[str, Any]) -> None:
    key = key_of(f.DOCTOR)
    token = sign(ground(tell(), **wrong), key, iss=f.DOCTOR, aud=ORIGIN, made=f.MADE, seen=None)
    with pytest.raises(Refused) as caught:
        verify(token, OneGuardianBody, key.public, aud=ORIGIN)
    assert caught.value.code == "bad-statement"


def telling(*bodies: Callable[[Story], FactBody], who: Any = f.DOCTOR) -> Story:
    """Tell the story with these facts recorded on day five; they are named `fact 0`, `fact 1` and so on."""

    def record(story: Story) -> None:
        for number, body in enumerate(bodies):
            story.do(f"fact {number}", who, body(story))

    return tell(between=record)


def test_a_ground_becomes_an_exception_that_is_known_from_its_entry() -> None:
    story = telling(ground)
    [exception] = recognise(found(story, "fact 0")).exceptions
    began = f.MADE + 5 * DAY
    assert (exception.kind, exception.person) == (ExceptionKind.ONE_GUARDIAN, f.FATHER)
    assert (exception.subject, exception.matter) == (f.CHILD, f.MATTER)
    assert (exception.known_at, exception.holds_from, exception.holds_to) == (
        began + MINUTE,
        began,
        began + 30 * DAY,
    )


def test_the_first_end_of_a_ground_counts_from_its_own_entry() -> None:
    def end(story: Story) -> FactBody:
        return EndBody(statement_id(len(story.said)), f.GP, f.CHILD, f.MATTER, story.said["fact 0"].digest)

    story = telling(ground, end, end)
    facts = found(story, "fact 0", "fact 1", "fact 2")
    for some in (facts, facts[::-1]):
        [exception] = recognise(some).exceptions
        assert exception.holds_to == f.MADE + 5 * DAY + 2 * MINUTE
    assert recognise(facts[:1]).exceptions[0].holds_to == f.MADE + 35 * DAY


def test_a_ground_without_its_times_holds_from_its_entry_without_end() -> None:
    told = replace(found(telling(ground), "fact 0")[0], holds_from=None, holds_to=None)
    [exception] = recognise([told]).exceptions
    assert (exception.holds_from, exception.holds_to) == (told.at, None)


def test_an_assessment_is_one_and_an_attempt_changes_nothing() -> None:
    facts = found(telling(lambda _: ASSESSMENT, lambda _: ATTEMPT), "fact 0", "fact 1")
    exceptions, [assessment], _ = recognise(facts)
    assert exceptions == ()
    assert (assessment.by, assessment.at) == (f.DOCTOR, f.MADE + 5 * DAY + MINUTE)


def test_who_could_not_be_reached_must_have_been_tried() -> None:
    def unreachable(story: Story) -> FactBody:
        return ground(story, heard="unreachable", attempts=(story.said["fact 0"].digest,))

    story = telling(lambda _: ATTEMPT, unreachable)
    assert len(recognise(found(story, "fact 0", "fact 1")).exceptions) == 1
    assert code(story, "fact 1") == "bad-fact"
    for wrong in (ASSESSMENT, replace(ATTEMPT, guardian=f.MOTHER), replace(ATTEMPT, matter=f.OTHER_MATTER)):
        assert code(telling(partial(_said, wrong), unreachable), "fact 0", "fact 1") == "bad-fact"


def _said(body: FactBody, _: Story) -> FactBody:
    return body


def test_an_attempt_after_the_ground_does_not_support_it() -> None:
    [attempt] = found(telling(lambda _: ATTEMPT), "fact 0")
    fact = replace(attempt, kind=OneGuardianBody.kind, heard="unreachable", attempts=(attempt.digest,), digest=GROUND)
    require(fact, Regime.HEALTH, {attempt.digest: attempt})
    with pytest.raises(Refused) as caught:
        require(fact, Regime.HEALTH, {attempt.digest: replace(attempt, at=Instant(fact.at + 1))})
    assert caught.value.code == "bad-fact"


def test_only_a_units_own_ground_can_be_ended() -> None:
    def end(story: Story) -> FactBody:
        return EndBody(statement_id(71), f.GP, f.CHILD, f.MATTER, story.said["fact 0"].digest)

    story = telling(ground, end)
    assert len(found(story, "fact 0", "fact 1")) == 2
    assert code(story, "fact 1") == "bad-fact"
    assert code(telling(lambda _: ATTEMPT, end), "fact 0", "fact 1") == "bad-fact"
    elsewhere = telling(ground, lambda story: replace(end(story), matter=f.OTHER_MATTER))
    assert code(elsewhere, "fact 0", "fact 1") == "bad-fact"


def test_a_ground_may_not_hold_longer_than_until_it_is_assessed_anew() -> None:
    longest = telling(lambda story: ground(story, holds_to=Instant(story.now + MINUTE + LONGEST)))
    assert len(found(longest, "fact 0")) == 1
    longer = telling(lambda story: ground(story, holds_to=Instant(story.now + MINUTE + LONGEST + 1)))
    assert code(longer, "fact 0") == "bad-fact"


@pytest.mark.parametrize("body", [ground, lambda _: ASSESSMENT], ids=["ground", "assessment"])
def test_only_health_personnel_record_a_ground_or_an_assessment(body: Callable[[Story], FactBody]) -> None:
    def record(story: Story) -> None:
        story.do("fact 0", f.DOCTOR, body(story))

    school = tell(step("gp unit", body={"regime": Regime.EDUCATION}), between=record)
    assert code(school, "fact 0") == "not-entitled"


def test_a_fact_for_a_unit_that_nobody_vouches_for_is_refused() -> None:
    story = telling(lambda _: ATTEMPT)
    directory = story.directory()
    directory.__dict__["_units"].pop(f.GP)
    with pytest.raises(Refused) as caught:
        recorded_facts(directory, [story.logged("fact 0")])
    assert caught.value.code == "unknown-unit"


def test_a_fact_by_somebody_outside_the_unit_or_of_another_kind_is_refused() -> None:
    assert code(telling(ground, who=f.MOTHER), "fact 0") == "not-entitled"
    assert code(tell(), "hearing") == "not-in-chain"
    assert len(found(telling(ground, who=GP_HEAD), "fact 0")) == 1


@pytest.mark.parametrize("about", [{"subject": f.OTHER_CHILD}, {"matter": f.OTHER_MATTER}], ids=str)
def test_a_fact_of_another_child_or_matter_is_refused(about: dict[str, Any]) -> None:
    def record(story: Story) -> None:
        story.do("fact", f.DOCTOR, replace(ATTEMPT, **about))

    refused("other-consent", between=record, facts=lambda story: (story.logged("fact"),))


def test_a_ground_that_came_after_the_share_does_not_make_it_right() -> None:
    def record(story: Story) -> None:
        story.do("fact", f.DOCTOR, ground(story))

    def without_father(story: Story) -> Any:
        record = story.record()
        left = tuple(each for each in record.statements if each != story.logged("father signs"))
        return (replace(record, statements=left),)

    denied(
        str(Reason.SIGNATURE_MISSING),
        between=record,
        consents=without_father,
        facts=lambda story: (story.logged("fact"),),
    )
