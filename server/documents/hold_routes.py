"""`/v1/holds`: drafts that wait, sealed, for a complete consent."""

from aiohttp import web

from keys.encoding import encode
from protocol.identifiers import ShareId
from protocol.statements.base import Refused
from protocol.statements.share import HoldBody, OpenBody
from server.audit.idempotency import Idempotency
from server.audit.wiring import WRITER
from server.documents import holding
from server.documents.codec import ANSWERS
from server.documents.content import CONTENT
from server.documents.forms import DraftAnswer, HoldForm, HoldsAnswer, HoldTold, OpenForm, SharedAnswer
from server.documents.handing_in import decoded, refuse_unread, require_room
from server.documents.holding import HOLD, Draft, Returned
from server.documents.opening import OPEN
from server.documents.refusals import ALL_PROBLEMS, Denied, language_of, problem_for
from server.documents.store.holds import Hold
from server.http.access import acting_person
from server.http.clock import CLOCK
from server.http.idempotency import repeat_key
from server.http.problems import ProblemDocument, unknown
from server.http.routes import RouteTable
from server.identity.intake import INTAKE, Rejected
from server.identity.publishing import receipts_of

routes = RouteTable("holds")

HOLD_LIMIT = 2 * 1024 * 1024 + 262_144


@routes.post(
    "/v1/holds",
    summary="Put a sealed draft aside until its consent is complete",
    status=201,
    problems=ALL_PROBLEMS,
    idempotent=True,
    body_limit=HOLD_LIMIT,
)
async def post_hold(request: web.Request, form: HoldForm) -> SharedAnswer | ProblemDocument:
    """Keep a draft and its ciphertexts for its author or the author's unit; nothing is sent."""
    intake, person = request.app[INTAKE], acting_person(request)
    require_room(request)
    parts = {name: decoded("/parts", text) for name, text in form.parts.items()}
    draft = Draft(decoded("/draft", form.draft), parts, form.uploads)
    try:
        statement = await intake.read(form.hold, person, HOLD)
    except Refused as refusal:
        return await refuse_unread(request, HoldBody.kind, refusal)
    key = repeat_key(request)
    idempotency = None if key is None else Idempotency(person, key.key, key.digest, ANSWERS)
    outcome = await intake.writer.submit(holding.hold, statement, draft, idempotency=idempotency)
    if isinstance(outcome.result, Rejected | Denied):
        return problem_for(outcome.result, language_of(request))
    receipts = outcome.receipts or await receipts_of(intake.writer, [outcome.result.leaf_index])
    return SharedAnswer(share=statement.body.share, receipt=receipts[0])


@routes.get("/v1/holds", summary="Drafts that the asker may release")
async def get_holds(request: web.Request) -> HoldsAnswer:
    """List what the asker, or a unit of theirs, has put aside."""
    at = request.app[CLOCK]()
    found = await request.app[WRITER].database.read(holding.listed, acting_person(request), at)
    return HoldsAnswer(holds=[_told(each) for each in found])


@routes.post("/v1/holds/{share}/open", summary="Open a held draft", problems=ALL_PROBLEMS)
async def open_hold(request: web.Request, share: ShareId, form: OpenForm) -> DraftAnswer | ProblemDocument:
    """Give the sealed draft back, logged; a statement opens it once."""
    intake = request.app[INTAKE]
    try:
        statement = await intake.read(form.statement, acting_person(request), OPEN)
    except Refused as refusal:
        return await refuse_unread(request, OpenBody.kind, refusal)
    outcome = await intake.writer.submit(holding.open_draft, statement, share)
    if not isinstance(outcome.result, Returned):
        return problem_for(outcome.result, language_of(request))
    parts = {name: encode(data) for name, data in outcome.result.parts.items()}
    return DraftAnswer(draft=encode(outcome.result.sealed), parts=parts, receipt=outcome.receipts[0])


@routes.delete("/v1/holds/{share}", summary="Throw a held draft away", status=204)
async def delete_hold(request: web.Request, share: ShareId) -> ProblemDocument | None:
    """End a hold unsent; its ciphertexts are deleted."""
    outcome = await request.app[WRITER].submit(holding.give_up, share, acting_person(request))
    if outcome.result is None:
        return unknown()
    for digest in outcome.result:
        await request.app[CONTENT].delete(digest)
    return None


def _told(hold: Hold) -> HoldTold:
    return HoldTold(
        share=hold.share,
        author=hold.author,
        unit=hold.unit,
        subject=hold.subject,
        matter=hold.matter,
        consents=list(hold.consents),
        to=list(hold.to),
        draft=hold.draft_digest,
        t=hold.t,
        not_after=hold.not_after,
    )
