"""`/v1/log`: checkpoints and proofs for everybody, receipts for those concerned, entries for supervisors."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Self

from aiohttp import web
from pydantic import Field

from keys import encoding
from protocol.identifiers import BadIdentifier, Identifier, Instant, MatterId, SubjectId
from protocol.log import receipt
from protocol.log.export import Header
from protocol.log.tiles import HIGHEST_LEVEL, WIDTH
from server.audit import actions, cosignatures, store
from server.audit.access import LOG_ACCESS, ActorsOnly
from server.audit.actions import ExportAsked, ExportRefused, ReceiptAsked
from server.audit.wiring import WRITER
from server.audit.writer import Writer
from server.http.access import Access, acting_person
from server.http.clock import CLOCK
from server.http.forms import PARSED, Answer, Form, Number, Query
from server.http.problems import NOT_FOUND, REFUSED, ProblemDocument, refused, unknown
from server.http.routes import RouteTable

routes = RouteTable("log")

MOST_CHECKPOINTS = 1000
_NOT_A_SUPERVISOR = "Only a supervisor with a mandate that has not ended may export the log."


def prepare(app: web.Application) -> None:
    """Let everybody read what they did themselves, until somebody who knows the persons decides instead."""
    app[LOG_ACCESS] = ActorsOnly()


class LeafIndex(Identifier):
    """The place of an entry in the log, in decimal."""

    __slots__ = ()
    pattern = "^(0|[1-9][0-9]{0,15})$"

    @classmethod
    def parse(cls, text: object) -> Self:
        """Take a whole number in its one spelling.

        Raises:
            BadIdentifier: any other value.
        """
        if not isinstance(text, str) or not text.isascii() or not text.isdecimal() or text != str(int(text[:17])):
            raise BadIdentifier("an index is a whole number")
        return cls(text)


class ConsistencyQuery(Query):
    """Two sizes of the log, the earlier first."""

    old: Annotated[int, Field(ge=1, le=2**53 - 1)]
    new: Annotated[int, Field(ge=1, le=2**53 - 1)]


class Consistency(Answer):
    """A proof by RFC 9162 §2.1.4, each hash in base64url."""

    old: Number
    new: Number
    proof: list[str]


class CheckpointsQuery(Query):
    """Checkpoints of sizes above `after`."""

    after: Number = 0
    limit: Annotated[int, Field(ge=1, le=MOST_CHECKPOINTS)] = 100


class Checkpoints(Answer):
    """Published checkpoints as signed notes, smallest first; `after` continues, null at the end."""

    checkpoints: list[str]
    after: Number | None


class TileQuery(Query):
    """A full tile of hashes (C2SP tlog-tiles): its level, and its number there."""

    level: Annotated[int, Field(ge=0, le=HIGHEST_LEVEL)]
    number: Annotated[int, Field(ge=0, le=2**45)]


class ReceiptQuery(Query):
    """How many witnesses must have cosigned the checkpoint of the receipt; 0 asks for the latest checkpoint."""

    witnesses: Annotated[int, Field(ge=0, le=32)] = 0


class ExportForm(Form):
    """The case's reference, and whose entries are to be disclosed: of nobody named, all."""

    case: Annotated[str, Field(pattern="^[A-Za-z0-9_.:/§+-]{1,100}$")]
    subjects: Annotated[tuple[Annotated[SubjectId, PARSED], ...], Field(max_length=100)] = ()
    matters: Annotated[tuple[Annotated[MatterId, PARSED], ...], Field(max_length=100)] = ()


@routes.get(
    "/v1/log/checkpoint",
    summary="The latest signed checkpoint",
    who=Access.PUBLIC,
    problems=(NOT_FOUND,),
    produces="text/plain",
)
async def checkpoint(request: web.Request) -> web.Response | ProblemDocument:
    """Give the note, so that anybody can pin it and witnesses can cosign it."""
    note = await request.app[WRITER].database.read(actions.latest_checkpoint)
    return unknown() if note is None else web.Response(text=note, content_type="text/plain", charset="utf-8")


@routes.get(
    "/v1/log/consistency", summary="Prove that the log has only grown", who=Access.PUBLIC, problems=(NOT_FOUND,)
)
async def consistency(request: web.Request, query: ConsistencyQuery) -> Consistency | ProblemDocument:
    """Prove that the log at one size is the beginning of the log at another."""
    writer = request.app[WRITER]
    await actions.keep_up(writer)
    proof = actions.prove_consistency(writer.log, query.old, query.new)
    if proof is None:
        return unknown()
    return Consistency(old=query.old, new=query.new, proof=[encoding.encode(node) for node in proof])


@routes.get("/v1/log/checkpoints", summary="Earlier checkpoints")
async def checkpoints(request: web.Request, query: CheckpointsQuery) -> Checkpoints:
    """List every checkpoint that was ever published."""
    found = await request.app[WRITER].database.read(store.checkpoints, query.after, query.limit)
    after = found[-1][0] if len(found) == query.limit else None
    return Checkpoints(checkpoints=[note for _, note in found], after=after)


@routes.get(
    "/v1/log/tile",
    summary="A full tile of hashes",
    who=Access.PUBLIC,
    problems=(NOT_FOUND,),
    produces="application/octet-stream",
)
async def tile(request: web.Request, query: TileQuery) -> web.Response | ProblemDocument:
    """Give 256 hashes; what is not full yet is not there yet."""
    hashes = await request.app[WRITER].database.read(store.full_tile, query.level, query.number)
    if hashes is None:
        return unknown()
    caching = {"Cache-Control": "public, max-age=31536000, immutable"}
    return web.Response(body=hashes, content_type="application/octet-stream", headers=caching)


@routes.get("/v1/log/receipts/{index}", summary="The receipt of an entry", produces="text/plain")
async def find_receipt(request: web.Request, index: LeafIndex, query: ReceiptQuery) -> web.Response | ProblemDocument:
    """Give a receipt to those whom the entry concerns: at the present checkpoint, or at one that witnesses cosigned."""
    writer = request.app[WRITER]
    await actions.keep_up(writer)
    asked = ReceiptAsked(acting_person(request), int(index), query.witnesses)
    access, at = request.app[LOG_ACCESS], request.app[CLOCK]()
    found = await writer.database.read(actions.find_receipt, writer.log, access, asked, at)
    return unknown() if found is None else web.Response(text=found, content_type="text/plain", charset="utf-8")


@routes.post(
    "/v1/log/export",
    summary="Export the log to a supervisor",
    description=(
        "Logged with the case's reference, also when refused. Answers JSON lines: one `export` (with `checkpoint` and "
        "`receipt`), then `checkpoint` for each earlier one, then for each tile `entries` and a `disclosure` for each "
        "entry asked for, and last an `end`, without which the export is not whole."
    ),
    problems=(REFUSED,),
    deadline=None,
    produces="application/jsonl",
)
async def export(request: web.Request, form: ExportForm) -> web.StreamResponse | ProblemDocument:
    """Stream everything that it takes to judge the log without this server, in constant memory."""
    asked = ExportAsked(form.case, frozenset(form.subjects), frozenset(form.matters))
    writer, person = request.app[WRITER], acting_person(request)
    outcome = await writer.submit(actions.export, request.app[LOG_ACCESS], person, asked)
    if isinstance(outcome.result, ExportRefused):
        return refused(outcome.result.reason, _NOT_A_SUPERVISOR)
    response = web.StreamResponse(headers={"Content-Type": "application/jsonl"})
    await response.prepare(request)
    async for lines in _exported(writer, asked, outcome.result.at, outcome.receipts[0]):
        await response.write(lines)
    return response


async def _exported(writer: Writer, asked: ExportAsked, made: Instant, granted: str) -> AsyncIterator[bytes]:
    database, log = writer.database, writer.log
    note = receipt.parse(granted).checkpoint
    size = log.key.open(note).size
    header = json.loads(Header(log.origin, size, made, asked.case).to_bytes())
    lines = await database.read(cosignatures.lines)
    yield _line({"export": header, "checkpoint": note.decode() + lines.get(size, ""), "receipt": granted})
    after = -1
    while found := await database.read(actions.checkpoints_between, after, size, MOST_CHECKPOINTS):
        yield b"".join(_line({"checkpoint": {"note": note + lines.get(at, "")}}) for at, note in found)
        after = found[-1][0]
    for number in range((size + WIDTH - 1) // WIDTH):
        entries = await database.read(actions.entries_tile, number, size)
        yield _line({"entries": {"tile": number, "entries": [encoding.encode(entry) for entry in entries]}})
        yield b"".join(await database.read(actions.disclosures, log, asked, number, size))
    yield _line({"end": {"size": size}})


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
