"""The forms that all operations share: how they are described, and what stands in their headers.

Promises: every operation says in zh and en what it does; personal data is never stored on the way; links are relative,
for the host in a request is not to be believed.
"""

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict

from api.etags import is_known, tag
from api.guard import GuardedRoute

PREFIX: Final = "/api/v1"
PAGE_MAX: Final = 200
NO_STORE: Final = "no-store"

PageLimit = Annotated[int, Query(ge=1, le=PAGE_MAX)]
Cursor = Annotated[str | None, Query(max_length=120)]
IfNoneMatch = Annotated[str | None, Header()]


class ProblemEntry(BaseModel):
    """One thing that is wrong, and where: a JSON pointer into the body."""

    model_config = ConfigDict(extra="allow")

    pointer: str
    code: str
    detail: str


class Problem(BaseModel):
    """An error (RFC 9457). `code` never changes; `title` and `detail` are in the language of Accept-Language."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str
    trace_id: str
    errors: list[ProblemEntry] = []


def router(tag_name: str, prefix: str = PREFIX) -> APIRouter:
    """Return a router whose operations stand behind the guard and answer errors as problems."""
    return APIRouter(
        prefix=prefix,
        tags=[tag_name],
        route_class=GuardedRoute,
        responses={"default": {"model": Problem, "description": "problem+json"}},
    )


def both(zh: str, en: str) -> str:
    """Return the summary of an operation."""
    return f"{zh} · {en}"


def personal(response: Response, *, version: int | None = None) -> None:
    """Mark an answer that holds personal data, with the tag of its version."""
    response.headers["Cache-Control"] = NO_STORE
    if version is not None:
        response.headers["ETag"] = tag(version)


def not_modified(if_none_match: str | None, version: int) -> Response | None:
    """Return the answer for a caller who has this version already."""
    if not is_known(if_none_match, tag(version)):
        return None
    return Response(status_code=304, headers={"ETag": tag(version), "Cache-Control": NO_STORE})


def link_next(response: Response, path: str, cursor: str | None, query: Mapping[str, object]) -> None:
    """Say where the next page is; `query` is what the caller asked for."""
    if cursor is not None:
        asked = {name: str(value) for name, value in query.items() if value is not None}
        response.headers["Link"] = f'<{path}?{urlencode({**asked, "cursor": cursor})}>; rel="next"'
