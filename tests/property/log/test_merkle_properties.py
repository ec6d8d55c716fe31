"""The tree against the definition of RFC 9162 §2.1 written down naively, for every size and index up to 130."""

from collections.abc import Callable
from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.log import merkle
from protocol.log.merkle import Frontier, Levels, ProofError

LARGEST = 130
LEAVES = [merkle.leaf_hash(str(i).encode()) for i in range(LARGEST)]
LEVELS = Levels(LEAVES)


@cache
def naive_root(first: int, end: int) -> bytes:
    if first == end:
        return sha256(b"").digest()
    if end - first == 1:
        return LEAVES[first]
    split = first + largest_power_below(end - first)
    return sha256(b"\x01" + naive_root(first, split) + naive_root(split, end)).digest()


def naive_path(index: int, first: int, end: int) -> list[bytes]:
    if end - first == 1:
        return []
    split = first + largest_power_below(end - first)
    if index < split:
        return [*naive_path(index, first, split), naive_root(split, end)]
    return [*naive_path(index, split, end), naive_root(first, split)]


def naive_subproof(old: int, first: int, end: int, *, whole: bool) -> list[bytes]:
    if old == end:
        return [] if whole else [naive_root(first, end)]
    split = first + largest_power_below(end - first)
    if old <= split:
        return [*naive_subproof(old, first, split, whole=whole), naive_root(split, end)]
    return [*naive_subproof(old, split, end, whole=False), naive_root(first, split)]


def largest_power_below(number: int) -> int:
    return 1 << (number - 1).bit_length() - 1


@pytest.mark.parametrize("size", range(LARGEST + 1))
def test_root_is_that_of_the_definition_however_it_is_made(size: int) -> None:
    frontier, levels = Frontier(), Levels()
    for leaf in LEAVES[:size]:
        frontier.append(leaf)
        levels.append(leaf)
    expected = naive_root(0, size)
    assert merkle.root(LEAVES[:size]) == frontier.root() == levels.root() == LEVELS.root(size) == expected
    assert Frontier(size, frontier.hashes).root() == expected


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_every_leaf_has_the_path_of_the_definition_and_it_verifies(size: int) -> None:
    for index in range(size):
        path = merkle.inclusion_path(index, size, LEVELS.node)
        assert path == naive_path(index, 0, size)
        merkle.verify_inclusion(index, size, LEAVES[index], path, naive_root(0, size))
    assert merkle.inclusion_proof(size - 1, LEAVES[:size]) == naive_path(size - 1, 0, size)


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_every_beginning_has_the_proof_of_the_definition_and_it_verifies(size: int) -> None:
    for old in range(1, size + 1):
        proof = merkle.consistency_path(old, size, LEVELS.node)
        assert proof == naive_subproof(old, 0, size, whole=True)
        merkle.verify_consistency(old, size, proof, naive_root(0, old), naive_root(0, size))
    assert merkle.consistency_proof(1, LEAVES[:size]) == naive_subproof(1, 0, size, whole=True)


@given(st.data())
def test_paths_fetch_complete_nodes_only_and_few(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 2**40))
    asked: list[tuple[int, int]] = []

    def node(level: int, index: int) -> bytes:
        assert index + 1 << level <= size
        asked.append((level, index))
        return bytes(32)

    merkle.inclusion_path(data.draw(st.integers(0, size - 1)), size, node)
    merkle.consistency_path(data.draw(st.integers(1, size)), size, node)
    assert len(asked) <= 4 * size.bit_length()


def changed(data: st.DataObject, proof: list[bytes]) -> list[bytes]:
    """Make another proof of this one: a bit flipped, an item dropped, doubled, added or two exchanged."""
    ways: list[Callable[[], list[bytes]]] = [lambda: [*proof, bytes(32)], lambda: [bytes(32), *proof]]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        bit = data.draw(st.integers(0, 255))
        flipped = (int.from_bytes(proof[at], "big") ^ 1 << bit).to_bytes(32, "big")
        ways += [
            lambda: [*proof[:at], flipped, *proof[at + 1 :]],
            lambda: [*proof[:at], *proof[at + 1 :]],
            lambda: [*proof[: at + 1], *proof[at:]],
            lambda: [*proof[:at], proof[at][:-1], *proof[at + 1 :]],
        ]
    return data.draw(st.sampled_from(ways))()


@given(st.data())
def test_no_changed_inclusion_proof_verifies(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, LARGEST))
    index = data.draw(st.integers(0, size - 1))
    proof = changed(data, naive_path(index, 0, size))
    with pytest.raises(ProofError):
        merkle.verify_inclusion(index, size, LEAVES[index], proof, naive_root(0, size))


@given(st.data())
def test_no_leaf_verifies_at_another_index_or_against_another_root(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, LARGEST))
    index, other = data.draw(st.lists(st.integers(0, size - 1), min_size=2, max_size=2, unique=True))
    path = naive_path(index, 0, size)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(other, size, LEAVES[index], path, naive_root(0, size))
    with pytest.raises(ProofError):
        merkle.verify_inclusion(index, size, LEAVES[other], path, naive_root(0, size))
    with pytest.raises(ProofError):
        merkle.verify_inclusion(index, size, LEAVES[index], path, naive_root(0, size - 1))


@given(st.data())
def test_no_changed_consistency_proof_verifies(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, LARGEST))
    old = data.draw(st.integers(1, size))
    proof = changed(data, naive_subproof(old, 0, size, whole=True))
    with pytest.raises(ProofError):
        merkle.verify_consistency(old, size, proof, naive_root(0, old), naive_root(0, size))


@given(st.data())
def test_no_proof_leads_from_a_root_that_was_never_there(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, LARGEST))
    old = data.draw(st.integers(1, size))
    proof = naive_subproof(old, 0, size, whole=True)
    with pytest.raises(ProofError):
        merkle.verify_consistency(old, size, proof, sha256(b"other").digest(), naive_root(0, size))
    with pytest.raises(ProofError):
        merkle.verify_consistency(old, size, proof, naive_root(0, old), sha256(b"other").digest())
