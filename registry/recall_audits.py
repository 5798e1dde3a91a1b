"""What an audit reads of recalls: each with its receipt and its act, and those that should be there and are not.

Promises: read only; each answer is one query, so that receipts, acts and recalls are seen as one moment saw them.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import exists, select

from registry.db import Transaction
from registry.lifecycle import LicenceEvent
from registry.tables import COUNTER, EVENT, RECALL, VERIFICATION_RECEIPT

PAGE_ROWS: Final = 500
MISSING_MAX: Final = 1000
_COUNTER: Final = "recall"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedRecall:
    """A recall, and what its receipt and its act tell; these are None where there is none of that name."""

    number: int
    receipt_id: str
    office: str
    licence_id: str
    state: str
    effective_on: date
    recalled_at: datetime
    was_in_force: bool
    receipt_office: str | None
    receipt_licence: str | None
    receipt_in_force: bool | None
    made_at: datetime | None
    event: str | None
    event_licence: str | None
    event_day: date | None
    happened_at: datetime | None


def recall_page(tx: Transaction, *, after: int) -> tuple[AuditedRecall, ...]:
    """Return the recalls behind this number, in their order; begin with 0."""
    receipt, event = VERIFICATION_RECEIPT.c, EVENT.c
    query = (
        select(
            *(column for column in RECALL.c if column is not RECALL.c.event_id),
            receipt.office.label("receipt_office"),
            receipt.licence_id.label("receipt_licence"),
            receipt.in_force.label("receipt_in_force"),
            receipt.made_at,
            event.event,
            event.licence_id.label("event_licence"),
            event.effective_on.label("event_day"),
            event.happened_at,
        )
        .select_from(
            RECALL.outerjoin(VERIFICATION_RECEIPT, receipt.receipt_id == RECALL.c.receipt_id).outerjoin(
                EVENT, event.event_id == RECALL.c.event_id
            )
        )
        .where(RECALL.c.number > after)
    )
    rows = tx.execute(query.order_by(RECALL.c.number).limit(PAGE_ROWS)).mappings()
    return tuple(AuditedRecall(**row) for row in rows)


def last_number(tx: Transaction) -> int:
    """Return the number that was given to a recall last, 0 before the first one."""
    query = select(COUNTER.c.value).where(COUNTER.c.name == _COUNTER)
    return tx.execute(query).scalar_one_or_none() or 0


def unrecalled(tx: Transaction) -> tuple[tuple[str, int], ...]:
    """Return receipts that said "in force" before an act that ended that, and no recall tells of it: id and leaf.

    A receipt that was on its way when the act happened is named by the act's recall or by that of a later one.
    """
    receipt, event = VERIFICATION_RECEIPT.c, EVENT.c
    later = exists().where(RECALL.c.receipt_id == receipt.receipt_id, RECALL.c.event_id >= event.event_id)
    query = (
        select(receipt.receipt_id, receipt.leaf)
        .join_from(VERIFICATION_RECEIPT, EVENT, event.licence_id == receipt.licence_id)
        .where(
            receipt.in_force,
            event.event != LicenceEvent.REINSTATE.value,
            receipt.leaf < event.leaf_index,
            receipt.made_at < event.happened_at,
            ~later,
        )
    )
    return tuple((row.receipt_id, row.leaf) for row in tx.execute(query.distinct().limit(MISSING_MAX)))
