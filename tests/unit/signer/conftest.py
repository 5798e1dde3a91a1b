"""Towns for the acts, and for the log alone a house that needs no fonts and no catalogue; each on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keys.softkeys import create_key
from registry.db import Database
from tests.databases import (
    database,
    database_url,
    fresh_postgresql_url,
    opened_database,
    postgresql_server,
    sample,
    sqlite_template,
    sqlite_url,
)
from tests.key_room import CHECKPOINT, PASSPHRASE
from tests.log_house import LogHouse
from tests.town import (
    founded_on_postgresql,
    founded_on_sqlite,
    postgresql_town,
    sqlite_town,
    town,
)
from verify.algorithms import Algorithm

__all__ = [
    "database",
    "database_url",
    "founded_on_postgresql",
    "founded_on_sqlite",
    "fresh_postgresql_url",
    "postgresql_server",
    "postgresql_town",
    "sample",
    "sqlite_template",
    "sqlite_town",
    "sqlite_url",
    "town",
]


@pytest.fixture
def sqlite_sample(sqlite_url: str) -> Iterator[Database]:
    """A SQLite database with the sample catalogue, for what is the same on both and tried many times."""
    opened = opened_database(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[LogHouse]:
    """A house whose log has nothing in it, on each kind of database."""
    create_key(tmp_path / "log-keys", PASSPHRASE, CHECKPOINT, Algorithm.ED25519)
    opened = LogHouse.open(database_url, tmp_path / "log-keys")
    yield opened
    opened.database.close()


@pytest.fixture
def founded(house: LogHouse) -> LogHouse:
    """A house whose log has its genesis entry."""
    house.log.found()
    return house
