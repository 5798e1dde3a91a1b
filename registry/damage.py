"""Damage that SQL itself does not mind: pages of a file that do not fit together, and values that nobody can read.

Promises:
  * Reads only. A SQLite file is asked for what its own check finds; a server looks after its files itself (checksums of
    pages). Of both, rows that name rows that are not there, whoever shut out the foreign keys when that was written.
  * Each value that this program could not read is named by table, row and column: no UTF-8, no day, no moment, no
    number, none of the words that a column may hold.
  * A moment or a day in a file that is spelt otherwise than we write it is named, though Python reads it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import compress, islice
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    Table,
    Text,
    and_,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    type_coerce,
)
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

_DAY_GLOB: Final = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
# What Python reads has more spellings: any character may stand between day and hour.
_SPELLINGS: Final[Mapping[type, str]] = {
    DateTime: f"{_DAY_GLOB} [0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]",
    Date: _DAY_GLOB,
}
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
    with reading(database) as tx:
        if database.is_postgresql:
            return tuple(islice(_lost_rows(tx), NAMED_MAX))
        said = tx.connection.exec_driver_sql(f"PRAGMA integrity_check({NAMED_MAX})").scalars().all()
        lost = tx.connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(NAMED_MAX)
    return (
        *(str(each) for each in said if each != "ok"),
        *(f"{row[0]} {row[1]} names no row of {row[2]}" for row in lost),
    )


def _lost_rows(tx: Transaction) -> Iterator[str]:
    """Yield which rows of a server's tables name rows that are not there: who writes as its replica may leave some.

    A row is named by its place in the server's file: its keys may be a person's.
    """
    tx.execute(text("SET LOCAL statement_timeout = 0"))  # an audit of millions of rows is no query that got stuck
    for table in METADATA.sorted_tables:
        place = cast(literal_column(f"{table.name}.ctid"), Text)
        for constraint in table.foreign_key_constraints:
            referred = constraint.referred_table.alias()
            pairs = [(each.parent, referred.c[each.column.name]) for each in constraint.elements]
            is_there = exists().where(*(own == other for own, other in pairs))
            named = [own.is_not(None) for own, _ in pairs]
            lost = select(place).select_from(table).where(*named, ~is_there).limit(NAMED_MAX)
            for row in tx.execute(lost).scalars():
                yield f"{table.name} {row} names no row of {constraint.referred_table.name}"


def misspelt_values(database: Database) -> Iterator[Unreadable]:
    """Yield the moments and days of a file that are not spelt as we write them; a server keeps no spelling."""
    if database.is_postgresql:
        return
    for table in METADATA.sorted_tables:
        tests = {
            column.name: and_(column.is_not(None), func.glob(spelling, type_coerce(column, Text)) == 0)
            for column in table.c
            if (spelling := _spelling(column.type)) is not None
        }
        if not tests:
            continue
        keys = [cast(each, LargeBinary) for each in table.primary_key]
        query = select(*keys, *(test.label(f"wrong_{name}") for name, test in tests.items()))
        with reading(database) as tx:
            try:
                found = tx.execute(query.where(or_(*tests.values())).limit(NAMED_MAX)).all()
            except DBAPIError:
                continue  # what is wrong with the file stands in its own check
        for row in found:
            named = ", ".join(map(_shown, row[: len(keys)]))
            for name in compress(tests, row[len(keys) :]):
                yield Unreadable(table=table.name, row=named, column=name)


def _spelling(kind: object) -> str | None:
    return next((pattern for each, pattern in _SPELLINGS.items() if isinstance(_plain(kind), each)), None)


def _plain(kind: Any) -> Any:  # noqa: ANN401 - a type of SQLAlchemy
    """Return the type that a database knows, without what our own types put round it."""
    return kind.impl if isinstance(kind, TypeDecorator) else kind


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
    plain = _plain(kind)
    if isinstance(plain, LargeBinary):
        return lambda _value, stored: _stored_as(stored, "blob")
    if isinstance(plain, Boolean | Integer):
        return lambda value, stored: _number(value, stored, numbers)
    return lambda value, stored: _text(value, stored, plain, words)


def _text(value: bytes, stored: str, kind: object, words: frozenset[str] | None) -> None:
    _stored_as(stored, "text")
    text = value.decode()
    if isinstance(kind, DateTime):
        datetime.fromisoformat(text)
    elif isinstance(kind, Date):
        date.fromisoformat(text)
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
