"""`/v1/shares/{share}/content`: the ciphertext of one part, to whoever opened the share, decided at each request."""

import asyncio
from typing import BinaryIO

from aiohttp import web

from protocol.identifiers import ShareId
from server.audit.wiring import WRITER
from server.documents.content import CONTENT
from server.documents.downloading import decide_download, log_refused_download
from server.documents.forms import ContentQuery
from server.documents.ranges import Span, Unsatisfiable, parse_range
from server.documents.refusals import language_of, problem_for
from server.documents.store.shares import KeptPart
from server.http import problems
from server.http.access import acting_person
from server.http.clock import CLOCK
from server.http.problems import ProblemDocument
from server.http.routes import RouteTable

routes = RouteTable("content")

_BINARY = "application/octet-stream"


@routes.get(
    "/v1/shares/{share}/content",
    summary="Fetch a ciphertext, or a range of it",
    description="Names the entry of the asker's own opening. Takes one range of bytes; the ETag is the SHA-256.",
    problems=(problems.NOT_FOUND, problems.REFUSED, problems.RANGE_NOT_SATISFIABLE, problems.HALTED),
    also={206: "The range that was asked for"},
    produces=_BINARY,
    deadline=None,
    answer_headers={"Accept-Ranges": "bytes", "ETag": "SHA-256 of the whole ciphertext"},
)
async def fetch(request: web.Request, share: ShareId, query: ContentQuery) -> web.StreamResponse | ProblemDocument:
    """Decide on what the log and the rows say now, then stream in constant memory."""
    writer, person, at = request.app[WRITER], acting_person(request), request.app[CLOCK]()
    if writer.log.halted is not None:
        # The rows may be an old backup's, or a withdrawal may wait beside them: they decide nothing.
        return ProblemDocument(problems.HALTED)
    found = await writer.database.read(decide_download, person, share, query.part, query.entry, at)
    if not isinstance(found, KeptPart):
        await writer.submit(log_refused_download, person, share, query.entry, found)
        return problem_for(found, language_of(request))
    tag = f'"{found.sha256}"'
    fresh = request.headers.get("If-Range", tag) == tag
    span = parse_range(request.headers.get("Range"), found.length) if fresh else None
    if isinstance(span, Unsatisfiable):
        outside = {"Content-Range": f"bytes */{found.length}"}
        return ProblemDocument(problems.RANGE_NOT_SATISFIABLE, headers=outside)
    return await _stream(request, found, tag, span)


async def _stream(request: web.Request, part: KeptPart, tag: str, span: Span | None) -> web.StreamResponse:
    start, length = span or Span(0, part.length)
    headers = {"Accept-Ranges": "bytes", "ETag": tag, "Content-Type": _BINARY, "Content-Length": str(length)}
    if span is not None:
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{part.length}"
    response = web.StreamResponse(status=200 if span is None else 206, headers=headers)
    if part.data is not None or request.method == "HEAD":
        await response.prepare(request)
        if part.data is not None and request.method != "HEAD":
            await response.write(part.data[start : start + length])
    else:
        with await request.app[CONTENT].open(part.sha256) as file:
            await response.prepare(request)
            await _send(request, file, start, length)
    await response.write_eof()
    return response


async def _send(request: web.Request, file: BinaryIO, start: int, length: int) -> None:
    """Let the kernel send what is in the file; where it cannot (TLS), asyncio reads and writes."""
    if request.transport is None:
        raise ConnectionResetError("the client has left")
    sent = await asyncio.get_running_loop().sendfile(request.transport, file, start, length)
    if sent != length:
        # The connection must not go on: what came next would be taken for the rest of the ciphertext.
        raise ConnectionAbortedError("the ciphertext is shorter than it was")
