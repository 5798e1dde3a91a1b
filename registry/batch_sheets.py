"""The sheet of a batch as it came in: bad rows are given back from it, with the very cells that were sent.

Promises: one sheet a batch, kept at the first time and not exchanged; it holds personal data and is dropped in time.
"""

import zlib
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select

from registry.db import Transaction
from registry.statements import upsert
from registry.tables import BATCH_SHEET

# Sheets are at most 20 MiB (signer/sheets.py); what is kept here was one of them.
_BYTES_MAX: Final = 32 * 1024 * 1024


def keep_sheet(tx: Transaction, batch_id: str, content: bytes, *, at: datetime) -> None:
    """Keep the sheet of a batch; the one that is there already stays."""
    values = {"batch_id": batch_id, "content": zlib.compress(content), "stored_at": at}
    tx.execute(upsert(tx, BATCH_SHEET).values(values).on_conflict_do_nothing())


def sheet_of(tx: Transaction, batch_id: str) -> bytes | None:
    """Return the sheet of a batch; None when it was dropped, or never kept."""
    query = select(BATCH_SHEET.c.content).where(BATCH_SHEET.c.batch_id == batch_id)
    content: bytes | None = tx.execute(query).scalar_one_or_none()
    return None if content is None else zlib.decompressobj().decompress(content, _BYTES_MAX)


def drop_sheets(tx: Transaction, *, before: datetime) -> int:
    """Drop the sheets that were kept before this moment, and return how many."""
    return tx.execute(delete(BATCH_SHEET).where(BATCH_SHEET.c.stored_at < before)).rowcount
