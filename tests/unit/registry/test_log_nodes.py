"""Hashes and digests are found by keys and never searched for, so that a proof costs the same in a long log."""

from dataclasses import replace
from hashlib import sha256

import pytest
from sqlalchemy import text

from registry import leaves
from registry.db import Database, open_database, reading, transaction
from registry.leaves import StoredEntry
from verify.tree import Node, new_nodes

ORIGIN = "log.test.example"
NODES = 20_000
STEPS_COUNTED = 100
SEGMENT = 1 << 14
# Of its complete subtrees those on the left have all heights up to seven.
SIZE = 171
WANTED: list[Node] = [(1, 3), (1, NODES - 1), (1, 3), (2, 7)]


def test_nodes_are_looked_up_and_not_searched_for(sqlite_url: str) -> None:
    database, steps = open_database(sqlite_url), [0]

    def count() -> int:
        steps[0] += 1
        return 0

    with transaction(database) as tx:
        head = leaves.lock_head(tx, ORIGIN)
        rows = {(level, offset): offset.to_bytes(32) for level in (1, 3, 6) for offset in range(NODES)}
        entries = [StoredEntry(index=place, entry=b"", leaf_hash=_digest(place), digest=b"") for place in range(8)]
        leaves.append(tx, head, entries, rows, replace(head, size=len(entries)))
    with reading(database) as tx:
        leaves.nodes(tx, ORIGIN, WANTED)
        driver = tx.connection.connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(count, STEPS_COUNTED)
        found = leaves.nodes(tx, ORIGIN, WANTED)
        path = leaves.siblings(tx, head.log, 0, 7)
        driver.set_progress_handler(None, 0)
    database.close()

    assert found == {(1, 3): (3).to_bytes(32), (1, NODES - 1): (NODES - 1).to_bytes(32)}
    assert path[::3] == (_digest(1), (1).to_bytes(32), (1).to_bytes(32))
    assert steps[0] < 20, "some hundred steps of the database, not some for each row"


def test_the_hashes_beside_each_way_are_found_and_none_of_a_subtree_that_the_log_lacks(database: Database) -> None:
    hashes = [_digest(place) for place in range(SIZE)]
    entries = [StoredEntry(index=at, entry=b"", leaf_hash=each, digest=b"") for at, each in enumerate(hashes)]
    expected = new_nodes(0, hashes, ())
    with transaction(database) as tx:
        head = leaves.lock_head(tx, ORIGIN)
        leaves.append(tx, head, entries, expected, replace(head, size=SIZE))

    with reading(database) as tx:
        for height in range(SIZE.bit_length()):
            for index in range(SIZE >> height << height):
                way = tuple(expected[level, index >> level ^ 1] for level in range(height))
                assert leaves.siblings(tx, head.log, index, height) == way
            with pytest.raises(KeyError):
                leaves.siblings(tx, head.log, SIZE - 1, height + 1)


def test_a_digest_is_found_in_whatever_segment_of_the_log_it_stands(database: Database) -> None:
    places = [0, SEGMENT - 1, SEGMENT, 5 * SEGMENT - 1]
    with transaction(database) as tx:
        head = leaves.lock_head(tx, ORIGIN)
        digests = [*map(_digest, range(5 * SEGMENT)), _digest(0)]
        entries = [
            StoredEntry(index=place, entry=b"", leaf_hash=b"", digest=digest) for place, digest in enumerate(digests)
        ]
        leaves.append(tx, head, entries, {}, replace(head, size=len(entries)))

    with reading(database) as tx:
        assert [leaves.find_by_digest(tx, ORIGIN, _digest(place)) for place in places] == places
        assert leaves.find_by_digest(tx, ORIGIN, _digest(-1)) is None
        explain = "EXPLAIN " if tx.is_postgresql else "EXPLAIN QUERY PLAN "
        plan = "".join(map(str, tx.execute(text(explain + str(leaves.FIND)), {"log": head.log, "digest": _digest(0)})))
    assert "ix_log_entry_segment" in plan


def _digest(place: int) -> bytes:
    return sha256(str(place).encode()).digest()
