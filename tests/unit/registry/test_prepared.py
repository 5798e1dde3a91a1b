"""Statements that are compiled once, on both databases."""

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from sqlalchemy import bindparam, select, text, update

from registry.db import Database, reading, transaction
from registry.errors import ConflictError, DatabaseSchemaError
from registry.prepared import Prepared, prepared_insert
from registry.tables import COUNTER, REQUEST

AT = datetime(2026, 11, 24, 10, 0, tzinfo=timezone(timedelta(hours=8)))
ADD = prepared_insert(COUNTER)
FIND = Prepared(lambda: select(COUNTER.c.value).where(COUNTER.c.name == bindparam("name")).limit(1))
MOVE = Prepared(lambda: update(COUNTER).where(COUNTER.c.name == bindparam("of")).values(value=bindparam("to")))
NOWHERE = Prepared(lambda: select(text("1")).select_from(text("no_such_table")))


def test_rows_are_written_found_and_changed(database: Database) -> None:
    with transaction(database) as tx:
        ADD.run_objects(tx, [SimpleNamespace(name="a", value=1), SimpleNamespace(name="b", value=2)])
        ADD.run_objects(tx, [])
        assert FIND.rows(tx, {"name": "b"}) == [(2,)]
        assert (MOVE.run(tx, {"of": "a", "to": 3}), MOVE.run(tx, {"of": "c", "to": 3})) == (1, 0)

    assert FIND.first(database, {"name": "a"}) == (3,)
    assert FIND.first(database, {"name": "c"}) is None
    assert FIND.all(database, {"name": "c"}) == []


def test_values_and_columns_are_converted_as_everywhere(database: Database) -> None:
    given = {"client": "a", "key": "b", "body_digest": b"\x00", "status": None, "body": None, "expires_at": AT}
    add = prepared_insert(REQUEST)
    find = Prepared(lambda: select(REQUEST).where(REQUEST.c.expires_at == bindparam("at")))
    with transaction(database) as tx:
        add.run(tx, given)
        kept = tx.execute(select(REQUEST)).one()
    found = find.first(database, {"at": AT.astimezone(UTC)})

    assert found is not None
    assert tuple(found) == tuple(kept) == tuple(given.values())
    assert found[-1].tzinfo is UTC
    with transaction(database) as tx, pytest.raises(ValueError, match="aware"):
        add.run(tx, given | {"key": "c", "expires_at": AT.replace(tzinfo=None)})


def test_objects_are_written_by_their_attributes_as_rows_are_by_their_names(database: Database) -> None:
    given = {"client": "a", "key": "b", "body_digest": b"\x00", "status": 7, "body": None, "expires_at": AT}
    add = prepared_insert(REQUEST)
    with transaction(database) as tx:
        add.run(tx, given)
        add.run_objects(tx, [SimpleNamespace(**given | {"key": key}) for key in "cd"])
        add.run_objects(tx, ())
        kept = tx.execute(select(REQUEST).order_by(REQUEST.c.key)).all()

    assert [row._asdict() for row in kept] == [given | {"key": key} for key in "bcd"]


def test_what_breaks_is_one_of_our_errors_and_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(ConflictError), transaction(database) as tx:  # noqa: PT012 - the second one breaks
        ADD.run(tx, {"name": "a", "value": 1})
        ADD.run(tx, {"name": "a", "value": 2})
    assert FIND.first(database, {"name": "a"}) is None

    with pytest.raises(DatabaseSchemaError), reading(database) as tx:
        NOWHERE.rows(tx)
    with pytest.raises(DatabaseSchemaError):
        NOWHERE.first(database)


def test_a_transaction_to_look_sees_one_state(database: Database) -> None:
    with transaction(database) as tx:
        ADD.run(tx, {"name": "a", "value": 1})
    with reading(database) as tx:
        before = FIND.rows(tx, {"name": "a"})
        if not database.is_postgresql:  # PostgreSQL reads what was committed at each query
            with transaction(database) as other:
                MOVE.run(other, {"of": "a", "to": 2})
        assert FIND.rows(tx, {"name": "a"}) == before == [(1,)]
