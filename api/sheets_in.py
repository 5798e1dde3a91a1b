"""A sheet that came in over HTTP: judge it, save it, give its bad rows back.

Promises:
  * Every row is judged before one is saved; nothing is signed here.
  * Photos come beside the sheet and are found by the file name that stands in the row, whatever folder it names.
"""

import re
from collections.abc import Mapping, Sequence
from typing import BinaryIO, Final

from api.environment import Language
from api.errors import RequestTooLargeError, UnknownArtefactError
from api.limits import UPLOAD_BYTES_MAX
from api.texts import sentence
from api.wiring import Office
from registry import batch_sheets, catalogue, jobs
from registry.db import reading, transaction
from registry.records import RowState
from signer.batch import StartedBatch, start_batch
from signer.desk import Operator
from signer.sheet_check import CheckedSheet, SheetChecker, bad_rows_sheet, check_sheet
from verify.errors import FieldProblem

_FOLDERS: Final = re.compile(r".*[/\\]")


def read_upload(file: BinaryIO) -> bytes:
    """Return the bytes of an uploaded file. Raises `RequestTooLargeError` above 20 MiB."""
    content = file.read(UPLOAD_BYTES_MAX + 1)
    if len(content) > UPLOAD_BYTES_MAX:
        raise RequestTooLargeError(params={"max_mb": str(UPLOAD_BYTES_MAX // 1024**2)})
    return content


def judge_sheet(
    office: Office, content: bytes, photos: Mapping[str, bytes], *, department: str, only_type: str | None
) -> CheckedSheet:
    """Return the judgement on every row. Raises a `SheetError` when it is no sheet at all."""
    checker = SheetChecker(
        database=office.database,
        press=office.press,
        host=office.settings.host,
        departments=frozenset({department}),
        only_type=only_type,
        photos=lambda name: photos.get(file_name(name)),
    )
    return check_sheet(checker, content, at=office.clock())


def save_sheet(office: Office, content: bytes, checked: CheckedSheet, *, operator: Operator) -> StartedBatch:
    """Save a judged sheet as a batch, with the sheet itself."""
    at = office.clock()
    started = start_batch(office.database, checked, operator=operator, at=at, random=office.random)
    with transaction(office.database) as tx:
        batch_sheets.keep_sheet(tx, started.batch_id, content, at=at)
    return started


def bad_rows_of(checked: CheckedSheet) -> bytes:
    """Return the bad rows of a judged sheet as a sheet, with the reasons in zh and en."""
    return bad_rows_sheet(checked, {row.number: row.problems for row in checked.bad}, _said)


def bad_rows_of_batch(office: Office, batch_id: str, *, department: str) -> bytes:
    """Return the rows of a batch that could not be issued, as the sheet that came in, with the reasons.

    Raises `UnknownArtefactError` when the sheet was dropped.
    """
    problems: dict[int, tuple[FieldProblem, ...]] = {}
    with reading(office.database) as tx:
        content = batch_sheets.sheet_of(tx, batch_id)
        for state in (RowState.BAD, RowState.REFUSED):
            after = -1
            while rows := jobs.rows_of_batch(tx, batch_id, after=after, state=state):
                problems |= {row.row: row.problems for row in rows}
                after = rows[-1].row
    if content is None:
        raise UnknownArtefactError
    checked = judge_sheet(office, content, {}, department=department, only_type=_only_type(office, batch_id))
    return bad_rows_sheet(checked, problems, _said)


def reviewers_of(office: Office) -> Mapping[str, int]:
    """Return for each licence type how many reviewers it demands."""
    with reading(office.database) as tx:
        return {each.code: each.reviewers for each in catalogue.all_types(tx)}


def file_name(name: str) -> str:
    """Return a file's name without the folders before it."""
    return _FOLDERS.sub("", name)


def photos_of(files: Sequence[tuple[str | None, BinaryIO]]) -> Mapping[str, bytes]:
    """Return uploaded photos by their file names."""
    return {file_name(name): read_upload(file) for name, file in files if name}


def _only_type(office: Office, batch_id: str) -> str | None:
    with reading(office.database) as tx:
        batch = jobs.find_batch(tx, batch_id)
    return (batch.type_code or None) if batch is not None else None


def _said(problem: FieldProblem, language: str) -> str:
    spoken: Language = "zh" if language == "zh" else "en"
    return sentence(problem.code, spoken, problem.params)
