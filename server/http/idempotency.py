"""Repeated writes: which key a request came with. The writer keeps the answers, in the transaction that made them."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import NamedTuple

from aiohttp import web

from server.http import problems
from server.http.problems import FieldFault, Problem, ProblemDocument

HEADER = "Idempotency-Key"
KEY_PATTERN = "^[A-Za-z0-9_-]{16,64}$"

_KEY = re.compile(KEY_PATTERN[1:-1])


class RepeatKey(NamedTuple):
    """A client's key for one write, and the digest (SHA-256, hex) of method, address and body that it came with."""

    key: str
    digest: str


_REPEAT: web.RequestKey[RepeatKey] = web.RequestKey("repeat")


def read_repeat_key(request: web.Request, body: bytes) -> None:
    """Read the header, for `repeat_key`.

    Raises:
        Problem: more than one key, or not of the accepted form.
    """
    keys = request.headers.getall(HEADER, [])
    if not keys:
        return
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        fault = FieldFault(HEADER, "16 to 64 letters, digits, hyphens or underscores, once")
        raise Problem(ProblemDocument(problems.BAD_FIELD, fields=(fault,)))
    digest = sha256(f"{request.method} {request.path_qs}\n".encode() + body).hexdigest()
    request[_REPEAT] = RepeatKey(keys[0], digest)


def repeat_key(request: web.Request) -> RepeatKey | None:
    """Give the key that this write came with, if any; only on routes that are `idempotent`."""
    return request.get(_REPEAT)
