"""The signing log: what is to be signed is written, in order, before a key may touch it (decisions.md section 2).

Promises:
  * A receipt is handed out only after the transaction that holds its entry and the signed checkpoint is committed.
  * One row of the database is the lock: any number of threads and processes append to one log, and it never forks.
  * Entries never go back in time; a clock that does stops the log with an error instead.
  * Nobody may call `append` inside a transaction: the sequencer would wait for the caller, and the caller for it.
  * Before the first entry, after anything went wrong, and every so often the head is compared with what others know
    (`log_safety`); and each time with what this process saw committed last. Until all agree nothing is signed.

Group commit: callers queue, the first in line sequences all that wait (`group`), the others find their receipts ready.
"""

import threading
import time as clocks
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from keys.custody import Custody, KeyName
from registry import leaves
from registry.db import Database, Transaction, reading, refuse_inside_transaction, transaction, translated_errors
from registry.leaves import Intent, LogHead, PendingEntry, StoredEntry
from registry.records import IntentState
from signer.errors import LogClockError, LogClosedError, LogExistsError, LogMissingError
from signer.group import Group, Take, Ticket
from signer.log_entries import EntryDraft, genesis
from signer.log_safety import HeadGuard, demand_grown, demand_own_edge
from signer.log_tree import Growth
from verify.algorithms import PublicKey
from verify.log_entry import EntryKind, LogEntry
from verify.log_proof import LogReceipt
from verify.note import ED25519_TYPE, LogVerifier, checkpoint_body, note_key_id, signature_line
from verify.tree import leaf_hash

# Machines on one network agree to well under a second; a minute means that somebody must look.
CLOCK_BEHIND_MAX: Final = timedelta(seconds=60)
# The 32 bytes of an Ed25519 key stand at the end of its SubjectPublicKeyInfo (RFC 8410, 4).
_ED25519_BYTES: Final = 32


def log_verifier(origin: str, public: PublicKey) -> LogVerifier:
    """Return the public half of a log's key under the log's name; custody is opened with it."""
    raw = public.spki[-_ED25519_BYTES:]
    return LogVerifier(origin, note_key_id(origin, ED25519_TYPE, raw), raw)


Filing = Callable[[Transaction, Sequence[LogReceipt]], None]
"""What a caller writes in the very transaction of its entries, knowing their places."""


@dataclass(slots=True, eq=False)
class _Ticket(Ticket):
    """One caller's entries, and what became of them."""

    drafts: tuple[EntryDraft, ...]
    filing: Filing | None = None
    receipts: tuple[LogReceipt, ...] | None = None
    error: BaseException | None = None


class _FilingError(Exception):
    """One caller's filing failed, so that nothing of this batch stands; the others are sequenced without it."""

    def __init__(self, ticket: _Ticket) -> None:
        super().__init__()
        self.ticket = ticket


@dataclass(slots=True)
class _Memory:
    """What this process saw of the log: the head of its last commit, and when to ask others again."""

    head: LogHead | None = None
    is_doubtful: bool = True
    look_again_at: float = 0.0


def _go_on(_step: str) -> None:
    """Do nothing between two steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningLog:
    """The log of one origin. Share one object among the threads of a process; processes meet at the database.

    `after` is called with a step's name when the step is done: `head_safe head_locked checkpoint_signed entries_written
    committed`; fault tests kill the process there.
    """

    database: Database
    custody: Custody
    origin: str
    key: KeyName
    clock: Callable[[], datetime]
    worker: str
    lease: timedelta = timedelta(minutes=10)
    guard: HeadGuard | None = field(default=None, repr=False)
    after: Callable[[str], None] = field(default=_go_on, repr=False)
    verifier: LogVerifier = field(init=False)
    _memory: _Memory = field(default_factory=_Memory, init=False, repr=False)
    _group: Group[_Ticket] = field(init=False, repr=False)
    _leader: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_group", Group(self._lead))
        object.__setattr__(self, "verifier", log_verifier(self.origin, self.custody.public_key(self.key)))

    def found(self) -> None:
        """Write the genesis entry. Raises `LogExistsError` when there is one."""
        self.append((genesis(self.origin),))

    def is_founded(self) -> bool:
        """Say whether the log has its genesis entry."""
        with reading(self.database) as tx:
            return leaves.head(tx, self.origin).size > 0

    def demand_clock(self) -> None:
        """Raise `LogClockError` while the clock stands too far behind: for acts whose entry follows their commit."""
        with reading(self.database) as tx:
            self.time_after(leaves.head(tx, self.origin))

    def demand_safe(self) -> None:
        """Compare the head with what all others know of it, now. Raises `LogForkError`, `LogMissingError`."""
        with self._leader:
            self._memory.is_doubtful = True
            self._look_around()

    def doubt(self) -> None:
        """Let the next entry be written only after the head was compared with what all others know."""
        self._memory.is_doubtful = True

    def append(self, drafts: Sequence[EntryDraft], *, filing: Filing | None = None) -> tuple[LogReceipt, ...]:
        """Write these entries one after the other and return their receipts, in the same order.

        What `filing` writes is committed with them, or nothing is; what it raises is this caller's alone.
        Raises `LogClockError`, `LogClosedError`, `LogForkError`, or what the database raises; then none of them stands
        in the log, unless the connection broke during the commit itself: recovery finds such intents by their lease.
        """
        refuse_inside_transaction(self.database)
        ticket = _Ticket(tuple(drafts), filing)
        self._group.join(ticket)
        return _answer(ticket)

    async def appended(self, drafts: Sequence[EntryDraft], *, filing: Filing | None = None) -> tuple[LogReceipt, ...]:
        """Do as `append` does for a coroutine. Of one that is cancelled the entries may stand in the log or not."""
        ticket = _Ticket(tuple(drafts), filing)
        await self._group.joined(ticket)
        return _answer(ticket)

    def flush_pending(self) -> None:
        """Sequence the entries that committed transactions left behind: a thousand at a time, so call it again."""
        self.append(())

    def _lead(self, take: Take[_Ticket]) -> None:
        """Sequence all who wait; what goes wrong is the error of each of them."""
        tickets: list[_Ticket] = []
        with self._leader:
            try:
                while not self._is_sequenced(tickets, take):
                    pass
            except BaseException as error:  # noqa: BLE001 - every caller that waits must hear of it; each raises it again
                self._memory.is_doubtful = True
                for ticket in (*tickets, *take()):
                    ticket.error = error

    def _is_sequenced(self, tickets: list[_Ticket], take: Take[_Ticket]) -> bool:
        """Sequence them, or leave out one who cannot file and say that the others are to be tried again."""
        try:
            self._look_around()
            receipts = iter(self._sequence(tickets, take))
        except _FilingError as error:
            error.ticket.error = error.__cause__
            tickets.remove(error.ticket)
            return not tickets
        for ticket in tickets:
            ticket.receipts = tuple(next(receipts) for _ in ticket.drafts)
        return True

    def _look_around(self) -> None:
        """Ask others what they know of the log, when that is due. The leader's lock is held, no transaction is open."""
        memory = self._memory
        if self.guard is None or (not memory.is_doubtful and clocks.monotonic() < memory.look_again_at):
            return
        head = self.guard.compare(with_witnesses=memory.is_doubtful)
        memory.head = memory.head or head
        memory.is_doubtful, memory.look_again_at = False, clocks.monotonic() + self.guard.look_seconds
        self.after("head_safe")

    def _sequence(self, tickets: list[_Ticket], take: Take[_Ticket]) -> tuple[LogReceipt, ...]:
        """Give their entries, and those that wait in the database, their places and times in one transaction.

        1. Lock the head; whoever else appends waits here, and more callers come. 2. Set the time. 3. Grow the tree.
        4. Sign the checkpoint. 5. Write entries, hashes, head and open intents, and what callers file with them.
        6. Commit; only then are there receipts.
        """
        with transaction(self.database) as tx:
            before, is_waited = self._locked_and_looked(tx)  # (1)
            tickets += take()
            pending = leaves.take_pending(tx) if is_waited or not all(each.drafts for each in tickets) else ()
            drafts = tuple(draft for ticket in tickets for draft in ticket.drafts)
            _refuse_second_beginning(before, drafts)
            if not drafts and not pending:
                return ()
            time = self.time_after(before)  # (2)
            waiting: tuple[EntryDraft | PendingEntry, ...] = (*drafts, *pending)
            entries = [
                LogEntry(kind=each.kind, time=time, digest=each.digest, detail=each.detail).encode() for each in waiting
            ]
            hashes = [leaf_hash(entry) for entry in entries]
            growth = Growth(before.size, before.edge, hashes)  # (3)
            note = self.signed_note(growth)  # (4)
            self.after("checkpoint_signed")
            after = replace(before, size=growth.size, root=growth.root, edge=growth.edge, note=note, time=time)
            stored = [
                StoredEntry(index=index, entry=entry, leaf_hash=hashed, digest=draft.digest)
                for index, (entry, hashed, draft) in enumerate(zip(entries, hashes, waiting, strict=True), before.size)
            ]
            leaves.append(tx, before, stored, growth.new_nodes, after)  # (5)
            leaves.open_intents(tx, self._intents(before, drafts, at=time))
            leaves.pending_sequenced(tx, _places(before.size + len(drafts), pending))
            logged = tuple(
                LogReceipt(entry=each.entry, index=each.index, path=growth.path(each.index), note=after.note)
                for each in stored[: len(drafts)]
            )
            _file(tx, tickets, logged)
            self.after("entries_written")
        self._memory.head = after  # (6)
        self.after("committed")
        return logged

    def signed_note(self, growth: Growth) -> str:
        """Return the checkpoint of a grown tree, signed; it is worth nothing until it is committed."""
        body = checkpoint_body(self.origin, growth.size, growth.root)
        line = signature_line(self.origin, self.verifier.key_id, self.custody.sign_counted(self.key, body))
        return f"{body.decode()}\n{line}"

    def locked_head(self, tx: Transaction) -> LogHead:
        """Lock the head, and see that it is what this process knows of it. Raises `LogForkError`, `LogClosedError`."""
        return self._known(tx, leaves.lock_head(tx, self.origin))

    def _locked_and_looked(self, tx: Transaction) -> tuple[LogHead, bool]:
        head, is_waited = leaves.lock_and_look(tx, self.origin)
        return self._known(tx, head), is_waited

    def _known(self, tx: Transaction, head: LogHead) -> LogHead:
        self.after("head_locked")
        if head.is_closed:
            raise LogClosedError(self.origin)
        demand_own_edge(head)
        demand_grown(tx, self._memory.head, head)
        return head

    def time_after(self, before: LogHead) -> datetime:
        """Return the clock's second, or the last entry's where the clock is a little behind it."""
        now = self.clock().astimezone(UTC).replace(microsecond=0)
        if before.time is None or now >= before.time:
            return now
        if before.time - now > CLOCK_BEHIND_MAX:
            raise LogClockError(f"the clock is {before.time - now} behind the log's last entry")
        return before.time

    def _intents(self, before: LogHead, drafts: Sequence[EntryDraft], *, at: datetime) -> list[Intent]:
        """Return the intents of licences among the entries, open until filed or abandoned."""
        return [
            Intent(
                log=before.log,
                leaf_index=index,
                licence_id=draft.licence_id,
                purpose=draft.purpose.value,
                state=IntentState.OPEN,
                worker=self.worker,
                lease_until=at + self.lease,
            )
            for index, draft in enumerate(drafts, before.size)
            if draft.licence_id is not None and draft.purpose is not None
        ]


def _answer(ticket: _Ticket) -> tuple[LogReceipt, ...]:
    if ticket.error is not None:
        raise ticket.error
    return ticket.receipts or ()


def _file(tx: Transaction, tickets: Sequence[_Ticket], logged: Sequence[LogReceipt]) -> None:
    """Let every caller write what belongs to its entries. Raises `_FilingError`."""
    start = 0
    for ticket in tickets:
        mine = logged[start : start + len(ticket.drafts)]
        start += len(ticket.drafts)
        if ticket.filing is not None:
            try:
                with translated_errors():
                    ticket.filing(tx, mine)
            except Exception as error:
                raise _FilingError(ticket) from error


def _refuse_second_beginning(before: LogHead, drafts: Sequence[EntryDraft]) -> None:
    """Let a log begin with its genesis entry, and with no other, and never twice."""
    is_beginning = bool(drafts) and drafts[0].kind is EntryKind.GENESIS
    if not before.size and not is_beginning:
        raise LogMissingError(before.origin)
    if any(each.kind is EntryKind.GENESIS for each in (drafts if before.size else drafts[1:])):
        raise LogExistsError(before.origin)


def _places(first: int, pending: Sequence[PendingEntry]) -> dict[int, int]:
    return {each.pending_id: index for index, each in enumerate(pending, first)}
