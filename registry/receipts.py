"""Verification receipts that relying offices keep with us: filed, found again by the office that asked, and deleted.

Promises:
  * A receipt is filed with its log leaf; what is not filed was never handed out.
  * Filing and acts on licences meet at the licence's row: a receipt that comes a moment too late is recalled at once.
  * An office finds its own receipts and no others; the question itself is limited to it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import RowMapping, Select, delete, insert, select

from registry.db import Transaction
from registry.lifecycle import LicenceEvent, LicenceState
from registry.prepared import Prepared, listed, one_of, prepared_insert
from registry.recalls import RecallingEvent, recall
from registry.receipt_errors import UnknownReceiptError
from registry.tables import EVENT, LICENCE, RECALL, RECEIPT_DELETION, VERIFICATION_RECEIPT

PAGE_MAX: Final = 200
# The daily job deletes so many at a time; the rest follows in its next round.
DELETE_MAX: Final = 1000


class ReceiptRecord(NamedTuple):
    """A receipt as it is kept; ``content`` are its signed bytes, ``operator`` a pseudonym.

    ``timestamp`` is an RFC 3161 token over the SHA-256 of ``content``, where one was asked for.
    """

    receipt_id: str
    licence_id: str | None
    office: str
    client: str
    purpose: str
    item_code: str | None
    legal_basis: str
    case_number: str
    operator: bytes | None
    verdict: str
    in_force: bool
    made_at: datetime
    delete_after: datetime
    content: bytes
    leaf: int
    timestamp: bytes | None = None

    def __repr__(self) -> str:
        return f"ReceiptRecord({self.receipt_id})"


_COLUMNS: Final = tuple(VERIFICATION_RECEIPT.c[name] for name in ReceiptRecord._fields)


def file_receipts(tx: Transaction, records: Sequence[ReceiptRecord], *, at: datetime) -> None:
    """File receipts.

    1. Hold the licences as they are, so that no act happens in between. 2. Write the rows. 3. Recall at once what says
    "in force" of a licence that no longer was when it was filed.
    """
    if not records:
        return
    changed = _changed(tx, {each.licence_id for each in records if each.in_force and each.licence_id})  # (1)
    _FILE.run_objects(tx, records)  # (2)
    for licence_id, event in sorted(changed.items()):
        mine = [each.receipt_id for each in records if each.in_force and each.licence_id == licence_id]
        recall(tx, event, at=at, only=mine)  # (3)


def demand_receipt(tx: Transaction, receipt_id: str) -> ReceiptRecord:
    """Return one receipt. Raises ``UnknownReceiptError``."""
    query = select(*_COLUMNS).where(VERIFICATION_RECEIPT.c.receipt_id == receipt_id)
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        raise UnknownReceiptError
    return _record(row)


def list_receipts(
    tx: Transaction, office: str, *, case_number: str | None = None, cursor: int | None = None, limit: int = 50
) -> tuple[ReceiptRecord, ...]:
    """Return a page of an office's receipts, newest first; the next page begins at the last one's leaf."""
    query = select(*_COLUMNS).where(VERIFICATION_RECEIPT.c.office == office)
    if case_number is not None:
        query = query.where(VERIFICATION_RECEIPT.c.case_number == case_number)
    if cursor is not None:
        query = query.where(VERIFICATION_RECEIPT.c.leaf < cursor)
    query = query.order_by(VERIFICATION_RECEIPT.c.leaf.desc()).limit(min(limit, PAGE_MAX))
    return tuple(_record(row) for row in tx.execute(query).mappings())


def receipts_between(tx: Transaction, first: int, end: int) -> tuple[ReceiptRecord, ...]:
    """Return the receipts whose leaves lie in this range, in their order; for the audit."""
    leaf = VERIFICATION_RECEIPT.c.leaf
    query = select(*_COLUMNS).where(leaf >= first, leaf < end).order_by(leaf)
    return tuple(_record(row) for row in tx.execute(query).mappings())


def deleted_between(tx: Transaction, first: int, end: int) -> frozenset[int]:
    """Return the leaves of this range whose receipts were deleted when it was time."""
    leaf = RECEIPT_DELETION.c.leaf
    return frozenset(tx.execute(select(leaf).where(leaf >= first, leaf < end)).scalars())


def delete_due(tx: Transaction, *, at: datetime) -> int:
    """Delete receipts that are to be deleted by now, with their recalls, and return how many.

    The log's leaf stays; that its receipt was deleted when it was time is remembered, for the audit looks for it.
    """
    columns = (VERIFICATION_RECEIPT.c.receipt_id, VERIFICATION_RECEIPT.c.leaf)
    due = tx.execute(select(*columns).where(VERIFICATION_RECEIPT.c.delete_after <= at).limit(DELETE_MAX)).all()
    ids = [row.receipt_id for row in due]
    if ids:
        tx.execute(delete(RECALL).where(RECALL.c.receipt_id.in_(ids)))
        tx.execute(insert(RECEIPT_DELETION), [{"leaf": row.leaf, "deleted_at": at} for row in due])
        tx.execute(delete(VERIFICATION_RECEIPT).where(VERIFICATION_RECEIPT.c.receipt_id.in_(ids)))
    return len(ids)


def _changed(tx: Transaction, ids: set[str]) -> Mapping[str, RecallingEvent]:
    """Return the last act on each of these licences that is not in force; all stay as they are until we commit."""
    rows = _HOLD.rows(tx, {"licence_ids": listed(ids)}) if ids else ()
    events = {last_event: state for state, last_event in rows if state != LicenceState.IN_FORCE.value}
    if not events:
        return {}
    query = select(EVENT.c.event_id, EVENT.c.licence_id, EVENT.c.event, EVENT.c.effective_on)
    return {
        row.licence_id: RecallingEvent(
            event_id=row.event_id,
            licence_id=row.licence_id,
            event=LicenceEvent(row.event),
            state=LicenceState(events[row.event_id]),
            effective_on=row.effective_on,
        )
        for row in tx.execute(query.where(EVENT.c.event_id.in_(events)))
    }


def _holding() -> Select[Any]:
    """Return the question for licences that are held, in the one order in which everybody does."""
    held = select(LICENCE.c.state, LICENCE.c.last_event).where(one_of(LICENCE.c.licence_id, "licence_ids"))
    return held.order_by(LICENCE.c.licence_id).with_for_update(read=True)


_HOLD: Final = Prepared(_holding)
_FILE: Final = prepared_insert(VERIFICATION_RECEIPT)


def _record(row: RowMapping) -> ReceiptRecord:
    values: dict[str, Any] = dict(row)
    return ReceiptRecord(**values)
