"""What a reader believes of a consent that a youth signed alone: the decision must come along, from who may take it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from protocol.consent.answer import Reason
from protocol.consent.case import Shield
from protocol.consent.vocabulary import ALL_ASPECTS, Aspect, Regime
from protocol.identifiers import Instant, PersonId
from protocol.identity import Logged
from protocol.shields import leave_out_guardians
from protocol.statements.base import Refused
from tests.unit.consent import family as f
from tests.unit.protocol.shielded import PARENTS, REVIEW, asks, declines, tell_shielded, withholds
from tests.unit.protocol.world import DAY, MINUTE, Story, step

SHARED = f.MADE + 2 * DAY + MINUTE


def code(story: Story, *, shields: tuple[Logged, ...] | None = None) -> str:
    came = story.bundle() if shields is None else story.bundle(shields=shields)
    with pytest.raises(Refused) as refused:
        story.verify(came)
    return refused.value.code


def test_what_a_youth_signed_alone_in_a_withheld_matter_is_opened() -> None:
    verified = tell_shielded().verify()
    assert verified.permit is not None
    assert verified.permit.rule == "no/information/12-15/shielded"


def test_words_on_a_shield_count_in_the_logs_order_whatever_order_they_came_in() -> None:
    story = tell_shielded()
    assert story.verify(story.bundle(shields=story.shields()[::-1])).permit is not None


@pytest.mark.parametrize("kept", [(), ("ask",)], ids=["none", "what the youth asked for"])
def test_without_the_decision_the_youths_signature_carries_nothing(kept: tuple[str, ...]) -> None:
    story = tell_shielded()
    assert code(story, shields=tuple(map(story.logged, kept))) == Reason.NEEDS_NEW_CONSENT


def test_a_shield_that_the_youth_only_asked_for_leaves_nobody_out() -> None:
    assert code(tell_shielded(before=asks)) == Reason.NEEDS_NEW_CONSENT


@pytest.mark.parametrize(
    ("persons", "hides"),
    [((f.MOTHER,), ALL_ASPECTS), (PARENTS, frozenset({Aspect.LOG, Aspect.NOTICES}))],
    ids=["from the mother alone", "all but the content"],
)
def test_a_decision_that_keeps_not_every_guardian_from_the_content_leaves_nobody_out(
    persons: tuple[PersonId, ...], hides: frozenset[Aspect]
) -> None:
    def before(story: Story) -> None:
        asks(story)
        withholds(story, persons=persons, hides=hides)

    assert code(tell_shielded(before=before)) == Reason.NEEDS_NEW_CONSENT


def test_a_decision_that_hides_the_content_alone_is_enough() -> None:
    def before(story: Story) -> None:
        asks(story)
        withholds(story, hides=frozenset({Aspect.CONTENT}))

    assert tell_shielded(before=before).verify().permit is not None


def test_what_was_shared_before_the_decision_fell_stays_readable() -> None:
    assert tell_shielded(between=declines).verify().permit is not None


def test_what_is_shared_after_the_decision_fell_is_not_opened() -> None:
    def before(story: Story) -> None:
        asks(story)
        withholds(story)
        declines(story)

    assert code(tell_shielded(before=before)) == Reason.NEEDS_NEW_CONSENT


@pytest.mark.parametrize("after", [0, 1])
def test_the_power_to_sign_alone_ends_at_the_review(after: int) -> None:
    def before(story: Story) -> None:
        asks(story)
        withholds(story, review_at=Instant(SHARED + after))

    story = tell_shielded(before=before)
    if after:
        assert story.verify().shared_at == SHARED
    else:
        assert code(story) == Reason.NEEDS_NEW_CONSENT


def test_a_decision_that_a_parent_or_somebody_outside_health_signed_is_refused() -> None:
    def before(story: Story) -> None:
        asks(story)
        withholds(story, who=f.MOTHER)

    assert code(tell_shielded(before=before)) == "not-entitled"
    assert code(tell_shielded(step("gp unit", body={"regime": Regime.EDUCATION}))) == "not-entitled"


def test_a_decision_about_another_matter_or_child_is_refused() -> None:
    assert code(tell_shielded(step("decision", body={"matter": f.OTHER_MATTER}))) == "other-consent"
    assert code(tell_shielded(step("decision", body={"subject": f.OTHER_CHILD}))) == "no-sheet"


def test_a_decision_that_never_reached_the_log_is_refused() -> None:
    story = tell_shielded()
    [asked, decision] = story.shields()
    assert code(story, shields=(asked, replace(decision, receipt=asked.receipt))) == "not-logged"


def shield(**changes: object) -> Shield:
    plain = Shield(matter=f.MATTER, persons=frozenset(PARENTS), provisional=False, holds_from=f.SIGNED, holds_to=REVIEW)
    return replace(plain, **changes)  # type: ignore[arg-type]  # one member changes, whichever it is


def test_readers_are_shown_the_words_only_where_every_guardian_is_left_out_at_some_time() -> None:
    sheet = f.sheet(f.BORN[13])
    assert leave_out_guardians((shield(),), sheet)
    for less in ({"persons": frozenset({f.MOTHER})}, {"provisional": True}, {"hides": frozenset({Aspect.LOG})}):
        assert not leave_out_guardians((shield(**less),), sheet)
    alone = f.sheet(f.BORN[13], may_sign=(f.holder(f.MOTHER), f.holder(f.FATHER, until=f.NOW)))
    assert leave_out_guardians((shield(persons=frozenset({f.MOTHER})),), alone)
    assert not leave_out_guardians((shield(persons=frozenset({f.MOTHER}), holds_to=f.NOW),), alone)
    assert not leave_out_guardians((shield(),), f.sheet(f.BORN[13], may_sign=()))
