"""The log's tree in memory: every complete node, 64 bytes per leaf, grown a batch at a time.

Nodes never change once complete, so a proof for an earlier size may be made while the tree grows on another thread.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from protocol.log.merkle import EMPTY_ROOT, HASH_LENGTH, ProofError

if TYPE_CHECKING:
    from collections.abc import Sequence

TILE_WIDTH = 256
"""Hashes in a full tile (C2SP tlog-tiles)."""

TILE_HEIGHT = 8
"""Levels of the tree from one level of tiles to the next."""


class Tile(NamedTuple):
    """A full tile: its level, its number on that level, and its 256 hashes."""

    level: int
    number: int
    hashes: bytes


class Edge:
    """The right edge of the tree at one size: what its incomplete nodes hash to. Makes many proofs at that size."""

    def __init__(self, tree: Tree | Growth, size: int) -> None:
        self.size = size
        self._node = tree.node
        # _ragged[level] covers the leaves after the last complete node of that level; None where there are none.
        self._ragged: list[bytes | None] = [None]
        for level in range(size.bit_length()):
            right = self._ragged[level]
            if (size >> level) & 1:
                left = tree.node(level, (size >> level) - 1)
                right = left if right is None else sha256(b"\x01" + left + right).digest()
            self._ragged.append(right)

    def root(self) -> bytes:
        """Give the root hash of the tree at this size."""
        return self._ragged[-1] or EMPTY_ROOT

    def inclusion(self, index: int) -> list[bytes]:
        """Prove that leaf `index` is in the tree of this size (RFC 9162 §2.1.3.1), the leaf's sibling first.

        Raises:
            ProofError: unless 0 <= index < size.
        """
        if not 0 <= index < self.size:
            raise ProofError(f"there is no leaf {index} in a tree of {self.size}")
        path, complete, level = [], self.size, 0
        while complete:
            sibling = index ^ 1
            if sibling < complete:
                path.append(self._node(level, sibling))
            elif sibling == complete and (ragged := self._ragged[level]) is not None:
                path.append(ragged)
            index, complete, level = index >> 1, complete >> 1, level + 1
        return path


class Tree:
    """Every complete node by level. `grow` plans, `advance` carries out: in between stands the commit."""

    def __init__(self) -> None:
        self._levels: list[bytearray] = [bytearray()]

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0]) // HASH_LENGTH

    def node(self, level: int, index: int) -> bytes:
        """Give the hash of a complete node.

        Raises:
            ProofError: it is not complete, or there is no such node.
        """
        if level < len(self._levels) and index >= 0:
            found = bytes(self._levels[level][index * HASH_LENGTH : (index + 1) * HASH_LENGTH])
            if found:
                return found
        raise ProofError(f"the tree of {self.size} leaves has no complete node {index} on level {level}")

    def grow(self, leaf_hashes: Sequence[bytes]) -> Growth:
        """Work out what these leaves would add, and leave the tree as it is."""
        return Growth(self, leaf_hashes)

    def advance(self, growth: Growth) -> None:
        """Take in what `grow` worked out.

        Raises:
            ProofError: the tree has changed since.
        """
        if growth.base != self.size:
            raise ProofError("the growth was worked out for another state of the tree")
        while len(self._levels) < len(growth.added):
            self._levels.append(bytearray())
        # Upper levels first: `size`, read by others, counts the lowest, whose parents are then all there.
        for level in range(len(growth.added) - 1, -1, -1):
            self._levels[level] += growth.added[level]


class Growth:
    """The nodes that some leaves complete on top of a tree."""

    def __init__(self, tree: Tree, leaf_hashes: Sequence[bytes]) -> None:
        self._tree = tree
        self.base = tree.size
        self.size = self.base + len(leaf_hashes)
        self.added: list[bytes] = [b"".join(leaf_hashes)]
        level = 0
        while self.size >> (level + 1):
            self.added.append(self._parents(level))
            level += 1

    def node(self, level: int, index: int) -> bytes:
        """Give the hash of a complete node, old or new; raises like `Tree.node`."""
        first = self.base >> level
        if index >= first and level < len(self.added):
            start = (index - first) * HASH_LENGTH
            if found := self.added[level][start : start + HASH_LENGTH]:
                return found
        return self._tree.node(level, index)

    def full_tiles(self) -> list[Tile]:
        """Give the tiles that these leaves have filled."""
        tiles, level = [], 0
        while self.size >> (TILE_HEIGHT * (level + 1)):
            before, after = (size >> (TILE_HEIGHT * (level + 1)) for size in (self.base, self.size))
            for number in range(before, after):
                first = number * TILE_WIDTH
                nodes = (self.node(TILE_HEIGHT * level, first + i) for i in range(TILE_WIDTH))
                tiles.append(Tile(level, number, b"".join(nodes)))
            level += 1
        return tiles

    def _parents(self, level: int) -> bytes:
        first, end = self.base >> (level + 1), self.size >> (level + 1)
        if first == end:
            return b""
        children = self.added[level]
        if (self.base >> level) & 1:  # the first parent's left child stood there before
            children = self._tree.node(level, 2 * first) + children
        pair = 2 * HASH_LENGTH
        return b"".join(
            [
                sha256(b"\x01" + children[start : start + pair]).digest()
                for start in range(0, (end - first) * pair, pair)
            ]
        )
