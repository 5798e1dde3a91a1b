"""The tree that grows by batches is the tree of RFC 6962, and its proofs are those of the checker."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.log_tree import Growth, edge_nodes
from verify.tree import Frontier, check_inclusion, combine, inclusion_nodes, root_of

LEAVES = [sha256(bytes((index,))).digest() for index in range(200)]


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_however_the_leaves_are_batched_root_edge_and_proofs_are_the_same(batches: list[int]) -> None:
    size, edge = 0, tuple[bytes, ...]()

    for batch in batches:
        growth = Growth(size, edge, LEAVES[size : size + batch])
        whole = LEAVES[: size + batch]
        frontier, nodes = Frontier().grow(whole)

        assert growth.size == len(whole)
        assert growth.root == root_of(whole)
        assert growth.edge == frontier.edge
        for index in range(size, growth.size):
            assert growth.path(index) == combine(inclusion_nodes(index, growth.size), nodes)
            check_inclusion(LEAVES[index], index, growth.size, growth.path(index), growth.root)
        size, edge = growth.size, growth.edge


@given(st.integers(0, 150), st.integers(1, 40))
def test_the_new_nodes_are_all_subtrees_that_the_batch_completed(before: int, batch: int) -> None:
    frontier, _ = Frontier().grow(LEAVES[:before])
    _, nodes = frontier.grow(LEAVES[before : before + batch])

    assert Growth(before, frontier.edge, LEAVES[before : before + batch]).new_nodes == nodes


def test_the_edge_of_a_tree_of_eleven_leaves_is_eight_two_and_one() -> None:
    assert list(edge_nodes(11)) == [(3, 0), (1, 4), (0, 10)]


def test_an_edge_that_does_not_fit_the_size_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        Growth(3, (LEAVES[0],), ())
