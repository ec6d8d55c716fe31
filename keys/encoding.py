"""Unpadded base64url in its one spelling, and the error for bytes that are no key."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode


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
    if not isinstance(text, str):
        raise BadEncoding("base64url is text")
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise BadEncoding("this text encodes no whole bytes") from error
    # The decoder skips what it does not know, reads the other alphabet too, and drops the last bits that fill no byte.
    if encode(raw) != text:
        raise BadEncoding("this base64url text is not the one spelling of its bytes")
    return raw
