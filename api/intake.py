"""From a request to an issued licence, and back again after a crash.

Promises:
  * What cannot be issued is refused before anything is written.
  * The same request, sent again after a crash, goes on with the draft that it saved; it never issues twice.
"""

from datetime import datetime

from api.wiring import Office
from registry import catalogue, departments, licences
from registry import drafts as draft_records
from registry.db import reading, transaction
from registry.errors import ChangedMeanwhileError, UnknownDepartmentError, UnknownLicenceError
from registry.records import DraftRecord, DraftState, LicenceDraft, LicenceRecord, LicenceType
from signer.change import Revision, revise
from signer.desk import Operator
from signer.errors import NotApprovedError
from signer.issue import issue_saved
from signer.precheck import check_draft
from signer.sheet_check import number_problems
from verify.errors import InvalidFieldsError
from verify.licence import ISSUER_ZONE


def issue_request(office: Office, draft: LicenceDraft, *, operator: Operator, at: datetime) -> LicenceRecord:
    """Issue what a request asks for; `draft.batch_key` names the request.

    Raises `InvalidFieldsError` and, for a type that demands a reviewer, `NotApprovedError`, with nothing written; else
    what issuing raises, and then the draft stays and can be mended.
    """
    with reading(office.database) as tx:
        saved = draft_records.find_by_batch_key(tx, draft.batch_key or "")
    if saved is None:
        licence_type = demand_sound(office, draft, at=at)
        _demand_free_number(office, draft, licence_type, at=at)
        if licence_type.reviewers:
            raise NotApprovedError
        with transaction(office.database) as tx:
            saved = draft_records.add_draft(tx, draft, created_by=operator.person_id, at=at, random=office.random)
    return issue_draft(office, saved, operator=operator, at=at)


def demand_sound(office: Office, draft: LicenceDraft, *, at: datetime) -> LicenceType:
    """Return the draft's type. Raises `InvalidFieldsError` with everything that keeps the draft from being issued."""
    with reading(office.database) as tx:
        licence_type = catalogue.find_type(tx, draft.type_code, on=at.astimezone(ISSUER_ZONE).date())
        department = departments.find_department(tx, draft.issuer)
    problems = check_draft(draft, licence_type, department, press=office.press, host=office.settings.host, at=at)
    if problems or licence_type is None:
        raise InvalidFieldsError(problems)
    return licence_type


def _demand_free_number(office: Office, draft: LicenceDraft, licence_type: LicenceType, *, at: datetime) -> None:
    year = at.astimezone(ISSUER_ZONE).year
    with reading(office.database) as tx:
        department = departments.find_department(tx, draft.issuer)
        if department is None:
            raise UnknownDepartmentError
        problems = number_problems(tx, draft, licence_type, division=department.division, year=year)
    if problems:
        raise InvalidFieldsError(problems)


def issue_draft(office: Office, saved: DraftRecord, *, operator: Operator, at: datetime) -> LicenceRecord:
    """Issue a saved draft, or return the licence that it has become already."""
    if saved.state is not DraftState.FILED:
        return issue_saved(office.desk, saved, operator=operator, at=at).record
    with reading(office.database) as tx:
        licence = licences.find_licence(tx, saved.licence_id or "")
    if licence is None:
        raise UnknownLicenceError
    return licence


def revise_seen(office: Office, licence_id: str, revision: Revision, *, operator: Operator, seen: int) -> DraftRecord:
    """Draft the next version of a licence that is as the caller saw it. Raises `ChangedMeanwhileError`."""
    with reading(office.database) as tx:
        licence = licences.find_licence(tx, licence_id)
    if licence is None or licence.etag != seen:
        raise ChangedMeanwhileError
    return revise(office.desk, licence_id, revision, operator=operator, at=office.clock())
