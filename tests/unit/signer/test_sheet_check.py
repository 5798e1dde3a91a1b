"""A whole sheet is judged before anything is saved, and the bad rows come back with their reasons."""

from pathlib import Path

import pytest

from registry.db import reading
from registry.records import LicenceDraft
from registry.tables import DRAFT
from signer.sheet_check import CheckedSheet, SheetChecker, bad_rows_sheet, check_sheet, reason_text
from signer.sheet_rows import REASONS_EN, REASONS_ZH
from signer.sheets import SheetError, read_sheet, write_sheet
from tests.town import BUREAU, HOST, SCHOOLS, SIGNBOARD, Town, photo
from verify.errors import FieldProblem

HEADINGS = [
    "证照类型",
    "持证主体",
    "证件号码",
    "有效期自",
    "有效期至",
    "证照编号",
    "办件编号",
    "设置地点",
    "招牌内容",
    "招牌形式",
]


def sentence(problem: FieldProblem, language: str) -> str:
    return f"[{language}] {problem.code}"


def row(town: Town, **changes: str) -> list[str]:
    """Return the cells of a good row of a signboard permit."""
    cells = {
        "证照类型": town.types[SIGNBOARD].name,
        "持证主体": "示例餐饮有限公司",
        "证件号码": "91999999MA00000154",
        "有效期自": "2026-11-24",
        "有效期至": "2028-11-23",
        "证照编号": "",
        "办件编号": "",
    }
    fields = {each.short_name: each for each in town.types[SIGNBOARD].fields}
    draft = town.signboard_draft()
    for name, definition in fields.items():
        cells[definition.name] = draft.fields.get(name, "")
    return [(cells | changes).get(name, "") for name in headings(town)]


def headings(town: Town) -> list[str]:
    return [*HEADINGS[:7], *(each.name for each in town.types[SIGNBOARD].fields)]


def checked(town: Town, *rows: list[str], **options: object) -> CheckedSheet:
    checker = SheetChecker(database=town.database, press=town.desk.press, **{"host": HOST, **options})  # type: ignore[arg-type]
    return check_sheet(checker, write_sheet(headings(town), rows), at=town.now)


def problems(sheet: CheckedSheet) -> list[list[tuple[str, str]]]:
    return [[(each.field, each.code) for each in row.problems] for row in sheet.rows]


def drafts_saved(town: Town) -> int:
    with reading(town.database) as tx:
        return len(tx.execute(DRAFT.select()).all())


def test_good_rows_are_good_and_nothing_is_written(town: Town) -> None:
    told: list[int] = []

    sheet = checked(town, row(town), row(town, 持证主体="另一家公司"), progress=told.append)

    assert problems(sheet) == [[], []]
    assert (len(sheet.good), len(sheet.bad)) == (2, 0)
    assert isinstance(sheet.rows[0].draft, LicenceDraft)
    assert told == [1, 2]
    assert drafts_saved(town) == 0


def test_all_that_is_wrong_with_a_row_is_named_at_once(sqlite_town: Town) -> None:
    town = sqlite_town

    sheet = checked(town, row(town, 证件号码="91999999MA00000155", 有效期至="2040-01-01"), row(town))

    assert problems(sheet) == [[("holder_code", "field.uscc"), ("valid_until", "date.too_long")], []]
    assert [each.number for each in sheet.bad] == [2]


def test_a_character_that_no_font_has_is_found_before_anything_is_signed(sqlite_town: Town) -> None:
    sheet = checked(sqlite_town, row(sqlite_town, 持证主体="𠮷野示例公司"))

    (problem,) = sheet.rows[0].problems
    assert (problem.field, problem.code, problem.params) == (
        "holder_name",
        "field.character_missing",
        {"characters": "U+20BB7"},
    )


def test_a_row_that_fits_no_page_or_code_is_bad_before_anything_is_signed(sqlite_town: Town) -> None:
    town = sqlite_town

    sheet = checked(town, row(town), row(town, 持证主体="示" * 53), host=".".join(["a" * 60] * 3))

    assert problems(sheet) == [[], [("holder_name", "qr.too_long")]]
    assert drafts_saved(town) == 0


def test_a_row_that_stands_twice_is_found_and_the_first_one_stays_good(sqlite_town: Town) -> None:
    town = sqlite_town

    sheet = checked(
        town, row(town), row(town), row(town, 持证主体="甲", 办件编号="A-1"), row(town, 持证主体="乙", 办件编号="A-1")
    )

    assert problems(sheet) == [
        [],
        [("application", "sheet.duplicate_row")],
        [],
        [("application", "sheet.duplicate_row")],
    ]
    assert sheet.rows[3].problems[0].params == {"row": "4"}


def test_given_numbers_are_judged_within_the_sheet_and_against_the_registry(sqlite_town: Town) -> None:
    town = sqlite_town
    used = town.issues(town.signboard_draft()).record.number
    free = used.replace("00001", "00009")

    sheet = checked(
        town,
        row(town, 证照编号=used),
        row(town, 证照编号="第7号", 持证主体="甲"),
        row(town, 证照编号=free, 持证主体="乙"),
        row(town, 证照编号=free, 持证主体="丙"),
    )

    assert problems(sheet) == [
        [("number", "number.used")],
        [("number", "number.malformed")],
        [],
        [("number", "number.used")],
    ]
    assert sheet.rows[3].problems[0].params == {"row": "4"}


def test_only_the_callers_departments_are_issued_for(sqlite_town: Town) -> None:
    town = sqlite_town

    assert problems(checked(town, row(town), departments=frozenset({BUREAU}))) == [[]]
    assert problems(checked(town, row(town), departments=frozenset({SCHOOLS}))) == [[("item_code", "department.other")]]


def test_a_sheet_of_one_type_needs_no_type(sqlite_town: Town) -> None:
    town = sqlite_town
    content = write_sheet(headings(town)[1:], [row(town)[1:]])
    checker = SheetChecker(database=town.database, press=town.desk.press, host=HOST, only_type=SIGNBOARD)

    assert check_sheet(checker, content, at=town.now).bad == ()


def test_what_is_no_sheet_is_refused_as_a_whole(sqlite_town: Town) -> None:
    checker = SheetChecker(database=sqlite_town.database, press=sqlite_town.desk.press, host=HOST)
    with pytest.raises(SheetError):
        check_sheet(checker, b"", at=sqlite_town.now)


def test_bad_rows_come_back_as_the_same_sheet_with_reasons_and_can_be_sent_in_again(sqlite_town: Town) -> None:
    town = sqlite_town
    sheet = checked(town, row(town), row(town, 证件号码="91999999MA00000155", 持证主体="=1+1 公司"))

    returned = read_sheet(bad_rows_sheet(sheet, {each.number: each.problems for each in sheet.bad}, sentence))

    assert returned.headings == (*headings(town), REASONS_ZH, REASONS_EN)
    (bad,) = returned.rows
    assert bad.cells[1] == "=1+1 公司", "the formula was defused and is read back as it was"
    assert bad.cells[-2:] == ("证件号码：[zh] field.uscc", "holder code: [en] field.uscc")
    mended = [
        [
            text if name != "证件号码" else "91999999MA00000154"
            for name, text in zip(returned.headings, bad.cells, strict=True)
        ]
    ]
    again = check_sheet(
        SheetChecker(database=town.database, press=town.desk.press, host=HOST),
        write_sheet(returned.headings, mended),
        at=town.now,
    )
    assert again.bad == ()
    back = read_sheet(bad_rows_sheet(again, {2: (FieldProblem(field="number", code="x"),)}, sentence))
    assert back.headings == returned.headings, "our own columns are not doubled"


def test_reasons_name_the_column_in_both_languages(sqlite_town: Town) -> None:
    problem = FieldProblem(field="KZ_SZDD", code="field.missing")
    licence_type = sqlite_town.types[SIGNBOARD]

    assert reason_text(problem, licence_type, sentence, "zh").startswith("设置地点")
    assert reason_text(problem, None, sentence, "en") == "KZ_SZDD: [en] field.missing"


def test_the_sample_applications_are_judged_with_their_photos(sqlite_town: Town, repository: Path) -> None:
    """The CSV that the repository carries: twelve rows wrong, each in its own way, and all others good."""
    content = (repository / "examples" / "applications.csv").read_bytes()
    checker = SheetChecker(
        database=sqlite_town.database, press=sqlite_town.desk.press, host=HOST, photos=lambda _name: photo()
    )

    sheet = check_sheet(checker, content, at=sqlite_town.now)

    assert (len(sheet.good), len(sheet.bad)) == (228, 12)
    assert len({(each.problems[0].field, each.problems[0].code) for each in sheet.bad}) >= 10
