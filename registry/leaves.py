"""The rows of the signing log: head, entries, hashes of its tree, entries that wait, and what became of intents.

Promises:
  * ``append`` goes through only if the head still has the size and root that the batch was made for: no forks.
  * An entry that waits was written in the transaction of the act that it tells of; none is lost or sequenced twice.
  * All hashes of complete subtrees are kept, so a proof takes one query over O(log n) rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Update, bindparam, select, tuple_, update

from registry.db import Transaction
from registry.errors import LogConflictError
from registry.intents import (
    Intent,
    abandon_intents,
    all_intents,
    attempts_at,
    intents_by_licence,
    intents_of,
    open_intents,
    overdue_intents,
    renew_lease,
)
from registry.pending import (
    PENDING_MAX,
    PendingEntry,
    add_pending,
    count_pending,
    pending_of,
    pending_sequenced,
    take_pending,
)
from registry.prepared import Prepared
from registry.statements import upsert
from registry.tables import LOG_ENTRY, LOG_HEAD, LOG_NODE
from verify.tree import EMPTY_ROOT, HASH_BYTES, Node

__all__ = [
    "FIRST_PREFIX",
    "PENDING_MAX",
    "Intent",
    "LogHead",
    "PendingEntry",
    "StoredEntry",
    "abandon_intents",
    "add_pending",
    "all_heads",
    "all_intents",
    "append",
    "attempts_at",
    "begin",
    "close",
    "count_pending",
    "entries",
    "entries_at",
    "find_by_digest",
    "head",
    "intents_by_licence",
    "intents_of",
    "lock_head",
    "newest_origin",
    "nodes",
    "open_intents",
    "overdue_intents",
    "pending_of",
    "pending_sequenced",
    "renew_lease",
    "take_pending",
]

FIRST_PREFIX: Final = "log"
"""Where the deployment's first log is published; those that follow stand in folders below it."""

# Databases limit the values of one statement; the nodes of many proofs are fetched in parts.
_NODES_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHead:
    """The log as it stands: size, root, the complete subtrees on its right edge, the signed note and its last time.

    A deployment has one log after the other, each with a name of its own; all but the last are closed. ``base`` is how
    many leaves the logs before it have: the registry's rows count leaves through all of them. ``prefix`` is where its
    files are published.
    """

    log: int
    origin: str
    size: int
    root: bytes
    edge: tuple[bytes, ...]
    note: str
    time: datetime | None
    base: int = 0
    prefix: str = FIRST_PREFIX
    is_closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """One entry in its place; ``digest`` is the entry's own h, by which it is found."""

    index: int
    entry: bytes
    leaf_hash: bytes
    digest: bytes


def head(tx: Transaction, origin: str) -> LogHead:
    """Return the head without locking it; a log that was never written to has size 0."""
    row = tx.execute(select(LOG_HEAD).where(LOG_HEAD.c.origin == origin)).one_or_none()
    if row is None:
        return LogHead(log=0, origin=origin, size=0, root=EMPTY_ROOT, edge=(), note="", time=None)
    return _head(row)


def all_heads(tx: Transaction) -> tuple[LogHead, ...]:
    """Return the heads of all logs that were begun, in the order in which they followed one another."""
    rows = tx.execute(select(LOG_HEAD).where(LOG_HEAD.c.size > 0).order_by(LOG_HEAD.c.log))
    return tuple(_head(row) for row in rows)


def newest_origin(tx: Transaction, first: str) -> str:
    """Return the name of the log that is written into: the one that followed last, or the first there is to be."""
    query = select(LOG_HEAD.c.origin).where(LOG_HEAD.c.size > 0).order_by(LOG_HEAD.c.log.desc()).limit(1)
    return tx.execute(query).scalar_one_or_none() or first


def lock_head(tx: Transaction, origin: str) -> LogHead:
    """Lock the log for this transaction and return its head; the row is made at the first call."""
    rows = _LOCK_HEAD.rows(tx, {"origin": origin})
    if not rows:
        begin(tx, origin, base=0, prefix=FIRST_PREFIX)
        rows = _LOCK_HEAD.rows(tx, {"origin": origin})
    return _head(rows[0])


def begin(tx: Transaction, origin: str, *, base: int, prefix: str) -> None:
    """Make the row of an empty log; nothing happens when there is one of this name."""
    empty = {"origin": origin, "size": 0, "root": EMPTY_ROOT, "edge": b"", "note": "", "time": None}
    empty |= {"base": base, "prefix": prefix, "is_closed": False}
    tx.execute(upsert(tx, LOG_HEAD).values(empty).on_conflict_do_nothing())


def close(tx: Transaction, log: int) -> None:
    """Let nothing more be written into a log; the caller holds the lock of its head."""
    tx.execute(update(LOG_HEAD).where(LOG_HEAD.c.log == log).values(is_closed=True))


def append(
    tx: Transaction, before: LogHead, entries: Sequence[StoredEntry], new_nodes: Mapping[Node, bytes], after: LogHead
) -> None:
    """Write entries and nodes and move the head on; ``LogConflictError`` when the head is not ``before`` any more.

    ``new_nodes`` are all subtrees that became complete; those of level 0 are the entries' leaf hashes and kept there.
    """
    if [each.index for each in entries] != list(range(before.size, after.size)):
        raise LogConflictError("the entries do not lead from one head to the other")
    values = {
        "of_log": before.log,
        "old_size": before.size,
        "old_root": before.root,
        "new_size": after.size,
        "new_root": after.root,
        "edge": b"".join(after.edge),
        "note": after.note,
        "time": after.time,
    }
    if _MOVE_HEAD.run(tx, values) != 1:
        raise LogConflictError
    if entries:
        rows = [(before.log, each.index, each.entry, each.leaf_hash, each.digest) for each in entries]
        tx.insert_many(LOG_ENTRY, ("log", "idx", "entry", "leaf_hash", "digest"), rows)
    inner = [(before.log, *node, value) for node, value in new_nodes.items() if node[0] > 0]
    if inner:
        tx.insert_many(LOG_NODE, ("log", "level", "idx", "hash"), inner)


def entries(tx: Transaction, origin: str, start: int, stop: int) -> tuple[StoredEntry, ...]:
    """Return the entries from ``start`` up to but without ``stop``, as far as there are any."""
    query = (
        select(LOG_ENTRY.c.idx, LOG_ENTRY.c.entry, LOG_ENTRY.c.leaf_hash, LOG_ENTRY.c.digest)
        .where(LOG_ENTRY.c.log == _log(origin), LOG_ENTRY.c.idx >= start, LOG_ENTRY.c.idx < stop)
        .order_by(LOG_ENTRY.c.idx)
    )
    return tuple(
        StoredEntry(index=row.idx, entry=row.entry, leaf_hash=row.leaf_hash, digest=row.digest)
        for row in tx.execute(query)
    )


def entries_at(tx: Transaction, origin: str, indexes: Sequence[int]) -> dict[int, bytes]:
    """Return the entries at these indexes, as far as there are any; at most some thousand at once."""
    query = select(LOG_ENTRY.c.idx, LOG_ENTRY.c.entry).where(
        LOG_ENTRY.c.log == _log(origin), LOG_ENTRY.c.idx.in_(indexes)
    )
    return {row.idx: row.entry for row in tx.execute(query)}


def nodes(tx: Transaction, origin: str, wanted: Sequence[Node]) -> dict[Node, bytes]:
    """Return the hashes of these complete subtrees, as far as the log has them; level 0 are leaf hashes."""
    found: dict[Node, bytes] = {}
    leaves = sorted({offset for level, offset in wanted if level == 0})
    inner = sorted({(level, offset) for level, offset in wanted if level > 0})
    for start in range(0, len(leaves), _NODES_MAX):
        query = select(LOG_ENTRY.c.idx, LOG_ENTRY.c.leaf_hash).where(
            LOG_ENTRY.c.log == _log(origin), LOG_ENTRY.c.idx.in_(leaves[start : start + _NODES_MAX])
        )
        found |= {(0, row.idx): row.leaf_hash for row in tx.execute(query)}
    for start in range(0, len(inner), _NODES_MAX):
        query = select(LOG_NODE.c.level, LOG_NODE.c.idx, LOG_NODE.c.hash).where(
            LOG_NODE.c.log == _log(origin),
            tuple_(LOG_NODE.c.level, LOG_NODE.c.idx).in_(inner[start : start + _NODES_MAX]),
        )
        found |= {(row.level, row.idx): row.hash for row in tx.execute(query)}
    return found


def find_by_digest(tx: Transaction, origin: str, digest: bytes) -> int | None:
    """Return the index of the first entry with this digest."""
    query = select(LOG_ENTRY.c.idx).where(LOG_ENTRY.c.log == _log(origin), LOG_ENTRY.c.digest == digest)
    index: int | None = tx.execute(query.order_by(LOG_ENTRY.c.idx).limit(1)).scalar_one_or_none()
    return index


def _moved_head() -> Update:
    same = (
        LOG_HEAD.c.log == bindparam("of_log"),
        LOG_HEAD.c.size == bindparam("old_size"),
        LOG_HEAD.c.root == bindparam("old_root"),
    )
    return (
        update(LOG_HEAD)
        .where(*same)
        .values(
            size=bindparam("new_size"),
            root=bindparam("new_root"),
            edge=bindparam("edge"),
            note=bindparam("note"),
            time=bindparam("time"),
        )
    )


_MOVE_HEAD: Final = Prepared(_moved_head)


def _log(origin: str) -> Any:  # noqa: ANN401 - an expression of SQLAlchemy
    return select(LOG_HEAD.c.log).where(LOG_HEAD.c.origin == origin).scalar_subquery()


def _head(row: Sequence[Any]) -> LogHead:
    """Return the head in a row with all columns of the table, in their order."""
    values = dict(zip(_HEAD_COLUMNS, row, strict=True))
    edge = values.pop("edge")
    return LogHead(edge=tuple(edge[at : at + HASH_BYTES] for at in range(0, len(edge), HASH_BYTES)), **values)


_HEAD_COLUMNS: Final = tuple(LOG_HEAD.c.keys())
_LOCK_HEAD: Final = Prepared(lambda: select(LOG_HEAD).where(LOG_HEAD.c.origin == bindparam("origin")).with_for_update())
