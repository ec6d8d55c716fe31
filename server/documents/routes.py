"""`/v1/shares`, `/v1/inbox`, `/v1/receive`, `/v1/sent`: sharing under a consent in force, opening with a receipt."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from aiohttp import web

from protocol.identifiers import ShareId, parse_holder
from protocol.statements.base import Refused
from protocol.statements.share import ManifestBody, OpenBody
from server.audit.idempotency import Idempotency
from server.audit.wiring import WRITER
from server.config import SETTINGS
from server.consent.routes import ON_ENDED
from server.documents import (
    bundles,
    content_routes,
    ending,
    hold_routes,
    opening,
    opening_routes,
    reading,
    sharing,
    tidying,
    upload_routes,
)
from server.documents.codec import ANSWERS
from server.documents.content import CONTENT, DirectoryStore
from server.documents.forms import (
    BundleAnswer,
    EnvelopesTold,
    InboxAnswer,
    ItemAnswer,
    OpenForm,
    PageQuery,
    ReachedAnswer,
    ReceiveAnswer,
    ReceiveForm,
    SentAnswer,
    SentItem,
    SharedAnswer,
    ShareForm,
)
from server.documents.handing_in import decoded, refuse_unread, require_room
from server.documents.opening import OPEN, Released, Unreleased
from server.documents.refusals import ALL_PROBLEMS, Denied, language_of, plain, problem_for
from server.documents.sharing import MANIFEST, Given
from server.documents.store import shares
from server.documents.store.lists import Item, Reached, SentShare
from server.documents.upload_routes import BUSY
from server.http.access import acting_person
from server.http.clock import CLOCK
from server.http.idempotency import repeat_key
from server.http.problems import BAD_FIELD, FieldFault, Problem, ProblemDocument
from server.http.routes import RouteTable
from server.identity.access import RELATIONS
from server.identity.intake import INTAKE, Rejected, refuse
from server.identity.publishing import receipts_of

_table = RouteTable("documents")

SHARE_LIMIT = 4 * 1024 * 1024
RECEIVE_LIMIT = 2 * 1024 * 1024
"""Bytes: a share with 22 ciphertexts of 64 KiB and the envelopes of 50 recipients; 200 statements."""


def prepare(app: web.Application) -> None:
    """Take part when a consent ends, tell identity which units know a child, and open the content store."""
    app[RELATIONS].append(shares.is_party)
    app[ON_ENDED].append(ending.on_consent_ended)
    app[BUSY] = set()
    app.cleanup_ctx.append(_content)


async def _content(app: web.Application) -> AsyncIterator[None]:
    """Open the content store, make good what a crash left, and keep tidy while the server runs."""
    settings, writer = app[SETTINGS], app[WRITER]
    content = app[CONTENT] = DirectoryStore(settings.content, settings.reserve)
    await tidying.recover(writer, content)
    tidy = asyncio.create_task(tidying.keep_tidy(writer, content, settings.upload_hours))
    yield
    tidy.cancel()
    with suppress(asyncio.CancelledError):
        await tidy


@_table.post(
    "/v1/shares",
    summary="Share under a consent in force",
    description="The same manifest again is answered again; another one under the same share id is a conflict.",
    status=201,
    problems=ALL_PROBLEMS,
    idempotent=True,
    body_limit=SHARE_LIMIT,
)
async def post_share(request: web.Request, form: ShareForm) -> SharedAnswer | ProblemDocument:
    """Verify, decide, log and keep in one transaction; answer with the receipt."""
    intake, person = request.app[INTAKE], acting_person(request)
    require_room(request)
    given = _given(form)
    try:
        statement = await intake.read(form.manifest, person, MANIFEST)
        sharing.check_given(statement.body, given)
    except Refused as refusal:
        return await refuse_unread(request, ManifestBody.kind, refusal)
    key = repeat_key(request)
    idempotency = None if key is None else Idempotency(person, key.key, key.digest, ANSWERS)
    outcome = await intake.writer.submit(sharing.share, statement, given, idempotency=idempotency)
    if isinstance(outcome.result, Rejected | Denied):
        return problem_for(outcome.result, language_of(request))
    receipts = outcome.receipts or await receipts_of(intake.writer, [outcome.result.leaf_index])
    return SharedAnswer(share=statement.body.share, receipt=receipts[0])


@_table.get("/v1/inbox", summary="What waits for the asker and their units")
async def get_inbox(request: web.Request, query: PageQuery) -> InboxAnswer:
    """List without opening anything: looking here leaves no trace and tells no content."""
    database, at = request.app[WRITER].database, request.app[CLOCK]()
    page = await database.read(reading.inbox, acting_person(request), query.cursor, at)
    return InboxAnswer(items=[_item(each) for each in page.items], next=page.after)


@_table.post(
    "/v1/receive",
    summary="Receive sealed headers, one signed statement and one log entry each",
    problems=ALL_PROBLEMS,
    body_limit=RECEIVE_LIMIT,
)
async def receive(request: web.Request, form: ReceiveForm) -> ReceiveAnswer:
    """Release header envelopes in the order asked; each is answered by itself."""
    intake, person = request.app[INTAKE], acting_person(request)
    read: list[Any] = []
    for token in form.statements:
        try:
            read.append(await intake.read(token, person, OPEN))
        except Refused as refusal:
            told = await intake.writer.submit(refuse, person, OpenBody.kind, None, refusal)
            read.append(Unreleased(None, told.result))
    outcome = await intake.writer.submit(opening.receive, read)
    released = [each for each in outcome.result if isinstance(each, Released)]
    built = iter(await bundles.build(intake.writer, released))
    language = language_of(request)
    return ReceiveAnswer(
        results=[
            {"share": each.statement.body.share, "bundle": next(built).to_json()}
            if isinstance(each, Released)
            else _unreleased(each, language)
            for each in outcome.result
        ]
    )


@_table.post(
    "/v1/shares/{share}/open",
    summary="Open, reopen, or open one's own copy",
    description="The statement is logged before the envelope leaves. An answer is given once: sign anew to open again.",
    problems=ALL_PROBLEMS,
)
async def open_share(request: web.Request, share: ShareId, form: OpenForm) -> BundleAnswer | ProblemDocument:
    """Release the body envelope with everything that the reader must verify."""
    intake = request.app[INTAKE]
    try:
        statement = await intake.read(form.statement, acting_person(request), OPEN)
    except Refused as refusal:
        return await refuse_unread(request, OpenBody.kind, refusal)
    outcome = await intake.writer.submit(opening.open_share, statement, share)
    if not isinstance(outcome.result, Released):
        return problem_for(outcome.result, language_of(request))
    [bundle] = await bundles.build(intake.writer, [outcome.result])
    return BundleAnswer(bundle=bundle.to_json())


@_table.get("/v1/sent", summary="What the asker and their units have sent")
async def get_sent(request: web.Request, query: PageQuery) -> SentAnswer:
    """List what was sent, who has received and opened it, and what was withdrawn."""
    database, at = request.app[WRITER].database, request.app[CLOCK]()
    page = await database.read(reading.sent, acting_person(request), query.cursor, at)
    return SentAnswer(items=[_sent(each, reached) for each, reached in page.items], next=page.after)


def _given(form: ShareForm) -> Given:
    envelopes = {}
    for each in form.envelopes:
        envelopes[parse_holder(each.to), each.own] = (
            decoded("/envelopes", each.header),
            decoded("/envelopes", each.body),
        )
    if len(envelopes) != len(form.envelopes):
        raise Problem(ProblemDocument(BAD_FIELD, fields=(FieldFault("/envelopes", "the same recipient twice"),)))
    parts = {name: decoded("/parts", text) for name, text in form.parts.items()}
    return Given(parts, form.uploads, envelopes, form.hold)


def _unreleased(each: Unreleased, language: str) -> dict[str, Any]:
    if isinstance(each.no, Denied):
        told = {"reason": each.no.reason, "rule": each.no.rule, "detail": plain(each.no.reason, language)}
    else:
        told = {"reason": each.no.code, "rule": None, "detail": each.no.why or None}
    return {"share": each.share, **told}


def _item(item: Item) -> ItemAnswer:
    return ItemAnswer(
        share=item.share,
        sender=item.sender,
        unit=item.unit,
        to=item.to,
        own=item.own,
        subject=item.subject,
        matter=item.matter,
        conversation=item.conversation,
        urgency=item.urgency,
        t=item.t,
        received=item.received_at is not None,
        opened=item.opened_at is not None,
        withdrawn=item.withdrawn,
        envelopes=EnvelopesTold(header=item.header, body=item.body),
    )


def _sent(each: SentShare, reached: list[Reached]) -> SentItem:
    told = {name: getattr(each, name) for name in SentShare._fields if name != "leaf_index"}
    return SentItem(
        **told,
        recipients=[
            ReachedAnswer(
                to=one.to,
                received=one.received_at,
                received_by=one.received_by,
                opened=one.opened_at,
                opened_by=one.opened_by,
                withdrawn=one.withdrawn,
            )
            for one in reached
        ],
    )


routes = (*_table, *upload_routes.routes, *content_routes.routes, *hold_routes.routes, *opening_routes.routes)
"""Every route of this package."""
