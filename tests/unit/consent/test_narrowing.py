"""Taking back a part of a consent: what falls away, from when on, and that nothing ever comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.consent.answer import Permit, Reason
from protocol.consent.ask import Actor
from protocol.consent.case import ConsentFacts
from protocol.consent.decide import decide
from protocol.consent.narrowing import Less, Narrowing
from protocol.consent.state import State, standing
from protocol.consent.vocabulary import Category, Kind, Purpose, Responsibility
from protocol.identifiers import Instant
from tests.unit.consent import family as f
from tests.unit.consent.family import BOTH, FATHER, MOTHER, NOW, SIGNED, consent, narrowing, opening, share

SOON = f.later(NOW, f.DAY)


def less(of: ConsentFacts = BOTH, *more: Narrowing, at: int = NOW, **what: Any) -> ConsentFacts:
    return replace(of, narrowings=(*more, narrowing(MOTHER, at, **what)))


def reason(ask: Any, consent: ConsentFacts, at: Instant = NOW) -> Reason | None:
    answer = decide(ask, f.case(consent), at)
    return None if isinstance(answer, Permit) else answer.reason


def test_a_recipient_that_fell_away_neither_gets_nor_opens_anything() -> None:
    narrowed = less(receivers=(f.BUP,))
    assert reason(share(narrowed), narrowed) is Reason.RECEIVER_WITHDRAWN
    assert reason(opening(narrowed, shared_at=SIGNED), narrowed) is Reason.RECEIVER_WITHDRAWN


def test_a_narrowing_begins_at_its_entry_and_not_before() -> None:
    narrowed = less(receivers=(f.BUP,))
    assert reason(share(narrowed), narrowed, Instant(NOW - 1)) is None


def test_the_other_recipient_keeps_what_it_has() -> None:
    both = less(consent(MOTHER, FATHER, receivers=f.parties(f.BUP, f.PPT)), receivers=(f.BUP,))
    assert reason(share(both, receivers=(f.BUP, f.PPT)), both) is Reason.RECEIVER_WITHDRAWN
    assert reason(share(both, receivers=(f.PPT,)), both) is None


def test_a_unit_below_one_that_fell_away_falls_with_it() -> None:
    wide = consent(MOTHER, FATHER, receivers=(f.party(f.BUP, subunits=True),))
    assert reason(share(wide, receivers=(f.BUP_TEAM,)), less(wide, receivers=(f.BUP,))) is Reason.RECEIVER_WITHDRAWN


def test_the_unit_above_one_that_fell_away_stays() -> None:
    wide = consent(MOTHER, FATHER, receivers=(f.party(f.BUP, subunits=True),))
    narrowed = less(wide, receivers=(f.BUP_TEAM,))
    assert reason(share(wide, receivers=(f.BUP_TEAM,)), narrowed) is Reason.RECEIVER_WITHDRAWN
    assert reason(share(wide, receivers=(f.BUP,)), narrowed) is None


def test_whoever_fell_away_sends_nothing_more_but_what_it_sent_can_be_read() -> None:
    both = f.parties(f.BUP, f.GP)
    narrowed = less(consent(MOTHER, FATHER, senders=both, receivers=both), receivers=(f.BUP,))
    answer = share(narrowed, sender=f.actor(f.BUP), receivers=(f.GP,))
    read = opening(narrowed, shared_at=SIGNED, sender=f.actor(f.BUP), reader=f.actor(f.GP))
    assert reason(answer, narrowed) is Reason.RECEIVER_WITHDRAWN
    assert reason(read, narrowed) is None


def test_a_person_can_fall_away_as_recipient() -> None:
    letter = less(consent(MOTHER, FATHER, receivers=f.parties(f.BUP, FATHER)), receivers=(FATHER,))
    assert reason(opening(letter, shared_at=SIGNED, reader=Actor(FATHER, None)), letter) is Reason.RECEIVER_WITHDRAWN


def test_a_sort_of_content_that_fell_away_is_neither_shared_nor_opened() -> None:
    sorts = (Category.MESSAGE, Category.PPT_REPORT)
    narrowed = less(consent(MOTHER, FATHER, categories=sorts), categories=(Category.PPT_REPORT,))
    assert reason(share(narrowed), narrowed) is Reason.CATEGORY_WITHDRAWN
    assert reason(opening(narrowed, shared_at=SIGNED), narrowed) is Reason.CATEGORY_WITHDRAWN
    assert reason(share(narrowed, categories=(Category.MESSAGE,)), narrowed) is None


def test_the_consent_to_care_loses_only_the_referral() -> None:
    sorts = {"purpose": Purpose.REFERRAL, "categories": (Category.PPT_REPORT, Category.REFERRAL)}
    care, disclosure = consent(MOTHER, FATHER, kind=Kind.CARE, **sorts), consent(MOTHER, FATHER, **sorts)
    for gone, expected in ((Category.PPT_REPORT, None), (Category.REFERRAL, Reason.CATEGORY_WITHDRAWN)):
        narrowed = less(care, categories=(gone,))
        answer = decide(share(disclosure, narrowed), f.case(disclosure, narrowed), NOW)
        assert getattr(answer, "reason", None) is expected


def test_an_earlier_end_ends_sharing_then_and_reading_then() -> None:
    narrowed = less(share_until=SOON, read_until=f.later(SOON, f.DAY))
    assert reason(share(narrowed), narrowed, Instant(SOON - 1)) is None
    assert reason(share(narrowed), narrowed, SOON) is Reason.SHARING_ENDED
    sent = opening(narrowed, shared_at=SOON - 1)
    assert reason(sent, narrowed, SOON) is None
    assert reason(sent, narrowed, f.later(SOON, f.DAY)) is Reason.READING_ENDED


def test_an_end_that_has_passed_counts_from_its_entry() -> None:
    narrowed = less(share_until=SIGNED)
    assert reason(opening(narrowed, shared_at=NOW - 1), narrowed) is None
    assert reason(share(narrowed), narrowed) is Reason.SHARING_ENDED


@pytest.mark.parametrize("first_end_later", [True, False])
def test_of_several_ends_the_earliest_holds_whichever_came_first(first_end_later: bool) -> None:
    ends = (f.later(SOON, f.DAY), SOON) if first_end_later else (SOON, f.later(SOON, f.DAY))
    narrowed = less(BOTH, narrowing(FATHER, NOW, share_until=ends[0]), share_until=ends[1])
    assert reason(share(narrowed), narrowed, SOON) is Reason.SHARING_ENDED


def test_an_end_after_that_of_the_terms_gives_nothing() -> None:
    narrowed = less(share_until=f.later(BOTH.terms.share_until, f.DAY), read_until=f.later(BOTH.terms.read_until, 1))
    assert standing(narrowed, f.case(narrowed), BOTH.terms.share_until) == standing(
        BOTH, f.case(BOTH), BOTH.terms.share_until
    )


def test_several_narrowings_add_up() -> None:
    wide = consent(MOTHER, FATHER, receivers=f.parties(f.BUP, f.PPT))
    narrowed = less(wide, narrowing(FATHER, NOW, receivers=(f.BUP,)), receivers=(f.PPT,))
    assert reason(share(wide, receivers=(f.BUP,)), narrowed) is Reason.RECEIVER_WITHDRAWN
    assert reason(share(wide, receivers=(f.PPT,)), narrowed) is Reason.RECEIVER_WITHDRAWN


def test_a_narrowing_counts_only_from_whoever_may_withdraw() -> None:
    stranger = replace(BOTH, narrowings=(narrowing(f.STRANGER, receivers=(f.BUP,)),))
    assert reason(share(stranger), stranger) is None


def test_a_narrowing_by_a_former_guardian_still_counts() -> None:
    narrowed = less(receivers=(f.BUP,))
    signers = (f.holder(MOTHER, until=NOW + 1), f.holder(FATHER))
    sheet = f.sheet(may_sign=signers, responsibility=Responsibility.SOLE)
    answer = decide(share(narrowed), f.case(narrowed, sheet=sheet), SOON)
    assert not isinstance(answer, Permit)
    assert answer.reason is Reason.RECEIVER_WITHDRAWN


def test_a_consent_whose_sharing_was_ended_early_can_still_be_read() -> None:
    narrowed = less(share_until=SOON)
    assert standing(narrowed, f.case(narrowed), SOON).state is State.READ_ONLY


@pytest.mark.parametrize(
    "broken",
    [
        {"receivers": [], "categories": [], "share_until": None, "read_until": None},
        {"receivers": [f.BUP, f.BUP], "categories": [], "share_until": None, "read_until": None},
        {"receivers": [], "categories": ["plan", "message"], "share_until": None, "read_until": None},
        {"receivers": [], "categories": ["everything"], "share_until": None, "read_until": None},
        {"receivers": [], "categories": ["plan"], "share_until": -1, "read_until": None},
        {"receivers": [], "categories": ["plan"], "share_until": None},
        {"receivers": [], "categories": ["plan"], "share_until": None, "read_until": None, "more": 1},
    ],
)
def test_what_names_nothing_or_names_it_otherwise_is_no_narrowing(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Less.parse(broken)


def test_a_narrowing_is_read_back_as_it_was_written() -> None:
    what = Less((f.BUP, f.PPT), (Category.MESSAGE,), SOON, None)
    assert Less.parse(what.to_json()) == what
