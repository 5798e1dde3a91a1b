"""The national metadata of one licence: short names and texts, embedded in the document (GB/T 36903).

Promises: dates are written as YYYYMMDD (GB/T 39046); a licence without end has no end date rather than an invented one.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from registry.records import Department, LicenceDraft, LicenceType
from verify.licence import DataSet

# GB/T 36903, Annex A: holder code types that citizens and companies meet.
CODE_TYPE_NAMES: Final[Mapping[str, str]] = {
    "001": "统一社会信用代码",
    "099": "其他法人或其他组织有效证件代码",
    "111": "公民身份号码",
    "114": "中国人民解放军军官证",
    "115": "中国人民武装警察部队警官证",
    "118": "中国人民解放军士兵证",
    "119": "中国人民武装警察部队士兵证",
    "120": "中国人民解放军文职人员证",
    "122": "中国人民武装警察部队文职人员证",
    "411": "外交护照",
    "412": "公务护照",
    "413": "公务普通护照",
    "414": "普通护照",
    "511": "台湾居民来往大陆通行证",
    "516": "港澳居民来往内地通行证",
    "999": "其他自然人有效证件代码",
}


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
