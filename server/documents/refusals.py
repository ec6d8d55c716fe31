"""Refusals of shares and openings: values that carry what their answer says, each logged before it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from protocol.consent.answer import Reason
from protocol.consent.vocabulary import Language
from protocol.log.details import Decision, Details
from protocol.statements.base import Refused
from protocol.texts import sentence
from server.consent.cases import rule_code
from server.http.problems import NOT_FOUND, OUT_OF_SPACE, REFUSED, ProblemDocument, ProblemType, refused, unknown
from server.identity.intake import Rejected
from server.identity.refusals import PROBLEMS as STATEMENT_PROBLEMS
from server.identity.refusals import problem_of

if TYPE_CHECKING:
    from typing import Any

    from aiohttp import web

    from protocol.consent.answer import Deny
    from protocol.log.event import Event
    from protocol.statements.base import Statement
    from server.audit.batch import Work

UNKNOWN = "unknown"
MAILBOX_MISSING = "restricted-mailbox-missing"

_TITLES = {
    "already-used": (409, "This statement has opened an envelope before: sign a new one"),
    "conflict": (409, "Something else was sent under this id"),
    "envelope-deleted": (410, "The envelope is no longer here"),
    "hold-too-long": (422, "A draft is not held that long"),
    "not-opened": (409, "This was not opened before: open it first"),
    "other-conversation": (409, "The conversation belongs to another matter or other parties"),
    "other-share": (422, "The statement names another share"),
    MAILBOX_MISSING: (409, "A recipient's custodian must first make its mailbox without whom the family keeps out"),
    "upload-missing": (422, "An upload is not complete, not yours, or taken already"),
    "wrong-draft": (422, "The draft is not the one that the statement names"),
    "wrong-envelope": (422, "The envelopes are not those that the manifest names"),
    "wrong-epoch": (409, "The unit's key has changed: seal and sign anew"),
    "wrong-key": (409, "A recipient's key has changed: seal and sign anew"),
    "wrong-part": (422, "The ciphertexts are not those that the manifest names"),
}

PROBLEMS = tuple(ProblemType(code, status, title) for code, (status, title) in _TITLES.items())
ALL_PROBLEMS = (*PROBLEMS, *STATEMENT_PROBLEMS, REFUSED, NOT_FOUND, OUT_OF_SPACE)
"""What a route that takes a statement may refuse with."""

_KINDS = {kind.code: kind for kind in PROBLEMS}
_REASONS = frozenset(Reason)


@dataclass(frozen=True, slots=True)
class Denied:
    """A decision said no: its reason, the rule that said so, and who must still act, each as `act:person`."""

    reason: str
    rule: str | None = None
    missing: tuple[str, ...] = ()

    @classmethod
    def of(cls, deny: Deny) -> Denied:
        """Take what may be told from a decision."""
        return cls(deny.reason, deny.rule, tuple(f"{each.act}:{each.person}" for each in deny.missing))


class Unrelated(Refused):
    """Somebody asks about what they may not know of: `told` is the same whether or not it exists."""

    def __init__(self, code: str, told: Denied | Rejected) -> None:
        super().__init__(code, "")
        self.told = told


def not_known(code: str = UNKNOWN) -> Unrelated:
    """Refuse without saying whether there is anything; `code` is what the log says."""
    return Unrelated(code, Rejected(UNKNOWN, ""))


def log_refusal(
    work: Work, event: Event, statement: Statement[Any], refusal: Refused, **about: Any
) -> Rejected | Denied:
    """Log why a statement was refused, under its signer's own key: what strangers tried is not kept with a matter."""
    body = statement.body
    work.append(
        event,
        Details(
            actor=statement.iss,
            for_unit=body.unit,
            act=getattr(body, "act", body.kind),
            decision=Decision.DENY,
            reason=refusal.code,
            share=body.share,
            statements=(statement.digest,),
            **about,
        ),
        statement.iss,
    )
    return refusal.told if isinstance(refusal, Unrelated) else Rejected(refusal.code, str(refusal))


def denial(deny: Deny) -> dict[str, Any]:
    """Write what a denial adds to an entry's details."""
    told = Denied.of(deny)
    return {
        "decision": Decision.DENY,
        "reason": told.reason,
        "rule": rule_code(told.rule),
        "missing": told.missing,
    }


def plain(reason: str, language: str) -> str:
    """Give a reason's sentence in a language; a code that is no reason is its own title."""
    if reason in _REASONS:
        return sentence(reason, language)
    return _KINDS[reason].title if reason in _KINDS else reason


def preferred_language(header: str) -> str:
    """Choose bokmål or English by `Accept-Language` (RFC 9110 §12.5.4); bokmål unless English stands first."""
    for part in header.lower().split(","):
        tag = part.split(";")[0].strip().split("-")[0]
        if tag in {"nb", "no", "nn"}:
            return Language.BOKMAL
        if tag == "en":
            return Language.ENGLISH
    return Language.BOKMAL


def language_of(request: web.Request) -> str:
    """Give the language in which the asker wants sentences."""
    return preferred_language(request.headers.get("Accept-Language", ""))


def problem_for(no: Rejected | Denied, language: str) -> ProblemDocument:
    """Answer a refusal: decisions as 403 `refused` with their reason, the rest under their own code."""
    if isinstance(no, Denied):
        return refused(no.reason, plain(no.reason, language), missing=no.missing, rule=no.rule)
    if no.code == UNKNOWN:
        return unknown()
    if no.code in _REASONS:
        return refused(no.code, sentence(no.code, language))
    kind = _KINDS.get(no.code)
    return problem_of(no) if kind is None else ProblemDocument(kind, no.why)
