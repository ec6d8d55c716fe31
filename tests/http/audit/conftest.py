from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from protocol.identifiers import PersonId
from server.audit import routes, witness_routes
from server.audit.access import LOG_ACCESS, ActorsOnly
from server.audit.keyfiles import init_log
from server.audit.wiring import WRITER
from server.config import SETTINGS, Settings
from server.http.access import AUTHENTICATOR
from server.http.answering import add_routes
from server.http.border import FAULTS, GATE, Gate, border, dress
from server.http.clock import CLOCK
from server.http.clock import Clock as ReadClock
from server.http.problems import UNAUTHENTICATED, problem
from tests.unit.server_audit.support import ORIGIN, Place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiohttp.test_utils import TestClient
    from pytest_aiohttp.plugin import AiohttpClient
    from sqlalchemy import Connection

    from protocol.identifiers import Instant
    from server.audit.writer import Writer


class Supervised(ActorsOnly):
    """Names the supervisors."""

    def __init__(self) -> None:
        self.supervisors: set[PersonId] = set()

    def is_supervisor(self, connection: Connection, person: PersonId, at: Instant) -> bool:
        del connection, at
        return person in self.supervisors


@dataclass
class Served:
    """A log behind its routes; whoever the header `Person` names is signed in."""

    place: Place
    writer: Writer
    client: TestClient[web.Request, web.Application]
    access: Supervised


@pytest.fixture
async def served(tmp_path: Path, aiohttp_client: AiohttpClient) -> AsyncIterator[Served]:
    place = Place(tmp_path, tmp_path / "log.db", init_log(tmp_path, ORIGIN))
    async with place.writer() as writer:
        app = web.Application(middlewares=[border])
        clock: ReadClock = place.clock
        app[GATE], app[CLOCK], app[FAULTS] = Gate(100), clock, {}
        app[AUTHENTICATOR], app[WRITER] = person_in_header, writer
        app.on_response_prepare.append(dress)
        app[SETTINGS] = Settings(data=tmp_path)
        routes.prepare(app)
        witness_routes.prepare(app)
        app[LOG_ACCESS] = access = Supervised()
        add_routes(app, [*routes.routes, *witness_routes.routes])
        yield Served(place, writer, await aiohttp_client(app), access)


async def person_in_header(request: web.Request) -> PersonId:
    if "Person" not in request.headers:
        raise problem(UNAUTHENTICATED)
    return PersonId.parse(request.headers["Person"])
