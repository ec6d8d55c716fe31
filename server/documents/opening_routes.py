"""`/v1/consents/{consent}/openings`: who was given and who opened what, each with the entry that says so."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from protocol.identifiers import ConsentId
from server.audit.wiring import WRITER
from server.documents import openings
from server.http.access import acting_person
from server.http.clock import CLOCK
from server.http.forms import Answer, Query
from server.http.problems import NOT_FOUND, ProblemDocument, unknown
from server.http.routes import RouteTable
from server.identity.forms import LoggedAnswer
from server.identity.publishing import publish

routes = RouteTable("documents")


class OpeningsQuery(Query):
    """Where to go on: the `next` of an earlier answer."""

    cursor: Annotated[str, Field(pattern="^(0|[1-9][0-9]{0,15})$")] | None = None


class OpeningsAnswer(Answer):
    """A page, newest first: each reader's statement with its receipt, and the manifests of what was opened.

    A manifest that names others which the asker may not know of is left out. `next` is null at the end; there is no
    total.
    """

    openings: list[LoggedAnswer]
    manifests: list[LoggedAnswer]
    next: str | None


@routes.get(
    "/v1/consents/{consent}/openings",
    summary="Who received and opened what under a consent",
    description="The family sees all of it, a member of a unit what the unit itself opened.",
    problems=(NOT_FOUND,),
)
async def get_openings(
    request: web.Request, consent: ConsentId, query: OpeningsQuery
) -> OpeningsAnswer | ProblemDocument:
    """List what was released under a consent, without a trace of what the asker may not know of."""
    writer, before = request.app[WRITER], openings.first_page(query.cursor)
    found = await writer.database.read(
        openings.under_consent, acting_person(request), consent, before, request.app[CLOCK]()
    )
    if found is None:
        return unknown()
    logged = [
        LoggedAnswer(token=each.token, receipt=each.receipt)
        for each in await publish(writer, [*found.opened, *found.manifests])
    ]
    return OpeningsAnswer(
        openings=logged[: len(found.opened)],
        manifests=logged[len(found.opened) :],
        next=None if found.after is None else str(found.after),
    )
