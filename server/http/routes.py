"""The table of routes: router and OpenAPI document are both made from it, so neither can know a route alone.

A handler's own signature says what it reads and answers, and is checked when it is registered:

    routes = RouteTable("consent")

    @routes.post("/v1/consents/{consent}/signatures", summary="Sign a consent", status=201, idempotent=True)
    async def sign(request: web.Request, consent: ConsentId, form: SignatureForm) -> Signed | ProblemDocument: ...

- `request` comes first; `acting_person(request)` tells who asks unless the route is `who=Access.PUBLIC`.
- A parameter named as in the path is parsed by its type (`ConsentId.parse`); what does not parse is unknown (404).
- `form` is the JSON body, `query` a `Query`, `headers` a `Headers`. Without `form` the handler may read the raw body,
  of the media type `consumes`.
- It returns an `Answer` (or `Replied`, to set headers), a `ProblemDocument` for a refusal, None for 204, or a response
  of its own (streams: say the media type in `produces`).

A module with handlers does not postpone its annotations (`from __future__ import annotations`): they are read here.
"""

import inspect
import re
import types
import typing
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Required, TypedDict, TypeVar, Unpack

from aiohttp import web
from pydantic import TypeAdapter

from protocol.identifiers import Identifier
from server.http.access import Access
from server.http.forms import Headers, Query
from server.http.problems import ProblemDocument, ProblemType

Handler = Callable[..., Awaitable[object]]
AnyHandler = TypeVar("AnyHandler", bound=Handler)
Body = TypeVar("Body")

USUAL_BODY_LIMIT = 262_144
USUAL_DEADLINE = 30.0

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class BadRoute(TypeError):
    """A handler's signature and its path or options do not fit together."""


@dataclass(frozen=True, slots=True)
class Replied(Generic[Body]):
    """An answer with headers (`Location`, `ETag`) or a status other than the route's own."""

    body: Body
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None


class Options(TypedDict, total=False):
    """What a route says beside its handler's signature.

    `problems` are those of its own: the ones that every route of its shape can give are added to the document.
    `body_limit` is in bytes, `deadline` in seconds, from the first byte to the answer (None for streams: they keep
    time themselves). `also` documents further statuses that succeed (206); `answer_headers` describes headers by name.
    `vital` routes take a body even while only the disk's reserve is left: withdrawing, and signing in for it.
    """

    summary: Required[str]
    description: str
    who: Access
    status: int
    also: Mapping[int, str]
    problems: tuple[ProblemType, ...]
    idempotent: bool
    vital: bool
    body_limit: int
    deadline: float | None
    consumes: str
    produces: str
    answer_headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Parameters:
    """A `Query` or `Headers` model, with the kind of each parameter by its name in the request: int, bool or str."""

    model: type[Query | Headers]
    form: TypeAdapter[Any]
    kinds: Mapping[str, type]

    @classmethod
    def of(cls, model: type[Query | Headers]) -> "Parameters":
        """Look the kinds up in the fields' annotations."""
        kinds = {field.alias or name: _kind(field.annotation) for name, field in model.model_fields.items()}
        return cls(model, TypeAdapter(model), kinds)


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path, with all that reading, answering and documenting it takes."""

    table: str
    method: str
    path: str
    handler: Handler
    summary: str
    description: str
    who: Access
    status: int
    also: Mapping[int, str]
    problems: tuple[ProblemType, ...]
    idempotent: bool
    vital: bool
    body_limit: int
    deadline: float | None
    consumes: str | None
    produces: str
    answer_headers: Mapping[str, str]
    parameters: Mapping[str, type[Identifier]]
    form: TypeAdapter[Any] | None
    query: Parameters | None
    headers: Parameters | None
    answer: TypeAdapter[Any] | None

    @property
    def fills_disk(self) -> bool:
        """Say whether the route takes a body for which the reserve is not kept."""
        return self.consumes is not None and not self.vital

    @property
    def name(self) -> str:
        """Name the route uniquely (`operationId`)."""
        return f"{self.table}.{self.handler.__name__}"


class RouteTable:
    """The routes of one package, in the order they were registered."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._routes: list[Route] = []

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def get(self, path: str, **options: Unpack[Options]) -> Callable[[AnyHandler], AnyHandler]:
        """Register for GET, and HEAD with it."""
        return self._register("GET", path, options)

    def head(self, path: str, **options: Unpack[Options]) -> Callable[[AnyHandler], AnyHandler]:
        """Register for HEAD alone, where no GET is on the path."""
        return self._register("HEAD", path, options)

    def post(self, path: str, **options: Unpack[Options]) -> Callable[[AnyHandler], AnyHandler]:
        """Register for POST."""
        return self._register("POST", path, options)

    def put(self, path: str, **options: Unpack[Options]) -> Callable[[AnyHandler], AnyHandler]:
        """Register for PUT."""
        return self._register("PUT", path, options)

    def patch(self, path: str, **options: Unpack[Options]) -> Callable[[AnyHandler], AnyHandler]:
        """Register for PATCH."""
        return self._register("PATCH", path, options)

    def delete(self, path: str, **options: Unpack[Options]) -> Callable[[AnyHandler], AnyHandler]:
        """Register for DELETE."""
        return self._register("DELETE", path, options)

    def _register(self, method: str, path: str, options: Options) -> Callable[[AnyHandler], AnyHandler]:
        def register(handler: AnyHandler) -> AnyHandler:
            self._routes.append(_route(self.name, method, path, handler, options))
            return handler

        return register


def _route(table: str, method: str, path: str, handler: Handler, options: Options) -> Route:
    hints = typing.get_type_hints(handler, include_extras=True)
    answer = hints.pop("return", None)
    names = list(inspect.signature(handler).parameters)
    placeholders = _PLACEHOLDER.findall(path)
    if names[:1] != ["request"] or sorted({*names} - {"request", "form", "query", "headers"}) != sorted(placeholders):
        raise BadRoute(f"{method} {path}: the handler takes {names}, the path names {placeholders}")
    if options.get("idempotent") and options.get("who") is Access.PUBLIC:
        raise BadRoute(f"{method} {path}: an idempotency key belongs to a person")
    form = hints.get("form")
    return Route(
        table=table,
        method=method,
        path=path,
        handler=handler,
        summary=options["summary"],
        description=options.get("description", ""),
        who=options.get("who", Access.SIGNED_IN),
        status=options.get("status", 200),
        also=options.get("also", {}),
        problems=options.get("problems", ()),
        idempotent=options.get("idempotent", False),
        vital=options.get("vital", False),
        body_limit=options.get("body_limit", USUAL_BODY_LIMIT),
        deadline=options.get("deadline", USUAL_DEADLINE),
        consumes=options.get("consumes", None if form is None else "application/json"),
        produces=options.get("produces", "application/json"),
        answer_headers=options.get("answer_headers", {}),
        parameters={name: _identifier(path, hints.get(name)) for name in placeholders},
        form=None if form is None else TypeAdapter(form),
        query=_parameters(path, hints.get("query"), Query),
        headers=_parameters(path, hints.get("headers"), Headers),
        answer=_answer(answer),
    )


def _identifier(path: str, kind: object) -> type[Identifier]:
    if isinstance(kind, type) and issubclass(kind, Identifier):
        return kind
    raise BadRoute(f"{path}: a path parameter is an Identifier, not {kind}")


def _parameters(path: str, kind: object, base: type[Query | Headers]) -> Parameters | None:
    if kind is None:
        return None
    if isinstance(kind, type) and issubclass(kind, base):
        return Parameters.of(kind)
    raise BadRoute(f"{path}: {kind} is not a {base.__name__}")


def _kind(annotation: Any) -> type:
    """Look through `Annotated`, `NewType` and `| None` for int or bool."""
    if annotation in (bool, int):
        return typing.cast("type", annotation)
    supertype = getattr(annotation, "__supertype__", None)
    inner = typing.get_args(annotation) if supertype is None else (supertype,)
    return next((kind for kind in map(_kind, inner) if kind is not str), str)


def _answer(returned: object) -> TypeAdapter[Any] | None:
    """Find the documented answer in what a handler returns: neither a refusal nor a response of its own."""
    # `Replied[A] | None` is typing's union, `A | None` is the language's.
    united = typing.get_origin(returned) in {typing.Union, types.UnionType}
    members = typing.get_args(returned) if united else (returned,)
    told = [_unwrapped(each) for each in members if not _is_raw(each)]
    if not told:
        return None
    union = told[0]
    for each in told[1:]:
        union = union | each
    return TypeAdapter(union)


def _unwrapped(kind: Any) -> Any:
    return typing.get_args(kind)[0] if typing.get_origin(kind) is Replied else kind


def _is_raw(kind: object) -> bool:
    return kind in (None, types.NoneType, ProblemDocument) or (
        isinstance(kind, type) and issubclass(kind, web.StreamResponse)
    )
