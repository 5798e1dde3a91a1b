"""A log gets its next name: one tree, two names, and nobody who kept a checkpoint loses the thread."""

from dataclasses import replace
from pathlib import Path

import pytest

from registry import leaves
from registry.db import reading
from registry.vault import FolderVault
from signer.errors import LogBehindError, LogClosedError, LogTurnError
from signer.log_files import FolderStore
from signer.log_recovery import recover_log
from signer.log_safety import HeadGuard, published_checkpoint
from signer.log_turn import turn_log
from signer.proofs import prove_inclusion
from signer.publish import publish, publish_log
from tests.key_room import ORIGIN
from tests.log_house import LogHouse
from tests.unit.signer.test_publish import goes_back, grows
from verify.log_entry import EntryKind, LogEntry
from verify.log_proof import check_receipt
from verify.note import open_checkpoint
from verify.tree import check_consistency, combine, consistency_nodes

NEXT = "log.test.example/2027"


def turned(house: LogHouse) -> LogHouse:
    return replace(house, log=turn_log(house.log, NEXT))


def test_the_old_name_is_closed_by_its_last_entry_and_the_new_one_links_it(founded: LogHouse, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "public")
    grows(founded, 300)
    publish(founded.database, founded.log.verifier, store)
    before = published_checkpoint(founded.log.verifier, store, "log")
    assert before is not None

    house = turned(founded)
    grows(house, 5)

    with reading(house.database) as tx:
        old, new = leaves.all_heads(tx)
        found = [LogEntry.decode(each.entry) for each in leaves.entries(tx, NEXT, old.size - 1, old.size + 1)]
        assert leaves.newest_origin(tx, ORIGIN) == NEXT
        assert leaves.find_by_digest(tx, ORIGIN, found[0].digest) == old.size - 1, "leaves keep their numbers"
        groups = consistency_nodes(before.size, new.size)
        path = combine(groups, leaves.nodes(tx, NEXT, [node for group in groups for node in group]))
    assert [(each.kind, each.detail) for each in found] == [
        (EntryKind.CLOSED, {1: NEXT}),
        (EntryKind.GENESIS, {1: NEXT, 2: ORIGIN, 3: old.size, 4: old.root}),
    ]
    assert (old.size, new.size) == (302, 308)
    last = open_checkpoint(old.note, (founded.log.verifier,))
    assert (last.origin, last.size, last.root) == (ORIGIN, old.size, old.root)
    now = open_checkpoint(new.note, (house.log.verifier,))
    check_consistency(before.size, before.root, now.size, now.root, path)

    publish_log(house.database, house.log.verifier, store)
    assert published_checkpoint(house.log.verifier, store, "log") == now
    assert published_checkpoint(founded.log.verifier, store, "log/closed/302") == last
    assert (store.get("log/log.vkey") or b"").startswith(NEXT.encode())
    assert publish(house.database, house.log.verifier, store).files == 0
    receipt = prove_inclusion(house.database, NEXT, 7)
    assert receipt is not None
    assert check_receipt(receipt, (house.log.verifier,)).origin == NEXT


def test_nothing_is_written_under_a_closed_name_and_no_name_is_used_twice(founded: LogHouse) -> None:
    house = turned(founded)
    head = house.head(NEXT)

    for late in (founded.log, replace(founded.log)):
        with pytest.raises(LogClosedError):
            late.append([])
        with pytest.raises(LogClosedError):
            turn_log(late, "log.test.example/2028")
    for name in (ORIGIN, NEXT, "", "a name", "x" * 200):
        with pytest.raises(LogTurnError):
            turn_log(house.log, name)

    assert house.head(NEXT) == head


def test_a_copy_from_before_the_turn_comes_back_with_it(founded: LogHouse, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "public")
    grows(founded, 254)
    old = founded.head()
    house = turned(founded)
    grows(house, 20)
    publish(house.database, house.log.verifier, store)
    after = house.head(NEXT)
    goes_back(house, old)
    guard = HeadGuard(database=founded.database, verifier=founded.log.verifier, store=store)
    with pytest.raises(LogBehindError):
        replace(founded.log, guard=guard).append([])

    done = recover_log(replace(founded.log), store, FolderVault(tmp_path / "vault"), at=founded.clock())

    assert done.count == after.size - old.size
    with reading(house.database) as tx:
        closed, now = leaves.all_heads(tx)
    assert (closed.origin, closed.size, now.origin) == (ORIGIN, 256, NEXT)
    assert now.size == after.size + 1
    publish(house.database, house.log.verifier, store)
