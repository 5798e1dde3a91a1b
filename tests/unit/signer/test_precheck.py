"""The check before issuing: every problem with its field and code, all at once, and never the value."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from registry.records import FieldDefinition, FieldKind, LicenceDraft, LicenceType, Validity
from signer.precheck import PHOTO_BYTES_MAX, check_draft, last_day
from tests.town import CITIZEN, HOLDER, HOST, TEACHER, Town, press
from verify.errors import FieldProblem
from verify.licence import HolderKind


def _found(town: Town, draft: LicenceDraft, licence_type: LicenceType | None) -> tuple[FieldProblem, ...]:
    return check_draft(draft, licence_type, town.offices[draft.issuer], press=press(), host=HOST, at=town.now)


def _problems(town: Town, draft: LicenceDraft, licence_type: LicenceType | None = None) -> list[tuple[str, str]]:
    found = _found(town, draft, licence_type or town.types[draft.type_code])
    return [(each.field, each.code) for each in found]


def test_complete_drafts_of_all_twelve_types_pass(sqlite_town: Town) -> None:
    problems = {code: _problems(sqlite_town, sqlite_town.draft(code)) for code in sqlite_town.types}

    assert problems == {code: [] for code in sqlite_town.types}


WRONG: list[tuple[str, dict[str, Any], tuple[str, str]]] = [
    ("no holder", {"holder_name": ""}, ("holder_name", "field.missing")),
    ("a holder with a space before", {"holder_name": " 示例"}, ("holder_name", "field.characters")),
    ("a holder on two lines", {"holder_name": "示\n例"}, ("holder_name", "field.characters")),
    ("a holder with an invisible character", {"holder_name": "示\u200b例"}, ("holder_name", "field.characters")),
    ("a holder too long for the code", {"holder_name": "示" * 54}, ("holder_name", "field.too_long")),
    ("a character that no font has", {"holder_name": "示\U0002fa1d"}, ("holder_name", "field.character_missing")),
    ("half a character", {"holder_name": "示\ud840"}, ("holder_name", "field.character_missing")),
    ("a person", {"holder_kind": HolderKind.PERSON, "holder_code_type": "414"}, ("holder_kind", "holder.kind")),
    ("a person's code type", {"holder_code_type": "111"}, ("holder_code_type", "holder.code_type")),
    ("no holder code", {"holder_code": " "}, ("holder_code", "field.missing")),
    ("a mistyped code", {"holder_code": HOLDER[:-1] + "5"}, ("holder_code", "field.uscc")),
    ("a code too long", {"holder_code_type": "099", "holder_code": "9" * 65}, ("holder_code", "field.too_long")),
    ("no end", {"valid_until": None}, ("valid_until", "field.missing")),
    ("an end before the start", {"valid_until": date(2026, 11, 23)}, ("valid_until", "date.order")),
    (
        "an end in the past",
        {"valid_from": date(2020, 1, 1), "valid_until": date(2024, 12, 31)},
        ("valid_until", "date.past"),
    ),
    ("an end too late", {"valid_until": date(2031, 11, 24)}, ("valid_until", "date.too_long")),
    ("a year before our days", {"valid_from": date(1969, 12, 31)}, ("valid_from", "date.impossible")),
    ("a year of a slip", {"valid_until": date(9998, 1, 1)}, ("valid_until", "date.impossible")),
    ("papers due too late", {"papers_due": date(2027, 11, 26)}, ("papers_due", "date.impossible")),
    ("papers due in the past", {"papers_due": date(2026, 11, 23)}, ("papers_due", "date.impossible")),
    ("no item", {"item_code": ""}, ("item_code", "field.missing")),
    ("an item that is none", {"item_code": "12"}, ("item_code", "field.item_code")),
    (
        "another type's item",
        {"item_code": "1199999900000005113000117015000"},
        ("item_code", "field.not_a_choice"),
    ),
    ("a photo that is none", {"photo": b"no picture"}, ("photo", "photo.unreadable")),
    ("a photo too large", {"photo": bytes(PHOTO_BYTES_MAX + 1)}, ("photo", "photo.too_large")),
]


@pytest.mark.parametrize(("changes", "problem"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_is_wrong_is_named_with_its_field(
    sqlite_town: Town, changes: dict[str, Any], problem: tuple[str, str]
) -> None:
    assert problem in _problems(sqlite_town, sqlite_town.food_draft(**changes))


WRONG_FIELDS: list[tuple[str, str | None, tuple[str, str]]] = [
    ("KZ_JYCS", None, ("KZ_JYCS", "field.missing")),
    ("KZ_JYCS", " ", ("KZ_JYCS", "field.missing")),
    ("KZ_RCJDRY", " ", ("KZ_RCJDRY", "field.missing")),
    ("KZ_JYCS", "路" * 151, ("KZ_JYCS", "field.too_long")),
    ("KZ_JYCS", "示例路\n1号", ("KZ_JYCS", "field.characters")),
    ("KZ_JYXM", "一\t二", ("KZ_JYXM", "field.characters")),
    ("KZ_ZTYT", "餐馆", ("KZ_ZTYT", "field.not_a_choice")),
    ("KZ_TSJBDH", "call us", ("KZ_TSJBDH", "field.phone")),
    ("KZ_JYCS", "示\U0002fa1d", ("KZ_JYCS", "field.character_missing")),
    ("KZ_NICHT", "示例", ("KZ_NICHT", "field.unknown")),
]


@pytest.mark.parametrize(("name", "value", "problem"), WRONG_FIELDS)
def test_a_wrong_field_of_the_type_is_named(
    sqlite_town: Town, name: str, value: str | None, problem: tuple[str, str]
) -> None:
    draft = sqlite_town.food_draft()
    fields = {key: each for key, each in draft.fields.items() if key != name}
    if value is not None:
        fields[name] = value

    assert _problems(sqlite_town, replace(draft, fields=fields)) == [problem]


KINDS: list[tuple[FieldKind, str, str | None]] = [
    (FieldKind.DATE, "2026-02-29", "field.date"),
    (FieldKind.DATE, "20260228", "field.date"),
    (FieldKind.DATE, "1948-01-01", "field.date"),
    (FieldKind.DATE, "2026-02-28", None),
    (FieldKind.INTEGER, "1.5", "field.integer"),
    (FieldKind.INTEGER, "-12", None),
    (FieldKind.DECIMAL, "NaN", "field.decimal"),
    (FieldKind.DECIMAL, "1e5", "field.decimal"),
    (FieldKind.DECIMAL, "one", "field.decimal"),
    (FieldKind.DECIMAL, "-12.50", None),
    (FieldKind.USCC, HOLDER[:-1] + "5", "field.uscc"),
    (FieldKind.USCC, HOLDER, None),
    (FieldKind.CITIZEN_NUMBER, CITIZEN[:-1] + "0", "field.citizen_number"),
    (FieldKind.CITIZEN_NUMBER, CITIZEN, None),
    (FieldKind.PHONE, "+86 10-6255 0000", None),
    (FieldKind.LONG_TEXT, "一\n二", None),
]


@pytest.mark.parametrize(("kind", "value", "code"), KINDS)
def test_each_kind_of_field_has_its_form(sqlite_town: Town, kind: FieldKind, value: str, code: str | None) -> None:
    draft = sqlite_town.food_draft()
    definition = FieldDefinition(
        short_name="KZ_X", name="示例", name_en="Sample", kind=kind, required=True, max_length=40
    )
    licence_type = sqlite_town.types[draft.type_code]
    changed = replace(licence_type, fields=(*licence_type.fields, definition), template_version=1)

    problems = _problems(sqlite_town, replace(draft, fields={**draft.fields, "KZ_X": value}), changed)

    assert problems == ([] if code is None else [("KZ_X", code)])


def test_a_persons_licence_wants_a_person_a_citizen_number_and_the_photo(sqlite_town: Town) -> None:
    draft = sqlite_town.teacher_draft(photo=None, holder_code=CITIZEN[:-1] + "0")
    photos = [each.short_name for each in sqlite_town.types[TEACHER].fields if each.kind is FieldKind.PHOTO]

    assert _problems(sqlite_town, draft) == [
        ("holder_code", "field.citizen_number"),
        *((name, "field.missing") for name in photos),
    ]


def test_a_licence_for_ever_has_no_end_and_one_of_any_term_has_one(sqlite_town: Town) -> None:
    draft = sqlite_town.food_draft()
    licence_type = sqlite_town.types[draft.type_code]
    for_ever = replace(licence_type, validity=Validity(kind="long_term"))
    of_any_term = replace(licence_type, validity=Validity(kind="custom"))

    assert _problems(sqlite_town, draft, for_ever) == [("valid_until", "date.not_allowed")]
    assert _problems(sqlite_town, draft, of_any_term) == []
    assert _problems(sqlite_town, replace(draft, valid_until=None), of_any_term) == [("valid_until", "field.missing")]


def test_a_type_without_items_asks_for_none(sqlite_town: Town) -> None:
    draft = sqlite_town.food_draft(item_code="")
    without = replace(sqlite_town.types[draft.type_code], item_codes=())

    assert _problems(sqlite_town, draft, without) == []


def test_all_problems_are_named_at_once_and_no_value_is_repeated(sqlite_town: Town) -> None:
    draft = sqlite_town.food_draft(holder_name="欧 阳 ", holder_code="secret", valid_until=None, item_code="private")

    found = _found(sqlite_town, draft, sqlite_town.types[draft.type_code])

    assert [each.field for each in found] == ["holder_name", "holder_code", "valid_until", "item_code"]
    assert not any(value in repr(found) for value in ("欧", "secret", "private"))


def test_an_unknown_type_is_the_only_problem_then(sqlite_town: Town) -> None:
    found = _found(sqlite_town, sqlite_town.food_draft(holder_name=""), None)

    assert found == (FieldProblem(field="type_code", code="licence_type.unknown"),)


@pytest.mark.parametrize(
    ("starts", "years", "ends"),
    [
        (date(2026, 11, 24), 5, date(2031, 11, 23)),
        (date(2026, 1, 1), 2, date(2027, 12, 31)),
        (date(2024, 2, 29), 4, date(2028, 2, 28)),
        (date(2024, 2, 29), 5, date(2029, 2, 28)),
        (date(2024, 3, 1), 5, date(2029, 2, 28)),
    ],
)
def test_a_term_of_years_ends_the_day_before_its_anniversary(starts: date, years: int, ends: date) -> None:
    assert last_day(starts, years) == ends


def test_papers_may_be_due_today_and_for_a_year(sqlite_town: Town) -> None:
    for due in (date(2026, 11, 24), date(2026, 11, 24) + timedelta(days=366)):
        assert _problems(sqlite_town, sqlite_town.food_draft(papers_due=due)) == []
