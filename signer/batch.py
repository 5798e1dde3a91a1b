"""Batches: save a checked sheet, have it approved, and issue it chunk by chunk, through crashes and restarts.

1. `start_batch` saves the rows; bad rows are kept as bad, nothing is signed. 2. `approve_batch` is the reviewer's act,
where a type demands one. 3. `release_batch` cuts the good rows into chunks. 4. Workers call `run_chunk` until none is
left: each chunk is a row of the registry with a lease, so a killed worker's chunk is taken again.

Promises:
  * A row is known by batch, number and content: sent twice, it is issued once.
  * Who starts a batch and who approves it are two persons, as with a single licence.
  * A chunk is all outcomes or none: what was filed before a crash is found filed, the rest is issued anew.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from registry import drafts as draft_records
from registry import jobs
from registry.db import Database, Transaction, reading, transaction
from registry.errors import UnknownBatchError
from registry.records import Batch, BatchRow, Chunk, DraftRecord, DraftState, Role, RowState
from signer.desk import Desk, Operator, demand
from signer.errors import NotApprovedError
from signer.issue import issue_chunk
from signer.reservation import CHUNK_MAX, ISSUING_ROLES, RefusedDraft
from signer.sheet_check import CheckedRow, CheckedSheet
from verify.errors import FieldProblem, InvalidFieldsError, YinzhengError

# A chunk takes half a second; a worker that is silent for so long is dead.
LEASE: Final = timedelta(minutes=10)
_REVIEWING_ROLES: Final = frozenset({Role.REVIEWER})
MIXED_TYPES: Final = ""
"""The type code of a batch whose rows are of several types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedBatch:
    """A saved batch: how many rows are good, and how many are new (a sheet sent again brings none)."""

    batch_id: str
    good: int
    bad: int
    new: int


def start_batch(
    database: Database,
    checked: CheckedSheet,
    *,
    operator: Operator,
    at: datetime,
    random: Callable[[int], bytes],
    batch_id: str | None = None,
) -> StartedBatch:
    """Save the rows of the operator's department and submit their drafts; with `batch_id`, add what that batch lacks.

    Rows that could not be read belong to every department's batch. Raises `RoleError`, `BatchConflictError` when a row
    of the batch has another content now, `UnknownBatchError`.
    """
    demand(operator, department=operator.department, roles=ISSUING_ROLES)
    rows = [row for row in checked.rows if row.draft is None or row.draft.issuer == operator.department]
    codes = {row.draft.type_code for row in rows if row.draft is not None}
    if batch_id is None:
        with transaction(database) as tx:
            batch_id = jobs.create_batch(
                tx,
                operator.department,
                codes.pop() if len(codes) == 1 else MIXED_TYPES,
                created_by=operator.person_id,
                at=at,
                random=random,
            )
    new = 0
    for part in _parts(rows):
        with transaction(database) as tx:
            new += jobs.add_rows(tx, batch_id, [_sheet_row(row) for row in part], at=at, random=random)
            _submit(tx, batch_id, part)
    good = sum(row.is_good for row in rows)
    return StartedBatch(batch_id=batch_id, good=good, bad=len(rows) - good, new=new)


def approve_batch(database: Database, batch_id: str, *, reviewer: Operator) -> int:
    """Approve all submitted drafts of a batch and return how many. Raises `OwnDraftError` for who started it."""
    with reading(database) as tx:
        batch = _demand_batch(tx, batch_id)
    demand(reviewer, department=batch.issuer, roles=_REVIEWING_ROLES)
    approved = 0
    for rows in ready_rows(database, batch_id):
        with transaction(database) as tx:
            for record in _drafts_of(tx, rows):
                if record.state is DraftState.SUBMITTED:
                    draft_records.approve_draft(
                        tx, record.draft_id, reviewer=reviewer.person_id, version=record.version
                    )
                    approved += 1
    return approved


def release_batch(database: Database, batch_id: str, *, reviewers: Mapping[str, int], at: datetime) -> tuple[int, ...]:
    """Cut the good rows into chunks and return the chunks' numbers; chunks that are there already stay.

    `reviewers` says for each type code how many reviewers it demands. Raises `NotApprovedError` when a draft that needs
    a reviewer has none: then nothing is released.
    """
    for rows in ready_rows(database, batch_id):
        with reading(database) as tx:
            for record in _drafts_of(tx, rows):
                if record.reviewed_by is None and reviewers.get(record.draft.type_code, 1):
                    raise NotApprovedError
    with transaction(database) as tx:
        return jobs.cut(tx, batch_id, at=at, size=CHUNK_MAX)


def ready_rows(database: Database, batch_id: str) -> Iterator[tuple[BatchRow, ...]]:
    """Yield the rows that are still to be issued, a page at a time."""
    after = -1
    while True:
        with reading(database) as tx:
            rows = jobs.rows_of_batch(tx, batch_id, after=after, state=RowState.READY, limit=CHUNK_MAX)
        if not rows:
            return
        yield rows
        after = rows[-1].row


def take_and_run(
    desk: Desk, worker: str, *, of: tuple[str, int] | None = None, clock: Callable[[], datetime]
) -> Chunk | None:
    """Take one chunk that waits, or the one named, and run it; None when there was none to take."""
    at = clock()
    with transaction(desk.database) as tx:
        chunk = jobs.take_chunk(tx, worker, at=at, until=at + LEASE, of=of)
    if chunk is not None:
        run_chunk(desk, chunk, at=at)
    return chunk


def run_chunk(desk: Desk, chunk: Chunk, *, at: datetime) -> None:
    """Issue the rows of a chunk that are not issued yet, and write down what became of each.

    Raises what stops everybody (`LogClockError`, a database that is away), and `LeaseLostError` when another worker
    took the chunk meanwhile; in both cases the chunk is taken again, and what was filed is found filed.
    """
    with transaction(desk.database) as tx:
        rows = jobs.open_rows(tx, chunk)
        batch = _demand_batch(tx, chunk.batch_id)
        records = _drafts_of(tx, rows)
    operator = Operator(person_id=batch.created_by, department=batch.issuer, role=Role.ISSUING_OFFICER)
    outcomes = issue_chunk(desk, records, operator=operator, at=at) if records else ()
    desk.after("chunk_issued")
    numbers = {row.draft_id: row.row for row in rows}
    with transaction(desk.database) as tx:
        jobs.finish_rows(
            tx,
            chunk,
            [
                jobs.RowOutcome(row=numbers[each.draft_id], licence_id=None, problems=problems_of(each.error))
                if isinstance(each, RefusedDraft)
                else jobs.RowOutcome(row=numbers[each.draft_id], licence_id=each.record.licence_id)
                for each in outcomes
            ],
        )
        jobs.finish_chunk(tx, chunk)


def problems_of(error: YinzhengError) -> tuple[FieldProblem, ...]:
    """Return an error as problems of a row."""
    if isinstance(error, InvalidFieldsError):
        return error.problems
    params = {name: value for name, value in error.params.items() if name != "draft_id"}
    return (FieldProblem(field="", code=error.code, params=params),)


def progress(database: Database, batch_id: str) -> Batch:
    """Return the batch with its counts. Raises `UnknownBatchError`."""
    with reading(database) as tx:
        return _demand_batch(tx, batch_id)


def _demand_batch(tx: Transaction, batch_id: str) -> Batch:
    batch = jobs.find_batch(tx, batch_id)
    if batch is None:
        raise UnknownBatchError
    return batch


def _drafts_of(tx: Transaction, rows: Sequence[BatchRow]) -> tuple[DraftRecord, ...]:
    return draft_records.find_drafts(tx, [row.draft_id for row in rows if row.draft_id is not None])


def _parts(rows: Sequence[CheckedRow]) -> Iterator[Sequence[CheckedRow]]:
    for start in range(0, len(rows), CHUNK_MAX):
        yield rows[start : start + CHUNK_MAX]


def _sheet_row(row: CheckedRow) -> jobs.SheetRow:
    return jobs.SheetRow(
        row=row.number,
        content_digest=row.content_digest,
        draft=row.draft if row.is_good else None,
        problems=row.problems,
    )


def _submit(tx: Transaction, batch_id: str, part: Sequence[CheckedRow]) -> None:
    """Hand in the drafts of these rows that are not handed in yet."""
    rows = jobs.rows_of_batch(tx, batch_id, after=part[0].number - 1, state=RowState.READY, limit=len(part))
    for record in _drafts_of(tx, rows):
        if record.state is DraftState.DRAFT:
            draft_records.submit_draft(tx, record.draft_id, version=record.version)
