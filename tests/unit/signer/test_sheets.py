"""Sheets that offices send: encodings, spreadsheets, what a spreadsheet program destroys, what we write out."""

import io
import zipfile
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from signer.sheets import (
    CELL_BROKEN,
    CELL_CHARACTERS_MAX,
    NUMBER_LOST,
    ROWS_MAX,
    SHEET_BYTES_MAX,
    EmptySheetError,
    SheetEncodingError,
    SheetError,
    SheetRowsError,
    SheetTooLargeError,
    is_number_lost,
    read_sheet,
    write_sheet,
)

CSV = "持证主体,有效期自\r\n王䶮,2026-09-21\r\n李𬭎,2026/9/21\r\n"
CELLS = st.text(st.characters(exclude_categories=("Cs", "Co"), exclude_characters="\x00"), max_size=40)


def xlsx(*rows: list[object]) -> bytes:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def zip_of(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def xlsx_with_part(name: str, content: bytes) -> bytes:
    out = io.BytesIO(xlsx(["a"], ["b"]))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_three_encodings_give_the_same_sheet(encoding: str) -> None:
    sheet = read_sheet(CSV.encode(encoding))

    assert sheet.headings == ("持证主体", "有效期自")
    assert [row.cells for row in sheet.rows] == [("王䶮", "2026-09-21"), ("李𬭎", "2026/9/21")]
    assert [row.number for row in sheet.rows] == [2, 3]


def test_a_character_that_older_files_keep_in_the_private_area_becomes_the_true_one() -> None:
    sheet = read_sheet("姓名\n王\ue863\n刘\ue843\n".encode())

    assert [row.cells for row in sheet.rows] == [("王䶮",), ("刘龹",)]


def test_text_in_another_encoding_is_refused_by_name() -> None:
    with pytest.raises(SheetEncodingError):
        read_sheet(b"\xff\xfe" + CSV.encode("utf-16-le"))


def test_rows_keep_the_numbers_that_a_spreadsheet_program_shows() -> None:
    sheet = read_sheet(b'a,b\n\n1,2\n,\n"two\nlines",4\n')

    assert [(row.number, row.cells) for row in sheet.rows] == [(3, ("1", "2")), (5, ("two\nlines", "4"))]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n", b"a,b\n", b",,\n1,2\n"[:3]])
def test_a_sheet_without_headings_or_rows_is_refused(content: bytes) -> None:
    with pytest.raises(EmptySheetError):
        read_sheet(content)


def test_a_quote_that_is_never_closed_is_refused() -> None:
    with pytest.raises(SheetError):
        read_sheet(b'a,b\n"1,2\n')


def test_text_beside_the_last_heading_makes_the_row_broken() -> None:
    sheet = read_sheet(b"a,b\n1,2,3\n1,2,\n1\n")

    assert [row.cells for row in sheet.rows] == [("1", CELL_BROKEN), ("1", "2"), ("1", "")]


def test_a_cell_of_4000_characters_is_kept_and_a_longer_one_is_broken() -> None:
    longest = "字" * CELL_CHARACTERS_MAX

    sheet = read_sheet(f"a\n{longest}\n{longest}字\n".encode())

    assert [row.cells for row in sheet.rows] == [(longest,), (CELL_BROKEN,)]


def test_a_sheet_has_at_most_50000_rows() -> None:
    most = b"a\n" + b"1\n" * ROWS_MAX

    assert len(read_sheet(most).rows) == ROWS_MAX
    with pytest.raises(SheetRowsError):
        read_sheet(most + b"1\n")


def test_a_file_of_more_than_20_megabytes_is_refused_before_it_is_read() -> None:
    with pytest.raises(SheetTooLargeError):
        read_sheet(b"x" * (SHEET_BYTES_MAX + 1))


def test_xlsx_cells_are_read_as_text() -> None:
    content = xlsx(
        ["编号", "日期", "时刻", "数", "小数", "布尔", "空"],
        ["007", date(2026, 9, 21), datetime(2026, 9, 21, 8, 30), 12315, 1.5, True, None],  # noqa: DTZ001 - a cell
    )

    (row,) = read_sheet(content).rows

    assert row.cells == ("007", "2026-09-21", "2026-09-21 08:30:00", "12315", "1.5", "TRUE", "")


def test_a_code_that_was_entered_as_a_number_is_known_to_be_lost() -> None:
    (row,) = read_sheet(xlsx(["代码", "短"], [913101150000000123, 999_999_999_999_999])).rows

    assert row.cells == (NUMBER_LOST, "999999999999999")
    assert is_number_lost(row.cells[0])


@pytest.mark.parametrize("cell", ["9.13E+17", "9.13101E+17", "9E+17", " 9.13e17 ", "1.1E+20"])
def test_scientific_notation_in_a_csv_is_known_to_be_lost(cell: str) -> None:
    assert is_number_lost(cell)


@pytest.mark.parametrize("cell", ["913101150000000123", "E+17", "A9.13E+17", "9.13", "2E大厦", ""])
def test_other_text_is_not_taken_for_a_lost_number(cell: str) -> None:
    assert not is_number_lost(cell)


def test_a_cell_whose_formula_failed_is_broken() -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["a"])
    sheet.append(["#REF!"])
    sheet["A2"].data_type = "e"
    out = io.BytesIO()
    book.save(out)

    (row,) = read_sheet(out.getvalue()).rows

    assert row.cells == (CELL_BROKEN,)


def test_a_zip_bomb_is_refused_before_it_is_inflated() -> None:
    with pytest.raises(SheetTooLargeError):
        read_sheet(zip_of(bomb=b"\0" * (65 * 1024 * 1024)))


def test_a_ratio_above_200_is_refused() -> None:
    with pytest.raises(SheetTooLargeError):
        read_sheet(xlsx_with_part("xl/big.xml", b" " * 2_000_000))


def test_a_zip_of_too_many_parts_is_refused() -> None:
    with pytest.raises(SheetTooLargeError):
        read_sheet(zip_of(**{f"part{number}": b"" for number in range(2001)}))


@pytest.mark.parametrize("encoding", ["ascii", "utf-16-le", "utf-16-be"])
def test_a_document_type_declaration_is_refused(encoding: str) -> None:
    with pytest.raises(SheetError, match="document type"):
        read_sheet(
            xlsx_with_part(
                "xl/evil.xml", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode(encoding)
            )
        )


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"PK\x03\x04 no zip", zip_of(a=b"no workbook")])
def test_a_zip_that_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(SheetError):
        read_sheet(content)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_sheet_or_a_sheet_error(content: bytes) -> None:
    for candidate in (content, b"PK\x03\x04" + content):
        try:
            sheet = read_sheet(candidate)
        except SheetError:
            continue
        assert all(len(row.cells) == len(sheet.headings) for row in sheet.rows)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_what_is_written_starts_no_formula(start: str) -> None:
    written = write_sheet(["a"], [[f"{start}cmd"]]).decode("utf-8-sig")

    assert f"'{start}cmd" in written
    assert f"\n{start}" not in written.replace("\r\n", "\n")


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=5))
def test_what_is_written_reads_back_to_the_same_values(rows: list[list[str]]) -> None:
    rows = [[*row, "x"] for row in rows]  # a row without any text is no row

    sheet = read_sheet(write_sheet(["a", "b", "c", "d"], rows))

    assert [row.cells for row in sheet.rows] == [tuple(row) for row in rows]


@pytest.mark.parametrize("cell", ["'=1", "''=1", "'", "'a", "=1", "-5", "\t", "\r", "a=b", '"', "a,b", "a\r\nb"])
def test_quotes_before_formulas_are_kept_apart(cell: str) -> None:
    (row,) = read_sheet(write_sheet(["a", "b"], [[cell, "x"]])).rows

    assert row.cells[0] == cell
