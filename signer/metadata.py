"""The national metadata of one licence: short names and texts, embedded in the document (GB/T 36903).

Promises: dates are written as YYYYMMDD (GB/T 39046); a licence without end has no end date rather than an invented one.
"""

from datetime import date

from registry.records import Department, LicenceDraft, LicenceType
from signer.holder_codes import CODE_TYPE_NAMES
from verify.licence import DataSet


def national_metadata(
    draft: LicenceDraft, data_set: DataSet, licence_type: LicenceType, department: Department, *, issued_on: date
) -> dict[str, str]:
    """Return the core items and the licence's own items (their short names begin with KZ_), all as text."""
    items = {
        "ZZMC": licence_type.name,
        "ZZLXDM": licence_type.code,
        "ZZBH": data_set.number,
        "ZZBS": data_set.identifier.text,
        "ZZBFJG": department.name,
        "ZZBFJGDM": department.uscc,
        "ZZBFRQ": _compact(issued_on),
        "CZZT": draft.holder_name,
        "CZZTDM": draft.holder_code,
        "CZZTDMLX": CODE_TYPE_NAMES.get(draft.holder_code_type, ""),
        "CZZTDMLXDM": draft.holder_code_type,
        "ZZYXQQSRQ": _compact(draft.valid_from),
        **data_set.fields,
    }
    if draft.valid_until is not None:
        items["ZZYXQJZRQ"] = _compact(draft.valid_until)
    return items


def _compact(day: date) -> str:
    return day.strftime("%Y%m%d")
