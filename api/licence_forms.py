"""One application as a form: what a licence type asks for, and what was entered, judged as a row of a sheet is.

Promises:
  * A form is one row of a sheet: the same spellings are taken, and the same is found wrong, under the same names.
  * Nothing is written and nothing is signed here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from api.environment import Language
from api.sheets_in import judge_sheet
from api.texts import day_text, sentence
from api.wiring import Office
from registry.records import FieldDefinition, FieldKind, LicenceDraft, LicenceType
from signer.holder_codes import CODE_TYPE_NAMES, ORGANISATION_CODE_TYPES, PERSON_CODE_TYPES
from signer.precheck import last_day
from signer.sheet_check import CheckedRow
from signer.sheet_rows import column_name
from signer.sheets import write_sheet

# The longest field of the catalogue has 2,000 characters; what is longer is judged, and said to be too long.
ENTRY_LENGTH_MAX: Final = 4_000
PHOTO: Final = "photo"
# A row is told from an empty one by its column of applications, which a form has no other use for.
_ROW: Final = ("application", "form")
_TERMS_WITH_END: Final = frozenset({"years", "custom"})
_AREAS: Final = frozenset({FieldKind.LIST, FieldKind.LONG_TEXT})
_NUMBERS: Final = frozenset({FieldKind.INTEGER, FieldKind.PHONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field of the form: its name and label, and how it is entered: `text`, `area`, `choice` or `file`."""

    name: str
    label: str
    entry: str = "text"
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    is_required: bool = True
    is_numeric: bool = False


def own_items(licence_type: LicenceType, department: str) -> tuple[str, ...]:
    """Return the service items of a department that lead to this type; an item's code begins with the office's."""
    return tuple(each for each in licence_type.item_codes if each.startswith(department))


def form_fields(licence_type: LicenceType, *, items: Mapping[str, str], language: Language) -> tuple[FormField, ...]:
    """Return the fields in the order in which they are asked for; `items` are the department's, by code."""
    day_hint = sentence("ui.licences.day_hint", language)
    asked = [
        FormField(name="holder_name", label=label_of("holder_name", licence_type, language)),
        FormField(
            name="holder_code_type",
            label=label_of("holder_code_type", licence_type, language),
            entry="choice",
            choices=_code_types(licence_type),
        ),
        FormField(name="holder_code", label=label_of("holder_code", licence_type, language)),
        *(_own(each, language) for each in licence_type.fields),
        FormField(name="valid_from", label=label_of("valid_from", licence_type, language), hint=day_hint),
    ]
    if licence_type.validity.kind in _TERMS_WITH_END:
        label = label_of("valid_until", licence_type, language)
        asked.append(FormField(name="valid_until", label=label, hint=day_hint))
    if len(items) > 1:
        label = label_of("item_code", licence_type, language)
        asked.append(FormField(name="item_code", label=label, entry="choice", choices=tuple(items.items())))
    due_hint = sentence("ui.licences.due_hint", language)
    label = label_of("papers_due", licence_type, language)
    return (*asked, FormField(name="papers_due", label=label, hint=due_hint, is_required=False))


def first_values(licence_type: LicenceType, *, today: date) -> dict[str, str]:
    """Return what stands in a new form: a term that begins today."""
    values = {"valid_from": today.isoformat()}
    if licence_type.validity.kind == "years":
        values["valid_until"] = last_day(today, licence_type.validity.years or 0).isoformat()
    return values


def values_of(draft: LicenceDraft) -> dict[str, str]:
    """Return a draft as its form holds it."""
    days = {"valid_from": draft.valid_from, "valid_until": draft.valid_until, "papers_due": draft.papers_due}
    return {
        "holder_name": draft.holder_name,
        "holder_code_type": draft.holder_code_type,
        "holder_code": draft.holder_code,
        "item_code": draft.item_code,
        **draft.fields,
        **{name: day.isoformat() for name, day in days.items() if day is not None},
    }


def judged(
    office: Office, licence_type: LicenceType, given: Mapping[str, str], photo: bytes | None, *, department: str
) -> CheckedRow:
    """Return the judgement on what was entered."""
    cells = {**given, _ROW[0]: _ROW[1]}
    cells |= {"item_code": items[0]} if len(items := own_items(licence_type, department)) == 1 else {}
    cells |= {} if photo is None else {PHOTO: PHOTO}
    content = write_sheet(list(cells), [list(cells.values())])
    photos = {} if photo is None else {PHOTO: photo}
    checked = judge_sheet(office, content, photos, department=department, only_type=licence_type.code)
    return checked.rows[0]


def shown_draft(draft: LicenceDraft, licence_type: LicenceType, language: Language) -> tuple[tuple[str, str], ...]:
    """Return names and values of a draft, in the order of the form, as they are read before it is issued."""
    term = (draft.valid_from, draft.valid_until)
    shown = {
        "holder_name": draft.holder_name,
        "holder_code_type": CODE_TYPE_NAMES.get(draft.holder_code_type, draft.holder_code_type),
        "holder_code": draft.holder_code,
        **{each.short_name: draft.fields.get(each.short_name, "") for each in licence_type.fields},
        "valid_from": day_text(term[0], language),
        "valid_until": sentence("fact.long_term", language) if term[1] is None else day_text(term[1], language),
        "item_code": draft.item_code,
        "number": draft.number or "",
        "papers_due": "" if draft.papers_due is None else day_text(draft.papers_due, language),
    }
    return tuple((label_of(name, licence_type, language), value) for name, value in shown.items() if value)


def _own(definition: FieldDefinition, language: Language) -> FormField:
    is_photo = definition.kind is FieldKind.PHOTO
    entry = "file" if is_photo else "area" if definition.kind in _AREAS else "text"
    return FormField(
        name=PHOTO if is_photo else definition.short_name,
        label=definition.name_en if language == "en" and definition.name_en else definition.name,
        entry="choice" if definition.choices else entry,
        hint=definition.help_en if language == "en" and definition.help_en else definition.help,
        choices=tuple((each, each) for each in definition.choices),
        is_required=definition.required,
        is_numeric=definition.kind in _NUMBERS,
    )


def _code_types(licence_type: LicenceType) -> tuple[tuple[str, str], ...]:
    """Return the kinds of codes that fit the type's holders, the usual one first."""
    fitting = {"organisation": ORGANISATION_CODE_TYPES, "person": PERSON_CODE_TYPES}
    allowed = fitting.get(licence_type.holder_kind, ORGANISATION_CODE_TYPES | PERSON_CODE_TYPES)
    return tuple((code, name) for code, name in CODE_TYPE_NAMES.items() if code in allowed)


def label_of(name: str, licence_type: LicenceType | None, language: Language) -> str:
    """Return what a field is called, as the heading of its column in a sheet is."""
    zh, en = column_name(name, licence_type)
    return zh if language == "zh" else en[:1].upper() + en[1:]
