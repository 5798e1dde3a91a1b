"""The counter pack: all that a counter needs to check codes offline; whole, or what is new since an earlier one."""

from typing import Annotated, Final

from fastapi import Path, Request, Response

from api.compression import SQUEEZED_MAX, compressed
from api.guard import TheOffice
from api.v1.answers import IfNoneMatch, both, router
from api.v1.public_file import described, newest, public_file
from api.v1.statuses import STATUS_SECONDS
from signer.packs import PACK, PACK_NAME, SINCE

packs: Final = router("packs", prefix="")
_MEDIA_TYPE: Final = "application/yinzheng-pack"


@packs.get(
    "/pack/counter",
    summary=both("核验包", "The counter pack"),
    response_class=Response,
    responses=described(_MEDIA_TYPE),
)
def get_pack(request: Request, office: TheOffice, if_none_match: IfNoneMatch = None) -> Response:
    """Return the signed pack, whole: trust list, status lists, names of licence types (verify/pack.py)."""
    return _packed(request, newest(office, PACK, PACK_NAME), if_none_match)


@packs.get(
    "/pack/since-{place}",
    summary=both("核验包的更新部分", "What is new in the counter pack"),
    response_class=Response,
    responses=described(_MEDIA_TYPE),
)
def get_pack_since(
    request: Request,
    place: Annotated[int, Path(ge=0, le=1000)],
    office: TheOffice,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return what is new since the pack whose number, divided by 12, leaves this rest."""
    return _packed(request, newest(office, SINCE, str(place)), if_none_match)


def _packed(request: Request, content: bytes, if_none_match: str | None) -> Response:
    """Return a pack for everybody: names of offices and types in it make it half as long when it is compressed."""
    answer = public_file(content, media_type=_MEDIA_TYPE, max_age=STATUS_SECONDS, if_none_match=if_none_match)
    return compressed(request, answer, is_kept=len(content) <= SQUEEZED_MAX)
