"""The rows of the log: no forks, all hashes of complete subtrees, proofs from few rows."""

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import leaves
from registry.db import open_database, reading, transaction
from registry.errors import LogConflictError
from registry.leaves import StoredEntry
from registry.schema import upgrade
from tests.registry_office import AT, ORIGIN, Office
from verify.log_entry import EntryKind, LogEntry
from verify.tree import EMPTY_ROOT, check_inclusion, combine, inclusion_nodes, leaf_hash, root_of


def test_a_log_that_was_never_written_is_empty(office: Office) -> None:
    with reading(office.database) as tx:
        head = leaves.head(tx, ORIGIN)

    assert (head.size, head.root, head.edge, head.time) == (0, EMPTY_ROOT, (), None)


def test_the_head_is_what_was_appended(office: Office) -> None:
    with transaction(office.database) as tx:
        office.logs(tx, [b"a", b"b"])
    with transaction(office.database) as tx:
        assert office.logs(tx, [b"c"]) == 2

    with reading(office.database) as tx:
        head = leaves.head(tx, ORIGIN)
        entries = leaves.entries(tx, ORIGIN, 1, 99)
        assert leaves.entries_at(tx, ORIGIN, [0, 2, 7]) == {0: b"a", 2: b"c"}
    assert (head.size, head.time, head.note) == (3, AT, "note 3")
    assert head.root == root_of([leaf_hash(each) for each in (b"a", b"b", b"c")])
    assert [(each.index, each.entry) for each in entries] == [(1, b"b"), (2, b"c")]


def test_two_logs_of_one_database_do_not_meet(office: Office) -> None:
    with transaction(office.database) as tx:
        office.logs(tx, [b"a"])
        other = leaves.lock_head(tx, "another.log")

    assert other.size == 0
    with reading(office.database) as tx:
        assert leaves.entries(tx, "another.log", 0, 9) == ()
        assert leaves.find_by_digest(tx, "another.log", sha256(b"a").digest()) is None
        assert leaves.find_by_digest(tx, ORIGIN, sha256(b"a").digest()) == 0


def test_an_entry_of_another_kind_with_the_same_digest_hides_no_intent(office: Office) -> None:
    """A digest is free to choose in an entry of an act: nobody may stand in front of the intent of a signature."""
    with transaction(office.database) as tx:
        before = leaves.lock_head(tx, ORIGIN)
        forged, meant = (
            LogEntry(kind=kind, time=AT, digest=bytes(32), detail=detail).encode()
            for kind, detail in ((EntryKind.ADMIN, {1: "x"}), (EntryKind.INTENT, {1: "code", 2: bytes(8)}))
        )
        entries = [replace(stored(index, each), digest=bytes(32)) for index, each in enumerate((forged, meant))]
        nodes = {(0, each.index): each.leaf_hash for each in entries}
        leaves.append(tx, before, entries, nodes, replace(before, size=2, root=bytes(32), note="note", time=AT))

    with reading(office.database) as tx:
        assert leaves.find_by_digest(tx, ORIGIN, bytes(32)) == 0
        assert leaves.find_by_digest(tx, ORIGIN, bytes(32), EntryKind.INTENT) == 1
        assert leaves.find_by_digest(tx, ORIGIN, bytes(32), EntryKind.ABANDONED) is None


def stored(index: int, entry: bytes = b"x") -> StoredEntry:
    return StoredEntry(index=index, entry=entry, leaf_hash=leaf_hash(entry), digest=sha256(entry).digest())


def test_a_batch_that_was_made_for_another_head_is_refused(office: Office) -> None:
    with transaction(office.database) as tx:
        stale = leaves.lock_head(tx, ORIGIN)
        office.logs(tx, [b"a"])

    after = replace(stale, size=1, root=leaf_hash(b"x"), edge=(leaf_hash(b"x"),), time=AT)
    with pytest.raises(LogConflictError), transaction(office.database) as tx:
        leaves.append(tx, stale, [stored(0)], {(0, 0): leaf_hash(b"x")}, after)
    with reading(office.database) as tx:
        assert leaves.entries(tx, ORIGIN, 0, 9) == (stored(0, b"a"),)


def test_entries_that_do_not_lead_from_head_to_head_are_refused(office: Office) -> None:
    with transaction(office.database) as tx:
        before = leaves.lock_head(tx, ORIGIN)

    with pytest.raises(LogConflictError), transaction(office.database) as tx:
        leaves.append(tx, before, [stored(1)], {}, replace(before, size=1))


def test_an_empty_batch_may_renew_the_note(office: Office) -> None:
    with transaction(office.database) as tx:
        office.logs(tx, [b"a"])
        before = leaves.lock_head(tx, ORIGIN)
        leaves.append(tx, before, (), {}, replace(before, note="cosigned"))

    with reading(office.database) as tx:
        assert leaves.head(tx, ORIGIN).note == "cosigned"


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_every_leaf_is_proven_from_the_kept_nodes(tmp_path_factory: object, batches: list[int]) -> None:
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('log')}/log.sqlite")  # type: ignore[attr-defined]
    upgrade(database)
    office = Office(database)
    for number, count in enumerate(batches):
        with transaction(database) as tx:
            office.logs(tx, [f"{number} {each}".encode() for each in range(count)])

    with reading(database) as tx:
        head = leaves.head(tx, ORIGIN)
        for entry in leaves.entries(tx, ORIGIN, 0, head.size):
            groups = inclusion_nodes(entry.index, head.size)
            found = leaves.nodes(tx, ORIGIN, [node for group in groups for node in group])
            check_inclusion(entry.leaf_hash, entry.index, head.size, combine(groups, found), head.root)
    database.close()


def test_nodes_that_are_not_complete_are_not_there(office: Office) -> None:
    with transaction(office.database) as tx:
        office.logs(tx, [b"a", b"b", b"c"])

    with reading(office.database) as tx:
        assert leaves.nodes(tx, ORIGIN, [(1, 0), (1, 1), (2, 0), (0, 2), (0, 3)]).keys() == {(1, 0), (0, 2)}
        assert leaves.nodes(tx, ORIGIN, []) == {}


def test_many_nodes_are_fetched_in_parts(office: Office) -> None:
    with transaction(office.database) as tx:
        office.logs(tx, [str(number).encode() for number in range(1200)])

    with reading(office.database) as tx:
        wanted = [(0, number) for number in range(1200)] + [(1, number) for number in range(600)]
        assert leaves.nodes(tx, ORIGIN, wanted).keys() == set(wanted)
