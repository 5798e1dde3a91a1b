"""Licences of the caller's department: issue, read, list, and the acts of the law on them."""

from typing import Annotated, Final, get_args

from fastapi import Query, Response

from api.cursors import read_number, write_cursor
from api.etags import is_known
from api.guard import OnceKey, SeenVersion, TheCaller, TheOffice
from api.intake import issue_request, revise_seen
from api.v1.answers import (
    NO_STORE,
    PREFIX,
    IfNoneMatch,
    both,
    link_next,
    not_modified,
    personal,
    router,
)
from api.v1.drafts import draft_answer
from api.v1.schemas import (
    DraftIn,
    DraftOut,
    EventIn,
    EventList,
    EventOut,
    LicenceLine,
    LicenceOut,
    LicencePage,
    LicenceQuery,
    RevisionIn,
)
from api.wiring import Office
from registry import licences as records
from registry.db import reading
from registry.errors import NoSuchBodyError, UnknownLicenceError
from registry.records import LicenceRecord
from signer.change import change
from verify.signed_document import DocumentForm

licences: Final = router("licences")
_PATH: Final = f"{PREFIX}/licences"


@licences.post("/licences", status_code=201, summary=both("签发一张证照", "Issue a licence"))
def issue_licence(body: DraftIn, office: TheOffice, caller: TheCaller, key: OnceKey, response: Response) -> LicenceOut:
    """Issue at once, for types that need no reviewer; others begin as a draft."""
    draft = body.to_draft(issuer=caller.operator.department, batch_key=key)
    licence = issue_request(office, draft, operator=caller.operator, at=office.clock())
    personal(response, version=licence.etag)
    response.headers["Location"] = f"{_PATH}/{licence.licence_id}"
    return LicenceOut.of(licence)


@licences.get("/licences", summary=both("列出本部门的证照", "List the department's licences"))
def list_licences(
    office: TheOffice,
    caller: TheCaller,
    response: Response,
    *,
    asked: Annotated[LicenceQuery, Query()],
) -> LicencePage:
    """Newest first; the Link header leads to the next page."""
    wanted = records.Wanted(
        department=caller.operator.department, type_code=asked.type_code, state=asked.state, number=asked.number
    )
    with reading(office.database) as tx:
        found = records.list_licences(tx, wanted, cursor=read_number("licences", asked.cursor), limit=asked.limit)
    following = write_cursor("licences", str(found[-1].cursor)) if len(found) == asked.limit else None
    personal(response)
    link_next(response, _PATH, following, asked.model_dump(exclude={"cursor"}))
    return LicencePage(items=tuple(LicenceLine.of(each) for each in found), next=following)


@licences.get("/licences/{licence_id}", summary=both("读取一张证照", "Read a licence"))
def get_licence(
    licence_id: str, office: TheOffice, response: Response, if_none_match: IfNoneMatch = None
) -> LicenceOut:
    """Read one version, with its last act and everything that it says."""
    licence = _find(office, licence_id)
    unchanged = not_modified(if_none_match, licence.etag)
    if unchanged is not None:
        return unchanged  # type: ignore[return-value]  # the framework sends a Response as it is
    personal(response, version=licence.etag)
    return LicenceOut.of(licence)


@licences.get(
    "/licences/{licence_id}/document",
    summary=both("下载证照文件", "Download the signed document"),
    response_class=Response,
    responses={
        200: {
            "content": {
                f"application/{form}": {"schema": {"type": "string", "format": "binary"}}
                for form in get_args(DocumentForm)
            }
        }
    },
)
def get_licence_document(
    licence_id: str,
    office: TheOffice,
    form: Annotated[DocumentForm, Query(description="文件格式。 Which body.")] = "pdf",
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return the PDF or the OFD as it was signed, byte for byte."""
    digest = _find(office, licence_id).bodies.get(form)
    if digest is None:
        raise NoSuchBodyError
    headers = {
        "ETag": f'"{digest}"',
        "Cache-Control": NO_STORE,
        "Content-Disposition": f'attachment; filename="{licence_id}.{form}"',
    }
    if is_known(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(office.vault.get(digest), headers=headers, media_type=f"application/{form}")


@licences.get("/licences/{licence_id}/events", summary=both("列出对证照的处理", "List the acts on a licence"))
def list_licence_events(licence_id: str, office: TheOffice, response: Response) -> EventList:
    """All acts, oldest first."""
    personal(response)
    with reading(office.database) as tx:
        return EventList(items=tuple(EventOut.of(each) for each in records.events_of(tx, licence_id)))


@licences.post(
    "/licences/{licence_id}/events",
    status_code=201,
    summary=both("暂扣、恢复、吊销、撤销、撤回或注销", "Suspend, reinstate, revoke, rescind, withdraw or cancel"),
)
def record_licence_event(
    licence_id: str, body: EventIn, office: TheOffice, caller: TheCaller, seen: SeenVersion, response: Response
) -> LicenceOut:
    """Do one act on a licence, with its grounds; it is in force at once, online and in the status list."""
    licence = change(
        office.desk, licence_id, body.to_change(), operator=caller.operator, at=office.clock(), if_match=seen
    )
    personal(response, version=licence.etag)
    return LicenceOut.of(licence)


@licences.post("/licences/{licence_id}/renew", status_code=201, summary=both("延续：起草新版本", "Draft a renewal"))
def renew_licence(
    licence_id: str, body: RevisionIn, office: TheOffice, caller: TheCaller, seen: SeenVersion, response: Response
) -> DraftOut:
    """Save and submit the draft of a version with a new term; issue it when it is approved."""
    draft = revise_seen(office, licence_id, body.to_revision("renewal"), operator=caller.operator, seen=seen)
    return draft_answer(draft, response, is_new=True)


@licences.post("/licences/{licence_id}/change", status_code=201, summary=both("变更：起草新版本", "Draft a change"))
def change_licence(
    licence_id: str, body: RevisionIn, office: TheOffice, caller: TheCaller, seen: SeenVersion, response: Response
) -> DraftOut:
    """Save and submit the draft of a version with other contents; issue it when it is approved."""
    draft = revise_seen(office, licence_id, body.to_revision("change"), operator=caller.operator, seen=seen)
    return draft_answer(draft, response, is_new=True)


@licences.post(
    "/licences/{licence_id}/replace", status_code=201, summary=both("补证：起草新版本", "Draft a replacement")
)
def replace_licence(
    licence_id: str, body: RevisionIn, office: TheOffice, caller: TheCaller, seen: SeenVersion, response: Response
) -> DraftOut:
    """Save and submit the draft of an equal version, for one that was lost or damaged; issue it when approved."""
    draft = revise_seen(office, licence_id, body.to_revision("replacement"), operator=caller.operator, seen=seen)
    return draft_answer(draft, response, is_new=True)


def _find(office: Office, licence_id: str) -> LicenceRecord:
    with reading(office.database) as tx:
        licence = records.find_licence(tx, licence_id)
    if licence is None:
        raise UnknownLicenceError
    return licence
