"""Details at rest: one random key per scope, each wrapped by a key that is not in the database.

A scope is what is erased in one go: a matter, or a person or unit where there is no child. Destroying its key erases
the details of all its entries, in every copy of the database, and every proof still holds (specs/audit-log.md §8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

from keys.vault import Vault, generate
from protocol.log.entry import BLIND_LENGTH
from server.audit import store
from server.database.files import create_private

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

_MOST_CACHED = 10_000


class Erased(Exception):
    """The key to these details was destroyed: nobody can read them any more."""


class KeyWrapper(Protocol):
    """Keeps scopes' keys unreadable to whoever has only the database: a file, or a machine made for it."""

    def wrap(self, key: bytes, scope: str) -> bytes:
        """Wrap a scope's 32-byte key."""
        ...

    def unwrap(self, wrapped: bytes, scope: str) -> bytes:
        """Give the key back; any failure is a fault."""
        ...


class FileWrapper:
    """A `KeyWrapper` whose own key is in a file beside the database, never in its backups."""

    def __init__(self, key: bytes) -> None:
        self._vault = Vault(key)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make the file (0600); raises FileExistsError instead of overwriting one."""
        key = generate()
        create_private(path, key)
        return cls(key)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file."""
        return cls(path.read_bytes())

    def wrap(self, key: bytes, scope: str) -> bytes:
        """See `KeyWrapper.wrap`."""
        return self._vault.lock(key, _wrapping(scope))

    def unwrap(self, wrapped: bytes, scope: str) -> bytes:
        """See `KeyWrapper.unwrap`."""
        return self._vault.unlock(wrapped, _wrapping(scope))


class Scopes:
    """The scopes' keys in use."""

    def __init__(self, origin: str, wrapper: KeyWrapper) -> None:
        self._origin = origin.encode() + b"\n"
        self._wrapper = wrapper
        self._vaults: dict[str, Vault] = {}

    def vaults(self, connection: Connection, scopes: Iterable[str]) -> dict[str, Vault]:
        """Give each scope's vault, making and storing keys for new ones in the caller's transaction.

        New ones are not remembered until `remember`: the transaction may yet roll back.
        """
        wanted = set(scopes)
        found = {scope: self._vaults[scope] for scope in wanted if scope in self._vaults}
        if missing := wanted - found.keys():
            found |= self._stored(connection, missing)
            new = {scope: generate() for scope in missing - found.keys()}
            store.add_keys(connection, {scope: self._wrapper.wrap(key, scope) for scope, key in new.items()})
            found |= {scope: Vault(key) for scope, key in new.items()}
        return found

    def remember(self, vaults: Mapping[str, Vault]) -> None:
        """Keep vaults whose keys are committed."""
        if len(self._vaults) > _MOST_CACHED:
            self._vaults = {}
        self._vaults |= vaults

    def lock(self, vault: Vault, identity: str, blind: bytes, details: bytes) -> bytes:
        """Lock one entry's disclosure, bound to the log and the entry."""
        return vault.lock(blind + details, self._origin + identity.encode())

    def unlock(self, connection: Connection, leaf: store.StoredLeaf, identity: str) -> tuple[bytes, bytes]:
        """Give (blind, details) of a stored leaf.

        Raises:
            Erased: its scope's key, or its locked details, are gone.
            keys.vault.CannotUnlock: somebody changed the row.
        """
        if leaf.scope is None or leaf.locked is None:
            raise Erased(f"the details of entry {leaf.n} were erased")
        vault = self._vaults.get(leaf.scope)
        if vault is None:
            found = self._stored(connection, {leaf.scope})
            if not found:
                raise Erased(f"the details of entry {leaf.n} were erased")
            self.remember(found)
            vault = found[leaf.scope]
        disclosed = vault.unlock(leaf.locked, self._origin + identity.encode())
        return disclosed[:BLIND_LENGTH], disclosed[BLIND_LENGTH:]

    def _stored(self, connection: Connection, scopes: set[str]) -> dict[str, Vault]:
        wrapped = store.find_keys(connection, scopes)
        return {scope: Vault(self._wrapper.unwrap(key, scope)) for scope, key in wrapped.items()}


def _wrapping(scope: str) -> bytes:
    return b"fortrolig/log-scope-key/1\n" + scope.encode()
