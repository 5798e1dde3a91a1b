"""Seals, as everybody may ask: how one stood at a moment, signed; and the records by which the log can be compared."""

from typing import Annotated, Final

from fastapi import Path, Query, Response

from api.cursors import read_number, write_cursor
from api.guard import TheOffice
from api.seal_standing import seal_answer, signed_history
from api.v1.answers import PREFIX, IfNoneMatch, both, link_next, router
from api.v1.public_file import described, newest, public_file
from api.v1.seal_public_schemas import (
    Moment,
    SealRecordOut,
    SealRecordPage,
    SealStatusOut,
    UseRecordList,
    UseRecordOut,
)
from api.v1.seal_schemas import PageQuery
from registry.db import reading
from registry.seal_events import event_page
from registry.seal_proofs import use_proofs
from registry.seals import demand_seal
from signer import seal_statuses
from verify.seal_history import CONTENT_TYPE

seal_status: Final = router("seals")
seal_lists: Final = router("statuses", prefix="")
_LIST_TYPE: Final = "application/statuslist+cwt"
# As with status lists: an act on a seal reaches every cache within a minute.
STATUS_SECONDS: Final = 60
_CACHE: Final = f"public, max-age={STATUS_SECONDS}"

_Code = Annotated[str, Path(pattern=r"^[0-9]{14}$")]
_ListName = Annotated[str, Path(pattern=r"^[0-9]{6}-[0-9]{1,4}$", description="division and number of the list")]
_Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the sealed file")]


@seal_status.get("/seals/{code}/status", summary=both("印章在某一时刻的状态", "A seal's standing at a moment"))
def get_seal_status(
    code: _Code,
    office: TheOffice,
    response: Response,
    at: Annotated[Moment | None, Query(description="moment with its zone; now, if left out")] = None,
) -> SealStatusOut:
    """Say whether the seal was in force, in whose hands, for what, with the signed history that proves it."""
    answer = SealStatusOut.of(seal_answer(office, code, at))
    response.headers["Cache-Control"] = _CACHE
    return answer


@seal_status.get(
    "/seals/{code}/history",
    summary=both("印章的签名履历", "A seal's signed history"),
    response_class=Response,
    responses=described(CONTENT_TYPE),
)
def get_seal_history(code: _Code, office: TheOffice, if_none_match: IfNoneMatch = None) -> Response:
    """Return the history (COSE_Sign1) from which anybody can tell how the seal stood at any moment, also offline."""
    content = signed_history(office, code)
    return public_file(content, media_type=CONTENT_TYPE, max_age=STATUS_SECONDS, if_none_match=if_none_match)


@seal_status.get("/seals/{code}/records", summary=both("印章事项的公开记录", "The records behind a seal's leaves"))
def list_seal_records(
    code: _Code, office: TheOffice, response: Response, *, asked: Annotated[PageQuery, Query()]
) -> SealRecordPage:
    """List the salted records of the acts, oldest first; the log's entries hold their SHA-256. No person is named."""
    after = read_number("seal_records", asked.cursor) or 0
    with reading(office.database) as tx:
        demand_seal(tx, code)
        found = event_page(tx, code, after=after, limit=asked.limit)
    following = write_cursor("seal_records", str(found[-1].event_id)) if len(found) == asked.limit else None
    link_next(response, f"{PREFIX}/seals/{code}/records", following, asked.model_dump(exclude={"cursor"}))
    response.headers["Cache-Control"] = _CACHE
    return SealRecordPage(items=tuple(SealRecordOut.of(each) for each in found), next=following)


@seal_status.get(
    "/seal-uses/by-digest/{digest}/records",
    summary=both("某一文件的用印公开记录", "The records behind the sealing of a file"),
)
def find_seal_use_records(digest: _Digest, office: TheOffice, response: Response) -> UseRecordList:
    """Return to whoever holds a sealed file the salted records of its sealing, with the lists that the log names."""
    with reading(office.database) as tx:
        found = use_proofs(tx, digest)
    response.headers["Cache-Control"] = _CACHE
    return UseRecordList(items=tuple(UseRecordOut.of(each) for each in found))


@seal_lists.get(
    "/status/seal-{name}",
    summary=both("印章状态名单", "A status list of seals"),
    response_class=Response,
    responses=described(_LIST_TYPE),
)
def get_seal_status_list(name: _ListName, office: TheOffice, if_none_match: IfNoneMatch = None) -> Response:
    """Return the signed list (Token Status List as CWT); list and place follow from a seal's code."""
    content = newest(office, seal_statuses.KIND, name)
    return public_file(content, media_type=_LIST_TYPE, max_age=STATUS_SECONDS, if_none_match=if_none_match)


@seal_lists.get(
    "/seal-history/{code}",
    summary=both("印章的签名履历文件", "The signed history of a seal, as it is published"),
    response_class=Response,
    responses=described(CONTENT_TYPE),
)
def get_seal_history_file(code: _Code, office: TheOffice, if_none_match: IfNoneMatch = None) -> Response:
    """Return the same bytes under the name that they have among the published files."""
    return get_seal_history(code, office, if_none_match)
