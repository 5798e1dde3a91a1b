"""Recalls: a licence changed, and somebody relied on it. Every receipt that said "in force" is named to its office.

Promises:
  * The act on the licence, the recalls and the messages that tell of them are one transaction.
  * Numbers are committed in their order, so that who polls with a cursor misses none.
  * A receipt is recalled once for each act. ``was_in_force`` tells whether the licence held on the day of the check:
    False when the act goes back to that day or before it, and for a licence that should never have been granted.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha256
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import RowMapping, insert, select

from registry.db import Transaction
from registry.lifecycle import LicenceEvent, LicenceState
from registry.statements import advance
from registry.tables import RECALL, VERIFICATION_RECEIPT, WEBHOOK_DELIVERY, WEBHOOK_TARGET
from verify.licence import ISSUER_ZONE

PAGE_MAX: Final = 200
RECALLED: Final = "receipt.recalled"
# A message stays below 16 kB; the feed has the rest.
NAMED_MAX: Final = 100
_COUNTER: Final = "recall"
_MESSAGE_ID_DIGITS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallingEvent:
    """The act that makes receipts stale, and the state after it."""

    event_id: int
    licence_id: str
    event: LicenceEvent
    state: LicenceState
    effective_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """One receipt that is recalled."""

    number: int
    receipt_id: str
    event_id: int
    office: str
    licence_id: str
    state: LicenceState
    effective_on: date
    recalled_at: datetime
    was_in_force: bool


_COLUMNS: Final = tuple(RECALL.c[name] for name in Recall.__slots__)


def recall(
    tx: Transaction, event: RecallingEvent, *, at: datetime, only: Collection[str] | None = None
) -> tuple[Recall, ...]:
    """Recall the receipts that relied on a licence, all or these, and leave the messages for their offices.

    The caller holds the licence's row.
    """
    if event.event is LicenceEvent.REINSTATE:
        return ()
    columns = (VERIFICATION_RECEIPT.c.receipt_id, VERIFICATION_RECEIPT.c.office, VERIFICATION_RECEIPT.c.made_at)
    query = select(*columns).where(
        VERIFICATION_RECEIPT.c.licence_id == event.licence_id, VERIFICATION_RECEIPT.c.in_force
    )
    if only is not None:
        query = query.where(VERIFICATION_RECEIPT.c.receipt_id.in_(only))
    order = (VERIFICATION_RECEIPT.c.office, VERIFICATION_RECEIPT.c.leaf)
    rows = tx.execute(query.order_by(*order)).all()
    if not rows:
        return ()
    begins_at = datetime.combine(event.effective_on, time(), ISSUER_ZONE).astimezone(UTC)
    first = advance(tx, _COUNTER, len(rows)) + 1
    recalls = tuple(
        Recall(
            number=number,
            receipt_id=row.receipt_id,
            event_id=event.event_id,
            office=row.office,
            licence_id=event.licence_id,
            state=event.state,
            effective_on=event.effective_on,
            recalled_at=at,
            was_in_force=event.event is not LicenceEvent.RESCIND and row.made_at < begins_at,
        )
        for number, row in enumerate(rows, first)
    )
    tx.execute(insert(RECALL), [_values(each) for each in recalls])
    _leave_messages(tx, event, recalls, at=at)
    return recalls


def list_recalls(tx: Transaction, office: str, *, after: int | None = None, limit: int = 50) -> tuple[Recall, ...]:
    """Return a page of an office's recalls, oldest first; the next page begins behind the last one's number."""
    query = select(*_COLUMNS).where(RECALL.c.office == office, RECALL.c.number > (after or 0))
    query = query.order_by(RECALL.c.number).limit(min(limit, PAGE_MAX))
    return tuple(_recall(row) for row in tx.execute(query).mappings())


def newest_recalls(tx: Transaction, office: str, *, limit: int) -> tuple[Recall, ...]:
    """Return an office's newest recalls, the newest first."""
    query = select(*_COLUMNS).where(RECALL.c.office == office).order_by(RECALL.c.number.desc())
    return tuple(_recall(row) for row in tx.execute(query.limit(min(limit, PAGE_MAX))).mappings())


def recalls_of(tx: Transaction, receipt_id: str) -> tuple[Recall, ...]:
    """Return the recalls of one receipt, oldest first."""
    query = select(*_COLUMNS).where(RECALL.c.receipt_id == receipt_id).order_by(RECALL.c.number)
    return tuple(_recall(row) for row in tx.execute(query).mappings())


def _leave_messages(tx: Transaction, event: RecallingEvent, recalls: Sequence[Recall], *, at: datetime) -> None:
    """Leave the messages for the listed addresses of each office; ids and the state, no personal data."""
    rows = []
    for office, mine in groupby(recalls, key=attrgetter("office")):
        query = select(WEBHOOK_TARGET.c.target_id).where(WEBHOOK_TARGET.c.office == office, WEBHOOK_TARGET.c.is_active)
        targets = tuple(tx.execute(query.order_by(WEBHOOK_TARGET.c.target_id)).scalars())
        named = list(mine)
        for part in (named[start : start + NAMED_MAX] for start in range(0, len(named), NAMED_MAX)):
            body = _message(event, part, at=at)
            rows += [
                {
                    "message_id": _message_id(target, part),
                    "target_id": target,
                    "body": body,
                    "created_at": at,
                    "state": "waiting",
                    "attempts": 0,
                    "next_at": at,
                    "last_status": None,
                }
                for target in targets
            ]
    if rows:
        tx.execute(insert(WEBHOOK_DELIVERY), rows)


def _message(event: RecallingEvent, part: Sequence[Recall], *, at: datetime) -> str:
    data = {
        "licence_id": event.licence_id,
        "verdict": event.state.value,
        "effective_on": event.effective_on.isoformat(),
        "receipts": [
            {"receipt_id": each.receipt_id, "number": each.number, "was_in_force": each.was_in_force} for each in part
        ],
    }
    message = {"type": RECALLED, "timestamp": at.isoformat(), "data": data}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def _message_id(target: str, part: Sequence[Recall]) -> str:
    return "msg_" + sha256(f"{target}:{part[0].number}".encode()).hexdigest()[:_MESSAGE_ID_DIGITS]


def _values(each: Recall) -> dict[str, Any]:
    return {name: getattr(each, name) for name in Recall.__slots__} | {"state": each.state.value}


def _recall(row: RowMapping) -> Recall:
    values: dict[str, Any] = {**row, "state": LicenceState(row["state"])}
    return Recall(**values)
