"""`/v1/shields` and `/v1/shield-statements`: asked for, decided, told, ended, and listed to those who may know."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from protocol.identifiers import SubjectId
from server.audit.wiring import WRITER
from server.consent import shields
from server.consent.shields import PROBLEMS, SHIELDS
from server.http.access import acting_person
from server.http.clock import CLOCK
from server.http.forms import PARSED, Answer, Query
from server.http.problems import NOT_FOUND, ProblemDocument
from server.http.routes import RouteTable
from server.identity.access import RELATIONS
from server.identity.forms import AcceptedAnswer, LoggedAnswer, TokenForm
from server.identity.intake import INTAKE, Rejected
from server.identity.publishing import publish
from server.identity.refusals import beside, problem_of

routes = RouteTable("shields")

_PROBLEMS = (*beside(PROBLEMS), NOT_FOUND)


def prepare(app: web.Application) -> None:
    """Let whoever is asked to decide see the child's sheet."""
    app[RELATIONS].append(shields.is_asked)


class ShieldsQuery(Query):
    """Whose shields; `cursor` is a `next` of an earlier answer to the same question."""

    subject: Annotated[SubjectId, PARSED]
    cursor: Annotated[str, Field(pattern="^(0|[1-9][0-9]{0,15})$")] | None = None


class ShieldsAnswer(Answer):
    """A page of the words on the shields of the matters that the asker may know of, in the log's order."""

    statements: list[LoggedAnswer]
    next: str | None


@routes.post(
    "/v1/shield-statements",
    summary="Ask that a matter be hidden, decide on it, confirm being told, end it",
    description="Asking hides at once. The same word again is answered again.",
    status=201,
    problems=_PROBLEMS,
)
async def say(request: web.Request, form: TokenForm) -> AcceptedAnswer | ProblemDocument:
    """Take one person's word."""
    intake, person = request.app[INTAKE], acting_person(request)
    taken = await intake.take(form.token, person, SHIELDS, shields.say)
    if isinstance(taken, Rejected):
        return shields.problem_for(taken, problem_of)
    return AcceptedAnswer(digest=taken.digest, receipt=taken.receipt)


@routes.get("/v1/shields", summary="What is hidden around a child, for those who may know")
async def list_shields(request: web.Request, query: ShieldsQuery) -> ShieldsAnswer:
    """List the words on shields; to everybody else the list is as empty as for a child that is not known here."""
    writer, at = request.app[WRITER], request.app[CLOCK]()
    after = -1 if query.cursor is None else int(query.cursor)
    rows, following = await writer.database.read(shields.listed, acting_person(request), query.subject, after, at)
    published = await publish(writer, rows)
    return ShieldsAnswer(
        statements=[LoggedAnswer(token=each.token, receipt=each.receipt) for each in published],
        next=None if following is None else str(following),
    )
