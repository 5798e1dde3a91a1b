"""Status lists, at the address that stands inside each of them."""

from typing import Annotated, Final

from fastapi import Path, Response

from api.guard import TheOffice
from api.v1.answers import IfNoneMatch, both, router
from api.v1.public_file import described, newest, public_file

statuses: Final = router("statuses", prefix="")
_MEDIA_TYPE: Final = "application/statuslist+cwt"
# decisions.md section 5: an end of a licence reaches every cache within a minute.
STATUS_SECONDS: Final = 60


@statuses.get(
    "/status/{number}",
    summary=both("状态名单", "A status list"),
    response_class=Response,
    responses=described(_MEDIA_TYPE),
)
def get_status_list(
    number: Annotated[int, Path(ge=0, le=1 << 31)], office: TheOffice, if_none_match: IfNoneMatch = None
) -> Response:
    """Return the signed list (Token Status List as CWT)."""
    content = newest(office, "status_list", str(number))
    return public_file(content, media_type=_MEDIA_TYPE, max_age=STATUS_SECONDS, if_none_match=if_none_match)
