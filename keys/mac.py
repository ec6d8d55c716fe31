"""HMAC-SHA256 over canonical JSON, under a secret that two people share for one invitation (DESIGN §3, enrolment)."""

from __future__ import annotations

import hmac
import os
from hashlib import sha256
from typing import Any

from keys.canonical import NotCanonical, canonical
from keys.encoding import BadKey

SECRET = 16


class BadMac(Exception):
    """The tag is not one over this value under this secret."""


def generate() -> bytes:
    """Make a new 16-byte secret: 128 bits, short enough for a slip of paper."""
    return os.urandom(SECRET)


def authenticate(value: Any, secret: bytes) -> bytes:
    """Return the 32-byte tag over `canonical(value)`.

    Raises:
        BadKey: the secret is not 16 bytes.
        NotCanonical: the value has no canonical form.
    """
    if len(secret) != SECRET:
        raise BadKey(f"an invitation's secret is {SECRET} bytes")
    return hmac.digest(secret, canonical(value), sha256)


def verify(tag: bytes, value: Any, secret: bytes) -> None:
    """Return if the tag is over this value under this secret, in time that does not depend on where it differs.

    Raises:
        BadMac: it is not, or the value has no canonical form.
        BadKey: the secret is not 16 bytes.
    """
    try:
        expected = authenticate(value, secret)
    except NotCanonical as error:
        raise BadMac("the value has no canonical form") from error
    if not hmac.compare_digest(tag, expected):
        raise BadMac("the tag is not over this value under this secret")
