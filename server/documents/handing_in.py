"""What the routes that take statements share: bytes from text, room on the disk, refusals before the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keys.encoding import decode
from server.audit.wiring import WRITER
from server.documents.content import CONTENT, OutOfSpace
from server.documents.refusals import language_of, problem_for
from server.http.access import acting_person
from server.http.problems import BAD_FIELD, OUT_OF_SPACE, FieldFault, Problem, ProblemDocument, problem
from server.identity.intake import refuse

if TYPE_CHECKING:
    from aiohttp import web

    from protocol.statements.base import Refused


def decoded(field: str, text: str) -> bytes:
    """Give the bytes of base64url.

    Raises:
        Problem: it is not the one spelling of any bytes.
    """
    try:
        return decode(text)
    except ValueError as fault:
        raise Problem(ProblemDocument(BAD_FIELD, fields=(FieldFault(field, "not base64url"),))) from fault


def require_room(request: web.Request) -> None:
    """Refuse new content while the disk is nearly full; withdrawing never asks this.

    Raises:
        Problem: 507.
    """
    try:
        request.app[CONTENT].require_room(0)
    except OutOfSpace as fault:
        raise problem(OUT_OF_SPACE) from fault


async def refuse_unread(request: web.Request, kind: str, refusal: Refused) -> ProblemDocument:
    """Log and answer a statement that does not hold by itself."""
    told = await request.app[WRITER].submit(refuse, acting_person(request), kind, None, refusal)
    return problem_for(told.result, language_of(request))
