"""Rows of a sheet become drafts, or lists of what is wrong with them."""

import tomllib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.catalogue import SAMPLE
from registry.catalogue_forms import read_record
from registry.records import LicenceType
from signer.sheet_rows import (
    ColumnMissingError,
    ColumnTwiceError,
    ColumnUnknownError,
    ReadRow,
    SheetReader,
    column_name,
    parse_day,
    read_rows,
)
from signer.sheets import CELL_BROKEN, NUMBER_LOST, Sheet, SheetRow
from verify.errors import MalformedError
from verify.licence import HolderKind

TYPES = {
    each["template"]: read_record(LicenceType, each)
    for each in tomllib.loads(SAMPLE.read_text("utf-8"))["licence_type"]
}
SIGNBOARD, TEACHER, FOOD = (
    TYPES[name] for name in ("signboard_permit", "teacher_certificate", "food_business_licence")
)
ISSUERS = frozenset({"119999990000000511", "1199999900000006XQ", "11999999000000078Q"})
HOLDER, CITIZEN = "91999999MA00000154", "999999199003070032"

GOOD = {
    "证照类型": SIGNBOARD.name,
    "持证主体": "示例公司",
    "证件号码": HOLDER,
    "有效期自": "2026-11-24",
    "有效期至": "2028-11-23",
    "设置地点": "示例路1号",
    "数量": "2",
}


def rows_of(*rows: dict[str, str], only_type: str | None = None) -> tuple[ReadRow, ...]:
    headings = tuple(dict.fromkeys(name for row in rows for name in row))
    sheet = Sheet(
        headings=headings,
        rows=tuple(
            SheetRow(number=number, cells=tuple(row.get(name, "") for name in headings))
            for number, row in enumerate(rows, 2)
        ),
    )
    photos = {"王.jpg": b"\xff\xd8photo"}
    reader = SheetReader(types=tuple(TYPES.values()), issuers=ISSUERS, photos=photos.get, only_type=only_type)
    return read_rows(sheet, reader)


def row_of(**changes: str | None) -> ReadRow:
    """Read the good row with cells changed; None takes a column away."""
    (row,) = rows_of({name: text for name, text in (GOOD | changes).items() if text is not None})
    return row


def problems(row: ReadRow) -> list[tuple[str, str]]:
    return [(each.field, each.code) for each in row.problems]


@pytest.mark.parametrize(
    "text",
    [
        "2026-09-21",
        "2026/9/21",
        "2026年9月21日",
        " 2026-9-21 ",
        "２０２６／９／２１",
        "\u30002026年09月21日",
        "2026/09/21",
    ],
)
def test_a_day_is_read_in_all_three_spellings(text: str) -> None:
    assert parse_day(text) == date(2026, 9, 21)


@pytest.mark.parametrize(
    "text",
    ["", "2026-02-30", "2026.9.21", "21/9/2026", "2026-9", "46286", "2026年9月", "0000-01-01", "2026-13-01", "x"],
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_day(text)


@given(st.dates(), st.sampled_from(["{0:04}-{1}-{2}", "{0:04}/{1:02}/{2:02}", "{0:04}年{1}月{2}日"]))
def test_every_day_reads_back(day: date, form: str) -> None:
    assert parse_day(form.format(day.year, day.month, day.day)) == day


def test_a_good_row_is_a_draft() -> None:
    row = row_of(办件编号="A-1", 证照编号="示城管招字〔2026〕第00007号", 容缺补齐期限="2026/12/1")

    draft = row.draft
    assert problems(row) == []
    assert draft is not None
    assert (draft.type_code, draft.issuer, draft.item_code) == (SIGNBOARD.code, ISSUER, SIGNBOARD.item_codes[0])
    assert (draft.holder_name, draft.holder_kind, draft.holder_code_type) == (
        "示例公司",
        HolderKind.ORGANISATION,
        "001",
    )
    assert (draft.valid_from, draft.valid_until, draft.papers_due) == (
        date(2026, 11, 24),
        date(2028, 11, 23),
        date(2026, 12, 1),
    )
    assert draft.number == "示城管招字〔2026〕第00007号"
    assert draft.fields == {"KZ_SZDD": "示例路1号", "KZ_SL": "2"}
    assert row.application == "A-1"


ISSUER = SIGNBOARD.item_codes[0][:18]


def test_headings_may_be_english_or_short_names_and_types_codes() -> None:
    for heading in ("KZ_SZDD", "SZDD", next(each.name_en for each in SIGNBOARD.fields if each.short_name == "KZ_SZDD")):
        row = row_of(**{"证照类型": SIGNBOARD.code, "设置地点": None, heading: "示例路2号"})
        assert row.draft is not None
        assert row.draft.fields["KZ_SZDD"] == "示例路2号"
    english = {
        "licence type": SIGNBOARD.name_en.upper(),
        "Holder": "x",
        "holder code": HOLDER,
        "Valid From": "2026-1-1",
        "valid until": "2027-1-1",
    }
    (row,) = rows_of(english)
    assert row.draft is not None
    assert row.draft.type_code == SIGNBOARD.code


def test_types_stand_side_by_side_and_each_row_is_read_with_its_own_fields() -> None:
    teacher = {
        "证照类型": TEACHER.name,
        "持证主体": "欧阳䶮",
        "证件号码": CITIZEN,
        "有效期自": "2026-1-1",
        "有效期至": "长期",
        "照片": "王.jpg",
        "任教学科": "语文",
        "出生日期": "1990年3月7日",
    }

    first, second = rows_of(GOOD, teacher)

    assert problems(first) == problems(second) == []
    assert second.draft is not None
    assert second.draft.fields == {"KZ_RJXK": "语文", "KZ_CSRQ": "1990-03-07"}
    assert (second.draft.holder_kind, second.draft.photo) == (HolderKind.PERSON, b"\xff\xd8photo")
    assert second.draft.valid_until is None


def test_a_sheet_of_one_type_needs_no_type_column() -> None:
    (row,) = rows_of({name: text for name, text in GOOD.items() if name != "证照类型"}, only_type=SIGNBOARD.code)

    assert row.draft is not None


@pytest.mark.parametrize("text", ["", "长期", "长期有效", "无", "Long term", "LONG-TERM", "none"])
def test_words_for_no_end_are_no_end(text: str) -> None:
    row = row_of(有效期至=text)

    assert row.draft is not None
    assert row.draft.valid_until is None


def test_full_width_letters_and_spaces_of_codes_are_folded() -> None:
    row = row_of(证件号码="９１９９９９９９ ｍａ００００ ０１５４", 数量="１２")

    assert row.draft is not None
    assert row.draft.holder_code == HOLDER
    assert row.draft.fields["KZ_SL"] == "12"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"证照类型": ""}, [("type_code", "field.missing")]),
        ({"证照类型": "没有的证"}, [("type_code", "sheet.type_unknown")]),
        ({"有效期自": ""}, [("valid_from", "field.missing")]),
        ({"有效期自": "46286"}, [("valid_from", "field.date")]),
        ({"有效期至": "明年"}, [("valid_until", "field.date")]),
        ({"容缺补齐期限": "很快"}, [("papers_due", "field.date")]),
        ({"证件类型": "会员卡"}, [("holder_code_type", "holder.code_type")]),
        ({"事项编码": "55999999000000094X" + "3000117015000"}, []),
        ({"事项编码": "12345"}, [("item_code", "sheet.issuer_unknown")]),
        ({"照片": "没有.jpg"}, [("photo", "sheet.photo_missing")]),
        ({"照片": "../../etc/passwd"}, [("photo", "sheet.photo_missing")]),
        ({"照片": ".hidden"}, [("photo", "sheet.photo_missing")]),
        ({"照片": "长" * 201}, [("photo", "sheet.photo_missing")]),
        ({"证件号码": "9.13E+17"}, [("holder_code", "sheet.number_lost")]),
        ({"证件号码": NUMBER_LOST}, [("holder_code", "sheet.number_lost")]),
        ({"设置地点": CELL_BROKEN}, [("设置地点", "sheet.cell_broken")]),
        (
            {"数量": "9.99E+20", "设置地点": CELL_BROKEN},
            [("设置地点", "sheet.cell_broken"), ("数量", "sheet.number_lost")],
        ),
        ({"任教学科": "语文"}, [("任教学科", "field.unknown")]),
        ({"有效期自": "x", "有效期至": "y"}, [("valid_from", "field.date"), ("valid_until", "field.date")]),
    ],
)
def test_what_is_wrong_is_named_by_column_and_code(changes: dict[str, str], expected: list[tuple[str, str]]) -> None:
    row = row_of(**changes)
    if changes.get("事项编码", "").startswith("55"):  # the village station issues nothing here
        assert problems(row) == [("item_code", "sheet.issuer_unknown")]
    else:
        assert problems(row) == expected
    assert row.draft is None
    entered = [text for text in changes.values() if text]
    assert not any(
        text in str(each) for each in row.problems for text in entered if len(text) > 3 and text not in changes
    )


def test_an_item_code_names_the_office_and_a_type_of_several_items_needs_one() -> None:
    food = {"证照类型": FOOD.name, "设置地点": None, "数量": None}
    assert ("item_code", "field.missing") in problems(row_of(**food))

    row = row_of(**food, 事项编码=FOOD.item_codes[0])

    assert row.draft is not None
    assert row.draft.issuer == FOOD.item_codes[0][:18]


def test_a_holder_of_either_kind_is_known_by_the_code() -> None:
    either = next(each for each in TYPES.values() if each.holder_kind == "any")
    common = {"证照类型": either.name, "设置地点": None, "数量": None, "事项编码": either.item_codes[0]}

    organisation, person = row_of(**common), row_of(**common, 证件号码=CITIZEN)

    assert organisation.draft is not None
    assert person.draft is not None
    assert (organisation.draft.holder_code_type, person.draft.holder_code_type) == ("001", "111")
    named = row_of(**common, 证件类型="普通护照", 证件号码="E12345678")
    assert named.draft is not None
    assert named.draft.holder_code_type == "414"


@pytest.mark.parametrize("missing", ["证照类型", "持证主体", "证件号码", "有效期自"])
def test_a_column_that_every_sheet_needs_is_named(missing: str) -> None:
    with pytest.raises(ColumnMissingError) as refused:
        row_of(**{missing: None})

    assert refused.value.params["column_zh"] == missing
    assert refused.value.params["column_en"]


def test_a_heading_that_names_nothing_is_named_by_its_letters() -> None:
    with pytest.raises(ColumnUnknownError) as refused:
        row_of(王五="x")
    assert refused.value.params == {"column": "H"}

    with pytest.raises(ColumnUnknownError) as refused:
        rows_of(GOOD | {f"备注{number}": "" for number in range(60)})
    assert refused.value.params == {"column": "H"}


def test_our_own_columns_of_reasons_may_come_back() -> None:
    assert row_of(问题="旧的", Problems="old").draft is not None


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(ColumnTwiceError):
        row_of(Holder="x")
    with pytest.raises(ColumnTwiceError):
        rows_of(GOOD | {"KZ_SZDD": "x", "kz_szdd": "y"})


def test_the_digest_is_of_the_content_and_of_nothing_else() -> None:
    plain = row_of()

    assert row_of(照片="").content_digest == plain.content_digest
    assert row_of(持证主体=" 示例公司 ").content_digest == plain.content_digest
    reordered = rows_of(dict(reversed(GOOD.items())))[0]
    assert reordered.content_digest == plain.content_digest
    for changed in ({"数量": "3"}, {"办件编号": "A-1"}, {"照片": "王.jpg"}):
        assert row_of(**changed).content_digest != plain.content_digest


def test_lists_are_split_at_lines_and_semicolons() -> None:
    of_list = next(each for each in FOOD.fields if each.kind == "list")
    row = row_of(
        **{
            "证照类型": FOOD.name,
            "设置地点": None,
            "数量": None,
            "事项编码": FOOD.item_codes[0],
            of_list.name: "热食； 冷食\r\n糕点;;",
        }
    )

    assert row.draft is not None
    assert row.draft.fields[of_list.short_name] == "热食\n冷食\n糕点"


def test_a_date_that_cannot_be_read_stays_for_the_precheck() -> None:
    row = row_of(证照类型=TEACHER.name, 证件号码=CITIZEN, 设置地点=None, 数量=None, 有效期至=None, 出生日期="不详")

    assert row.draft is not None
    assert row.draft.fields["KZ_CSRQ"] == "不详"


def test_columns_are_called_by_both_names() -> None:
    assert column_name("holder_code", None) == ("证件号码", "holder code")
    first = SIGNBOARD.fields[0]
    assert column_name(first.short_name, SIGNBOARD) == (first.name, first.name_en)
    assert column_name("KZ_NONE", SIGNBOARD) == ("KZ_NONE", "KZ_NONE")
    assert column_name("KZ_NONE", None) == ("KZ_NONE", "KZ_NONE")


def test_columns_beyond_z_have_two_letters() -> None:
    many = {each.name: "" for kind in TYPES.values() for each in kind.fields}
    unknown = dict(list((GOOD | many).items())[:30]) | {"乱七八糟": "x"}

    with pytest.raises(ColumnUnknownError) as refused:
        rows_of(unknown)

    assert refused.value.params == {"column": "AE"}
