"""Requests that are no HTTP: refused before any route is known, yet in the same form as every other refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from server.http import problems
from server.http.problems import ProblemDocument

if TYPE_CHECKING:
    from aiohttp.web_request import BaseRequest

_CLIENT_FAULTS = range(400, 500)


class _Handler(RequestHandler):
    """aiohttp's own answer is text that quotes the request; this one quotes nothing."""

    __slots__ = ()

    def handle_error(
        self, request: BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        del exc, message
        if request.writer.output_size:
            raise ConnectionError("half an answer is out already")
        kind = problems.BAD_REQUEST if status in _CLIENT_FAULTS else problems.INTERNAL
        response = ProblemDocument(kind).response()
        response.headers["Cache-Control"] = "no-store"
        response.force_close()
        return response


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Handler(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """Runs an application whose every answer, to malformed HTTP too, is the application's."""

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        # aiohttp offers no other place to name the handler of connections; the test sends it what is no HTTP.
        server.__class__ = _Server
        return server
