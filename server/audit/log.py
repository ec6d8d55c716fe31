"""The log as this process knows it: keys, tree, head, and whether it may still sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol.identifiers import Instant
from protocol.log import merkle, receipt
from protocol.log.checkpoint import BadCheckpoint
from protocol.log.entry import Entry
from protocol.log.merkle import EMPTY_ROOT, leaf_hash
from protocol.log.receipt import Disclosure
from server.audit import keyfiles, store
from server.audit.scopes import Scopes
from server.audit.tree import Edge, Tree
from server.database import schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

    from keys.vault import Vault
    from server.audit.keyfiles import LastCheckpoint, LogKey
    from server.audit.scopes import KeyWrapper
    from server.audit.store import Head
    from server.audit.tree import Growth
    from server.database.engine import Database

_LOADED_AT_ONCE = 4096


class LogHalted(Exception):
    """The log signs nothing more until a person has decided; it can still be read."""


class LogBehind(LogHalted):
    """The database is older than a checkpoint that was published: a backup was put back, and entries are missing."""


class LogForked(LogHalted):
    """The database is another history than the one that was published."""


class LogDamaged(LogHalted):
    """The entries in the database do not hash to the checkpoint beside them, or nobody signed that."""


class Log:
    """Make it with `open`. Changed by the one writer only; read by others through `head` and `edge`."""

    def __init__(self, log_key: LogKey, wrapper: KeyWrapper, copy: LastCheckpoint) -> None:
        self.key = log_key
        self.copy = copy
        self.scopes = Scopes(log_key.origin, wrapper)
        self.tree = Tree()
        self.head = store.Head(0, Instant(0), "")
        self.halted: LogHalted | None = None
        self._edge = Edge(self.tree, 0)

    @classmethod
    async def open(cls, database: Database, data_dir: Path) -> Log:
        """Load keys and tree, and compare the database with the checkpoint kept outside it.

        A database that is behind, forked or damaged gives a log with `halted` set: it reads and never signs.

        Raises:
            keyfiles.NoLog: `init_log` was not called here, or its files are gone.
        """
        copy = keyfiles.last_checkpoint(data_dir)
        log = cls(keyfiles.load_log_key(data_dir), keyfiles.load_wrapper(data_dir), copy)
        await database.write(log._start, copy.read())
        return log

    @property
    def origin(self) -> str:
        """The log's name."""
        return self.key.origin

    def _present(self) -> tuple[Edge, bytes]:
        # One read of `head`, and nothing but complete nodes after it: this also runs while the writer goes on.
        head, edge = self.head, self._edge
        if edge.size != head.size:
            self._edge = edge = Edge(self.tree, head.size)
        return edge, head.checkpoint.encode()

    def catch_up(self, connection: Connection) -> None:
        """Lock the head and take in what other processes have appended; in the writer's transaction.

        Raises:
            LogHalted: what stands in the database does not continue what this process has seen.
        """
        if self.halted is not None:
            raise self.halted
        head = store.lock_head(connection)
        try:
            self._follow(connection, head)
        except LogHalted as halted:
            self.halted = halted
            raise

    def advance(self, growth: Growth, head: Head, vaults: Mapping[str, Vault]) -> None:
        """Take in what this process has committed."""
        self.tree.advance(growth)
        self.head = head
        self.scopes.remember(vaults)

    def disclose(self, connection: Connection, leaves: Iterable[store.StoredLeaf]) -> list[tuple[int, Disclosure]]:
        """Give (index, disclosure) of stored leaves.

        Raises:
            scopes.Erased: one of them has been erased.
        """
        return [
            (leaf.n, Disclosure(leaf.entry, *self.scopes.unlock(connection, leaf, Entry.parse(leaf.entry).id)))
            for leaf in leaves
        ]

    def receipt(self, index: int, disclosure: Disclosure) -> str:
        """Write the receipt of an entry, proved in the tree of the present head.

        Raises:
            ProofError: the log has no such entry yet.
        """
        return self.receipts([(index, disclosure)])[0]

    def receipts(self, disclosed: Iterable[tuple[int, Disclosure]]) -> list[str]:
        """Write the receipts of several entries, all against one checkpoint; raises like `receipt`."""
        edge, note = self._present()
        return [
            receipt.format(receipt.issue(disclosure, index, edge.inclusion(index), note))
            for index, disclosure in disclosed
        ]

    def receipt_at(self, size: int, note: str, index: int, disclosure: Disclosure) -> str:
        """Write the receipt of an entry, proved in the tree of an earlier size whose signed checkpoint is `note`.

        Raises:
            ProofError: the log of that size has no such entry.
        """
        hashes = Edge(self.tree, size).inclusion(index)
        return receipt.format(receipt.issue(disclosure, index, hashes, note.encode()))

    def _start(self, connection: Connection, copy: bytes) -> None:
        with connection.begin():
            schema.take_turns(connection)
            try:
                outside = self.key.open(copy)
                if outside.size == 0 and store.lock_head(connection) is None:
                    store.begin_log(connection, store.Head(0, Instant(0), self.key.sign(0, EMPTY_ROOT)))
                self._follow(connection, store.lock_head(connection))
                self._compare(outside.size, outside.root)
            except LogHalted as halted:
                self.halted = halted
            except BadCheckpoint as error:
                self.halted = LogDamaged(f"the checkpoint kept outside the database is not this log's: {error}")

    def _follow(self, connection: Connection, head: Head | None) -> None:
        known = self.head
        if head is None or head.size < self.tree.size:
            raise LogBehind(f"the database has {head.size if head else 0} entries, {self.tree.size} were published")
        if head == known:
            return
        if head.size == known.size and known.checkpoint:
            raise LogForked(f"two different checkpoints of size {head.size}")
        try:
            signed = self.key.open(head.checkpoint)
        except BadCheckpoint as error:
            raise LogDamaged(f"the database's checkpoint is not this log's: {error}") from error
        growth = self.tree.grow(self._missing_hashes(connection, head.size))
        if growth.size != head.size or signed.size != head.size or Edge(growth, head.size).root() != signed.root:
            raise LogDamaged(f"the entries in the database do not hash to the checkpoint of size {head.size}")
        self.tree.advance(growth)
        self.head = head

    def _missing_hashes(self, connection: Connection, size: int) -> list[bytes]:
        hashes: list[bytes] = []
        if self.tree.size == 0:
            for tile in store.leaf_tiles(connection):
                hashes += [tile[i : i + merkle.HASH_LENGTH] for i in range(0, len(tile), merkle.HASH_LENGTH)]
        for first in range(self.tree.size + len(hashes), size, _LOADED_AT_ONCE):
            found = store.entries(connection, first, min(first + _LOADED_AT_ONCE, size))
            hashes += [leaf_hash(entry) for entry in found]
        return hashes

    def _compare(self, size: int, root: bytes) -> None:
        if size > self.head.size:
            raise LogBehind(f"the database has {self.head.size} entries, {size} were published")
        if Edge(self.tree, size).root() != root:
            raise LogForked(f"the database is another history than the one published at size {size}")
