"""The closed lists of words that terms, facts and questions are written in.

A word outside its list is refused when it is read, so everything inside can match on it exhaustively.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a consent is to; one consent has one kind (pbrl § 4-1 against hpl § 22 and fvl § 13 a)."""

    CARE = "care"
    DISCLOSURE = "disclosure"
    PARTICIPATION = "participation"


class Purpose(StrEnum):
    """Why something is shared (DOMAIN part 1)."""

    REFERRAL = "referral"
    INFORMATION = "information"
    COORDINATION = "coordination"
    DISCHARGE = "discharge"
    OWN_SENDING = "own-sending"


class Category(StrEnum):
    """What sort of content a part of a share is."""

    ASSESSMENT = "assessment"
    DISCHARGE_SUMMARY = "discharge-summary"
    HEALTH_NOTE = "health-note"
    LETTER = "letter"
    MEETING_NOTE = "meeting-note"
    MESSAGE = "message"
    OTHER_DOCUMENT = "other-document"
    OWN_OBSERVATIONS = "own-observations"
    PLAN = "plan"
    PPT_REPORT = "ppt-report"
    REFERRAL = "referral"
    SCHOOL_REPORT = "school-report"
    TEST_RESULT = "test-result"


class RoleAct(StrEnum):
    """What the law asks of somebody before a consent counts."""

    SIGNS = "signs"
    IS_HEARD = "is-heard"
    IS_INFORMED = "is-informed"
    MAY_OBJECT = "may-object"


class Act(StrEnum):
    """What somebody asks to do now."""

    SHARE = "share"
    RECEIVE = "receive"
    OPEN = "open"
    REOPEN = "reopen"


class Regime(StrEnum):
    """Whose rules of confidentiality a unit works under. Persons have none."""

    HEALTH = "health"
    EDUCATION = "education"
    CHILD_WELFARE = "child-welfare"
    OTHER = "other"


class Capacity(StrEnum):
    """On what footing a person stands on the subject sheet."""

    GUARDIAN = "parental-responsibility"
    SELF = "self"
    """Is the subject: the child, the youth, the adult."""
    FAMILY = "family"
    """May know, never signs: a foster parent, a parent without parental responsibility."""
    CHILD_WELFARE = "child-welfare"
    """Signs in the guardians' place under a care order or an emergency order, and only then."""
    REPRESENTATIVE = "representative"
    """Signs in the guardians' place for a child without them here, for as long as a mandate lasts."""


class AuthorityKind(StrEnum):
    """What two registrars can determine about who may sign."""

    CARE_ORDER = "care-order"
    EMERGENCY_ORDER = "emergency-order"
    MANDATE = "mandate"
    """A representative's."""
    RESPONSIBILITY = "responsibility"
    """Who has parental responsibility, by documents, where the register does not say."""


ORDERS = frozenset({AuthorityKind.CARE_ORDER, AuthorityKind.EMERGENCY_ORDER})
"""Under these the child welfare service signs."""


class Responsibility(StrEnum):
    """What the register says about parental responsibility."""

    JOINT = "joint"
    SOLE = "sole"
    OTHER = "other"
    UNKNOWN = "unknown"


class Evidence(StrEnum):
    """How a signature or withdrawal was made."""

    OWN_KEY = "own-key"
    RECORDED = "recorded"


class Outcome(StrEnum):
    """What came out of hearing the child."""

    FOR = "for"
    AGAINST = "against"
    UNABLE = "unable"


class Aspect(StrEnum):
    """What of a matter a shield hides."""

    CONTENT = "content"
    EXISTENCE = "existence"
    NOTICES = "notices"
    LOG = "log"
    UNIT_NAME = "unit-name"


ALL_ASPECTS = frozenset(Aspect)
"""What hides a matter wholly."""


class Ground(StrEnum):
    """Why those with parental responsibility are not told (pbrl § 3-4)."""

    YOUTH_ASKS = "youth-asks"
    """Second paragraph: the youth, 12 to 15, does not want it, for reasons that should be respected."""
    WEIGHTY = "weighty"
    """Third paragraph: at any age below 16, weighty concerns for the patient speak against it."""


class Circumstance(StrEnum):
    """In what circumstances somebody is asked to sign: a rule of law says in which it holds."""

    ORDINARY = "ordinary"
    SHIELDED = "shielded"
    """Health personnel have decided that no guardian is told what the matter holds (pbrl §§ 3-4, 4-3)."""
    WITHOUT_CAPACITY = "without-capacity"
    """Health personnel have recorded that somebody of 16 or more cannot consent (pbrl §§ 4-3, 4-5, 4-6)."""


class ExceptionKind(StrEnum):
    """The law's exceptions to who must sign."""

    ONE_GUARDIAN = "one-guardian"


class Language(StrEnum):
    """The languages that every text exists in."""

    BOKMAL = "nb"
    ENGLISH = "en"
