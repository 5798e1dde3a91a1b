"""Long work in small parts: a batch is a sheet of rows, cut into chunks that workers take under a lease.

Promises:
  * The chunk's row is the truth: a lost or doubled call to a worker does no harm, and a dead worker's chunk is taken
    over when its lease has run out.
  * A row is known by batch, number and content; the same row sent again is the same row, another content is refused.
  * A row whose draft was filed counts as issued, also when the worker died before it could say so.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, exists, func, insert, select, update

from registry.db import Transaction
from registry.drafts import add_drafts
from registry.errors import BatchConflictError, LeaseLostError, UnknownBatchError
from registry.records import Batch, BatchRow, Chunk, ChunkState, DraftState, LicenceDraft, RowState
from registry.tables import BATCH, CHUNK, DRAFT, SHEET_ROW
from verify.errors import FieldProblem

# One transaction that reserves, two log commits and one that files, for so many licences (decisions.md section 6).
CHUNK_ROWS: Final = 50
BATCHES_MAX: Final = 200
ROWS_PAGE_MAX: Final = 1000
# A sheet that is sent again by mistake is sent soon after.
SENT_BEFORE_BATCHES: Final = 50
_BATCH_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """One row to be added: a draft, or what is wrong with the row."""

    row: int
    content_digest: bytes
    draft: LicenceDraft | None
    problems: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOutcome:
    """What became of a row: a licence, or the reasons against it."""

    row: int
    licence_id: str | None
    problems: tuple[FieldProblem, ...] = ()


def create_batch(
    tx: Transaction, issuer: str, type_code: str, *, created_by: str, at: datetime, random: Callable[[int], bytes]
) -> str:
    """Open an empty batch and return its id."""
    batch_id = random(_BATCH_ID_BYTES).hex()
    values = {
        "batch_id": batch_id,
        "issuer": issuer,
        "type_code": type_code,
        "created_by": created_by,
        "created_at": at,
        "is_cancelled": False,
    }
    tx.execute(insert(BATCH), values)
    return batch_id


def add_rows(
    tx: Transaction, batch_id: str, rows: Sequence[SheetRow], *, at: datetime, random: Callable[[int], bytes]
) -> int:
    """Add rows and save their drafts; rows that are there already are left alone. Return how many are new.

    Raises ``BatchConflictError`` for a row that is there with another content, or when the batch is cancelled.
    """
    batch = _lock(tx, batch_id)
    if batch.is_cancelled:
        raise BatchConflictError
    numbers = [row.row for row in rows]
    query = select(SHEET_ROW.c.row, SHEET_ROW.c.content_digest)
    query = query.where(SHEET_ROW.c.batch_id == batch_id, SHEET_ROW.c.row.in_(numbers))
    known = {row.row: row.content_digest for row in tx.execute(query)}
    if any(known.get(row.row, row.content_digest) != row.content_digest for row in rows):
        raise BatchConflictError
    new = [row for row in rows if row.row not in known]
    good = [(row, row.draft) for row in new if row.draft is not None and not row.problems]
    saved = add_drafts(tx, [draft for _, draft in good], created_by=batch.created_by, at=at, random=random)
    draft_ids = {row.row: record.draft_id for (row, _), record in zip(good, saved, strict=True)}
    if new:
        tx.execute(insert(SHEET_ROW), [_new_row(batch_id, row, draft_ids.get(row.row)) for row in new])
    return len(new)


def cut(tx: Transaction, batch_id: str, *, at: datetime, size: int = CHUNK_ROWS) -> tuple[int, ...]:
    """Cut the rows that are ready and in no chunk into chunks, and return the chunks' numbers."""
    _lock(tx, batch_id)
    ready = (SHEET_ROW.c.batch_id == batch_id, SHEET_ROW.c.chunk.is_(None), SHEET_ROW.c.state == RowState.READY.value)
    rows = tx.execute(select(SHEET_ROW.c.row).where(*ready).order_by(SHEET_ROW.c.row)).scalars().all()
    if not rows:
        return ()
    last = tx.execute(select(func.max(CHUNK.c.number)).where(CHUNK.c.batch_id == batch_id)).scalar_one()
    first = 0 if last is None else last + 1
    numbers = tuple(range(first, first + -(-len(rows) // size)))
    waiting = {"batch_id": batch_id, "state": ChunkState.WAITING.value, "lease_until": at, "attempts": 0}
    tx.execute(insert(CHUNK), [{**waiting, "number": number} for number in numbers])
    here = update(SHEET_ROW).where(SHEET_ROW.c.batch_id == batch_id, SHEET_ROW.c.row == bindparam("of_row"))
    tx.execute(
        here.values(chunk=bindparam("to_chunk")),
        [{"of_row": row, "to_chunk": first + place // size} for place, row in enumerate(rows)],
    )
    return numbers


def take_chunk(
    tx: Transaction, worker: str, *, at: datetime, until: datetime, of: tuple[str, int] | None = None
) -> Chunk | None:
    """Take a chunk that waits or whose lease has run out; None when there is none. ``of`` asks for a certain one."""
    free = (CHUNK.c.state != ChunkState.DONE.value, CHUNK.c.lease_until <= at)
    query = select(CHUNK.c.batch_id, CHUNK.c.number, CHUNK.c.attempts).where(*free)
    if of is not None:
        query = query.where(CHUNK.c.batch_id == of[0], CHUNK.c.number == of[1])
    query = query.where(~exists().where(BATCH.c.batch_id == CHUNK.c.batch_id, BATCH.c.is_cancelled))
    query = query.order_by(CHUNK.c.lease_until, CHUNK.c.batch_id, CHUNK.c.number).limit(1)
    row = tx.execute(query.with_for_update(skip_locked=True, of=CHUNK)).one_or_none()
    if row is None:
        return None
    chunk = Chunk(batch_id=row.batch_id, number=row.number, worker=worker, lease_until=until, attempts=row.attempts + 1)
    values = {
        "state": ChunkState.RUNNING.value,
        "worker": worker,
        "lease_until": until,
        "attempts": chunk.attempts,
    }
    tx.execute(_chunk_update(chunk).values(values))
    return chunk


def renew_chunk(tx: Transaction, chunk: Chunk, *, until: datetime) -> None:
    """Move the lease on. Raises ``LeaseLostError`` when another worker has the chunk."""
    _demand_lease(tx, chunk, {"lease_until": until})


def open_rows(tx: Transaction, chunk: Chunk) -> tuple[BatchRow, ...]:
    """Return the rows of a chunk that are still to be issued; those whose drafts were filed meanwhile are marked so."""
    query = (
        select(SHEET_ROW, DRAFT.c.state.label("draft_state"), DRAFT.c.licence_id.label("filed_as"))
        .join_from(SHEET_ROW, DRAFT, DRAFT.c.draft_id == SHEET_ROW.c.draft_id)
        .where(
            SHEET_ROW.c.batch_id == chunk.batch_id,
            SHEET_ROW.c.chunk == chunk.number,
            SHEET_ROW.c.state == RowState.READY.value,
        )
    )
    rows = tx.execute(query.order_by(SHEET_ROW.c.row)).all()
    filed = [row for row in rows if row.draft_state == DraftState.FILED.value]
    _write_outcomes(tx, chunk.batch_id, [RowOutcome(row=row.row, licence_id=row.filed_as) for row in filed])
    return tuple(_batch_row(row) for row in rows if row.draft_state != DraftState.FILED.value)


def finish_rows(tx: Transaction, chunk: Chunk, outcomes: Sequence[RowOutcome]) -> None:
    """Write down what became of rows of a chunk. Raises ``LeaseLostError``."""
    _demand_lease(tx, chunk, {"worker": chunk.worker})
    _write_outcomes(tx, chunk.batch_id, outcomes)


def finish_chunk(tx: Transaction, chunk: Chunk) -> None:
    """Say that a chunk is done. Raises ``LeaseLostError``."""
    _demand_lease(tx, chunk, {"state": ChunkState.DONE.value})


def cancel_batch(tx: Transaction, batch_id: str) -> None:
    """Let no further chunk of a batch be taken; what is issued stays issued."""
    _lock(tx, batch_id)
    tx.execute(update(BATCH).where(BATCH.c.batch_id == batch_id).values(is_cancelled=True))


def find_batch(tx: Transaction, batch_id: str) -> Batch | None:
    """Return a batch with its counts."""
    row = tx.execute(select(BATCH).where(BATCH.c.batch_id == batch_id)).one_or_none()
    return None if row is None else _batch(tx, row)


def list_batches(tx: Transaction, issuer: str, *, limit: int = 50) -> tuple[Batch, ...]:
    """Return a department's newest batches."""
    query = select(BATCH).where(BATCH.c.issuer == issuer).order_by(BATCH.c.created_at.desc(), BATCH.c.batch_id)
    return tuple(_batch(tx, row) for row in tx.execute(query.limit(min(limit, BATCHES_MAX))).all())


def rows_sent_before(tx: Transaction, issuer: str, digests: Sequence[bytes]) -> dict[str, int]:
    """Return how many rows of these contents a department's newest batches have, issued or to be issued, by batch."""
    query = select(BATCH.c.batch_id).where(BATCH.c.issuer == issuer, ~BATCH.c.is_cancelled)
    newest = tx.execute(query.order_by(BATCH.c.created_at.desc()).limit(SENT_BEFORE_BATCHES)).scalars().all()
    found: dict[str, int] = {}
    for start in range(0, len(digests), ROWS_PAGE_MAX):
        part = digests[start : start + ROWS_PAGE_MAX]
        query_rows = (
            select(SHEET_ROW.c.batch_id, func.count())
            .where(
                SHEET_ROW.c.batch_id.in_(newest),
                SHEET_ROW.c.content_digest.in_(part),
                SHEET_ROW.c.state.in_((RowState.READY.value, RowState.ISSUED.value)),
            )
            .group_by(SHEET_ROW.c.batch_id)
        )
        for batch_id, count in tx.execute(query_rows):
            found[batch_id] = found.get(batch_id, 0) + count
    return found


def rows_of_batch(
    tx: Transaction, batch_id: str, *, after: int = -1, state: RowState | None = None, limit: int = ROWS_PAGE_MAX
) -> tuple[BatchRow, ...]:
    """Return a page of a batch's rows by number, all or those in one state."""
    query = select(SHEET_ROW).where(SHEET_ROW.c.batch_id == batch_id, SHEET_ROW.c.row > after)
    if state is not None:
        query = query.where(SHEET_ROW.c.state == state.value)
    query = query.order_by(SHEET_ROW.c.row).limit(min(limit, ROWS_PAGE_MAX))
    return tuple(_batch_row(row) for row in tx.execute(query))


def _lock(tx: Transaction, batch_id: str) -> Row[Any]:
    row = tx.execute(select(BATCH).where(BATCH.c.batch_id == batch_id).with_for_update()).one_or_none()
    if row is None:
        raise UnknownBatchError
    return row


def _chunk_update(chunk: Chunk) -> Any:  # noqa: ANN401 - a statement of SQLAlchemy
    return update(CHUNK).where(CHUNK.c.batch_id == chunk.batch_id, CHUNK.c.number == chunk.number)


def _demand_lease(tx: Transaction, chunk: Chunk, values: dict[str, object]) -> None:
    mine = (
        CHUNK.c.worker == chunk.worker,
        CHUNK.c.attempts == chunk.attempts,
        CHUNK.c.state == ChunkState.RUNNING.value,
    )
    if not tx.execute(_chunk_update(chunk).where(*mine).values(values)).rowcount:
        raise LeaseLostError


def _write_outcomes(tx: Transaction, batch_id: str, outcomes: Sequence[RowOutcome]) -> None:
    if not outcomes:
        return
    here = update(SHEET_ROW).where(SHEET_ROW.c.batch_id == batch_id, SHEET_ROW.c.row == bindparam("of_row"))
    tx.execute(
        here.values(
            state=bindparam("to_state"), licence_id=bindparam("as_licence"), problems=bindparam("for_problems")
        ),
        [
            {
                "of_row": outcome.row,
                "to_state": (RowState.REFUSED if outcome.licence_id is None else RowState.ISSUED).value,
                "as_licence": outcome.licence_id,
                "for_problems": _problems_text(outcome.problems),
            }
            for outcome in outcomes
        ],
    )


def _new_row(batch_id: str, row: SheetRow, draft_id: str | None) -> dict[str, Any]:
    return {
        "batch_id": batch_id,
        "row": row.row,
        "content_digest": row.content_digest,
        "state": (RowState.BAD if draft_id is None else RowState.READY).value,
        "draft_id": draft_id,
        "problems": _problems_text(row.problems),
    }


def _problems_text(problems: Sequence[FieldProblem]) -> str:
    entries = [{"field": each.field, "code": each.code, "params": dict(each.params)} for each in problems]
    return json.dumps(entries, ensure_ascii=False)


def _batch_row(row: Row[Any]) -> BatchRow:
    return BatchRow(
        row=row.row,
        content_digest=row.content_digest,
        state=RowState(row.state),
        draft_id=row.draft_id,
        licence_id=row.licence_id,
        problems=tuple(FieldProblem(**entry) for entry in json.loads(row.problems)),
    )


def _batch(tx: Transaction, row: Row[Any]) -> Batch:
    mine = SHEET_ROW.c.batch_id == row.batch_id
    rows = dict(_counts(tx, select(SHEET_ROW.c.state, func.count()).where(mine).group_by(SHEET_ROW.c.state)))
    in_batch = CHUNK.c.batch_id == row.batch_id
    chunks = dict(_counts(tx, select(CHUNK.c.state, func.count()).where(in_batch).group_by(CHUNK.c.state)))
    left = chunks.get(ChunkState.WAITING, 0) + chunks.get(ChunkState.RUNNING, 0)
    is_done = bool(rows) and not left and not rows.get(RowState.READY)
    return Batch(
        batch_id=row.batch_id,
        issuer=row.issuer,
        type_code=row.type_code,
        created_by=row.created_by,
        created_at=row.created_at,
        state="cancelled" if row.is_cancelled else "done" if is_done else "open",
        rows=sum(rows.values()),
        issued=rows.get(RowState.ISSUED, 0),
        bad=rows.get(RowState.BAD, 0),
        refused=rows.get(RowState.REFUSED, 0),
        chunks_waiting=chunks.get(ChunkState.WAITING, 0),
        chunks_running=chunks.get(ChunkState.RUNNING, 0),
    )


def _counts(tx: Transaction, query: Any) -> list[tuple[str, int]]:  # noqa: ANN401 - a query of SQLAlchemy
    return [(str(state), int(count)) for state, count in tx.execute(query)]
