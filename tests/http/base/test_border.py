"""Nothing but an answer or a problem document leaves the server."""

# Annotations are read by the route table, so they are not postponed here.
# ruff: noqa: ARG001  (every handler takes the request)
import asyncio
import gzip
import json
from typing import Annotated, Any

import pytest
import structlog
from aiohttp import ClientPayloadError, ClientResponse, web
from pydantic import Field

from protocol.identifiers import ConsentId
from server.http import bodies, problems
from server.http.access import Access
from server.http.border import GATE
from server.http.forms import Answer, Form, Headers, Query
from server.http.problems import ProblemDocument, problem, refused, unknown
from server.http.routes import Replied, RouteTable
from tests.http.base.conftest import Client, Open, Small, Unheard

CONSENT = "con_" + "0" * 32
SECRET = "Kari Nordmann"

routes = RouteTable("trial")


class Trial(Form):
    name: Annotated[str, Field(max_length=10)]
    more: tuple[int, ...] = ()


class Told(Answer):
    said: str


class Page(Query):
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    all: bool = False


class Offset(Headers):
    offset: Annotated[int, Field(alias="Upload-Offset", ge=0)]


@routes.post("/v1/trials", summary="Make", who=Access.PUBLIC, status=201, body_limit=200)
async def make(request: web.Request, form: Trial) -> Replied[Told]:
    return Replied(Told(said=f"{form.name}{form.more}"), {"Location": "/v1/trials/1"})


@routes.get("/v1/trials/{consent}", summary="Look", who=Access.PUBLIC)
async def look(request: web.Request, consent: ConsentId, query: Page) -> Told | ProblemDocument:
    assert isinstance(consent, ConsentId)
    return Told(said=f"{query.limit} {query.all}") if consent == CONSENT else unknown()


@routes.patch("/v1/bytes", summary="Send", who=Access.PUBLIC, consumes="application/offset+octet-stream", body_limit=9)
async def send(request: web.Request, headers: Offset) -> Told:
    return Told(said=f"{headers.offset}:{len(await request.read())}")


@routes.delete("/v1/trials", summary="Remove", who=Access.PUBLIC, status=204)
async def remove(request: web.Request) -> None:
    return None


@routes.get("/v1/late", summary="Never answer", who=Access.PUBLIC, deadline=0.05)
async def late(request: web.Request) -> Told:
    await asyncio.Event().wait()
    return Told(said="never")


@routes.get("/v1/fail/{consent}", summary="Fail", who=Access.PUBLIC)
async def fail(request: web.Request, consent: ConsentId) -> Told | ProblemDocument | web.StreamResponse:
    match int(consent[-1]):
        case 1:
            raise ValueError(SECRET)
        case 2:
            raise Unheard(SECRET)
        case 3:
            raise problem(problems.GONE)
        case 4:
            return refused("expired", "The consent has ended.", rule="no/1")
        case 6:
            raise web.HTTPPreconditionFailed(text=SECRET)
        case 7:
            raise TimeoutError(SECRET)
        case 8:
            stream = web.StreamResponse(headers={"Content-Length": "100"})
            await stream.prepare(request)
            await stream.write(b"half")
            raise ValueError(SECRET)
        case 9:
            raise web.HTTPUseProxy(location="/x")
    return Told(said="no fault")


@pytest.fixture
async def client(small: Small, open_app: Open) -> Client:
    return await open_app(small(routes))


async def told(response: ClientResponse, status: int, code: str) -> dict[str, Any]:
    """Check that this is a whole problem document, and give it."""
    assert response.status == status, await response.text()
    assert response.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = await response.json(content_type="application/problem+json")
    assert (body["code"], body["status"], body["type"]) == (code, status, f"urn:fortrolig:problem:{code}")
    assert SECRET not in json.dumps(body)
    assert "Traceback" not in json.dumps(body)
    return body


async def test_an_answer_carries_its_model_status_and_headers(client: Client) -> None:
    response = await client.post("/v1/trials", json={"name": "å", "more": [1, 2]})
    assert (response.status, response.headers["Location"]) == (201, "/v1/trials/1")
    assert await response.json() == {"said": "å(1, 2)"}
    assert (await client.delete("/v1/trials")).status == 204


async def test_every_answer_is_dressed_and_names_no_software(client: Client) -> None:
    for path in (f"/v1/trials/{CONSENT}", "/nowhere", f"/v1/fail/{CONSENT[:-1]}1"):
        headers = (await client.get(path)).headers
        assert "Server" not in headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert len(headers["Request-Id"]) == 16


async def test_head_is_get_without_the_body(client: Client) -> None:
    whole = await client.get(f"/v1/trials/{CONSENT}")
    head = await client.head(f"/v1/trials/{CONSENT}")
    assert head.status == 200
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]
    assert await head.read() == b""


async def test_unknown_paths_and_methods_are_problems(client: Client) -> None:
    await told(await client.get("/v1/nowhere"), 404, "not-found")
    response = await client.put("/v1/trials", json={})
    await told(response, 405, "method-not-allowed")
    assert response.headers["Allow"] == "DELETE,POST"


async def test_what_is_no_identifier_is_as_unknown_as_what_does_not_exist(client: Client) -> None:
    answers = [
        await client.get(f"/v1/trials/{name}") for name in ("con_" + "1" * 32, "x", "con_" + "A" * 32, "%00", "å")
    ]
    answers.append(await client.get("/v1/elsewhere"))
    assert len({await answer.read() for answer in answers}) == 1
    assert {answer.status for answer in answers} == {404}


@pytest.mark.parametrize("body", [b"", b"{", b'{"name":NaN}', b'{"name":"a","name":"b"}', b"\xff", b"[" * 150])
async def test_bad_json_is_named(client: Client, body: bytes) -> None:
    await told(
        await client.post("/v1/trials", data=body, headers={"Content-Type": "application/json"}), 400, "bad-json"
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "/name"),
        ({"name": 1}, "/name"),
        ({"name": SECRET}, "/name"),
        ({"name": "a", "more": [1, "2"]}, "/more/1"),
        ({"name": "a", "x/y~z": 1}, "/x~1y~0z"),
        ([], ""),
    ],
)
async def test_a_bad_field_is_named_by_its_pointer_and_not_quoted(client: Client, body: object, field: str) -> None:
    document = await told(await client.post("/v1/trials", json=body), 422, "bad-field")
    assert field in [each["field"] for each in document["fields"]]


@pytest.mark.parametrize("kind", ["text/plain", "application/json; charset=latin-1", "application/problem+json"])
async def test_another_media_type_is_refused(client: Client, kind: str) -> None:
    response = await client.post("/v1/trials", data=b'{"name":"a"}', headers={"Content-Type": kind})
    await told(response, 415, "unsupported-media-type")
    await told(await client.post("/v1/trials", data=None), 415, "unsupported-media-type")


async def test_a_compressed_body_is_refused_unread(client: Client) -> None:
    packed = gzip.compress(b'{"name":"a"}')
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    await told(await client.post("/v1/trials", data=packed, headers=headers), 415, "unsupported-media-type")


async def test_a_large_body_is_refused_told_or_not(client: Client) -> None:
    large = json.dumps({"name": "a", "more": [1] * 200}).encode()
    headers = {"Content-Type": "application/json"}
    await told(await client.post("/v1/trials", data=large, headers=headers), 413, "too-large")

    async def pieces() -> Any:
        for start in range(0, len(large), 50):
            yield large[start : start + 50]

    await told(await client.post("/v1/trials", data=pieces(), headers=headers), 413, "too-large")


async def test_a_body_that_does_not_come_is_not_waited_for(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(
        b"POST /v1/trials HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    )
    assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_raw_bodies_are_typed_and_bounded(client: Client) -> None:
    headers = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "7"}
    response = await client.patch("/v1/bytes", data=b"abc", headers=headers)
    assert await response.json() == {"said": "7:3"}
    await told(await client.patch("/v1/bytes", data=b"a" * 10, headers=headers), 413, "too-large")
    await told(await client.patch("/v1/bytes", json={}, headers={"Upload-Offset": "7"}), 415, "unsupported-media-type")
    document = await told(
        await client.patch("/v1/bytes", data=b"", headers=headers | {"Upload-Offset": "-1"}), 422, "bad-field"
    )
    assert document["fields"][0]["field"] == "/Upload-Offset"


async def test_a_query_is_read_strictly(client: Client) -> None:
    path = f"/v1/trials/{CONSENT}"
    assert await (await client.get(path)).json() == {"said": "50 False"}
    assert await (await client.get(f"{path}?limit=7&all=true")).json() == {"said": "7 True"}
    for query in (
        "limit=0",
        "limit=101",
        "limit=07",
        "limit=1.0",
        "limit=",
        "limit=1&limit=2",
        "x=1",
        "all=1",
        "all=True",
    ):
        await told(await client.get(f"{path}?{query}"), 422, "bad-field")
    await told(await client.delete("/v1/trials?x=1"), 422, "bad-field")


@pytest.mark.parametrize(
    ("digit", "status", "code"),
    [
        (1, 500, "internal"),
        (2, 503, "unheard"),
        (3, 410, "gone"),
        (4, 403, "refused"),
        (6, 412, "precondition-failed"),
        (7, 500, "internal"),
        (9, 305, "http"),
    ],
)
async def test_every_failure_is_a_document(client: Client, digit: int, status: int, code: str) -> None:
    response = await client.get(f"/v1/fail/{CONSENT[:-1]}{digit}", allow_redirects=False)
    await told(response, status, code)
    assert ("Retry-After" in response.headers) is (status == 503)


async def test_an_answer_that_is_late_is_a_document(client: Client) -> None:
    response = await client.get("/v1/late")
    await told(response, 503, "deadline")
    assert "Retry-After" in response.headers


async def test_half_an_answer_is_cut_and_never_looks_whole(client: Client) -> None:
    response = await client.get(f"/v1/fail/{CONSENT[:-1]}8")
    with pytest.raises(ClientPayloadError):
        await response.read()


async def test_a_fault_is_logged_by_place_without_its_words(client: Client) -> None:
    with structlog.testing.capture_logs() as lines:
        await client.get(f"/v1/fail/{CONSENT[:-1]}1?limit=1")
        await client.get(f"/v1/fail/{CONSENT[:-1]}1")
    fault = next(line for line in lines if line["event"] == "fault")
    assert fault["fault"] == "ValueError"
    assert "fail" in fault["where"][-1]
    assert SECRET not in json.dumps(lines)
    answered = [line for line in lines if line["event"] == "answered"]
    assert {line["route"] for line in answered} == {"/v1/fail/{consent}"}
    assert "limit" not in json.dumps(lines)


async def test_an_unknown_path_is_not_logged(client: Client) -> None:
    with structlog.testing.capture_logs() as lines:
        await client.get("/v1/eyJhbGciOiJFUzI1NiJ9.secret")
        await client.request("PROPFIND", "/v1/trials")
    assert [(line["route"], line["method"]) for line in lines] == [("unknown", "GET"), ("unknown", "other")]


async def test_too_many_at_once_are_sent_away_and_health_is_not(small: Small, open_app: Open) -> None:
    app = small(routes)
    app[GATE].most = 0
    client = await open_app(app)
    response = await client.get(f"/v1/trials/{CONSENT}")
    await told(response, 503, "busy")
    assert response.headers["Retry-After"] == "1"


async def test_a_stopping_server_says_so_and_closes_the_connection(small: Small, open_app: Open) -> None:
    app = small(routes)
    client = await open_app(app)
    app[GATE].stopping = True
    response = await client.get(f"/v1/trials/{CONSENT}")
    await told(response, 503, "stopping")
    assert response.headers["Connection"] == "close"


async def test_nothing_stays_counted_as_running(client: Client) -> None:
    assert client.app is not None
    for digit in range(1, 8):
        await client.get(f"/v1/fail/{CONSENT[:-1]}{digit}")
    assert client.app[GATE].running == 0
