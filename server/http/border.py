"""The middleware around every request: nothing but an answer or a problem document leaves the server."""

from __future__ import annotations

import secrets
import time
import traceback
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from aiohttp.hdrs import METH_ALL
from prometheus_client import CollectorRegistry, Counter, Histogram

from server.http import problems
from server.http.problems import Problem, ProblemDocument, ProblemType, problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp.typedefs import Handler

HEALTH = "/v1/health/"

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_BY_STATUS = {
    400: problems.BAD_REQUEST,
    404: problems.NOT_FOUND,
    405: problems.METHOD_NOT_ALLOWED,
    411: problems.LENGTH_REQUIRED,
    412: problems.PRECONDITION_FAILED,
    413: problems.TOO_LARGE,
    415: problems.UNSUPPORTED_MEDIA_TYPE,
    416: problems.RANGE_NOT_SATISFIABLE,
    417: problems.EXPECTATION_FAILED,
}

_log = structlog.get_logger("server.http")


class Metrics:
    """Counts and times by route, in a registry of their own: several applications may live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        names = ["method", "route", "status"]
        self.requests = Counter("fortrolig_requests", "Requests answered", names, registry=self.registry)
        self.seconds = Histogram("fortrolig_request_seconds", "Time to answer", ["route"], registry=self.registry)
        # Finding a series by its labels takes longer than counting. There are as many as routes and statuses.
        self._series = cache(lambda *labels: (self.requests.labels(*labels), self.seconds.labels(labels[1])))

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        requests, times = self._series(method, route, str(status))
        requests.inc()
        times.observe(seconds)


def always() -> bool:
    """Say yes."""
    return True


@dataclass(slots=True)
class Gate:
    """Whether requests are let in: not more than `most` at a time, and none once the server stops.

    `has_room` says whether the disk takes more than what must always work.
    """

    most: int
    running: int = 0
    stopping: bool = False
    has_room: Callable[[], bool] = always
    metrics: Metrics = field(default_factory=Metrics)


FAULTS: web.AppKey[Mapping[type[Exception], ProblemType]] = web.AppKey("faults")
"""What to answer for exceptions of the packages above, which this one cannot name."""

GATE: web.AppKey[Gate] = web.AppKey("gate", Gate)


@web.middleware
async def border(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request in, make every exception a problem document, log and count."""
    gate = request.app[GATE]
    name = secrets.token_hex(8)
    begun = time.perf_counter()
    gate.running += 1
    try:
        response = await _guarded(request, handler, gate, name)
    finally:
        gate.running -= 1
    if not response.prepared:
        response.headers["Request-Id"] = name
        if gate.stopping:
            response.force_close()
    _tell(request, response, name, time.perf_counter() - begun, gate.metrics)
    return response


async def dress(_: web.Request, response: web.StreamResponse) -> None:
    """Add the headers that every answer carries (`on_response_prepare`), and drop the one that names our software."""
    headers = response.headers
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    headers.popall("Server", None)


async def _guarded(request: web.Request, handler: Handler, gate: Gate, name: str) -> web.StreamResponse:
    try:
        if not request.path.startswith(HEALTH):
            _let_in(gate)
        return await handler(request)
    except Problem as fault:
        return fault.document.response()
    except web.HTTPException as fault:
        return _translated(fault)
    except (ConnectionError, web.RequestPayloadError) as fault:
        # The client went away or broke its own body: nothing of ours failed.
        if request.transport is None or request.transport.is_closing():
            raise
        return _unless_begun(request, fault, problems.BAD_REQUEST)
    except Exception as fault:  # noqa: BLE001  (the border: whatever it is becomes a problem document)
        if (declared := _declared(request.app[FAULTS], fault)) is not None:
            return _unless_begun(request, fault, declared)
        _log.error("fault", request=name, fault=type(fault).__name__, where=_where(fault))
        return _unless_begun(request, fault, problems.INTERNAL)


def _let_in(gate: Gate) -> None:
    if gate.stopping:
        raise problem(problems.STOPPING, Retry_After="2", Connection="close")
    if gate.running > gate.most:
        raise problem(problems.BUSY, Retry_After="1")


def _declared(faults: Mapping[type[Exception], ProblemType], fault: Exception) -> ProblemType | None:
    return next((faults[kind] for kind in type(fault).__mro__ if kind in faults), None)


def _translated(fault: web.HTTPException) -> web.StreamResponse:
    """Answer aiohttp's own refusals as ours."""
    kind = _BY_STATUS.get(fault.status, ProblemType("http", fault.status, "The request cannot be answered"))
    headers = {name: fault.headers[name] for name in ("Allow", "Location") if name in fault.headers}
    return ProblemDocument(kind, headers=headers).response()


def _unless_begun(request: web.Request, fault: Exception, kind: ProblemType) -> web.StreamResponse:
    if request.writer.output_size:
        # Half an answer is out: the connection is cut, so that nobody takes the half for the whole.
        raise fault
    again = {"Retry-After": "1"} if kind.status == problems.BUSY.status else {}
    return ProblemDocument(kind, headers=again).response()


def _where(fault: BaseException) -> list[str]:
    """Give places only: an exception's text may hold what must not be logged."""
    frames = traceback.extract_tb(fault.__traceback__)[-8:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def _tell(request: web.Request, response: web.StreamResponse, name: str, seconds: float, metrics: Metrics) -> None:
    resource = request.match_info.route.resource
    # The pattern, never the path: an unknown path may be anything, a token by mistake included.
    route = "unknown" if resource is None else resource.canonical
    method = request.method if request.method in METH_ALL else "other"
    metrics.count(method, route, response.status, seconds)
    _log.info(
        "answered",
        request=name,
        method=method,
        route=route,
        status=response.status,
        milliseconds=round(seconds * 1000, 1),
    )
