"""Fill a registry on SQLite with many licences at once, so that growth can be measured: rows like those of issuing.

One really issued licence is the pattern. Ids, numbers, places and log entries are counted up from it; the log's tree is
computed over all entries and its head signed by the log's own key, so that issuing and proving go on from there. The
bodies of the copies are those of the pattern: nothing here can be verified, only counted.

Each copy has both bodies and its own filed use of the seal; only the entry that tells of the uses of a chunk, one in
fifty licences, is left out. Rows go to the driver as tuples, their unchanging values converted once, and nothing is
flushed before the end: a million licences are eighteen million rows.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, Self

from sqlalchemy import Connection, Table, insert, select, update

from registry import leaves
from registry.db import Transaction, transaction
from registry.permutation import KEY_BYTES, LIST_SIZE, permute
from registry.records import LicenceRecord
from registry.tables import (
    COUNTER,
    DRAFT,
    INTENT,
    LICENCE,
    LICENCE_NUMBER,
    LINEAGE,
    LOG_ENTRY,
    LOG_HEAD,
    LOG_NODE,
    PLACE,
    SEAL_GRANT,
    SEAL_USE,
    SEAL_USE_BODY,
    STATUS_LIST,
)
from signer.desk import Desk
from verify.log_entry import LogEntry
from verify.note import checkpoint_body, signature_line
from verify.tree import Frontier, leaf_hash
from verify.values import LicenceId

# So many licences are one transaction; their rows take some ten megabytes of memory.
PART: Final = 10_000
_ID_STEP: Final = (1 << 80) // 1_100_000
_HASTY: Final = ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000")
_CAREFUL: Final = ("synchronous=FULL", "journal_mode=WAL", "wal_checkpoint(TRUNCATE)")
_TABLES: Final = (LINEAGE, LICENCE_NUMBER, DRAFT, PLACE, LICENCE, SEAL_USE)
_ENTRY_COLUMNS: Final = ("log", "idx", "entry", "leaf_hash", "digest")
_NODE_COLUMNS: Final = ("log", "level", "idx", "hash")


class Copies:
    """Copies of one row: the insert as the driver takes it, the row's values, and the places of those that change."""

    def __init__(self, connection: Connection, table: Table, row: Mapping[str, Any], changing: Iterable[str]) -> None:
        names = [column.name for column in table.c if column.name in row]
        self._row = [_driver_value(connection, table, name, row[name]) for name in names]
        self._places = [(names.index(name), name) for name in changing if name in names]
        self._statement = insert_of(connection, table, names)

    def insert(self, connection: Connection, changes: Iterable[Mapping[str, Any]]) -> None:
        """Write one copy for each of these changes."""
        connection.exec_driver_sql(self._statement, [self._copy(each) for each in changes])

    def _copy(self, changes: Mapping[str, Any]) -> tuple[Any, ...]:
        copy = self._row.copy()
        for place, name in self._places:
            copy[place] = changes[name]
        return tuple(copy)


class LogCopies:
    """The entries of a licence, of its code and bodies, with another digest in each copy, and the tree over them."""

    def __init__(self, desk: Desk, entries: Sequence[bytes], head: leaves.LogHead) -> None:
        self._desk = desk
        self._head = head
        self._first = head.size
        self._frontier = Frontier(head.size, head.edge)
        self._cuts = [_cut_at_digest(each) for each in entries]
        self.each = len(entries)

    @classmethod
    def of(cls, tx: Transaction, desk: Desk, pattern: LicenceRecord) -> Self:
        """Take the pattern's entries and the log as it stands."""
        places = (pattern.code_leaf, pattern.document_leaf, _ofd_leaf(pattern))
        entries = [entry.entry for leaf in places for entry in leaves.entries(tx, desk.log.origin, leaf, leaf + 1)]
        return cls(desk, entries, leaves.head(tx, desk.log.origin))

    def append(self, connection: Connection, licences: int) -> int:
        """Write the entries of so many licences into the log and return the index of the first."""
        before = self._head
        stored = [self._entry(before.log, index) for index in range(before.size, before.size + self.each * licences)]
        self._frontier, nodes = self._frontier.grow([each[3] for each in stored])
        inner = [(before.log, level, offset, value) for (level, offset), value in nodes.items() if level > 0]
        connection.exec_driver_sql(insert_of(connection, LOG_ENTRY, _ENTRY_COLUMNS), stored)
        connection.exec_driver_sql(insert_of(connection, LOG_NODE, _NODE_COLUMNS), inner)
        self._move_head(connection)
        return before.size

    def _entry(self, log: int, index: int) -> tuple[int, int, bytes, bytes, bytes]:
        start, end = self._cuts[(index - self._first) % self.each]
        digest = index.to_bytes(32, "big")
        entry = start + digest + end
        return log, index, entry, leaf_hash(entry), digest

    def _move_head(self, connection: Connection) -> None:
        frontier, key, custody = self._frontier, self._desk.log.key, self._desk.custody
        body = checkpoint_body(self._head.origin, frontier.size, frontier.root)
        verifier = self._desk.log.verifier
        note = body.decode() + "\n" + signature_line(verifier.name, verifier.key_id, custody.sign_counted(key, body))
        self._head = replace(self._head, size=frontier.size, root=frontier.root, edge=frontier.edge, note=note)
        values = {"size": frontier.size, "root": frontier.root, "edge": b"".join(frontier.edge), "note": note}
        connection.execute(update(LOG_HEAD).where(LOG_HEAD.c.log == self._head.log).values(values))


def bulk_load(desk: Desk, pattern: LicenceRecord, count: int) -> tuple[str, ...]:
    """Write so many copies of a filed licence of the type "business licence" and return some of their ids."""
    with transaction(desk.database) as tx:
        rows = {table: _pattern(tx, table, pattern) for table in _TABLES}
        intents = [
            dict(row) for row in tx.execute(select(INTENT).where(INTENT.c.licence_id == pattern.licence_id)).mappings()
        ]
        bodies = _bodies_of_use(tx, rows[SEAL_USE]["use_id"])
        log = LogCopies.of(tx, desk, pattern)
        keys = _status_lists(tx, count, desk)
    with in_haste(desk) as connection:
        changing = tuple(_changes(0, 0, keys, rows[LICENCE]["identifier"]))
        tables = [Copies(connection, table, rows[table], changing) for table in _TABLES]
        of_bodies = [Copies(connection, SEAL_USE_BODY, each, ("use_id", "leaf")) for each in bodies]
        of_intents = [
            Copies(connection, INTENT, each, ("licence_id", "leaf_index"))
            for each in sorted(intents, key=lambda each: int(each["leaf_index"]))
        ]
        for start in range(0, count, PART):
            numbers = range(start, min(start + PART, count))
            with connection.begin():
                leaf = log.append(connection, len(numbers))
                changes = [
                    _changes(number, leaf + log.each * place, keys, rows[LICENCE]["identifier"])
                    for place, number in enumerate(numbers)
                ]
                for table in tables:
                    table.insert(connection, changes)
                for part, each in enumerate(of_intents):
                    each.insert(connection, ({**one, "leaf_index": one["code_leaf"] + part} for one in changes))
                for part, each in enumerate(of_bodies, 1):
                    each.insert(connection, ({**one, "leaf": one["code_leaf"] + part} for one in changes))
    with transaction(desk.database) as tx:
        _move_counters(tx, pattern, count)
        grant = SEAL_GRANT.c.grant_id == rows[SEAL_USE]["grant_id"]
        tx.execute(update(SEAL_GRANT).where(grant).values(uses_taken=SEAL_GRANT.c.uses_taken + count))
    return tuple(_id(number) for number in range(0, count, max(1, count // 1_000)))


@contextmanager
def in_haste(desk: Desk) -> Iterator[Connection]:
    """Lend the only connection, which keeps no journal, flushes nothing and checks no references.

    It is thrown away at the end, and the next one is as careful as ever.
    """
    desk.database.close()  # the journal is given up only while nobody else looks
    with desk.database.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        for pragma in _HASTY:
            driver.execute(f"PRAGMA {pragma}").close()
        yield connection
        for pragma in _CAREFUL:
            driver.execute(f"PRAGMA {pragma}").close()
        connection.detach()
    os.sync()  # what is measured next must not wait for this


def insert_of(connection: Connection, table: Table, names: Sequence[str]) -> str:
    """Return the statement that takes these columns' values in this order."""
    statement = insert(table).compile(dialect=connection.dialect, column_keys=list(names))
    if statement.positiontup != list(names):
        raise ValueError("name the columns in the order of the table")
    return str(statement)


def _driver_value(connection: Connection, table: Table, name: str, value: Any) -> Any:
    """Return a value as the driver takes it."""
    convert = table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    return value if convert is None else convert(value)


def _cut_at_digest(entry: bytes) -> tuple[bytes, bytes]:
    """Return what stands before and behind the digest of an entry."""
    start, digest, end = entry.partition(LogEntry.decode(entry).digest)
    if not digest or start + bytes(32) + end != replace(LogEntry.decode(entry), digest=bytes(32)).encode():
        raise ValueError("the digest stands elsewhere")
    return start, end


def _pattern(tx: Transaction, table: Table, pattern: LicenceRecord) -> dict[str, Any]:
    keys = {
        "draft": DRAFT.c.licence_id == pattern.licence_id,
        "lineage": LINEAGE.c.lineage == pattern.lineage,
        "licence_number": LICENCE_NUMBER.c.lineage == pattern.lineage,
        "place": PLACE.c.licence_id == pattern.licence_id,
        "licence": LICENCE.c.licence_id == pattern.licence_id,
        "seal_use": SEAL_USE.c.licence_id == pattern.licence_id,
    }
    return dict(tx.execute(select(table).where(keys[table.name])).mappings().one())


def _bodies_of_use(tx: Transaction, use_id: str) -> list[dict[str, Any]]:
    query = select(SEAL_USE_BODY).where(SEAL_USE_BODY.c.use_id == use_id).order_by(SEAL_USE_BODY.c.leaf)
    return [dict(row) for row in tx.execute(query).mappings()]


def _ofd_leaf(pattern: LicenceRecord) -> int:
    if pattern.ofd_leaf is None:
        raise ValueError("the pattern must have both bodies")
    return pattern.ofd_leaf


def _id(number: int) -> str:
    """Return ids in rising order, so that the indexes are filled from left to right."""
    return LicenceId(((number + 1) * _ID_STEP).to_bytes(10, "big")).text


def _status_lists(tx: Transaction, count: int, desk: Desk) -> dict[int, bytes]:
    keys = {row.number: row.key for row in tx.execute(select(STATUS_LIST))}
    for number in range(1, count // LIST_SIZE + 2):
        if number not in keys:
            keys[number] = desk.random(KEY_BYTES)
            tx.execute(insert(STATUS_LIST), {"number": number, "key": keys[number]})
    return keys


def _changes(number: int, leaf: int, keys: Mapping[int, bytes], identifier: str) -> dict[str, Any]:
    """Return what one copy has of its own, in whatever table it stands."""
    licence_id = _id(number)
    counter = number + 1_000  # the places below were given out by issuing
    status_list = counter // LIST_SIZE + 1
    return {
        "draft_id": f"{number:032x}",
        "licence_id": licence_id,
        "lineage": licence_id,
        "identifier": f"{identifier[:40]}{number}",
        "number": f"{number:014}",
        "status_list": status_list,
        "status_index": permute(keys[status_list], counter % LIST_SIZE),
        "code_leaf": leaf,
        "document_leaf": leaf + 1,
        "ofd_leaf": leaf + 2,
        "use_id": f"{number:032x}",
    }


def _move_counters(tx: Transaction, pattern: LicenceRecord, count: int) -> None:
    """Let numbers and status places go on behind the copies."""
    number = COUNTER.c.name.like(f"number:{pattern.issuer}:{pattern.type_code}%")
    tx.execute(update(COUNTER).where(number).values(value=count + 1_000))
    tx.execute(update(COUNTER).where(COUNTER.c.name == "status").values(value=count + 1_000))
