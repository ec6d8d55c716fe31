"""Asking `decide` in one line, for scenarios that change one fact at a time."""

from __future__ import annotations

from typing import Any

from protocol.consent.answer import Answer, Deny, Missing, Reason
from protocol.consent.ask import Actor
from protocol.consent.case import Case, ConsentFacts, Sheet
from protocol.consent.decide import decide
from protocol.consent.judge import Judged, may_withdraw
from protocol.consent.state import prepare
from protocol.consent.visibility import View, view
from protocol.consent.vocabulary import Responsibility, RoleAct
from protocol.identifiers import Instant, PersonId
from tests.unit.consent import family as f

NOW = f.NOW


def sole(*signers: Any, **changes: Any) -> Sheet:
    """The sheet of a child with one holder of parental responsibility, the mother unless others are given."""
    listed = signers or (f.holder(f.MOTHER),)
    return f.sheet(**{"may_sign": listed, "may_know": listed, "responsibility": Responsibility.SOLE, **changes})


def shared(*consents: ConsentFacts, at: int = NOW, ask: dict[str, Any] | None = None, **case: Any) -> Reason | None:
    """Ask to share now under these consents; the reason why not, or None when it is permitted."""
    return why_not(decide(f.share(*consents, **(ask or {})), f.case(*consents, **case), Instant(at)))


def opened(
    consent: ConsentFacts, *, sent: int, at: int = NOW, reader: Actor | None = None, **case: Any
) -> Reason | None:
    """Ask to open what was shared at an instant; the reason why not, or None when it is permitted."""
    reading = {} if reader is None else {"reader": reader}
    return why_not(decide(f.opening(consent, shared_at=sent, **reading), f.case(consent, **case), Instant(at)))


def why_not(answer: Answer) -> Reason | None:
    """Return a denial's reason, None for a permit."""
    return answer.reason if isinstance(answer, Deny) else None


def lacking(*consents: ConsentFacts, at: int = NOW, **case: Any) -> set[PersonId]:
    """Return who must still sign before these consents carry a share."""
    answer = decide(f.share(*consents), f.case(*consents, **case), Instant(at))
    missing: tuple[Missing, ...] = answer.missing if isinstance(answer, Deny) else ()
    return {each.person for each in missing if each.act is RoleAct.SIGNS and isinstance(each.person, PersonId)}


def sees(who: PersonId, consent: ConsentFacts, at: int = NOW, **case: Any) -> View:
    """Return what a person of the family may know of a consent."""
    return view(Actor(who, None), consent, f.case(consent, **case), Instant(at))


def can_withdraw(who: PersonId, consent: ConsentFacts, at: int = NOW, **case: Any) -> bool:
    """Say whether somebody may withdraw a consent now."""
    facts: Case = f.case(consent, **case)
    judged = prepare(consent, facts, Instant(at))
    assert isinstance(judged, Judged)
    return may_withdraw(judged, who, Instant(at))
