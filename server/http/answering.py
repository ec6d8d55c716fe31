"""From a route to an aiohttp handler: authenticate, read, ask the route's own handler, answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web
from pydantic import TypeAdapter

from server.http import problems
from server.http.access import Access, authenticate
from server.http.bodies import assert_type, read_form, read_headers, read_path, read_query, too_large
from server.http.border import GATE
from server.http.idempotency import read_repeat_key
from server.http.problems import ProblemDocument, problem
from server.http.routes import Replied, Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)


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
    if route.fills_disk and not request.app[GATE].has_room():
        raise problem(problems.OUT_OF_SPACE, "Try again later. Withdrawing a consent still works.")
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
    if route.idempotent:
        read_repeat_key(request, raw)
    return _written(route, await route.handler(request, **arguments))


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
