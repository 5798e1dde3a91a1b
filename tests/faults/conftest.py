"""Towns that other processes can open, on both databases."""

import os
import shutil
import tempfile
import uuid
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
    FoundedTown,
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


@pytest.fixture(scope="module")
def own_server() -> Iterator[OwnServer]:
    """A PostgreSQL server that a file's tests may stop; each finds it running."""
    folder = Path(tempfile.mkdtemp(prefix="yinzheng-postgresql-"))
    folder.chmod(0o755)
    server = OwnServer(folder / "data")
    yield server
    server.starts()
    server.ends()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def founded_away(own_server: OwnServer, tmp_path_factory: pytest.TempPathFactory) -> FoundedTown:
    """A town on the server that may be stopped, founded once, as a template to copy."""
    founded = FoundedTown(tmp_path_factory.mktemp("away"), "founded")
    databases.administer(own_server.url, f"CREATE DATABASE {founded.template}")
    database = open_database(databases.postgresql_url(own_server.url, founded.template))
    upgrade(database)
    Town.found(database, founded.folder)
    database.close()
    return founded


@pytest.fixture
def away_world(own_server: OwnServer, founded_away: FoundedTown, tmp_path: Path) -> Iterator[AwayWorld]:
    """A fresh town on a PostgreSQL server that may be stopped."""
    own_server.starts()
    name = f"test_{uuid.uuid4().hex}"
    databases.copy_database(own_server.url, founded_away.template, name)
    shutil.copytree(founded_away.folder / "keys", tmp_path / "keys")
    url = databases.postgresql_url(own_server.url, name)
    database = databases.opened_database(url)
    yield AwayWorld(World(Town.open(database, tmp_path), url), own_server)
    database.close()


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
