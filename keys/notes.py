"""Ed25519 for C2SP signed notes (specs/audit-log.md); formats are made in `protocol.log.note`."""

from __future__ import annotations

from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from keys.encoding import BadKey

_SEED = 32


class NoteKey:
    """An Ed25519 private key (RFC 8032), kept as its 32-byte seed; `public` is 32 bytes."""

    __slots__ = ("_private", "public")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public: bytes = private.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> Self:
        """Make a new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_bytes(cls, seed: bytes) -> Self:
        """Take the 32-byte seed.

        Raises:
            BadKey: another length.
        """
        if len(seed) != _SEED:
            raise BadKey(f"an Ed25519 seed is {_SEED} bytes")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def to_bytes(self) -> bytes:
        """Give the seed that `from_bytes` takes. Secret."""
        return self._private.private_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Sign; the same message always gives the same 64 bytes."""
        return self._private.sign(message)

    def __repr__(self) -> str:
        return f"NoteKey(public={self.public.hex()!r})"


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether this is a signature of the message by this 32-byte key; False for any malformed key or signature."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
