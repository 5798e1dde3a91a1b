"""Towns that other processes can open, on both databases."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from keys.softkeys import create_key
from registry.db import open_database
from registry.schema import upgrade
from tests import databases
from tests.databases import database_url, fresh_postgresql_url, postgresql_server, sqlite_template, sqlite_url
from tests.faults.log_world import LogWorld
from tests.faults.world import AwayWorld, OwnServer, World
from tests.key_room import CHECKPOINT, PASSPHRASE
from tests.log_house import LogHouse
from tests.town import (
    Town,
    founded_on_postgresql,
    founded_on_sqlite,
    postgresql_town,
    sqlite_town,
)
from verify.algorithms import Algorithm

__all__ = [
    "database_url",
    "founded_on_postgresql",
    "founded_on_sqlite",
    "fresh_postgresql_url",
    "postgresql_server",
    "postgresql_town",
    "sqlite_template",
    "sqlite_town",
    "sqlite_url",
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


@pytest.fixture
def log_world(database_url: str, tmp_path: Path) -> Iterator[LogWorld]:
    """A log with its genesis entry and nothing published, on each kind of database."""
    yield from _log_world(database_url, tmp_path, None)


@pytest.fixture
def sqlite_log_world(sqlite_url: str, tmp_path: Path) -> Iterator[LogWorld]:
    """The same on SQLite, for what happens to files alone."""
    yield from _log_world(sqlite_url, tmp_path, None)


@pytest.fixture
def small_log_world(database_url: str, tmp_path: Path) -> Iterator[LogWorld]:
    """A log as `log_world`; where the environment names a small disk, the published files and a SQLite database lie on it."""
    disk = os.environ.get("YINZHENG_TESTS_SMALL_DISK")
    if disk is None:
        yield from _log_world(database_url, tmp_path, None)
        return
    folder, url = Path(tempfile.mkdtemp(dir=disk)), database_url
    if url.startswith("sqlite:"):
        url = f"sqlite:///{shutil.copy(tmp_path / 'registry.sqlite', folder)}"
    yield from _log_world(url, tmp_path, folder)
    shutil.rmtree(folder)


def _log_world(url: str, folder: Path, disk: Path | None) -> Iterator[LogWorld]:
    create_key(folder / "log-keys", PASSPHRASE, CHECKPOINT, Algorithm.ED25519)
    house = LogHouse.open(url, folder / "log-keys")
    house.log.found()
    yield LogWorld(house, folder, disk)
    house.database.close()
