"""Acts on a filed licence: suspend, reinstate, revoke, rescind, withdraw, cancel, supersede.

Promises:
  * The act, the new state, the status list's value, the entry that waits for the log and the recall of receipts are one
    transaction.
  * What the table in ``lifecycle.py`` does not allow is refused; so is an act on a version that the caller did not see.
  * The log's leaf is the digest of a salted record that is kept beside the act: it can be shown and be forgotten.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import RowMapping, insert, select, update

from registry.db import Transaction
from registry.errors import ChangedMeanwhileError, UnknownLicenceError
from registry.lifecycle import LicenceEvent, LicenceState, next_state, status_value
from registry.pending import add_pending_event
from registry.recalls import RecallingEvent, recall
from registry.records import EventRecord
from registry.tables import EVENT, LICENCE, PLACE
from verify import cbor

SALT_BYTES: Final = 16
# The daily job takes this many at a time; the rest follows in its next round.
DUE_MAX: Final = 1000

EVENT_COLUMNS: Final = (
    EVENT.c.event_id,
    EVENT.c.licence_id,
    EVENT.c.event,
    EVENT.c.happened_at,
    EVENT.c.effective_on,
    EVENT.c.reason,
    EVENT.c.legal_basis,
    EVENT.c.reference,
    EVENT.c.until,
    EVENT.c.operator_role,
    EVENT.c.leaf_index,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """An act and its grounds; ``until`` is the last day of a suspension, None for one without end."""

    event: LicenceEvent
    effective_on: date
    reason: str = field(repr=False)
    legal_basis: str
    reference: str
    operator_role: str
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Condition:
    """What the caller saw, and what stands in a superseded licence's place."""

    if_match: int | None = None
    superseded_by: str | None = None


def record_event(
    tx: Transaction,
    licence_id: str,
    act: Act,
    *,
    at: datetime,
    random: Callable[[int], bytes],
    if_match: int | None = None,
) -> EventRecord:
    """Do one act on one licence.

    Raises ``UnknownLicenceError``, ``NotAllowedError``, and ``ChangedMeanwhileError`` when the etag is another.
    """
    return _apply(tx, licence_id, act, _Condition(if_match=if_match), at=at, random=random)


def supersede(
    tx: Transaction, licence_id: str, act: Act, *, by: str, at: datetime, random: Callable[[int], bytes]
) -> EventRecord:
    """Mark a licence as replaced by a newer version; only filing calls this."""
    return _apply(tx, licence_id, act, _Condition(superseded_by=by), at=at, random=random)


def events_of(tx: Transaction, licence_id: str) -> tuple[EventRecord, ...]:
    """Return all acts on a licence, oldest first."""
    query = select(*EVENT_COLUMNS).where(EVENT.c.licence_id == licence_id).order_by(EVENT.c.event_id)
    return tuple(event_record(row) for row in tx.execute(query).mappings())


def record_of_event(tx: Transaction, event_id: int) -> bytes | None:
    """Return the salted record whose digest stands in the log; None when it was destroyed."""
    record: bytes | None = tx.execute(select(EVENT.c.record).where(EVENT.c.event_id == event_id)).scalar_one_or_none()
    return record


def due_reinstatements(tx: Transaction, on: date) -> tuple[str, ...]:
    """Return the ids of licences whose suspension ended before this day."""
    query = select(LICENCE.c.licence_id).where(
        LICENCE.c.suspended_until.is_not(None),
        LICENCE.c.suspended_until < on,
        LICENCE.c.state == LicenceState.SUSPENDED.value,
    )
    return tuple(tx.execute(query.order_by(LICENCE.c.suspended_until).limit(DUE_MAX)).scalars())


def overdue_papers(tx: Transaction, on: date) -> tuple[str, ...]:
    """Return the ids of licences in force whose missing papers were due before this day."""
    query = select(LICENCE.c.licence_id).where(
        LICENCE.c.papers_due.is_not(None),
        LICENCE.c.papers_due < on,
        LICENCE.c.state == LicenceState.IN_FORCE.value,
    )
    return tuple(tx.execute(query.order_by(LICENCE.c.papers_due).limit(DUE_MAX)).scalars())


def told_by(row: Mapping[str, Any] | RowMapping) -> dict[int, object]:
    """Return what an act's columns tell, as its record tells it behind 0, the salt.

    1 id · 2 event · 3 unix time · 4 day · 5 reason · 6 basis · 7 reference · 8 until · 9 role; what is empty is absent.
    """
    until = row["until"]
    entries: dict[int, object] = {
        1: row["licence_id"],
        2: row["event"],
        3: int(row["happened_at"].timestamp()),
        4: row["effective_on"].isoformat(),
        5: row["reason"],
        6: row["legal_basis"],
        7: row["reference"],
        8: None if until is None else until.isoformat(),
        9: row["operator_role"],
    }
    return {key: value for key, value in entries.items() if value is not None}


def event_record(row: Mapping[str, Any] | RowMapping) -> EventRecord:
    """Return the record of a row with ``EVENT_COLUMNS``."""
    values: dict[str, Any] = {**row, "event": LicenceEvent(row["event"])}
    return EventRecord(**values)


def _apply(
    tx: Transaction,
    licence_id: str,
    act: Act,
    condition: _Condition,
    *,
    at: datetime,
    random: Callable[[int], bytes],
) -> EventRecord:
    columns = (LICENCE.c.state, LICENCE.c.etag)
    row = tx.execute(select(*columns).where(LICENCE.c.licence_id == licence_id).with_for_update()).one_or_none()
    if row is None:
        raise UnknownLicenceError
    if condition.if_match not in {None, row.etag}:
        raise ChangedMeanwhileError
    state = next_state(LicenceState(row.state), act.event)
    until = act.until if act.event is LicenceEvent.SUSPEND else None
    salt = random(SALT_BYTES)
    inserted = {
        "licence_id": licence_id,
        "event": act.event.value,
        "happened_at": at,
        "effective_on": act.effective_on,
        "reason": act.reason,
        "legal_basis": act.legal_basis,
        "reference": act.reference,
        "until": until,
        "operator_role": act.operator_role,
    }
    record = cbor.encode({0: salt} | told_by(inserted))
    event_id: int = tx.execute(
        insert(EVENT).values({**inserted, "record": record}).returning(EVENT.c.event_id)
    ).scalar_one()
    changed = {
        "state": state.value,
        "suspended_until": until,
        "etag": LICENCE.c.etag + 1,
        "last_event": event_id,
        "superseded_by": condition.superseded_by or LICENCE.c.superseded_by,
    }
    tx.execute(update(LICENCE).where(LICENCE.c.licence_id == licence_id).values(changed))
    tx.execute(update(PLACE).where(PLACE.c.licence_id == licence_id).values(status=int(status_value(state))))
    add_pending_event(tx, event_id, sha256(record).digest(), act.event.value, at=at)
    recalling = RecallingEvent(
        event_id=event_id, licence_id=licence_id, event=act.event, state=state, effective_on=act.effective_on
    )
    recall(tx, recalling, at=at)
    stored = tx.execute(select(*EVENT_COLUMNS).where(EVENT.c.event_id == event_id)).mappings().one()
    return event_record(stored)
