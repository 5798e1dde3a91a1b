"""Every test of the registry runs on both databases; the fixtures come from ``tests/databases.py``."""

from collections.abc import Iterator

import pytest

from registry.db import Database, open_database
from tests.databases import (
    database,
    database_url,
    fresh_postgresql_url,
    postgresql_server,
    sample,
    sqlite_template,
    sqlite_url,
)
from tests.registry_office import Office

__all__ = [
    "database",
    "database_url",
    "fresh_postgresql_url",
    "postgresql_server",
    "sample",
    "sqlite_template",
    "sqlite_url",
]


@pytest.fixture
def office(sample: Database) -> Office:
    """The bureau of the sample town on a fresh database of each kind."""
    return Office(sample)


@pytest.fixture
def postgresql_office(fresh_postgresql_url: str) -> Iterator[Office]:
    """The bureau on PostgreSQL, for what only a server can do."""
    opened = open_database(fresh_postgresql_url)
    yield Office(opened)
    opened.close()
