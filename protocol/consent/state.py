"""Where a consent stands, for lists and for telling people who must still act. Derived each time, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from protocol.consent.answer import Deny, Missing, Reason
from protocol.consent.case import Case, ConsentFacts
from protocol.consent.coverage import situation_of_terms
from protocol.consent.exceptions import as_received_by_some
from protocol.consent.judge import Judged, ends, judge, rules_of, signed
from protocol.identifiers import Instant


class State(StrEnum):
    """The states of a consent."""

    REQUESTED = "requested"
    PARTLY_SIGNED = "partly-signed"
    """Somebody signed; somebody must still sign, be heard or be informed."""
    IN_FORCE = "in-force"
    READ_ONLY = "read-only"
    """Sharing has ended; what was shared may still be read."""
    NEEDS_NEW_CONSENT = "needs-new-consent"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    INVALIDATED = "invalidated"
    """Declared void from the beginning: it never was a consent."""
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    """It cannot be judged now: the sheet has ended, responsibility is unclear, or this program is too old."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A state with its reason (null when in force) and who must still act."""

    state: State
    reason: Reason | None
    missing: tuple[Missing, ...]


_STATES = {
    Reason.INVALIDATED: State.INVALIDATED,
    Reason.WITHDRAWN: State.WITHDRAWN,
    Reason.REFUSED: State.REFUSED,
    Reason.OBJECTED: State.REFUSED,
    Reason.HEARD_AGAINST: State.REFUSED,
    Reason.READING_ENDED: State.EXPIRED,
    Reason.NEEDS_NEW_CONSENT: State.NEEDS_NEW_CONSENT,
}
_OPEN = frozenset(
    {
        Reason.SIGNATURE_MISSING,
        Reason.SIGNATURE_RECORDED,
        Reason.NOT_HEARD,
        Reason.NOT_INFORMED,
        Reason.NOTICE_RUNNING,
    }
)


def standing(consent: ConsentFacts, case: Case, at: Instant) -> Standing:
    """Derive where one consent of the case stands at an instant."""
    judged = prepare(consent, case, at)
    if isinstance(judged, Reason):
        return Standing(State.SUSPENDED, judged, ())
    answer = judge(judged, at, at)
    if not isinstance(answer, Deny):
        return Standing(State.IN_FORCE, None, ())
    if answer.reason is Reason.SHARING_ENDED:
        last = judge(judged, Instant(ends(judged, at)[0] - 1), at)
        state = State.EXPIRED if isinstance(last, Deny) else State.READ_ONLY
    elif answer.reason in _OPEN:
        state = State.PARTLY_SIGNED if signed(judged, at, at) else State.REQUESTED
    else:
        state = _STATES.get(answer.reason, State.SUSPENDED)
    return Standing(state, answer.reason, answer.missing)


def prepare(consent: ConsentFacts, case: Case, at: Instant) -> Judged | Reason:
    """Gather what judging one consent takes, for all that its terms allow; or say what the case lacks."""
    sheet = case.sheet
    if sheet is None or sheet.subject != consent.terms.subject:
        return Reason.SHEET_MISSING
    if at >= sheet.not_after:
        return Reason.SHEET_ENDED
    rules = rules_of(consent, case)
    if isinstance(rules, Reason):
        return rules
    situation = situation_of_terms(consent.terms, case)
    if situation is None:
        return Reason.UNIT_UNKNOWN
    return Judged(consent, situation, rules, sheet, as_received_by_some(case, consent.terms))
