from __future__ import annotations

import random
from hashlib import sha256

import pytest

from protocol.log import merkle
from protocol.log.merkle import ProofError
from server.audit.tree import TILE_WIDTH, Edge, Tree

LEAVES = [sha256(number.to_bytes(4, "big")).digest() for number in range(70_000)]


def grown(size: int, step: int = 1000) -> Tree:
    tree = Tree()
    for first in range(0, size, step):
        tree.advance(tree.grow(LEAVES[first : min(first + step, size)]))
    return tree


def test_roots_of_every_size_are_those_of_the_protocol() -> None:
    for size in range(130):
        tree = grown(size, 7)
        assert tree.size == size
        assert Edge(tree, size).root() == merkle.root(LEAVES[:size])


def test_growth_tells_the_root_before_the_tree_has_moved() -> None:
    chance = random.Random(6962)  # noqa: S311  (sizes of batches, the same at every run)
    tree = Tree()
    while tree.size < 600:
        leaves = LEAVES[tree.size : tree.size + chance.randrange(40)]
        growth = tree.grow(leaves)
        before = Edge(tree, tree.size).root()
        assert Edge(growth, growth.size).root() == merkle.root(LEAVES[: growth.size])
        assert before == merkle.root(LEAVES[: tree.size])
        tree.advance(growth)


def test_every_inclusion_proof_is_that_of_the_protocol() -> None:
    for size in range(1, 70):
        edge = Edge(grown(size, 3), size)
        for index in range(size):
            proof = edge.inclusion(index)
            assert proof == merkle.inclusion_proof(index, LEAVES[:size])
            merkle.verify_inclusion(index, size, LEAVES[index], proof, edge.root())


def test_proofs_at_an_earlier_size_hold_while_the_tree_has_grown() -> None:
    edge = Edge(grown(300), 133)
    merkle.verify_inclusion(132, 133, LEAVES[132], edge.inclusion(132), merkle.root(LEAVES[:133]))


@pytest.mark.parametrize("index", [-1, 5, 6])
def test_no_proof_of_a_leaf_that_is_not_there(index: int) -> None:
    with pytest.raises(ProofError):
        Edge(grown(5), 5).inclusion(index)


@pytest.mark.parametrize(("level", "index"), [(0, 5), (0, -1), (1, 2), (2, 1), (3, 0), (99, 0)])
def test_no_hash_of_a_node_that_is_not_complete(level: int, index: int) -> None:
    tree = grown(5)
    for each in (tree, tree.grow([])):
        with pytest.raises(ProofError):
            each.node(level, index)


def test_a_growth_worked_out_for_another_state_is_refused() -> None:
    tree = grown(3)
    growth = tree.grow(LEAVES[3:5])
    tree.advance(tree.grow(LEAVES[3:4]))
    with pytest.raises(ProofError):
        tree.advance(growth)


def test_tiles_come_full_and_once_and_hold_the_complete_nodes_of_their_level() -> None:
    tree, tiles = Tree(), []
    for first in range(0, 66_000, 777):
        growth = tree.grow(LEAVES[first : min(first + 777, 66_000)])
        tiles += growth.full_tiles()
        tree.advance(growth)
    assert [(tile.level, tile.number) for tile in tiles if tile.level] == [(1, 0)]
    assert [tile.number for tile in tiles if tile.level == 0] == list(range(66_000 // TILE_WIDTH))
    for level, number, hashes in tiles:
        expected = [tree.node(8 * level, TILE_WIDTH * number + i) for i in range(TILE_WIDTH)]
        assert hashes == b"".join(expected)
    assert tiles[1].hashes == b"".join(LEAVES[256:512])
