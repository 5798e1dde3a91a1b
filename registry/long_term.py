"""Filed documents that were sealed for the long term: the filed bytes with evidence and a time stamp behind them.

Promises: the filed document stays what it is; each later sealing is a further one, and the newest is found at once.
The document is put into the vault before its row is committed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select

from registry.db import Transaction
from registry.errors import UnknownLicenceError
from registry.tables import LICENCE, LONG_TERM


@dataclass(frozen=True, slots=True, kw_only=True)
class LongTermDocument:
    """One sealing for the long term, counted from 1 for each licence."""

    licence_id: str
    number: int
    document_digest: str
    sealed_at: datetime


def add(tx: Transaction, licence_id: str, document_digest: str, *, at: datetime) -> LongTermDocument:
    """Write down a further sealing. Raises ``UnknownLicenceError``."""
    known = select(LICENCE.c.licence_id).where(LICENCE.c.licence_id == licence_id).with_for_update()
    if tx.execute(known).one_or_none() is None:
        raise UnknownLicenceError
    last = tx.execute(select(func.max(LONG_TERM.c.number)).where(LONG_TERM.c.licence_id == licence_id)).scalar_one()
    number = 1 if last is None else last + 1
    document = LongTermDocument(licence_id=licence_id, number=number, document_digest=document_digest, sealed_at=at)
    tx.execute(insert(LONG_TERM).values({column.name: getattr(document, column.name) for column in LONG_TERM.c}))
    return document


def newest(tx: Transaction, licence_id: str) -> LongTermDocument | None:
    """Return the newest sealing of a licence's document."""
    query = select(*LONG_TERM.c).where(LONG_TERM.c.licence_id == licence_id)
    row = tx.execute(query.order_by(LONG_TERM.c.number.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else LongTermDocument(**row)


def sealings(tx: Transaction, licence_ids: Sequence[str]) -> dict[str, tuple[LongTermDocument, ...]]:
    """Return all sealings of these licences' documents, oldest first; at most some hundred licences at once."""
    query = select(*LONG_TERM.c).where(LONG_TERM.c.licence_id.in_(licence_ids))
    found: dict[str, tuple[LongTermDocument, ...]] = {}
    for row in tx.execute(query.order_by(LONG_TERM.c.licence_id, LONG_TERM.c.number)).mappings():
        found[row["licence_id"]] = (*found.get(row["licence_id"], ()), LongTermDocument(**row))
    return found
