"""The answer: a permit that names what it rests on, or a denial that names its reason and who must still act."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from protocol.consent.vocabulary import RoleAct
from protocol.identifiers import PersonId, SubjectId


class Basis(StrEnum):
    """What a permit can rest on: a consent, and nothing else."""

    CONSENT = "consent"


class Reason(StrEnum):
    """Why something is denied. Each has a sentence in `protocol/texts/` with the next step."""

    ASK_INCOMPLETE = "ask-incomplete"
    VERSION_UNKNOWN = "version-unknown"
    RULES_UNKNOWN = "rules-unknown"
    RULES_NOT_ACCEPTED = "rules-not-accepted"
    SHEET_MISSING = "sheet-missing"
    SHEET_ENDED = "sheet-ended"
    RESPONSIBILITY_UNCLEAR = "responsibility-unclear"
    NO_SIGNER = "no-signer"
    YOUTH_NOT_ENROLLED = "youth-not-enrolled"
    SENDER_MAY_NOT_SEND = "sender-may-not-send"
    OWN_OBSERVATIONS_ONLY = "own-observations-only"
    UNIT_UNKNOWN = "unit-unknown"
    UNIT_ENDED = "unit-ended"
    NOT_A_MEMBER = "not-a-member"
    NOT_ON_SHEET = "not-on-sheet"
    SHIELDED = "shielded"
    EXCEPTION_ONE_GUARDIAN = "exception-one-guardian"
    EXCEPTION_CARE_ORDER = "exception-care-order"
    NO_CONSENT = "no-consent"
    CONSENT_UNKNOWN = "consent-unknown"
    CARE_CONSENT_MISSING = "care-consent-missing"
    KIND_NOT_ALLOWED = "kind-not-allowed"
    TOO_LONG = "too-long"
    OTHER_SUBJECT = "other-subject"
    OTHER_MATTER = "other-matter"
    OTHER_PURPOSE = "other-purpose"
    SENDER_NOT_COVERED = "sender-not-covered"
    RECEIVER_NOT_COVERED = "receiver-not-covered"
    CATEGORY_NOT_COVERED = "category-not-covered"
    NOT_YET_MADE = "not-yet-made"
    SHARING_ENDED = "sharing-ended"
    READING_ENDED = "reading-ended"
    INVALIDATED = "invalidated"
    WITHDRAWN = "withdrawn"
    RECEIVER_WITHDRAWN = "receiver-withdrawn"
    CATEGORY_WITHDRAWN = "category-withdrawn"
    REFUSED = "refused"
    OBJECTED = "objected"
    HEARD_AGAINST = "heard-against"
    NOT_HEARD = "not-heard"
    SIGNATURE_MISSING = "signature-missing"
    SIGNATURE_RECORDED = "signature-recorded"
    NEEDS_NEW_CONSENT = "needs-new-consent"
    NOT_INFORMED = "not-informed"
    NOTICE_RUNNING = "notice-running"


@dataclass(frozen=True, slots=True, order=True)
class Missing:
    """Somebody who must still act before the consent counts; for `is-heard` that is the subject."""

    person: PersonId | SubjectId
    act: RoleAct


@dataclass(frozen=True, slots=True)
class Permit:
    """Yes. `consents` is the sorted digests it rests on; `rule` the ids of the rules applied, sorted, a space apart."""

    basis: Basis
    consents: tuple[str, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class Deny:
    """No. `rule` is as in `Permit`, or null before any rule was reached; `missing` is sorted."""

    reason: Reason
    rule: str | None = None
    missing: tuple[Missing, ...] = ()


Answer = Permit | Deny
