"""A plain sheet: a heading, rows of names and values in groups, and a code. Receipts are printed on it.

Promises:
  * Everything is printed whole: what does not fit goes on to the next page, and a character that no font has is
    written as its code point.
  * Same sheet, same pages. Rows are tables with header cells, for readers that read aloud.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from signer.page.fonts import FontShelf
from signer.page.model import Line, Mark, Move, Page, Path, Rects, Step
from signer.page.qr import qr_matrix
from signer.page.text_breaking import TextLine
from signer.page.typesetting import SQUARE_ABOVE, Spot, Style, Typesetter
from signer.page.wording import Filled, Span

WIDTH, HEIGHT = 210.0, 297.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 22.0, 188.0, 22.0, 275.0
_VALUE_AT: Final = 66.0
_GAP: Final = 4.0
_TEXT, _LEADING = 3.7, 5.6
_HEAD, _HEAD_LEADING = 4.2, 8.0
_TITLE, _TITLE_LEADING = 6.2, 9.5
_VERDICT, _VERDICT_LEADING = 5.4, 9.0
# Modules of 0.40 mm are read from paper (README.md); a code of an address has some 33 of them.
_MODULE: Final = 0.6
_RULE_GREY: Final = (120, 120, 120)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetGroup:
    """Rows under a heading."""

    heading: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a sheet says. `address` is what its code holds, `code_words` stands for it in words; both may be empty."""

    title: str
    headline: str
    groups: tuple[SheetGroup, ...]
    footer: str
    address: str = ""
    code_words: str = ""


def sheet_pages(sheet: Sheet, typesetter: Typesetter, shelf: FontShelf) -> tuple[Page, ...]:
    """Lay a sheet out."""
    return _Setter(typesetter, shelf).pages(sheet)


class _Setter:
    """Sets one sheet, from the top down."""

    def __init__(self, typesetter: Typesetter, shelf: FontShelf) -> None:
        self._typesetter = typesetter
        self._shelf = shelf
        self._pages: list[list[Mark]] = [[]]
        self._y = _TOP

    def pages(self, sheet: Sheet) -> tuple[Page, ...]:
        """Return the pages of a sheet."""
        room = self._code(sheet) if sheet.address else 0.0
        width = _RIGHT - _LEFT - room
        self._paragraph(sheet.title, Style("title", _TITLE, place=(Step("H1", "title"),)), _TITLE_LEADING, width)
        headline = Style("bold", _VERDICT, place=(Step("P", "headline"),))
        self._paragraph(sheet.headline, headline, _VERDICT_LEADING, width)
        if room:
            self._y = max(self._y, _TOP + room)
        for number, group in enumerate(sheet.groups):
            self._group(number, group)
        self._y += _GAP
        self._paragraph(sheet.footer, Style("body", _TEXT, place=(Step("P", "footer"),)), _LEADING, _RIGHT - _LEFT)
        return tuple(Page(WIDTH, HEIGHT, (), tuple(marks)) for marks in self._pages)

    def _code(self, sheet: Sheet) -> float:
        code = qr_matrix(sheet.address)
        side = code.size * _MODULE
        place = (Step("Figure", "code"),)
        words = self._printable(sheet.code_words)
        self._pages[-1].append(Rects(_RIGHT - side, _TOP, _MODULE, code.size, code.rects, place, words))
        return side + _GAP

    def _group(self, number: int, group: SheetGroup) -> None:
        self._y += _GAP
        self._keep(_HEAD_LEADING + _LEADING)
        heading = Style("bold", _HEAD, place=(Step("H2", f"group-{number}"),))
        self._paragraph(group.heading, heading, _HEAD_LEADING, _RIGHT - _LEFT)
        rule = self._y - _HEAD_LEADING + _HEAD * SQUARE_ABOVE + 2.6
        self._pages[-1].append(Path((Move(_LEFT, rule), Line(_RIGHT, rule)), _RULE_GREY, 0.2))
        for index, (name, value) in enumerate(group.rows):
            row = (Step("Table", f"table-{number}"), Step("TR", f"row-{number}-{index}"))
            self._row(name, value, row)

    def _row(self, name: str, value: str, row: tuple[Step, ...]) -> None:
        key = row[-1].key
        label = Style("body", _TEXT, place=(*row, Step("TH", f"{key}-name")))
        cell = Style("body", _TEXT, place=(*row, Step("TD", f"{key}-value")))
        names = list(self._lines(name, label, _VALUE_AT - _LEFT - _GAP))
        values = list(self._lines(value, cell, _RIGHT - _VALUE_AT))
        for index in range(max(len(names), len(values))):
            self._keep(_LEADING)
            for lines, style, x in ((names, label, _LEFT), (values, cell, _VALUE_AT)):
                if index < len(lines):
                    self._line(lines[index], style, x)
            self._y += _LEADING

    def _paragraph(self, text: str, style: Style, leading: float, width: float) -> None:
        for filled, line in self._lines(text, style, width):
            self._keep(leading)
            self._line((filled, line), style, _LEFT)
            self._y += leading

    def _lines(self, text: str, style: Style, width: float) -> Iterator[tuple[Filled, TextLine]]:
        printable = self._printable(text)
        filled = Filled(printable, (Span(0, len(printable), ""),))
        for line in self._typesetter.lines(printable, style, width=width):
            yield filled, line

    def _line(self, line: tuple[Filled, TextLine], style: Style, x: float) -> None:
        baseline = self._y + style.size * SQUARE_ABOVE
        spot = Spot(x, baseline, _RIGHT - x, _LEADING)
        self._pages[-1].extend(self._typesetter.runs(line[0], [line[1]], style, spot))

    def _keep(self, height: float) -> None:
        """Go on to the next page where this much does not fit any more."""
        if self._y + height > _BOTTOM:
            self._pages.append([])
            self._y = _TOP

    def _printable(self, text: str) -> str:
        """Write what no font has as its code point; what has no width at all is nothing to print."""
        missing = self._shelf.missing("body", text) | self._shelf.missing("bold", text)
        missing |= self._shelf.missing("title", text)
        return "".join(f"[U+{ord(each):04X}]" if each in missing else each for each in text)
