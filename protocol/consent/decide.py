"""The one function that decides."""

from __future__ import annotations

from protocol.consent.answer import Answer, Deny, Missing, Permit, Reason
from protocol.consent.ask import Actor, Ask
from protocol.consent.case import Case
from protocol.identifiers import Instant

__all__ = ["Actor", "Answer", "Ask", "Case", "Deny", "Missing", "Permit", "Reason", "decide"]


def decide(ask: Ask, case: Case, at: Instant) -> Answer:
    """Deny everything until the rules are read."""
    del ask, case, at
    return Deny(Reason.NO_CONSENT)
