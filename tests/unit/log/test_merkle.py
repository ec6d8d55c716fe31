from typing import Any

import pytest

from protocol.log import merkle
from protocol.log.merkle import Frontier, Levels, ProofError
from tests.unit.log.vectors import outside, own, reasons

VECTORS = own("tree.json")


def check(case: dict[str, Any]) -> None:
    proof = [bytes.fromhex(each) for each in case["proof"]]
    if case["kind"] == "inclusion":
        leaf, root = bytes.fromhex(case["leaf_hash"]), bytes.fromhex(case["root"])
        merkle.verify_inclusion(case["index"], case["size"], leaf, proof, root)
    else:
        old, new = bytes.fromhex(case["old_root"]), bytes.fromhex(case["new_root"])
        merkle.verify_consistency(case["old_size"], case["new_size"], proof, old, new)


@pytest.mark.parametrize("case", VECTORS["accept"])
def test_good_proof_is_accepted(case: dict[str, Any]) -> None:
    check(case)


@pytest.mark.parametrize("case", VECTORS["refuse"], ids=reasons(VECTORS["refuse"]))
def test_bad_proof_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(ProofError):
        check(case)


def test_roots_nodes_and_leaves_agree_with_the_outside_tree_of_eight() -> None:
    vectors = outside("rfc6962_tree8.json")
    leaves = [merkle.leaf_hash(bytes.fromhex(each)) for each in vectors["leaf_inputs_hex"]]
    nodes = vectors["node_hashes_by_level_hex"]
    levels = Levels(leaves)
    assert [[levels.node(level, i).hex() for i in range(len(nodes[level]))] for level in range(4)] == nodes
    assert [merkle.root(leaves[:size]).hex() for size in range(9)] == vectors["root_by_size_hex"]


def test_empty_tree_has_the_root_of_nothing() -> None:
    assert merkle.root([]) == Frontier().root() == merkle.EMPTY_ROOT


@pytest.mark.parametrize("index", [-1, 3])
def test_no_inclusion_proof_outside_the_tree(index: int) -> None:
    with pytest.raises(ProofError):
        merkle.inclusion_proof(index, [bytes(32)] * 3)


def test_a_tree_is_the_beginning_of_itself_without_a_proof() -> None:
    assert merkle.consistency_proof(3, [bytes(32)] * 3) == []


@pytest.mark.parametrize("old_size", [-1, 0, 4])
def test_no_consistency_proof_from_nothing_or_backwards(old_size: int) -> None:
    with pytest.raises(ProofError):
        merkle.consistency_proof(old_size, [bytes(32)] * 3)


def test_hash_of_another_length_is_refused() -> None:
    with pytest.raises(ProofError):
        merkle.root([bytes(31)])


@pytest.mark.parametrize(("size", "hashes"), [(3, [bytes(32)]), (0, [bytes(32)]), (-1, [bytes(32)])])
def test_frontier_has_one_hash_for_each_set_bit(size: int, hashes: list[bytes]) -> None:
    with pytest.raises(ProofError):
        Frontier(size, hashes)


def test_copy_of_a_frontier_appends_apart() -> None:
    frontier = Frontier()
    frontier.append(bytes(32))
    copy = frontier.copy()
    copy.append(bytes(32))
    assert (frontier.size, frontier.hashes) == (1, (bytes(32),))
    assert copy.root() == merkle.root([bytes(32)] * 2)


def test_levels_remember_every_state_and_refuse_those_to_come() -> None:
    leaves = [bytes([i]) * 32 for i in range(11)]
    levels = Levels(leaves)
    assert [levels.root(size) for size in range(12)] == [merkle.root(leaves[:size]) for size in range(12)]
    for size in (-1, 12):
        with pytest.raises(ProofError):
            levels.frontier(size)


@pytest.mark.parametrize(("level", "index"), [(-1, 0), (0, -1), (0, 3), (1, 1), (2, 0)])
def test_node_that_is_not_complete_cannot_be_had(level: int, index: int) -> None:
    with pytest.raises(ProofError):
        Levels([bytes(32)] * 3).node(level, index)
