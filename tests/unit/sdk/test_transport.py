"""A server that answers wrongly, hugely or not at all: a plain error of the right kind, never a stack trace."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from clients.sdk import transport as module
from clients.sdk.errors import (
    Denied,
    Fault,
    Incomplete,
    Misused,
    SdkError,
    Tampered,
    Unreachable,
    as_sdk_error,
)
from clients.sdk.transport import Transport
from keys import signing
from keys.keyring import KeyringError
from protocol.identifiers import PersonId
from protocol.statements.base import Refused

PERSON = PersonId("per_" + "0" * 32)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(handler: Handler, token: Any = None) -> AsyncIterator[str]:
    """Serve one handler for everything but signing in."""

    async def sign_in(_: web.Request) -> web.Response:
        granted = {"access_token": "t", "token_type": "DPoP", "expires_in": 600} if token is None else token
        return web.json_response(granted)

    app = web.Application()
    app.router.add_post("/v1/token", sign_in)
    app.router.add_route("*", "/{rest:.*}", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def answering(body: Any, status: int = 200, content_type: str = "application/json") -> Handler:
    async def answer(_: web.Request) -> web.Response:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return web.Response(body=raw, status=status, content_type=content_type)

    return answer


async def error_of(handler: Handler, *, token: Any = None, path: str = "/v1/me") -> SdkError:
    async with server(handler, token) as origin, Transport(origin, PERSON, signing.generate()) as transport:
        with pytest.raises(SdkError) as raised:
            _ = (await transport.get(path))["person"]
        return raised.value


@pytest.mark.parametrize("body", [b"{", b"<html>", b"\xff\xfe", b"[" * 100_000, {"other": 1}])
async def test_an_answer_that_is_not_json_or_lacks_a_member_is_a_fault(body: Any) -> None:
    error = await error_of(answering(body))
    assert (type(error), error.code) == (Fault, "bad-answer")


@pytest.mark.parametrize("token", [[], {}, {"access_token": "t"}, {"access_token": "t", "expires_in": "soon"}])
async def test_a_malformed_token_answer_is_a_fault(token: Any) -> None:
    assert (await error_of(answering({}), token=token)).code == "bad-answer"


async def test_an_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONGEST_ANSWER", 100_000)
    assert (await error_of(answering(b" " * 200_000))).code == "answer-too-long"


async def test_pages_that_never_end_are_a_fault() -> None:
    async with (
        server(answering({"items": [1], "next": "same"})) as origin,
        Transport(origin, PERSON, signing.generate()) as transport,
    ):
        with pytest.raises(Fault):
            await transport.pages("/v1/inbox", "items")


@pytest.mark.parametrize("page", [[], {"items": None, "next": None}, {"next": None}])
async def test_a_page_that_is_no_page_is_a_fault(page: Any) -> None:
    async with server(answering(page)) as origin, Transport(origin, PERSON, signing.generate()) as transport:
        with pytest.raises(Fault):
            await transport.pages("/v1/inbox", "items")


@pytest.mark.parametrize(
    ("status", "problem", "kind", "code"),
    [
        (403, {"code": "refused", "reason": "no-consent", "missing": ["signs:per_1"]}, Denied, "no-consent"),
        (404, {"code": "not-found"}, Denied, "not-found"),
        (410, {"code": "envelope-deleted"}, Denied, "envelope-deleted"),
        (401, {"code": "unauthenticated"}, Denied, "unauthenticated"),
        (409, {"code": "wrong-number"}, Fault, "wrong-number"),
        (422, {"code": "wrong-time"}, Fault, "wrong-time"),
        (422, {"code": "bad-field"}, Misused, "bad-field"),
        (429, {"code": "too-many"}, Fault, "too-many"),
        (503, {"code": "busy"}, Fault, "busy"),
        (500, b"<html>nginx</html>", Fault, "http-500"),
        (403, {"code": 7, "missing": "x", "detail": []}, Denied, "http-403"),
        (403, {"code": "refused", "missing": [1, None, "signs:per_1"]}, Denied, "refused"),
        (302, b"", None, ""),
    ],
)
async def test_a_refusal_becomes_the_error_that_says_what_to_do(
    status: int, problem: Any, kind: type[SdkError] | None, code: str
) -> None:
    if kind is None:
        async with server(answering(problem, status)) as origin, Transport(origin) as transport:
            assert await transport.get("/v1/policy", public=True) is None
        return
    error = await error_of(answering(problem, status, "application/problem+json"))
    assert (type(error), error.code) == (kind, code)
    assert all(isinstance(one, str) for one in getattr(error, "missing", ()))


async def test_nobody_listening_is_unreachable_and_a_broken_connection_an_answer_lost() -> None:
    async with Transport("http://127.0.0.1:9") as transport:
        with pytest.raises(Unreachable) as nobody:
            await transport.get("/v1/policy", public=True)
    assert nobody.value.code == "unreachable"

    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    error = await error_of(hang_up)
    assert (type(error), error.code) == (Unreachable, "answer-lost")


async def test_a_fault_of_ones_own_disk_is_not_taken_for_the_servers() -> None:
    async with server(answering({})) as origin, Transport(origin) as transport:
        with pytest.raises(PermissionError):
            async with transport.stream("GET", "/v1/policy", public=True):
                raise PermissionError(13, "no", "x")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Refused("no-epoch", "x"), Incomplete),
        (Refused("two-truths", "x"), Tampered),
        (KeyringError("x"), Fault),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), Misused),
        (IndexError("x"), Fault),
        (Denied("x", "y"), Denied),
        (OSError("x"), type(None)),
    ],
)
def test_what_nobody_caught_is_told_as_what_it_amounts_to(error: Exception, kind: type) -> None:
    assert type(as_sdk_error(error)) is kind
