"""Small applications behind the real border, and a whole server over an empty data directory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from keys.signing import PublicKey
from protocol.identifiers import Instant, PersonId
from server.app import build_app
from server.auth.replay import MemoryReplays
from server.auth.service import KEY_LOOKUP, SIGN_INS, SignIns, authenticate_request
from server.auth.signin import KeyLookup
from server.auth.tokens import Tokens, create_key, load_key
from server.config import SETTINGS, Settings
from server.http.access import AUTHENTICATOR
from server.http.answering import add_routes
from server.http.border import FAULTS, GATE, Gate, border, dress
from server.http.clock import CLOCK, Clock
from server.http.problems import ProblemType
from server.http.routes import Route
from server.initialise import Chosen, initialise
from tests.http.base.device import Device

START = 1_800_000_000
"""The second at which the tests' clock stands."""

Client = TestClient[web.Request, web.Application]


class TestClock:
    """A clock that moves when it is told to."""

    __test__ = False

    def __init__(self) -> None:
        self.seconds = START

    def __call__(self) -> Instant:
        return Instant(self.seconds * 1000)


class Unheard(Exception):
    """An exception of a package above, declared in FAULTS."""


UNHEARD = ProblemType("unheard", 503, "Nothing heard")


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def people() -> dict[PersonId, PublicKey]:
    return {}


Open = Callable[[web.Application], Awaitable[Client]]


@pytest.fixture
async def open_app() -> AsyncIterator[Open]:
    """Serve applications on loopback until the test ends."""
    opened: list[Client] = []

    async def open_one(app: web.Application) -> Client:
        client: Client = TestClient(TestServer(app))
        opened.append(client)
        await client.start_server()
        return client

    yield open_one
    for client in opened:
        await client.close()


Small = Callable[[Iterable[Route]], web.Application]


@pytest.fixture
def small(tmp_path: Path, clock: TestClock, people: dict[PersonId, PublicKey]) -> Small:
    """Make an application of some routes, with sign-in but no storage."""

    async def lookup(person: PersonId, /) -> PublicKey | None:
        return people.get(person)

    def make(routes: Iterable[Route]) -> web.Application:
        faults: Mapping[type[Exception], ProblemType] = {Unheard: UNHEARD}
        known: KeyLookup = lookup
        told_time: Clock = clock
        data = tmp_path / "small"
        if not data.exists():
            data.mkdir()
            create_key(data)
        app = web.Application(middlewares=[border])
        app[SETTINGS] = Settings(data=data)
        app[CLOCK] = told_time
        app[GATE] = Gate(100)
        app[FAULTS] = faults
        app[AUTHENTICATOR] = authenticate_request
        app[KEY_LOOKUP] = known
        app[SIGN_INS] = SignIns(Tokens(load_key(data), "test/log", 600), MemoryReplays(600), MemoryReplays(900))
        app.on_response_prepare.append(dress)
        add_routes(app, routes)
        return app

    return make


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made, _ = initialise(tmp_path / "server", Chosen("a" * 64, "http://127.0.0.1:1"))
    return made.model_copy(update={"origin": None})


@pytest.fixture
async def server(settings: Settings, clock: TestClock, open_app: Open) -> Client:
    """Serve the whole application."""
    return await open_app(build_app(settings, clock=clock))


@pytest.fixture
def new_device(people: dict[PersonId, PublicKey]) -> Callable[[Client], Device]:
    """Make a device of a person whose key the small applications know."""

    def make(client: TestClient[Any, Any]) -> Device:
        device = Device(client, START)
        people[device.person] = device.key.public
        return device

    return make
