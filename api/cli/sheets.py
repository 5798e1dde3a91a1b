"""The work behind `batch` and `demo`: check a sheet, start its batches, issue them chunk by chunk.

Promises:
  * A sheet with rows of several offices becomes one batch for each office, in that office's name.
  * What was issued before an interruption is not issued again: the chunk's row in the registry is the truth.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from api.cli.errors import ReviewerMissingError, SentBeforeError
from api.cli.people import operator_for
from api.cli.screen import Screen, Tick
from api.environment import Language
from api.texts import sentence
from api.wiring import Office
from registry import catalogue, departments, jobs, people
from registry.db import reading, transaction
from registry.records import Batch, BatchRow, Role, RowState
from signer.batch import LEASE, StartedBatch, approve_batch, progress, release_batch, run_chunk, start_batch
from signer.precheck import PHOTO_BYTES_MAX
from signer.sheet_check import CheckedRow, CheckedSheet, SheetChecker, bad_rows_sheet, check_sheet, reason_text
from signer.sheets import write_sheet, write_workbook
from verify.errors import FieldProblem, YinzhengError

# Another worker has the last chunk: ask again after so long.
WAIT_SECONDS: Final = 0.5


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
            host=office.settings.host,
            only_type=only_type,
            photos=photos,
            progress=lambda done: tick(done, 0),
        )
        return check_sheet(checker, content, at=office.clock())


def demand_reviewers(office: Office, checked: CheckedSheet, named: Sequence[str]) -> None:
    """See that of each office whose rows demand a reviewer one is named. Raises `ReviewerMissingError`.

    Nobody named is no fault: the batch then waits for its reviewers.
    """
    if not named:
        return
    wanted = {
        row.draft.issuer
        for row in checked.good
        if row.draft is not None and row.licence_type is not None and row.licence_type.reviewers
    }
    for department in sorted(wanted):
        with reading(office.database) as tx:
            staff = [each for each in people.people_of(tx, department) if Role.REVIEWER in each.roles]
            found = departments.find_department(tx, department)
        if not any(each.person_id in named for each in staff):
            raise ReviewerMissingError(
                params={
                    "name": department if found is None else found.name,
                    "name_en": department if found is None else found.name_en,
                    "people": ", ".join(each.person_id for each in staff),
                }
            )


def demand_new(office: Office, checked: CheckedSheet) -> None:
    """See that no batch of late has rows of this sheet. Raises `SentBeforeError`."""
    digests: dict[str, list[bytes]] = {}
    for row in checked.good:
        if row.draft is not None:
            digests.setdefault(row.draft.issuer, []).append(row.content_digest)
    found: dict[str, int] = {}
    for department, contents in digests.items():
        with reading(office.database) as tx:
            found |= jobs.rows_sent_before(tx, department, contents)
    if found:
        raise SentBeforeError(params={"count": str(sum(found.values())), "name": ", ".join(found)})


def start(office: Office, checked: CheckedSheet, *, officer: str | None) -> tuple[StartedBatch, ...]:
    """Save the good rows as one batch for each office; nothing is signed yet. Without an officer it is the only one."""
    started = []
    for department in sorted({row.draft.issuer for row in checked.good if row.draft is not None}):
        operator = operator_for(office.database, department, Role.ISSUING_OFFICER, officer)
        rows = _rows_of(checked, department)
        started.append(start_batch(office.database, rows, operator=operator, at=office.clock(), random=office.random))
    return tuple(started)


def release(office: Office, batch_id: str, *, reviewers: Sequence[str]) -> None:
    """Approve a batch in the name of the one of these reviewers who is of its office, and cut it into chunks.

    Nobody approves who is not named. Raises `NotApprovedError` when a type demands a reviewer and nobody was named.
    """
    if reviewers:
        department = progress(office.database, batch_id).issuer
        person = _own(office, department, reviewers)
        approve_batch(
            office.database, batch_id, reviewer=operator_for(office.database, department, Role.REVIEWER, person)
        )
    with reading(office.database) as tx:
        demanded = {each.code: each.reviewers for each in catalogue.all_types(tx)}
    release_batch(office.database, batch_id, reviewers=demanded, at=office.clock())


def run(office: Office, batch_ids: tuple[str, ...], *, tick: Tick, wait: Callable[[float], None]) -> tuple[Batch, ...]:
    """Take chunks that wait and issue them until these batches are done; return the batches.

    Chunks that another worker has are waited for; when it dies, they are taken over.
    """
    while True:
        batches = tuple(progress(office.database, each) for each in batch_ids)
        tick(sum(_settled(each) for each in batches), sum(each.rows - each.bad for each in batches))
        if all(each.state != "open" for each in batches):
            return batches
        if not _take_and_run(office):
            wait(WAIT_SECONDS)


def _take_and_run(office: Office) -> bool:
    """Take one chunk that waits and issue it; False when there is none. Whatever stops it, the chunk is given back."""
    at = office.clock()
    with transaction(office.database) as tx:
        chunk = jobs.take_chunk(tx, office.worker, at=at, until=at + LEASE)
    if chunk is None:
        return False
    try:
        run_chunk(office.desk, chunk, at=at)
    except BaseException:
        with suppress(YinzhengError), transaction(office.database) as tx:
            jobs.renew_chunk(tx, chunk, until=office.clock())
        raise
    return True


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


def bad_sheet(checked: CheckedSheet, refused: Mapping[int, tuple[FieldProblem, ...]], name: str = "") -> bytes:
    """Return the bad rows, and those refused later, as the same sheet with the reasons in Chinese and English.

    It is a workbook when its file's name says so.
    """
    problems = {row.number: row.problems for row in checked.bad} | dict(refused)
    write = write_workbook if name.lower().endswith(".xlsx") else write_sheet
    return bad_rows_sheet(
        checked, problems, lambda problem, language: problem_text(problem, _language(language)), write=write
    )


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


def _own(office: Office, department: str, named: Sequence[str]) -> str:
    """Return the one of the named persons who belongs to the department; the first one when none does."""
    with reading(office.database) as tx:
        staff = {each.person_id for each in people.people_of(tx, department)}
    return next((each for each in named if each in staff), named[0])


def _settled(batch: Batch) -> int:
    return batch.issued + batch.refused


def _pages(office: Office, batch_id: str, state: RowState) -> Iterator[BatchRow]:
    after = -1
    while True:
        with reading(office.database) as tx:
            rows = jobs.rows_of_batch(tx, batch_id, after=after, state=state)
        if not rows:
            return
        yield from rows
        after = rows[-1].row
