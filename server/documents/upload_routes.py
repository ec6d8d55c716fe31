"""`/v1/uploads`: tus 1.0 with its extensions creation and termination. Ciphertext comes in here, and nothing else."""

import asyncio
import os
from contextlib import suppress
from typing import Annotated

from aiohttp import web
from pydantic import Field

from protocol.identifiers import UploadId
from server.audit.wiring import WRITER
from server.config import SETTINGS
from server.documents import tidying, uploading
from server.documents.content import CONTENT, ContentStore, OutOfSpace
from server.documents.store import uploads
from server.documents.store.uploads import Upload
from server.http import problems
from server.http.access import acting_person
from server.http.bodies import too_large
from server.http.clock import CLOCK
from server.http.forms import Headers
from server.http.problems import Problem, ProblemDocument, ProblemType, problem, unknown
from server.http.routes import RouteTable
from server.identity.intake import Rejected

routes = RouteTable("uploads")

VERSION = "1.0.0"
PATCH_TYPE = "application/offset+octet-stream"
CHUNK_SECONDS = 30.0
"""How long the next bytes of a running upload may be waited for."""
_BUFFER = 1 << 20
_HEADERS = {"Tus-Resumable": VERSION}

WRONG_OFFSET = ProblemType("wrong-offset", 409, "The upload has come to another offset: ask where with HEAD")
UPLOAD_BUSY = ProblemType("upload-busy", 409, "Another request is writing to this upload")
DIGEST_TAKEN = ProblemType("digest-taken", 409, "This ciphertext is here already")
OVER_QUOTA = ProblemType("over-quota", 413, "Too much is uploaded and not yet shared")
_TUS_VERSION = ProblemType("tus-version", 412, "Uploads speak tus 1.0.0")
_CODES = {kind.code: kind for kind in (DIGEST_TAKEN, OVER_QUOTA)}
_PROBLEMS = (problems.NOT_FOUND, problems.GONE, problems.OUT_OF_SPACE, _TUS_VERSION)

BUSY: web.AppKey[set[str]] = web.AppKey("busy_uploads", set)
"""The uploads that some request is writing to now."""

_Version = Annotated[str | None, Field(alias="Tus-Resumable")]
_DESCRIBED = {"Tus-Resumable": "1.0.0"}


class TusHeaders(Headers):
    """The version of the protocol."""

    version: _Version = None


class CreationHeaders(Headers):
    """How long the ciphertext is, in bytes. Metadata is refused: a file's name is sealed in the body."""

    version: _Version = None
    length: Annotated[int, Field(alias="Upload-Length", ge=1, le=2**53 - 1)]
    metadata: Annotated[str | None, Field(alias="Upload-Metadata", max_length=0)] = None


class PatchHeaders(Headers):
    """Where the bytes belong."""

    version: _Version = None
    offset: Annotated[int, Field(alias="Upload-Offset", ge=0, le=2**53 - 1)]


@routes.post(
    "/v1/uploads",
    summary="Begin an upload of ciphertext",
    status=201,
    problems=(*_PROBLEMS, OVER_QUOTA, problems.TOO_LARGE),
    answer_headers={**_DESCRIBED, "Location": "Where to send the bytes"},
)
async def create(request: web.Request, headers: CreationHeaders) -> web.Response | ProblemDocument:
    """Register an upload within the owner's quota and the room there is."""
    _require_version(headers.version)
    settings, content, owner = request.app[SETTINGS], request.app[CONTENT], acting_person(request)
    longest = settings.file_limit + uploading.SEALING_OVERHEAD
    if headers.length > longest:
        raise too_large(longest)
    _require_room(content, headers.length)
    name = UploadId.of(os.urandom(16))
    outcome = await request.app[WRITER].submit(uploading.register, name, owner, headers.length, settings.quota)
    if isinstance(outcome.result, Rejected):
        return _refused(outcome.result)
    await content.begin(name)
    return web.Response(status=201, headers={**_HEADERS, "Location": f"/v1/uploads/{name}"})


@routes.head(
    "/v1/uploads/{upload}",
    summary="How far an upload has come",
    problems=_PROBLEMS,
    answer_headers={**_DESCRIBED, "Upload-Offset": "Bytes that are here", "Upload-Length": "Bytes in all"},
)
async def head(request: web.Request, upload: UploadId, headers: TusHeaders) -> web.Response | ProblemDocument:
    """Tell the owner where to go on."""
    _require_version(headers.version)
    known = await _own(request, upload)
    offset = await _offset(request.app[CONTENT], known)
    told = {**_HEADERS, "Upload-Offset": str(offset), "Upload-Length": str(known.length)}
    return web.Response(headers=told)


@routes.patch(
    "/v1/uploads/{upload}",
    summary="Send more of an upload",
    status=204,
    problems=(*_PROBLEMS, WRONG_OFFSET, UPLOAD_BUSY, DIGEST_TAKEN, problems.TOO_LARGE, problems.TOO_SLOW),
    consumes=PATCH_TYPE,
    body_limit=2**53,
    deadline=None,
    answer_headers={**_DESCRIBED, "Upload-Offset": "Bytes that are here now"},
)
async def patch(request: web.Request, upload: UploadId, headers: PatchHeaders) -> web.Response | ProblemDocument:
    """Write what arrives; whatever came before a connection broke is kept."""
    _require_version(headers.version)
    known, busy = await _own(request, upload), request.app[BUSY]
    if upload in busy:
        raise problem(UPLOAD_BUSY, **_headers())
    busy.add(upload)
    try:
        offset = await _offset(request.app[CONTENT], known)
        if offset != headers.offset:
            raise problem(WRONG_OFFSET, **_headers())
        if offset + (request.content_length or 0) > known.length:
            raise too_large(known.length - offset)
        if known.sha256 is None:
            offset = await _write(request, known, offset)
            if offset == known.length and (no := await _complete(request, known)) is not None:
                return _refused(no)
    except OutOfSpace as fault:
        raise problem(problems.OUT_OF_SPACE, **_headers()) from fault
    finally:
        busy.discard(upload)
    return web.Response(status=204, headers={**_HEADERS, "Upload-Offset": str(offset)})


@routes.delete("/v1/uploads/{upload}", summary="Give an upload up", status=204, problems=_PROBLEMS)
async def delete(request: web.Request, upload: UploadId, headers: TusHeaders) -> web.Response | ProblemDocument:
    """Delete an upload that no share has taken."""
    _require_version(headers.version)
    if upload in request.app[BUSY]:
        raise problem(UPLOAD_BUSY, **_headers())
    outcome = await request.app[WRITER].submit(uploading.discard, upload, acting_person(request))
    if outcome.result is None:
        return unknown()
    await tidying.remove_file(request.app[CONTENT], outcome.result)
    return web.Response(status=204, headers=_HEADERS)


async def _own(request: web.Request, name: UploadId) -> Upload:
    known = await request.app[WRITER].database.read(uploads.upload, name)
    if known is None or known.owner != acting_person(request):
        raise Problem(unknown())
    if uploading.is_stale(known, request.app[CLOCK](), request.app[SETTINGS].upload_hours):
        raise problem(problems.GONE)
    return known


async def _offset(content: ContentStore, known: Upload) -> int:
    if known.sha256 is not None:
        return known.length
    arrived = await content.arrived(known.upload)
    if arrived is None:
        # Registered, and then the server stopped before there was a file.
        await content.begin(known.upload)
        return 0
    return arrived


async def _write(request: web.Request, known: Upload, offset: int) -> int:
    """Write the body at an offset, in constant memory, and give the offset after it."""
    content, buffer = request.app[CONTENT], bytearray()
    _require_room(content, known.length - offset)
    try:
        while True:
            async with asyncio.timeout(CHUNK_SECONDS):
                chunk = await request.content.readany()
            if not chunk:
                break
            if offset + len(buffer) + len(chunk) > known.length:
                raise too_large(known.length)
            buffer += chunk
            if len(buffer) >= _BUFFER:
                full, buffer = bytes(buffer), bytearray()
                await content.append(known.upload, offset, full)
                offset += len(full)
        await content.append(known.upload, offset, bytes(buffer))
        offset += len(buffer)
        buffer = bytearray()
    except TimeoutError as fault:
        raise problem(problems.TOO_SLOW) from fault
    finally:
        with suppress(OutOfSpace, OSError):
            if buffer:
                await content.append(known.upload, offset, bytes(buffer))
            await content.sync(known.upload)
    return offset


async def _complete(request: web.Request, known: Upload) -> Rejected | None:
    content = request.app[CONTENT]
    digest = await content.digest(known.upload)
    await content.sync(known.upload)
    outcome = await request.app[WRITER].submit(uploading.complete, known, digest)
    if isinstance(outcome.result, Rejected):
        await content.discard(known.upload)
        return outcome.result
    await content.finish(known.upload, digest)
    return None


def _require_version(version: str | None) -> None:
    if version != VERSION:
        raise problem(_TUS_VERSION, Tus_Version=VERSION)


def _require_room(content: ContentStore, more: int) -> None:
    try:
        content.require_room(more)
    except OutOfSpace as fault:
        raise problem(problems.OUT_OF_SPACE, **_headers()) from fault


def _headers() -> dict[str, str]:
    return {name.replace("-", "_"): value for name, value in _HEADERS.items()}


def _refused(no: Rejected) -> ProblemDocument:
    return ProblemDocument(_CODES[no.code], no.why, headers=_HEADERS)
