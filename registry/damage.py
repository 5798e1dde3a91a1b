"""Damage that SQL itself does not mind: pages of a file that do not fit together, and values that nobody can read.

Promises:
  * Reads only. A SQLite file is asked for what its own check finds, and for rows that name rows that are not there; a
    server looks after its files itself (checksums of pages).
  * Each value that this program could not read is named by table, row and column: no UTF-8, no day, no moment, no
    number, none of the words that a column may hold.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Boolean, Date, DateTime, Integer, LargeBinary, Table, cast, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator

from registry.db import Database, Transaction, reading
from registry.lifecycle import LicenceEvent, LicenceState
from registry.official_documents import OfficialState
from registry.records import DraftState, IntentState
from registry.seal_lifecycle import GrantState, ObjectState, SealState, UseState
from registry.tables import METADATA
from verify.licence import HolderKind
from verify.log_entry import EntryKind
from verify.status import StatusValue

# One trouble of a file shows in many lines; the first ones name it.
NAMED_MAX: Final = 100
_WORDS: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    (table, column): frozenset(each.value for each in words)
    for table, column, words in (
        ("draft", "holder_kind", HolderKind),
        ("draft", "state", DraftState),
        ("intent", "state", IntentState),
        ("licence", "holder_kind", HolderKind),
        ("licence", "state", LicenceState),
        ("licence_event", "event", LicenceEvent),
        ("official_document", "state", OfficialState),
        ("recall", "state", LicenceState),
        ("seal", "state", SealState),
        ("seal_grant", "state", GrantState),
        ("seal_object", "state", ObjectState),
        ("seal_use", "state", UseState),
    )
}
_NUMBERS: Final[Mapping[tuple[str, str], frozenset[int]]] = {
    ("kept_status", "status"): frozenset(int(each) for each in StatusValue),
    ("log_pending", "kind"): frozenset(int(each) for each in EntryKind),
    ("place", "status"): frozenset(int(each) for each in StatusValue),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A value that cannot be read; ``row`` are the keys of its row."""

    table: str
    row: str
    column: str


def file_damage(database: Database) -> tuple[str, ...]:
    """Return what SQLite's own check says of its file, and which rows name rows that are not there."""
    if database.is_postgresql:
        return ()
    with reading(database) as tx:
        said = tx.connection.exec_driver_sql(f"PRAGMA integrity_check({NAMED_MAX})").scalars().all()
        lost = tx.connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(NAMED_MAX)
    return (
        *(str(each) for each in said if each != "ok"),
        *(f"{row[0]} {row[1]} names no row of {row[2]}" for row in lost),
    )


def unreadable_values(database: Database) -> Iterator[Unreadable]:
    """Yield the values that cannot be read; a table that the file has no sound pages for is passed over."""
    for table in METADATA.sorted_tables:
        with reading(database) as tx:
            try:
                yield from _unreadable_of(tx, table)
            except DBAPIError:
                continue  # what is wrong with the file stands in its own check


def _unreadable_of(tx: Transaction, table: Table) -> Iterator[Unreadable]:
    readers = {column.name: _reader(table.name, column.name, column.type, tx.is_postgresql) for column in table.c}
    wanted = [column for column in table.c if readers[column.name] is not None or column.primary_key]
    raw = [column if tx.is_postgresql else cast(column, LargeBinary).label(column.name) for column in wanted]
    kinds = [] if tx.is_postgresql else [func.typeof(column).label(f"kind_{column.name}") for column in wanted]
    for row in tx.execute(select(*raw, *kinds)).mappings():
        for column in wanted:
            read = readers[column.name]
            if row[column.name] is None or read is None:
                continue
            try:
                read(row[column.name], row.get(f"kind_{column.name}", ""))
            except (ValueError, TypeError):
                keys = ", ".join(_shown(row[each.name]) for each in table.primary_key)
                yield Unreadable(table=table.name, row=keys, column=column.name)


Read = Callable[[Any, str], object]


def _reader(table: str, column: str, kind: Any, is_postgresql: bool) -> Read | None:  # noqa: ANN401, FBT001 - a type of SQLAlchemy; which database
    """Return what reads a stored value, None where nothing can be wrong with it; PostgreSQL minds its types itself."""
    words, numbers = _WORDS.get((table, column)), _NUMBERS.get((table, column))
    held: frozenset[str] | frozenset[int] | None = words or numbers
    if is_postgresql:
        return None if held is None else lambda value, _kind: _word(value, held)
    plain = kind.impl if isinstance(kind, TypeDecorator) else kind
    if isinstance(plain, LargeBinary):
        return lambda _value, stored: _stored_as(stored, "blob")
    if isinstance(plain, Boolean | Integer):
        return lambda value, stored: _number(value, stored, numbers)
    return lambda value, stored: _text(value, stored, plain, words)


def _text(value: bytes, stored: str, kind: object, words: frozenset[str] | None) -> None:
    _stored_as(stored, "text")
    text = value.decode()
    # Python reads more spellings of a moment than we write: any character may stand between day and hour.
    if isinstance(kind, DateTime):
        _word(text, frozenset({datetime.fromisoformat(text).isoformat(" ", "microseconds")}))
    elif isinstance(kind, Date):
        _word(text, frozenset({date.fromisoformat(text).isoformat()}))
    elif words is not None:
        _word(text, words)


def _number(value: bytes, stored: str, numbers: frozenset[int] | None) -> None:
    _stored_as(stored, "integer")
    if numbers is not None:
        _word(int(value), numbers)


def _word(value: str | int, held: frozenset[str] | frozenset[int]) -> None:
    if value not in held:
        raise ValueError("none of the values that this column may hold")


def _stored_as(stored: str, wanted: str) -> None:
    if stored != wanted:
        raise TypeError("a value of another kind")


def _shown(value: object) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
