"""The Merkle tree of RFC 6962 §2.1 and RFC 9162 §2.1 over SHA-256 (FIPS 180-4).

Hashes are 32 raw bytes. A tree of no leaves has the root SHA-256(""). Node (level, index) covers the leaves
[index * 2**level, (index + 1) * 2**level); once all of them exist it never changes, so it may be kept for ever.
Sizes and roots given to the verifying functions must come from verified checkpoints, never from beside the proof.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Node = Callable[[int, int], bytes]
    """Answers the hash of the complete node (level, index)."""

HASH_LENGTH = 32
EMPTY_ROOT = sha256(b"").digest()


class ProofError(ValueError):
    """A proof does not prove what was asked, or was asked of a tree that cannot give it."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash an entry as a leaf (RFC 9162 §2.1.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two children as their parent (RFC 9162 §2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


# For those who verify: proofs of one tree share most of their nodes, and so do proofs of the trees that grow from it.
_known_node_hash = lru_cache(maxsize=4_096)(node_hash)


class Frontier:
    """The append state of a tree: one hash per set bit of its size, and nothing else.

    Appending costs two hashes on average and the memory is logarithmic, so a log of any length can be rebuilt from a
    stream. `copy` gives a state of its own, for work that may be rolled back.
    """

    __slots__ = ("_hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self._hashes = list(hashes)  # largest subtree first
        if size < 0 or len(self._hashes) != size.bit_count():
            raise ProofError("a frontier has one hash for each set bit of its size")
        _check_hashes(self._hashes)

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The hashes of the complete subtrees, largest first: with `size`, all that is needed to go on."""
        return tuple(self._hashes)

    def copy(self) -> Self:
        """Return an equal state that appends apart from this one."""
        return type(self)(self.size, self._hashes)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the right end."""
        hashes = self._hashes
        index = self.size
        while index & 1:
            leaf = sha256(b"\x01" + hashes.pop() + leaf).digest()
            index >>= 1
        hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root hash of all leaves so far."""
        return _fold(self._hashes)


class Levels:
    """Every complete node of a tree, by level, in memory: 64 bytes of hash per leaf.

    `node` is what `inclusion_path` and `consistency_path` ask for.
    """

    __slots__ = ("_levels",)

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        level = list(leaf_hashes)
        _check_hashes(level)
        self._levels = [level]
        while len(level) > 1:
            level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
            self._levels.append(level)

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash, and every node that it completes."""
        level, index = 0, self.size
        self._levels[0].append(leaf)
        while index & 1:
            leaf = node_hash(self._levels[level][index - 1], leaf)
            level, index = level + 1, index >> 1
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].append(leaf)

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of a complete node.

        Raises:
            ProofError: no such node is complete yet.
        """
        if not (0 <= level < len(self._levels) and 0 <= index < len(self._levels[level])):
            raise ProofError(f"the tree of {self.size} leaves has no complete node ({level}, {index})")
        return self._levels[level][index]

    def frontier(self, size: int | None = None) -> Frontier:
        """Return the append state at a size (now, unless told).

        Raises:
            ProofError: the tree never had that size, or has not reached it.
        """
        size = self.size if size is None else size
        if not 0 <= size <= self.size:
            raise ProofError(f"the tree has {self.size} leaves, not {size}")
        return Frontier(size, _complete(0, size, self.node))

    def root(self, size: int | None = None) -> bytes:
        """Return the root at a size (now, unless told); raises like `frontier`."""
        return self.frontier(size).root()


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root of the tree over these leaf hashes, in order."""
    return Levels(leaf_hashes).root()


def inclusion_path(index: int, size: int, node: Node) -> list[bytes]:
    """Prove that leaf `index` is in the tree of `size` leaves (RFC 9162 §2.1.3.1): sibling hashes, leaf's first.

    Fetches complete nodes only, and O(log size) of them.

    Raises:
        ProofError: unless 0 <= index < size; also what `node` raises.
    """
    if not 0 <= index < size:
        raise ProofError(f"there is no leaf {index} in a tree of {size}")
    return _siblings(0, index, size, node)


def consistency_path(old_size: int, new_size: int, node: Node) -> list[bytes]:
    """Prove that the tree of `old_size` leaves is the beginning of that of `new_size` (RFC 9162 §2.1.4.1).

    Fetches complete nodes only, and O(log new_size) of them. Empty when the sizes are equal.

    Raises:
        ProofError: unless 1 <= old_size <= new_size (the empty tree proves nothing); also what `node` raises.
    """
    if not 1 <= old_size <= new_size:
        raise ProofError(f"there is no proof from a tree of {old_size} to one of {new_size}")
    if old_size == new_size:
        return []
    # The last complete subtree of the old tree: the proof climbs from there, and whoever checks an old size that is
    # a power of two has that subtree's hash already, as the old root.
    level = (old_size & -old_size).bit_length() - 1
    index = (old_size >> level) - 1
    start = [node(level, index)] if index else []
    return start + _siblings(level, index, new_size, node)


def inclusion_proof(index: int, leaf_hashes: Sequence[bytes]) -> list[bytes]:
    """Prove that leaf `index` is among these; see `inclusion_path`."""
    return inclusion_path(index, len(leaf_hashes), Levels(leaf_hashes).node)


def consistency_proof(old_size: int, leaf_hashes: Sequence[bytes]) -> list[bytes]:
    """Prove that the first `old_size` leaves are the beginning of these; see `consistency_path`."""
    return consistency_path(old_size, len(leaf_hashes), Levels(leaf_hashes).node)


def verify_inclusion(index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf is number `index` in the tree of `size` leaves with this root (RFC 9162 §2.1.3.2).

    Raises:
        ProofError: it is not proved.
    """
    if not 0 <= index < size:
        raise ProofError(f"there is no leaf {index} in a tree of {size}")
    _check_hashes((leaf_hash, root, *proof))
    position, last, found = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            raise ProofError("the inclusion proof is too long")
        if position & 1 or position == last:
            found = _known_node_hash(sibling, found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            found = _known_node_hash(found, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError("the inclusion proof is too short")
    if found != root:
        raise ProofError(f"leaf {index} is not in the tree of {size} with this root")


def verify_consistency(old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Check that the old tree is the beginning of the new one (RFC 9162 §2.1.4.2).

    Raises:
        ProofError: it is not proved; always when `old_size` is 0, from which nothing follows.
    """
    if not 1 <= old_size <= new_size:
        raise ProofError(f"there is no proof from a tree of {old_size} to one of {new_size}")
    _check_hashes((old_root, new_root, *proof))
    if old_size == new_size:
        if proof:
            raise ProofError("the consistency proof is too long")
        if old_root != new_root:
            raise ProofError(f"two different trees of {old_size} leaves")
        return
    hashes = [old_root, *proof] if old_size.bit_count() == 1 else list(proof)
    if not proof:
        raise ProofError("the consistency proof is too short")
    old_found, new_found = _climb(old_size - 1, new_size - 1, hashes)
    if old_found != old_root:
        raise ProofError(f"the proof does not lead to the old root at {old_size}")
    if new_found != new_root:
        raise ProofError(f"the tree of {old_size} leaves is not the beginning of that of {new_size}")


def _climb(position: int, last: int, hashes: list[bytes]) -> tuple[bytes, bytes]:
    """Compute the old and the new root that a consistency proof leads to."""
    while position & 1:
        position, last = position >> 1, last >> 1
    old_found = new_found = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise ProofError("the consistency proof is too long")
        if position & 1 or position == last:
            old_found = node_hash(sibling, old_found)
            new_found = node_hash(sibling, new_found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new_found = node_hash(new_found, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError("the consistency proof is too short")
    return old_found, new_found


def _siblings(level: int, index: int, size: int, node: Node) -> list[bytes]:
    """Collect the siblings from node (level, index) up to the root of the tree of `size` leaves."""
    path = []
    while 1 << level < size:
        first = (index ^ 1) << level
        end = first + (1 << level)
        if end <= size:
            path.append(node(level, index ^ 1))
        elif first < size:
            path.append(_fold(_complete(first, size, node)))
        level, index = level + 1, index >> 1
    return path


def _complete(first: int, end: int, node: Node) -> list[bytes]:
    """Fetch the complete subtrees that make up [first, end), largest first; `first` is a multiple of the largest."""
    hashes = []
    while first < end:
        level = (end - first).bit_length() - 1
        hashes.append(node(level, first >> level))
        first += 1 << level
    return hashes


def _fold(hashes: Sequence[bytes]) -> bytes:
    """Join complete subtrees, largest first, to the hash of the whole."""
    if not hashes:
        return EMPTY_ROOT
    found = hashes[-1]
    for left in hashes[-2::-1]:
        found = node_hash(left, found)
    return found


def _check_hashes(hashes: Iterable[bytes]) -> None:
    for value in hashes:
        if not isinstance(value, bytes) or len(value) != HASH_LENGTH:
            raise ProofError("a hash is 32 bytes")
