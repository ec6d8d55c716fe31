"""From a route to an aiohttp handler: authenticate, read, ask the route's own handler, answer."""

from __future__ import annotations

import asyncio
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from aiohttp import web
from pydantic import TypeAdapter

from server.http import problems
from server.http.access import Access, acting_person, authenticate
from server.http.bodies import assert_type, read_form, read_headers, read_path, read_query, too_large
from server.http.idempotency import HEADER, KEPT_ANSWERS, KEY_PATTERN, Asked, KeptAnswer
from server.http.problems import FieldFault, Problem, ProblemDocument, problem
from server.http.routes import Replied, Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

_KEY = re.compile(KEY_PATTERN[1:-1])
_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
_FAULT = 500


def add_routes(app: web.Application, routes: Iterable[Route]) -> None:
    """Let the application answer these routes."""
    for route in routes:
        handler = endpoint(route)
        if route.method == "GET":
            app.router.add_get(route.path, handler)
        else:
            app.router.add_route(route.method, route.path, handler)


def endpoint(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Make the aiohttp handler of a route."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            async with asyncio.timeout(route.deadline) as deadline:
                return await _answer(route, request)
        except TimeoutError as fault:
            if not deadline.expired():
                raise
            raise problem(problems.DEADLINE, Retry_After="1") from fault

    return answer


async def _answer(route: Route, request: web.Request) -> web.StreamResponse:
    if route.who is Access.SIGNED_IN:
        await authenticate(request)
    arguments: dict[str, Any] = read_path(request, route.parameters)
    query = read_query(request, route.query)
    if route.query is not None:
        arguments["query"] = query
    if route.headers is not None:
        arguments["headers"] = read_headers(request, route.headers)
    raw = b""
    if route.form is not None:
        raw, arguments["form"] = await read_form(request, route)
    elif route.consumes is not None:
        assert_type(request, route.consumes)
        if (request.content_length or 0) > route.body_limit:
            raise too_large(route.body_limit)
    if route.idempotent and (key := _idempotency_key(request)) is not None:
        return await _answer_once(route, request, arguments, Asked(acting_person(request), key), raw)
    return _written(route, await route.handler(request, **arguments))


async def _answer_once(
    route: Route, request: web.Request, arguments: dict[str, Any], asked: Asked, raw: bytes
) -> web.StreamResponse:
    digest = sha256(f"{request.method} {request.path_qs}\n".encode() + raw).hexdigest()
    kept_answers = request.app[KEPT_ANSWERS]
    if (kept := await kept_answers.claim(asked, digest)) is not None:
        return web.Response(status=kept.status, headers=kept.headers, body=kept.body)
    kept_now = False
    try:
        response = _written(route, await route.handler(request, **arguments))
        if isinstance(response, web.Response) and isinstance(response.body, bytes) and response.status < _FAULT:
            headers = tuple((name, value) for name, value in response.headers.items() if name != "Content-Length")
            await kept_answers.keep(asked, KeptAnswer(response.status, headers, response.body))
            kept_now = True
        return response
    finally:
        if not kept_now:
            await kept_answers.release(asked)


def _idempotency_key(request: web.Request) -> str | None:
    keys = request.headers.getall(HEADER, [])
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        fault = FieldFault(HEADER, "16 to 64 letters, digits, hyphens or underscores, once")
        raise Problem(ProblemDocument(problems.BAD_FIELD, fields=(fault,)))
    return keys[0]


def _written(route: Route, answer: object) -> web.StreamResponse:
    if isinstance(answer, web.StreamResponse):
        return answer
    if isinstance(answer, ProblemDocument):
        return answer.response()
    reply = answer if isinstance(answer, Replied) else Replied(answer)
    if reply.body is None:
        return web.Response(status=reply.status or route.status, headers=reply.headers)
    return web.Response(
        status=reply.status or route.status,
        body=(route.answer or _ANYTHING).dump_json(reply.body, by_alias=True),
        headers={**reply.headers, "Content-Type": "application/json"},
    )
