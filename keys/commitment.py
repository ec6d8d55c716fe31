"""Commitment to a content key: AES-GCM does not commit, so one ciphertext could open differently under two keys.

The manifest carries the commitment, and the reader checks it after unsealing (DESIGN §4).
"""

from __future__ import annotations

import hmac
from hashlib import sha256

from keys.encoding import BadKey

KEY = 32
_CONTEXT = b"fortrolig/content-key/1\n"


class WrongContentKey(Exception):
    """The key is not the one that the manifest commits to."""


def commit(share: str, key: bytes) -> str:
    """Return SHA-256, in hex, of the context, the share's id and the 32-byte content key.

    Raises:
        BadKey: the key is not 32 bytes (the fixed length keeps id and key apart).
    """
    if len(key) != KEY:
        raise BadKey(f"a content key is {KEY} bytes")
    return sha256(_CONTEXT + share.encode("utf-8") + key).hexdigest()


def check(commitment: str, share: str, key: bytes) -> None:
    """Return if the key is the one that the commitment is to.

    Raises:
        WrongContentKey: it is another.
        BadKey: the key is not 32 bytes.
    """
    if not hmac.compare_digest(commitment.encode("utf-8"), commit(share, key).encode("utf-8")):
        raise WrongContentKey("the unsealed key is not the one that the manifest commits to")
