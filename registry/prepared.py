"""Statements of the hot path: put together and compiled once, then handed to the driver as they are.

Promises:
  * A statement is SQLAlchemy's, and so are the converters of its values and columns; only its way is shorter, for to
    put a statement together and look up its compiled form costs some ten times the query.
  * The driver's errors become ours as everywhere; a single query that the driver refuses is asked again in the usual
    way, which names the error and replaces the connection.
  * Named parameters with one value each, so that a statement has one text; a list of texts is one value too (`one_of`).
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Dialect,
    Executable,
    Select,
    String,
    Table,
    bindparam,
    column,
    insert,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from registry.db import Database, Transaction, driver_errors, driver_query, driver_rows, reading, single_queries

_NOTHING: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as one driver takes it; converters stand beside the names and places that need one."""

    text: str
    order: tuple[str, ...] | None
    """Names in the order of the question marks; None where the driver takes names."""
    names: tuple[str, ...]
    constants: Mapping[str, Any]
    to_driver: tuple[tuple[str, Callable[[Any], Any]], ...]
    from_driver: tuple[tuple[int, Callable[[Any], Any]], ...]

    def parameters(self, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - what the driver takes
        """Return the values as the driver takes them."""
        if self.constants or self.to_driver:
            values = {**self.constants, **values}
            for name, convert in self.to_driver:
                values[name] = convert(values[name])
        return values if self.order is None else [values[name] for name in self.order]

    def of_objects(self, objects: Iterable[object]) -> list[Any]:
        """Return what stands in attributes with the values' names, as the driver takes it."""
        values_of = attrgetter(*self.names)
        places = [(self.names.index(name), convert) for name, convert in self.to_driver]
        rows = [list(values_of(each)) for each in objects]
        for row in rows:
            for place, convert in places:
                row[place] = convert(row[place])
        return [dict(zip(self.names, row, strict=True)) for row in rows] if self.order is None else rows

    def row(self, found: Sequence[Any]) -> Sequence[Any]:
        """Return a row with its columns converted."""
        if not self.from_driver:
            return found
        row = list(found)
        for index, convert in self.from_driver:
            row[index] = convert(row[index])
        return row


class Prepared:
    """One statement. `make` puts it together when it is needed for the first time."""

    __slots__ = ("_compiled", "_make")

    def __init__(self, make: Callable[[], Executable]) -> None:
        self._make = make
        self._compiled: dict[str, _Compiled] = {}

    def first(self, database: Database, values: Mapping[str, Any] = _NOTHING) -> Sequence[Any] | None:
        """Return the first row of a single query that sees the newest state: no begin, no commit."""
        compiled = self._of(database.autocommit.dialect)
        try:
            found = driver_query(database, compiled.text, compiled.parameters(values))
        except driver_errors(database):
            with single_queries(database) as connection:
                return connection.execute(self._make(), values).first()
        return None if found is None else compiled.row(found)

    def each(self, database: Database, values: Mapping[str, Any] = _NOTHING) -> list[Sequence[Any]]:
        """Return all rows of a single query that sees the newest state, as `first` does."""
        compiled = self._of(database.autocommit.dialect)
        try:
            found = driver_rows(database, compiled.text, compiled.parameters(values))
        except driver_errors(database):
            with single_queries(database) as connection:
                return list(connection.execute(self._make(), values))
        return [compiled.row(each) for each in found]

    def all(self, database: Database, values: Mapping[str, Any] = _NOTHING) -> list[Sequence[Any]]:
        """Return all rows of a single query that sees the newest state."""
        with reading(database) as tx:
            return self.rows(tx, values)

    def rows(self, tx: Transaction, values: Mapping[str, Any] = _NOTHING) -> list[Sequence[Any]]:
        """Return all rows of a query within a transaction."""
        compiled = self._of(tx.connection.dialect)
        found, _ = tx.by_driver(compiled.text, compiled.parameters(values))
        return [compiled.row(each) for each in found]

    def parameters(self, tx: Transaction, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - what the driver takes
        """Return the values as the driver takes them, for a text that holds this statement among others."""
        return self._of(tx.connection.dialect).parameters(values)

    def run(self, tx: Transaction, values: Mapping[str, Any]) -> int:
        """Write within a transaction, and return how many rows it met."""
        compiled = self._of(tx.connection.dialect)
        return tx.by_driver(compiled.text, compiled.parameters(values))[1]

    def run_objects(self, tx: Transaction, objects: Collection[object]) -> None:
        """Write once for each of these objects; what it takes stands in attributes of the same names, two at least."""
        if objects:
            compiled = self._of(tx.connection.dialect)
            tx.by_driver(compiled.text, compiled.of_objects(objects), many=True)

    def _of(self, dialect: Dialect) -> _Compiled:
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _compile(self._make(), dialect)
        return compiled


def prepared_insert(table: Table) -> Prepared:
    """Return the insert of rows that have a value for each column, under the column's name."""
    return Prepared(lambda: insert(table).values({each.name: bindparam(each.name) for each in table.c}))


class _Listed(FunctionElement[str]):
    """Rows with the texts of a list, which is written as JSON, under the name `value`."""

    inherit_cache = True


@compiles(_Listed, "sqlite")
def _listed_by_sqlite(element: _Listed, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Listed, "postgresql")
def _listed_by_postgresql(element: _Listed, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS json))"


def one_of(of: Column[str], name: str) -> ColumnElement[bool]:
    """Return the condition that a column holds one of the texts that are given under this name (see `listed`)."""
    return of.in_(select(column("value", String())).select_from(_Listed(bindparam(name, type_=String()))))


def listed(texts: Collection[str]) -> str:
    """Return texts as the one value that `one_of` takes."""
    return json.dumps(list(texts))


def _compile(statement: Executable, dialect: Dialect) -> _Compiled:
    if not isinstance(statement, ClauseElement):
        raise TypeError("only statements that SQLAlchemy compiles")
    compiled = statement.compile(dialect=dialect)
    if not isinstance(compiled, SQLCompiler):
        raise TypeError("only queries, inserts, updates and deletes")
    kinds = {name: bind.type.dialect_impl(dialect) for bind, name in compiled.bind_names.items()}
    binders = ((name, kind.bind_processor(dialect)) for name, kind in kinds.items())
    columns = (each.type.dialect_impl(dialect) for each in _columns(statement))
    readers = ((index, kind.result_processor(dialect, None)) for index, kind in enumerate(columns))
    return _Compiled(
        text=str(compiled),
        order=None if compiled.positiontup is None else tuple(compiled.positiontup),
        names=tuple(compiled.positiontup or compiled.bind_names.values()),
        constants={name: bind.value for bind, name in compiled.bind_names.items() if not bind.required},
        to_driver=tuple((name, convert) for name, convert in binders if convert is not None),
        from_driver=tuple((index, convert) for index, convert in readers if convert is not None),
    )


def _columns(statement: Executable) -> Sequence[ColumnElement[Any]]:
    return list(statement.selected_columns) if isinstance(statement, Select) else ()
