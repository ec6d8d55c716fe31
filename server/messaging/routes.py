"""`/v1/conversations`: one matter and fixed parties; unread is each person's own."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from protocol.identifiers import ConversationId
from server.audit.wiring import WRITER
from server.http.access import acting_person
from server.http.clock import CLOCK
from server.http.forms import PARSED, Answer, Digest, Instant, Query
from server.http.routes import RouteTable
from server.messaging import reading

routes = RouteTable("messaging")


class ConversationsQuery(Query):
    """Where to go on: the `next` of an earlier answer."""

    cursor: Annotated[ConversationId, PARSED] | None = None


class ConversationAnswer(Answer):
    """One conversation; `latest` are digests of its newest manifests, newest first, for a reply's `after`."""

    conversation: str
    matter: str
    subject: str
    parties: list[str]
    last_t: Instant
    unread: Annotated[int, Field(ge=0)]
    latest: list[Digest]


class ConversationsAnswer(Answer):
    """A page, newest first; `next` is null at the end. There is no total."""

    conversations: list[ConversationAnswer]
    next: str | None


@routes.get("/v1/conversations", summary="The asker's conversations")
async def get_conversations(request: web.Request, query: ConversationsQuery) -> ConversationsAnswer:
    """List conversations that the asker or their units take part in."""
    at = request.app[CLOCK]()
    database = request.app[WRITER].database
    page = await database.read(reading.conversations, acting_person(request), query.cursor, at)
    return ConversationsAnswer(
        conversations=[
            ConversationAnswer(
                conversation=each.conversation.conversation,
                matter=each.conversation.matter,
                subject=each.conversation.subject,
                parties=list(each.conversation.parties),
                last_t=each.last_t,
                unread=each.unread,
                latest=list(each.latest),
            )
            for each in page.conversations
        ],
        next=page.after,
    )
