"""Hashes of the log's tree by their coordinates. Through ``registry.leaves`` only.

Promises: each hash is found by the key of its row, however long the log is. (A list of pairs behind IN would let SQLite
read every row of the log; so the coordinates come as a table that rows are looked up for, or one by one.)
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, bindparam, select

from registry.db import Transaction
from registry.prepared import Prepared
from registry.tables import CLOSED_LOG, LOG_HEAD
from verify.tree import Node, node_hash

# Databases limit the values of one statement; the nodes of many proofs are fetched in parts.
_NODES_MAX: Final = 500
# In a long log the hashes of a path stand on as many pages of SQLite's file as it has levels, and to fetch one takes
# longer than to hash. So of three levels the lowest alone is read, eight hashes side by side, and what the next two
# would say is computed. The higher levels have few pages, which are at hand.
_ROW_LEVELS: Final = 3
_PAGED_LEVELS: Final = 6
_LEAVES_ON_POSTGRESQL: Final = (
    "SELECT 0, idx, leaf_hash FROM log_entry WHERE log = %(log)s AND idx = ANY(%(offsets)b::bigint[])"
)
_NODES_ON_POSTGRESQL: Final = """
SELECT node.level, node.idx, node.hash FROM unnest(%(levels)b::int[], %(offsets)b::bigint[]) AS wanted(level, idx)
JOIN log_node AS node ON node.log = %(log)s AND node.level = wanted.level AND node.idx = wanted.idx
"""
_SIBLINGS_ON_POSTGRESQL: Final = """
SELECT 0, leaf_hash FROM log_entry WHERE log = %(log)s AND idx = %(leaf)s UNION ALL
SELECT node.level, node.hash FROM unnest(%(offsets)b::bigint[]) WITH ORDINALITY AS wanted(idx, level)
JOIN log_node AS node ON node.log = %(log)s AND node.level = wanted.level::int AND node.idx = wanted.idx
"""


def nodes(tx: Transaction, origin: str, wanted: Sequence[Node]) -> dict[Node, bytes]:
    """Return the hashes of these complete subtrees, as far as the log has them; level 0 are leaf hashes."""
    logs = LOG_NUMBER.rows(tx, {"origin": origin})
    found: dict[Node, bytes] = {}
    leaves = sorted({node for node in wanted if node[0] == 0})
    inner = sorted({node for node in wanted if node[0] > 0})
    for part in (*_parts(leaves), *_parts(inner)) if logs else ():
        rows, _ = tx.by_driver(*_query(tx, logs[0][0], part))
        found |= {(level, offset): value for level, offset, value in rows}
    return found


def siblings(tx: Transaction, log: int, index: int, height: int) -> tuple[bytes, ...]:
    """Return the hashes beside the way from a leaf up to the root of the complete subtree of this height around it.

    Raises ``KeyError`` when the log has no such subtree.
    """
    if not height:
        return ()
    if not tx.is_postgresql:
        return _siblings_on_sqlite(tx, log, index, height)
    leaf, *inner = [(index >> level) ^ 1 for level in range(height)]
    rows, _ = tx.by_driver(_SIBLINGS_ON_POSTGRESQL, {"log": log, "leaf": leaf, "offsets": inner})
    found: dict[int, bytes] = dict(rows)
    return tuple(found[level] for level in range(height))


def _siblings_on_sqlite(tx: Transaction, log: int, index: int, height: int) -> tuple[bytes, ...]:
    text, widths = _way_on_sqlite(height)
    rows, _ = tx.by_driver(text, (log, index))
    if len(rows) != sum(widths.values()):
        raise KeyError(index)
    rows.sort()  # they come in this order, but nothing says so
    hashes, path, start = [value for _, _, value in rows], list[bytes](), 0
    for level, width in widths.items():
        path += _upwards(hashes[start : start + width], index >> level & width - 1)
        start += width
    return tuple(path)


def _upwards(row: list[bytes], place: int) -> Iterator[bytes]:
    """Yield the hashes beside the way from this place in a row of subtrees up to their root; of one, it is beside."""
    yield row[place ^ 1] if len(row) > 1 else row[0]
    while len(row) > 2:
        place >>= 1
        row = [b"" if at == place else node_hash(*row[2 * at : 2 * at + 2]) for at in range(len(row) // 2)]
        yield row[place ^ 1]


def _parts(wanted: Sequence[Node]) -> list[Sequence[Node]]:
    return [wanted[start : start + _NODES_MAX] for start in range(0, len(wanted), _NODES_MAX)]


def _query(tx: Transaction, log: int, wanted: Sequence[Node]) -> tuple[str, Any]:
    """Return the query for these nodes, which are all leaves or all none."""
    is_leaves = wanted[0][0] == 0
    levels, offsets = [level for level, _ in wanted], [offset for _, offset in wanted]
    if tx.is_postgresql:
        text = _LEAVES_ON_POSTGRESQL if is_leaves else _NODES_ON_POSTGRESQL
        return text, {"log": log, "offsets": offsets} | ({} if is_leaves else {"levels": levels})
    if is_leaves:
        return _leaves_on_sqlite(len(wanted)), (log, *offsets)
    return _nodes_on_sqlite(len(wanted)), (*(part for node in wanted for part in node), log)


@cache
def _leaves_on_sqlite(count: int) -> str:
    marks = ", ".join("?" * count)
    return f"SELECT 0, idx, leaf_hash FROM log_entry WHERE log = ? AND idx IN ({marks})"  # noqa: S608 - question marks


@cache
def _nodes_on_sqlite(count: int) -> str:
    marks = ", ".join(["(?, ?)"] * count)
    return (
        f"WITH wanted(level, idx) AS (VALUES {marks}) "  # noqa: S608 - question marks
        "SELECT node.level, node.idx, node.hash FROM wanted CROSS JOIN log_node AS node "
        "ON node.log = ? AND node.level = wanted.level AND node.idx = wanted.idx"
    )


@cache
def _way_on_sqlite(height: int) -> tuple[str, dict[int, int]]:
    """Return the query for a way of this height, and how many hashes it finds on which level."""
    rows = {level: 1 << min(_ROW_LEVELS, height - level) for level in range(0, min(height, _PAGED_LEVELS), _ROW_LEVELS)}
    widths = rows | dict.fromkeys(range(_PAGED_LEVELS, height), 1)
    return " UNION ALL ".join(_of_way(level, width) for level, width in widths.items()), widths


def _of_way(level: int, width: int) -> str:
    """Return the query for the row of subtrees of a level that the way goes through, or for the one beside the way."""
    table = f"{level}, idx, hash FROM log_node WHERE log = ?1 AND level = {level}"
    if not level:
        table = "0, idx, leaf_hash FROM log_entry WHERE log = ?1"
    at = f"?2 >> {level}"
    if width == 1:
        return f"SELECT {table} AND idx = ({at} | 1) - ({at} & 1)"
    return f"SELECT {table} AND idx BETWEEN {at} & {-width} AND {at} | {width - 1}"


def log_number(origin: Any) -> Select[Any]:  # noqa: ANN401 - a text, or an expression of SQLAlchemy
    """Return the query for the number of the log that has this name, or had it."""
    closed = select(CLOSED_LOG.c.log).where(CLOSED_LOG.c.origin == origin)
    return select(LOG_HEAD.c.log).where((LOG_HEAD.c.origin == origin) | LOG_HEAD.c.log.in_(closed))


LOG_NUMBER: Final = Prepared(lambda: log_number(bindparam("origin")))
