"""The records behind the log's entries about keys and administrators: the log holds their digests only.

Promises: a record is found by its digest and is what was kept; keeping the same record again changes nothing.
"""

from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import select

from registry.db import Transaction
from registry.statements import upsert
from registry.tables import LOG_RECORD

PAGE_ROWS: Final = 500


def keep(tx: Transaction, record: bytes, *, at: datetime) -> bytes:
    """Keep a record and return its digest, which goes into the log."""
    digest = sha256(record).digest()
    values = {"digest": digest, "record": record, "kept_at": at}
    tx.execute(upsert(tx, LOG_RECORD).values(values).on_conflict_do_nothing())
    return digest


def find(tx: Transaction, digest: bytes) -> bytes | None:
    """Return the record of this digest."""
    query = select(LOG_RECORD.c.record).where(LOG_RECORD.c.digest == digest)
    record: bytes | None = tx.execute(query).scalar_one_or_none()
    return record


def record_page(tx: Transaction, *, after: bytes, limit: int = PAGE_ROWS) -> tuple[tuple[bytes, bytes], ...]:
    """Return digests and records behind this digest, in their order, for an audit; begin with an empty one."""
    query = select(LOG_RECORD.c.digest, LOG_RECORD.c.record).where(LOG_RECORD.c.digest > after)
    rows = tx.execute(query.order_by(LOG_RECORD.c.digest).limit(limit))
    return tuple((row.digest, row.record) for row in rows)
