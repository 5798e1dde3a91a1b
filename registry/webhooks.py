"""Addresses that are told of recalls, and messages on their way to them.

Promises:
  * A message goes to an address that an administrator listed, or nowhere.
  * Who takes a message has it alone until its time is over; a sender that dies loses it to the next one, so a message
    may arrive twice, with the same id, and is never lost.
  * A message that nobody took within three days is given up, and stays to be sent again by hand.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import RowMapping, delete, insert, select, update

from registry.db import Transaction
from registry.receipt_errors import UnknownWebhookError
from registry.tables import WEBHOOK_DELIVERY, WEBHOOK_TARGET

# Standard Webhooks names such a schedule; ten tries spread over some three days.
PAUSES: Final = tuple(
    timedelta(seconds=each)
    for each in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 18 * 3600, 22 * 3600)
)
# A try ends after half a minute; a sender that has not answered for this long is dead.
LEASE: Final = timedelta(minutes=5)
TAKEN_MAX: Final = 100
PAGE_MAX: Final = 200
KEPT: Final = timedelta(days=30)
_GONE: Final = 410
_WAITING, _DELIVERED, _FAILED = "waiting", "delivered", "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTarget:
    """An address of an office."""

    target_id: str
    office: str
    url: str
    is_active: bool
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one address."""

    message_id: str
    target_id: str
    url: str
    body: str = field(repr=False)
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """What became of a message; ``last_status`` is the HTTP status of the last try, None without an answer."""

    message_id: str
    target_id: str
    created_at: datetime
    state: str
    attempts: int
    next_at: datetime
    last_status: int | None


_RECORD: Final = tuple(WEBHOOK_DELIVERY.c[name] for name in DeliveryRecord.__slots__)
_TARGET: Final = tuple(WEBHOOK_TARGET.c[name] for name in WebhookTarget.__slots__)


def add_target(tx: Transaction, target: WebhookTarget) -> None:
    """List an address. Raises ``ConflictError`` when the office has it already."""
    tx.execute(insert(WEBHOOK_TARGET), {name: getattr(target, name) for name in WebhookTarget.__slots__})


def close_target(tx: Transaction, target_id: str) -> None:
    """Send nothing more to an address; what waits is given up. Raises ``UnknownWebhookError``."""
    closing = update(WEBHOOK_TARGET).where(WEBHOOK_TARGET.c.target_id == target_id).values(is_active=False)
    if not tx.execute(closing).rowcount:
        raise UnknownWebhookError
    waiting = (WEBHOOK_DELIVERY.c.target_id == target_id, WEBHOOK_DELIVERY.c.state == _WAITING)
    tx.execute(update(WEBHOOK_DELIVERY).where(*waiting).values(state=_FAILED))


def list_targets(tx: Transaction, office: str | None = None) -> tuple[WebhookTarget, ...]:
    """Return the addresses of an office, or all."""
    query = select(*_TARGET).order_by(WEBHOOK_TARGET.c.office, WEBHOOK_TARGET.c.added_at, WEBHOOK_TARGET.c.target_id)
    if office is not None:
        query = query.where(WEBHOOK_TARGET.c.office == office)
    return tuple(_target(row) for row in tx.execute(query).mappings())


def take_due(tx: Transaction, *, at: datetime, limit: int = TAKEN_MAX) -> tuple[Delivery, ...]:
    """Return messages whose time has come, oldest first; they are the caller's until their lease is over."""
    columns = (WEBHOOK_DELIVERY.c.message_id, WEBHOOK_DELIVERY.c.target_id, WEBHOOK_TARGET.c.url)
    query = (
        select(*columns, WEBHOOK_DELIVERY.c.body, WEBHOOK_DELIVERY.c.attempts)
        .join_from(WEBHOOK_DELIVERY, WEBHOOK_TARGET, WEBHOOK_TARGET.c.target_id == WEBHOOK_DELIVERY.c.target_id)
        .where(WEBHOOK_DELIVERY.c.state == _WAITING, WEBHOOK_DELIVERY.c.next_at <= at)
        .order_by(WEBHOOK_DELIVERY.c.next_at, WEBHOOK_DELIVERY.c.message_id)
        .limit(min(limit, TAKEN_MAX))
        .with_for_update(of=WEBHOOK_DELIVERY, skip_locked=True)
    )
    due = tuple(Delivery(**row) for row in tx.execute(query).mappings())
    if due:
        mine = WEBHOOK_DELIVERY.c.message_id.in_([each.message_id for each in due])
        tx.execute(update(WEBHOOK_DELIVERY).where(mine).values(next_at=at + LEASE))
    return due


def note_try(tx: Transaction, delivery: Delivery, *, status: int | None, at: datetime) -> None:
    """Note how a try ended: taken (2xx), gone for good (410, which closes the address), or to be tried again."""
    attempts = delivery.attempts + 1
    values: dict[str, Any] = {"attempts": attempts, "last_status": status}
    if status is not None and 200 <= status < 300:
        values["state"] = _DELIVERED
    elif status == _GONE or attempts > len(PAUSES):
        values["state"] = _FAILED
    else:
        values["next_at"] = at + PAUSES[attempts - 1]
    mine = (WEBHOOK_DELIVERY.c.message_id == delivery.message_id, WEBHOOK_DELIVERY.c.state == _WAITING)
    tx.execute(update(WEBHOOK_DELIVERY).where(*mine).values(values))
    if status == _GONE:
        close_target(tx, delivery.target_id)


def send_again(tx: Transaction, message_id: str, *, at: datetime) -> None:
    """Let a message be sent again, whatever became of it. Raises ``UnknownWebhookError``."""
    known = WEBHOOK_DELIVERY.c.message_id == message_id
    values = {"state": _WAITING, "attempts": 0, "next_at": at}
    if not tx.execute(update(WEBHOOK_DELIVERY).where(known).values(values)).rowcount:
        raise UnknownWebhookError


def list_deliveries(tx: Transaction, target_id: str, *, limit: int = 50) -> tuple[DeliveryRecord, ...]:
    """Return the newest messages to an address."""
    query = select(*_RECORD).where(WEBHOOK_DELIVERY.c.target_id == target_id)
    query = query.order_by(WEBHOOK_DELIVERY.c.created_at.desc(), WEBHOOK_DELIVERY.c.message_id)
    return tuple(DeliveryRecord(**row) for row in tx.execute(query.limit(min(limit, PAGE_MAX))).mappings())


def drop_old(tx: Transaction, *, at: datetime) -> None:
    """Forget messages of long ago that are not on their way any more."""
    old = (WEBHOOK_DELIVERY.c.created_at < at - KEPT, WEBHOOK_DELIVERY.c.state != _WAITING)
    tx.execute(delete(WEBHOOK_DELIVERY).where(*old))


def _target(row: RowMapping) -> WebhookTarget:
    values: dict[str, Any] = dict(row)
    return WebhookTarget(**values)
