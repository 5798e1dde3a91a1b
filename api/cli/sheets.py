"""The work behind `batch` and `demo`: check a sheet, start its batches, issue them chunk by chunk.

Promises:
  * A sheet with rows of several offices becomes one batch for each office, in that office's name.
  * What was issued before an interruption is not issued again: the chunk's row in the registry is the truth.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.cli.people import operator_for
from api.cli.screen import Screen, Tick
from api.settings import Language
from api.texts import sentence
from api.wiring import Office
from registry import catalogue, jobs
from registry.db import reading
from registry.records import Batch, Role, RowState
from signer.batch import StartedBatch, approve_batch, progress, release_batch, start_batch, take_and_run
from signer.precheck import PHOTO_BYTES_MAX
from signer.sheet_check import CheckedRow, CheckedSheet, SheetChecker, bad_rows_sheet, check_sheet, reason_text
from verify.errors import FieldProblem

# Another worker has the last chunk: ask again after so long.
WAIT_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """Who runs and who approves, by person id; None means the only one of each office who may."""

    officer: str | None = None
    reviewer: str | None = None


def photos_in(folder: Path | None) -> Callable[[str], bytes | None]:
    """Return what finds a photo by its file name in a folder; no path in a name leads out of it."""

    def find(name: str) -> bytes | None:
        if folder is None or Path(name).name != name:
            return None
        path = folder / name
        try:
            with path.open("rb") as file:
                return file.read(PHOTO_BYTES_MAX + 1)
        except OSError:
            return None

    return find


def judge(
    office: Office, content: bytes, *, photos: Callable[[str], bytes | None], only_type: str | None, screen: Screen
) -> CheckedSheet:
    """Check all rows of a sheet, showing how far it is. Nothing is saved."""
    with screen.progress("预检（行）", "Checking rows") as tick:
        checker = SheetChecker(
            database=office.database,
            press=office.press,
            only_type=only_type,
            photos=photos,
            progress=lambda done: tick(done, done),
        )
        return check_sheet(checker, content, at=office.clock())


def start(office: Office, checked: CheckedSheet, acting: Acting) -> tuple[StartedBatch, ...]:
    """Save the good rows as one batch for each office, approve what needs it, and cut it into chunks."""
    started = []
    for department in sorted({row.draft.issuer for row in checked.good if row.draft is not None}):
        officer = operator_for(office.database, department, Role.ISSUING_OFFICER, acting.officer)
        of_office = _rows_of(checked, department)
        batch = start_batch(office.database, of_office, operator=officer, at=office.clock(), random=office.random)
        if any(row.licence_type is not None and row.licence_type.reviewers for row in of_office.good):
            reviewer = operator_for(office.database, department, Role.REVIEWER, acting.reviewer)
            approve_batch(office.database, batch.batch_id, reviewer=reviewer)
        release_batch(office.database, batch.batch_id, reviewers=_reviewers(office), at=office.clock())
        started.append(batch)
    return tuple(started)


def run(office: Office, batch_ids: tuple[str, ...], *, tick: Tick, wait: Callable[[float], None]) -> tuple[Batch, ...]:
    """Take chunks that wait and issue them until these batches are done; return the batches.

    Chunks that another worker has are waited for; when it dies, they are taken over.
    """
    worker = f"command-{os.getpid()}"
    while True:
        batches = tuple(progress(office.database, each) for each in batch_ids)
        tick(sum(_settled(each) for each in batches), sum(each.rows - each.bad for each in batches))
        if all(each.state != "open" for each in batches):
            return batches
        if take_and_run(office.desk, worker, clock=office.clock) is None:
            wait(WAIT_SECONDS)


def problems_of_batches(office: Office, batch_ids: tuple[str, ...]) -> dict[int, tuple[FieldProblem, ...]]:
    """Return the problems of the rows that were refused while they were issued, by row."""
    problems = {}
    for batch_id in batch_ids:
        for row in _pages(office, batch_id, RowState.REFUSED):
            problems[row.row] = row.problems
    return problems


def issued_rows(office: Office, batch_id: str) -> dict[int, str]:
    """Return the licence ids of a batch by row."""
    return {row.row: row.licence_id for row in _pages(office, batch_id, RowState.ISSUED) if row.licence_id}


def bad_sheet(checked: CheckedSheet, refused: Mapping[int, tuple[FieldProblem, ...]]) -> bytes:
    """Return the bad rows, and those refused later, as the same sheet with the reasons in Chinese and English."""
    problems = {row.number: row.problems for row in checked.bad} | dict(refused)
    return bad_rows_sheet(checked, problems, lambda problem, language: problem_text(problem, _language(language)))


def problem_text(problem: FieldProblem, language: Language) -> str:
    """Return the sentence for a problem."""
    return sentence(problem.code, language, problem.params)


def row_text(row: CheckedRow, language: Language) -> str:
    """Return one line for each thing that is wrong with a row."""
    lines = []
    for problem in row.problems:
        reason = reason_text(
            problem, row.licence_type, lambda each, name: problem_text(each, _language(name)), language
        )
        place = f"第 {row.number} 行" if language == "zh" else f"Row {row.number}"
        lines.append(f"  {place}  {reason} [{problem.code}]")
    return "\n".join(lines)


def _language(name: str) -> Language:
    return "zh" if name == "zh" else "en"


def _rows_of(checked: CheckedSheet, department: str) -> CheckedSheet:
    """Return the sheet with the good rows of one office; bad rows are given back as a sheet, not saved."""
    rows = tuple(row for row in checked.good if row.draft is not None and row.draft.issuer == department)
    return CheckedSheet(sheet=checked.sheet, rows=rows)


def _reviewers(office: Office) -> dict[str, int]:
    with reading(office.database) as tx:
        return {each.code: each.reviewers for each in catalogue.all_types(tx)}


def _settled(batch: Batch) -> int:
    return batch.issued + batch.refused


def _pages(office: Office, batch_id: str, state: RowState) -> Iterator[jobs.BatchRow]:
    after = -1
    while True:
        with reading(office.database) as tx:
            rows = jobs.rows_of_batch(tx, batch_id, after=after, state=state)
        if not rows:
            return
        yield from rows
        after = rows[-1].row
