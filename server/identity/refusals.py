"""Refused statements as problem documents, each under its own stable code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.http.problems import ProblemDocument, ProblemType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from server.identity.intake import Rejected

_TITLES = {
    "bad-authority": (422, "There is nothing of the kind to confirm or to end"),
    "bad-renewal": (422, "The renewal does not cover these sheets"),
    "bad-seen": (422, "The signer has not seen a checkpoint of this log"),
    "bad-statement": (422, "A signed statement does not hold"),
    "ended": (422, "The end lies in the past"),
    "holder-taken": (403, "Others vouch for this holder"),
    "invitation-used": (409, "The invitation is used up"),
    "key-not-changed": (409, "A removal takes a new key"),
    "no-policy": (409, "No policy is in force"),
    "not-concerned": (422, "A card is sealed to somebody whom the child does not concern"),
    "not-entitled": (403, "The signer may not say this"),
    "not-in-chain": (422, "Nobody may say this here"),
    "other-authorities": (422, "The sheet does not name all that was determined about the child"),
    "other-invitation": (409, "The endorsement does not fit its invitation"),
    "other-keys": (409, "A renewal keeps the keys"),
    "other-parts": (422, "What came with the statement does not belong to its kind"),
    "seeds-missing": (422, "The sealed seeds do not fit the list of members"),
    "too-long": (422, "The end lies too far away"),
    "too-many": (429, "Enough answers are kept already"),
    "unknown-invitation": (422, "There is no such invitation"),
    "unknown-member": (422, "A member is not endorsed for this unit"),
    "unknown-unit": (422, "The unit is not registered"),
    "wrong-log": (422, "The policy names another log"),
    "wrong-number": (409, "The number is not the next one"),
    "wrong-root": (403, "The root is not the one that this server was given"),
    "wrong-time": (422, "The statement was not made now"),
}

PROBLEMS = tuple(ProblemType(code, status, title) for code, (status, title) in _TITLES.items())

_KINDS = {kind.code: kind for kind in PROBLEMS}


def beside(own: Iterable[ProblemType]) -> tuple[ProblemType, ...]:
    """Return what a route answers that takes statements: its own problems, and those of statements that it lacks."""
    known = {kind.code: kind for kind in own}
    return (*known.values(), *(kind for code, kind in _KINDS.items() if code not in known))


def problem_of(rejected: Rejected) -> ProblemDocument:
    """Answer a refused statement; a code that is not listed here is still told, as 422."""
    kind = _KINDS.get(rejected.code) or ProblemType(rejected.code, 422, "The statement is refused")
    return ProblemDocument(kind, rejected.why)
