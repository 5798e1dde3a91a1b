"""Lay out one licence: a template and its values become pages.

Promises:
  * Same template, values and fonts give the same pages; what is fixed in the template is laid out once.
  * A text that is too long shrinks, wraps or runs on to a further page with its label repeated; what still does not fit
    is an error that names the values, never cut.
  * The mark of a test is on every page, below everything else.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from signer.page.boxes import AnyBox, CodeBox, Drawing, PhotoBox, RowsBox, SealBox, TextBox
from signer.page.errors import TextOverflowError
from signer.page.model import WHITE, Image, Mark, Page, Path, Place, Rects, Run, Step
from signer.page.ornament import draw, rectangle
from signer.page.qr import QrMatrix
from signer.page.table import SHRINK, Table
from signer.page.template import QUIET_MODULES, Template
from signer.page.text_breaking import TextLine
from signer.page.typesetting import SQUARE_ABOVE, Spot, Style, Typesetter
from signer.page.wording import Filled, Span, fill, names

# 60 fields of 4,000 characters fill some 150 pages.
PAGES_MAX: Final = 200
PHOTO_KEY: Final = "photo"
SEAL_KEY: Final = "seal"
TEST_WORDS: Final = "测试 TEST 不具法律效力"
_TEST_COLOUR: Final = (234, 234, 234)
# The mark takes this part of the page's diagonal.
_TEST_PART: Final = 0.7
_DECORATION: Final[Place] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What is new on each licence. `photo` is the size of the picture in pixels, None where there is none."""

    values: Mapping[str, str]
    code: QrMatrix
    photo: tuple[int, int] | None
    test: bool


class Layout:
    """Lays out licences of one template; keeps what is fixed. Make one for each template and licence type."""

    def __init__(self, template: Template, typesetter: Typesetter) -> None:
        self._template = template
        self._typesetter = typesetter
        self._backdrop: tuple[Path, ...] = tuple(
            path for box in template.every_page if isinstance(box, Drawing) for path in draw(box)
        )
        self._fixed: dict[str, tuple[Mark, ...]] = {}
        self._tables = {
            f"box{index}": Table(box, typesetter, Step("Table", f"box{index}"))
            for index, box in enumerate(template.box)
            if isinstance(box, RowsBox)
        }
        every = [(f"every{index}", box) for index, box in enumerate(template.every_page)]
        self._first_boxes = (*every, *((f"box{index}", box) for index, box in enumerate(template.box)))
        self._following_boxes = tuple((f"following{index}", box) for index, box in enumerate(template.following_page))

    def pages(self, contents: Contents) -> tuple[Page, ...]:
        """Lay out one licence. Raises `TextOverflowError`, `CharacterMissingError`."""
        form = self._template.page
        pages = [self._first_page(contents)]

        def add_page() -> list[Mark]:
            pages.append(self._further_page(contents))
            return pages[-1]

        for index, box in enumerate(self._template.box):
            if isinstance(box, RowsBox):
                self._tables[f"box{index}"].put(contents.values, pages, add_page, pages_max=PAGES_MAX)
            else:
                pages[0] += self._marks(box, f"box{index}", contents)
        if len(pages) > 1:
            for number, marks in enumerate(pages, 1):
                marks.extend(self._page_number(number, len(pages)))
        return tuple(Page(form.width, form.height, self._backdrop, tuple(marks)) for marks in pages)

    def too_long(self, values: Mapping[str, str]) -> frozenset[str]:
        """Return the names whose texts `pages` would refuse. Takes a quarter of its time: lines are broken, not set.

        A fixed text that does not fit is named by the place of its box in the template.
        """
        found: set[str] = set()
        runs_on = [self._measure(key, box, values, found) for key, box in self._first_boxes]
        for key, box in self._following_boxes if any(runs_on) else ():
            self._measure(key, box, values, found)
        return frozenset(found)

    def _measure(self, key: str, box: AnyBox, values: Mapping[str, str], found: set[str]) -> bool:
        """Add the names whose text is too long for this box; say whether it runs on to a further page."""
        try:
            if isinstance(box, RowsBox):
                return self._tables[key].count_pages(values, pages_max=PAGES_MAX) > 1
            if isinstance(box, TextBox) and (names(box.text) or key not in self._fixed):
                self._fitted(box, values)
        except TextOverflowError as error:
            found.update(error.params["names"].split() or (key,))
        return False

    def _first_page(self, contents: Contents) -> list[Mark]:
        marks: list[Mark] = [*self._test_mark((Step("P", "test"),))] if contents.test else []
        for index, box in enumerate(self._template.every_page):
            if isinstance(box, TextBox):
                marks += self._marks(box, f"every{index}", contents)
        return marks

    def _further_page(self, contents: Contents) -> list[Mark]:
        """Begin a page after the first; what it repeats is decoration there, so that nothing is read out twice."""
        marks: list[Mark] = [*self._test_mark(_DECORATION)] if contents.test else []
        for part in (self._template.every_page, self._template.following_page):
            for box in part:
                if isinstance(box, TextBox):
                    marks += self._text(box, _DECORATION, contents.values)
                elif part is self._template.following_page:
                    marks += draw(box)
        return marks

    def _marks(self, box: AnyBox, key: str, contents: Contents) -> tuple[Mark, ...]:
        match box:
            case TextBox():
                if names(box.text):
                    return tuple(self._text(box, _place(box, key), contents.values))
                if key not in self._fixed:
                    self._fixed[key] = tuple(self._text(box, _place(box, key), {}))
                return self._fixed[key]
            case PhotoBox():
                return _photo(box, contents.photo, (Step("Figure", key),))
            case CodeBox():
                return _code(box, contents.code, (Step("Figure", key),))
            case SealBox():
                alt = fill(box.alt, contents.values).text
                place = (Step("Figure", key),)
                return (
                    Image(box.x, box.y, box.width, box.height, SEAL_KEY, place, alt, multiply=True, on_paper=False),
                )
            case _:
                return draw(box)

    def _text(self, box: TextBox, place: Place, values: Mapping[str, str]) -> list[Run]:
        """Set text in its box, smaller if it must be."""
        filled, lines, size = self._fitted(box, values)
        top = box.y + {"top": 0.0, "middle": 0.5, "bottom": 1.0}[box.valign] * (box.height - _height(box, lines, size))
        spot = Spot(box.x, top + size * SQUARE_ABOVE, box.width, size * box.lead, box.align, box.indent * size)
        return self._typesetter.runs(filled, lines, Style(box.font, size, box.colour, place, box.track), spot)

    def _fitted(self, box: TextBox, values: Mapping[str, str]) -> tuple[Filled, list[TextLine], float]:
        """Return the text, its lines, and the largest size in which they fit the box."""
        filled = fill(box.text, values)
        size, minimum = box.size, box.minimum or box.size
        while True:
            style = Style(box.font, size, track=box.track)
            lines = self._typesetter.lines(filled.text, style, width=box.width, indent=box.indent * size)
            # A word of one line that is wider than the box has been broken; only height can be too much.
            if _height(box, lines, size) <= box.height + 1e-6:
                return filled, lines, size
            size *= SHRINK
            if size < minimum - 1e-6:
                raise TextOverflowError(params={"names": " ".join(sorted(names(box.text)))})

    @property
    def size(self) -> tuple[float, float]:
        """Return width and height of a page in millimetres."""
        return self._template.page.width, self._template.page.height

    def _test_mark(self, place: Place) -> list[Run]:
        """Set the words across the page, from its lower left to its upper right corner."""
        form = self._template.page
        diagonal, angle = math.hypot(form.width, form.height), math.atan2(form.height, form.width)
        unit = self._typesetter.width(TEST_WORDS, Style("bold", 1.0))
        size = diagonal * _TEST_PART / unit
        style = Style("bold", size, _TEST_COLOUR, place, angle=math.degrees(angle))
        # From the middle of the page back by half the length, and down by a third of the size across it.
        half, sink = diagonal * _TEST_PART / 2, size * 0.36
        x = form.width / 2 - half * math.cos(angle) + sink * math.sin(angle)
        y = form.height / 2 + half * math.sin(angle) + sink * math.cos(angle)
        filled = _plain(TEST_WORDS)
        lines = self._typesetter.lines(TEST_WORDS, style, width=diagonal)
        return self._typesetter.runs(filled, lines, style, Spot(x, y, diagonal, size))

    def _page_number(self, number: int, count: int) -> list[Run]:
        form = self._template.page
        style = Style("body", form.number_size)
        filled = _plain(f"第 {number} 页，共 {count} 页")
        lines = self._typesetter.lines(filled.text, style, width=form.width)
        spot = Spot(0, form.number_y or form.height - 6, form.width, style.size, "center")
        return self._typesetter.runs(filled, lines, style, spot)


def _height(box: TextBox, lines: Sequence[TextLine], size: float) -> float:
    return size * (1 + (len(lines) - 1) * box.lead)


def _plain(text: str) -> Filled:
    return Filled(text, (Span(0, len(text), ""),))


def _place(box: TextBox, key: str) -> Place:
    if box.tag == "decoration":
        return _DECORATION
    place = (Step(box.tag, key),)
    return place if box.language == "zh" else (*place, Step("Span", box.language))


def _photo(box: PhotoBox, pixels: tuple[int, int] | None, place: Place) -> tuple[Mark, ...]:
    """Fit the picture into the box without stretching it, in the middle; the edge goes round the box."""
    edge = Path(rectangle(box.x, box.y, box.width, box.height), box.colour, box.line)
    if pixels is None:
        return (edge,)
    scale = min(box.width / pixels[0], box.height / pixels[1])
    width, height = pixels[0] * scale, pixels[1] * scale
    x, y = box.x + (box.width - width) / 2, box.y + (box.height - height) / 2
    return Image(x, y, width, height, PHOTO_KEY, place, box.alt), edge


def _code(box: CodeBox, code: QrMatrix, place: Place) -> tuple[Mark, ...]:
    """Place the code in its quiet zone; the template's check has made sure of modules of 0.40 mm."""
    unit = box.width / (code.size + 2 * QUIET_MODULES)
    paper = Path(rectangle(box.x, box.y, box.width, box.height), None, 0, WHITE)
    offset = QUIET_MODULES * unit
    return paper, Rects(box.x + offset, box.y + offset, unit, code.size, code.rects, place, box.alt)
