"""What goes in and out about batches, version 1."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from api.environment import Language
from api.texts import sentence
from registry.records import Batch, BatchRow, RowState
from verify.errors import FieldProblem


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RowProblem(_Model):
    """One thing that is wrong with a row; `detail` is in the language of Accept-Language."""

    field: str
    code: str
    detail: str
    params: dict[str, str]

    @classmethod
    def of(cls, problem: FieldProblem, language: Language) -> Self:
        """Say it in this language."""
        detail = sentence(problem.code, language, problem.params)
        return cls(field=problem.field, code=problem.code, detail=detail, params=dict(problem.params))


class RowOut(_Model):
    """One row of a sheet, by its number as a spreadsheet program shows it."""

    row: int
    state: RowState
    licence_id: str | None
    draft_id: str | None
    problems: tuple[RowProblem, ...]

    @classmethod
    def of(cls, row: BatchRow, language: Language) -> Self:
        """Copy from the record."""
        return cls(
            row=row.row,
            state=row.state,
            licence_id=row.licence_id,
            draft_id=row.draft_id,
            problems=tuple(RowProblem.of(each, language) for each in row.problems),
        )


class RowPage(_Model):
    """A page of a batch's rows, by number."""

    items: tuple[RowOut, ...]
    next: str | None


class RowQuery(_Model):
    """Which rows of a batch."""

    state: RowState | None = None
    cursor: Annotated[str | None, Field(max_length=120)] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 100


class BadRow(_Model):
    """A row that cannot be issued, and why."""

    row: int
    problems: tuple[RowProblem, ...]


class SheetOut(_Model):
    """Outcome of the pre-check. `bad_rows` are the first two hundred."""

    good: int
    bad: int
    bad_rows: tuple[BadRow, ...]


class BatchOut(_Model):
    """A batch and how far it is: rows by their outcome, parts that wait for a worker or are with one."""

    batch_id: str
    issuer: str
    type_code: str
    created_by: str
    created_at: datetime
    state: Literal["open", "done", "cancelled"]
    rows: int
    issued: int
    bad: int
    refused: int
    parts_waiting: int
    parts_running: int

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """Copy from the record."""
        return cls(
            batch_id=batch.batch_id,
            issuer=batch.issuer,
            type_code=batch.type_code,
            created_by=batch.created_by,
            created_at=batch.created_at,
            state=batch.state,
            rows=batch.rows,
            issued=batch.issued,
            bad=batch.bad,
            refused=batch.refused,
            parts_waiting=batch.chunks_waiting,
            parts_running=batch.chunks_running,
        )


class NewBatchOut(_Model):
    """A batch that was just saved, with what the pre-check found."""

    batch: BatchOut
    sheet: SheetOut


class BatchList(_Model):
    """A department's newest batches."""

    items: tuple[BatchOut, ...]


class ApprovedOut(_Model):
    """How many rows an approval was for."""

    approved: int
    batch: BatchOut
