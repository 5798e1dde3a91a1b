"""Opening databases, transactions, and what becomes of the driver's errors."""

import logging
import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from registry import db
from registry.db import (
    Database,
    open_database,
    reading,
    refuse_inside_transaction,
    single_queries,
    transaction,
    translated_errors,
)
from registry.errors import (
    ConflictError,
    DatabaseAwayError,
    DatabaseBusyError,
    DatabaseSchemaError,
    DiskFullError,
    NestedTransactionError,
    RegistryError,
)
from registry.tables import COUNTER, REQUEST

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def count(database: Database, name: str, value: int = 1) -> None:
    with transaction(database) as tx:
        tx.execute(insert(COUNTER).values(name=name, value=value))


def names(database: Database) -> list[str]:
    with reading(database) as tx:
        return list(tx.execute(select(COUNTER.c.name).order_by(COUNTER.c.name)).scalars())


def test_a_transaction_is_committed_at_its_end(database: Database) -> None:
    count(database, "a")

    assert names(database) == ["a"]
    with single_queries(database) as connection:
        assert connection.execute(select(COUNTER.c.value)).scalar_one() == 1


def test_an_error_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(KeyboardInterrupt), transaction(database) as tx:  # noqa: PT012 - the crash comes after
        tx.execute(insert(COUNTER).values(name="a", value=1))
        raise KeyboardInterrupt

    assert names(database) == []


def test_a_transaction_inside_a_transaction_is_refused_instead_of_waiting_for_ever(database: Database) -> None:
    with transaction(database):
        with pytest.raises(NestedTransactionError), transaction(database):
            pass
        with pytest.raises(NestedTransactionError):
            refuse_inside_transaction(database)
    refuse_inside_transaction(database)
    count(database, "after")


def test_another_thread_has_its_own_turn(database: Database) -> None:
    done = threading.Event()

    def other() -> None:
        count(database, "other")
        done.set()

    thread = threading.Thread(target=other)
    with transaction(database) as tx:
        tx.execute(insert(COUNTER).values(name="mine", value=1))
        thread.start()
        done.wait(0.2)
    thread.join(10)

    assert names(database) == ["mine", "other"]


def test_a_reader_sees_nothing_that_is_not_committed_and_writes_nothing(database: Database) -> None:
    with transaction(database) as tx:
        tx.execute(insert(COUNTER).values(name="a", value=1))
        seen: list[list[str]] = []
        thread = threading.Thread(target=lambda: seen.append(names(database)))
        thread.start()
        thread.join(10)
    with reading(database) as tx:
        tx.execute(insert(COUNTER).values(name="b", value=1))

    assert seen == [[]]
    assert names(database) == ["a"]


def test_the_same_key_twice_is_a_conflict_that_names_no_value(database: Database) -> None:
    count(database, "王五")

    with pytest.raises(ConflictError) as refused:
        count(database, "王五")

    assert "王" not in f"{refused.value!r} {refused.value.__cause__!r}"


def test_errors_of_the_driver_show_no_bound_values(database: Database) -> None:
    with pytest.raises(DBAPIError) as refused, transaction(database) as tx:
        tx.execute(text("SELECT :name FROM COUNTER WHERE nonsense("), {"name": "王五"})

    assert "王" not in str(refused.value)


def test_moments_are_kept_in_utc_and_naive_ones_are_refused(database: Database) -> None:
    here = AT.astimezone(timezone(timedelta(hours=8)))
    row = {"client": "c", "key": "k", "body_digest": b"", "expires_at": here}
    with transaction(database) as tx:
        tx.execute(insert(REQUEST).values(row))
        kept = tx.execute(select(REQUEST.c.expires_at)).scalar_one()

    assert kept == AT
    assert kept.utcoffset() == timedelta(0)
    with pytest.raises(Exception, match="aware"), transaction(database) as tx:
        tx.execute(insert(REQUEST).values(row | {"key": "other", "expires_at": AT.replace(tzinfo=None)}))


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/db", "not a url", ""])
def test_only_a_sqlite_file_and_postgresql_are_databases(url: str) -> None:
    with pytest.raises(ValueError, match=r"database|forget"):
        open_database(url)


def test_a_password_is_in_no_repr_and_in_no_error(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        database = open_database("postgresql://user:geheim@127.0.0.1:1/none")
        with pytest.raises(DatabaseAwayError) as refused, reading(database):
            pass

    shown = f"{database!r} {refused.value!r} {refused.value} {refused.value.__cause__!r} {caplog.text}"
    assert "geheim" not in shown
    database.close()


def test_a_file_that_is_no_database_is_away(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    path.write_bytes(b"no database, no database, no database" * 100)
    database = open_database(f"sqlite:///{path}")

    with pytest.raises(DatabaseAwayError), transaction(database):
        pass
    database.close()


def test_missing_tables_are_a_question_of_the_schema(tmp_path: Path, fresh_postgresql_url: str) -> None:
    for url in (f"sqlite:///{tmp_path}/empty.sqlite", fresh_postgresql_url):
        database = open_database(url)
        with pytest.raises(DatabaseSchemaError), transaction(database) as tx:
            tx.execute(text("SELECT * FROM no_such_table"))
        database.close()


def test_another_process_that_holds_sqlite_makes_us_wait_and_then_say_so(sqlite_url: str) -> None:
    database = open_database(sqlite_url, wait_seconds=1)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with reading(database) as tx:
        tx.execute(text("SELECT 1"))

    began = time.monotonic()
    with pytest.raises(DatabaseBusyError), transaction(database) as tx:
        pass
    assert time.monotonic() - began >= 1
    other.close()
    database.close()


def test_who_waits_for_another_process_that_writes_to_sqlite_has_its_turn_and_its_patience(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    leaving = threading.Timer(0.05, other.rollback)
    leaving.start()

    with transaction(database) as tx:
        assert not other.in_transaction
        assert tx.execute(text("PRAGMA busy_timeout")).scalar() == db.WAIT_SECONDS_MAX * 1000
    leaving.join()
    other.close()
    database.close()


def postgresql_error(state: str | None) -> DBAPIError:
    cause = psycopg.Error("the driver's words")
    if state is not None:
        cause = psycopg.errors.lookup(state)("the driver's words")
    return OperationalError("SELECT", None, cause)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", DiskFullError),
        ("40001", DatabaseBusyError),
        ("40P01", DatabaseBusyError),
        ("55P03", DatabaseBusyError),
        ("42P01", DatabaseSchemaError),
        ("42703", DatabaseSchemaError),
        ("57P01", DatabaseAwayError),
        ("08006", DatabaseAwayError),
        ("53300", DatabaseAwayError),
        ("58030", DatabaseAwayError),
        ("3D000", DatabaseAwayError),
        ("28P01", DatabaseAwayError),
        (None, DatabaseAwayError),
    ],
)
def test_each_state_of_postgresql_has_its_error(state: str | None, kind: type[RegistryError]) -> None:
    with pytest.raises(kind) as refused, translated_errors():
        raise postgresql_error(state)

    assert "the driver's words" not in f"{refused.value} {refused.value.__cause__!r}"


def test_a_mistake_of_our_own_stays_what_it_is() -> None:
    with pytest.raises(DBAPIError), translated_errors():
        raise postgresql_error("42601")
    with pytest.raises(ProgrammingError), translated_errors():
        raise ProgrammingError("SELECT", None, sqlite3.OperationalError("near nonsense"))


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        (13, "", DiskFullError),
        (5, "", DatabaseBusyError),
        (6, "", DatabaseBusyError),
        (10 | 3 << 8, "", DatabaseAwayError),
        (14, "", DatabaseAwayError),
        (11, "", DatabaseAwayError),
        (1, "no such column: x", DatabaseSchemaError),
    ],
)
def test_each_code_of_sqlite_has_its_error(code: int, words: str, kind: type[RegistryError]) -> None:
    cause = sqlite3.OperationalError(words)
    cause.sqlite_errorcode = code

    with pytest.raises(kind), translated_errors():
        raise OperationalError("SELECT", None, cause)


def test_an_unknown_code_of_sqlite_stays_what_it_is() -> None:
    cause = sqlite3.OperationalError("near nonsense")
    cause.sqlite_errorcode = 1

    with pytest.raises(OperationalError), translated_errors():
        raise OperationalError("SELECT", None, cause)


def test_a_pool_without_a_free_connection_is_busy() -> None:
    with pytest.raises(DatabaseBusyError), translated_errors():
        raise db.PoolTimeoutError


def test_who_writes_to_sqlite_takes_the_connection_of_the_last_one_unless_something_went_wrong(sqlite_url: str) -> None:
    database, lent = open_database(sqlite_url), 0

    def lend(*_of_the_pool: object) -> None:
        nonlocal lent
        lent += 1

    event.listen(database.engine, "checkout", lend)
    for number in range(3):
        count(database, f"counter {number}")
    assert lent == 1
    with pytest.raises(ConflictError):
        count(database, "counter 0")
    count(database, "counter 3")
    assert lent == 2

    database.close()
    assert not Path(f"{database.engine.url.database}-wal").exists(), "the last connection to be closed takes it away"


def test_sqlite_writes_ahead_and_flushes_every_commit(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    with reading(database) as tx:
        assert tx.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert tx.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert tx.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    database.close()
