"""Tests of the HTTP interface's parts; those that need a deployment take the town's hall."""

from tests.databases import postgresql_server, sqlite_template
from tests.hall import hall, sqlite_hall
from tests.town import founded_on_postgresql, founded_on_sqlite, postgresql_town, sqlite_town, town

__all__ = [
    "founded_on_postgresql",
    "founded_on_sqlite",
    "hall",
    "postgresql_server",
    "postgresql_town",
    "sqlite_hall",
    "sqlite_template",
    "sqlite_town",
    "town",
]
