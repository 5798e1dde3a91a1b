"""Grow the log's tree by a batch, and have the proof of each new leaf at hand (RFC 6962, 2.1).

Promises:
  * Works from the right edge alone (one hash for each set bit of the size): the log may hold millions of leaves.
  * The proofs of one batch share their inner hashes and upper ends: fifty cost little more than one.
"""

from collections.abc import Iterator, Sequence
from functools import reduce

from verify.tree import node_hash


def edge_nodes(size: int) -> Iterator[tuple[int, int]]:
    """Yield level and offset of the complete subtrees that make up a tree of this size, from left to right."""
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            yield level, (size >> level) - 1


def height_around(index: int, size: int) -> tuple[int, int]:
    """Return which of the complete subtrees on the edge a leaf stands in, counted from the left, and its height."""
    for place, (level, offset) in enumerate(edge_nodes(size)):
        if index >> level == offset:
            return place, level
    raise ValueError("the tree has no such leaf")


def path_beyond(edge: Sequence[bytes], place: int) -> tuple[bytes, ...]:
    """Return what a path goes on with above the subtree at this place on the edge: all to its right, then each left."""
    left, right = edge[:place], edge[place + 1 :]
    folded = (reduce(lambda behind, before: node_hash(before, behind), reversed(right)),) if right else ()
    return (*folded, *reversed(left))


class Growth:
    """A tree before and after a batch of leaves."""

    def __init__(self, size: int, edge: Sequence[bytes], leaf_hashes: Sequence[bytes]) -> None:
        self.size = size + len(leaf_hashes)
        self._complete: dict[tuple[int, int], bytes] = dict(zip(edge_nodes(size), edge, strict=True))
        self._ragged: dict[tuple[int, int], bytes] = {}
        self._paths: dict[tuple[int, int], tuple[bytes, ...]] = {}
        self.new_nodes: dict[tuple[int, int], bytes] = {}
        for index, leaf_hash in enumerate(leaf_hashes, size):
            self._append(index, leaf_hash)

    @property
    def edge(self) -> tuple[bytes, ...]:
        """The hashes of the complete subtrees after the batch, from left to right."""
        return tuple(self._complete[node] for node in edge_nodes(self.size))

    @property
    def root(self) -> bytes:
        """The root after the batch; the tree must not be empty."""
        return self._subtree((self.size - 1).bit_length(), 0)

    def path(self, index: int) -> tuple[bytes, ...]:
        """Return the inclusion path of a leaf of this batch, from the leaf upwards."""
        return self._path(0, index, (self.size - 1).bit_length())

    def _path(self, level: int, offset: int, top: int) -> tuple[bytes, ...]:
        """Return the path of a subtree upwards; neighbours share what lies above their parent."""
        known = self._paths.get((level, offset))
        if known is not None or level == top:
            return known or ()
        sibling, above = offset ^ 1, self._path(level + 1, offset >> 1, top)
        if sibling << level < self.size:
            above = (self._subtree(level, sibling), *above)
        self._paths[level, offset] = above
        return above

    def _append(self, index: int, leaf_hash: bytes) -> None:
        level, offset, value = 0, index, leaf_hash
        self._complete[level, offset] = self.new_nodes[level, offset] = value
        while offset & 1:
            value = node_hash(self._complete[level, offset - 1], value)
            level, offset = level + 1, offset >> 1
            self._complete[level, offset] = self.new_nodes[level, offset] = value

    def _subtree(self, level: int, offset: int) -> bytes:
        """Return the hash over the leaves of this range that exist."""
        known = self._complete.get((level, offset)) or self._ragged.get((level, offset))
        if known is not None:
            return known
        left = self._subtree(level - 1, 2 * offset)
        if (2 * offset + 1) << (level - 1) >= self.size:
            return left
        whole = self._ragged[level, offset] = node_hash(left, self._subtree(level - 1, 2 * offset + 1))
        return whole
