"""`/v1/log/cosigned` and `/v1/log/witnesses`: what independent witnesses have seen of the log, for everybody."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated

from aiohttp import web
from pydantic import Field

from server.audit import cosignatures
from server.audit.wiring import WRITER
from server.audit.witnessing import Feeder, Figures
from server.config import SETTINGS
from server.http.access import Access
from server.http.border import GATE
from server.http.clock import CLOCK
from server.http.forms import Answer, Number, Query
from server.http.problems import NOT_FOUND, ProblemDocument, unknown
from server.http.routes import RouteTable

routes = RouteTable("log")


def prepare(app: web.Application) -> None:
    """Feed the witnesses for as long as the server runs."""
    app.cleanup_ctx.append(_feeding)


class CosignedQuery(Query):
    """How many witnesses must have cosigned, at least."""

    least: Annotated[int, Field(ge=1, le=32)] = 1


class WitnessedSize(Answer):
    """The largest size that a witness has cosigned, and when, in POSIX seconds by its own clock."""

    witness: str
    size: Number
    seconds: Number


class WitnessedSizes(Answer):
    """What each witness that ever answered has cosigned last, by name."""

    witnesses: list[WitnessedSize]


@routes.get(
    "/v1/log/cosigned",
    summary="The latest checkpoint that witnesses cosigned",
    who=Access.PUBLIC,
    problems=(NOT_FOUND,),
    produces="text/plain",
)
async def cosigned(request: web.Request, query: CosignedQuery) -> web.Response | ProblemDocument:
    """Give the note with the log's signature and the witnesses' lines."""
    found = await request.app[WRITER].database.read(cosignatures.newest, query.least)
    return unknown() if found is None else web.Response(text=found[1], content_type="text/plain", charset="utf-8")


@routes.get("/v1/log/witnesses", summary="What each witness has cosigned last", who=Access.PUBLIC)
async def witnesses(request: web.Request) -> WitnessedSizes:
    """Tell it as this server knows it; the notes at `/v1/log/cosigned` prove it."""
    found = await request.app[WRITER].database.read(cosignatures.latest)
    return WitnessedSizes(
        witnesses=[WitnessedSize(witness=each.witness, size=each.size, seconds=each.seconds) for each in found]
    )


async def _feeding(app: web.Application) -> AsyncIterator[None]:
    settings = app[SETTINGS]
    if not settings.witnesses:
        yield
        return
    feeder = Feeder(app[WRITER], settings.witnesses, app[CLOCK], Figures(app[GATE].metrics.registry))
    running = asyncio.create_task(feeder.keep_fed(settings.witness_seconds))
    yield
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
