"""`/v1/consents` and `/v1/consent-statements`: asked for, said, and listed to those who may know."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from protocol.identifiers import ConsentId, MatterId, SubjectId
from protocol.identity import Logged
from server.audit.access import LOG_ACCESS
from server.audit.log import LogHalted
from server.audit.wiring import WRITER
from server.consent import actions, listing, notices, waiting
from server.consent.actions import REQUEST, SAID, OnEnded
from server.consent.delivery import deliver, told_of
from server.consent.log_access import ConcernedPersons
from server.consent.recording import TOLD
from server.consent.refusals import PROBLEMS, problem_for
from server.http.access import acting_person
from server.http.clock import CLOCK
from server.http.forms import PARSED, Answer, Digest, Query
from server.http.problems import NOT_FOUND, REFUSED, ProblemDocument, unknown
from server.http.routes import Replied, RouteTable
from server.identity.access import RELATIONS
from server.identity.forms import AcceptedAnswer, LoggedAnswer, TokenForm
from server.identity.intake import INTAKE, Rejected
from server.identity.publishing import publish
from server.identity.refusals import beside

routes = RouteTable("consent")

ON_ENDED: web.AppKey[list[OnEnded]] = web.AppKey("on_ended", list)
"""What else happens when a consent ends by somebody's no; packages above append to it in their `prepare`."""

_PROBLEMS = (*beside(PROBLEMS), REFUSED, NOT_FOUND)


def prepare(app: web.Application) -> None:
    """Tell identity who is party to what and the log whom it concerns; packages above take part when a consent ends."""
    app[ON_ENDED] = []
    app[LOG_ACCESS] = ConcernedPersons()
    app[RELATIONS].append(listing.is_party)
    app.cleanup_ctx.append(_waiting)


async def _waiting(app: web.Application) -> AsyncIterator[None]:
    """Carry out the withdrawals that waited for the log before any request is let in."""
    on_ended: list[OnEnded] = app[ON_ENDED]
    await waiting.carry_out(app[INTAKE], on_ended)
    yield


class RequestedAnswer(Answer):
    """The digest of the terms, which names the consent ever after, and the receipt of the request's entry."""

    consent: Digest
    receipt: str


class WaitingAnswer(Answer):
    """A withdrawal (its digest) that is recorded and waits for the log: nothing is shared or opened until then."""

    digest: Digest
    state: Literal["waiting"] = "waiting"


class ConsentAnswer(Answer):
    """One consent: the request with its terms, every word said on it, and the hearings and facts that go with it."""

    consent: Digest
    request: LoggedAnswer
    statements: list[LoggedAnswer]
    hearings: list[LoggedAnswer]
    facts: list[LoggedAnswer]


class ConsentsQuery(Query):
    """Consents on one subject or in one matter; `cursor` is a `next` of an earlier answer to the same question."""

    subject: Annotated[SubjectId, PARSED] | None = None
    matter: Annotated[MatterId, PARSED] | None = None
    cursor: Annotated[str, Field(pattern="^(0|[1-9][0-9]{0,15})$")] | None = None


class ConsentsAnswer(Answer):
    """A page of consents, oldest first; `next` is null at the end. There is no total."""

    consents: list[ConsentAnswer]
    next: str | None


@routes.post("/v1/consents", summary="Ask for a consent", status=201, problems=_PROBLEMS)
async def request_consent(request: web.Request, form: TokenForm) -> RequestedAnswer | ProblemDocument:
    """Lay terms before those whom the law names; the same request again is answered again."""
    intake, person = request.app[INTAKE], acting_person(request)
    fresh: set[str] = set()
    taken = await intake.take(form.token, person, REQUEST, told_of(actions.request), fresh)
    if isinstance(taken, Rejected):
        return problem_for(taken)
    await deliver(request.app, fresh)
    return RequestedAnswer(consent=taken.digest, receipt=taken.receipt)


@routes.post(
    "/v1/consent-statements",
    summary="Sign, refuse, object, confirm notice, withdraw, or record the child's view",
    description="Withdrawing works for the next request on every process. The same word again is answered again.",
    status=201,
    vital=True,
    also={
        202: "A withdrawal, while the log is halted: recorded, not yet in the log. Nothing is shared or opened until "
        "then. `state` is `waiting`, and there is no receipt yet."
    },
    problems=_PROBLEMS,
)
async def say(request: web.Request, form: TokenForm) -> AcceptedAnswer | Replied[WaitingAnswer] | ProblemDocument:
    """Take one person's word; while the log is halted, a withdrawal still."""
    intake, person = request.app[INTAKE], acting_person(request)
    fresh: set[str] = set()
    on_ended: list[OnEnded] = request.app[ON_ENDED]
    said = told_of(partial(actions.say, on_ended=on_ended), TOLD)
    try:
        taken = await intake.take(form.token, person, SAID, said, fresh)
    except LogHalted:
        if not waiting.is_withdrawal(form.token):
            raise
        kept = await waiting.keep(intake, form.token, person, request.app[CLOCK]())
        return (
            problem_for(kept) if isinstance(kept, Rejected) else Replied(WaitingAnswer(digest=kept.digest), status=202)
        )
    if isinstance(taken, Rejected):
        return problem_for(taken)
    await deliver(request.app, fresh, notices.told_of_written)
    return AcceptedAnswer(digest=taken.digest, receipt=taken.receipt)


@routes.get("/v1/consents", summary="Consents that the asker may know of")
async def list_consents(request: web.Request, query: ConsentsQuery) -> ConsentsAnswer:
    """List consents, oldest first."""
    after = -1 if query.cursor is None else int(query.cursor)
    found, following = await request.app[WRITER].database.read(
        listing.listed, acting_person(request), query.subject, query.matter, after, request.app[CLOCK]()
    )
    return ConsentsAnswer(consents=await _answers(request, found), next=None if following is None else str(following))


@routes.get("/v1/consents/{consent}", summary="One consent")
async def get_consent(request: web.Request, consent: ConsentId) -> ConsentAnswer | ProblemDocument:
    """Give one consent by the id in its terms."""
    database, at = request.app[WRITER].database, request.app[CLOCK]()
    found = await database.read(listing.named, acting_person(request), consent, at)
    return unknown() if found is None else (await _answers(request, [found]))[0]


async def _answers(request: web.Request, told: list[listing.Told]) -> list[ConsentAnswer]:
    """Give the consents with every receipt proved against one checkpoint."""
    rows = {row for each in told for row in (each.request, *each.statements, *each.hearings, *each.facts)}
    ordered = sorted(rows, key=lambda row: row[1])
    logged = dict(zip(ordered, await publish(request.app[WRITER], ordered), strict=True))
    return [
        ConsentAnswer(
            consent=each.consent,
            request=_logged(logged[each.request]),
            statements=[_logged(logged[row]) for row in each.statements],
            hearings=[_logged(logged[row]) for row in each.hearings],
            facts=[_logged(logged[row]) for row in each.facts],
        )
        for each in told
    ]


def _logged(logged: Logged) -> LoggedAnswer:
    return LoggedAnswer(token=logged.token, receipt=logged.receipt)
