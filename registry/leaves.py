"""The rows of the signing log: head, entries, hashes of its tree, entries that wait, and what became of intents.

Promises:
  * ``append`` goes through only if the head still has the size and root that the batch was made for: no forks.
  * An entry that waits was written in the transaction of the act that it tells of; none is lost or sequenced twice.
  * All hashes of complete subtrees are kept, so a proof takes one query over O(log n) rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import RowMapping, Select, Update, bindparam, insert, select, text, update

from registry.db import Transaction
from registry.errors import ConflictError, LogConflictError
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
from registry.log_nodes import LOG_NUMBER, log_number, nodes, siblings
from registry.packed import packed_bytes, packed_numbers
from registry.pending import (
    PENDING_MAX,
    PendingEntry,
    WaitingEntry,
    add_pending,
    count_pending,
    pending_of,
    pending_sequenced,
    take_pending,
    waiting_entries,
)
from registry.prepared import Prepared
from registry.statements import upsert
from registry.tables import CLOSED_LOG, LOG_ENTRY, LOG_HEAD, LOG_NODE, LOG_PENDING
from verify.tree import EMPTY_ROOT, HASH_BYTES, Node

__all__ = [
    "PENDING_MAX",
    "PREFIX",
    "Intent",
    "LogHead",
    "PendingEntry",
    "StoredEntry",
    "WaitingEntry",
    "abandon_intents",
    "add_pending",
    "all_heads",
    "all_intents",
    "append",
    "attempts_at",
    "bundle",
    "count_pending",
    "entries",
    "entries_at",
    "find_by_digest",
    "head",
    "intents_by_licence",
    "intents_of",
    "lock_and_look",
    "lock_head",
    "newest_origin",
    "nodes",
    "open_intents",
    "overdue_intents",
    "pending_of",
    "pending_sequenced",
    "rename",
    "renew_lease",
    "row_of_nodes",
    "siblings",
    "take_pending",
    "waiting_entries",
]

PREFIX: Final = "log"
"""Where the log is published; the last checkpoint of a name that is closed stands in a folder below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHead:
    """The log as it stands: size, root, the complete subtrees on its right edge, the signed note and its last time.

    A log gets a new name each year: the old one is closed by a last entry, and the tree goes on under the next one, so
    that leaves are counted through all names. ``prefix`` is where the checkpoint of this name is published.
    """

    log: int
    origin: str
    size: int
    root: bytes
    edge: tuple[bytes, ...]
    note: str
    time: datetime | None
    prefix: str = PREFIX
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
    if row is not None:
        return _head(row)
    return _closed(tx, origin) or LogHead(log=0, origin=origin, size=0, root=EMPTY_ROOT, edge=(), note="", time=None)


def all_heads(tx: Transaction) -> tuple[LogHead, ...]:
    """Return the last head of each name that the log ever had, in order; the one that is written into is last."""
    closed = tx.execute(select(CLOSED_LOG).order_by(CLOSED_LOG.c.size)).mappings()
    rows = tx.execute(select(LOG_HEAD).where(LOG_HEAD.c.size > 0).order_by(LOG_HEAD.c.log))
    return (*(_closed_head(row) for row in closed), *(_head(row) for row in rows))


def newest_origin(tx: Transaction, first: str) -> str:
    """Return the name under which the log is written into; ``first`` is its name before there is any other."""
    query = select(LOG_HEAD.c.origin).join_from(LOG_HEAD, CLOSED_LOG).where(CLOSED_LOG.c.origin == first)
    return tx.execute(query).scalar_one_or_none() or first


def lock_head(tx: Transaction, origin: str) -> LogHead:
    """Lock the log for this transaction and return its head; the row is made at the first call."""
    rows = _LOCK_HEAD.rows(tx, {"origin": origin})
    if rows:
        return _head(rows[0])
    closed = _closed(tx, origin)
    if closed is not None:
        return closed
    empty = {"origin": origin, "size": 0, "root": EMPTY_ROOT, "edge": b"", "note": "", "time": None}
    tx.execute(upsert(tx, LOG_HEAD).values(empty).on_conflict_do_nothing())
    return _head(_LOCK_HEAD.rows(tx, {"origin": origin})[0])


def lock_and_look(tx: Transaction, origin: str) -> tuple[LogHead, bool]:
    """Do ``lock_head``, and say whether entries waited for the sequencer when it was asked for the lock."""
    rows = _LOCK_AND_LOOK.rows(tx, {"origin": origin})
    if not rows:  # the first call of all, or a name that is closed
        return lock_head(tx, origin), True
    *row, is_waited = rows[0]
    return _head(row), bool(is_waited)


def rename(tx: Transaction, head: LogHead, origin: str) -> None:
    """Close a log's name at this head, which the caller has locked, and let the tree go on under another one.

    Raises ``ConflictError`` for a name that a log has or had.
    """
    last = {"origin": head.origin, "log": head.log, "size": head.size, "root": head.root}
    last |= {"edge": b"".join(head.edge), "note": head.note, "time": head.time}
    tx.execute(insert(CLOSED_LOG).values(last))
    if _closed(tx, origin) is not None:
        raise ConflictError
    tx.execute(update(LOG_HEAD).where(LOG_HEAD.c.log == head.log).values(origin=origin))


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
    inner = [(node, value) for node, value in new_nodes.items() if node[0] > 0]
    if tx.is_postgresql:
        if not tx.by_driver(_GROW, _MOVE_HEAD.parameters(tx, values) | _grown(entries, inner))[0]:
            raise LogConflictError
        return
    if _MOVE_HEAD.run(tx, values) != 1:
        raise LogConflictError
    if entries:
        rows = [(before.log, each.index, each.entry, each.leaf_hash, each.digest) for each in entries]
        tx.by_driver(_ENTRIES_ON_SQLITE, rows, many=True)
    if inner:
        tx.by_driver(_NODES_ON_SQLITE, [(before.log, *node, value) for node, value in inner], many=True)


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


def bundle(tx: Transaction, of: LogHead, start: int, stop: int) -> Sequence[Sequence[bytes]]:
    """Return entries and their leaf hashes from ``start`` up to but without ``stop``, for the publisher."""
    return _BUNDLE.rows(tx, {"of_log": of.log, "start": start, "stop": stop})


def row_of_nodes(tx: Transaction, of: LogHead, level: int, start: int, stop: int) -> tuple[bytes, ...]:
    """Return the hashes of complete subtrees of one level above the leaves, from left to right."""
    found = _ROW_OF_NODES.rows(tx, {"of_log": of.log, "of_level": level, "start": start, "stop": stop})
    return tuple(each for (each,) in found)


def entries_at(tx: Transaction, origin: str, indexes: Sequence[int]) -> dict[int, bytes]:
    """Return the entries at these indexes, as far as there are any; at most some thousand at once."""
    query = select(LOG_ENTRY.c.idx, LOG_ENTRY.c.entry).where(
        LOG_ENTRY.c.log == _log(origin), LOG_ENTRY.c.idx.in_(indexes)
    )
    return {row.idx: row.entry for row in tx.execute(query)}


def find_by_digest(tx: Transaction, origin: str, digest: bytes, kind: int | None = None) -> int | None:
    """Return the index of the first entry with this digest, of this kind where one is asked for.

    Whoever looks for a signature asks for its intent: entries of other kinds bear digests that other people choose.
    """
    numbers = LOG_NUMBER.rows(tx, {"origin": origin})
    if not numbers:
        return None
    wanted: dict[str, object] = {"log": numbers[0][0], "digest": digest}
    query = FIND if kind is None else FIND_OF_KIND
    index: int | None = tx.execute(query, wanted | ({} if kind is None else {"kind": bytes([kind])})).scalar_one()
    return index


FIND: Final = text(
    """
WITH RECURSIVE segment(number) AS (
  SELECT 0 UNION ALL
  SELECT number + 1 FROM segment WHERE number < (SELECT size >> 14 FROM log_head WHERE log = :log)
)
SELECT min(entry.idx) FROM segment CROSS JOIN log_entry AS entry
WHERE entry.log = :log AND (entry.idx >> 14) = segment.number AND entry.digest = :digest
"""
)
"""Digests are found within segments of 16,384 entries (migration 0014), so that writing one touches pages at hand."""

# An entry is an array that begins with its version and its kind, a byte each (`verify.log_entry`).
FIND_OF_KIND: Final = text(f"{FIND} AND substr(entry.entry, 3, 1) = :kind")


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
_ENTRIES_ON_SQLITE: Final = "INSERT INTO log_entry (log, idx, entry, leaf_hash, digest) VALUES (?, ?, ?, ?, ?)"
_NODES_ON_SQLITE: Final = "INSERT INTO log_node (log, level, idx, hash) VALUES (?, ?, ?, ?)"

# One statement and one wait for all that a commit of the log writes; who waits for it are all callers.
_GROW: Final = """
WITH moved AS (
  UPDATE log_head SET size = %(new_size)s, root = %(new_root)s, edge = %(edge)s, note = %(note)s, time = %(time)s
  WHERE log = %(of_log)s AND size = %(old_size)s AND root = %(old_root)s RETURNING log
), entries AS (
  INSERT INTO log_entry (log, idx, entry, leaf_hash, digest)
  SELECT log, %(old_size)s + part.place - 1, part.entry, part.leaf_hash, part.digest FROM moved,
    unnest(%(entries)b, %(leaves)b, %(digests)b) WITH ORDINALITY AS part(entry, leaf_hash, digest, place)
), nodes AS (
  INSERT INTO log_node (log, level, idx, hash)
  SELECT log, part.* FROM moved, unnest(%(levels)b, %(offsets)b, %(hashes)b) AS part
)
SELECT log FROM moved
"""


def _grown(entries: Sequence[StoredEntry], inner: Sequence[tuple[Node, bytes]]) -> dict[str, bytes]:
    """Return the columns of entries and nodes."""
    return {
        "entries": packed_bytes([each.entry for each in entries]),
        "leaves": packed_bytes([each.leaf_hash for each in entries]),
        "digests": packed_bytes([each.digest for each in entries]),
        "levels": packed_numbers([level for (level, _), _ in inner]),
        "offsets": packed_numbers([offset for (_, offset), _ in inner]),
        "hashes": packed_bytes([value for _, value in inner]),
    }


def _bundle() -> Select[Any]:
    query = select(LOG_ENTRY.c.entry, LOG_ENTRY.c.leaf_hash).where(LOG_ENTRY.c.log == bindparam("of_log"))
    in_range = (LOG_ENTRY.c.idx >= bindparam("start"), LOG_ENTRY.c.idx < bindparam("stop"))
    return query.where(*in_range).order_by(LOG_ENTRY.c.idx)


def _row_of_nodes() -> Select[Any]:
    same = (LOG_NODE.c.log == bindparam("of_log"), LOG_NODE.c.level == bindparam("of_level"))
    in_range = (LOG_NODE.c.idx >= bindparam("start"), LOG_NODE.c.idx < bindparam("stop"))
    return select(LOG_NODE.c.hash).where(*same, *in_range).order_by(LOG_NODE.c.idx)


_BUNDLE: Final = Prepared(_bundle)
_ROW_OF_NODES: Final = Prepared(_row_of_nodes)


def _log(origin: str) -> Any:  # noqa: ANN401 - an expression of SQLAlchemy
    return log_number(origin).scalar_subquery()


def _head(row: Sequence[Any]) -> LogHead:
    """Return the head in a row with all columns of the table, in their order."""
    values = dict(zip(_HEAD_COLUMNS, row, strict=True))
    edge = values.pop("edge")
    return LogHead(edge=tuple(edge[at : at + HASH_BYTES] for at in range(0, len(edge), HASH_BYTES)), **values)


def _closed(tx: Transaction, origin: str) -> LogHead | None:
    row = tx.execute(select(CLOSED_LOG).where(CLOSED_LOG.c.origin == origin)).mappings().one_or_none()
    return None if row is None else _closed_head(row)


def _closed_head(row: RowMapping) -> LogHead:
    head = _head([row[name] for name in _HEAD_COLUMNS])
    return replace(head, prefix=f"{PREFIX}/closed/{head.size}", is_closed=True)


_HEAD_COLUMNS: Final = tuple(LOG_HEAD.c.keys())
_LOCK_HEAD: Final = Prepared(lambda: select(LOG_HEAD).where(LOG_HEAD.c.origin == bindparam("origin")).with_for_update())
_LOCK_AND_LOOK: Final = Prepared(
    lambda: (
        select(LOG_HEAD, select(LOG_PENDING.c.pending_id).exists())
        .where(LOG_HEAD.c.origin == bindparam("origin"))
        .with_for_update(of=LOG_HEAD)
    )
)
