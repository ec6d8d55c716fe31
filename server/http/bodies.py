"""Reading what a request sends: parameters, headers and JSON bodies, into the frozen types that a route names."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from pydantic import TypeAdapter, ValidationError

from protocol.identifiers import BadIdentifier
from server.http import problems
from server.http.problems import FieldFault, Problem, ProblemDocument, problem, unknown
from server.http.reading import BadJson, read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aiohttp import web
    from multidict import MultiMapping

    from protocol.identifiers import Identifier
    from server.http.routes import Parameters, Route

JSON = "application/json"
URL_ENCODED = "application/x-www-form-urlencoded"

BODY_SECONDS = 20.0
"""How long a JSON body may take to arrive."""

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,15})")
_WORDS = {"true": True, "false": False}


def read_path(request: web.Request, parameters: Mapping[str, type[Identifier]]) -> dict[str, Identifier]:
    """Parse what the path names.

    Raises:
        Problem: it is no identifier, so nothing has that name.
    """
    try:
        return {name: kind.parse(request.match_info[name]) for name, kind in parameters.items()}
    except BadIdentifier as fault:
        raise Problem(unknown()) from fault


def read_query(request: web.Request, parameters: Parameters | None) -> Any:
    """Parse the query; a route without a `query` takes none.

    Raises:
        Problem: an unknown, repeated, missing or unacceptable parameter.
    """
    sent = request.query
    if parameters is None:
        if sent:
            raise _bad_fields(FieldFault(name, "unknown parameter") for name in sorted(set(sent)))
        return None
    return _parameters(sent, sorted(set(sent)), parameters)


def read_headers(request: web.Request, parameters: Parameters | None) -> Any:
    """Parse the headers that a route names; others are none of its business.

    Raises:
        Problem: a repeated, missing or unacceptable one.
    """
    if parameters is None:
        return None
    return _parameters(request.headers, [name for name in parameters.kinds if name in request.headers], parameters)


async def read_form(request: web.Request, route: Route) -> tuple[bytes, Any]:
    """Read and parse a body, JSON or URL-encoded; gives its bytes too, which an idempotency key is bound to.

    Raises:
        Problem: of another type, too large, too slow, not well formed, or with unacceptable fields.
    """
    media_type = route.consumes or JSON
    assert_type(request, media_type)
    raw = await read_bytes(request, route.body_limit)
    form = route.form or TypeAdapter(None)
    if media_type == URL_ENCODED:
        return raw, validated(form, json.dumps(_pairs(raw)).encode())
    try:
        # The form reads the bytes again: its own reader makes dates, enums and tuples, ours refuses what it lets pass.
        read_json(raw)
    except BadJson as fault:
        raise problem(problems.BAD_JSON, str(fault)) from fault
    return raw, validated(form, raw)


def assert_type(request: web.Request, media_type: str) -> None:
    """Refuse a body of another media type, or one that is compressed.

    Raises:
        Problem: 415.
    """
    charset = request.charset
    if request.content_type != media_type or (charset or "utf-8").lower() != "utf-8":
        raise problem(problems.UNSUPPORTED_MEDIA_TYPE, f"Send {media_type}.", Accept=media_type)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        # A few kilobytes of gzip can unfold to gigabytes.
        raise problem(problems.UNSUPPORTED_MEDIA_TYPE, "Send the body uncompressed.")


async def read_bytes(request: web.Request, limit: int) -> bytes:
    """Read a whole body of at most `limit` bytes.

    Raises:
        Problem: larger, or not there in time.
    """
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    if request.content.is_eof():
        # A small body comes with its head: there is nothing to wait for, and no clock to set.
        return _within(limit, request.content.read_nowait())
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.content.iter_any():
                size += len(chunk)
                if size > limit:
                    raise too_large(limit)
                chunks.append(chunk)
    except TimeoutError as fault:
        raise problem(problems.TOO_SLOW) from fault
    return b"".join(chunks)


def _within(limit: int, raw: bytes) -> bytes:
    if len(raw) > limit:
        raise too_large(limit)
    return raw


def too_large(limit: int) -> Problem:
    """Say how much a route accepts."""
    return problem(problems.TOO_LARGE, f"At most {limit} bytes are accepted here.")


def validated(form: TypeAdapter[Any], raw: bytes) -> Any:
    """Make the form from JSON bytes.

    Raises:
        Problem: 422 with every field that is missing, unknown or not acceptable.
    """
    try:
        return form.validate_json(raw)
    except ValidationError as fault:
        # Never the value itself: it may be what must not be written in an answer or a log.
        faults = fault.errors(include_url=False, include_input=False, include_context=False)
        raise _bad_fields(FieldFault(_pointer(each["loc"]), each["msg"]) for each in faults) from None


def _pairs(raw: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError as fault:
        raise problem(problems.BAD_REQUEST, "The body is not URL-encoded.") from fault
    told = dict(pairs)
    if len(told) != len(pairs):
        raise problem(problems.BAD_REQUEST, "A parameter is given more than once.")
    return told


def _parameters(sent: MultiMapping[str], names: Iterable[str], parameters: Parameters) -> Any:
    values = {}
    for name in names:
        texts = sent.getall(name)
        if len(texts) > 1:
            raise _bad_fields([FieldFault(name, "given more than once")])
        values[name] = _value(texts[0], parameters.kinds.get(name, str))
    return validated(parameters.form, json.dumps(values).encode())


def _value(text: str, kind: type) -> Any:
    if kind is int and _WHOLE.fullmatch(text):
        return int(text)
    return _WORDS.get(text, text) if kind is bool else text


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in location)


def _bad_fields(faults: Iterable[FieldFault]) -> Problem:
    return Problem(ProblemDocument(problems.BAD_FIELD, fields=tuple(faults)[:20]))
