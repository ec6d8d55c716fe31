"""Sealing to a person or a unit: HPKE base mode (RFC 9180), X-Wing, HKDF-SHA256, AES-256-GCM.

X-Wing joins ML-KEM-768 and X25519 (draft-connolly-cfrg-xwing-kem): what is sealed stays closed while either of them
holds.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from hashlib import shake_256
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from keys.encoding import BadKey

_SUITE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_SEED = 32
_MLKEM_SEED = 64
_MLKEM_PUBLIC = 1184
_PUBLIC = _MLKEM_PUBLIC + 32


class CannotOpen(Exception):
    """The sealed bytes do not open: another key, another `info`, or not what was sealed."""


@dataclass(frozen=True, slots=True)
class SealingPublicKey:
    """An X-Wing public key; `raw` is 1,216 bytes: ML-KEM-768, then X25519."""

    raw: bytes = field(repr=False)
    _hpke: Any = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.raw) != _PUBLIC:
            raise BadKey(f"an X-Wing public key is {_PUBLIC} bytes")
        try:
            mlkem = MLKEM768PublicKey.from_public_bytes(self.raw[:_MLKEM_PUBLIC])
            x25519 = X25519PublicKey.from_public_bytes(self.raw[_MLKEM_PUBLIC:])
        except ValueError as error:
            raise BadKey("this is no X-Wing public key") from error
        object.__setattr__(self, "_hpke", hpke.MLKEM768X25519PublicKey(mlkem, x25519))


class SealingKey:
    """An X-Wing private key, kept as its 32-byte seed."""

    __slots__ = ("_hpke", "_seed", "public")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != _SEED:
            raise BadKey(f"an X-Wing seed is {_SEED} bytes")
        # expandDecapsulationKey of the draft, §5.2: d and z of ML-KEM, then the scalar of X25519.
        expanded = shake_256(seed).digest(_MLKEM_SEED + 32)
        mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:_MLKEM_SEED])
        x25519 = X25519PrivateKey.from_private_bytes(expanded[_MLKEM_SEED:])
        self._seed = bytes(seed)
        self._hpke = hpke.MLKEM768X25519PrivateKey(mlkem, x25519)
        self.public = SealingPublicKey(
            mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw(),
        )

    @classmethod
    def from_bytes(cls, seed: bytes) -> Self:
        """Take the 32-byte seed.

        Raises:
            BadKey: another length.
        """
        return cls(seed)

    def to_bytes(self) -> bytes:
        """Give the seed that `from_bytes` takes. Secret."""
        return self._seed

    def __repr__(self) -> str:
        return "SealingKey(...)"


def generate() -> SealingKey:
    """Make a new key."""
    return SealingKey(os.urandom(_SEED))


def seal(secret: bytes, recipient: SealingPublicKey, info: bytes) -> bytes:
    """Seal a secret so that only the recipient's key opens it, and only under the same `info`.

    The result is `enc` (1,120 bytes), the ciphertext (as long as the secret) and a tag (16 bytes). HPKE does not say
    who sealed; that is a signed statement's job.

    Raises:
        BadKey: nothing can be sealed to this key.
    """
    try:
        return _SUITE.encrypt(secret, recipient._hpke, info)  # noqa: SLF001  (same module)
    except ValueError as error:
        raise BadKey("nothing can be sealed to this key") from error


def unseal(sealed: bytes, key: SealingKey, info: bytes) -> bytes:
    """Open what `seal` made for this key under this `info`.

    Raises:
        CannotOpen: for whatever reason; they are not told apart.
    """
    try:
        return _SUITE.decrypt(sealed, key._hpke, info)  # noqa: SLF001  (same module)
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("this does not open with this key for this use") from error
