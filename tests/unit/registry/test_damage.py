"""Damage that SQL does not mind is named: values that nobody can read, rows that name no row, pages that do not fit."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from registry.damage import Unreadable, file_damage, misspelt_values, unreadable_values
from registry.db import Database, transaction
from tests.registry_office import Office

SPOILT = {
    "holder_name": "CAST(x'e4b8' AS TEXT)",
    "valid_from": "'2026-13-01'",
    "issued_at": "'yesterday'",
    "state": "'on_its_way'",
    "etag": "'one'",
    "data_set": "'no bytes'",
}
# A moment and a day that Python reads, and that nobody of ours wrote.
SPELT_OTHERWISE = {"issued_at": "replace(issued_at, ' ', '0')", "valid_from": "'2026-W48-2'"}


def test_an_honest_registry_has_no_damage(office: Office) -> None:
    office.issues(2)

    assert file_damage(office.database) == ()
    assert tuple(unreadable_values(office.database)) == ()


def test_a_word_that_a_column_may_not_hold_is_named_on_both_databases(office: Office) -> None:
    licence, _ = office.issues(2)
    with transaction(office.database) as tx:
        tx.execute(text("UPDATE licence SET state = 'gone' WHERE licence_id = :id"), {"id": licence.licence_id})
        tx.execute(text("UPDATE place SET status = 99 WHERE licence_id = :id"), {"id": licence.licence_id})

    assert set(unreadable_values(office.database)) == {
        Unreadable(table="licence", row=licence.licence_id, column="state"),
        Unreadable(table="place", row=licence.licence_id, column="status"),
    }


@pytest.fixture
def file(database: Database) -> Path:
    """The file of a database, for what a server would not take."""
    if database.is_postgresql:
        return Path()
    return Path(database.engine.url.database or "")


def test_each_value_that_a_file_holds_and_nobody_can_read_is_named(office: Office, file: Path) -> None:
    if office.database.is_postgresql:
        return  # it looks after its files itself
    licence, other = office.issues(2)
    assert tuple(misspelt_values(office.database)) == ()
    office.database.close()
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for licence_id, columns in ((licence.licence_id, SPOILT), (other.licence_id, SPELT_OTHERWISE)):
            for column, value in columns.items():
                connection.execute(f"UPDATE licence SET {column} = {value} WHERE licence_id = ?", (licence_id,))  # noqa: S608

    assert set(unreadable_values(office.database)) == {
        Unreadable(table="licence", row=licence.licence_id, column=column) for column in SPOILT
    }
    assert set(misspelt_values(office.database)) == {
        *(Unreadable(table="licence", row=other.licence_id, column=column) for column in SPELT_OTHERWISE),
        Unreadable(table="licence", row=licence.licence_id, column="issued_at"),  # its day has digits
    }


def test_a_row_that_names_a_row_that_is_not_there_is_named_on_both_databases(office: Office, file: Path) -> None:
    licence, _ = office.issues(2)
    assert file_damage(office.database) == ()
    spoils = f"UPDATE licence SET issuer = 'nobody' WHERE licence_id = '{licence.licence_id}'"  # noqa: S608
    if office.database.is_postgresql:
        with transaction(office.database) as tx:
            tx.execute(text("SET LOCAL session_replication_role = replica"))  # as who restores a server may do
            tx.execute(text(spoils))
    else:
        office.database.close()
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute(spoils)

    (found,) = file_damage(office.database)

    assert found.startswith("licence ")
    assert found.endswith(" names no row of department")
