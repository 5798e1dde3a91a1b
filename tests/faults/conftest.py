"""Towns that other processes can open, on both databases."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.db import open_database
from registry.schema import upgrade
from tests import databases
from tests.databases import postgresql_server, sqlite_template
from tests.faults.world import AwayWorld, OwnServer, World
from tests.town import (
    Town,
    founded_on_postgresql,
    founded_on_sqlite,
    postgresql_town,
    sqlite_town,
)

__all__ = [
    "founded_on_postgresql",
    "founded_on_sqlite",
    "postgresql_server",
    "postgresql_town",
    "sqlite_template",
    "sqlite_town",
]


@pytest.fixture(params=databases.KINDS)
def world(request: pytest.FixtureRequest) -> World:
    """A fresh town on each kind of database."""
    town: Town = request.getfixturevalue(f"{request.param}_town")
    return World(town, town.database.engine.url.render_as_string(hide_password=False))


@pytest.fixture
def away_world(tmp_path: Path) -> Iterator[AwayWorld]:
    """A fresh town on a PostgreSQL server of its own."""
    folder = Path(tempfile.mkdtemp(prefix="yinzheng-postgresql-"))
    folder.chmod(0o755)
    server = OwnServer(folder / "data")
    database = open_database(server.url)
    upgrade(database)
    yield AwayWorld(World(Town.found(database, tmp_path), server.url), server)
    database.close()
    server.starts()
    server.ends()
    shutil.rmtree(folder, ignore_errors=True)
