"""What one licence will say: its data set, and the claims of its code. Both follow from a draft and its place."""

from datetime import datetime

from registry.number_format import NumberValues, parse_number_format
from registry.records import Department, LicenceDraft, LicenceType, Place
from signer.holder_codes import CODE_TYPE_USCC
from verify.licence import ISSUER_ZONE, DataSet, HolderKind, licence_end, mask_name
from verify.qr_token import ShortStatus, TokenClaims
from verify.values import LicenceId, LicenceIdentifier


def data_set_of(draft: LicenceDraft, department: Department, place: Place, *, salt: bytes) -> DataSet:
    """Return all that the licence will say; a field that was left empty is left out. Raises `DataSetError`."""
    return DataSet(
        salt=salt,
        type_code=draft.type_code,
        number=place.number,
        holder_name=draft.holder_name,
        holder_uscc=holder_uscc(draft),
        valid_from=draft.valid_from,
        valid_until=draft.valid_until,
        office_name=department.name,
        fields={name: value for name, value in draft.fields.items() if value},
        identifier=LicenceIdentifier(place.identifier),
        licence_id=LicenceId.parse(place.licence_id),
        without_uscc=draft.holder_kind is HolderKind.ORGANISATION and holder_uscc(draft) is None,
    )


def claims_of(draft: LicenceDraft, data_set: DataSet, place: Place, *, at: datetime) -> TokenClaims:
    """Return what the code says: enough to compare with the sheet, and the digest of all the rest."""
    issued_at = at.replace(microsecond=0)
    of_person = draft.holder_kind is HolderKind.PERSON
    starts = datetime.combine(draft.valid_from, datetime.min.time(), tzinfo=ISSUER_ZONE)
    ends = [licence_end(day) for day in (draft.valid_until, draft.papers_due) if day is not None]
    return TokenClaims(
        issuer=draft.issuer,
        licence_id=data_set.licence_id,
        issued_at=issued_at,
        not_before=starts if starts > issued_at else None,
        expires_at=min(ends, default=None),
        type_code=data_set.type_code,
        number=data_set.number,
        holder=mask_name(data_set.holder_name) if of_person else data_set.holder_name,
        holder_uscc=holder_uscc(draft),
        valid_from=draft.valid_from,
        valid_until=draft.valid_until,
        office=None,
        data_set_digest=data_set.short_digest,
        status=ShortStatus(list_number=place.status_list, index=place.status_index),
    )


def holder_uscc(draft: LicenceDraft) -> str | None:
    """Return the holder's unified social credit code, if it is an organisation that has one."""
    has_uscc = draft.holder_kind is HolderKind.ORGANISATION and draft.holder_code_type == CODE_TYPE_USCC
    return draft.holder_code if has_uscc else None


def uncounted_number(
    draft: LicenceDraft, licence_type: LicenceType, department: Department, *, at: datetime, serial: int | None = None
) -> str:
    """Return a number of the right form before one is reserved, with this serial, or the largest there can be."""
    parsed = parse_number_format(licence_type.number_format)
    choices = {each.short_name: each.choices for each in licence_type.fields}
    places = {name: choices[name].index(draft.fields[name]) + 1 for name in parsed.fields}
    year = at.astimezone(ISSUER_ZONE).year
    values = NumberValues(year=year, division=department.division, places=places)
    return parsed.compose(values, parsed.serial_max if serial is None else serial)
