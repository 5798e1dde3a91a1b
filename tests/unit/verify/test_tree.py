"""Merkle tree: all vectors, and proofs from stored nodes against a second, naive computation."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.tree import (
    EMPTY_ROOT,
    Frontier,
    ProofError,
    check_consistency,
    check_inclusion,
    combine,
    consistency_nodes,
    consistency_path,
    inclusion_nodes,
    inclusion_path,
    leaf_hash,
    new_nodes,
    node_hash,
    root_of,
)

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "tlog.json").read_text())
LEAVES = [leaf_hash(f"entry-{number}".encode()) for number in range(300)]
ROOTS = {each["size"]: base64.b64decode(each["root_b64"]) for each in VECTORS["roots"]}


def path_of(case: dict[str, Any]) -> tuple[bytes, ...]:
    return tuple(base64.b64decode(each) for each in case["proof_b64"])


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY_ROOT
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return node_hash(naive_root(leaves[:middle]), naive_root(leaves[middle:]))


def check_inclusion_of(case: dict[str, Any], path: tuple[bytes, ...]) -> None:
    size = case["size"]
    check_inclusion(base64.b64decode(case["leaf_hash_b64"]), case["index"], size, path, ROOTS[size])


def check_consistency_of(case: dict[str, Any], path: tuple[bytes, ...]) -> None:
    old, new = case["old_size"], case["new_size"]
    check_consistency(old, ROOTS[old], new, ROOTS[new], path)


CHECKS = {"inclusion": check_inclusion_of, "consistency": check_consistency_of}


def test_leaf_and_node_hashes_of_the_vectors() -> None:
    for number, leaf in enumerate(VECTORS["leaves"]):
        assert LEAVES[number].hex() == leaf["leaf_hash_hex"]
    assert node_hash(LEAVES[0], LEAVES[1]).hex() == VECTORS["node_hash_of_leaf0_leaf1_hex"]


def test_roots_of_the_vectors() -> None:
    for size, root in ROOTS.items():
        assert root_of(LEAVES[:size]) == root


def test_inclusion_proofs_of_the_vectors_pass_and_are_made_alike() -> None:
    for case in VECTORS["inclusion"]:
        size, index, path = case["size"], case["index"], path_of(case)
        check_inclusion(base64.b64decode(case["leaf_hash_b64"]), index, size, path, root_of(LEAVES[:size]))
        assert inclusion_path(LEAVES[:size], index) == path


def test_consistency_proofs_of_the_vectors_pass_and_are_made_alike() -> None:
    for case in VECTORS["consistency"]:
        old, new, path = case["old_size"], case["new_size"], path_of(case)
        check_consistency(old, root_of(LEAVES[:old]), new, root_of(LEAVES[:new]), path)
        assert consistency_path(LEAVES[:new], old) == path


@pytest.mark.parametrize("case", VECTORS["must_reject"], ids=lambda case: case["why"])
def test_each_bad_proof_is_refused(case: dict[str, Any]) -> None:
    path = path_of(case)

    with pytest.raises(ProofError):
        CHECKS[case["kind"]](case, path)


@given(st.lists(st.binary(max_size=8), max_size=80))
def test_roots_agree_with_the_definition(entries: list[bytes]) -> None:
    leaves = [leaf_hash(entry) for entry in entries]

    assert root_of(leaves) == naive_root(leaves)


@given(st.integers(1, 300), st.data())
def test_each_leaf_is_proven_and_no_other(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path, root = inclusion_path(LEAVES[:size], index), naive_root(LEAVES[:size])

    check_inclusion(LEAVES[index], index, size, path, root)
    with pytest.raises(ProofError):
        check_inclusion(leaf_hash(b"another"), index, size, path, root)
    other = data.draw(st.integers(0, size - 1).filter(lambda each: each != index) if size > 1 else st.just(size))
    with pytest.raises(ProofError):
        check_inclusion(LEAVES[index], other, size, path, root)


@given(st.integers(0, 300), st.data())
def test_each_growth_is_proven_and_no_rewriting(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, new))
    path = consistency_path(LEAVES[:new], old)
    roots = root_of(LEAVES[:old]), root_of(LEAVES[:new])

    check_consistency(old, roots[0], new, roots[1], path)
    with pytest.raises(ProofError):
        check_consistency(old, leaf_hash(b"another"), new, roots[1], path)
    with pytest.raises(ProofError):
        check_consistency(old, roots[0], new, roots[1], (*path, bytes(32)))
    if path:
        with pytest.raises(ProofError):
            check_consistency(old, roots[0], new, roots[1], path[:-1])
        with pytest.raises(ProofError):
            check_consistency(old, roots[0], new, leaf_hash(b"another"), path)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 60), max_size=6), st.data())
def test_nodes_kept_over_several_growths_prove_everything(steps: list[int], data: st.DataObject) -> None:
    frontier, nodes, size = Frontier(), {}, 0
    for step in steps:
        leaves = LEAVES[size : size + step]
        expected = new_nodes(size, leaves, frontier.edge)
        frontier, more = frontier.grow(leaves)
        assert more == expected
        assert not nodes.keys() & more.keys()  # a node is made once and never changes
        nodes |= more
        size = frontier.size

    assert frontier.root == naive_root(LEAVES[:size])
    if size:
        index = data.draw(st.integers(0, size - 1))
        assert combine(inclusion_nodes(index, size), nodes) == inclusion_path(LEAVES[:size], index)
        old = data.draw(st.integers(0, size))
        assert combine(consistency_nodes(old, size), nodes) == consistency_path(LEAVES[:size], old)


def test_a_proof_reads_few_nodes_however_large_the_log() -> None:
    size = 10_000_019

    assert sum(len(group) for group in inclusion_nodes(size // 3, size)) <= 40
    assert sum(len(group) for group in consistency_nodes(size // 3, size)) <= 60


def test_appending_one_by_one_is_growing() -> None:
    assert Frontier().append(LEAVES[0]).append(LEAVES[1]) == Frontier().grow(LEAVES[:2])[0]


@pytest.mark.parametrize(("size", "edge"), [(-1, ()), (1, ()), (2, (b"", b""))])
def test_an_edge_that_does_not_fit_the_size_is_refused(size: int, edge: tuple[bytes, ...]) -> None:
    with pytest.raises(ProofError):
        Frontier(size, edge)


@pytest.mark.parametrize(("index", "size"), [(-1, 1), (1, 1), (0, 0)])
def test_a_leaf_that_is_not_there_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ProofError):
        inclusion_nodes(index, size)


@pytest.mark.parametrize(("old", "new"), [(-1, 1), (2, 1)])
def test_a_tree_does_not_shrink(old: int, new: int) -> None:
    with pytest.raises(ProofError):
        consistency_nodes(old, new)
    with pytest.raises(ProofError):
        check_consistency(old, EMPTY_ROOT, new, EMPTY_ROOT, ())


def test_hashes_of_another_length_and_endless_paths_are_refused() -> None:
    with pytest.raises(ProofError):
        check_inclusion(LEAVES[0], 0, 2, (bytes(31),), bytes(32))
    with pytest.raises(ProofError):
        check_inclusion(LEAVES[0], 0, 2, (bytes(32),) * 65, bytes(32))


def test_two_roots_of_one_size_are_refused() -> None:
    with pytest.raises(ProofError):
        check_consistency(2, ROOTS[2], 2, ROOTS[3], ())


def test_growth_from_a_size_that_is_no_power_of_two_needs_a_path() -> None:
    with pytest.raises(ProofError):
        check_consistency(3, ROOTS[3], 4, ROOTS[4], ())
