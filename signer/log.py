"""The signing log: what is to be signed is written, in order, before a key may touch it (decisions.md section 2).

Promises:
  * A receipt is handed out only after the transaction that holds its entry and the signed checkpoint is committed.
  * One row of the database is the lock: any number of threads and processes append to one log, and it never forks.
  * Entries never go back in time; a clock that does stops the log with an error instead.
  * Nobody may call `append` inside a transaction: the sequencer would wait for the caller, and the caller for it.

Group commit without a timer: callers queue, the first one to get the lock sequences all that wait, the others find their
receipts ready. While it works the next batch collects, so the batch grows with the load.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from keys.custody import Custody, KeyName
from registry import leaves
from registry.db import Database, Transaction, reading, transaction
from registry.leaves import LogHead, StoredEntry
from signer.errors import LogClockError, LogExistsError, LogForkError, LogMissingError
from signer.log_entries import EntryDraft, genesis
from signer.log_tree import Growth
from verify.key_purpose import KeyPurpose
from verify.log_entry import LogEntry
from verify.log_proof import LogReceipt
from verify.note import Checkpoint, LogVerifier, checkpoint_body, open_checkpoint, signature_line
from verify.tree import leaf_hash

# Machines on one network agree to well under a second; a minute means that somebody must look.
CLOCK_BEHIND_MAX: Final = timedelta(seconds=60)


@dataclass(slots=True)
class _Ticket:
    """One caller's entries, and what became of them."""

    drafts: tuple[EntryDraft, ...]
    receipts: tuple[LogReceipt, ...] | None = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningLog:
    """The log of one origin. Share one object among the threads of a process; processes meet at the database."""

    database: Database
    custody: Custody
    origin: str
    key: KeyName
    clock: Callable[[], datetime]
    worker: str
    lease: timedelta = timedelta(minutes=10)
    _waiting: list[_Ticket] = field(default_factory=list)
    _queue: threading.Lock = field(default_factory=threading.Lock)
    _leader: threading.Lock = field(default_factory=threading.Lock)

    @property
    def verifier(self) -> LogVerifier:
        """The public half of the log's key, under the log's name."""
        return LogVerifier.of(self.origin, self.custody.public_key(self.key))

    def found(self) -> None:
        """Write the genesis entry. Raises `LogExistsError` when there is one."""
        with reading(self.database) as tx:
            if leaves.head(tx, self.origin).size:
                raise LogExistsError(self.origin)
        self.append((genesis(self.origin),))

    def append(self, drafts: Sequence[EntryDraft]) -> tuple[LogReceipt, ...]:
        """Write these entries one after the other and return their receipts, in the same order.

        Raises `LogClockError`, or what the database raises; then none of them stands in the log, unless the connection broke
        during the commit itself: recovery finds such intents by their lease.
        """
        ticket = _Ticket(tuple(drafts))
        with self._queue:
            self._waiting.append(ticket)
        with self._leader:
            if ticket.receipts is None and ticket.error is None:
                self._lead()
        if ticket.error is not None:
            raise ticket.error
        return ticket.receipts or ()

    def flush_pending(self) -> None:
        """Sequence the entries that committed transactions left behind."""
        self.append(())

    def _lead(self) -> None:
        with self._queue:
            tickets = self._waiting[:]
            self._waiting.clear()
        try:
            receipts = iter(self._sequence(tuple(draft for ticket in tickets for draft in ticket.drafts)))
        except BaseException as error:
            for ticket in tickets:
                ticket.error = error
            return
        for ticket in tickets:
            ticket.receipts = tuple(next(receipts) for _ in ticket.drafts)
