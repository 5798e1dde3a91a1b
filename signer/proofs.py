"""Proofs out of the stored log, for whoever asks later: a leaf stands in it, and it only grew.

Promises: no key is needed. The checkpoint in a proof is the one of that moment, signed when it was sequenced.
A proof costs a handful of rows, however long the log is.
"""

from dataclasses import dataclass

from registry import leaves
from registry.db import Database, Transaction, reading
from registry.leaves import LogHead
from signer.log_tree import edge_nodes, height_around, path_beyond
from signer.witnessing import cosigned, newest_witnessed
from verify.log_entry import EntryKind
from verify.log_proof import LogReceipt
from verify.tree import Node, combine, consistency_nodes
from verify.witness_policy import WitnessPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthProof:
    """That the log of now grew out of the one of `old_size` leaves; `note` is the checkpoint of now."""

    old_size: int
    size: int
    path: tuple[bytes, ...]
    note: str


def log_head(database: Database, origin: str) -> LogHead:
    """Return the head of the log; of size 0 when nothing was ever written."""
    with reading(database) as tx:
        return leaves.head(tx, origin)


def prove_inclusion(database: Database, origin: str, index: int) -> LogReceipt | None:
    """Return the receipt of one leaf under the newest checkpoint; None when the log has no such leaf."""
    with reading(database) as tx:
        return _receipt(tx, origin, index)


def prove_digest(database: Database, origin: str, digest: bytes) -> LogReceipt | None:
    """Return the receipt of the intent of this digest (of a code: that of its Sig_structure), else of any entry."""
    with reading(database) as tx:
        index = leaves.find_by_digest(tx, origin, digest, EntryKind.INTENT)
        if index is None:
            index = leaves.find_by_digest(tx, origin, digest)
        return None if index is None else _receipt(tx, origin, index)


def prove_witnessed(database: Database, origin: str, index: int, policy: WitnessPolicy) -> LogReceipt | None:
    """Return the receipt of one leaf under the newest checkpoint that has its quorum of witnesses; None without one."""
    with reading(database) as tx:
        return _witnessed_receipt(tx, origin, index, policy)


def prove_place_witnessed(database: Database, place: int, policy: WitnessPolicy) -> LogReceipt | None:
    """Return the witnessed receipt of a leaf by the number that rows have, under the name that was the log's then."""
    with reading(database) as tx:
        heads = leaves.all_heads(tx)
        head = next((each for each in heads if 0 <= place < each.size), None)
        return None if head is None else _witnessed_receipt(tx, head.origin, place, policy)


def cosigned_checkpoint(database: Database, origin: str) -> str:
    """Return the newest checkpoint with all its cosignatures; empty when nothing was ever written."""
    with reading(database) as tx:
        return cosigned(tx, leaves.head(tx, origin))


def prove_growth(database: Database, origin: str, old_size: int) -> GrowthProof | None:
    """Return the proof that the log grew out of an older one; None when it is not that long."""
    with reading(database) as tx:
        head = leaves.head(tx, origin)
        if not 0 < old_size <= head.size:
            return None
        path = _path(tx, origin, consistency_nodes(old_size, head.size))
    return GrowthProof(old_size=old_size, size=head.size, path=path, note=head.note)


def _receipt(tx: Transaction, origin: str, index: int) -> LogReceipt | None:
    head = leaves.head(tx, origin)
    return _under(tx, head, index, head.size, head.note)


def _witnessed_receipt(tx: Transaction, origin: str, index: int, policy: WitnessPolicy) -> LogReceipt | None:
    head = leaves.head(tx, origin)
    found = newest_witnessed(tx, head, policy)
    return None if found is None else _under(tx, head, index, found.size, found.note)


def _under(tx: Transaction, head: LogHead, index: int, size: int, note: str) -> LogReceipt | None:
    """Return the receipt of a leaf under the checkpoint of a size that the log has or had."""
    found = leaves.entries(tx, head.origin, index, index + 1) if 0 <= index < size else ()
    if not found:
        return None
    place, height = height_around(index, size)
    within = leaves.siblings(tx, head.log, index, height)
    return LogReceipt(
        entry=found[0].entry, index=index, path=(*within, *path_beyond(_edge(tx, head, size), place)), note=note
    )


def _edge(tx: Transaction, head: LogHead, size: int) -> tuple[bytes, ...]:
    """Return the complete subtrees on the right edge of the tree of this size; those of now stand in the head."""
    if size == head.size:
        return head.edge
    wanted = tuple(edge_nodes(size))
    found = leaves.nodes(tx, head.origin, wanted)
    return tuple(found[node] for node in wanted)


def _path(tx: Transaction, origin: str, groups: tuple[tuple[Node, ...], ...]) -> tuple[bytes, ...]:
    return combine(groups, leaves.nodes(tx, origin, [node for group in groups for node in group]))
