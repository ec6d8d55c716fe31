"""Where a consent stands, derived from what is known at an instant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.consent.answer import Missing, Reason
from protocol.consent.case import ConsentFacts
from protocol.consent.state import Standing, State, standing
from protocol.consent.vocabulary import Outcome, Purpose, RoleAct
from protocol.identifiers import Instant
from tests.unit.consent import family as f
from tests.unit.consent.family import BOTH, FATHER, MOTHER, NOW, YOUTH, consent


def of(signed: ConsentFacts, at: Instant = NOW, **changes: Any) -> Standing:
    return standing(signed, f.case(signed, **changes), at)


@pytest.mark.parametrize(
    ("signed", "state", "reason"),
    [
        (BOTH, State.IN_FORCE, None),
        (consent(), State.REQUESTED, Reason.SIGNATURE_MISSING),
        (consent(MOTHER), State.PARTLY_SIGNED, Reason.SIGNATURE_MISSING),
        (replace(BOTH, withdrawals=(f.dated(MOTHER),)), State.WITHDRAWN, Reason.WITHDRAWN),
        (replace(BOTH, refusals=(f.dated(MOTHER),)), State.REFUSED, Reason.REFUSED),
        (replace(BOTH, objections=(f.dated(MOTHER),)), State.REFUSED, Reason.OBJECTED),
        (consent(MOTHER, purpose=Purpose.DISCHARGE), State.PARTLY_SIGNED, Reason.NOT_INFORMED),
        (consent(MOTHER, FATHER, v=2), State.SUSPENDED, Reason.VERSION_UNKNOWN),
        (consent(MOTHER, FATHER, subject=f.OTHER_CHILD), State.SUSPENDED, Reason.SHEET_MISSING),
        (consent(MOTHER, FATHER, senders=f.parties(f.unit(99))), State.SUSPENDED, Reason.UNIT_UNKNOWN),
        (consent(MOTHER, FATHER, made=NOW + 1), State.SUSPENDED, Reason.NOT_YET_MADE),
    ],
)
def test_a_consent_stands_where_its_facts_put_it(signed: ConsentFacts, state: State, reason: Reason | None) -> None:
    result = of(signed)
    assert (result.state, result.reason) == (state, reason)


def test_who_must_still_act_is_named() -> None:
    missing = (Missing(FATHER, RoleAct.SIGNS), Missing(f.CHILD, RoleAct.IS_HEARD))
    assert of(consent(MOTHER), hearings=()).missing == missing


def test_a_youths_no_and_a_birthday_show_in_the_state() -> None:
    against = (f.heard(Outcome.AGAINST),)
    assert of(BOTH, sheet=f.sheet(f.BORN[13]), hearings=against).state is State.REFUSED
    grown = of(BOTH, sheet=f.sheet(f.BORN[16]))
    assert grown == Standing(State.NEEDS_NEW_CONSENT, Reason.NEEDS_NEW_CONSENT, (Missing(YOUTH, RoleAct.SIGNS),))


@pytest.mark.parametrize(("sheet", "reason"), [(None, Reason.SHEET_MISSING), ("ended", Reason.SHEET_ENDED)])
def test_without_a_sheet_in_force_a_consent_is_suspended(sheet: object, reason: Reason) -> None:
    result = of(BOTH, sheet=None if sheet is None else f.sheet(not_after=NOW))
    assert result == Standing(State.SUSPENDED, reason, ())


def test_after_sharing_ends_a_complete_consent_is_read_only_and_an_incomplete_one_expired() -> None:
    ended = {"share_until": f.later(f.SIGNED, 1)}
    assert of(consent(MOTHER, FATHER, **ended)).state is State.READ_ONLY
    assert of(consent(MOTHER, **ended)).state is State.EXPIRED
    gone = consent(MOTHER, FATHER, read_until=NOW, share_until=NOW)
    assert of(gone) == Standing(State.EXPIRED, Reason.READING_ENDED, ())


def test_a_withdrawn_consent_stays_withdrawn_after_it_ends() -> None:
    gone = consent(MOTHER, FATHER, read_until=NOW, share_until=NOW, withdrawals=(f.dated(MOTHER),))
    assert of(gone).state is State.WITHDRAWN
    assert of(replace(gone, invalidations=gone.withdrawals)).state is State.INVALIDATED
