"""Open the database, and the only two ways into it: ``transaction`` to decide and write, ``reading`` to look.

Promises:
  * Nobody else commits. A transaction ends whole or leaves nothing behind, also at a power cut (WAL, synchronous=FULL).
  * SQLite: a transaction holds the one write lock of the process and begins IMMEDIATE, so it never fails half-way
    because another one wrote. PostgreSQL: READ COMMITTED; what is decided on is locked by FOR UPDATE where it is read.
  * The driver's errors become ours, without bound values; a broken connection is replaced at the next call.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, CursorResult, Engine, Executable, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import PoolProxiedConnection

from registry.errors import (
    ConflictError,
    DatabaseAwayError,
    DatabaseBusyError,
    DatabaseSchemaError,
    DiskFullError,
    NestedTransactionError,
    RegistryError,
)
from registry.packed import teach_packed
from registry.pings import Pings

# Filing a chunk takes a tenth of a second; who waits a hundred times as long should tell the caller to try again.
WAIT_SECONDS_MAX: Final = 15
# One connection for each thread of a server that works at once; more would only wait for the disk.
CONNECTIONS: Final = 10
CONNECTIONS_EXTRA: Final = 30
# Pages of a database of a million licences that are read again and again fit into this much memory.
_SQLITE_CACHE_KIB: Final = 32_768

# So many pages (32 MB) may wait in the write-ahead log. They are safe there; in a long log each batch touches other
# pages of the index of digests, and to write them to their places every thousand pages would halve the rate.
_SQLITE_WAITING_PAGES: Final = 8_000

_BEGIN: Final = "registry_begin"
_TO_WRITE: Final = "BEGIN IMMEDIATE"
_LOOK_SECONDS: Final = 0.001
# For half a second; who still waits then waits on as SQLite does.
_LOOKS: Final = 500

# https://sqlite.org/rescode.html: BUSY, LOCKED; FULL; and the file that cannot be read, opened or understood.
_SQLITE_BUSY: Final = frozenset({5, 6})
_SQLITE_FULL: Final = 13
_SQLITE_AWAY: Final = frozenset({8, 10, 11, 14, 23, 26})
_SQLITE_ERROR: Final = 1
# SQLSTATE: disk_full; serialization_failure, deadlock_detected, lock_not_available; undefined table or column.
_PG_FULL: Final = "53100"
_PG_BUSY: Final = frozenset({"40001", "40P01", "55P03"})
# Classes: connection, insufficient resources, operator intervention, system error, internal error, no such database,
# not let in. An operational error without a state is a connection that never came about.
_PG_AWAY: Final = frozenset({"08", "53", "57", "58", "XX", "3D", "28"})
_PG_SCHEMA: Final = frozenset({"42P01", "42703"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """An opened database; share one object among the threads of a process. Its URL may hold a password: never shown."""

    engine: Engine = field(repr=False)
    readers: Engine = field(repr=False)
    autocommit: Engine = field(repr=False)
    is_postgresql: bool
    write_lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    idle: list[PoolProxiedConnection] = field(default_factory=list, repr=False)
    writer: list[Connection] = field(default_factory=list, repr=False)
    _here: threading.local = field(default_factory=threading.local, repr=False)

    def close(self) -> None:
        """Close all connections that nobody uses."""
        for kept in (self.idle, self.writer):
            while kept:
                kept.pop().close()
        self.engine.dispose()
        self.autocommit.dispose()


class Transaction:
    """An open transaction. Only this package's functions look inside."""

    __slots__ = ("connection", "is_postgresql")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.is_postgresql = connection.dialect.name == "postgresql"

    def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run one statement, or one statement for each row of parameters; no rows is nothing to do for the caller."""
        return self.connection.execute(statement, parameters)

    def by_driver(self, text: str, parameters: Any, *, many: bool = False) -> tuple[list[Any], int]:  # noqa: ANN401 - the driver's own
        """Run a text, for each of the parameters where there are many, past SQLAlchemy: for `registry/prepared.py`.

        Returns the rows of a query, and how many rows a statement met; errors are those of ``execute``.
        """
        connection, driver = self.connection, self._driver()
        cursor = driver.cursor()
        try:
            (cursor.executemany if many else cursor.execute)(text, parameters)
            return [] if cursor.description is None else cursor.fetchall(), cursor.rowcount
        except connection.dialect.loaded_dbapi.Error as error:
            raise _wrapped(connection, driver, error) from None
        finally:
            cursor.close()

    def _driver(self) -> Any:  # noqa: ANN401 - the driver's own connection
        if not self.connection.in_transaction():
            self.connection.begin()
        return self.connection.connection.driver_connection


def open_database(
    url: str, *, monotonic: Callable[[], float] = time.monotonic, wait_seconds: int = WAIT_SECONDS_MAX
) -> Database:
    """Open a database by its URL: ``sqlite:///file`` or ``postgresql://…``. Connects at the first use only.

    Who finds another process writing to SQLite waits so many seconds for it, after those of looking often.
    Raises ``ValueError`` for another kind, and for a SQLite database in memory, which would forget.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError("not the URL of a database") from None  # the cause would repeat the URL with its password
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, wait_seconds)
    if parsed.get_backend_name() == "postgresql":
        return _open_postgresql(parsed.set(drivername="postgresql+psycopg"), monotonic)
    raise ValueError("the database is SQLite or PostgreSQL")


def _open_sqlite(url: URL, wait_seconds: int) -> Database:
    if url.database in {None, "", ":memory:"}:
        raise ValueError("a registry in memory would forget; name a file")
    arguments = {"timeout": wait_seconds, "check_same_thread": False}
    engine, autocommit = (_engine(url, connect_args=arguments) for _ in range(2))
    for each in (engine, autocommit):
        event.listen(each, "connect", lambda driver, _record: _prepare_sqlite(driver, wait_seconds))
    event.listen(engine, "begin", lambda connection: _begin_sqlite(connection, wait_seconds))
    return Database(
        engine=engine.execution_options(**{_BEGIN: _TO_WRITE}),
        readers=engine.execution_options(**{_BEGIN: "BEGIN"}),
        autocommit=autocommit,
        is_postgresql=False,
    )


def _open_postgresql(url: URL, monotonic: Callable[[], float]) -> Database:
    arguments = {"options": "-c timezone=UTC", "connect_timeout": WAIT_SECONDS_MAX}
    engine = _engine(url, connect_args=arguments)
    autocommit = _engine(url, connect_args=arguments, isolation_level="AUTOCOMMIT")
    for each in (engine, autocommit):
        event.listen(each, "connect", _prepare_postgresql)
        Pings(each, monotonic).listen()
    return Database(engine=engine, readers=engine, autocommit=autocommit, is_postgresql=True)


def _engine(url: URL, **options: Any) -> Engine:  # noqa: ANN401 - passed on to the library
    return create_engine(
        url,
        hide_parameters=True,
        pool_size=CONNECTIONS,
        max_overflow=CONNECTIONS_EXTRA,
        pool_timeout=WAIT_SECONDS_MAX,
        **options,
    )


def _prepare_sqlite(connection: Any, wait_seconds: int) -> None:  # noqa: ANN401 - the driver's own connection
    connection.isolation_level = None  # the driver begins nothing by itself; we say when and how
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={wait_seconds * 1000}",
        "foreign_keys=ON",
        f"cache_size=-{_SQLITE_CACHE_KIB}",
        f"wal_autocheckpoint={_SQLITE_WAITING_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _prepare_postgresql(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own connection
    teach_packed(connection)


def _begin_sqlite(connection: Connection, wait_seconds: int) -> None:
    begin = connection.get_execution_options()[_BEGIN]
    if begin != _TO_WRITE or not _has_begun(connection.connection.driver_connection, wait_seconds):
        connection.exec_driver_sql(begin)


def _has_begun(driver: Any, wait_seconds: int) -> bool:  # noqa: ANN401 - the driver's own connection
    """Ask each millisecond for the lock of those who write; False when the usual way is to say why there is none.

    SQLite itself would look ever more rarely, at last each tenth of a second, while other processes come and go.
    """
    driver.execute("PRAGMA busy_timeout=0").close()
    try:
        for _ in range(_LOOKS):
            try:
                driver.execute(_TO_WRITE).close()
            except sqlite3.Error as error:
                if _kind_of(error.sqlite_errorcode) not in _SQLITE_BUSY:
                    return False
                time.sleep(_LOOK_SECONDS)
            else:
                return True
    finally:
        driver.execute(f"PRAGMA busy_timeout={wait_seconds * 1000}").close()
    return False


@contextmanager
def transaction(database: Database) -> Iterator[Transaction]:
    """Open a transaction that decides and writes; it is committed at the end of the block, rolled back by an error.

    Raises ``DatabaseAwayError``, ``DatabaseBusyError``, ``DiskFullError``, ``ConflictError``, and, inside another
    transaction of the same thread, ``NestedTransactionError``.
    """
    with _only_one(database), translated_errors(), _writing(database) as connection:
        yield Transaction(connection)


def refuse_inside_transaction(database: Database) -> None:
    """Raise ``NestedTransactionError`` when this thread holds a transaction: for acts that wait for other threads'."""
    if getattr(database._here, "busy", False):  # noqa: SLF001 - the same module
        raise NestedTransactionError


@contextmanager
def reading(database: Database) -> Iterator[Transaction]:
    """Open a transaction to look only; on SQLite it sees one state of the database from its first query on."""
    with translated_errors(), database.readers.connect() as connection:
        yield Transaction(connection)


@contextmanager
def single_queries(database: Database) -> Iterator[Connection]:
    """Lend a connection for single queries on the hot path: no begin, no commit, each query sees the newest state."""
    with translated_errors(), database.autocommit.connect() as connection:
        yield connection


def driver_query(database: Database, statement: str, parameters: Mapping[str, Any] | Sequence[Any]) -> Any:  # noqa: ANN401 - the driver's own row
    """Return the first row of one query, as `driver_rows` does."""
    rows = driver_rows(database, statement, parameters, is_one_enough=True)
    return rows[0] if rows else None


def driver_rows(
    database: Database,
    statement: str,
    parameters: Mapping[str, Any] | Sequence[Any],
    *,
    is_one_enough: bool = False,
) -> Sequence[Any]:
    """Return all rows of one query, past SQLAlchemy; raises what the driver raises (see `driver_errors`).

    A connection stays checked out for the next such query; there are never more than threads that ask at once.
    """
    try:
        connection = database.idle.pop()
    except IndexError:
        connection = database.autocommit.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(statement, parameters)
        rows = cursor.fetchmany(1) if is_one_enough else cursor.fetchall()
        cursor.close()
    except BaseException:
        connection.invalidate()
        connection.close()
        raise
    database.idle.append(connection)
    return rows


def driver_errors(database: Database) -> tuple[type[Exception], ...]:
    """Return what ``driver_query`` may raise: the driver's own errors, and that no connection is free."""
    root: type[Exception] = database.autocommit.dialect.loaded_dbapi.Error
    return root, PoolTimeoutError


@contextmanager
def _only_one(database: Database) -> Iterator[None]:
    here = database._here  # noqa: SLF001 - the same module
    if getattr(here, "busy", False):
        raise NestedTransactionError
    here.busy = True
    try:
        yield
    finally:
        here.busy = False


@contextmanager
def _writing(database: Database) -> Iterator[Connection]:
    """Lend a connection with a transaction that is committed at the end.

    That of SQLite stays checked out for the next one who writes, unless anything went wrong: to check it in and out
    costs as much as to write an entry of the log. There is one, for who writes holds the lock.
    """
    if database.is_postgresql:
        with database.engine.begin() as connection:
            yield connection
        return
    if not database.write_lock.acquire(timeout=WAIT_SECONDS_MAX):
        raise DatabaseBusyError
    try:
        connection = database.writer.pop() if database.writer else database.engine.connect()
        try:
            with connection.begin():
                yield connection
        except BaseException:
            connection.close()
            raise
        database.writer.append(connection)
    finally:
        database.write_lock.release()


def _wrapped(connection: Connection, driver: Any, error: Any) -> Any:  # noqa: ANN401 - the driver's own
    """Return a driver's error as SQLAlchemy would raise it; a broken connection is given up."""
    is_lost = connection.dialect.is_disconnect(error, driver, None)
    if is_lost:
        connection.invalidate(error)
    return DBAPIError.instance(
        None,
        None,
        error,
        connection.dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=is_lost,
        dialect=connection.dialect,
    )


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the driver's errors into ours. What is a mistake of our own program stays as it is."""
    try:
        yield
    except PoolTimeoutError as error:
        raise DatabaseBusyError("no free connection") from error
    except IntegrityError:
        raise ConflictError from None  # PostgreSQL's text repeats the values of the key
    except DBAPIError as error:
        ours = _translated(error)
        if ours is None:
            raise
        raise ours from None  # the driver's text may repeat values


def _translated(error: DBAPIError) -> RegistryError | None:
    cause = error.orig
    sqlite_code = getattr(cause, "sqlite_errorcode", None)
    if sqlite_code is not None:
        return _translated_sqlite(sqlite_code, str(cause))
    state = getattr(cause, "sqlstate", None)
    if state == _PG_FULL:
        return DiskFullError()
    if state in _PG_BUSY:
        return DatabaseBusyError()
    if state in _PG_SCHEMA:
        return DatabaseSchemaError()
    is_away = isinstance(error, OperationalError) if state is None else state[:2] in _PG_AWAY
    return DatabaseAwayError(f"SQLSTATE {state}") if is_away or error.connection_invalidated else None


def _kind_of(code: int) -> int:
    """Return the primary result code, which an extended one has in its last byte."""
    return code & 0xFF


def _translated_sqlite(code: int, text: str) -> RegistryError | None:
    primary = _kind_of(code)
    if primary in _SQLITE_BUSY:
        return DatabaseBusyError()
    if primary == _SQLITE_FULL:
        return DiskFullError()
    if primary in _SQLITE_AWAY:
        return DatabaseAwayError(f"SQLite result {code}")
    if primary == _SQLITE_ERROR and text.startswith(("no such table", "no such column")):
        return DatabaseSchemaError()
    return None
