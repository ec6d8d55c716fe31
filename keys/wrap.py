"""A vault key locked by a passphrase through Argon2id (RFC 9106), on the holder's own disk only."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass, field
from typing import Any, Self

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from keys import encoding, vault
from keys.canonical import canonical

_SALT = 16
_MOST = 16
_GIBIBYTE = 1024 * 1024
_LOCKED = 12 + vault.KEY + 16


class KeyringError(Exception):
    """The keyring cannot do what was asked; the subclasses say why."""


class WrongPassphrase(KeyringError):
    """The passphrase does not unlock the keyring."""


class DamagedKeyring(KeyringError):
    """The file is not a keyring as it was written."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess of a passphrase costs: memory in KiB, passes over it, lanes.

    The default is the second recommended option of RFC 9106 §4.
    """

    memory: int = 64 * 1024
    passes: int = 3
    lanes: int = 4

    def __post_init__(self) -> None:
        if any(type(value) is not int for value in (self.memory, self.passes, self.lanes)):
            raise ValueError("memory, passes and lanes are integers")
        # The file names its own cost: without an upper bound, a changed file could take all memory before its refusal.
        if not (1 <= self.lanes <= _MOST and 1 <= self.passes <= _MOST and 8 * self.lanes <= self.memory <= _GIBIBYTE):
            raise ValueError("the cost is 1 to 16 lanes, 1 to 16 passes, and from 8 KiB per lane to 1 GiB of memory")


@dataclass(frozen=True, slots=True)
class PassphraseWrap:
    """A locked vault key, and what is needed besides the passphrase to unlock it."""

    cost: Cost
    salt: bytes
    locked: bytes = field(repr=False)

    @classmethod
    def around(cls, vault_key: bytes, passphrase: str, cost: Cost) -> Self:
        """Lock a vault key.

        Raises:
            WrongPassphrase: the passphrase is empty or no text.
        """
        salt = os.urandom(_SALT)
        return cls(cost, salt, _vault(passphrase, salt, cost).lock(vault_key, _bound_to(cost, salt)))

    def unlock(self, passphrase: str) -> bytes:
        """Return the vault key.

        Raises:
            WrongPassphrase: it is, or the wrap was changed; the two cannot be told apart.
        """
        try:
            return _vault(passphrase, self.salt, self.cost).unlock(self.locked, _bound_to(self.cost, self.salt))
        except vault.CannotUnlock as error:
            raise WrongPassphrase("the passphrase does not unlock the keyring") from error

    def to_json(self) -> dict[str, Any]:
        """Give the object that `from_json` reads."""
        return {
            "lanes": self.cost.lanes,
            "locked": encoding.encode(self.locked),
            "memory": self.cost.memory,
            "passes": self.cost.passes,
            "salt": encoding.encode(self.salt),
        }

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read a wrap.

        Raises:
            DamagedKeyring: members, types, lengths or cost are not those that `to_json` writes.
        """
        if not isinstance(value, dict) or set(value) != {"lanes", "locked", "memory", "passes", "salt"}:
            raise DamagedKeyring("the wrap has other members")
        try:
            cost = Cost(value["memory"], value["passes"], value["lanes"])
            salt, locked = encoding.decode(value["salt"]), encoding.decode(value["locked"])
        except ValueError as error:
            raise DamagedKeyring(f"the wrap is damaged: {error}") from error
        if (len(salt), len(locked)) != (_SALT, _LOCKED):
            raise DamagedKeyring("the wrap has other lengths")
        return cls(cost, salt, locked)


def _vault(passphrase: str, salt: bytes, cost: Cost) -> vault.Vault:
    # One keyboard writes å as one character, another as two: NFC makes them the same passphrase (RFC 8265 §4.2).
    try:
        text = unicodedata.normalize("NFC", passphrase).encode("utf-8")
    except UnicodeEncodeError as error:
        raise WrongPassphrase("the passphrase is no text") from error
    if not text:
        raise WrongPassphrase("the passphrase is empty")
    kdf = Argon2id(salt=salt, length=vault.KEY, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory)
    return vault.Vault(kdf.derive(text))


def _bound_to(cost: Cost, salt: bytes) -> bytes:
    return canonical(
        {
            "lanes": cost.lanes,
            "memory": cost.memory,
            "passes": cost.passes,
            "salt": encoding.encode(salt),
            "use": "keyring-passphrase",
            "v": 1,
        }
    )
