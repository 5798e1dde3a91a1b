"""Loaded once by the server that forks the driver's processes: imports and fonts take seconds, a fork takes none.

A process that has issued before knows its fonts, its types and its statements, as one does that was at work for an hour. So
the server issues once, in a town of its own that is gone before it forks: it has no database and no key open then.
"""

import tempfile
import threading
from pathlib import Path

from registry.schema import upgrade
from tests.databases import opened_database
from tests.faults import driver, log_driver
from tests.town import Town

__all__ = ["driver", "log_driver"]


def _issue_once() -> None:
    with tempfile.TemporaryDirectory(prefix="yinzheng-warm-") as folder:
        database = opened_database(f"sqlite:///{folder}/registry.sqlite")
        upgrade(database)
        town = Town.found(database, Path(folder))
        town.issues(town.food_draft())
        database.close()


_issue_once()
assert threading.active_count() == 1, "a process with threads is not forked"
