"""Hashes and digests are found by keys and never searched for, so that a proof costs the same in a long log."""

from hashlib import sha256

from sqlalchemy import text, update

from registry import leaves
from registry.db import Database, open_database, reading, transaction
from registry.leaves import LogHead
from registry.tables import LOG_ENTRY, LOG_HEAD, LOG_NODE
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
        head: LogHead = leaves.lock_head(tx, ORIGIN)
        rows = [(head.log, 1, offset, offset.to_bytes(32)) for offset in range(NODES)]
        tx.insert_many(LOG_NODE, ("log", "level", "idx", "hash"), rows)
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
        log = leaves.lock_head(tx, ORIGIN).log
        rows = [(log, place, b"", b"", _digest(place)) for place in range(5 * SEGMENT)]
        tx.insert_many(LOG_ENTRY, ("log", "idx", "entry", "leaf_hash", "digest"), rows)
        tx.insert_many(
            LOG_ENTRY, ("log", "idx", "entry", "leaf_hash", "digest"), [(log, len(rows), b"", b"", _digest(0))]
        )
        tx.execute(update(LOG_HEAD).values(size=len(rows) + 1))

    with reading(database) as tx:
        assert [leaves.find_by_digest(tx, ORIGIN, _digest(place)) for place in places] == places
        assert leaves.find_by_digest(tx, ORIGIN, _digest(-1)) is None
        explain = "EXPLAIN " if tx.is_postgresql else "EXPLAIN QUERY PLAN "
        plan = "".join(map(str, tx.execute(text(explain + str(leaves.FIND)), {"log": log, "digest": _digest(0)})))
    assert "ix_log_entry_segment" in plan


def _digest(place: int) -> bytes:
    return sha256(str(place).encode()).digest()
