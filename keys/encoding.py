"""Unpadded base64url in its one spelling, and the error for bytes that are no key."""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*")


class BadEncoding(ValueError):
    """The text is not base64url as `encode` writes it."""


class BadKey(ValueError):
    """The bytes or the JWK are no key of the asked kind."""


def encode(raw: bytes) -> str:
    """Write bytes as unpadded base64url (RFC 4648 §5)."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(text: object) -> bytes:
    """Read what `encode` writes: no padding, no white space, no other alphabet, no stray last bits.

    Raises:
        BadEncoding: any other spelling, and anything but text.
    """
    if not isinstance(text, str) or not _ALPHABET.fullmatch(text):
        raise BadEncoding("this is not unpadded base64url text")
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise BadEncoding("this length of base64url text encodes no whole bytes") from error
    # The last character may carry bits that no byte uses: several texts would stand for the same bytes.
    if encode(raw) != text:
        raise BadEncoding("this base64url text is not the one spelling of its bytes")
    return raw
