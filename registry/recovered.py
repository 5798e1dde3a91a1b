"""What came back into the log after a restore, and what must not be given out again although its rows are lost.

Promises:
  * A document that only a recovered leaf names is named: no sweep takes the last copy of a lost licence.
  * A number that a lost licence bears is never given out again, nor is a place in a status list that it may have.
  * A place whose published status is worse than the registry's keeps the published one, until somebody does the lost
    act again: nothing that was revoked comes back to life.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, update

from registry.db import Transaction
from registry.statements import advance, upsert
from registry.tables import KEPT_STATUS, LICENCE_NUMBER, LINEAGE, LOG_HEAD, PLACE, RECOVERED_LEAF
from verify.status import StatusValue

EVENT: Final = "log_recovered"
"""The word of the log's entry about a recovery."""

STATUS_COUNTER: Final = "status"
# Attempts that reserved a place and never came to be logged lie between those that did.
_MARGIN: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveredLeaf:
    """A leaf that came back: what its entry tells, and what a document that bears its proof tells of the act."""

    leaf_index: int
    what: str
    document: str | None = None
    licence_id: str | None = None
    number: str | None = None


def keep(tx: Transaction, log: int, leaves: Sequence[RecoveredLeaf], *, at: datetime) -> None:
    """Write down which leaves came back."""
    if leaves:
        rows = [
            {
                "log": log,
                "leaf_index": each.leaf_index,
                "what": each.what,
                "document": each.document,
                "licence_id": each.licence_id,
                "number": each.number,
                "recovered_at": at,
            }
            for each in leaves
        ]
        tx.execute(insert(RECOVERED_LEAF), rows)


def recovered(tx: Transaction, origin: str, *, start: int = 0, stop: int | None = None) -> tuple[RecoveredLeaf, ...]:
    """Return the leaves of a log that came back, from one index up to but without another."""
    columns = RECOVERED_LEAF.c
    query = select(columns.leaf_index, columns.what, columns.document, columns.licence_id, columns.number)
    query = query.join_from(RECOVERED_LEAF, LOG_HEAD).where(LOG_HEAD.c.origin == origin, columns.leaf_index >= start)
    if stop is not None:
        query = query.where(columns.leaf_index < stop)
    return tuple(RecoveredLeaf(**row._mapping) for row in tx.execute(query.order_by(columns.leaf_index)))  # noqa: SLF001 - SQLAlchemy's documented name


def named_recovered(tx: Transaction, digests: Sequence[str]) -> frozenset[str]:
    """Return which of these digests belong to documents that a recovered leaf names."""
    query = select(RECOVERED_LEAF.c.document).where(RECOVERED_LEAF.c.document.in_(digests))
    return frozenset(tx.execute(query).scalars())


def keep_number(tx: Transaction, issuer: str, type_code: str, number: str, *, lineage: str, version: int) -> None:
    """Take a number out of what may be given out; nothing happens when it is taken."""
    kept = {"lineage": lineage, "number": number, "last_version": version}
    tx.execute(upsert(tx, LINEAGE).values(kept).on_conflict_do_nothing())
    taken = {"issuer": issuer, "type_code": type_code, "number": number, "lineage": lineage}
    tx.execute(upsert(tx, LICENCE_NUMBER).values(taken).on_conflict_do_nothing())


def pass_places(tx: Transaction, attempts: int) -> None:
    """Give out no place that one of so many lost attempts may have; a list has a million, so some more cost nothing."""
    if attempts:
        advance(tx, STATUS_COUNTER, 2 * attempts + _MARGIN)


def keep_status(tx: Transaction, number: int, published: Mapping[int, StatusValue]) -> tuple[str, ...]:
    """Let places say what the published list says where the registry says "in force".

    Return the licences whose acts are lost, as far as the registry knows them.
    """
    changed: list[str] = []
    for index, value in sorted(published.items()):
        at = (PLACE.c.status_list == number, PLACE.c.status_index == index)
        is_known = tx.execute(select(PLACE.c.status).where(*at)).scalar_one_or_none()
        if is_known is None:
            kept = {"status_list": number, "status_index": index, "status": int(value)}
            tx.execute(upsert(tx, KEPT_STATUS).values(kept).on_conflict_do_nothing())
        elif not is_known:
            statement = update(PLACE).where(*at).values(status=int(value)).returning(PLACE.c.licence_id)
            changed += tx.execute(statement).scalars()
    return tuple(changed)
