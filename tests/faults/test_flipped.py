"""One flipped byte, anywhere: the checks of an operator and of an auditor name the very thing, or nobody needs to know.

Flipped is one byte as it is stored: of a value of any column that is in reach (`flipped_columns.py` decides for each),
of a page of the database's file, of what is published, of a document. A couple of dozen places in the suite, drawn by a
seed; with `YINZHENG_TESTS_FLIPS=300` so many, and every column that is in reach among them.
"""

import json
import os
import random
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from sqlalchemy import Column, LargeBinary, Table

from registry.columns import Moment
from registry.db import reading
from registry.errors import RegistryError
from registry.tables import LOG_NODE, METADATA
from signer.audit_report import Discrepancy
from tests import databases
from tests.faults.flipped_columns import EMPTY, ONLY_WHERE, OUT_OF_REACH, reason
from tests.faults.flipped_town import FlippedTown, opened

FLIPS: Final = int(os.environ.get("YINZHENG_TESTS_FLIPS", "0"))
SEED: Final = int(os.environ.get("YINZHENG_TESTS_FLIPS_SEED", "20261126"))
# Of so many places in a hundred: values of columns on each database, pages of the file, published files, documents.
SHARES: Final = {"sqlite": 34, "postgresql": 26, "pages": 10, "published": 20, "documents": 10}
SUITE: Final = {"sqlite": 9, "postgresql": 4, "pages": 2, "published": 5, "documents": 2}
# What is below a second is in no record: moments are flipped in what is.
SECOND: Final = len("2026-11-24 02:00:00")
_DOCUMENTS: Final = frozenset({"document_digest", "ofd_digest", "token_text", "layout", "prepared_digest", "form"})
_BYTES: Final = frozenset({"artefact", "official_document", "long_term"})
# These name no row: there is one head, and one file.
_UNNAMED: Final = frozenset({"audit.root", "audit.checkpoint", "audit.file_damaged"})


def count(share: str) -> int:
    """Return how many places of this kind are to be flipped."""
    return FLIPS * SHARES[share] // 100 if FLIPS else SUITE[share]


def source(share: str) -> random.Random:
    """Return where the places of one kind are drawn from, the same each time."""
    return random.Random(f"{SEED} {share}")  # noqa: S311 - places, no secret


@pytest.fixture(scope="module", params=databases.KINDS)
def flipped(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlippedTown]:
    """The town, on each kind of database; nothing is found in it before a byte is flipped."""
    founded = request.getfixturevalue(f"founded_on_{request.param}")
    server = request.getfixturevalue("postgresql_server") if request.param == "postgresql" else ""
    with opened(founded, request.param, server, tmp_path_factory.mktemp("flipped")) as town:
        assert town.audits().discrepancies == ()
        assert [each.code for each in town.checks().findings.found] == ["checker.records_none"]
        yield town


@dataclass(frozen=True)
class Place:
    """A value: its column, its row by primary key, and all values of that row."""

    column: Column[Any]
    row: Mapping[str, Any]

    @property
    def table(self) -> Table:
        return METADATA.tables[str(self.column.table)]

    @property
    def value(self) -> Any:
        return self.row[self.column.name]

    @property
    def keys(self) -> Mapping[str, Any]:
        return {each.name: self.row[each.name] for each in self.table.primary_key}

    def __str__(self) -> str:
        return f"{self.column} of {dict(self.keys)}"


def columns_in_reach() -> list[Column[Any]]:
    return [each for table in METADATA.sorted_tables for each in table.c if reason(table.name, each.name) is None]


def places_of(town: FlippedTown, column: Column[Any]) -> list[Place]:
    """Return the values of a column in which a change must be found."""
    where, _ = ONLY_WHERE.get(str(column), ("true", ""))
    with reading(town.town.database) as tx:
        query = f"SELECT * FROM {column.table} WHERE {where}"  # noqa: S608 - names of ours
        rows = list(tx.connection.exec_driver_sql(query).mappings())
    return [Place(column, dict(row)) for row in rows if row[column.name] not in {None, "", b""}]


def draws(town: FlippedTown, share: str) -> list[Place]:
    """Draw places: a column, then a row; every column once where there are as many places as columns."""
    drawn, chosen = source(share), list[Place]()
    columns = columns_in_reach()
    while len(chosen) < count(share):
        drawn.shuffle(columns)
        for column in columns[: count(share) - len(chosen)]:
            places = places_of(town, column)
            if places:
                chosen.append(drawn.choice(places))
    return chosen


def flip(drawn: random.Random, data: bytes) -> bytes:
    """Change one bit of one byte."""
    changed = bytearray(data)
    changed[drawn.randrange(len(data))] ^= 1 << drawn.randrange(8)
    return bytes(changed)


def flip_text(drawn: random.Random, text: str) -> str:
    """Change one byte of a text so that it is one still, as a server demands, and says something else."""
    while True:
        try:
            changed = flip(drawn, text.encode()).decode()
        except UnicodeDecodeError:
            continue
        if "\0" not in changed:
            return changed


def is_same(one: str, other: str) -> bool:
    """Say whether two texts say the same by being JSON of one value."""
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return one == other


class Stored:
    """Writes values behind the program's back, and puts them back."""

    def __init__(self, town: FlippedTown) -> None:
        self.town = town
        self.is_sqlite = town.url.startswith("sqlite")

    @contextmanager
    def flipped(self, place: Place, drawn: random.Random) -> Iterator[Any]:
        """Flip a byte of a value; yield what stands there then, None where the database refuses it as a second key."""
        changed = self._sqlite(place, drawn) if self.is_sqlite else self._postgresql(place, drawn)
        try:
            self._write(place, place.value, changed)
        except (sqlite3.IntegrityError, psycopg.IntegrityError):
            yield None
            return
        try:
            yield changed
        finally:
            self._write(place, changed, place.value)

    def _sqlite(self, place: Place, drawn: random.Random) -> Any:
        value, kind = place.value, place.column.type
        if isinstance(value, bytes):
            return flip(drawn, value)
        if isinstance(value, int):
            return self._number(drawn, value, place)
        while True:
            whole = value.encode()
            part = whole[:SECOND] if isinstance(kind, Moment) else whole
            changed = flip(drawn, part) + whole[len(part) :]
            try:
                if is_same(changed.decode(), value):
                    continue
            except UnicodeDecodeError:
                pass
            return changed

    def _number(self, drawn: random.Random, value: int, place: Place) -> int:
        if place.column.type.python_type is bool:
            return 1 - value
        return value ^ (1 << drawn.randrange(24))

    def _postgresql(self, place: Place, drawn: random.Random) -> Any:
        value = place.value
        match value:
            case bool():
                return not value
            case int():
                return self._number(drawn, value, place)
            case datetime():
                return value + timedelta(seconds=1 << drawn.randrange(24))
            case date():
                return value + timedelta(days=1 << drawn.randrange(12))
            case bytes() | memoryview():
                return flip(drawn, bytes(value))
            case _:
                changed = flip_text(drawn, value)
                return changed if not is_same(changed, value) else self._postgresql(place, drawn)

    def _write(self, place: Place, old: Any, new: Any) -> None:
        """Write a value where the old one stands, whatever foreign keys say."""
        table, name = place.table.name, place.column.name
        keys = {each: place.row[each] for each in place.keys} | ({name: old} if name in place.keys else {})
        if self.is_sqlite:
            self.town.town.database.close()
            marks = " AND ".join(f"{each} = {_mark(place.table.c[each], value)}" for each, value in keys.items())
            statement = f"UPDATE {table} SET {name} = {_mark(place.column, new)} WHERE {marks}"  # noqa: S608 - of ours
            with closing(sqlite3.connect(self.town.file, isolation_level=None)) as connection:
                assert connection.execute(statement, (new, *keys.values())).rowcount == 1, place
            return
        marks = " AND ".join(f"{each} = %s" for each in keys)
        statement = f"UPDATE {table} SET {name} = %s WHERE {marks}"  # noqa: S608 - names of ours
        with psycopg.connect(self.town.url) as server:
            server.execute("SET session_replication_role = replica")
            assert server.execute(statement.encode(), (new, *keys.values())).rowcount == 1, place


def _mark(column: Column[Any], value: Any) -> str:
    """Return the mark of a value; bytes that are to stand as text are stored as text, valid or not."""
    return "CAST(? AS TEXT)" if isinstance(value, bytes) and not isinstance(column.type, LargeBinary) else "?"


def names_of(town: FlippedTown, place: Place, changed: Any) -> set[str]:
    """Return by what the row that was changed may be named: its keys and what it belongs to, before and after."""
    values = [place.row[each] for each in place.row if not isinstance(place.row[each], int | bool)]
    values += [place.row[each.name] for each in place.table.primary_key]
    values += [
        place.row[each] for each in ("idx", "leaf", "leaf_index", "size", "number", "event_id") if each in place.row
    ]
    values.append(changed)
    names = {each.hex() if isinstance(each, bytes | memoryview) else str(each) for each in values if each is not None}
    if isinstance(changed, bytes):  # a text, as it stands in the file
        names.add(changed.decode(errors="replace"))
    lineages, acts = _relations(town)
    names |= {row[1] for row in lineages if names & set(row)}
    return names | {row[1] for row in acts if row[0] == place.row.get("event_id")}


_RELATIONS: dict[str, tuple[Sequence[Any], Sequence[Any]]] = {}


def _relations(town: FlippedTown) -> tuple[Sequence[Any], Sequence[Any]]:
    """Return which rows belong to one licence; asked for before anything is flipped, for a text may be none after."""
    if town.url not in _RELATIONS:
        with reading(town.town.database) as tx:
            lineages = tx.connection.exec_driver_sql("SELECT lineage, licence_id, draft_id, number FROM licence").all()
            acts = tx.connection.exec_driver_sql("SELECT event_id, licence_id FROM licence_event").all()
        _RELATIONS[town.url] = (lineages, acts)
    return _RELATIONS[town.url]


def is_named(town: FlippedTown, place: Place, changed: Any, found: Sequence[Discrepancy]) -> bool:
    """Say whether one of the discrepancies is about this very row, or about the one head of the log."""
    names = names_of(town, place, changed)
    is_of_log = place.table.name.startswith(("log_", "closed_log"))
    for each in found:
        told = {part for value in each.params.values() for part in (value, *value.replace(",", " ").split())}
        is_damage = each.code == "audit.file_damaged" and place.table.name in told
        if (
            told & names
            or is_damage
            or each.params.get("table") == place.table.name
            or (is_of_log and each.code in _UNNAMED)
        ):
            return True
    return False


def test_each_column_is_decided_and_has_a_value_in_the_town(flipped: FlippedTown) -> None:
    known = {f"{table.name}.{column.name}" for table in METADATA.sorted_tables for column in table.c}
    tables = {f"{table.name}.*" for table in METADATA.sorted_tables}

    assert OUT_OF_REACH.keys() <= known | tables
    assert ONLY_WHERE.keys() | EMPTY <= known
    empty = {str(each) for each in columns_in_reach() if not places_of(flipped, each)}
    assert empty == EMPTY


def test_a_flipped_byte_in_a_column_is_named(flipped: FlippedTown) -> None:
    share = "sqlite" if flipped.url.startswith("sqlite") else "postgresql"
    stored, drawn, refused, missed = Stored(flipped), source(f"{share} bytes"), 0, list[str]()
    _relations(flipped)
    for place in draws(flipped, share):
        documents = place.column.name in _DOCUMENTS or place.table.name in _BYTES
        with stored.flipped(place, drawn) as changed:
            if changed is None:
                refused += 1
                continue
            try:
                found = flipped.audits(documents=documents).discrepancies
            except Exception as error:  # noqa: BLE001 - whatever ends an audit is what this looks for
                missed.append(f"{place}: {place.value!r} became {changed!r}, and the audit ended with {error!r}")
                continue
            if not is_named(flipped, place, changed, found):
                missed.append(f"{place}: {place.value!r} became {changed!r}, and found is {found}")
    assert missed == []
    assert refused <= count(share) // 4
    assert flipped.audits(documents=False).discrepancies == ()


def cells(file: Path) -> dict[tuple[str, int | bytes, str], object] | None:
    """Return all values as they are stored, by table, row and column; None for a file that cannot be read."""
    found: dict[tuple[str, int | bytes, str], object] = {}
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            connection.text_factory = bytes
            for table in METADATA.sorted_tables:
                names = [each.name for each in table.c]
                row = "log || '.' || level || '.' || idx" if table is LOG_NODE else "rowid"  # which a key can stand for
                for rowid, *values in connection.execute(f"SELECT {row}, {', '.join(names)} FROM {table.name}"):  # noqa: S608
                    found |= {(table.name, rowid, name): value for name, value in zip(names, values, strict=True)}
    except sqlite3.DatabaseError:
        return None
    return found


def is_in_reach(table: str, column: str, values: tuple[object, object]) -> bool:
    """Say whether a check must find that a value became another one."""
    if reason(table, column) is not None or f"{table}.{column}" in ONLY_WHERE:
        return False
    if isinstance(METADATA.tables[table].c[column].type, Moment):
        return str(values[0])[: SECOND + 2] != str(values[1])[: SECOND + 2]  # as bytes are written, with b and a quote
    return True


def test_a_flipped_byte_in_a_page_of_the_file_is_named_or_the_file_refused(
    flipped: FlippedTown, tmp_path: Path
) -> None:
    """A byte that holds nothing, and one in a column that is out of reach, change no answer; all others are named."""
    if not flipped.url.startswith("sqlite"):
        return  # a server's own checksums guard its pages
    flipped.town.database.close()
    with closing(sqlite3.connect(flipped.file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    drawn, content, before, answered, missed = source("pages"), flipped.file.read_bytes(), cells(flipped.file), 0, []
    assert before is not None
    for number in range(count("pages")):
        file, place = tmp_path / f"{number}.sqlite", drawn.randrange(len(content))
        spoilt = bytearray(content)
        spoilt[place] ^= 1 << drawn.randrange(8)
        file.write_bytes(spoilt)
        town = flipped.on(f"sqlite:///{file}")
        try:
            found: object = town.audits(documents=False).discrepancies
        except RegistryError as error:
            found = error.code
        except Exception as error:  # noqa: BLE001 - as above
            found = ()
            missed.append(f"byte {place} of page {place // 4096 + 1}: {error!r}")
        finally:
            town.town.database.close()
        answered += bool(found)
        after = cells(file)
        if not found and (
            after is None
            or after.keys() != before.keys()
            or any(is_in_reach(key[0], key[2], (before[key], after[key])) for key in after if after[key] != before[key])
        ):
            missed.append(f"byte {place} of page {place // 4096 + 1}")
        file.unlink()
    assert missed == []
    assert answered or not FLIPS


@contextmanager
def spoilt(path: Path, drawn: random.Random) -> Iterator[int]:
    """Flip a byte of a file, and put it back; yield where."""
    content, mode = path.read_bytes(), path.stat().st_mode
    place = drawn.randrange(len(content))
    changed = bytearray(content)
    changed[place] ^= 1 << drawn.randrange(8)
    path.chmod(0o600)
    path.write_bytes(changed)
    try:
        yield place
    finally:
        path.write_bytes(content)
        path.chmod(mode)


def test_a_flipped_byte_in_a_published_file_is_named(flipped: FlippedTown) -> None:
    """By the auditor's checker, who has nothing but these files and the root; or by the operator's, who has more."""
    if not flipped.url.startswith("sqlite"):
        return  # the files are the same
    drawn, missed = source("published"), []
    files = sorted(each for each in flipped.published.rglob("*") if each.is_file() and each.name != ".lock")
    drawn.shuffle(files)
    for number in range(count("published")):
        file = files[number % len(files)]
        path = str(file.relative_to(flipped.published))
        with spoilt(file, drawn) as place:
            told = [each.params.get("file", "") for each in flipped.checks().findings.found]
            if path not in told:
                told += [each.params.get("path", "") for each in flipped.audits().discrepancies]
        if path not in told:
            missed.append(f"byte {place} of {path}")
    assert missed == []


def test_a_flipped_byte_in_a_document_is_named(flipped: FlippedTown) -> None:
    if not flipped.url.startswith("sqlite"):
        return  # the files are the same
    named = "SELECT licence_id, {} FROM {}"
    queries = (("document_digest", "licence"), ("ofd_digest", "licence"), ("document_digest", "long_term"))
    owners: dict[str, str] = {}
    with reading(flipped.town.database) as tx:
        for column, table in queries:
            owners |= {row[1]: row[0] for row in tx.connection.exec_driver_sql(named.format(column, table))}
        query = "SELECT document_id, document_digest FROM official_document"
        owners |= {row[1]: row[0] for row in tx.connection.exec_driver_sql(query)}
    drawn, missed = source("documents"), []
    digests = drawn.sample(sorted(owners), len(owners))
    for number in range(count("documents")):
        digest = digests[number % len(digests)]
        with spoilt(flipped.town.folder / "vault" / digest[:2] / digest, drawn) as place:
            told = {value for each in flipped.audits().discrepancies for value in each.params.values()}
        if owners[digest] not in told:
            missed.append(f"byte {place} of {digest}")
    assert missed == []
