"""Sheets of applications on pages without scripts: sent, judged row by row, approved, handed to the workers.

Promises:
  * Every row is judged before one is saved, and what is wrong is said beside the row; nothing is signed here.
  * Who approves a batch, or lets it be issued, proved in the last minutes that it is they; nobody approves their own.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from api.downloads import download
from api.environment import Language
from api.licence_forms import label_of
from api.pages.doors import TheVisit, Visit, led_to, staff_page, staff_router
from api.pages.rendering import page_language
from api.pages.sign_in import refusal, refused_status
from api.sheets_in import bad_rows_of_batch, judge_sheet, photos_of, read_upload, reviewers_of, save_sheet
from api.staff.errors import UploadIncompleteError
from registry import catalogue, jobs
from registry.db import reading
from registry.records import BatchRow, LicenceType, RowState
from signer import batch as acts
from verify.errors import YinzhengError

sheet_pages: Final = staff_router()
SHOWN_MAX: Final = 50
ROWS_MAX: Final = 200
STATES: Final[Mapping[str, str]] = {
    "open": "ui.sheets.open",
    "done": "ui.sheets.done",
    "cancelled": "ui.sheets.cancelled",
}


@sheet_pages.get("/office/sheets")
def show_sheets(request: Request, visit: TheVisit) -> Response:
    """List the department's batches, and take a new sheet."""
    return _list_page(request, visit, None)


@sheet_pages.post("/office/sheets")
def upload_sheet(request: Request, visit: TheVisit) -> Response:
    """Judge every row and save the batch."""
    try:
        batch_id = _saved(visit)
    except YinzhengError as error:
        return _list_page(request, visit, error)
    return led_to(request, f"/office/sheets/{batch_id}")


@sheet_pages.get("/office/sheets/{batch_id}")
def show_sheet(request: Request, visit: TheVisit, batch_id: str) -> Response:
    """Show how far a batch is, and what is wrong with its bad rows."""
    return _batch_page(request, visit, batch_id, None)


@sheet_pages.get("/office/sheets/{batch_id}/bad-rows")
def save_bad_rows(visit: TheVisit, batch_id: str) -> Response:
    """Hand out the bad rows as the sheet that came in, with the reasons."""
    content = bad_rows_of_batch(visit.office, batch_id, department=visit.operator.department)
    return download(content, f"{batch_id}-bad-rows.csv", "text/csv; charset=utf-8")


@sheet_pages.post("/office/sheets/{batch_id}/approval")
def approve_sheet(request: Request, visit: TheVisit, batch_id: str) -> Response:
    """Approve all good rows of another person's batch."""
    try:
        acts.approve_batch(visit.office.database, batch_id, reviewer=visit.operator)
    except YinzhengError as error:
        return _batch_page(request, visit, batch_id, error)
    return led_to(request, f"/office/sheets/{batch_id}")


@sheet_pages.post("/office/sheets/{batch_id}/run")
def run_sheet(request: Request, visit: TheVisit, batch_id: str) -> Response:
    """Hand the good rows to the workers, which issue them."""
    office = visit.office
    try:
        acts.release_batch(office.database, batch_id, reviewers=reviewers_of(office), at=office.clock())
    except YinzhengError as error:
        return _batch_page(request, visit, batch_id, error)
    return led_to(request, f"/office/sheets/{batch_id}")


def _saved(visit: Visit) -> str:
    """Save what the form holds as a batch. Raises `UploadIncompleteError`, or what is wrong with the sheet."""
    file, only_type = visit.form.get("file"), visit.text("type_code") or None
    if not isinstance(file, UploadFile) or not file.filename:
        raise UploadIncompleteError
    photos = photos_of(
        [(each.filename, each.file) for each in visit.form.getlist("photos") if isinstance(each, UploadFile)]
    )
    content, department = read_upload(file.file), visit.operator.department
    checked = judge_sheet(visit.office, content, photos, department=department, only_type=only_type)
    return save_sheet(visit.office, content, checked, operator=visit.operator).batch_id


def _list_page(request: Request, visit: Visit, error: YinzhengError | None) -> Response:
    with reading(visit.office.database) as tx:
        found = jobs.list_batches(tx, visit.operator.department, limit=SHOWN_MAX)
        types = catalogue.all_types(tx)
    values = {"batches": found, "states": STATES, "types": types, **refusal(error, "file")}
    return staff_page(request, visit, "sheets.html", values, status=refused_status(error))


def _batch_page(request: Request, visit: Visit, batch_id: str, error: YinzhengError | None) -> Response:
    batch = acts.progress(visit.office.database, batch_id)
    with reading(visit.office.database) as tx:
        bad = [
            row
            for state in (RowState.BAD, RowState.REFUSED)
            for row in jobs.rows_of_batch(tx, batch_id, state=state, limit=ROWS_MAX)
        ]
        types = catalogue.all_types(tx)
    values = {
        "batch": batch,
        "state": STATES[batch.state],
        "bad": bad[:ROWS_MAX],
        "columns": _columns(types, bad, page_language(request)),
        "is_own": batch.created_by == visit.operator.person_id,
        "is_waiting": batch.state == "open" and not batch.chunks_waiting + batch.chunks_running,
        **refusal(error, "acts"),
    }
    return staff_page(request, visit, "one_sheet.html", values, status=refused_status(error))


def _columns(types: Sequence[LicenceType], bad: Sequence[BatchRow], language: Language) -> dict[str, str]:
    """Return what the columns are called in which something is wrong."""
    owners = {definition.short_name: each for each in types for definition in each.fields}
    names = {problem.field for row in bad for problem in row.problems}
    return {name: label_of(name, owners.get(name), language) for name in names}
