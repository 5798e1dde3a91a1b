"""Hashes of the log's tree: each is found by its key, so that a proof costs the same in a long log."""

from registry import leaves
from registry.db import open_database, reading, transaction
from registry.leaves import LogHead
from registry.tables import LOG_NODE
from verify.tree import Node

ORIGIN = "log.test.example"
NODES = 20_000
STEPS_COUNTED = 100
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
