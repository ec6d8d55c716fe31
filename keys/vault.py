"""AES-256-GCM for what lies at rest: details of the log, the keyring."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.encoding import BadKey

KEY = 32
_IV = 12
_TAG = 16


class CannotUnlock(Exception):
    """The bytes do not unlock: another key, other associated data, or not what was locked."""


def generate() -> bytes:
    """Make a new 32-byte key."""
    return os.urandom(KEY)


class Vault:
    """One 32-byte key in use.

    Each locking draws a random 12-byte IV: at most 2**32 lockings under one key (NIST SP 800-38D §8.3).
    """

    __slots__ = ("_aes",)

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY:
            raise BadKey(f"a vault key is {KEY} bytes")
        self._aes = AESGCM(key)

    def lock(self, plaintext: bytes, associated_data: bytes) -> bytes:
        """Return IV (12 bytes), ciphertext and tag (16 bytes), bound to the associated data."""
        iv = os.urandom(_IV)
        return iv + self._aes.encrypt(iv, plaintext, associated_data)

    def unlock(self, locked: bytes, associated_data: bytes) -> bytes:
        """Return what was locked.

        Raises:
            CannotUnlock: for whatever reason; they are not told apart.
        """
        if len(locked) < _IV + _TAG:
            raise CannotUnlock("too short to be locked bytes")
        try:
            return self._aes.decrypt(locked[:_IV], locked[_IV:], associated_data)
        except InvalidTag as error:
            raise CannotUnlock("this does not unlock with this key for this use") from error

    def __repr__(self) -> str:
        return "Vault(...)"
