"""Licences one by one, on pages without scripts: entered, read again, approved by another person, issued, handed out.

Promises:
  * Nothing is signed before somebody has read the whole application again on a page that says so.
  * All that is wrong is said at once, above and at each field; what was entered stays in the form.
  * Who approves, or uses a seal, proved in the last minutes that it is they; nobody approves what they wrote; whoever
    acts on an application that changed meanwhile is told.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from api.downloads import download
from api.errors import UnknownTypeError
from api.intake import issue_draft
from api.licence_forms import (
    ENTRY_LENGTH_MAX,
    PHOTO,
    FormField,
    first_values,
    form_fields,
    judged,
    own_items,
    shown_draft,
    values_of,
)
from api.pages.doors import TheVisit, Visit, led_to, staff_page, staff_router
from api.pages.rendering import page_language
from api.pages.sign_in import refusal, refused_status
from api.sandbox import picture_of_page
from api.sheets_in import read_upload
from registry import catalogue, departments, drafts, licences
from registry.db import Transaction, reading, transaction
from registry.errors import (
    ChangedMeanwhileError,
    DraftStateError,
    NoSuchBodyError,
    UnknownDepartmentError,
    UnknownLicenceError,
)
from registry.records import DraftRecord, DraftState, FieldKind, LicenceDraft, LicenceRecord, LicenceType
from signer.draft_preview import preview_draft
from signer.page.photos import prepare_photo
from verify.errors import FieldProblem, YinzhengError
from verify.licence import ISSUER_ZONE
from verify.values import LicenceId

licence_pages: Final = staff_router()
SHOWN_MAX: Final = 50
NEWEST_MAX: Final = 10
_WAITING: Final = (DraftState.SUBMITTED, DraftState.APPROVED, DraftState.RESERVED, DraftState.DRAFT)
_OPEN: Final = frozenset({DraftState.DRAFT, DraftState.SUBMITTED, DraftState.APPROVED})
_VERSION_DIGITS_MAX: Final = 9
_UNPROCESSABLE: Final = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """What the page of a form shows; `place` is where it is sent, `version` that of the draft which it changes."""

    licence_type: LicenceType
    place: str
    given: Mapping[str, str]
    problems: tuple[FieldProblem, ...] = ()
    version: int = 0
    has_photo: bool = False


@licence_pages.get("/office/licences")
def show_licences(request: Request, visit: TheVisit) -> Response:
    """Offer the kinds that the department issues, what waits, and the newest licences."""
    office, department = visit.office, visit.operator.department
    with reading(office.database) as tx:
        types = [each for each in catalogue.all_types(tx, on=_today(visit)) if own_items(each, department)]
        waiting = [
            each
            for state in _WAITING
            for each in drafts.list_drafts(tx, department, state=state, is_single=True, limit=SHOWN_MAX)
        ]
        newest = licences.list_licences(tx, licences.Wanted(department=department), limit=NEWEST_MAX)
    names = {each.code: each for each in types}
    values = {"types": types, "names": names, "waiting": waiting, "newest": newest}
    return staff_page(request, visit, "licences.html", values)


@licence_pages.get("/office/licences/new/{type_code}")
def show_licence_form(request: Request, visit: TheVisit, type_code: str) -> Response:
    """Show an empty application for a kind of licence."""
    licence_type = _offered(visit, type_code)
    given = {**first_values(licence_type, today=_today(visit)), **visit.office.example(type_code)}
    return _form_page(
        request, visit, _Form(licence_type=licence_type, place=f"/office/licences/new/{type_code}", given=given)
    )


@licence_pages.post("/office/licences/new/{type_code}")
def write_licence(request: Request, visit: TheVisit, type_code: str) -> Response:
    """Judge an application and save it; where another person must approve it, it waits for them."""
    licence_type = _offered(visit, type_code)
    given = _given(visit, licence_type)
    row = judged(visit.office, licence_type, given, _photo(visit), department=visit.operator.department)
    if row.draft is None or not row.is_good:
        place = f"/office/licences/new/{type_code}"
        return _form_page(
            request, visit, _Form(licence_type=licence_type, place=place, given=given, problems=row.problems)
        )
    with transaction(visit.office.database) as tx:
        saved = drafts.add_draft(
            tx, row.draft, created_by=visit.operator.person_id, at=visit.office.clock(), random=visit.office.random
        )
        _hand_on(tx, saved, licence_type)
    return led_to(request, f"/office/drafts/{saved.draft_id}")


@licence_pages.get("/office/drafts/{draft_id}")
def show_draft(request: Request, visit: TheVisit, draft_id: str) -> Response:
    """Show an application to be read again, and what may be done with it."""
    return _draft_page(request, visit, draft_id, None)


@licence_pages.get("/office/drafts/{draft_id}/photo")
def show_draft_photo(visit: TheVisit, draft_id: str) -> Response:
    """Return the photo as the licence will carry it."""
    photo = _draft(visit, draft_id).draft.photo
    if photo is None:
        raise NoSuchBodyError
    return Response(prepare_photo(photo), headers={"Cache-Control": "no-store"}, media_type="image/jpeg")


@licence_pages.get("/office/drafts/{draft_id}/page")
def show_draft_page(visit: TheVisit, draft_id: str) -> Response:
    """Return a picture of the first page as the licence will have it, marked as no licence."""
    picture = picture_of_page(_preview(visit, draft_id), 1, line=f"person {visit.operator.person_id}")
    return Response(picture, headers={"Cache-Control": "no-store"}, media_type="image/png")


@licence_pages.get("/office/drafts/{draft_id}/preview")
def save_draft_preview(visit: TheVisit, draft_id: str) -> Response:
    """Hand out all pages as the licence will have them, marked as no licence and signed by nobody."""
    return download(_preview(visit, draft_id), "draft-not-a-licence.pdf", "application/pdf")


@licence_pages.get("/office/drafts/{draft_id}/change")
def show_draft_form(request: Request, visit: TheVisit, draft_id: str) -> Response:
    """Show the form with what was entered."""
    return _form_page(request, visit, _form_of(visit, _draft(visit, draft_id)))


@licence_pages.post("/office/drafts/{draft_id}/change")
def change_seen_draft(request: Request, visit: TheVisit, draft_id: str) -> Response:
    """Write an application anew; an approval is void."""
    record = _draft(visit, draft_id)
    form = _form_of(visit, record)
    given, photo = _given(visit, form.licence_type), _photo(visit) or record.draft.photo
    row = judged(visit.office, form.licence_type, given, photo, department=visit.operator.department)
    if row.draft is None or not row.is_good:
        return _form_page(request, visit, replace(form, given=given, problems=row.problems))
    try:
        with transaction(visit.office.database) as tx:
            _write_anew(tx, record, row.draft, by=visit.operator.person_id, version=_version(visit))
            _hand_on(tx, drafts.find_draft(tx, draft_id), form.licence_type)
    except YinzhengError as error:
        return _draft_page(request, visit, draft_id, error)
    return led_to(request, f"/office/drafts/{draft_id}")


@licence_pages.post("/office/drafts/{draft_id}/approval")
def approve_seen_draft(request: Request, visit: TheVisit, draft_id: str) -> Response:
    """Approve another person's application, after reading it."""
    by = visit.operator.person_id
    return _moved(
        request,
        visit,
        draft_id,
        lambda tx, version: drafts.approve_draft(tx, draft_id, reviewer=by, version=version),
    )


@licence_pages.post("/office/drafts/{draft_id}/return")
def return_seen_draft(request: Request, visit: TheVisit, draft_id: str) -> Response:
    """Give an application back to who wrote it."""
    return _moved(request, visit, draft_id, lambda tx, version: drafts.return_draft(tx, draft_id, version=version))


@licence_pages.post("/office/drafts/{draft_id}/withdrawal")
def withdraw_seen_draft(request: Request, visit: TheVisit, draft_id: str) -> Response:
    """Give an application up."""
    return _moved(request, visit, draft_id, lambda tx, version: drafts.withdraw_draft(tx, draft_id, version=version))


@licence_pages.post("/office/drafts/{draft_id}/issue")
def issue_seen_draft(request: Request, visit: TheVisit, draft_id: str) -> Response:
    """Use the seal on exactly what was read."""
    office, record = visit.office, _draft(visit, draft_id)
    try:
        if record.state is not DraftState.FILED:
            _demand_seen(record, _version(visit))
        licence = issue_draft(office, record, operator=visit.operator, at=office.clock())
    except YinzhengError as error:
        return _draft_page(request, visit, draft_id, error)
    return led_to(request, f"/office/licences/{licence.licence_id}")


@licence_pages.get("/office/licences/{licence_id}")
def show_licence(request: Request, visit: TheVisit, licence_id: str) -> Response:
    """Show a licence that was issued: number, state, and its files."""
    record = _licence(visit, licence_id)
    with reading(visit.office.database) as tx:
        licence_type = catalogue.find_type_version(tx, record.type_code, record.type_version)
    values = {"licence": record, "type": licence_type, "typed": LicenceId.parse(licence_id).typed}
    return staff_page(request, visit, "licence.html", values)


@licence_pages.get("/office/licences/{licence_id}/file/{form}")
def save_licence(visit: TheVisit, licence_id: str, form: str) -> Response:
    """Hand out the PDF or the OFD as it was signed."""
    digest = _licence(visit, licence_id).bodies.get(form)
    if digest is None:
        raise NoSuchBodyError
    return download(visit.office.vault.get(digest), f"{licence_id}.{form}", f"application/{form}")


def _moved(request: Request, visit: Visit, draft_id: str, move: Callable[[Transaction, int], DraftRecord]) -> Response:
    """Move a draft on, in the version that the form was made of."""
    try:
        with transaction(visit.office.database) as tx:
            move(tx, _version(visit))
    except YinzhengError as error:
        return _draft_page(request, visit, draft_id, error)
    return led_to(request, f"/office/drafts/{draft_id}")


def _hand_on(tx: Transaction, saved: DraftRecord, licence_type: LicenceType) -> None:
    """Hand an application to whoever must approve it, where somebody must."""
    if licence_type.reviewers:
        drafts.submit_draft(tx, saved.draft_id, version=saved.version)


def _write_anew(tx: Transaction, record: DraftRecord, draft: LicenceDraft, *, by: str, version: int) -> None:
    """Put what was entered in the place of what was; what the draft replaces, and as what, stays."""
    if record.state is not DraftState.DRAFT:
        version = drafts.return_draft(tx, record.draft_id, version=version).version
    kept = record.draft
    draft = replace(
        draft, replaces=kept.replaces, change_kind=kept.change_kind, batch_key=kept.batch_key, number=kept.number
    )
    drafts.change_draft(tx, record.draft_id, draft, changed_by=by, version=version)


def _demand_seen(record: DraftRecord, version: int) -> None:
    if record.version != version:
        raise ChangedMeanwhileError


def _version(visit: Visit) -> int:
    """Return the version that the form names; one that is no number is that of no draft."""
    text = visit.text("version", _VERSION_DIGITS_MAX)
    return int(text) if text.isascii() and text.isdigit() else 0


def _draft(visit: Visit, draft_id: str) -> DraftRecord:
    with reading(visit.office.database) as tx:
        return drafts.find_draft(tx, draft_id)


def _licence(visit: Visit, licence_id: str) -> LicenceRecord:
    with reading(visit.office.database) as tx:
        record = licences.find_licence(tx, licence_id)
    if record is None:
        raise UnknownLicenceError
    return record


def _today(visit: Visit) -> date:
    return visit.office.clock().astimezone(ISSUER_ZONE).date()


def _type(visit: Visit, type_code: str) -> LicenceType:
    with reading(visit.office.database) as tx:
        found = catalogue.find_type(tx, type_code, on=_today(visit))
    if found is None:
        raise UnknownTypeError
    return found


def _offered(visit: Visit, type_code: str) -> LicenceType:
    """Return a type that this department issues. Raises `UnknownTypeError`."""
    found = _type(visit, type_code)
    if not own_items(found, visit.operator.department):
        raise UnknownTypeError
    return found


def _items(visit: Visit, licence_type: LicenceType) -> dict[str, str]:
    """Return what the department's service items that lead to a type are called, by code."""
    codes = own_items(licence_type, visit.operator.department)
    with reading(visit.office.database) as tx:
        found = {code: catalogue.find_item(tx, code) for code in codes}
    return {code: code if item is None else f"{item.name} {code}" for code, item in found.items()}


def _given(visit: Visit, licence_type: LicenceType) -> dict[str, str]:
    """Return what was entered, for each field that the form has."""
    fields = form_fields(licence_type, items=_items(visit, licence_type), language="zh")
    return {each.name: visit.text(each.name, ENTRY_LENGTH_MAX).strip() for each in fields if each.entry != "file"}


def _photo(visit: Visit) -> bytes | None:
    file = visit.form.get(PHOTO)
    return read_upload(file.file) if isinstance(file, UploadFile) and file.filename else None


def _form_of(visit: Visit, record: DraftRecord) -> _Form:
    """Return the form that changes a draft. Raises `DraftStateError` where nothing can be changed any more."""
    if record.state not in _OPEN:
        raise DraftStateError(params={"state": record.state.value})
    return _Form(
        licence_type=_type(visit, record.draft.type_code),
        place=f"/office/drafts/{record.draft_id}/change",
        given=values_of(record.draft),
        version=record.version,
        has_photo=record.draft.photo is not None,
    )


def _form_page(request: Request, visit: Visit, form: _Form) -> Response:
    language = page_language(request)
    fields = form_fields(form.licence_type, items=_items(visit, form.licence_type), language=language)
    problems = _placed(form, fields)
    values = {
        "type": form.licence_type,
        "place": form.place,
        "fields": fields,
        "given": form.given,
        "problems": problems,
        "version": form.version,
        "has_photo": form.has_photo,
        "wrong": next(iter(problems), ""),
    }
    status = _UNPROCESSABLE if problems else 200
    return staff_page(request, visit, "licence_form.html", values, status=status)


def _placed(form: _Form, fields: tuple[FormField, ...]) -> dict[str, FieldProblem]:
    """Return the first problem of each field, in the order of the form; what is no field's stands at its head."""
    photo = {each.short_name for each in form.licence_type.fields if each.kind is FieldKind.PHOTO}
    found: dict[str, FieldProblem] = {}
    for each in form.problems:
        found.setdefault(PHOTO if each.field in photo else each.field, each)
    known = {each.name: found[each.name] for each in fields if each.name in found}
    others = [problem for name, problem in found.items() if name not in known]
    return {**({"form": others[0]} if others else {}), **known}


def _preview(visit: Visit, draft_id: str) -> bytes:
    """Return the pages of a draft as it will be issued. Raises a `PageError` for what cannot be printed."""
    draft, office = _draft(visit, draft_id).draft, visit.office
    with reading(office.database) as tx:
        department = departments.find_department(tx, draft.issuer)
    if department is None:
        raise UnknownDepartmentError
    return preview_draft(draft, _type(visit, draft.type_code), department, press=office.press, at=office.clock())


def _draft_page(request: Request, visit: Visit, draft_id: str, error: YinzhengError | None) -> Response:
    record = _draft(visit, draft_id)
    if record.state is DraftState.FILED and error is None:
        return led_to(request, f"/office/licences/{record.licence_id}")
    licence_type = _type(visit, record.draft.type_code)
    is_new = record.state is DraftState.DRAFT and not licence_type.reviewers
    values = {
        "draft": record,
        "type": licence_type,
        "shown": shown_draft(record.draft, licence_type, page_language(request)),
        "state": record.state.value,
        "is_open": record.state in _OPEN,
        "is_ready": is_new or record.state in {DraftState.APPROVED, DraftState.RESERVED},
        "page_size": [round(4 * each) for each in visit.office.press.page_size(licence_type)],
        "is_own": visit.operator.person_id in record.authors,
        **refusal(error, "acts"),
    }
    return staff_page(request, visit, "draft.html", values, status=refused_status(error))
