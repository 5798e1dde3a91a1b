"""Batches of the caller's department: send a sheet, see every bad row before anything is signed, approve, run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, File, Form, Query, Request, Response, UploadFile

from api.cursors import read_number, write_cursor
from api.downloads import download
from api.environment import Language
from api.guard import TheCaller, TheOffice
from api.identity import Caller
from api.problems import request_language
from api.sheets_in import (
    bad_rows_of,
    bad_rows_of_batch,
    judge_sheet,
    photos_of,
    read_upload,
    reviewers_of,
    save_sheet,
)
from api.v1.answers import PREFIX, both, link_next, personal, router
from api.v1.batch_schemas import (
    ApprovedOut,
    BadRow,
    BatchList,
    BatchOut,
    NewBatchOut,
    RowOut,
    RowPage,
    RowProblem,
    RowQuery,
    SheetOut,
)
from api.wiring import Office
from registry import jobs
from registry.db import reading, transaction
from signer import batch as acts
from signer.sheet_check import CheckedSheet

batches: Final = router("batches")
_PATH: Final = f"{PREFIX}/batches"
SHOWN_ROWS_MAX: Final = 200
# A part takes half a second; who asks twice as often learns nothing new.
RETRY_SECONDS: Final = "2"
_CSV: Final = "text/csv; charset=utf-8"


@dataclass(frozen=True, slots=True)
class _Upload:
    """A sheet as it came in, the photos beside it, and the one type of a sheet without a type column."""

    content: bytes
    photos: Mapping[str, bytes]
    only_type: str | None


def _upload(
    file: Annotated[UploadFile, File(description="CSV or XLSX, at most 20 MiB")],
    photos: Annotated[list[UploadFile] | None, File(description="photos, by the file names in the sheet")] = None,
    type_code: Annotated[str | None, Form(max_length=21, description="of a sheet without a type column")] = None,
) -> _Upload:
    pictures = photos_of([(each.filename, each.file) for each in photos or ()])
    return _Upload(read_upload(file.file), pictures, type_code)


TheUpload = Annotated[_Upload, Depends(_upload)]


@batches.post(
    "/batches/check",
    summary=both("预检表格，不保存", "Check a sheet and save nothing"),
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def check_sheet(
    request: Request, office: TheOffice, caller: TheCaller, response: Response, sheet: TheUpload
) -> SheetOut:
    """Judge every row. With `Accept: text/csv` the bad rows come back as a sheet, with the reasons beside them."""
    checked = _judged(office, sheet, caller)
    if "text/csv" in request.headers.get("accept", ""):
        return download(bad_rows_of(checked), "bad-rows.csv", _CSV)  # type: ignore[return-value]  # sent as it is
    personal(response)
    return _sheet(checked, request_language(request))


@batches.post("/batches", status_code=201, summary=both("上传表格，建立批次", "Send a sheet as a batch"))
def create_batch(
    request: Request, office: TheOffice, caller: TheCaller, response: Response, sheet: TheUpload
) -> NewBatchOut:
    """Judge every row and save the batch; good rows become submitted drafts, bad ones stay with their reasons."""
    checked = _judged(office, sheet, caller)
    started = save_sheet(office, sheet.content, checked, operator=caller.operator)
    personal(response)
    response.headers["Location"] = f"{_PATH}/{started.batch_id}"
    batch = BatchOut.of(acts.progress(office.database, started.batch_id))
    return NewBatchOut(batch=batch, sheet=_sheet(checked, request_language(request)))


@batches.get("/batches", summary=both("列出本部门的批次", "List the department's batches"))
def list_batches(
    office: TheOffice, caller: TheCaller, response: Response, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> BatchList:
    """Newest first."""
    personal(response)
    with reading(office.database) as tx:
        found = jobs.list_batches(tx, caller.operator.department, limit=limit)
    return BatchList(items=tuple(BatchOut.of(each) for each in found))


@batches.get("/batches/{batch_id}", summary=both("批次进度", "How far a batch is"))
def get_batch(batch_id: str, office: TheOffice, response: Response) -> BatchOut:
    """Return the counts; while parts wait or run, Retry-After says when to ask again."""
    return _answer(office, batch_id, response)


@batches.get("/batches/{batch_id}/rows", summary=both("列出批次各行", "List a batch's rows"))
def list_batch_rows(
    request: Request,
    batch_id: str,
    office: TheOffice,
    response: Response,
    asked: Annotated[RowQuery, Query()],
) -> RowPage:
    """By row number, all or those in one state."""
    after = read_number("rows", asked.cursor)
    with reading(office.database) as tx:
        rows = jobs.rows_of_batch(
            tx, batch_id, after=-1 if after is None else after, state=asked.state, limit=asked.limit
        )
    following = write_cursor("rows", str(rows[-1].row)) if len(rows) == asked.limit else None
    personal(response)
    link_next(response, f"{_PATH}/{batch_id}/rows", following, asked.model_dump(exclude={"cursor"}))
    language = request_language(request)
    return RowPage(items=tuple(RowOut.of(row, language) for row in rows), next=following)


@batches.get(
    "/batches/{batch_id}/bad-rows",
    summary=both("下载问题行", "Download the bad rows"),
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def get_bad_rows(batch_id: str, office: TheOffice, caller: TheCaller) -> Response:
    """Return the rows that could not be issued as the sheet that came in, with the reasons; mend it and send it in."""
    content = bad_rows_of_batch(office, batch_id, department=caller.operator.department)
    return download(content, f"{batch_id}-bad-rows.csv", _CSV)


@batches.post("/batches/{batch_id}/approve", summary=both("审批通过批次", "Approve a batch"))
def approve_batch(batch_id: str, office: TheOffice, caller: TheCaller, response: Response) -> ApprovedOut:
    """Approve all submitted rows; nobody approves the batch that they sent."""
    approved = acts.approve_batch(office.database, batch_id, reviewer=caller.operator)
    return ApprovedOut(approved=approved, batch=_answer(office, batch_id, response))


@batches.post("/batches/{batch_id}/run", status_code=202, summary=both("开始签发批次", "Run a batch"))
def run_batch(batch_id: str, office: TheOffice, response: Response) -> BatchOut:
    """Hand the good rows to the workers. Location is where to see how far it is."""
    acts.release_batch(office.database, batch_id, reviewers=reviewers_of(office), at=office.clock())
    response.headers["Location"] = f"{_PATH}/{batch_id}"
    return _answer(office, batch_id, response)


@batches.post("/batches/{batch_id}/cancel", summary=both("停止批次", "Stop a batch"))
def cancel_batch(batch_id: str, office: TheOffice, response: Response) -> BatchOut:
    """Let no further part be taken; what is issued stays issued."""
    with transaction(office.database) as tx:
        jobs.cancel_batch(tx, batch_id)
    return _answer(office, batch_id, response)


def _answer(office: Office, batch_id: str, response: Response) -> BatchOut:
    batch = BatchOut.of(acts.progress(office.database, batch_id))
    personal(response)
    if batch.state == "open" and batch.parts_waiting + batch.parts_running:
        response.headers["Retry-After"] = RETRY_SECONDS
    return batch


def _judged(office: Office, sheet: _Upload, caller: Caller) -> CheckedSheet:
    department = caller.operator.department
    return judge_sheet(office, sheet.content, sheet.photos, department=department, only_type=sheet.only_type)


def _sheet(checked: CheckedSheet, language: Language) -> SheetOut:
    bad = tuple(
        BadRow(row=row.number, problems=tuple(RowProblem.of(each, language) for each in row.problems))
        for row in checked.bad[:SHOWN_ROWS_MAX]
    )
    return SheetOut(good=len(checked.good), bad=len(checked.bad), bad_rows=bad)
