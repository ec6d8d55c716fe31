"""Problem documents (RFC 9457): every refusal and fault that leaves the server has this shape and a stable code.

`Problem` is raised for faults at the border. A refusal that an action has decided and logged is a value: the action
returns it, the handler turns it into a `ProblemDocument` and returns that, so that no transaction is rolled back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A sort of problem: its stable code, HTTP status and title; packages declare their own beside their routes."""

    code: str
    status: int
    title: str


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One fault in what was sent: a JSON pointer (RFC 6901) or parameter name, and a sentence without the value."""

    field: str
    fault: str


@dataclass(frozen=True, slots=True)
class ProblemDocument:
    """One answer that says no.

    `reason`, `missing` and `rule` are those of a consent decision; `error` is the OAuth code (RFC 6749 §5.2) where
    signing in fails; `headers` go beside the body.
    """

    kind: ProblemType
    detail: str | None = None
    reason: str | None = None
    missing: tuple[str, ...] = ()
    rule: str | None = None
    error: str | None = None
    fields: tuple[FieldFault, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """Give the document as JSON values; members that say nothing are left out."""
        told: dict[str, Any] = {
            "type": f"urn:fortrolig:problem:{self.kind.code}",
            "title": self.kind.title,
            "status": self.kind.status,
            "code": self.kind.code,
        }
        for name in ("detail", "reason", "rule", "error"):
            if (value := getattr(self, name)) is not None:
                told[name] = value
        if self.missing:
            told["missing"] = list(self.missing)
        if self.fields:
            told["fields"] = [{"field": each.field, "fault": each.fault} for each in self.fields]
        return told

    def response(self) -> web.Response:
        """Write the document as an HTTP response."""
        return web.Response(
            status=self.kind.status,
            body=json.dumps(self.body(), ensure_ascii=False, separators=(",", ":")).encode(),
            headers={**self.headers, "Content-Type": CONTENT_TYPE},
        )


class Problem(Exception):
    """A fault at the border; the middleware answers with its document."""

    def __init__(self, document: ProblemDocument) -> None:
        super().__init__(document.kind.code)
        self.document = document


def problem(kind: ProblemType, detail: str | None = None, **headers: str) -> Problem:
    """Make a `Problem` to raise; header names are written with underscores (`Retry_After="1"`)."""
    return Problem(ProblemDocument(kind, detail, headers={name.replace("_", "-"): headers[name] for name in headers}))


def refused(reason: str, detail: str, *, missing: tuple[str, ...] = (), rule: str | None = None) -> ProblemDocument:
    """Answer a denied decision: its reason code, its sentence, what is missing and the rule that says so."""
    return ProblemDocument(REFUSED, detail, reason=reason, missing=missing, rule=rule)


def unknown() -> ProblemDocument:
    """Answer for what does not exist and for what the asker may not know exists: the same bytes for both.

    Never add a detail here: a difference between the two tells a stranger what is there (DESIGN §1, promise 7).
    """
    return ProblemDocument(NOT_FOUND)


BAD_REQUEST = ProblemType("bad-request", 400, "The request is not well formed")
BAD_JSON = ProblemType("bad-json", 400, "The body is not JSON as this server accepts it")
UNAUTHENTICATED = ProblemType("unauthenticated", 401, "Sign in first")
REFUSED = ProblemType("refused", 403, "This is not permitted")
NOT_FOUND = ProblemType("not-found", 404, "Nothing here that you may know of")
METHOD_NOT_ALLOWED = ProblemType("method-not-allowed", 405, "This path does not answer that method")
TOO_SLOW = ProblemType("too-slow", 408, "The body took too long to arrive")
CONFLICT = ProblemType("conflict", 409, "This contradicts what is already kept")
ALREADY_ANSWERED = ProblemType("already-answered", 409, "This was answered before, and that answer is given once")
GONE = ProblemType("gone", 410, "This is no longer here")
LENGTH_REQUIRED = ProblemType("length-required", 411, "The length of the body must be told first")
PRECONDITION_FAILED = ProblemType("precondition-failed", 412, "The condition in the request does not hold")
TOO_LARGE = ProblemType("too-large", 413, "The body is larger than accepted here")
UNSUPPORTED_MEDIA_TYPE = ProblemType("unsupported-media-type", 415, "The body is of a type not accepted here")
RANGE_NOT_SATISFIABLE = ProblemType("range-not-satisfiable", 416, "The asked range is not within the content")
EXPECTATION_FAILED = ProblemType("expectation-failed", 417, "The Expect header asks for what is not supported")
BAD_FIELD = ProblemType("bad-field", 422, "A field is missing or not acceptable")
BAD_STATEMENT = ProblemType("bad-statement", 422, "A signed statement does not hold")
KEY_REUSED = ProblemType("idempotency-key-reused", 422, "This idempotency key was used for another request")
TOO_MANY = ProblemType("too-many", 429, "Too many requests")
INTERNAL = ProblemType("internal", 500, "The server failed; what was asked may not have happened")
BUSY = ProblemType("busy", 503, "The server is busy; try again")
DEADLINE = ProblemType("deadline", 503, "The answer took too long; what was asked may have happened")
STOPPING = ProblemType("stopping", 503, "The server is stopping; try again")
HALTED = ProblemType("halted", 503, "The log signs nothing until a person has decided")
NOT_STORED = ProblemType("not-stored", 503, "Nothing was stored; try again")
OUTCOME_UNKNOWN = ProblemType(
    "outcome-unknown", 503, "This may have happened; repeat it under the same idempotency key"
)
OUT_OF_SPACE = ProblemType("out-of-space", 507, "The server has no room for more content")
