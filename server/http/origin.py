"""The address that a client called, as it stands in proofs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.config import SETTINGS
from server.http import problems
from server.http.problems import problem

if TYPE_CHECKING:
    from aiohttp import web

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def origin_of(request: web.Request) -> str:
    """Give scheme, host and port without a path: the configured origin, else what a loopback client called.

    Raises:
        Problem: no origin is configured and the request names another host.
    """
    if (origin := request.app[SETTINGS].origin) is not None:
        return origin
    # Never a foreign Host header: with it, a proof made for another server could be brought here.
    if request.url.host not in _LOOPBACK:
        raise problem(problems.BAD_REQUEST, "This server has no origin configured and answers on loopback only.")
    return f"{request.scheme}://{request.host}"


def target_of(request: web.Request) -> str:
    """Give the address that a proof names (`htu`): origin and path, no query (RFC 9449 §4.2)."""
    return origin_of(request) + request.rel_url.raw_path
