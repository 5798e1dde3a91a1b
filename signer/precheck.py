"""Check a draft against its licence type before anything is reserved or signed.

Promises:
  * Every problem is named at once, each with its field and a stable code; never the value that was entered.
  * Nothing is written, nothing is signed; same arguments, same answer.
  * What passes here can be rendered: a character that the page's fonts lack is found now (decisions.md section 10), and
    so is a text or a code that does not fit (`fit`).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from registry.records import Department, FieldDefinition, FieldKind, LicenceDraft, LicenceType
from signer.fit import fit_problems
from signer.holder_codes import CODE_TYPE_CITIZEN, CODE_TYPE_USCC, ORGANISATION_CODE_TYPES, PERSON_CODE_TYPES
from signer.page.photos import prepare_photo
from signer.page.press import Press
from verify.errors import FieldProblem, MalformedError, YinzhengError
from verify.licence import ISSUER_ZONE, HolderKind
from verify.values import CitizenNumber, ItemCode, Uscc

# The holder's name stands in the code, which has 450 bytes: 223 for all else but the number, 60 for a long number.
HOLDER_NAME_BYTES_MAX: Final = 160
# Papers promised for later (容缺受理) come within months; a deadline years away is a slip of the pen.
PAPERS_DUE_DAYS_MAX: Final = 366
# No date on a licence lies outside these years; a year outside them is a slip of the pen.
YEARS: Final = range(1949, 2200)
# Data set and code count the days of the term from 1970-01-01.
TERM_YEARS: Final = range(1970, 2200)
# A photo for a card is under 100 kB; this cap is checked before the picture is opened.
PHOTO_BYTES_MAX: Final = 2 * 1024 * 1024

# From the three digits of 110 up; 12315 is what most food licences print.
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ()-]{1,22}[0-9]")
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def check_draft(
    draft: LicenceDraft,
    licence_type: LicenceType | None,
    department: Department | None,
    *,
    press: Press,
    host: str,
    at: datetime,
) -> tuple[FieldProblem, ...]:
    """Return everything that keeps this draft from being issued, in the order of the form; empty when nothing does.

    Characters are looked at when all else is right, room on the page and in the code after them. An unknown department
    is its own reason, which the caller gives; room is then not looked at.
    """
    if licence_type is None:
        return (FieldProblem(field="type_code", code="licence_type.unknown"),)
    problems = [
        *_check_holder(draft, licence_type),
        *_check_dates(draft, licence_type, at=at),
        *_check_item(draft, licence_type),
        *_check_photo(draft, licence_type),
        *_check_fields(draft.fields, licence_type),
    ]
    if problems or (problems := [*_check_characters(draft, licence_type, press)]) or department is None:
        return tuple(problems)
    return fit_problems(draft, licence_type, department, press=press, host=host, at=at)


def _check_holder(draft: LicenceDraft, licence_type: LicenceType) -> Iterator[FieldProblem]:
    name = draft.holder_name.strip()
    if not name or name != draft.holder_name or _CONTROL.search(name) or "\n" in name:
        yield FieldProblem(field="holder_name", code="field.missing" if not name else "field.characters")
    if len(name.encode(errors="surrogatepass")) > HOLDER_NAME_BYTES_MAX:
        most = HOLDER_NAME_BYTES_MAX // 3  # a Chinese character takes three bytes
        yield FieldProblem(field="holder_name", code="field.too_long", params={"max": str(most)})
    kinds = {"organisation": {HolderKind.ORGANISATION}, "person": {HolderKind.PERSON}}
    if draft.holder_kind not in kinds.get(licence_type.holder_kind, set(HolderKind)):
        yield FieldProblem(field="holder_kind", code="holder.kind")
    of_person = draft.holder_kind is HolderKind.PERSON
    if draft.holder_code_type not in (PERSON_CODE_TYPES if of_person else ORGANISATION_CODE_TYPES):
        yield FieldProblem(field="holder_code_type", code="holder.code_type")
    yield from _check_holder_code(draft)


def _check_holder_code(draft: LicenceDraft) -> Iterator[FieldProblem]:
    if not draft.holder_code.strip():
        yield FieldProblem(field="holder_code", code="field.missing")
    elif draft.holder_code_type == CODE_TYPE_USCC:
        yield from _check_value("holder_code", draft.holder_code, Uscc, "field.uscc")
    elif draft.holder_code_type == CODE_TYPE_CITIZEN:
        yield from _check_value("holder_code", draft.holder_code, CitizenNumber, "field.citizen_number")
    elif len(draft.holder_code) > 64 or _CONTROL.search(draft.holder_code):
        yield FieldProblem(field="holder_code", code="field.too_long", params={"max": "64"})


def _check_dates(draft: LicenceDraft, licence_type: LicenceType, *, at: datetime) -> Iterator[FieldProblem]:
    term = (("valid_from", draft.valid_from), ("valid_until", draft.valid_until))
    impossible = [name for name, day in term if day is not None and day.year not in TERM_YEARS]
    for name in impossible:
        yield FieldProblem(field=name, code="date.impossible")
    today = at.astimezone(ISSUER_ZONE).date()
    if not impossible:
        yield from _check_end(draft, licence_type, today=today)
    due = draft.papers_due
    if due is not None and not 0 <= (due - today).days <= PAPERS_DUE_DAYS_MAX:
        yield FieldProblem(field="papers_due", code="date.impossible")


def _check_end(draft: LicenceDraft, licence_type: LicenceType, *, today: date) -> Iterator[FieldProblem]:
    until, kind = draft.valid_until, licence_type.validity.kind
    if until is None and kind in {"years", "custom"}:
        yield FieldProblem(field="valid_until", code="field.missing")
    if until is not None and kind in {"long_term", "none"}:
        yield FieldProblem(field="valid_until", code="date.not_allowed")
    if until is not None and until < draft.valid_from:
        yield FieldProblem(field="valid_until", code="date.order")
    elif until is not None and until < today:
        yield FieldProblem(field="valid_until", code="date.past")
    if until is not None and kind == "years" and until > last_day(draft.valid_from, licence_type.validity.years or 0):
        yield FieldProblem(
            field="valid_until", code="date.too_long", params={"years": str(licence_type.validity.years)}
        )


def last_day(valid_from: date, years: int) -> date:
    """Return the last day of a term of so many years: the day before the anniversary (民法典 200, 201)."""
    year = valid_from.year + years
    if (valid_from.month, valid_from.day) == (2, 29) and not _is_leap(year):
        return date(year, 2, 28)
    return date.fromordinal(valid_from.replace(year=year).toordinal() - 1)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _check_item(draft: LicenceDraft, licence_type: LicenceType) -> Iterator[FieldProblem]:
    if not draft.item_code and not licence_type.item_codes:
        return
    malformed = tuple(_check_value("item_code", draft.item_code, ItemCode, "field.item_code"))
    yield from malformed
    if (
        not malformed
        and licence_type.item_codes
        and not any(code in draft.item_code for code in licence_type.item_codes)
    ):
        yield FieldProblem(field="item_code", code="field.not_a_choice")


def _check_photo(draft: LicenceDraft, licence_type: LicenceType) -> Iterator[FieldProblem]:
    for definition in licence_type.fields:
        if definition.kind is FieldKind.PHOTO and definition.required and draft.photo is None:
            yield FieldProblem(field=definition.short_name, code="field.missing")
    if draft.photo is None:
        return
    if len(draft.photo) > PHOTO_BYTES_MAX:
        yield FieldProblem(field="photo", code="photo.too_large", params={"max": str(PHOTO_BYTES_MAX)})
        return
    try:
        prepare_photo(draft.photo)
    except YinzhengError as error:
        yield FieldProblem(field="photo", code=error.code, params=error.params)


def _check_fields(fields: Mapping[str, str], licence_type: LicenceType) -> Iterator[FieldProblem]:
    defined = {definition.short_name: definition for definition in licence_type.fields}
    for definition in licence_type.fields:
        if definition.kind is not FieldKind.PHOTO:
            yield from _check_field(definition, fields.get(definition.short_name, ""))
    for name in fields:
        if name not in defined:
            yield FieldProblem(field=name[:40], code="field.unknown")


def _check_field(definition: FieldDefinition, value: str) -> Iterator[FieldProblem]:
    name = definition.short_name
    if not value.strip():
        if definition.required or value:
            yield FieldProblem(field=name, code="field.missing")
        return
    if len(value) > definition.max_length:
        yield FieldProblem(field=name, code="field.too_long", params={"max": str(definition.max_length)})
        return
    if _CONTROL.search(value) or ("\n" in value and definition.kind not in _SEVERAL_LINES):
        yield FieldProblem(field=name, code="field.characters")
        return
    try:
        _CHECKS[definition.kind](definition, value)
    except MalformedError as error:
        yield FieldProblem(field=name, code=f"field.{error.detail}")


def _check_value(name: str, value: str, maker: Callable[[str], object], code: str) -> Iterator[FieldProblem]:
    try:
        maker(value)
    except MalformedError:
        yield FieldProblem(field=name, code=code if value else "field.missing")


def _any_text(definition: FieldDefinition, value: str) -> None:
    """Accept every text: length and characters are judged before."""


def _date_text(_definition: FieldDefinition, value: str) -> None:
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise MalformedError("date") from error
    if len(value) != 10 or day.year not in YEARS:
        raise MalformedError("date")


def _integer(_definition: FieldDefinition, value: str) -> None:
    if not _INTEGER.fullmatch(value):
        raise MalformedError("integer")


def _decimal(_definition: FieldDefinition, value: str) -> None:
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise MalformedError("decimal") from error
    if not number.is_finite() or not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        raise MalformedError("decimal")


def _choice(definition: FieldDefinition, value: str) -> None:
    if value not in definition.choices:
        raise MalformedError("not_a_choice")


def _phone(_definition: FieldDefinition, value: str) -> None:
    if not _PHONE.fullmatch(value):
        raise MalformedError("phone")


def _uscc(_definition: FieldDefinition, value: str) -> None:
    try:
        Uscc(value)
    except MalformedError as error:
        raise MalformedError("uscc") from error


def _citizen_number(_definition: FieldDefinition, value: str) -> None:
    try:
        CitizenNumber(value)
    except MalformedError as error:
        raise MalformedError("citizen_number") from error


_SEVERAL_LINES: Final = frozenset({FieldKind.LONG_TEXT, FieldKind.LIST})
_CHECKS: Final[Mapping[FieldKind, Callable[[FieldDefinition, str], None]]] = {
    FieldKind.TEXT: _any_text,
    FieldKind.LONG_TEXT: _any_text,
    FieldKind.LIST: _any_text,
    FieldKind.PHOTO: _any_text,
    FieldKind.DATE: _date_text,
    FieldKind.INTEGER: _integer,
    FieldKind.DECIMAL: _decimal,
    FieldKind.USCC: _uscc,
    FieldKind.CITIZEN_NUMBER: _citizen_number,
    FieldKind.PHONE: _phone,
    FieldKind.CHOICE: _choice,
}


def _check_characters(draft: LicenceDraft, licence_type: LicenceType, press: Press) -> tuple[FieldProblem, ...]:
    texts = {"holder_name": draft.holder_name, "holder_code": draft.holder_code, **draft.fields}
    if draft.number is not None:
        texts["number"] = draft.number
    missing = press.missing_characters(licence_type, texts)
    return tuple(
        FieldProblem(
            field=name,
            code="field.character_missing",
            params={"characters": " ".join(f"U+{ord(character):04X}" for character in sorted(characters))},
        )
        for name, characters in missing.items()
    )
