"""Entries that wait for the sequencer: each was written in the transaction of the act that it tells of.

Promises: an entry is known by its key and stands once, however often the act is tried; no entry is taken by its number,
for numbers are committed out of order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, insert, select, update

from registry.db import Transaction
from registry.prepared import Prepared
from registry.statements import upsert
from registry.tables import EVENT, LOG_PENDING
from verify import cbor
from verify.log_entry import ENTRY_BYTES_MAX, EntryKind

# One commit of the log takes no more than this; what is left is taken by the next one.
PENDING_MAX: Final = 1000


_COLUMNS: Final = (LOG_PENDING.c.pending_id, LOG_PENDING.c.kind, LOG_PENDING.c.digest, LOG_PENDING.c.detail)
_WAITING: Final = Prepared(lambda: select(*_COLUMNS).order_by(LOG_PENDING.c.pending_id).limit(PENDING_MAX))


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEntry:
    """An entry that waits for its place and time in the log."""

    pending_id: int
    kind: EntryKind
    digest: bytes
    detail: Mapping[int, object] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingEntry:
    """A row of what waits, as it stands; ``key`` names the act that it is of."""

    key: str
    kind: int
    digest: bytes
    detail: bytes | None
    event_id: int | None


def add_pending(
    tx: Transaction, kind: EntryKind, digest: bytes, detail: Mapping[int, object] | None, *, at: datetime, key: str
) -> None:
    """Leave an entry for the sequencer; nothing happens when one of this key waits already."""
    values = {
        "key": key,
        "kind": int(kind),
        "digest": digest,
        "detail": None if detail is None else cbor.encode(dict(detail)),
        "created_at": at,
    }
    tx.execute(upsert(tx, LOG_PENDING).values(values).on_conflict_do_nothing())


def add_pending_event(tx: Transaction, event_id: int, digest: bytes, event: str, *, at: datetime) -> None:
    """Leave the entry of an act on a licence; the act learns its leaf when the entry is sequenced."""
    values = {
        "key": f"event:{event_id}",
        "kind": int(EntryKind.STATE),
        "digest": digest,
        "detail": cbor.encode({1: "licence", 2: event}),
        "created_at": at,
        "event_id": event_id,
    }
    tx.execute(insert(LOG_PENDING).values(values))


def take_pending(tx: Transaction) -> tuple[PendingEntry, ...]:
    """Return the entries that wait, oldest first; the caller holds the lock of the log's head."""
    return tuple(_entry(row) for row in _WAITING.rows(tx))


def pending_of(tx: Transaction, digests: Sequence[bytes]) -> tuple[PendingEntry, ...]:
    """Return the entries that wait with one of these digests; at most some hundred digests at once."""
    rows = tx.execute(select(*_COLUMNS).where(LOG_PENDING.c.digest.in_(digests)).order_by(LOG_PENDING.c.pending_id))
    return tuple(_entry(row) for row in rows)


def count_pending(tx: Transaction) -> int:
    """Return how many entries wait."""
    count: int = tx.execute(select(func.count()).select_from(LOG_PENDING)).scalar_one()
    return count


def waiting_entries(tx: Transaction) -> tuple[WaitingEntry, ...]:
    """Return the rows of what waits, the oldest first and not more than one commit takes, for an audit."""
    columns = (LOG_PENDING.c[name] for name in WaitingEntry.__slots__)
    rows = tx.execute(select(*columns).order_by(LOG_PENDING.c.pending_id).limit(PENDING_MAX)).mappings()
    return tuple(WaitingEntry(**row) for row in rows)


def pending_sequenced(tx: Transaction, places: Mapping[int, int]) -> None:
    """Take out the entries that got a place (pending id to index), and tell the acts where their leaves stand."""
    if not places:
        return
    query = select(LOG_PENDING.c.pending_id, LOG_PENDING.c.event_id).where(LOG_PENDING.c.pending_id.in_(list(places)))
    events = [
        {"of_event": row.event_id, "at_leaf": places[row.pending_id]} for row in tx.execute(query) if row.event_id
    ]
    tx.execute(delete(LOG_PENDING).where(LOG_PENDING.c.pending_id.in_(list(places))))
    if events:
        statement = update(EVENT).where(EVENT.c.event_id == bindparam("of_event"))
        tx.execute(statement.values(leaf_index=bindparam("at_leaf")), events)


def _entry(row: Sequence[Any]) -> PendingEntry:
    pending_id, kind, digest, detail = row
    return PendingEntry(pending_id=pending_id, kind=EntryKind(kind), digest=digest, detail=_detail(detail))


def _detail(encoded: bytes | None) -> Mapping[int, object] | None:
    if encoded is None:
        return None
    detail = cbor.decode(encoded, bytes_max=ENTRY_BYTES_MAX)
    return detail if isinstance(detail, dict) else None
