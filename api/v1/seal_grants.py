"""Grants and uses of seals: the custodian gives and withdraws, officers see what they have, auditors see each use."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import Query, Response

from api.cursors import read_cursor, write_cursor
from api.errors import CursorError
from api.guard import TheCaller, TheOffice
from api.v1.answers import PREFIX, both, link_next, personal, router
from api.v1.seal_grant_schemas import GrantIn, GrantOut, GrantPage, UseList, UseOut, UsePage, UseQuery
from api.v1.seal_schemas import GroundsIn, PageQuery
from registry import seal_grants as records
from registry import seal_uses, seals
from registry.db import Transaction, reading
from registry.seal_records import SealGrant, SealUse
from signer.seal_granting import grant_seal
from signer.seal_granting import withdraw_seal_grant as withdraw

seal_grants: Final = router("seals")
_SEALS: Final = f"{PREFIX}/seals"
_GRANTS: Final = f"{PREFIX}/seal-grants"
_PLACE: Final = re.compile(r"([0-9]{1,17})\.([0-9a-f]{32})")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@seal_grants.post("/seals/{seal_code}/grants", status_code=201, summary=both("授予用印授权", "Give a grant"))
def give_seal_grant(
    seal_code: str, body: GrantIn, office: TheOffice, caller: TheCaller, response: Response
) -> GrantOut:
    """Let an office, a role or a person use the seal, for types and items with the legal basis of each."""
    now = office.clock()
    terms, grounds = body.to_terms(now=now), body.to_grounds()
    grant = grant_seal(office.desk, seal_code, terms, grounds, operator=caller.operator, at=now)
    personal(response)
    response.headers["Location"] = f"{_GRANTS}/{grant.grant_id}"
    return GrantOut.of(grant)


@seal_grants.get("/seals/{seal_code}/grants", summary=both("列出印章的授权", "List the grants of a seal"))
def list_seal_grants(
    seal_code: str, office: TheOffice, response: Response, *, asked: Annotated[PageQuery, Query()]
) -> GrantPage:
    """All that were ever given, by number."""
    with reading(office.database) as tx:
        found = records.grants_of(tx, seal_code)
    return _page(found, asked, response, path=f"{_SEALS}/{seal_code}/grants")


@seal_grants.get("/seal-grants", summary=both("列出本部门获得的用印授权", "List the grants given to the department"))
def list_office_grants(
    office: TheOffice, caller: TheCaller, response: Response, *, asked: Annotated[PageQuery, Query()]
) -> GrantPage:
    """Under which grants the department's staff may seal, by number; also those that ended."""
    with reading(office.database) as tx:
        found = records.grants_for(tx, caller.operator.department)
    return _page(found, asked, response, path=_GRANTS)


@seal_grants.get("/seal-grants/{grant_id}", summary=both("读取一项授权", "Read a grant"))
def get_seal_grant(grant_id: str, office: TheOffice, response: Response) -> GrantOut:
    """Read one grant, with the uses that were taken of it."""
    with reading(office.database) as tx:
        grant = records.demand_grant(tx, grant_id)
    personal(response)
    return GrantOut.of(grant)


@seal_grants.post("/seal-grants/{grant_id}/withdraw", summary=both("撤回授权", "Withdraw a grant"))
def withdraw_seal_grant(
    grant_id: str, body: GroundsIn, office: TheOffice, caller: TheCaller, response: Response
) -> GrantOut:
    """Withdraw a grant for good; what was sealed under it stays as it is."""
    grant = withdraw(office.desk, grant_id, body.to_grounds(), operator=caller.operator, at=office.clock())
    personal(response)
    return GrantOut.of(grant)


@seal_grants.get("/seals/{seal_code}/uses", summary=both("列出用印记录", "List the uses of a seal"))
def list_seal_uses(
    seal_code: str, office: TheOffice, response: Response, *, asked: Annotated[PageQuery, Query()]
) -> UsePage:
    """Newest first: who sealed what, under which grant, on what basis; the Link header leads to the next page."""
    before, before_id = _place(asked.cursor) or (office.clock() + _MICROSECOND, "")
    with reading(office.database) as tx:
        found = seal_uses.uses_of_seal(tx, seal_code, before=before, before_id=before_id, limit=asked.limit)
    following = _cursor(found[-1]) if len(found) == asked.limit else None
    personal(response)
    link_next(response, f"{_SEALS}/{seal_code}/uses", following, asked.model_dump(exclude={"cursor"}))
    return UsePage(items=tuple(UseOut.of(each) for each in found), next=following)


@seal_grants.get("/seal-uses", summary=both("按证照、公文或文件摘要查用印记录", "Find uses by what was sealed"))
def find_seal_uses(
    office: TheOffice, caller: TheCaller, response: Response, *, asked: Annotated[UseQuery, Query()]
) -> UseList:
    """Find the uses of the department's own seals for a licence, an official document or a file."""
    with reading(office.database) as tx:
        mine = {each.code for each in seals.seals_of(tx, caller.operator.department)}
        found = {each.use_id: each for each in _asked_for(tx, asked) if each.code in mine}
    personal(response)
    return UseList(items=tuple(UseOut.of(each) for each in found.values()))


def _asked_for(tx: Transaction, asked: UseQuery) -> tuple[SealUse, ...]:
    found: tuple[SealUse, ...] = ()
    if asked.licence_id is not None:
        found += seal_uses.uses_of_licence(tx, asked.licence_id)
    if asked.document_id is not None:
        found += seal_uses.uses_of_document(tx, asked.document_id)
    if asked.digest is not None:
        found += seal_uses.uses_of_body(tx, asked.digest)
    return found


def _page(found: tuple[SealGrant, ...], asked: PageQuery, response: Response, *, path: str) -> GrantPage:
    after = read_cursor("seal_grants", asked.cursor) or ""
    left = [each for each in found if each.grant_id > after]
    items = left[: asked.limit]
    following = write_cursor("seal_grants", items[-1].grant_id) if len(left) > asked.limit else None
    personal(response)
    link_next(response, path, following, asked.model_dump(exclude={"cursor"}))
    return GrantPage(items=tuple(GrantOut.of(each) for each in items), next=following)


def _cursor(use: SealUse) -> str:
    return write_cursor("seal_uses", f"{(use.taken_at - _EPOCH) // _MICROSECOND}.{use.use_id}")


def _place(cursor: str | None) -> tuple[datetime, str] | None:
    """Return the moment and the use behind which the page begins. Raises `CursorError`."""
    place = read_cursor("seal_uses", cursor)
    if place is None:
        return None
    match = _PLACE.fullmatch(place)
    if match is None:
        raise CursorError
    return _EPOCH + int(match[1]) * _MICROSECOND, match[2]
