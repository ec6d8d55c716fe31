"""The server put together: every package's routes behind one border, over one database and one writer."""

from __future__ import annotations

import importlib
import json
import os
from importlib.metadata import version
from typing import TYPE_CHECKING

from aiohttp import web

from server.audit.batch import OutcomeUnknown, StorageFault
from server.audit.idempotency import AlreadyAnswered, IdempotencyConflict
from server.audit.log import LogHalted
from server.audit.wiring import DATABASE, WRITER
from server.audit.writer import Writer, WriterClosed
from server.auth.replay import MemoryReplays
from server.auth.service import KEY_LOOKUP, SIGN_INS, SignIns, authenticate_request
from server.auth.signin import LONGEST, nobody
from server.auth.tokens import Tokens, load_key
from server.config import SETTINGS, BadConfig, Settings
from server.database.engine import open_database
from server.http import problems
from server.http.access import AUTHENTICATOR
from server.http.answering import add_routes
from server.http.border import FAULTS, GATE, Gate, border, dress
from server.http.clock import CLOCK, Clock, system_clock
from server.http.meta import IMPEDIMENT, OPENAPI
from server.http.openapi import document
from server.http.room import Room

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from types import ModuleType

    from server.http.problems import ProblemType
    from server.http.routes import Route

PACKAGES = (
    "server.http.meta",
    "server.auth.routes",
    "server.audit.routes",
    "server.audit.witness_routes",
    "server.identity.routes",
    "server.consent.routes",
    "server.consent.shield_routes",
    "server.consent.exclusion_routes",
    "server.consent.fact_routes",
    "server.consent.notice_routes",
    "server.documents.routes",
    "server.messaging.routes",
)
"""Every module with routes. Each has `routes`, a RouteTable, and may have `prepare(app)`, called when the application
is built: it sets application keys and appends to `app.cleanup_ctx`, which begins after the writer is open."""

_FAULTS: Mapping[type[Exception], ProblemType] = {
    LogHalted: problems.HALTED,
    StorageFault: problems.NOT_STORED,
    OutcomeUnknown: problems.OUTCOME_UNKNOWN,
    WriterClosed: problems.STOPPING,
    IdempotencyConflict: problems.KEY_REUSED,
    AlreadyAnswered: problems.ALREADY_ANSWERED,
}


def build_app(settings: Settings, *, clock: Clock = system_clock) -> web.Application:
    """Build the application over a data directory that `server init` made; it opens what it needs when it starts."""
    app = web.Application(middlewares=[border])
    app[SETTINGS] = settings
    app[CLOCK] = clock
    app[GATE] = Gate(settings.most_running, has_room=Room(settings.data, settings.reserve))
    app[FAULTS] = _FAULTS
    app[AUTHENTICATOR] = authenticate_request
    app[KEY_LOOKUP] = nobody
    app.on_response_prepare.append(dress)
    app.cleanup_ctx.append(_storage)
    modules = _modules()
    routes: list[Route] = [route for module in modules for route in module.routes]
    for module in modules:
        if hasattr(module, "prepare"):
            module.prepare(app)
    add_routes(app, routes)
    app[OPENAPI] = json.dumps(document(routes, version("fortrolig"))).encode()
    app[IMPEDIMENT] = lambda: _impediment(app)
    return app


def _modules() -> list[ModuleType]:
    return [importlib.import_module(name) for name in PACKAGES]


async def _storage(app: web.Application) -> AsyncIterator[None]:
    """Open the database, the log and the token key; at the end drain the writer before the database is closed.

    Raises:
        BadConfig: the settings name another log than the one in the data directory.
    """
    settings = app[SETTINGS]
    skew = settings.clock_skew
    app[SIGN_INS] = SignIns(
        Tokens(load_key(settings.data), settings.log_origin, settings.token_seconds),
        proofs=MemoryReplays(2 * skew),
        assertions=MemoryReplays(2 * skew + LONGEST),
    )
    database = app[DATABASE] = await open_database(settings.database)
    try:
        writer = app[WRITER] = await Writer.open(database, settings.data, app[CLOCK], os.urandom)
        try:
            if writer.log.key.origin != settings.log_origin:
                raise BadConfig(f"the log is {writer.log.key.origin}, the settings say {settings.log_origin}")
            yield
        finally:
            await writer.close()
    finally:
        await database.close()


def _impediment(app: web.Application) -> ProblemType | None:
    return None if app[WRITER].log.halted is None else problems.HALTED
