"""From requests and commands to acts on seals: days become moments, uploads pictures, a tag what was seen.

Promises: a first day begins at midnight of the issuers' zone, a last day is included whole (decisions.md section 9); a
picture is written anew by us before anything else sees it.
"""

from datetime import date, datetime, time, timedelta
from typing import Final

from api.wiring import Office
from registry import catalogue, seals
from registry.db import reading
from registry.errors import ChangedMeanwhileError
from registry.seal_records import SealPicture
from signer.page.seal_upload import check_seal_picture
from verify.licence import ISSUER_ZONE

_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)


def begins_at(day: date | None, *, now: datetime) -> datetime:
    """Return when a term of this first day begins: now, if it is today, over, or not said."""
    moment = now.replace(microsecond=0)
    return moment if day is None else max(moment, _midnight(day))


def ends_before(day: date) -> datetime:
    """Return the first moment behind this last day: a grant holds until before it."""
    return _midnight(day) + _DAY


def ends_with(day: date) -> datetime:
    """Return the last second of this last day: a seal object holds until then, included."""
    return ends_before(day) - _SECOND


def picture_of(upload: bytes | None) -> SealPicture | None:
    """Return a picture that was brought, None to have one drawn. Raises a `SealPictureError`."""
    if upload is None:
        return None
    checked = check_seal_picture(upload)
    return SealPicture(content=checked.content, width_mm=checked.width_mm, height_mm=checked.height_mm)


def demand_seen(office: Office, code: str, seen: int) -> None:
    """Refuse who saw the seal otherwise than it is. Raises `UnknownSealError`, `ChangedMeanwhileError`."""
    with reading(office.database) as tx:
        if seals.demand_seal(tx, code).etag != seen:
            raise ChangedMeanwhileError


def bases_of(office: Office, codes: tuple[str, ...]) -> dict[str, str]:
    """Return for service items the legal basis that the catalogue names; none for an item that it does not have."""
    with reading(office.database) as tx:
        found = {code: catalogue.find_item(tx, code) for code in codes}
    return {code: "" if item is None else item.legal_basis for code, item in found.items()}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ISSUER_ZONE)
