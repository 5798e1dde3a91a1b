"""Recover from crashes: give up what was begun and never filed, and bring log, status lists and vault up to date.

Promises:
  * An intent without a filed result, whose worker's lease has run out, is logged as abandoned, once, and its place in
    the status list says "ended", for its code may have been signed; its use of a seal is given back. The draft keeps
    its number and goes the whole way again. Nothing is finished: that would need a second signature over one intent.
  * An official document whose sealing was begun and given up is given up whole: it is prepared anew. One that nobody
    sealed for a month is given up too.
  * A worker that is alive is left alone: its lease has not run out, and filing checks that its intents still stand.
  * A document that no row names is swept when it is older than any lease, never earlier.
  * May run at any time, any number of times, in any number of processes at once.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from registry import leaves, licences, numbers, official_documents, recovered, seal_uses
from registry.db import Database, reading, transaction
from signer.desk import Desk
from signer.log_entries import abandoned
from signer.seal_histories import refresh_seal_histories
from signer.seal_statuses import refresh_seal_lists
from signer.statuses import refresh_status_lists

# Attempts given up in one transaction; a crash leaves a chunk or two behind, a day without recovery some more.
ATTEMPTS_AT_ONCE: Final = 500
# A document stands in the vault before its row is committed; after so many leases its worker has surely lost its own.
_SWEEP_AFTER_LEASES: Final = 3
# An approver may be on leave; after a month whoever prepared a document looks at it anew.
PREPARED_KEPT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What was found: attempts given up, entries that waited for the log, documents swept, lists published."""

    abandoned: int
    sequenced: int
    swept: int
    lists: tuple[int, ...]


def recover(desk: Desk, *, at: datetime) -> Recovered:
    """Recover at start, and every few minutes after.

    1. Give up the attempts whose lease has run out: leave the log's entry, end their places. 2. Sequence what waits for
    the log. 3. Publish the status lists that changed. 4. Sweep documents that no row names.

    Raises `LogClockError` and what the database and the disk raise; what was done until then stays done.
    """
    given_up = abandon_overdue(desk, at=at)  # (1)
    sequenced = sequence_waiting(desk)  # (2)
    lists = refresh_status_lists(desk, at=at)  # (3)
    refresh_seal_lists(desk, at=at)
    refresh_seal_histories(desk, at=at)
    swept = sweep_vault(desk, at=at)  # (4)
    return Recovered(abandoned=given_up, sequenced=sequenced, swept=swept, lists=lists)


def abandon_overdue(desk: Desk, *, at: datetime) -> int:
    """Give up all attempts whose lease has run out, and return how many."""
    total = 0
    while found := _abandon_some(desk, at=at):
        total += found
    return total


def sequence_waiting(desk: Desk) -> int:
    """Sequence the entries that wait now, and return how many there were."""
    with reading(desk.database) as tx:
        waiting = leaves.count_pending(tx)
    for _ in range(0, waiting, leaves.PENDING_MAX):
        desk.log.flush_pending()
    return waiting


def sweep_vault(desk: Desk, *, at: datetime) -> int:
    """Remove documents that no row names and that are older than any lease; return how many."""
    oldest: timedelta = _SWEEP_AFTER_LEASES * desk.log.lease
    return desk.vault.sweep(lambda digests: named_by_rows(desk.database, digests), older_than=(at - oldest).timestamp())


def _abandon_some(desk: Desk, *, at: datetime) -> int:
    with transaction(desk.database) as tx:
        official_documents.abandon_prepared(tx, before=at - PREPARED_KEPT)
    with transaction(desk.database) as tx:
        intents = leaves.overdue_intents(tx, desk.log.origin, at=at, limit=ATTEMPTS_AT_ONCE)
        entries = leaves.entries_at(tx, desk.log.origin, [intent.leaf_index for intent in intents])
        for intent in intents:
            entry = abandoned(intent.leaf_index, entries[intent.leaf_index])
            key = f"abandoned:{intent.log}:{intent.leaf_index}"
            leaves.add_pending(tx, entry.kind, entry.digest, entry.detail, at=at, key=key)
        attempts = sorted({intent.licence_id for intent in intents})
        leaves.abandon_intents(tx, attempts)
        numbers.end_places(tx, attempts)
        seal_uses.abandon_uses(tx, attempts=attempts)
        seal_uses.abandon_overdue(tx, at=at)  # taken, but nothing was logged before the crash
        official_documents.abandon_stranded(tx)
    desk.after("abandoned")
    return len(attempts)


def named_by_rows(database: Database, digests: Sequence[str]) -> AbstractSet[str]:
    """Return which of these digests belong to documents that some row names."""
    with reading(database) as tx:
        named = licences.named_documents(tx, digests) | official_documents.named_officials(tx, digests)
        return named | recovered.named_recovered(tx, digests)
