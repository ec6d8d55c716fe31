"""Refusals: who may know why is told why, and to everybody else there is nothing here. Each is logged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from protocol.consent.answer import Reason
from protocol.consent.vocabulary import Language
from protocol.log.details import Decision, Details
from protocol.statements.base import Refused
from protocol.texts import sentence
from server.http.problems import ProblemDocument, ProblemType, refused, unknown
from server.identity.intake import Rejected
from server.identity.refusals import problem_of

if TYPE_CHECKING:
    from protocol.identifiers import MatterId, SubjectId
    from protocol.log.event import Event
    from protocol.statements.base import Body as AnyBody
    from protocol.statements.base import Statement
    from server.audit.batch import Work

UNKNOWN = "unknown"

CONSENT_TAKEN = ProblemType("consent-taken", 409, "These terms, or others under the same id, were asked for before")
OTHER_CONSENT = ProblemType("other-consent", 422, "The statement names another subject or matter than the consent")
OTHER_TEXT = ProblemType("other-text", 422, "Another text was shown than the one in the terms")
WRONG_ROLES = ProblemType("wrong-roles", 422, "The terms do not name exactly those whom the law names")
NOT_A_PARTY = ProblemType("not-a-party", 403, "The unit is neither sender nor receiver")
ALREADY_REMINDED = ProblemType("already-reminded", 403, "Those who have not answered were reminded once already")
NOBODY_TO_REMIND = ProblemType("nobody-to-remind", 403, "Nobody is still asked for an answer")

NOT_NARROWER = ProblemType("not-narrower", 422, "This names a recipient, sort of content or end that the consent lacks")
NOT_RECORDED = ProblemType("not-recorded", 422, "No such signature was recorded of this person")
BAD_FACT = ProblemType(
    "bad-fact", 422, "The fact lacks what such a fact must have: an end in time, attempts, or the fact it ends"
)
NOT_ENTITLED = ProblemType("not-entitled", 403, "The signer may not say this")

PROBLEMS = (
    CONSENT_TAKEN,
    ALREADY_REMINDED,
    NOBODY_TO_REMIND,
    OTHER_CONSENT,
    OTHER_TEXT,
    WRONG_ROLES,
    NOT_A_PARTY,
    NOT_NARROWER,
    BAD_FACT,
    NOT_RECORDED,
    NOT_ENTITLED,
)

_KINDS = {kind.code: kind for kind in PROBLEMS}
_REASONS = frozenset(Reason)


@dataclass(frozen=True, slots=True)
class About:
    """What a statement says it is about, and which event its refusal is."""

    refused: Event
    subject: SubjectId
    matter: MatterId
    consents: tuple[str, ...] = ()


class RefusedInMatter(Refused):
    """A refusal to somebody who may know of the matter: it is kept under the matter's key."""

    def __init__(self, code: str, why: str, matter: MatterId) -> None:
        super().__init__(code, why)
        self.matter = matter


def because(code: str) -> Refused:
    """Refuse with a reason of the decision or a code of this package, in its plain sentence."""
    return Refused(code, _sentence(code))


def because_in(matter: MatterId, code: str) -> Refused:
    """Refuse like `because`, somebody who may know of the matter."""
    return RefusedInMatter(code, _sentence(code), matter)


def not_known() -> Refused:
    """Refuse somebody who may not know whether there is anything here at all."""
    return Refused(UNKNOWN, "nothing here that you may know of")


def log_refusal(work: Work, statement: Statement[AnyBody], about: About, refusal: Refused) -> Rejected:
    """Log a refusal. What strangers tried is kept under their own key: a matter's log is not theirs to fill."""
    work.append(
        about.refused,
        Details(
            actor=statement.iss,
            for_unit=getattr(statement.body, "unit", None),
            act=statement.body.kind,
            decision=Decision.DENY,
            reason=refusal.code,
            subject=about.subject,
            matter=about.matter,
            consents=about.consents,
            statements=(statement.digest,),
        ),
        refusal.matter if isinstance(refusal, RefusedInMatter) else statement.iss,
    )
    return Rejected(refusal.code, str(refusal))


def problem_for(rejected: Rejected) -> ProblemDocument:
    """Answer a refusal: the reasons of a decision as 403 with `reason`, the rest under their own code."""
    if rejected.code == UNKNOWN:
        return unknown()
    if rejected.code in _REASONS:
        return refused(rejected.code, rejected.why)
    kind = _KINDS.get(rejected.code)
    return problem_of(rejected) if kind is None else ProblemDocument(kind, rejected.why)


def _sentence(code: str) -> str:
    return sentence(code, Language.ENGLISH) if code in _REASONS else _KINDS[code].title
