"""What became of each intent to sign a body of a licence.

Promises: an intent is open until its licence is filed or recovery abandons it, never both; a worker's intents are left
alone until its lease has run out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, insert, select, update

from registry.db import Transaction
from registry.records import IntentState
from registry.tables import CLOSED_LOG, INTENT, LOG_HEAD

_COLUMNS: Final = (
    INTENT.c.log,
    INTENT.c.leaf_index,
    INTENT.c.licence_id,
    INTENT.c.purpose,
    INTENT.c.state,
    INTENT.c.worker,
    INTENT.c.lease_until,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A signing intent of a licence; ``log`` is the number of the log's head."""

    log: int
    leaf_index: int
    licence_id: str
    purpose: str
    state: IntentState
    worker: str
    lease_until: datetime


def open_intents(tx: Transaction, intents: Sequence[Intent]) -> None:
    """Write down intents in the transaction that sequences them."""
    if intents:
        tx.execute(insert(INTENT), [_values(intent) for intent in intents])


def intents_of(tx: Transaction, licence_id: str) -> tuple[Intent, ...]:
    """Return the intents of one attempt."""
    query = select(*_COLUMNS).where(INTENT.c.licence_id == licence_id).order_by(INTENT.c.leaf_index)
    return tuple(_intent(row) for row in tx.execute(query))


def intents_by_licence(tx: Transaction, licence_ids: Sequence[str]) -> dict[str, tuple[Intent, ...]]:
    """Return the intents of several attempts; at most some hundred at once."""
    query = select(*_COLUMNS).where(INTENT.c.licence_id.in_(licence_ids)).order_by(INTENT.c.leaf_index)
    found: dict[str, tuple[Intent, ...]] = {}
    for row in tx.execute(query):
        found[row.licence_id] = (*found.get(row.licence_id, ()), _intent(row))
    return found


def renew_lease(tx: Transaction, worker: str, *, until: datetime) -> None:
    """Move the leases of all open intents of a worker on."""
    mine = update(INTENT).where(INTENT.c.worker == worker, INTENT.c.state == IntentState.OPEN.value)
    tx.execute(mine.values(lease_until=until))


def overdue_intents(tx: Transaction, origin: str, *, at: datetime, limit: int = 1000) -> tuple[Intent, ...]:
    """Return and lock a log's open intents whose lease has run out, with all other open ones of the same attempts."""
    is_open = (INTENT.c.log == _log(origin), INTENT.c.state == IntentState.OPEN.value)
    late = select(INTENT.c.licence_id).where(*is_open, INTENT.c.lease_until < at)
    query = select(*_COLUMNS).where(INTENT.c.licence_id.in_(late.order_by(INTENT.c.lease_until).limit(limit)), *is_open)
    rows = tx.execute(query.order_by(INTENT.c.log, INTENT.c.leaf_index).with_for_update())
    return tuple(_intent(row) for row in rows)


def abandon_intents(tx: Transaction, licence_ids: Sequence[str]) -> None:
    """Give the open intents of these attempts up; filing them raises ``IntentAbandonedError`` from now on."""
    if licence_ids:
        mine = update(INTENT).where(INTENT.c.licence_id.in_(licence_ids), INTENT.c.state == IntentState.OPEN.value)
        tx.execute(mine.values(state=IntentState.ABANDONED.value))


def attempts_at(tx: Transaction, log: int, indexes: Sequence[int]) -> tuple[str, ...]:
    """Return whose open intents stand at these leaves; at most some hundred at once."""
    is_open = (INTENT.c.log == log, INTENT.c.state == IntentState.OPEN.value)
    query = select(INTENT.c.licence_id).where(INTENT.c.leaf_index.in_(indexes), *is_open).distinct()
    return tuple(tx.execute(query.order_by(INTENT.c.licence_id)).scalars())


def all_intents(tx: Transaction, origin: str, *, after: int = -1, limit: int = 1000) -> tuple[Intent, ...]:
    """Return a page of a log's intents by index, for an audit."""
    query = select(*_COLUMNS).where(INTENT.c.log == _log(origin), INTENT.c.leaf_index > after)
    return tuple(_intent(row) for row in tx.execute(query.order_by(INTENT.c.leaf_index).limit(limit)))


def _log(origin: str) -> Any:  # noqa: ANN401 - an expression of SQLAlchemy
    closed = select(CLOSED_LOG.c.log).where(CLOSED_LOG.c.origin == origin)
    return select(LOG_HEAD.c.log).where((LOG_HEAD.c.origin == origin) | LOG_HEAD.c.log.in_(closed)).scalar_subquery()


def _values(intent: Intent) -> dict[str, Any]:
    return {column.name: getattr(intent, column.name) for column in _COLUMNS} | {"state": intent.state.value}


def _intent(row: Row[Any]) -> Intent:
    return Intent(
        log=row.log,
        leaf_index=row.leaf_index,
        licence_id=row.licence_id,
        purpose=row.purpose,
        state=IntentState(row.state),
        worker=row.worker,
        lease_until=row.lease_until,
    )
