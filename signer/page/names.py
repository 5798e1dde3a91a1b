"""The names that a template may show, and their values for one licence.

Promises:
  * Names are the national short names (GB/T 36903), the type's own (`KZ_…`) and a few of ours; each has a text, which
    may be empty.
  * Dates are written for people: 2026年9月21日, 21 September 2026; a licence without end says 长期, long-term.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from registry.records import Department, FieldKind, LicenceDraft, LicenceType
from verify.licence import DataSet

CODE_TYPE_OTHER: Final = "证件号码"
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
NATIONAL_NAMES: Final = frozenset(
    {
        "ZZMC",  # name of the licence
        "ZZLXDM",  # code of its type
        "ZZBH",  # number
        "ZZBS",  # identifier (GB/T 36904)
        "ZZBFJG",  # issuing body
        "ZZBFJGDM",  # its code
        "ZZBFRQ",  # day of issue
        "CZZT",  # holder
        "CZZTDM",  # the holder's code
        "CZZTDMLX",  # kind of that code
        "ZZYXQQSRQ",  # first day
        "ZZYXQJZRQ",  # last day
    }
)
OUR_NAMES: Final = frozenset(
    {
        "ZZMC_EN",
        "ZZBFJG_EN",
        "ZZBFRQ_EN",
        "ZZYXQQSRQ_EN",
        "ZZYXQJZRQ_EN",
        "ZZYXQ",  # the term: from … to …, or 长期
        "ZZYXQ_EN",
        "FLYJ",  # legal basis
        "TYPED_ID",  # the id in groups of four with its check character
    }
)
CORE_NAMES: Final = NATIONAL_NAMES | OUR_NAMES


def is_indexed(name: str) -> bool:
    """Say whether a run that shows this value is an item of the national metadata."""
    return name in NATIONAL_NAMES or name.startswith("KZ_")


def chinese_date(day: date | None) -> str:
    """Write 2026年9月21日; 长期 where there is no end."""
    return "长期" if day is None else f"{day.year}年{day.month}月{day.day}日"


def english_date(day: date | None) -> str:
    """Write 21 September 2026; Long-term where there is no end."""
    return "Long-term" if day is None else f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def page_values(
    licence_type: LicenceType,
    draft: LicenceDraft,
    data_set: DataSet,
    department: Department,
    *,
    code_type: str,
    issued_on: date,
) -> Mapping[str, str]:
    """Return the texts for all names that a template of this type may show."""
    start, end = data_set.valid_from, data_set.valid_until
    values = {
        "ZZMC": licence_type.name,
        "ZZMC_EN": licence_type.name_en,
        "ZZLXDM": licence_type.code,
        "ZZBH": data_set.number,
        "ZZBS": data_set.identifier.text,
        "ZZBFJG": data_set.office_name,
        "ZZBFJG_EN": department.name_en,
        "ZZBFJGDM": department.uscc,
        "ZZBFRQ": chinese_date(issued_on),
        "ZZBFRQ_EN": english_date(issued_on),
        "CZZT": data_set.holder_name,
        "CZZTDM": draft.holder_code,
        "CZZTDMLX": code_type or CODE_TYPE_OTHER,
        "ZZYXQQSRQ": chinese_date(start),
        "ZZYXQQSRQ_EN": english_date(start),
        "ZZYXQJZRQ": chinese_date(end),
        "ZZYXQJZRQ_EN": english_date(end),
        "ZZYXQ": f"{chinese_date(start)}至{chinese_date(end)}",
        "ZZYXQ_EN": f"{english_date(start)} to {english_date(end)}" if end else f"From {english_date(start)}",
        "FLYJ": licence_type.legal_basis,
        "TYPED_ID": data_set.licence_id.typed,
    }
    for definition in licence_type.fields:
        text = draft.fields.get(definition.short_name, "")
        values[definition.short_name] = _field_text(definition.kind, text)
    return values


def _field_text(kind: FieldKind, text: str) -> str:
    if kind is FieldKind.PHOTO:
        return ""
    if kind is FieldKind.DATE and text:
        return chinese_date(date.fromisoformat(text))
    return text
