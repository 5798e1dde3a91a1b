"""Read and write the sheets that offices send: CSV and XLSX, every cell as text.

Promises:
  * A sheet is a line of headings and rows of text; sizes are capped before anything is parsed.
  * CSV is UTF-8 (with or without byte order mark) or GB18030; XLSX is opened only after its zip was counted, and
    refused when a part has a document type declaration.
  * What a spreadsheet program has destroyed stays recognisable: see `NUMBER_LOST` and `CELL_BROKEN`.
  * What `write_sheet` writes starts no formula in a spreadsheet program, and `read_sheet` gives the same texts back.

It does not know what a licence is; `sheet_rows` does.
"""

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar, Final

from signer.errors import SignerError

# Fifty thousand rows of a licence with long scope texts have 15 MB.
SHEET_BYTES_MAX: Final = 20 * 1024 * 1024
ROWS_MAX: Final = 50_000
# The longest text that a licence type allows has 2,000 characters.
CELL_CHARACTERS_MAX: Final = 4_000
# The widest sample sheet, twelve licence types side by side, has 80 columns.
COLUMNS_MAX: Final = 300
# A zip is counted before it is opened (decisions.md section 6).
ZIP_ENTRIES_MAX: Final = 2_000
ZIP_BYTES_MAX: Final = 64 * 1024 * 1024
ZIP_RATIO_MAX: Final = 200
_ZIP_SLACK_BYTES: Final = 100_000  # a part as small as this may inflate more: a page of equal cells is no bomb
# A double holds 15 decimal digits; a spreadsheet program fills the rest of a longer number with zeros.
EXACT_BELOW: Final = 10**15

NUMBER_LOST: Final = "\x1fnumber lost"
"""Stands for a cell whose number the spreadsheet program rounded, where the file does not show it: 9.13E+17."""
CELL_BROKEN: Final = "\x1fcell broken"
"""Stands for a cell whose formula failed (#REF!), or whose text is longer than `CELL_CHARACTERS_MAX`."""

_ZIP_MAGIC: Final = b"PK\x03\x04"
_BOM: Final = b"\xef\xbb\xbf"
_DOCUMENT_TYPE: Final = tuple("<!DOCTYPE".encode(form) for form in ("ascii", "utf-16-le", "utf-16-be"))
_SCIENTIFIC: Final = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+?[0-9]{1,2}")
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_DEFUSED: Final = re.compile(r"'+[=+\-@\t\r]")
# Characters that older files carry in Unicode's private area, because GB 18030-2000 knew them before Unicode did.
_PRIVATE: Final = str.maketrans(
    {
        "\ue816": "\U00020087",
        "\ue817": "\U00020089",
        "\ue818": "\U000200cc",
        "\ue81e": "\u9fb4",
        "\ue826": "\u9fb5",
        "\ue82b": "\u9fb6",
        "\ue82c": "\u9fb7",
        "\ue831": "\U000215d7",
        "\ue832": "\u9fb8",
        "\ue83b": "\U0002298f",
        "\ue843": "\u9fb9",
        "\ue854": "\u9fba",
        "\ue855": "\U000241fe",
        "\ue863": "\u4dae",
        "\ue864": "\u9fbb",
    }
)


class SheetError(SignerError):
    """Root of what keeps a whole sheet from being read."""

    code: ClassVar[str] = "sheet.unreadable"


class SheetTooLargeError(SheetError):
    """The file, or what it inflates to, is larger than any sheet may be."""

    code = "sheet.too_large"


class SheetRowsError(SheetError):
    """The sheet has more rows than are taken at once."""

    code = "sheet.too_many_rows"


class SheetEncodingError(SheetError):
    """The file is text in an encoding that we do not read; save it as UTF-8."""

    code = "sheet.encoding"


class EmptySheetError(SheetError):
    """The sheet has no headings, or no row below them."""

    code = "sheet.no_rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """One row: its number as a spreadsheet program shows it, and as many cells as there are headings."""

    number: int
    cells: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Headings and rows, all as text. Rows without any text are left out."""

    headings: tuple[str, ...]
    rows: tuple[SheetRow, ...]


def read_sheet(content: bytes) -> Sheet:
    """Read a CSV or XLSX file; which one it is, its first bytes say.

    Raises a `SheetError`. The first line that has any text is the line of headings.
    """
    if len(content) > SHEET_BYTES_MAX:
        raise SheetTooLargeError(params={"max_mb": str(SHEET_BYTES_MAX // 1024**2)})
    lines = _read_xlsx(content) if content.startswith(_ZIP_MAGIC) else _read_csv(content)
    numbered = ((number, cells) for number, cells in enumerate(lines, 1) if any(cell.strip() for cell in cells))
    _, headings = next(numbered, (0, ()))
    headings = tuple(heading.strip() for heading in headings)
    while headings and not headings[-1]:
        headings = headings[:-1]
    rows: list[SheetRow] = []
    for number, cells in numbered:
        if len(rows) == ROWS_MAX:
            raise SheetRowsError(params={"max": str(ROWS_MAX)})
        rows.append(SheetRow(number=number, cells=_fitted(cells, len(headings))))
    if not headings or not rows:
        raise EmptySheetError
    return Sheet(headings=headings, rows=tuple(rows))


def is_number_lost(cell: str) -> bool:
    """Say whether a spreadsheet program has turned a long number into something like 9.13E+17."""
    return cell == NUMBER_LOST or _SCIENTIFIC.fullmatch(cell.strip()) is not None


def write_sheet(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a CSV file in UTF-8 with byte order mark, in which no cell starts a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_defused(heading) for heading in headings])
    writer.writerows([_defused(cell) for cell in row] for row in rows)
    return _BOM + out.getvalue().encode()


def write_workbook(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return an XLSX file in which every cell is text: no code becomes a number, no cell a formula."""
    from openpyxl import Workbook  # a fifth of a second, for sheets in this form alone

    book = Workbook(write_only=True)
    page = book.create_sheet()
    for row in (headings, *rows):
        page.append([_text_cell(page, text) for text in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _text_cell(page: Any, text: str) -> Any:  # noqa: ANN401 - openpyxl has no types
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cell = WriteOnlyCell(page, value=ILLEGAL_CHARACTERS_RE.sub("", text))
    cell.data_type, cell.number_format = "s", "@"
    return cell


def _defused(text: str) -> str:
    return "'" + text if _FORMULA.match(text) else text


def _restored(text: str) -> str:
    return text[1:] if _DEFUSED.match(text) else text


def _fitted(cells: Sequence[str], width: int) -> tuple[str, ...]:
    """Return exactly `width` cells; text right of the last heading belongs to nothing and makes the row broken."""
    if any(cell.strip() for cell in cells[width:]):
        cells = (*cells[: width - 1], CELL_BROKEN)
    return tuple(cells[:width]) + ("",) * (width - len(cells))


def _capped(text: str) -> str:
    return text.translate(_PRIVATE) if len(text) <= CELL_CHARACTERS_MAX else CELL_BROKEN


def _read_csv(content: bytes) -> Iterator[tuple[str, ...]]:
    text = _decoded(content)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            if len(cells) > COLUMNS_MAX:
                raise SheetTooLargeError(params={"max_mb": str(SHEET_BYTES_MAX // 1024**2)})
            yield tuple(_capped(_restored(cell)) for cell in cells)
    except csv.Error as error:
        raise SheetError("not a CSV file") from error


def _decoded(content: bytes) -> str:
    try:
        return content.removeprefix(_BOM).decode()
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError:
        raise SheetEncodingError from None  # the cause holds the whole file


def _read_xlsx(content: bytes) -> Iterator[tuple[str, ...]]:
    from openpyxl import load_workbook

    _count_zip(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles that it does not know; cells are all we read
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # the size that a file claims is not believed
            for cells in sheet.iter_rows(max_col=COLUMNS_MAX, max_row=ROWS_MAX + 2):
                yield tuple(_capped(_cell_text(cell)) for cell in cells)
            book.close()
    except SheetError:
        raise
    except Exception as error:  # openpyxl raises whatever a broken file provokes
        raise SheetError("not an XLSX file") from error


def _cell_text(cell: Any) -> str:  # noqa: ANN401 - openpyxl has no types
    if cell.data_type == "e":
        return CELL_BROKEN
    match cell.value:
        case None:
            return ""
        case str() as text:
            return _restored(text)
        case bool() as flag:
            return "TRUE" if flag else "FALSE"
        case int() | float() as number:
            return _number_text(number)
        case other:
            return _moment_text(other)


def _moment_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else CELL_BROKEN


def _number_text(value: float) -> str:
    if abs(value) >= EXACT_BELOW:
        return NUMBER_LOST
    return str(int(value)) if value == int(value) else format(Decimal(repr(value)), "f")


def _count_zip(content: bytes) -> None:
    """Refuse a zip of too many parts, too large a content or ratio, and any part with a document type declaration."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > ZIP_ENTRIES_MAX:
                raise SheetTooLargeError("too many parts")
            left = ZIP_BYTES_MAX
            for entry in entries:
                left -= _count_entry(archive, entry, left)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise SheetError("not an XLSX file") from error


def _count_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> int:
    allowed = min(left, max(entry.compress_size * ZIP_RATIO_MAX, _ZIP_SLACK_BYTES))
    if entry.file_size > allowed:
        raise SheetTooLargeError(params={"max_mb": str(SHEET_BYTES_MAX // 1024**2)})
    with archive.open(entry) as part:
        data = part.read(allowed + 1)  # zipfile stops at the size that the directory claims, and checks it
    if any(mark in data for mark in _DOCUMENT_TYPE):
        raise SheetError("a part has a document type declaration")
    return len(data)
