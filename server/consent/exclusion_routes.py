"""`/v1/exclusions` and `/v1/units/{unit}/restricted`: who is kept out, and the mailboxes that are without somebody."""

from collections.abc import Iterable
from typing import Annotated

from aiohttp import web
from pydantic import Field

from keys.encoding import encode
from protocol.identifiers import PersonId, SubjectId, UnitId
from server.audit.wiring import WRITER
from server.consent import exclusions
from server.consent.delivery import deliver
from server.consent.exclusions import PROBLEMS, WORDS
from server.http.access import acting_person
from server.http.clock import CLOCK
from server.http.forms import PARSED, Answer, Query
from server.http.problems import NOT_FOUND, ProblemDocument, unknown
from server.http.routes import RouteTable
from server.identity import restricted
from server.identity.access import CLOSINGS
from server.identity.forms import AcceptedAnswer, LoggedAnswer, StatementsAnswer, TokenForm
from server.identity.intake import INTAKE, Rejected
from server.identity.publishing import publish
from server.identity.refusals import beside, problem_of

routes = RouteTable("exclusions")

_PROBLEMS = (*beside(PROBLEMS), NOT_FOUND)


def prepare(app: web.Application) -> None:
    """Let nobody see the sheet of a child out of whose matters they are kept."""
    app[CLOSINGS].append(exclusions.is_kept_out)


class SubjectQuery(Query):
    """Around which child."""

    subject: Annotated[SubjectId, PARSED]


class ExclusionsQuery(SubjectQuery):
    """Around which child; `cursor` is a `next` of an earlier answer to the same question."""

    cursor: Annotated[str, Field(pattern="^(0|[1-9][0-9]{0,15})$")] | None = None


class ExclusionsAnswer(Answer):
    """A page of the words that keep somebody out now, as far as the asker may know of them, in the log's order."""

    statements: list[LoggedAnswer]
    next: str | None


class RestrictedSeed(Answer):
    """A sealed seed under its epoch's number in the mailbox that is without these persons."""

    without: list[str]
    number: int
    sealed: str


class RestrictedAnswer(Answer):
    """The unit's mailboxes without somebody that the asker reads, and for a custodian those that are still to be made.

    `statements` are their epochs, `seeds` those sealed to the asker, `previous` each seed before an epoch, sealed to
    that epoch's key, `wanted` whom a mailbox is to be without.
    """

    statements: list[LoggedAnswer]
    seeds: list[RestrictedSeed]
    previous: list[RestrictedSeed]
    wanted: list[list[str]]


@routes.post(
    "/v1/exclusions",
    summary="Keep somebody out of everything around a child, or end that",
    description="Kinds: exclusion (the family, of staff), person-block (health personnel), keeping-out-end.",
    status=201,
    problems=_PROBLEMS,
)
async def say(request: web.Request, form: TokenForm) -> AcceptedAnswer | ProblemDocument:
    """Take one word; it works at once. The same word again is answered again."""
    app = request.app
    taken = await app[INTAKE].take(form.token, acting_person(request), WORDS, exclusions.say)
    if isinstance(taken, Rejected):
        return exclusions.problem_for(taken, problem_of)
    await deliver(app, [taken.digest], exclusions.to_tell)
    return AcceptedAnswer(digest=taken.digest, receipt=taken.receipt)


@routes.get("/v1/exclusions", summary="Who is kept out around a child, for those who may know")
async def list_exclusions(request: web.Request, query: ExclusionsQuery) -> ExclusionsAnswer:
    """List the words that hold; to everybody else the list is as empty as for a child that is not known here."""
    writer, at = request.app[WRITER], request.app[CLOCK]()
    after = -1 if query.cursor is None else int(query.cursor)
    rows, following = await writer.database.read(exclusions.listed, acting_person(request), query.subject, after, at)
    published = await publish(writer, rows)
    return ExclusionsAnswer(
        statements=[LoggedAnswer(token=each.token, receipt=each.receipt) for each in published],
        next=None if following is None else str(following),
    )


@routes.get("/v1/exclusions/mailboxes", summary="Which restricted mailboxes to seal to for a child")
async def list_mailboxes(request: web.Request, query: SubjectQuery) -> StatementsAnswer:
    """Give the epochs that take the place of units' own for a child; one that is not there yet is not here."""
    writer, at = request.app[WRITER], request.app[CLOCK]()
    rows = await writer.database.read(exclusions.mailboxes_for, acting_person(request), query.subject, at)
    published = await publish(writer, rows)
    return StatementsAnswer(statements=[LoggedAnswer(token=each.token, receipt=each.receipt) for each in published])


@routes.get("/v1/units/{unit}/restricted", summary="A unit's mailboxes without somebody, for those who read there")
async def get_restricted(request: web.Request, unit: UnitId) -> RestrictedAnswer | ProblemDocument:
    """Give a member what opens them."""
    writer, at, person = request.app[WRITER], request.app[CLOCK](), acting_person(request)
    found = await writer.database.read(restricted.lines_of, unit, person, at)
    if found is None:
        return unknown()
    wanted = await writer.database.read(exclusions.wanted, person, unit, at)
    published = await publish(writer, found.statements)
    return RestrictedAnswer(
        statements=[LoggedAnswer(token=each.token, receipt=each.receipt) for each in published],
        seeds=_seeds(found.seeds),
        previous=_seeds(found.previous),
        wanted=[list(without) for without in wanted],
    )


def _seeds(found: Iterable[tuple[tuple[PersonId, ...], int, bytes]]) -> list[RestrictedSeed]:
    return [RestrictedSeed(without=list(each), number=number, sealed=encode(sealed)) for each, number, sealed in found]
