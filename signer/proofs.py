"""Proofs out of the stored log, for whoever asks later: a leaf stands in it, and it only grew.

Promises: no key is needed. The checkpoint in a proof is the one of that moment, signed when it was sequenced.
A proof costs a handful of rows, however long the log is.
"""

from dataclasses import dataclass

from registry import leaves
from registry.db import Database, Transaction, reading
from registry.leaves import LogHead
from verify.log_proof import LogReceipt
from verify.tree import Node, combine, consistency_nodes, inclusion_nodes


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
    """Return the receipt of the first entry with this digest: of a code that is the hash of its Sig_structure."""
    with reading(database) as tx:
        index = leaves.find_by_digest(tx, origin, digest)
        return None if index is None else _receipt(tx, origin, index)


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
    found = leaves.entries(tx, origin, index, index + 1) if 0 <= index < head.size else ()
    if not found:
        return None
    path = _path(tx, origin, inclusion_nodes(index, head.size))
    return LogReceipt(entry=found[0].entry, index=index, path=path, note=head.note)


def _path(tx: Transaction, origin: str, groups: tuple[tuple[Node, ...], ...]) -> tuple[bytes, ...]:
    return combine(groups, leaves.nodes(tx, origin, [node for group in groups for node in group]))
