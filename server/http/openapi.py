"""The OpenAPI 3.1 document, made from the same routes that answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import TypeAdapter

from server.http import problems
from server.http.access import Access
from server.http.forms import Answer, identifier_schema
from server.http.idempotency import HEADER, KEY_PATTERN
from server.http.problems import CONTENT_TYPE, ProblemType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from server.http.routes import Parameters, Route

_REFERENCE = "#/components/schemas/{model}"
_ALWAYS = (problems.BAD_REQUEST, problems.INTERNAL, problems.BUSY, problems.DEADLINE, problems.STOPPING)
_WITH_BODY = (problems.TOO_LARGE, problems.TOO_SLOW, problems.UNSUPPORTED_MEDIA_TYPE)
_DESCRIPTION = (
    "Every request but signing in carries an access token and a DPoP proof (RFC 9449): `Authorization: DPoP <token>` "
    "and `DPoP: <proof>`, the proof with the nonce that the server told last. Every failure is a problem document "
    "(RFC 9457) with a stable `code`. HEAD is answered wherever GET is."
)


class FieldFaultBody(Answer):
    """One fault in what was sent."""

    field: str
    fault: str


class ProblemBody(Answer):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    reason: str | None = None
    rule: str | None = None
    error: str | None = None
    missing: list[str] | None = None
    fields: list[FieldFaultBody] | None = None


def document(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """Describe the routes as OpenAPI 3.1 JSON values."""
    routes = list(routes)
    schemas, components = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Fortrolig", "version": version, "description": _DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "DPoP", "description": "An RFC 9068 access token"},
                "proof": {"type": "apiKey", "in": "header", "name": "DPoP", "description": "An RFC 9449 proof"},
            },
        },
    }


_Schemas = dict[int, dict[str, Any]]
"""The schema of each type adapter, by the adapter's `id`."""


def _schemas(routes: list[Route]) -> tuple[_Schemas, dict[str, Any]]:
    told = TypeAdapter(ProblemBody)
    wanted: list[tuple[int, Literal["validation", "serialization"], TypeAdapter[Any]]] = [(0, "serialization", told)]
    for route in routes:
        if route.form is not None:
            wanted.append((id(route.form), "validation", route.form))
        if route.answer is not None:
            wanted.append((id(route.answer), "serialization", route.answer))
    made, shared = TypeAdapter.json_schemas(wanted, ref_template=_REFERENCE)
    return {key: schema for (key, _), schema in made.items()}, shared.get("$defs", {})


def _operation(route: Route, schemas: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.table],
        "summary": route.summary,
        "parameters": _described_parameters(route),
        "responses": _responses(route, schemas),
    }
    if route.description:
        operation["description"] = route.description
    if route.who is Access.SIGNED_IN:
        operation["security"] = [{"token": [], "proof": []}]
    if route.consumes is not None:
        schema = {} if route.form is None else schemas[id(route.form)]
        operation["requestBody"] = {"required": True, "content": {route.consumes: {"schema": schema} if schema else {}}}
    return operation


def _described_parameters(route: Route) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": identifier_schema(kind)}
        for name, kind in route.parameters.items()
    ]
    told += _fields("query", route.query)
    told += _fields("header", route.headers)
    if route.idempotent:
        told.append(
            {
                "name": HEADER,
                "in": "header",
                "required": False,
                "description": "Repeats with the same key and the same request get the same answer for 24 hours.",
                "schema": {"type": "string", "pattern": KEY_PATTERN},
            }
        )
    return told


def _fields(place: str, parameters: Parameters | None) -> list[dict[str, Any]]:
    if parameters is None:
        return []
    schema = parameters.form.json_schema(ref_template=_REFERENCE)
    required = schema.get("required", [])
    return [
        {"name": name, "in": place, "required": name in required, "schema": _without_null(field)}
        for name, field in schema.get("properties", {}).items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that may be left out is never the word null."""
    given = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    if len(given) != 1:
        return schema
    return {**given[0], **{name: value for name, value in schema.items() if name not in {"anyOf", "default"}}}


def _responses(route: Route, schemas: _Schemas) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if route.answer is not None:
        content = {"content": {"application/json": {"schema": schemas[id(route.answer)]}}}
    elif route.produces != "application/json":
        content = {"content": {route.produces: {}}}
    headers = {name: {"description": text, "schema": {"type": "string"}} for name, text in route.answer_headers.items()}
    headed = {"headers": headers} if headers else {}
    responses: dict[str, Any] = {str(route.status): {"description": route.summary, **headed, **content}}
    for status, text in route.also.items():
        responses[str(status)] = {"description": text, **headed, **content}
    return {**responses, **_refusals(route, schemas[0])}


def _refusals(route: Route, schema: Mapping[str, Any]) -> dict[str, Any]:
    by_status: dict[int, set[str]] = {}
    for kind in _possible(route):
        by_status.setdefault(kind.status, set()).add(f"`{kind.code}`: {kind.title}")
    told: dict[str, Any] = {}
    for status, lines in sorted(by_status.items()):
        told[str(status)] = {
            "description": "\n\n".join(sorted(lines)),
            "content": {CONTENT_TYPE: {"schema": schema}},
        }
        if status == problems.UNAUTHENTICATED.status:
            told[str(status)]["headers"] = {
                "WWW-Authenticate": {"description": "A DPoP challenge", "schema": {"type": "string"}},
                "DPoP-Nonce": {"description": "The nonce for the next proof", "schema": {"type": "string"}},
            }
    return told


def _possible(route: Route) -> set[ProblemType]:
    possible = {*_ALWAYS, *route.problems, problems.BAD_FIELD}
    if route.who is Access.SIGNED_IN:
        possible.add(problems.UNAUTHENTICATED)
    if route.parameters:
        possible.add(problems.NOT_FOUND)
    if route.consumes is not None:
        possible.update(_WITH_BODY)
    if route.form is not None:
        possible.add(problems.BAD_JSON)
    if route.fills_disk:
        possible.add(problems.OUT_OF_SPACE)
    if route.idempotent:
        possible.update((problems.KEY_REUSED, problems.ALREADY_ANSWERED))
    return possible
