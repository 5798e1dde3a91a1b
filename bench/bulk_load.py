"""Fill a registry with many licences at once, so that growth can be measured: rows like those that issuing writes.

One really issued licence is the pattern. Ids, numbers, places and log entries are counted up from it; the log's tree is
computed over all entries and its head signed by the log's own key, so that issuing and proving go on from there. The
bodies of the copies are those of the pattern: nothing here can be verified, only counted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Table, insert, select, update

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
    PLACE,
    STATUS_LIST,
)
from signer.desk import Desk
from verify.log_entry import LogEntry
from verify.note import checkpoint_body, signature_line
from verify.tree import Frontier, leaf_hash
from verify.values import LicenceId

# SQLAlchemy makes a dict a row; so many at a time keep the memory of the loader small.
PART = 5_000
_ID_STEP = (1 << 80) // 1_100_000


def bulk_load(desk: Desk, pattern: LicenceRecord, count: int) -> tuple[str, ...]:
    """Write so many copies of a filled licence of the type "business licence" and return some of their ids."""
    with transaction(desk.database) as tx:
        rows = {table: _pattern(tx, table, pattern) for table in (DRAFT, LINEAGE, LICENCE_NUMBER, PLACE, LICENCE)}
        intents = [
            dict(row) for row in tx.execute(select(INTENT).where(INTENT.c.licence_id == pattern.licence_id)).mappings()
        ]
        entries = [
            LogEntry.decode(entry.entry)
            for leaf in (pattern.code_leaf, pattern.document_leaf)
            for entry in leaves.entries(tx, desk.log.origin, leaf, leaf + 1)
        ]
        keys = _status_lists(tx, count, desk)
    for start in range(0, count, PART):
        numbers = range(start, min(start + PART, count))
        with transaction(desk.database) as tx:
            first_leaf = _append(tx, desk, entries, len(numbers))
            for table in (LINEAGE, LICENCE_NUMBER, DRAFT, PLACE, LICENCE):
                tx.execute(insert(table), list(_copies(rows[table], numbers, keys, first_leaf)))
            tx.execute(insert(INTENT), list(_intents(intents, numbers, first_leaf)))
    with transaction(desk.database) as tx:
        _move_counters(tx, pattern, count)
    return tuple(_id(number) for number in range(0, count, max(1, count // 1_000)))


def _pattern(tx: Transaction, table: Table, pattern: LicenceRecord) -> dict[str, Any]:
    keys = {
        "draft": DRAFT.c.licence_id == pattern.licence_id,
        "lineage": LINEAGE.c.lineage == pattern.lineage,
        "licence_number": LICENCE_NUMBER.c.lineage == pattern.lineage,
        "place": PLACE.c.licence_id == pattern.licence_id,
        "licence": LICENCE.c.licence_id == pattern.licence_id,
    }
    return dict(tx.execute(select(table).where(keys[table.name])).mappings().one())


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


def _copies(
    row: dict[str, Any], numbers: Sequence[int], keys: dict[int, bytes], first_leaf: int
) -> Iterator[dict[str, Any]]:
    used = row.get("status_index")
    for place, number in enumerate(numbers):
        licence_id = _id(number)
        counter = number + 1_000  # the places below were given out by issuing
        status_list = counter // LIST_SIZE + 1
        values = {
            "draft_id": f"{number:032x}",
            "licence_id": licence_id,
            "lineage": licence_id,
            "identifier": f"{row.get('identifier', '')[:40]}{number}",
            "number": f"{number:014}",
            "status_list": status_list,
            "status_index": None if used is None else permute(keys[status_list], counter % LIST_SIZE),
            "code_leaf": first_leaf + 2 * place,
            "document_leaf": first_leaf + 2 * place + 1,
        }
        yield {**row, **{name: value for name, value in values.items() if name in row}}


def _intents(patterns: Sequence[dict[str, Any]], numbers: Sequence[int], first_leaf: int) -> Iterator[dict[str, Any]]:
    for place, number in enumerate(numbers):
        for part, pattern in enumerate(sorted(patterns, key=lambda each: int(each["leaf_index"]))):
            yield {**pattern, "licence_id": _id(number), "leaf_index": first_leaf + 2 * place + part}


def _append(tx: Transaction, desk: Desk, patterns: Sequence[LogEntry], licences: int) -> int:
    """Write two intents for each licence into the log and return the index of the first."""
    before = leaves.lock_head(tx, desk.log.origin)
    stored, hashes = [], []
    for index in range(before.size, before.size + 2 * licences):
        digest = index.to_bytes(32, "big")
        entry = replace(patterns[index % 2], digest=digest).encode()
        hashes.append(leaf_hash(entry))
        stored.append(leaves.StoredEntry(index=index, entry=entry, leaf_hash=hashes[-1], digest=digest))
    frontier, nodes = Frontier(before.size, before.edge).grow(hashes)
    body = checkpoint_body(before.origin, frontier.size, frontier.root)
    verifier = desk.log.verifier
    signature = desk.custody.sign_counted(desk.log.key, body)
    note = body.decode() + "\n" + signature_line(verifier.name, verifier.key_id, signature)
    after = replace(before, size=frontier.size, root=frontier.root, edge=frontier.edge, note=note)
    leaves.append(tx, before, stored, nodes, after)
    return before.size


def _move_counters(tx: Transaction, pattern: LicenceRecord, count: int) -> None:
    """Let numbers and status places go on behind the copies."""
    number = COUNTER.c.name.like(f"number:{pattern.issuer}:{pattern.type_code}%")
    tx.execute(update(COUNTER).where(number).values(value=count + 1_000))
    tx.execute(update(COUNTER).where(COUNTER.c.name == "status").values(value=count + 1_000))
