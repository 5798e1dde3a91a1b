"""Statements that SQLite and PostgreSQL both know but SQLAlchemy spells per database.

Promises: the same meaning on both; a counter's row stays locked until the transaction ends.
"""

from typing import TYPE_CHECKING

from sqlalchemy import Table

from registry.db import Transaction
from registry.tables import COUNTER

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite


def upsert(tx: Transaction, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """Return an insert that can be told what to do about a conflict."""
    if tx.is_postgresql:
        from sqlalchemy.dialects import postgresql  # the dialect of the other database is not loaded

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def advance(tx: Transaction, counter: str, by: int) -> int:
    """Move a counter on and return the first of the ``by`` numbers that now belong to the caller; it begins at 0."""
    statement = upsert(tx, COUNTER).values(name=counter, value=by)
    statement = statement.on_conflict_do_update(
        index_elements=[COUNTER.c.name], set_={"value": COUNTER.c.value + statement.excluded.value}
    )
    value: int = tx.execute(statement.returning(COUNTER.c.value)).scalar_one()
    return value - by
