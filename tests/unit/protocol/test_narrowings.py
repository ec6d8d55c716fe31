"""A narrowing travels with its consent, and the reader's client judges by it before it unseals anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from protocol.consent.case import Case
from protocol.consent.narrowing import Less, Narrowing
from protocol.consent.remaining import Remaining, remaining
from protocol.consent.vocabulary import Category
from protocol.evidence import consent_facts
from protocol.identifiers import Instant
from protocol.reading import Fields, Malformed
from protocol.statements.narrowing import NarrowingBody
from tests.unit.consent import family as f
from tests.unit.protocol.refusing import denied, refused
from tests.unit.protocol.world import DAY, MINUTE, Story, key_of, sha, statement_id, step, tell


def said(who: Any = f.MOTHER, **less: Any) -> Callable[[Story], Any]:
    """Have somebody take back this much before the share is opened."""

    def say(story: Story) -> None:
        terms = story.terms()
        body = NarrowingBody(statement_id(150), terms.digest, terms.subject, terms.matter, Less(**less))
        story.do("narrowing", who, body)

    return say


def test_a_narrowing_becomes_a_fact_at_its_log_instant() -> None:
    story = tell(between=said(receivers=(f.BUP,)))
    [narrowing] = consent_facts(story.directory(), story.record()).narrowings
    assert narrowing == Narrowing(f.MOTHER, Instant(f.MADE + 5 * DAY + MINUTE), Less(receivers=(f.BUP,)))


def test_a_recipient_that_was_taken_out_cannot_open_what_it_was_sent() -> None:
    denied("receiver-withdrawn", between=said(receivers=(f.BUP,)))


def test_a_share_that_carries_what_was_taken_out_cannot_be_opened() -> None:
    denied("category-withdrawn", between=said(categories=(Category.MESSAGE,)))


def test_what_was_not_taken_out_can_be_opened() -> None:
    tell(between=said(categories=(Category.PLAN,), receivers=(f.GP,))).verify()


def test_an_earlier_end_of_reading_ends_it_in_the_readers_client() -> None:
    denied("reading-ended", between=said(read_until=Instant(f.MADE)))


def test_a_narrowing_by_somebody_who_may_not_withdraw_takes_nothing_away() -> None:
    facts = f.consent(f.MOTHER, f.FATHER)
    stranger = replace(facts, narrowings=(f.narrowing(f.STRANGER, receivers=(f.BUP,)),))
    assert remaining(stranger, f.case(stranger), f.NOW).receivers == facts.terms.receivers


@pytest.mark.parametrize(
    "about", [{"consent": sha(b"another")}, {"subject": f.OTHER_CHILD}, {"matter": f.OTHER_MATTER}], ids=str
)
def test_a_narrowing_of_another_consent_child_or_matter_is_refused(about: Any) -> None:
    refused("other-consent", step("narrowing", body=about), between=said(receivers=(f.BUP,)))


def test_a_narrowing_signed_by_another_in_a_guardians_name_is_refused() -> None:
    refused("not-entitled", step("narrowing", key=key_of(f.DOCTOR)), between=said(receivers=(f.BUP,)))


def test_a_narrowing_is_read_back_as_it_was_signed() -> None:
    less = Less((f.BUP,), (Category.PLAN,), f.NOW, None)
    body = NarrowingBody(statement_id(1), sha(b""), f.CHILD, f.MATTER, less)
    assert NarrowingBody.read(Fields(body.to_json(), "narrowing")) == body


def test_a_narrowing_of_nothing_is_no_statement() -> None:
    body = NarrowingBody(statement_id(1), sha(b""), f.CHILD, f.MATTER, Less())
    with pytest.raises(Malformed, match="names what falls away"):
        NarrowingBody.read(Fields(body.to_json(), "narrowing"))


def left(*narrowings: Narrowing, case: Case | None = None) -> Remaining:
    consent = replace(f.consent(f.MOTHER, f.FATHER, receivers=f.parties(f.BUP, f.PPT)), narrowings=narrowings)
    return remaining(consent, case or f.case(consent), f.NOW)


def test_what_is_left_of_a_consent_is_its_terms_less_all_that_was_taken_back() -> None:
    whole, end = left(), Instant(f.NOW + DAY)
    first = f.narrowing(f.MOTHER, receivers=(f.PPT,), categories=whole.categories[:1])
    assert left(first, f.narrowing(f.FATHER, read_until=end)) == Remaining(
        f.parties(f.BUP), whole.categories[1:], end, end
    )


def test_of_a_consent_that_cannot_be_judged_everything_that_was_taken_back_is_gone() -> None:
    taken = f.narrowing(f.STRANGER, receivers=(f.PPT,))
    assert left(taken, case=f.case(sheet=None)).receivers == f.parties(f.BUP)
