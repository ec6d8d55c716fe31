"""The route table: signatures that do not fit are found when they are registered."""

# Annotations are read by the table, so they are not postponed here.
from typing import Annotated

import pytest
from aiohttp import web

from protocol.identifiers import LARGEST_INTEGER, ConsentId
from server.http.access import Access
from server.http.forms import PARSED, Answer, Digest, Form, Headers, Instant, Query
from server.http.problems import ProblemDocument
from server.http.routes import BadRoute, Replied, RouteTable


class Thing(Form):
    name: str


class Other(Answer):
    name: str


class Page(Query):
    after: Instant | None = None
    all: bool = False
    digest: Digest | None = None


def test_a_route_knows_what_its_handler_reads_and_answers() -> None:
    routes = RouteTable("things")

    @routes.post("/v1/things/{consent}", summary="Make", status=201, idempotent=True)
    async def make(
        request: web.Request, consent: ConsentId, form: Thing, query: Page
    ) -> Replied[Other] | ProblemDocument:
        raise NotImplementedError

    (route,) = routes
    assert route.name == "things.make"
    assert route.parameters == {"consent": ConsentId}
    assert route.who is Access.SIGNED_IN
    assert route.consumes == "application/json"
    assert route.form is not None
    assert route.form.validate_json(b'{"name":"a"}') == Thing(name="a")
    assert route.answer is not None
    assert route.answer.dump_json(Other(name="a")) == b'{"name":"a"}'
    assert route.query is not None
    assert route.query.kinds == {"after": int, "all": bool, "digest": str}


def test_a_handler_that_answers_itself_has_no_documented_model() -> None:
    routes = RouteTable("things")

    @routes.get("/v1/a", summary="Stream", produces="application/octet-stream")
    async def stream(request: web.Request) -> web.StreamResponse | ProblemDocument:
        raise NotImplementedError

    @routes.delete("/v1/a", summary="Remove", status=204)
    async def remove(request: web.Request) -> None:
        raise NotImplementedError

    assert [route.answer for route in routes] == [None, None]


def test_path_and_signature_must_name_the_same() -> None:
    routes = RouteTable("things")

    async def without(request: web.Request) -> None: ...
    async def other(request: web.Request, share: ConsentId) -> None: ...
    async def plain(request: web.Request, consent: str) -> None: ...
    async def late(consent: ConsentId, request: web.Request) -> None: ...
    async def wrong_query(request: web.Request, consent: ConsentId, query: Thing) -> None: ...
    async def wrong_headers(request: web.Request, consent: ConsentId, headers: Page) -> None: ...

    for handler in (without, other, plain, late, wrong_query, wrong_headers):
        with pytest.raises(BadRoute):
            routes.get("/v1/things/{consent}", summary="Look")(handler)
    assert list(routes) == []


def test_a_public_route_has_no_idempotency_keys() -> None:
    async def make(request: web.Request, form: Thing) -> None: ...

    with pytest.raises(BadRoute, match="belongs to a person"):
        RouteTable("things").post("/v1/things", summary="Make", who=Access.PUBLIC, idempotent=True)(make)


class Fields(Form):
    consent: Annotated[ConsentId, PARSED]
    digest: Digest
    at: Instant


class Named(Headers):
    length: int


CONSENT = "con_" + "0" * 32


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("consent", "per_" + "0" * 32),
        ("consent", CONSENT + "\n"),
        ("consent", None),
        ("digest", "A" * 64),
        ("digest", "a" * 64 + "\n"),
        ("at", -1),
        ("at", LARGEST_INTEGER + 1),
        ("at", True),
        ("at", "1"),
        ("more", 1),
    ],
)
def test_a_form_refuses_what_its_schema_does_not_promise(field: str, value: object) -> None:
    good: dict[str, object] = {"consent": CONSENT, "digest": "a" * 64, "at": 1}
    assert Fields.model_validate(good).consent == ConsentId.parse(CONSENT)
    assert isinstance(Fields.model_validate(good).consent, ConsentId)
    with pytest.raises(ValueError, match=field):
        Fields.model_validate(good | {field: value})


def test_fields_are_described_by_the_patterns_they_enforce() -> None:
    told = Fields.model_json_schema()["properties"]
    assert told["consent"]["pattern"] == "^con_[0-9a-f]{32}$"
    assert told["digest"]["pattern"] == "^[0-9a-f]{64}$"
    assert (told["at"]["type"], told["at"]["minimum"], told["at"]["maximum"]) == ("integer", 0, LARGEST_INTEGER)
