"""Seals of the caller's department: apply, approve, make, file, renew, suspend, reinstate, end; and look at them."""

from typing import Annotated, Any, Final

from fastapi import Query, Response

from api.cursors import read_cursor, read_number, write_cursor
from api.etags import is_known
from api.guard import SeenVersion, TheCaller, TheOffice
from api.seal_intake import demand_seen
from api.v1.answers import NO_STORE, PREFIX, IfNoneMatch, both, link_next, not_modified, personal, router
from api.v1.seal_schemas import (
    ConfirmationIn,
    EndingIn,
    GroundsIn,
    PageQuery,
    RenewalIn,
    SealEventOut,
    SealEventPage,
    SealIn,
    SealLine,
    SealOut,
    SealPage,
)
from api.wiring import Office
from registry import seal_endings
from registry import seals as records
from registry.db import reading
from registry.seal_events import event_page
from registry.seal_lifecycle import SealAct
from registry.seal_records import SealRecord
from signer import seal_acts, seal_making

seals: Final = router("seals")
_PATH: Final = f"{PREFIX}/seals"
_PICTURE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}
}


@seals.post("/seals", status_code=201, summary=both("申请印章", "Apply for a seal"))
def apply_for_seal(body: SealIn, office: TheOffice, caller: TheCaller, response: Response) -> SealOut:
    """Apply for a seal of the department; another person approves it."""
    now = office.clock()
    wish = body.to_wish(caller.operator.department, now=now)
    seal = seal_making.apply_for_seal(office.desk, wish, body.to_grounds(), operator=caller.operator, at=now)
    response.headers["Location"] = f"{_PATH}/{seal.code}"
    return _answer(office, seal, response)


@seals.get("/seals", summary=both("列出本部门的印章", "List the department's seals"))
def list_seals(
    office: TheOffice, caller: TheCaller, response: Response, *, asked: Annotated[PageQuery, Query()]
) -> SealPage:
    """By code; the Link header leads to the next page."""
    after = read_cursor("seals", asked.cursor) or ""
    with reading(office.database) as tx:
        mine = [each for each in records.seals_of(tx, caller.operator.department) if each.code > after]
    found = mine[: asked.limit]
    following = write_cursor("seals", found[-1].code) if len(mine) > asked.limit else None
    personal(response)
    link_next(response, _PATH, following, asked.model_dump(exclude={"cursor"}))
    return SealPage(items=tuple(SealLine.of(each) for each in found), next=following)


@seals.get("/seals/{seal_code}", summary=both("读取一枚印章", "Read a seal"))
def get_seal(seal_code: str, office: TheOffice, response: Response, if_none_match: IfNoneMatch = None) -> SealOut:
    """Read a seal with all its objects, and the end that waits for an approver."""
    with reading(office.database) as tx:
        seal = records.demand_seal(tx, seal_code)
        has_ending = seal_endings.find_ending(tx, seal_code) is not None
    unchanged = None if has_ending else not_modified(if_none_match, seal.etag)
    if unchanged is not None:
        return unchanged  # type: ignore[return-value]  # the framework sends a Response as it is
    return _answer(office, seal, response)


@seals.get(
    "/seals/{seal_code}/picture",
    summary=both("查看印模", "See the seal's picture"),
    response_class=Response,
    responses=_PICTURE,
)
def get_seal_picture(seal_code: str, office: TheOffice, if_none_match: IfNoneMatch = None) -> Response:
    """Return the picture of the newest object as PNG: the one to be approved, while there is one."""
    with reading(office.database) as tx:
        newest = records.objects_of(tx, seal_code)[-1]
    headers = {"ETag": f'"{seal_code}-{newest.version}"', "Cache-Control": NO_STORE}
    if is_known(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(newest.picture.content, headers=headers, media_type="image/png")


@seals.get("/seals/{seal_code}/events", summary=both("列出对印章的处理", "List the acts on a seal"))
def list_seal_events(
    seal_code: str, office: TheOffice, response: Response, *, asked: Annotated[PageQuery, Query()]
) -> SealEventPage:
    """All acts on the seal and its grants, oldest first, with who did them and why."""
    after = read_number("seal_events", asked.cursor) or 0
    with reading(office.database) as tx:
        found = event_page(tx, seal_code, after=after, limit=asked.limit)
    following = write_cursor("seal_events", str(found[-1].event_id)) if len(found) == asked.limit else None
    personal(response)
    link_next(response, f"{_PATH}/{seal_code}/events", following, asked.model_dump(exclude={"cursor"}))
    return SealEventPage(items=tuple(SealEventOut.of(each) for each in found), next=following)


@seals.post("/seals/{seal_code}/approve", summary=both("批准印章申请", "Approve the application"))
def approve_seal(
    seal_code: str, body: GroundsIn, office: TheOffice, caller: TheCaller, seen: SeenVersion, response: Response
) -> SealOut:
    """Approve what another person applied for: the seal itself, or its renewal."""
    grounds, at = body.to_grounds(), office.clock()
    done = seal_making.approve_seal(office.desk, seal_code, grounds, operator=caller.operator, at=at, if_match=seen)
    return _answer(office, done, response)


@seals.post("/seals/{seal_code}/refuse", summary=both("不批准印章申请", "Refuse the application"))
def refuse_seal(
    seal_code: str, body: GroundsIn, office: TheOffice, caller: TheCaller, seen: SeenVersion, response: Response
) -> SealOut:
    """Refuse an application, or what was made of it."""
    grounds, at = body.to_grounds(), office.clock()
    done = seal_making.refuse_seal(office.desk, seal_code, grounds, operator=caller.operator, at=at, if_match=seen)
    return _answer(office, done, response)


@seals.post("/seals/{seal_code}/make", summary=both("制章", "Make the seal"))
def make_seal(
    seal_code: str, body: GroundsIn, office: TheOffice, caller: TheCaller, seen: SeenVersion, response: Response
) -> SealOut:
    """Make key, certificate and seal object of what was approved; done again after a crash it goes on."""
    demand_seen(office, seal_code, seen)
    grounds, at = body.to_grounds(), office.clock()
    done = seal_making.make_seal(office.desk, office.key_desk, seal_code, grounds, operator=caller.operator, at=at)
    return _answer(office, done, response)


@seals.post("/seals/{seal_code}/file", summary=both("印章备案", "File the seal"))
def file_seal(
    seal_code: str, body: GroundsIn, office: TheOffice, caller: TheCaller, seen: SeenVersion, response: Response
) -> SealOut:
    """File the made object: from now on it may be granted and used."""
    grounds, at = body.to_grounds(), office.clock()
    done = seal_making.file_seal(office.desk, seal_code, grounds, operator=caller.operator, at=at, if_match=seen)
    return _answer(office, done, response)


@seals.post("/seals/{seal_code}/renew", status_code=201, summary=both("申请换发印章", "Apply for a renewal"))
def renew_seal(
    seal_code: str, body: RenewalIn, office: TheOffice, caller: TheCaller, seen: SeenVersion, response: Response
) -> SealOut:
    """Apply for the next object of a seal in use, which goes on until the next one is filed."""
    demand_seen(office, seal_code, seen)
    now = office.clock()
    wish = body.to_wish(caller.operator.department, now=now)
    grounds = body.to_grounds()
    done = seal_making.renew_seal(office.desk, seal_code, wish, grounds, operator=caller.operator, at=now)
    return _answer(office, done, response)


@seals.post("/seals/{seal_code}/suspend", summary=both("停用印章", "Suspend the seal"))
def suspend_seal(
    seal_code: str, body: GroundsIn, office: TheOffice, caller: TheCaller, seen: SeenVersion, response: Response
) -> SealOut:
    """Suspend a seal at once."""
    grounds, at = body.to_grounds(), office.clock()
    done = seal_acts.suspend_seal(office.desk, seal_code, grounds, operator=caller.operator, at=at, if_match=seen)
    return _answer(office, done, response)


@seals.post("/seals/{seal_code}/reinstate", summary=both("恢复印章", "Reinstate the seal"))
def reinstate_seal(
    seal_code: str, body: GroundsIn, office: TheOffice, caller: TheCaller, seen: SeenVersion, response: Response
) -> SealOut:
    """Let a suspended seal be used again."""
    grounds, at = body.to_grounds(), office.clock()
    done = seal_acts.reinstate_seal(office.desk, seal_code, grounds, operator=caller.operator, at=at, if_match=seen)
    return _answer(office, done, response)


@seals.post("/seals/{seal_code}/ending", summary=both("提请收缴或销毁印章", "Propose the seal's end"))
def propose_seal_ending(
    seal_code: str, body: EndingIn, office: TheOffice, caller: TheCaller, seen: SeenVersion, response: Response
) -> SealOut:
    """Propose that the seal be called in or destroyed; nothing happens until an approver confirms it."""
    demand_seen(office, seal_code, seen)
    act, at = SealAct(body.act), office.clock()
    seal_acts.propose_ending(office.desk, seal_code, act, body.to_grounds(), operator=caller.operator, at=at)
    with reading(office.database) as tx:
        seal = records.demand_seal(tx, seal_code)
    return _answer(office, seal, response)


@seals.post("/seals/{seal_code}/ending/confirm", summary=both("确认收缴或销毁印章", "Confirm the seal's end"))
def confirm_seal_ending(
    seal_code: str, body: ConfirmationIn, office: TheOffice, caller: TheCaller, seen: SeenVersion, response: Response
) -> SealOut:
    """Call the seal in or destroy it, as its custodian proposed; this cannot be taken back."""
    demand_seen(office, seal_code, seen)
    act, at = SealAct(body.act), office.clock()
    done = seal_acts.confirm_ending(office.desk, office.key_desk, seal_code, act, operator=caller.operator, at=at)
    return _answer(office, done, response)


def _answer(office: Office, seal: SealRecord, response: Response) -> SealOut:
    personal(response, version=seal.etag)
    with reading(office.database) as tx:
        return SealOut.of(seal, records.objects_of(tx, seal.code), seal_endings.find_ending(tx, seal.code))
