"""What the server says of itself: whether it lives, whether it is ready, and what it answers (OpenAPI)."""

from collections.abc import Callable
from typing import Literal

from aiohttp import web

from server.http import problems
from server.http.access import Access
from server.http.border import GATE
from server.http.forms import Answer
from server.http.problems import ProblemDocument, ProblemType
from server.http.routes import RouteTable

routes = RouteTable("meta")

OPENAPI: web.AppKey[bytes] = web.AppKey("openapi", bytes)
IMPEDIMENT: web.AppKey[Callable[[], ProblemType | None]] = web.AppKey("impediment")
"""Gives what keeps the server from doing its work now, or None."""


class Health(Answer):
    """The server answers."""

    status: Literal["live", "ready"]


@routes.get("/v1/health/live", summary="Whether the process answers", who=Access.PUBLIC)
async def live(request: web.Request) -> Health:
    """Answer as long as the process can."""
    del request
    return Health(status="live")


@routes.get(
    "/v1/health/ready",
    summary="Whether the server takes requests",
    who=Access.PUBLIC,
    problems=(problems.STOPPING, problems.HALTED),
)
async def ready(request: web.Request) -> Health | ProblemDocument:
    """Say no while the server stops or its log is halted, so that others are asked instead."""
    impediment = problems.STOPPING if request.app[GATE].stopping else request.app[IMPEDIMENT]()
    return Health(status="ready") if impediment is None else ProblemDocument(impediment)


@routes.get("/v1/openapi.json", summary="This description", who=Access.PUBLIC)
async def openapi(request: web.Request) -> web.Response:
    """Give the OpenAPI document, made once at start."""
    return web.Response(body=request.app[OPENAPI], content_type="application/json")
