"""Entries that wait for the sequencer."""

import pytest

from registry import leaves
from registry.db import reading, transaction
from registry.pending import PENDING_MAX
from tests.registry_office import AT, Office
from verify.log_entry import EntryKind

DIGEST = bytes(32)


def test_an_entry_of_one_key_waits_once(office: Office) -> None:
    for digest in (DIGEST, b"\x01" * 32):
        with transaction(office.database) as tx:
            leaves.add_pending(tx, EntryKind.KEY, digest, {1: "made", 2: bytes(8)}, at=AT, key="key:1")

    with reading(office.database) as tx:
        (waiting,) = leaves.take_pending(tx)
        assert leaves.count_pending(tx) == 1
    assert (waiting.kind, waiting.digest, waiting.detail) == (EntryKind.KEY, DIGEST, {1: "made", 2: bytes(8)})


def test_an_entry_without_detail_stays_without(office: Office) -> None:
    with transaction(office.database) as tx:
        leaves.add_pending(tx, EntryKind.RECEIPT, DIGEST, None, at=AT, key="receipt:1")

    with reading(office.database) as tx:
        assert [each.detail for each in leaves.take_pending(tx)] == [None]


def test_what_was_rolled_back_never_waits(office: Office) -> None:
    with pytest.raises(KeyboardInterrupt), transaction(office.database) as tx:  # noqa: PT012 - the crash comes after
        leaves.add_pending(tx, EntryKind.RECEIPT, DIGEST, None, at=AT, key="receipt:1")
        raise KeyboardInterrupt

    with reading(office.database) as tx:
        assert leaves.take_pending(tx) == ()


def test_a_thousand_are_taken_at_once_oldest_first(office: Office) -> None:
    with transaction(office.database) as tx:
        for number in range(PENDING_MAX + 5):
            leaves.add_pending(tx, EntryKind.RECEIPT, DIGEST, None, at=AT, key=f"receipt:{number}")

    with transaction(office.database) as tx:
        taken = leaves.take_pending(tx)
        leaves.pending_sequenced(tx, {each.pending_id: number for number, each in enumerate(taken)})
        leaves.pending_sequenced(tx, {})
        rest = leaves.take_pending(tx)

    assert len(taken) == PENDING_MAX
    assert len(rest) == 5
    assert max(each.pending_id for each in taken) < min(each.pending_id for each in rest)
