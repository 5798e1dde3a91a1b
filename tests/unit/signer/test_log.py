"""The signing log on both databases: written before signed, one order for all, never backwards, never forked."""

import asyncio
import multiprocessing
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from keys.errors import KeyMissingError
from registry import leaves
from registry.db import Transaction, reading, transaction
from registry.errors import NestedTransactionError
from registry.records import IntentState
from signer.errors import LogClockError, LogExistsError, LogMissingError
from signer.log_entries import EntryDraft, genesis, key_event
from tests.key_room import CHECKPOINT, ORIGIN
from tests.log_house import LogHouse
from verify.key_purpose import KeyPurpose
from verify.log_entry import EntryKind, LogEntry
from verify.log_proof import LogReceipt, check_receipt
from verify.note import open_checkpoint
from verify.tree import check_consistency, combine, consistency_nodes, leaf_hash, root_of

ROUNDS = 12
EACH = 3


def _drafts(*names: str) -> list[EntryDraft]:
    return [key_event("made", b"12345678", name.encode()) for name in names]


def _licence_intent(licence_id: str, purpose: KeyPurpose) -> EntryDraft:
    return EntryDraft(
        kind=EntryKind.INTENT,
        digest=sha256(licence_id.encode()).digest(),
        detail={1: purpose.value, 2: b"12345678"},
        purpose=purpose,
        licence_id=licence_id,
    )


def _undone_act(house: LogHouse) -> None:
    """Leave an entry in a transaction that fails."""
    with transaction(house.database) as tx:
        leaves.add_pending(tx, EntryKind.ADMIN, b"1" * 32, {1: "undone"}, at=house.clock(), key="an act undone")
        house.log.append(_drafts("refused, which undoes the act"))


def _demand_whole(house: LogHouse) -> None:
    """See that entries, hashes and the signed head agree, with nothing but the entries to go by."""
    head, entries = house.head(), house.entries()
    checkpoint = open_checkpoint(head.note, (house.log.verifier,))

    assert [each.index for each in entries] == list(range(head.size))
    assert [each.leaf_hash for each in entries] == [leaf_hash(each.entry) for each in entries]
    assert (checkpoint.size, checkpoint.root) == (head.size, head.root)
    assert head.root == root_of(each.leaf_hash for each in entries)
    times = [LogEntry.decode(each.entry).time for each in entries]
    assert times == sorted(times)


def test_a_receipt_proves_its_entry_under_the_checkpoint_that_was_signed_with_it(founded: LogHouse) -> None:
    receipts = founded.log.append(_drafts("one", "two", "three"))

    assert [each.index for each in receipts] == [1, 2, 3]
    for receipt, name in zip(receipts, (b"one", b"two", b"three"), strict=True):
        assert check_receipt(receipt, (founded.log.verifier,)).size == 4
        assert LogEntry.decode(receipt.entry).digest == sha256(name).digest()
    _demand_whole(founded)


def test_a_log_begins_with_its_genesis_entry_and_only_once(house: LogHouse) -> None:
    with pytest.raises(LogMissingError):
        house.log.append(_drafts("too early"))
    assert (house.head().size, house.log.is_founded()) == (0, False)

    house.log.found()

    with pytest.raises(LogExistsError):
        house.log.found()
    with pytest.raises(LogExistsError):
        house.log.append([*_drafts("one"), genesis(ORIGIN)])
    assert (house.head().size, house.log.is_founded()) == (1, True)


def test_a_second_genesis_in_the_first_batch_is_refused(house: LogHouse) -> None:
    with pytest.raises(LogExistsError):
        house.log.append([genesis(ORIGIN), genesis(ORIGIN)])

    assert house.head().size == 0


def test_a_clock_a_little_behind_gets_the_last_time_and_one_far_behind_stops_the_log(founded: LogHouse) -> None:
    last = founded.head().time
    founded.clock.moves(timedelta(seconds=-60))
    (receipt,) = founded.log.append(_drafts("a little behind"))
    founded.clock.moves(timedelta(seconds=-1))

    with pytest.raises(LogClockError):
        founded.log.append(_drafts("far behind"))

    assert LogEntry.decode(receipt.entry).time == last
    assert founded.head().size == 2
    founded.clock.moves(timedelta(hours=1))
    founded.log.append(_drafts("mended"))
    _demand_whole(founded)


def test_what_a_committed_transaction_left_behind_is_sequenced_with_the_next_entries(founded: LogHouse) -> None:
    with transaction(founded.database) as tx:
        leaves.add_pending(tx, EntryKind.ADMIN, bytes(32), {1: "changed"}, at=founded.clock(), key="an act")
    with pytest.raises(NestedTransactionError):
        _undone_act(founded)

    receipts = founded.log.append(_drafts("one"))
    founded.log.flush_pending()

    entries = [LogEntry.decode(each.entry) for each in founded.entries()]
    assert [each.kind for each in entries] == [EntryKind.GENESIS, EntryKind.KEY, EntryKind.ADMIN]
    assert [each.index for each in receipts] == [1]


def test_what_waits_is_sequenced_by_itself_when_asked_for(founded: LogHouse) -> None:
    before = founded.head()
    founded.log.flush_pending()
    assert founded.head() == before
    with transaction(founded.database) as tx:
        leaves.add_pending(tx, EntryKind.ADMIN, bytes(32), {1: "changed"}, at=founded.clock(), key="an act")

    founded.log.flush_pending()

    assert founded.head().size == 2
    _demand_whole(founded)


def test_the_intents_of_licences_are_opened_with_a_lease_and_others_are_not(founded: LogHouse) -> None:
    founded.log.append(
        [*_drafts("a key"), _licence_intent("89RBVZ9NYCEFXWTS", KeyPurpose.CODE)],
    )

    with reading(founded.database) as tx:
        (opened,) = leaves.all_intents(tx, ORIGIN)
    assert (opened.leaf_index, opened.licence_id, opened.purpose) == (2, "89RBVZ9NYCEFXWTS", "code")
    assert (opened.state, opened.worker) == (IntentState.OPEN, "worker-1")
    assert opened.lease_until == founded.clock() + founded.log.lease


def test_a_checkpoint_that_cannot_be_signed_leaves_nothing_behind(founded: LogHouse) -> None:
    with transaction(founded.database) as tx:
        leaves.add_pending(tx, EntryKind.ADMIN, bytes(32), {1: "changed"}, at=founded.clock(), key="an act")
    before = founded.head()
    founded.custody.destroy(CHECKPOINT)

    with pytest.raises(KeyMissingError):
        founded.log.append([_licence_intent("89RBVZ9NYCEFXWTS", KeyPurpose.CODE)])

    assert founded.head() == before
    with reading(founded.database) as tx:
        assert len(leaves.take_pending(tx)) == 1
        assert leaves.all_intents(tx, ORIGIN) == ()


def test_nobody_may_append_inside_a_transaction(founded: LogHouse) -> None:
    with transaction(founded.database), pytest.raises(NestedTransactionError):
        founded.log.append(_drafts("one"))

    assert founded.head().size == 1


def test_many_threads_share_commits_and_each_gets_its_own_receipts(founded: LogHouse) -> None:
    together = threading.Barrier(8)

    def appends(caller: int) -> list[tuple[bytes, LogReceipt]]:
        together.wait()
        found = []
        for round_ in range(ROUNDS):
            names = [f"{caller} {round_} {each}" for each in range(EACH)]
            receipts = founded.log.append(_drafts(*names))
            found += [(sha256(name.encode()).digest(), each) for name, each in zip(names, receipts, strict=True)]
        return found

    with ThreadPoolExecutor(8) as pool:
        received = [pair for pairs in pool.map(appends, range(8)) for pair in pairs]

    assert {receipt.index for _, receipt in received} == set(range(1, 8 * ROUNDS * EACH + 1))
    for digest, receipt in received:
        assert LogEntry.decode(receipt.entry).digest == digest
        check_receipt(receipt, (founded.log.verifier,))
    assert len({receipt.note for _, receipt in received}) < 8 * ROUNDS  # fewer commits than calls
    _demand_whole(founded)


def _append_in_a_process(url: str, folder: Path, name: str) -> list[str]:
    house = LogHouse.open(url, folder, name)
    receipts: Sequence[LogReceipt] = ()
    notes = []
    for round_ in range(ROUNDS):
        receipts = house.log.append(_drafts(*(f"{name} {round_} {each}" for each in range(EACH))))
        for receipt in receipts:
            check_receipt(receipt, (house.log.verifier,))
        notes.append(receipts[0].note)
    house.database.close()
    return notes


def test_what_is_filed_with_entries_stands_with_them_or_neither_does(founded: LogHouse) -> None:
    kept: list[int] = []

    def keep(tx: Transaction, logged: Sequence[LogReceipt]) -> None:
        leaves.add_pending(tx, EntryKind.ADMIN, b"1" * 32, {1: "kept"}, at=founded.clock(), key="kept")
        kept.extend(each.index for each in logged)

    def break_down(tx: Transaction, logged: Sequence[LogReceipt]) -> None:
        keep(tx, logged)
        raise ValueError("not kept")

    before = founded.head().size
    with pytest.raises(ValueError, match="not kept"):
        founded.log.append(_drafts("a"), filing=break_down)
    assert founded.head().size == before
    with reading(founded.database) as tx:
        assert leaves.count_pending(tx) == 0

    founded.log.append(_drafts("a", "b"), filing=keep)

    with reading(founded.database) as tx:
        assert leaves.count_pending(tx) == 1
    assert kept == [before, before, before + 1]
    _demand_whole(founded)


def test_who_cannot_file_fails_alone_and_the_others_are_sequenced_without_him(founded: LogHouse) -> None:
    is_held, may_go = threading.Event(), threading.Event()

    def break_down(_tx: Transaction, _logged: Sequence[LogReceipt]) -> None:
        raise ValueError("not kept")

    def hold(_tx: Transaction, _logged: Sequence[LogReceipt]) -> None:
        is_held.set()
        assert may_go.wait(10)

    def append(name: str) -> str:
        try:
            (logged,) = founded.log.append(_drafts(name), filing=break_down if name == "1" else None)
        except ValueError as error:
            return str(error)
        return LogEntry.decode(logged.entry).digest.hex()

    with ThreadPoolExecutor(EACH + 1) as pool:
        first = pool.submit(founded.log.append, _drafts("first"), filing=hold)
        assert is_held.wait(10)
        others = [pool.submit(append, str(number)) for number in range(EACH)]
        while len(founded.log._group.waiting) < EACH:
            time.sleep(0.001)
        may_go.set()
        answers = [each.result() for each in others]
        first.result()

    assert answers == [_drafts("0")[0].digest.hex(), "not kept", _drafts("2")[0].digest.hex()]
    _demand_whole(founded)


def test_two_processes_append_to_one_log_and_it_never_forks(founded: LogHouse) -> None:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(_append_in_a_process, founded.url, founded.folder, name) for name in ("left", "right")]
        notes = [note for future in futures for note in future.result()]

    assert founded.head().size == 1 + 2 * ROUNDS * EACH
    _demand_whole(founded)
    head = founded.head()
    with reading(founded.database) as tx:
        for note in notes:
            checkpoint = open_checkpoint(note, (founded.log.verifier,))
            groups = consistency_nodes(checkpoint.size, head.size)
            wanted = [node for group in groups for node in group]
            path = combine(groups, leaves.nodes(tx, ORIGIN, wanted))
            check_consistency(checkpoint.size, checkpoint.root, head.size, head.root, path)
    assert len(set(notes)) == 2 * ROUNDS


def test_coroutines_get_their_receipts_and_each_its_own_error(founded: LogHouse) -> None:
    def refuse(_tx: Transaction, _receipts: Sequence[LogReceipt]) -> None:
        raise ValueError("nothing is filed")

    async def append() -> list[tuple[LogReceipt, ...] | BaseException]:
        wanted = [founded.log.appended(_drafts(f"{number}", "two")) for number in range(ROUNDS)]
        return await asyncio.gather(
            *wanted, founded.log.appended(_drafts("not"), filing=refuse), return_exceptions=True
        )

    *done, refused = asyncio.run(append())

    assert isinstance(refused, ValueError)
    receipts = [each for found in done if isinstance(found, tuple) for each in found]
    assert sorted(each.index for each in receipts) == list(range(1, 2 * ROUNDS + 1))
    for each in receipts:
        check_receipt(each, (founded.log.verifier,))
    _demand_whole(founded)
