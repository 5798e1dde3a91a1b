"""Idempotency keys: the same request, sent twice, is done once and answered twice the same.

Promises: a key belongs to one client and one body; while the first is running, the second is told so; an answer is kept
for 72 hours, then the key is free again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update

from registry.db import Transaction
from registry.errors import ConflictError
from registry.statements import upsert
from registry.tables import REQUEST

KEPT: Final = timedelta(hours=72)
# A worker that died leaves its request running; after this time another may begin anew.
RUNNING_MAX: Final = timedelta(minutes=10)
EXPIRED_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class New:
    """The caller does the work and calls ``finish``."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The work was done; this was the answer."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Running:
    """Somebody is at it now."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """The key was used for another request."""


def begin(
    tx: Transaction, client: str, key: str, body_digest: bytes, *, at: datetime
) -> New | Replay | Running | Conflict:
    """Take the key or say what became of it; commit before the work begins."""
    row = {"client": client, "key": key}
    here = (REQUEST.c.client == client, REQUEST.c.key == key)
    tx.execute(delete(REQUEST).where(*here, REQUEST.c.expires_at <= at))
    values = {**row, "body_digest": body_digest, "expires_at": at + RUNNING_MAX}
    statement = upsert(tx, REQUEST).values(values).on_conflict_do_nothing()
    if tx.execute(statement.returning(REQUEST.c.key)).scalar_one_or_none() is not None:
        return New()
    columns = (REQUEST.c.body_digest, REQUEST.c.status, REQUEST.c.body)
    found = tx.execute(select(*columns).where(*here)).one()
    if found.body_digest != body_digest:
        return Conflict()
    return Running() if found.status is None else Replay(found.status, found.body)


def finish(tx: Transaction, client: str, key: str, *, status: int, body: bytes, at: datetime) -> None:
    """Keep the answer. Raises ``ConflictError`` when the key was never begun."""
    here = (REQUEST.c.client == client, REQUEST.c.key == key)
    values = {"status": status, "body": body, "expires_at": at + KEPT}
    if not tx.execute(update(REQUEST).where(*here).values(values)).rowcount:
        raise ConflictError


def release(tx: Transaction, client: str, key: str) -> None:
    """Free a key whose work failed in a way that another try may mend."""
    tx.execute(delete(REQUEST).where(REQUEST.c.client == client, REQUEST.c.key == key, REQUEST.c.status.is_(None)))


def expire(tx: Transaction, *, at: datetime) -> int:
    """Drop keys whose time is over, some at a time; return how many."""
    late = select(REQUEST.c.client, REQUEST.c.key).where(REQUEST.c.expires_at <= at).limit(EXPIRED_MAX)
    keys = [(row.client, row.key) for row in tx.execute(late)]
    for client, key in keys:
        tx.execute(delete(REQUEST).where(REQUEST.c.client == client, REQUEST.c.key == key))
    return len(keys)
