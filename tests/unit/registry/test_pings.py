"""Connections that may be gone are asked before they are lent, and one that was just used is lent as it is."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from registry.db import Database, open_database, reading
from registry.errors import DatabaseAwayError
from registry.pings import FRESH_SECONDS


@pytest.fixture
def database(fresh_postgresql_url: str) -> Iterator[Database]:
    opened = open_database(fresh_postgresql_url)
    yield opened
    opened.close()


def _backend(database: Database) -> int:
    with reading(database) as tx:
        number: int = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
    return number


def _break_all_others(database: Database) -> None:
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    with database.autocommit.connect() as connection:
        connection.execute(text(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}"))  # noqa: S608 - ours


def test_one_caller_hears_that_the_server_broke_all_connections_and_nobody_else(database: Database) -> None:
    with reading(database) as first, reading(database) as second, reading(database) as third:
        for each in (first, second, third):
            each.execute(text("SELECT 1"))
    _break_all_others(database)

    with pytest.raises(DatabaseAwayError):
        _backend(database)
    with reading(database) as first, reading(database) as second:
        assert {each.execute(text("SELECT 1")).scalar_one() for each in (first, second)} == {1}


def test_a_connection_that_lay_idle_is_asked_and_replaced(fresh_postgresql_url: str) -> None:
    now = [100.0]
    database = open_database(fresh_postgresql_url, monotonic=lambda: now[0])
    before = _backend(database)
    _break_all_others(database)

    now[0] += FRESH_SECONDS
    assert _backend(database) != before
    database.close()
