"""Rows of a sheet become drafts of licences, or lists of what is wrong with them.

Promises:
  * One sheet may hold several licence types side by side: each row is read with the fields of its own type.
  * A heading is a field's Chinese name, its English name or its short name; the columns that all types share likewise.
  * Every problem names its column and carries a stable code; the caller's values are in none of them.
  * Only how a value is written changes here (outer spaces, dates, full-width letters of codes), never what it says.

Whether a draft may be issued is judged by `precheck`; here is only what the sheet can get wrong.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import ClassVar, Final

from registry.records import FieldDefinition, FieldKind, LicenceDraft, LicenceType
from signer.holder_codes import CODE_TYPE_CITIZEN, CODE_TYPE_NAMES, CODE_TYPE_USCC, ORGANISATION_CODE_TYPES
from signer.sheets import CELL_BROKEN, Sheet, SheetError, SheetRow, is_number_lost
from verify.errors import FieldProblem, MalformedError
from verify.licence import HolderKind
from verify.values import Uscc

PhotoFinder = Callable[[str], bytes | None]
"""Returns the photo of a file name that stands in a row, or None."""

COMMON: Final[Mapping[str, tuple[str, ...]]] = {
    "type_code": ("证照类型", "licence type", "证照类型代码"),
    "holder_name": ("持证主体", "holder", "持证主体名称"),
    "holder_code_type": ("证件类型", "holder code type", "持证主体代码类型"),
    "holder_code": ("证件号码", "holder code", "持证主体代码"),
    "valid_from": ("有效期自", "valid from", "有效期起"),
    "valid_until": ("有效期至", "valid until", "有效期止"),
    "item_code": ("事项编码", "item code"),
    "photo": ("照片", "photo"),
    "number": ("证照编号", "licence number"),
    "papers_due": ("容缺补齐期限", "papers due"),
    "application": ("办件编号", "application number"),
}
"""The columns that all types share: the first name is the Chinese one, the second the English one."""

REASONS_ZH: Final = "问题"
REASONS_EN: Final = "Problems"
_OURS: Final = frozenset({REASONS_ZH, REASONS_EN.casefold()})
_REQUIRED: Final = ("type_code", "holder_name", "holder_code", "valid_from")
_LONG_TERM: Final = frozenset({"", "长期", "长期有效", "无", "long term", "long-term", "none"})
_SPACES: Final = " \t\r\n\u00a0\u3000"
_DAY_FORMS: Final = (
    re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"),
    re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})"),
    re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日"),
)
_CODE_KINDS: Final = frozenset(
    {FieldKind.USCC, FieldKind.CITIZEN_NUMBER, FieldKind.INTEGER, FieldKind.DECIMAL, FieldKind.PHONE}
)
_CODE_TYPES: Final = {
    **{name: code for code, name in CODE_TYPE_NAMES.items()},
    **{code: code for code in CODE_TYPE_NAMES},
    "居民身份证": CODE_TYPE_CITIZEN,
    "uscc": CODE_TYPE_USCC,
    "citizen number": CODE_TYPE_CITIZEN,
}


class ColumnMissingError(SheetError):
    """A column that every sheet needs is not there."""

    code: ClassVar[str] = "sheet.column_missing"


class ColumnUnknownError(SheetError):
    """A heading is the name of no field; the column is named by its letters, for a heading may be a person's name."""

    code = "sheet.column_unknown"


class ColumnTwiceError(SheetError):
    """Two columns have the same heading."""

    code = "sheet.column_twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRow:
    """One row as read: its draft, or its problems. The digest is of everything that stands in it."""

    number: int
    content_digest: bytes
    application: str
    draft: LicenceDraft | None = field(repr=False)
    problems: tuple[FieldProblem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetReader:
    """What rows are read with: the types in force, the departments that issue, and where photos are found.

    `only_type` is the code of the one type of a sheet that has no type column.
    """

    types: Sequence[LicenceType]
    issuers: frozenset[str]
    photos: PhotoFinder = field(default=lambda _name: None)
    only_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A row under reading: texts of the common columns by name, of the others by heading, and problems so far."""

    common: Mapping[str, str]
    others: Mapping[str, str]
    problems: list[FieldProblem]

    def wrong(self, name: str, code: str) -> None:
        self.problems.append(FieldProblem(field=name[:40], code=code))


def parse_day(text: str) -> date:
    """Read a date in one of the three usual spellings. Raises `MalformedError`."""
    folded = unicodedata.normalize("NFKC", text.strip(_SPACES))
    for form in _DAY_FORMS:
        match = form.fullmatch(folded)
        if match is not None:
            try:
                return date(int(match[1]), int(match[2]), int(match[3]))
            except ValueError:
                break
    raise MalformedError("not a date")


def read_rows(sheet: Sheet, reader: SheetReader) -> tuple[ReadRow, ...]:
    """Read all rows. Raises a `SheetError` when the headings do not fit any licence type."""
    common, others = _columns(sheet.headings, reader)
    types = {name: each for each in reader.types for name in (each.name, each.name_en.casefold(), each.code)}
    return tuple(_read_row(row, common, others, types, reader) for row in sheet.rows)


def column_name(field_name: str, licence_type: LicenceType | None) -> tuple[str, str]:
    """Return the Chinese and English name of the column that a problem names."""
    if field_name in COMMON:
        return COMMON[field_name][0], COMMON[field_name][1]
    for definition in () if licence_type is None else licence_type.fields:
        if definition.short_name == field_name:
            return definition.name, definition.name_en
    return field_name, field_name


def _columns(headings: Sequence[str], reader: SheetReader) -> tuple[dict[int, str], dict[int, str]]:
    """Return which columns are common, by name, and which are fields of some type, by heading."""
    names = {spelling: name for name, spellings in COMMON.items() for spelling in (name, *spellings)}
    fields = {spelling for each in reader.types for one in each.fields for spelling in _spellings(one)}
    common, others = {}, {}
    for index, heading in enumerate(headings):
        folded = heading.casefold()
        if folded in names:
            common[index] = names[folded]
        elif folded in fields:
            others[index] = folded
        elif folded not in _OURS:
            raise ColumnUnknownError(params={"column": _letters(index)})
    if len({*common.values(), *others.values()}) != len(common) + len(others):
        raise ColumnTwiceError
    present = {*common.values(), *(() if reader.only_type is None else ("type_code",))}
    for name in _REQUIRED:
        if name not in present:
            raise ColumnMissingError(params={"column_zh": COMMON[name][0], "column_en": COMMON[name][1]})
    return common, others


def _letters(index: int) -> str:
    """Return the letters of a column as spreadsheet programs show them."""
    letters, number = "", index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@lru_cache(maxsize=4096)
def _spellings(definition: FieldDefinition) -> tuple[str, ...]:
    short = re.sub(r"（.*?）|\(.*?\)", "", definition.name)
    names = (definition.name, short, definition.name_en, definition.short_name, definition.short_name[3:])
    return tuple(name.casefold() for name in names)


def _read_row(
    row: SheetRow,
    common: Mapping[int, str],
    others: Mapping[int, str],
    types: Mapping[str, LicenceType],
    reader: SheetReader,
) -> ReadRow:
    cells = {index: cell.strip(_SPACES) for index, cell in enumerate(row.cells)}
    raw = _Row(
        common={name: cells[index] for index, name in common.items()},
        others={name: cells[index] for index, name in others.items() if cells[index]},
        problems=[],
    )
    photo_name = raw.common.get("photo", "")
    photo = _photo(raw, photo_name, reader)
    draft = None
    if _has_whole_cells(raw):
        licence_type = types.get(reader.only_type or _folded_type(raw.common["type_code"]))
        if licence_type is None:
            raw.wrong("type_code", "sheet.type_unknown" if raw.common.get("type_code") else "field.missing")
        else:
            draft = _draft(raw, licence_type, photo, reader)
    return ReadRow(
        number=row.number,
        content_digest=_digest(raw, photo),
        application=raw.common.get("application", ""),
        draft=None if raw.problems else draft,
        problems=tuple(raw.problems),
    )


def _folded_type(text: str) -> str:
    return text.casefold() if text.isascii() and not text[:1].isdigit() else text


def _digest(raw: _Row, photo: bytes | None) -> bytes:
    content = {"common": {name: text for name, text in raw.common.items() if text}, "others": dict(raw.others)}
    encoded = json.dumps(content, ensure_ascii=True, sort_keys=True).encode()
    return hashlib.sha256(encoded + hashlib.sha256(photo or b"").digest()).digest()


def _has_whole_cells(raw: _Row) -> bool:
    """Note the cells that a spreadsheet program has destroyed, and those that are too long."""
    for name, text in (*raw.common.items(), *raw.others.items()):
        if text == CELL_BROKEN:
            raw.wrong(name, "sheet.cell_broken")
        elif is_number_lost(text):
            raw.wrong(name, "sheet.number_lost")
    return not raw.problems


def _photo(raw: _Row, name: str, reader: SheetReader) -> bytes | None:
    if not name:
        return None
    if len(name) > 200 or name.startswith(".") or re.search(r'[/\\:*?"<>|\x00-\x1f]', name):
        raw.wrong("photo", "sheet.photo_missing")
        return None
    found = reader.photos(name)
    if found is None:
        raw.wrong("photo", "sheet.photo_missing")
    return found


def _draft(raw: _Row, licence_type: LicenceType, photo: bytes | None, reader: SheetReader) -> LicenceDraft | None:
    code_type = _code_type(raw, licence_type)
    item_code, issuer = _item_and_issuer(raw, licence_type, reader)
    valid_from = _day(raw, "valid_from")
    until_text = raw.common.get("valid_until", "")
    valid_until = None if until_text.casefold() in _LONG_TERM else _day(raw, "valid_until")
    papers_due = _day(raw, "papers_due") if raw.common.get("papers_due") else None
    fields = _fields(raw, licence_type)
    if raw.problems or valid_from is None:
        return None
    return LicenceDraft(
        type_code=licence_type.code,
        issuer=issuer,
        holder_name=raw.common["holder_name"],
        holder_kind=HolderKind.ORGANISATION if code_type in ORGANISATION_CODE_TYPES else HolderKind.PERSON,
        holder_code=_folded_code(raw.common["holder_code"]),
        holder_code_type=code_type,
        fields=fields,
        valid_from=valid_from,
        valid_until=valid_until,
        item_code=item_code,
        number=raw.common.get("number") or None,
        photo=photo,
        papers_due=papers_due,
    )


def _folded_code(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace(" ", "").upper()


def _code_type(raw: _Row, licence_type: LicenceType) -> str:
    text = raw.common.get("holder_code_type", "").casefold()
    if text:
        code_type = _CODE_TYPES.get(text, "")
        if not code_type:
            raw.wrong("holder_code_type", "holder.code_type")
        return code_type
    if licence_type.holder_kind != "any":
        return CODE_TYPE_USCC if licence_type.holder_kind == "organisation" else CODE_TYPE_CITIZEN
    try:
        Uscc(_folded_code(raw.common["holder_code"]))
    except MalformedError:
        return CODE_TYPE_CITIZEN
    return CODE_TYPE_USCC


def _item_and_issuer(raw: _Row, licence_type: LicenceType, reader: SheetReader) -> tuple[str, str]:
    """Return the item, the type's only one when the row names none, and its office: the first 18 characters."""
    item_code = _folded_code(raw.common.get("item_code", ""))
    if not item_code and len(licence_type.item_codes) == 1:
        item_code = licence_type.item_codes[0]
    issuer = item_code[:18]
    if not item_code:
        raw.wrong("item_code", "field.missing")
    elif issuer not in reader.issuers:
        raw.wrong("item_code", "sheet.issuer_unknown")
    return item_code, issuer


def _day(raw: _Row, name: str) -> date | None:
    text = raw.common.get(name, "")
    try:
        return parse_day(text)
    except MalformedError:
        raw.wrong(name, "field.date" if text else "field.missing")
        return None


def _fields(raw: _Row, licence_type: LicenceType) -> dict[str, str]:
    left = dict(raw.others)
    fields = {}
    for definition in licence_type.fields:
        heading = next((spelling for spelling in _spellings(definition) if spelling in left), None)
        if heading is not None and definition.kind is not FieldKind.PHOTO:
            fields[definition.short_name] = _written(definition, left.pop(heading))
    for heading in left:
        raw.wrong(heading, "field.unknown")
    return fields


def _written(definition: FieldDefinition, text: str) -> str:
    """Return the value in our spelling; what cannot be read stays as it is and is judged by `precheck`."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if definition.kind in _CODE_KINDS:
        return unicodedata.normalize("NFKC", text).upper()
    if definition.kind is FieldKind.LIST:
        return "\n".join(part.strip(_SPACES) for part in re.split(r"[\n；;]", text) if part.strip(_SPACES))
    if definition.kind is FieldKind.DATE:
        try:
            return parse_day(text).isoformat()
        except MalformedError:
            return text
    return text
