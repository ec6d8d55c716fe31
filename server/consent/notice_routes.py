"""`/v1/notices` and `/v1/consent-reminders`: what waits for somebody, and the one reminder of it."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from protocol.consent.notices import NoticeKind
from protocol.identifiers import ConsentId
from server.audit.wiring import WRITER
from server.consent import delivery, notices, reminders
from server.consent.delivery import deliver, told_of
from server.consent.refusals import PROBLEMS, problem_for
from server.consent.reminders import REMINDER
from server.http.access import acting_person
from server.http.clock import CLOCK
from server.http.forms import PARSED, Answer, Instant, Query
from server.http.problems import NOT_FOUND, REFUSED, ProblemDocument
from server.http.routes import RouteTable
from server.identity.forms import AcceptedAnswer, TokenForm
from server.identity.intake import INTAKE, Rejected
from server.identity.refusals import PROBLEMS as STATEMENT_PROBLEMS

routes = RouteTable("consent")

prepare = delivery.prepare

_KINDS = {kind.code: kind for kind in (*STATEMENT_PROBLEMS, *PROBLEMS, REFUSED, NOT_FOUND)}
_PROBLEMS = tuple(_KINDS.values())


class NoticeAnswer(Answer):
    """Something waits: of which kind, since when, about which consent, and when its one reminder came."""

    kind: NoticeKind
    t: Instant
    reminded: Instant | None
    consent: Annotated[ConsentId, PARSED]


class NoticesQuery(Query):
    """`cursor` is a `next` of an earlier answer."""

    cursor: Annotated[str, Field(pattern="^(0|[1-9][0-9]{0,15})$")] | None = None


class NoticesAnswer(Answer):
    """A page of notices, those of the oldest requests first; `next` is null at the end. There is no total."""

    notices: list[NoticeAnswer]
    next: str | None


@routes.get("/v1/notices", summary="What waits for the asker, without content")
async def list_notices(request: web.Request, query: NoticesQuery) -> NoticesAnswer:
    """Derive the asker's notices now."""
    after = -1 if query.cursor is None else int(query.cursor)
    found, following = await request.app[WRITER].database.read(
        notices.notices, acting_person(request), after, request.app[CLOCK]()
    )
    return NoticesAnswer(
        notices=[
            NoticeAnswer(kind=each.kind, t=each.at, reminded=each.reminded_at, consent=each.consent) for each in found
        ],
        next=None if following is None else str(following),
    )


@routes.post(
    "/v1/consent-reminders",
    summary="Remind those who have not answered a request, once",
    status=201,
    problems=_PROBLEMS,
)
async def remind(request: web.Request, form: TokenForm) -> AcceptedAnswer | ProblemDocument:
    """Take the one reminder; a second is refused. The answer does not tell whom it reached."""
    intake, person = request.app[INTAKE], acting_person(request)
    fresh: set[str] = set()
    taken = await intake.take(form.token, person, REMINDER, told_of(reminders.remind), fresh)
    if isinstance(taken, Rejected):
        return problem_for(taken)
    await deliver(request.app, fresh)
    return AcceptedAnswer(digest=taken.digest, receipt=taken.receipt)
