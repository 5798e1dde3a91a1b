"""Batches: rows known by content, chunks held under a lease."""

from datetime import datetime, timedelta
from hashlib import sha256

import pytest

from registry import drafts, jobs
from registry.db import reading, transaction
from registry.errors import BatchConflictError, LeaseLostError, UnknownBatchError
from registry.jobs import RowOutcome, SheetRow
from registry.records import BatchRow, Chunk, RowState
from tests.registry_office import AT, BUREAU, SIGNBOARD, Office
from verify.errors import FieldProblem

LEASE = timedelta(minutes=10)
PROBLEM = FieldProblem(field="holder_name", code="field.missing")


def row(office: Office, number: int, *problems: FieldProblem) -> SheetRow:
    return SheetRow(
        row=number,
        content_digest=sha256(str(number).encode()).digest(),
        draft=None if problems else office.draft(),
        problems=problems,
    )


def new_batch(office: Office) -> str:
    with transaction(office.database) as tx:
        return jobs.create_batch(tx, BUREAU, SIGNBOARD, created_by="officer", at=AT, random=office.random)


def add(office: Office, batch: str, *rows: SheetRow) -> int:
    with transaction(office.database) as tx:
        return jobs.add_rows(tx, batch, rows, at=AT, random=office.random)


def batch_of(office: Office, count: int, *, size: int = 50) -> str:
    """Return a batch of so many good rows, cut into chunks of that size."""
    batch = new_batch(office)
    add(office, batch, *(row(office, number) for number in range(2, 2 + count)))
    with transaction(office.database) as tx:
        jobs.cut(tx, batch, at=AT, size=size)
    return batch


def take(office: Office, worker: str, at: datetime = AT, of: tuple[str, int] | None = None) -> Chunk | None:
    with transaction(office.database) as tx:
        return jobs.take_chunk(tx, worker, at=at, until=at + LEASE, of=of)


def open_rows(office: Office, chunk: Chunk) -> tuple[BatchRow, ...]:
    with transaction(office.database) as tx:
        return jobs.open_rows(tx, chunk)


def test_a_sheet_sent_again_adds_nothing(office: Office) -> None:
    batch = new_batch(office)
    rows = [row(office, 2), row(office, 3), row(office, 4, PROBLEM)]

    assert add(office, batch, *rows[:2]) == 2
    assert add(office, batch, *rows) == 1
    assert add(office, batch, *rows) == 0

    with reading(office.database) as tx:
        found = jobs.find_batch(tx, batch)
        kept = jobs.rows_of_batch(tx, batch)
    assert found is not None
    assert (found.rows, found.bad, found.issued, found.refused, found.state) == (3, 1, 0, 0, "open")
    assert [(each.row, each.state, each.problems) for each in kept] == [
        (2, RowState.READY, ()),
        (3, RowState.READY, ()),
        (4, RowState.BAD, (PROBLEM,)),
    ]


def test_a_row_with_another_content_is_never_exchanged_silently(office: Office) -> None:
    batch = new_batch(office)
    add(office, batch, row(office, 2))
    changed = SheetRow(row=2, content_digest=bytes(32), draft=office.draft())

    with pytest.raises(BatchConflictError):
        add(office, batch, row(office, 3), changed)

    with reading(office.database) as tx:
        assert [each.row for each in jobs.rows_of_batch(tx, batch)] == [2]


def test_an_unknown_batch_is_named_as_such(office: Office) -> None:
    with pytest.raises(UnknownBatchError):
        add(office, "none", row(office, 2))
    with reading(office.database) as tx:
        assert jobs.find_batch(tx, "none") is None


def test_ready_rows_are_cut_once(office: Office) -> None:
    batch = new_batch(office)
    add(office, batch, *(row(office, number) for number in range(2, 9)), row(office, 99, PROBLEM))
    with transaction(office.database) as tx:
        assert jobs.cut(tx, batch, at=AT, size=3) == (0, 1, 2)
        assert jobs.cut(tx, batch, at=AT, size=3) == ()
    add(office, batch, row(office, 20))
    with transaction(office.database) as tx:
        assert jobs.cut(tx, batch, at=AT, size=3) == (3,)


def test_a_chunk_has_one_worker_until_its_lease_runs_out(office: Office) -> None:
    batch = batch_of(office, 4, size=2)

    first, second = take(office, "a"), take(office, "b")
    assert first is not None
    assert second is not None
    assert {first.number, second.number} == {0, 1}
    assert take(office, "c") is None
    assert take(office, "c", of=(batch, 0)) is None

    again = take(office, "c", at=AT + LEASE + timedelta(seconds=1))
    assert again is not None
    assert (again.number, again.attempts) == (0, 2)
    with pytest.raises(LeaseLostError), transaction(office.database) as tx:
        jobs.finish_chunk(tx, first)
    with transaction(office.database) as tx:
        jobs.finish_chunk(tx, again)


def test_the_named_chunk_is_taken(office: Office) -> None:
    batch = batch_of(office, 4, size=2)

    chunk = take(office, "a", of=(batch, 1))

    assert chunk is not None
    assert chunk.number == 1


def test_who_renews_the_lease_keeps_the_chunk(office: Office) -> None:
    batch_of(office, 1)
    chunk = take(office, "a")
    assert chunk is not None
    with transaction(office.database) as tx:
        jobs.renew_chunk(tx, chunk, until=AT + 3 * LEASE)

    assert take(office, "b", at=AT + 2 * LEASE) is None


def test_outcomes_are_written_and_the_batch_is_done(office: Office) -> None:
    batch = batch_of(office, 2)
    chunk = take(office, "a")
    assert chunk is not None
    assert [each.row for each in open_rows(office, chunk)] == [2, 3]
    with transaction(office.database) as tx:
        jobs.finish_rows(
            tx,
            chunk,
            [RowOutcome(row=2, licence_id="0" * 16), RowOutcome(row=3, licence_id=None, problems=(PROBLEM,))],
        )
        jobs.finish_rows(tx, chunk, [])
        jobs.finish_chunk(tx, chunk)

    with reading(office.database) as tx:
        found = jobs.find_batch(tx, batch)
        refused = jobs.rows_of_batch(tx, batch, state=RowState.REFUSED)
        assert jobs.list_batches(tx, BUREAU) == (found,)
        assert jobs.list_batches(tx, "1199999900000006XQ") == ()
    assert found is not None
    assert (found.state, found.issued, found.refused, found.chunks_running, found.chunks_waiting) == (
        "done",
        1,
        1,
        0,
        0,
    )
    assert [(each.row, each.problems) for each in refused] == [(3, (PROBLEM,))]


def test_a_row_whose_draft_was_filed_counts_as_issued_after_a_crash(office: Office) -> None:
    batch = batch_of(office, 2)
    chunk = take(office, "a")
    assert chunk is not None
    first = open_rows(office, chunk)[0]

    with reading(office.database) as tx:
        records = drafts.find_drafts(tx, [first.draft_id or ""])
    (place,) = office.reserves(records)
    leaf = office.intends((place,))[place.licence_id]
    (filed,) = office.files([office.filing(records[0], place, leaf)])

    again = take(office, "b", at=AT + LEASE + timedelta(seconds=1))
    assert again is not None

    assert [each.row for each in open_rows(office, again)] == [3]
    with reading(office.database) as tx:
        (issued,) = jobs.rows_of_batch(tx, batch, state=RowState.ISSUED)
    assert (issued.row, issued.licence_id) == (2, filed.licence_id)


def test_a_cancelled_batch_gives_no_chunks_and_takes_no_rows(office: Office) -> None:
    batch = batch_of(office, 2)
    with transaction(office.database) as tx:
        jobs.cancel_batch(tx, batch)

    assert take(office, "a") is None
    with pytest.raises(BatchConflictError):
        add(office, batch, row(office, 50))
    with reading(office.database) as tx:
        found = jobs.find_batch(tx, batch)
    assert found is not None
    assert found.state == "cancelled"


def test_rows_are_listed_in_pages(office: Office) -> None:
    batch = batch_of(office, 5)

    with reading(office.database) as tx:
        first = jobs.rows_of_batch(tx, batch, limit=2)
        rest = jobs.rows_of_batch(tx, batch, after=first[-1].row)

    assert [each.row for each in first + rest] == [2, 3, 4, 5, 6]


def test_rows_that_a_batch_of_late_has_are_counted_by_batch_and_stopped_or_bad_ones_are_not(office: Office) -> None:
    first, stopped = new_batch(office), new_batch(office)
    add(office, first, row(office, 2), row(office, 3), row(office, 4, PROBLEM))
    add(office, stopped, row(office, 2))
    with transaction(office.database) as tx:
        jobs.cancel_batch(tx, stopped)
    digests = [row(office, number).content_digest for number in (3, 4, 2, 9)]

    with reading(office.database) as tx:
        assert jobs.rows_sent_before(tx, BUREAU, digests) == {first: 2}
        assert jobs.rows_sent_before(tx, "11999999000000078Q", digests) == {}
        assert jobs.rows_sent_before(tx, BUREAU, ()) == {}
