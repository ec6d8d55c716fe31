"""The whole server: what it says of itself, and its OpenAPI document."""

from __future__ import annotations

import importlib.util
import json
import re
from typing import Any

import pytest
import schemathesis
from schemathesis.core.result import Ok

from server.app import PACKAGES, build_app
from server.audit.log import LogHalted
from server.audit.wiring import WRITER
from server.config import BadConfig, Settings
from server.http.border import GATE
from server.http.meta import OPENAPI
from tests.http.base.conftest import Client, Open, TestClock


async def test_a_server_is_live_and_ready(server: Client) -> None:
    assert await (await server.get("/v1/health/live")).json() == {"status": "live"}
    assert await (await server.get("/v1/health/ready")).json() == {"status": "ready"}


async def test_a_halted_log_makes_the_server_live_but_not_ready(server: Client) -> None:
    assert server.app is not None
    server.app[WRITER].log.halted = LogHalted("a person decides")
    response = await server.get("/v1/health/ready")
    assert (response.status, (await response.json(content_type=None))["code"]) == (503, "halted")
    assert (await server.get("/v1/health/live")).status == 200


async def test_a_stopping_server_is_live_but_not_ready(server: Client) -> None:
    assert server.app is not None
    server.app[GATE].stopping = True
    response = await server.get("/v1/health/ready")
    assert (response.status, (await response.json(content_type=None))["code"]) == (503, "stopping")
    assert (await server.get("/v1/health/live")).status == 200


async def test_settings_for_another_log_do_not_start(settings: Settings, clock: TestClock, open_app: Open) -> None:
    with pytest.raises(BadConfig, match="the settings say other/log"):
        await open_app(build_app(settings.model_copy(update={"log_origin": "other/log"}), clock=clock))


async def test_figures_are_not_served_beside_the_api(server: Client) -> None:
    assert (await server.get("/metrics")).status == 404


@pytest.fixture
def described(settings: Settings) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(build_app(settings)[OPENAPI])
    return told


async def test_the_document_is_served_as_it_was_made(server: Client, described: dict[str, Any]) -> None:
    assert await (await server.get("/v1/openapi.json")).json() == described


def test_the_document_is_valid_and_every_operation_can_be_tried(described: dict[str, Any]) -> None:
    schema = schemathesis.openapi.from_dict(described)
    schema.validate()
    tried = [operation for operation in schema.get_all_operations() if isinstance(operation, Ok)]
    assert len(tried) == sum(len(operations) for operations in described["paths"].values())


def test_every_route_is_in_the_document_and_nothing_else_is(settings: Settings, described: dict[str, Any]) -> None:
    routed = {
        (route.method, route.resource.canonical)
        for route in build_app(settings).router.routes()
        if route.resource is not None
    }
    told = {(method.upper(), path) for path, operations in described["paths"].items() for method in operations}
    # HEAD comes with GET and is described in words.
    assert {(method, path) for method, path in routed if method != "HEAD" or ("GET", path) not in routed} == told
    names = [
        operation["operationId"] for operations in described["paths"].values() for operation in operations.values()
    ]
    assert len(set(names)) == len(names)


def test_every_package_with_routes_is_served() -> None:
    assert {"server.http.meta", "server.auth.routes"} <= {
        name for name in PACKAGES if importlib.util.find_spec(name) is not None
    }


def test_every_operation_says_what_it_takes_and_refuses(described: dict[str, Any]) -> None:
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path)), path
            refusals = {status for status in operation["responses"] if status >= "400"}
            assert {"422", "500", "503"} <= refusals, path
            assert ("401" in refusals) or "security" not in operation, path
            assert ("415" in refusals) is ("requestBody" in operation), f"{method} {path}"
            for status in refusals:
                assert list(operation["responses"][status]["content"]) == ["application/problem+json"]
