"""Hashes and digests are found by keys and never searched for, so that a proof costs the same in a long log."""

from dataclasses import replace
from hashlib import sha256

from sqlalchemy import text

from registry import leaves
from registry.db import Database, open_database, reading, transaction
from registry.leaves import StoredEntry
from verify.tree import Node

ORIGIN = "log.test.example"
NODES = 20_000
STEPS_COUNTED = 100
SEGMENT = 1 << 14
WANTED: list[Node] = [(1, 3), (1, NODES - 1), (1, 3), (2, 7)]


def test_nodes_are_looked_up_and_not_searched_for(sqlite_url: str) -> None:
    database, steps = open_database(sqlite_url), [0]

    def count() -> int:
        steps[0] += 1
        return 0

    with transaction(database) as tx:
        head = leaves.lock_head(tx, ORIGIN)
        leaves.append(tx, head, (), {(1, offset): offset.to_bytes(32) for offset in range(NODES)}, head)
    with reading(database) as tx:
        leaves.nodes(tx, ORIGIN, WANTED)
        driver = tx.connection.connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(count, STEPS_COUNTED)
        found = leaves.nodes(tx, ORIGIN, WANTED)
        driver.set_progress_handler(None, 0)
    database.close()

    assert found == {(1, 3): (3).to_bytes(32), (1, NODES - 1): (NODES - 1).to_bytes(32)}
    assert steps[0] < 20, "some hundred steps of the database, not some for each row"


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
