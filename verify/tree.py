"""Merkle tree of the signing log: hashes and proofs (RFC 6962, RFC 9162 section 2.1), with SHA-256.

Promises:
  * ``check_inclusion`` and ``check_consistency`` raise ``ProofError``; none returns true or false.
  * A log keeps the hash of each complete subtree under its coordinates (level, offset): the root of the 2^level leaves
    from offset * 2^level on. Each proof is made of O(log n) of them: ``inclusion_nodes`` names them, ``combine`` makes
    the path.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from verify.errors import YinzhengError

HASH_BYTES: Final = 32
# A tree of 2^63 leaves has paths of 63 hashes; a path longer than this is refused before anything is hashed.
PATH_LENGTH_MAX: Final = 64

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

Node = tuple[int, int]
"""Coordinates of a complete subtree: level and offset."""


class ProofError(YinzhengError):
    """A proof does not lead to the root, or is not of the form that it must have."""

    code = "proof.wrong"


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256 of a zero byte and the entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256 of a one byte and both children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _fold(hashes: Sequence[bytes]) -> bytes:
    """Combine subtrees from right to left; they get smaller to the right."""
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that a log must know to grow: its size, and the complete subtrees on its right edge, largest first."""

    size: int = 0
    edge: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.edge) != self.size.bit_count():
            raise ProofError("the edge has one hash for each bit of the size")

    @property
    def root(self) -> bytes:
        """The root of the tree; SHA-256 of nothing for the empty one."""
        return _fold(self.edge) if self.edge else EMPTY_ROOT

    def append(self, leaf: bytes) -> Self:
        """Return the frontier with one more leaf hash."""
        return self.grow((leaf,))[0]

    def grow(self, leaves: Iterable[bytes]) -> tuple[Self, dict[Node, bytes]]:
        """Return the frontier with these leaf hashes, and the nodes that became complete, the leaves among them."""
        size, edge = self.size, list(self.edge)
        nodes: dict[Node, bytes] = {}
        for leaf in leaves:
            level, offset, current = 0, size, leaf
            nodes[level, offset] = current
            while offset & 1:
                level, offset, current = level + 1, offset >> 1, node_hash(edge.pop(), current)
                nodes[level, offset] = current
            edge.append(current)
            size += 1
        return type(self)(size, tuple(edge)), nodes


def new_nodes(size_before: int, leaf_hashes: Iterable[bytes], edge: tuple[bytes, ...]) -> dict[Node, bytes]:
    """Return the nodes that become complete when these leaf hashes are appended, the leaves among them."""
    return Frontier(size_before, edge).grow(leaf_hashes)[1]


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root over these leaf hashes."""
    return Frontier().grow(leaf_hashes)[0].root


def _cover(start: int, end: int) -> tuple[Node, ...]:
    """Return the complete subtrees, largest first, that make up a range whose start is aligned to its length."""
    nodes: list[Node] = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return tuple(nodes)


def _split(start: int, end: int) -> int:
    """Return the place that parts a range of two or more: the largest power of two below its length."""
    return start + (1 << (end - start - 1).bit_length() - 1)


def root_nodes(size: int) -> tuple[Node, ...]:
    """Return the nodes that make up the root of a tree of this size, which is not empty."""
    return _cover(0, size)


def inclusion_nodes(index: int, size: int) -> tuple[tuple[Node, ...], ...]:
    """Return the nodes whose hashes prove a leaf.

    There is a group for each hash of the path, from leaf to root: the complete subtrees that make up that hash.
    """
    if not 0 <= index < size:
        raise ProofError("the tree has no such leaf")
    groups: list[tuple[Node, ...]] = []
    start, end = 0, size
    while end - start > 1:
        middle = _split(start, end)
        if index < middle:
            groups.append(_cover(middle, end))
            end = middle
        else:
            groups.append(_cover(start, middle))
            start = middle
    return tuple(reversed(groups))


def consistency_nodes(old_size: int, new_size: int) -> tuple[tuple[Node, ...], ...]:
    """Return the nodes whose hashes prove that a tree grew out of a smaller one (RFC 9162, 2.1.4.1)."""
    if not 0 <= old_size <= new_size:
        raise ProofError("a tree does not shrink")
    if old_size in {0, new_size}:
        return ()
    groups: list[tuple[Node, ...]] = []
    start, end = 0, new_size
    while end != old_size:
        middle = _split(start, end)
        if old_size <= middle:
            groups.append(_cover(middle, end))
            end = middle
        else:
            groups.append(_cover(start, middle))
            start = middle
    if start:  # else the old root itself is that hash, and the checker has it
        groups.append(_cover(start, end))
    return tuple(reversed(groups))


def combine(groups: tuple[tuple[Node, ...], ...], nodes: Mapping[Node, bytes]) -> tuple[bytes, ...]:
    """Make the path of a proof from the hashes of the nodes that ``inclusion_nodes`` or ``consistency_nodes`` named."""
    return tuple(_fold([nodes[node] for node in group]) for group in groups)


def inclusion_path(leaf_hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the path of one leaf, from all leaf hashes of the tree; what stores its nodes uses ``inclusion_nodes``."""
    nodes = new_nodes(0, leaf_hashes, ())
    return combine(inclusion_nodes(index, len(leaf_hashes)), nodes)


def consistency_path(leaf_hashes: Sequence[bytes], old_size: int) -> tuple[bytes, ...]:
    """Return the proof that the tree over all these leaf hashes grew out of that over the first ``old_size``."""
    nodes = new_nodes(0, leaf_hashes, ())
    return combine(consistency_nodes(old_size, len(leaf_hashes)), nodes)


def _refuse_bad_hashes(path: tuple[bytes, ...]) -> None:
    if len(path) > PATH_LENGTH_MAX or any(len(each) != HASH_BYTES for each in path):
        raise ProofError("a path has at most 64 hashes of 32 bytes")


# The name follows RFC 9162; the argument is the hash of the leaf, so that callers may keep hashes only.
def check_inclusion(leaf: bytes, index: int, size: int, path: tuple[bytes, ...], root: bytes) -> None:
    """Check that the leaf hash stands at that index in the tree of that size and root (RFC 9162, 2.1.3.2)."""
    _refuse_bad_hashes((leaf, *path))
    if not 0 <= index < size:
        raise ProofError("the tree has no such leaf")
    place, last, current = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ProofError("the path is too long")
        if place & 1 or place == last:
            current = node_hash(sibling, current)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        place, last = place >> 1, last >> 1
    if last or current != root:
        raise ProofError("the path does not lead to the root")


def check_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: tuple[bytes, ...]) -> None:
    """Check that the new tree only appended to the old one (RFC 9162, 2.1.4.2). From size 0 nothing is proven."""
    _refuse_bad_hashes(path)
    if not 0 <= old_size <= new_size:
        raise ProofError("a tree does not shrink")
    if old_size in {0, new_size}:
        _check_trivial_consistency(old_size, old_root, new_size, new_root, path)
        return
    if old_size & (old_size - 1) == 0:
        path = (old_root, *path)
    if not path:
        raise ProofError("the path is too short")
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    _walk_consistency(place, last, path, (old_root, new_root))


def _check_trivial_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: tuple[bytes, ...]
) -> None:
    if path:
        raise ProofError("the path must be empty")
    if old_size == 0 and old_root != EMPTY_ROOT:
        raise ProofError("not the root of the empty tree")
    if old_size == new_size and old_root != new_root:
        raise ProofError("two roots of one size")


def _walk_consistency(place: int, last: int, path: tuple[bytes, ...], roots: tuple[bytes, bytes]) -> None:
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError("the path is too long")
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    if last or (old, new) != roots:
        raise ProofError("the path does not lead to both roots")
