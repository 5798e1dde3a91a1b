"""Drafts of the caller's department: write, submit, approve, return, and issue what is approved."""

from dataclasses import replace
from typing import Annotated, Final

from fastapi import Query, Response

from api.cursors import read_cursor, write_cursor
from api.guard import SeenVersion, TheCaller, TheOffice
from api.intake import demand_sound
from api.intake import issue_draft as issue_saved_draft
from api.v1.answers import PREFIX, IfNoneMatch, both, link_next, not_modified, personal, router
from api.v1.schemas import DraftIn, DraftOut, DraftPage, DraftQuery, LicenceOut
from api.wiring import Office
from registry import drafts as records
from registry.db import reading, transaction
from registry.errors import ChangedMeanwhileError
from registry.records import DraftRecord

drafts: Final = router("drafts")
_PATH: Final = f"{PREFIX}/drafts"


@drafts.post("/drafts", status_code=201, summary=both("保存草稿", "Save a draft"))
def create_draft(body: DraftIn, office: TheOffice, caller: TheCaller, response: Response) -> DraftOut:
    """Save what is to be issued; it may still be incomplete."""
    draft = body.to_draft(issuer=caller.operator.department)
    with transaction(office.database) as tx:
        record = records.add_draft(
            tx, draft, created_by=caller.operator.person_id, at=office.clock(), random=office.random
        )
    return draft_answer(record, response, is_new=True)


@drafts.get("/drafts", summary=both("列出本部门的草稿", "List the department's drafts"))
def list_drafts(
    office: TheOffice, caller: TheCaller, response: Response, asked: Annotated[DraftQuery, Query()]
) -> DraftPage:
    """Those in one state, oldest first; the Link header leads to the next page."""
    after = read_cursor("drafts", asked.cursor)
    with reading(office.database) as tx:
        found = records.list_drafts(tx, caller.operator.department, state=asked.state, after=after, limit=asked.limit)
    following = write_cursor("drafts", found[-1].draft_id) if len(found) == asked.limit else None
    personal(response)
    link_next(response, _PATH, following, asked.model_dump(exclude={"cursor"}))
    return DraftPage(items=tuple(DraftOut.of(each) for each in found), next=following)


@drafts.get("/drafts/{draft_id}", summary=both("读取草稿", "Read a draft"))
def get_draft(draft_id: str, office: TheOffice, response: Response, if_none_match: IfNoneMatch = None) -> DraftOut:
    """Read one draft."""
    record = _find(office, draft_id)
    unchanged = not_modified(if_none_match, record.version)
    if unchanged is not None:
        return unchanged  # type: ignore[return-value]  # the framework sends a Response as it is
    return draft_answer(record, response)


@drafts.put("/drafts/{draft_id}", summary=both("修改草稿", "Change a draft"))
def change_draft(
    draft_id: str, body: DraftIn, office: TheOffice, caller: TheCaller, seen: SeenVersion, response: Response
) -> DraftOut:
    """Write a draft anew; what it replaces, and as what, stays."""
    before = _find(office, draft_id).draft
    draft = replace(
        body.to_draft(issuer=before.issuer),
        replaces=before.replaces,
        change_kind=before.change_kind,
        batch_key=before.batch_key,
    )
    with transaction(office.database) as tx:
        record = records.change_draft(tx, draft_id, draft, changed_by=caller.operator.person_id, version=seen)
    return draft_answer(record, response)


@drafts.post("/drafts/{draft_id}/submit", summary=both("提交草稿", "Submit a draft"))
def submit_draft(draft_id: str, office: TheOffice, seen: SeenVersion, response: Response) -> DraftOut:
    """Hand a draft to the reviewer; it must be complete, right, and fit its page."""
    record = _find(office, draft_id)
    demand_sound(office, record.draft, at=office.clock())
    with transaction(office.database) as tx:
        return draft_answer(records.submit_draft(tx, draft_id, version=seen), response)


@drafts.post("/drafts/{draft_id}/approve", summary=both("审批通过草稿", "Approve a draft"))
def approve_draft(
    draft_id: str, office: TheOffice, caller: TheCaller, seen: SeenVersion, response: Response
) -> DraftOut:
    """Approve a submitted draft; nobody approves their own."""
    reviewer = caller.operator.person_id
    with transaction(office.database) as tx:
        return draft_answer(records.approve_draft(tx, draft_id, reviewer=reviewer, version=seen), response)


@drafts.post("/drafts/{draft_id}/return", summary=both("退回草稿", "Return a draft"))
def return_draft(draft_id: str, office: TheOffice, seen: SeenVersion, response: Response) -> DraftOut:
    """Give a submitted or approved draft back; an approval is void."""
    with transaction(office.database) as tx:
        return draft_answer(records.return_draft(tx, draft_id, version=seen), response)


@drafts.post("/drafts/{draft_id}/withdraw", summary=both("撤销草稿", "Withdraw a draft"))
def withdraw_draft(draft_id: str, office: TheOffice, seen: SeenVersion, response: Response) -> DraftOut:
    """Give a draft up; not possible once it has a number."""
    with transaction(office.database) as tx:
        return draft_answer(records.withdraw_draft(tx, draft_id, version=seen), response)


@drafts.post("/drafts/{draft_id}/issue", status_code=201, summary=both("签发草稿", "Issue a draft"))
def issue_draft(
    draft_id: str, office: TheOffice, caller: TheCaller, seen: SeenVersion, response: Response
) -> LicenceOut:
    """Issue an approved draft, or one of a type that needs no reviewer."""
    record = _find(office, draft_id)
    if record.version != seen:
        raise ChangedMeanwhileError
    licence = issue_saved_draft(office, record, operator=caller.operator, at=office.clock())
    personal(response, version=licence.etag)
    response.headers["Location"] = f"{PREFIX}/licences/{licence.licence_id}"
    return LicenceOut.of(licence)


def draft_answer(record: DraftRecord, response: Response, *, is_new: bool = False) -> DraftOut:
    """Return a draft as it goes out, with the headers that belong to it."""
    personal(response, version=record.version)
    if is_new:
        response.headers["Location"] = f"{_PATH}/{record.draft_id}"
    return DraftOut.of(record)


def _find(office: Office, draft_id: str) -> DraftRecord:
    with reading(office.database) as tx:
        return records.find_draft(tx, draft_id)
