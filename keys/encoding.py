"""Unpadded base64url in its one spelling, and the error for bytes that are no key."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64

_PADDING = (b"", None, b"==", b"=")
_LAST = {2: frozenset("AQgw"), 3: frozenset("AEIMQUYcgkosw048")}
"""By what is left over after whole groups of four: the last signs whose unused bits are zero."""


class BadEncoding(ValueError):
    """The text is not base64url as `encode` writes it."""


class BadKey(ValueError):
    """The bytes or the JWK are no key of the asked kind."""


def encode(raw: bytes) -> str:
    """Write bytes as unpadded base64url (RFC 4648 §5)."""
    # Most text has neither sign: looking for them twice is sooner done than translating every letter.
    return b2a_base64(raw, newline=False).rstrip(b"=").replace(b"+", b"-").replace(b"/", b"_").decode("ascii")


def decode(text: object) -> bytes:
    """Read what `encode` writes: no padding, no white space, no other alphabet, no stray last bits.

    Raises:
        BadEncoding: any other spelling, and anything but text.
    """
    if not isinstance(text, str):
        raise BadEncoding("base64url is text")
    over = len(text) % 4
    if (padding := _PADDING[over]) is None:
        raise BadEncoding("this text encodes no whole bytes")
    if "+" in text or "/" in text or "=" in text:
        raise BadEncoding("this text is of another alphabet, or padded")
    if over and text[-1] not in _LAST[over]:
        raise BadEncoding("this base64url text is not the one spelling of its bytes")
    try:
        # Strict: the decoder alone skips what it does not know, and takes padding anywhere.
        spelt = text.encode("ascii").replace(b"-", b"+").replace(b"_", b"/")
        return a2b_base64(spelt + padding, strict_mode=True)
    except ValueError as error:
        raise BadEncoding("this text is not base64url") from error
