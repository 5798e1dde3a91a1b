"""Tables of labels and values: they shrink, wrap and run on to further pages.

Promises:
  * A table that fits its box in a size down to `minimum` stays on one page, in the largest such size.
  * One that does not fits at its full size over several pages; it breaks between rows, and inside a value only where at
    least three lines stay on either side. The label is repeated there with （续）.
  * Labels in their common form are set once; only values are set for each licence.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from signer.page.boxes import Row, RowsBox
from signer.page.errors import TextOverflowError
from signer.page.model import Mark, Path, Place, Run, Step
from signer.page.ornament import rectangle, segments
from signer.page.text_breaking import TextLine
from signer.page.typesetting import SQUARE_ABOVE, Spot, Style, Typesetter
from signer.page.wording import Filled, Span, fill, names

CONTINUED: Final = "（续）"
# Text that is too high is tried again so much smaller.
SHRINK: Final = 0.95
# Fewer lines of a value are not left alone at either side of a page break.
LINES_TOGETHER: Final = 3
# Leading of labels: closer than values, since they are short.
_LEAD: Final = 1.25
# Leading and gap of the English part of a label, in units of its size.
_ENGLISH_LEAD: Final = 1.2
_ENGLISH_GAP: Final = 0.55


class _Label(NamedTuple):
    """A label, set as if its row began at 0."""

    runs: list[Run]
    height: float


class _Cell(NamedTuple):
    """A row, or the part of it that stands on one page."""

    row: int
    label: _Label
    value: Filled
    lines: list[TextLine]
    height: float
    is_continued: bool


class Table:
    """One table of a template."""

    def __init__(self, box: RowsBox, typesetter: Typesetter, step: Step) -> None:
        self._box = box
        self._typesetter = typesetter
        self._step = step
        self._labels: dict[tuple[int, float, bool], _Label] = {}

    def put(
        self, values: Mapping[str, str], pages: list[list[Mark]], add_page: Callable[[], list[Mark]], *, pages_max: int
    ) -> None:
        """Set the table on the first page and as many more as it needs; those that are missing are added."""
        box = self._box
        size, parts = self._fitted(values, pages_max)
        for number, cells in enumerate(parts):
            marks = pages[number] if number < len(pages) else add_page()
            self._put_cells(cells, size, box.next_y if number else box.y, marks)

    def count_pages(self, values: Mapping[str, str], *, pages_max: int) -> int:
        """Return how many pages the table needs, without setting it. Raises as `put` would."""
        return len(self._fitted(values, pages_max)[1])

    def _fitted(self, values: Mapping[str, str], pages_max: int) -> tuple[float, list[list[_Cell]]]:
        """Return the size of the text, and the cells of each page."""
        box = self._box
        rows = [(index, filled) for index, row in enumerate(box.rows) if (filled := _filled(row, values)).text.strip()]
        size, minimum = box.size, box.minimum or box.size
        while size >= minimum - 1e-6:
            cells = [self._cell(index, filled, size) for index, filled in rows]
            if sum(cell.height for cell in cells) <= box.height + 1e-6:
                return size, [self._stretched(cells)]
            size *= SHRINK
        return box.size, self._run_on([self._cell(index, filled, box.size) for index, filled in rows], pages_max)

    def _stretched(self, cells: list[_Cell]) -> list[_Cell]:
        if not self._box.stretch or not cells:
            return cells
        more = (self._box.height - sum(cell.height for cell in cells)) / len(cells)
        return [cell._replace(height=cell.height + more) for cell in cells]

    def _run_on(self, cells: list[_Cell], pages_max: int) -> list[list[_Cell]]:
        box = self._box
        waiting, parts = list(reversed(cells)), list[list[_Cell]]()
        while waiting:
            here, left = self._fill_page(waiting, box.next_height if parts else box.height)
            is_stuck = bool(parts) and not here and left == box.next_height
            parts.append(here)
            if is_stuck or (waiting and len(parts) >= pages_max):
                raise TextOverflowError(params={"names": _name_list(box.rows[waiting[-1].row])})
        return parts

    def _fill_page(self, waiting: list[_Cell], height: float) -> tuple[list[_Cell], float]:
        """Take from the waiting cells (last one first) what fits this height, cutting the last one between lines."""
        here: list[_Cell] = []
        left = height
        while waiting and waiting[-1].height <= left + 1e-6:
            here.append(waiting.pop())
            left -= here[-1].height
        if waiting:
            size = self._box.size
            count = int((left - 2 * self._box.pad - size) / (size * self._box.lead) + 1e-6) + 1
            cell = waiting[-1]
            # On a page of its own a value is cut wherever it must be.
            together = LINES_TOGETHER if here else 1
            count = min(count, len(cell.lines) - together)
            if count >= together and cell.label.height + 2 * self._box.pad <= left:
                waiting[-1] = self._part(cell, cell.lines[count:], is_continued=True)
                here.append(self._part(cell, cell.lines[:count], is_continued=cell.is_continued))
        return here, left

    def _part(self, cell: _Cell, lines: list[TextLine], *, is_continued: bool) -> _Cell:
        size = self._box.size
        label = self._label(cell.row, size, is_continued=is_continued)
        height = self._height(label, len(lines), size, 0)
        return _Cell(cell.row, label, cell.value, lines, height, is_continued)

    def _cell(self, index: int, filled: Filled, size: float) -> _Cell:
        box = self._box
        style = Style(box.font, size)
        lines = self._typesetter.lines(filled.text, style, width=box.width - box.label_width - 2 * box.pad)
        label = self._label(index, size, is_continued=False)
        height = self._height(label, len(lines), size, box.rows[index].height)
        return _Cell(index, label, filled, lines, height, is_continued=False)

    def _height(self, label: _Label, lines: int, size: float, least: float) -> float:
        return max(least, 2 * self._box.pad + max(label.height, size * (1 + (lines - 1) * self._box.lead)))

    def _label(self, index: int, size: float, *, is_continued: bool) -> _Label:
        key = (index, size, is_continued)
        label = self._labels.get(key)
        if label is None:
            label = self._labels[key] = self._set_label(index, size, is_continued=is_continued)
        return label

    def _set_label(self, index: int, size: float, *, is_continued: bool) -> _Label:
        box, row = self._box, self._box.rows[index]
        width = box.label_width - 2 * box.pad
        x, place = box.x + box.pad, () if is_continued else self._place(index, "TH")
        filled = _plain(row.label + (CONTINUED if is_continued else ""))
        style = Style(box.label_font, size, box.label_colour, place)
        lines = self._typesetter.lines(filled.text, style, width=width)
        align = box.label_align if len(lines) == 1 else "left"
        runs = self._typesetter.runs(filled, lines, style, Spot(x, size * SQUARE_ABOVE, width, size * _LEAD, align))
        height = size * (1 + (len(lines) - 1) * _LEAD)
        if box.english and row.label_en and not is_continued:
            small = box.english_size * size / box.size
            style = Style(box.font, small, box.english_colour, (*place, Step("Span", "en")))
            filled = _plain(row.label_en)
            lines = self._typesetter.lines(filled.text, style, width=width)
            spot = Spot(x, height + small * (_ENGLISH_GAP + SQUARE_ABOVE), width, small * _ENGLISH_LEAD)
            runs += self._typesetter.runs(filled, lines, style, spot)
            height += small * (_ENGLISH_GAP + 1 + (len(lines) - 1) * _ENGLISH_LEAD)
        return _Label(runs, height)

    def _put_cells(self, cells: Sequence[_Cell], size: float, top: float, marks: list[Mark]) -> None:
        if not cells:
            return
        bounds = [top]
        for cell in cells:
            bounds.append(bounds[-1] + cell.height)
        marks += self._lines(bounds)
        for cell, y in zip(cells, bounds, strict=False):
            top = self._top(cell, cell.label.height, y)
            marks += [Run(run[0], run[1] + top, *run[2:]) for run in cell.label.runs]
            marks += self._value_runs(cell, size, y)

    def _value_runs(self, cell: _Cell, size: float, y: float) -> list[Run]:
        box = self._box
        style = Style(box.font, size, place=self._place(cell.row, "TD"))
        height = size * (1 + (len(cell.lines) - 1) * box.lead)
        spot = Spot(
            box.x + box.label_width + box.pad,
            self._top(cell, height, y) + size * SQUARE_ABOVE,
            box.width - box.label_width - 2 * box.pad,
            size * box.lead,
        )
        return self._typesetter.runs(cell.value, cell.lines, style, spot)

    def _top(self, cell: _Cell, height: float, y: float) -> float:
        room = cell.height - 2 * self._box.pad - height
        return y + self._box.pad + {"top": 0.0, "middle": room / 2, "bottom": room}[self._box.valign]

    def _place(self, row: int, kind: str) -> Place:
        return self._step, Step("TR", str(row)), Step(kind, "")

    def _lines(self, bounds: Sequence[float]) -> list[Path]:
        box = self._box
        left, middle, right = box.x, box.x + box.label_width, box.x + box.width
        top, bottom = bounds[0], bounds[-1]
        paths = []
        if box.label_fill is not None:
            paths.append(Path(rectangle(left, top, box.label_width, bottom - top), None, 0, box.label_fill))
        across = [(left, y, right, y) for y in bounds]
        match box.grid:
            case "grid":
                lines = [*across, *((x, top, x, bottom) for x in (left, middle, right))]
            case "rules":
                lines = across
            case "under":
                lines = [(middle, y - box.pad / 3, right, y - box.pad / 3) for y in bounds[1:]]
            case _:
                lines = []
        if lines:
            paths.append(Path(segments(lines), box.colour, box.line))
        return paths


def _filled(row: Row, values: Mapping[str, str]) -> Filled:
    filled = fill(row.value, values)
    shown = names(row.value)
    if shown and not any(values[name].strip() for name in shown):
        return _plain(row.empty)
    return filled


def _plain(text: str) -> Filled:
    return Filled(text, (Span(0, len(text), ""),))


def _name_list(row: Row) -> str:
    return " ".join(sorted(names(row.value)))
