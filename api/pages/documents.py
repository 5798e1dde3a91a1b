"""Official documents on pages without scripts: uploaded, looked at, approved, sealed, saved.

Promises:
  * What is looked at is made from the very bytes that will be signed, in the process without keys; the forms to approve
    and to seal name the digest of just these bytes.
  * The texts of each page stand beside its picture, for whoever does not see it; an OFD, of which no picture can be
    made, is listed object by object and file by file.
  * Who approves, or uses a seal, proved in the last minutes that it is they.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import Response

from api.official_sealing import (
    bytes_of,
    demand_document,
    inventory_of,
    page_of,
    prepare_upload,
    seal_prepared,
    slip_of,
)
from api.pages.doors import TheVisit, Visit, led_to, staff_page, staff_router
from api.pages.sign_in import refusal, refused_status
from api.sheets_in import read_upload
from api.staff.errors import UploadIncompleteError
from api.v1.document_schemas import DocumentForm
from registry import official_documents
from registry.db import reading
from registry.official_documents import OfficialRecord, OfficialState
from signer.official import acts
from signer.official.inventory import Inventory, Item
from signer.official.places import PAGES_MAX
from verify.errors import YinzhengError

document_pages: Final = staff_router()
SHOWN_MAX: Final = 50
# Of what a document shows in words so many lines are put on the page; the interface has them all.
LINES_MAX: Final = 2_000
STATES: Final[Mapping[OfficialState, str]] = {
    OfficialState.PREPARED: "ui.documents.prepared",
    OfficialState.SEALING: "ui.documents.sealing",
    OfficialState.SEALED: "ui.documents.sealed",
    OfficialState.ABANDONED: "ui.documents.abandoned",
}
KINDS: Final[Mapping[str, str]] = {
    "picture": "ui.documents.picture",
    "seal": "ui.documents.seal_here",
    "drawings": "ui.documents.drawings",
}
_FIELDS: Final = ("title", "anchor", "page", "x", "y", "item_code", "riding", "slip_page")
_ON_PAGE: Final = "sandbox; default-src 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPage:
    """A page of a document: its number, its texts, and what else stands on it."""

    number: int
    texts: tuple[str, ...]
    others: tuple[Item, ...]


@document_pages.get("/office/documents")
def show_documents(request: Request, visit: TheVisit) -> Response:
    """List the department's documents, and take a new one."""
    return _list_page(request, visit, None)


@document_pages.post("/office/documents")
def upload_document(request: Request, visit: TheVisit) -> Response:
    """Place the seal on an upload and make the exact bytes to be signed; nothing is signed yet."""
    try:
        record = _prepared(visit)
    except YinzhengError as error:
        return _list_page(request, visit, error)
    return led_to(request, f"/office/documents/{record.document_id}")


@document_pages.get("/office/documents/{document_id}")
def show_document(request: Request, visit: TheVisit, document_id: str) -> Response:
    """Show the very bytes that will be or were signed."""
    return _document_page(request, visit, document_id, None)


@document_pages.get("/office/documents/{document_id}/pages/{number}")
def show_document_page(visit: TheVisit, document_id: str, number: int) -> Response:
    """Return a picture of a page, drawn from these bytes."""
    record = demand_document(visit.office, document_id)
    picture = page_of(visit.office, record, min(max(number, 0), PAGES_MAX + 1), line=_line(visit))
    return Response(picture, headers={"Cache-Control": "no-store"}, media_type="image/png")


@document_pages.get("/office/documents/{document_id}/file")
def save_document(visit: TheVisit, document_id: str) -> Response:
    """Hand out the file for saving: sealed, or as it waits for its seal."""
    record = demand_document(visit.office, document_id)
    return _saved(bytes_of(visit.office, record), f"{document_id}.{record.form}", f"application/{record.form}")


@document_pages.get("/office/documents/{document_id}/slip")
def save_document_slip(visit: TheVisit, document_id: str) -> Response:
    """Hand out the slip of a sealed document."""
    content = slip_of(visit.office, demand_document(visit.office, document_id))
    return _saved(content, f"{document_id}-slip.pdf", "application/pdf")


@document_pages.post("/office/documents/{document_id}/approval")
def approve_seen_document(request: Request, visit: TheVisit, document_id: str) -> Response:
    """Let another person's document be sealed, after looking at it."""
    office, digest = visit.office, visit.text("digest")
    try:
        acts.approve(office.desk, document_id, digest=digest, operator=visit.operator, at=office.clock())
    except YinzhengError as error:
        return _document_page(request, visit, document_id, error)
    return led_to(request, f"/office/documents/{document_id}")


@document_pages.post("/office/documents/{document_id}/seal")
def seal_seen_document(request: Request, visit: TheVisit, document_id: str) -> Response:
    """Use the seal on exactly the bytes that were looked at."""
    try:
        seal_prepared(
            visit.office, document_id, digest=visit.text("digest"), operator=visit.operator, line=_line(visit)
        )
    except YinzhengError as error:
        return _document_page(request, visit, document_id, error)
    return led_to(request, f"/office/documents/{document_id}")


def _prepared(visit: Visit) -> OfficialRecord:
    """Prepare what the form holds. Raises `UploadIncompleteError`, and what preparing raises."""
    file = visit.form.get("file")
    given = {name: visit.text(name).strip() for name in _FIELDS}
    if not isinstance(file, UploadFile) or not file.filename or not given["title"]:
        raise UploadIncompleteError
    try:
        form = DocumentForm.model_validate({name: text for name, text in given.items() if text} | {"file": file})
    except ValidationError as error:
        raise UploadIncompleteError from error
    upload = read_upload(file.file)
    return prepare_upload(visit.office, upload, form.to_wanted(), operator=visit.operator, line=_line(visit))


def _line(visit: Visit) -> str:
    """Return by whom a fair share of readers is counted."""
    return f"person {visit.operator.person_id}"


def _saved(content: bytes, name: str, media_type: str) -> Response:
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": _ON_PAGE,
    }
    return Response(content, headers=headers, media_type=media_type)


def _list_page(request: Request, visit: Visit, error: YinzhengError | None) -> Response:
    with reading(visit.office.database) as tx:
        found = official_documents.list_officials(tx, visit.operator.department, limit=SHOWN_MAX)
    given = {name: visit.text(name) for name in _FIELDS}
    values = {"documents": found, "states": STATES, "given": given, **refusal(error, "file")}
    return staff_page(request, visit, "documents.html", values, status=refused_status(error))


def _document_page(request: Request, visit: Visit, document_id: str, error: YinzhengError | None) -> Response:
    record = demand_document(visit.office, document_id)
    is_there = record.state is not OfficialState.ABANDONED
    found = inventory_of(visit.office, record, line=_line(visit)) if is_there else None
    values = {
        "document": record,
        "state": STATES[record.state],
        "is_waiting": record.state is OfficialState.PREPARED,
        "is_own": record.prepared_by == visit.operator.person_id,
        "shown": () if found is None else _shown(found),
        "files": () if found is None else found.files,
        "was_cut": found is not None and (found.was_cut or len(found.items) > LINES_MAX),
        "kinds": KINDS,
        **refusal(error, "acts"),
    }
    return staff_page(request, visit, "document.html", values, status=refused_status(error))


def _shown(found: Inventory) -> tuple[ShownPage, ...]:
    pages = {number: ShownPage(number=number, texts=(), others=()) for number in range(1, found.pages + 1)}
    for item in found.items[:LINES_MAX]:
        page = pages.get(item.page)
        if page is None:
            continue
        if item.kind == "text":
            pages[item.page] = replace(page, texts=(*page.texts, item.text))
        else:
            pages[item.page] = replace(page, others=(*page.others, item))
    return tuple(pages.values())
