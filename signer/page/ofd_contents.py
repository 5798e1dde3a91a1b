"""The contents of an OFD page: each mark of the model as an object in XML.

Promises:
  * Coordinates are those of the model, in millimetres to four decimals; every character's origin is that of the PDF.
  * A character above U+FFFF is an object of its own with its glyph named: readers count it once or twice otherwise.
  * A seal is not on the page (`on_paper`): readers draw it from the seal signature.
"""

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from signer.page.fonts import Font
from signer.page.model import Close, Curve, Image, Line, Mark, Move, Page, Path, Place, Rects, Run
from signer.page.ofd_words import colour_text, escape, number

# From so many equal distances on, "g 3 4" is shorter than "4 4 4".
_EQUAL_MIN: Final = 3
_LETTERS: Final = {Move: "M", Line: "L", Curve: "B", Close: "C"}
_LAST_OF_BASIC_PLANE: Final = "\uffff"
_BLANKS: Final = "  "


class OfdFont(NamedTuple):
    """A font as page contents use it: the number of its resource, and each character's glyph."""

    reference: int
    font: Font
    glyphs: Mapping[str, int]


class Shown(NamedTuple):
    """Where a text object stands that shows an item: numbers of its page and of itself."""

    page: int
    object: int


class Showing(NamedTuple):
    """Where an item is first shown: the element that it belongs to, and the objects in it, one or more a line."""

    place: Place
    objects: list[Shown]


class Numbers:
    """Hands out the numbers of one document's objects, from 1."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last = 0

    def take(self) -> int:
        """Return the next number."""
        self.last += 1
        return self.last


class PageWriter:
    """Writes the pages of one document, and keeps where each item is shown.

    What further pages repeat is decoration and no showing; of several showings the first one counts, so that the texts
    of its objects together are the item's text.
    """

    def __init__(self, numbers: Numbers, fonts: Mapping[str, OfdFont], images: Mapping[str, int]) -> None:
        self._numbers: Final = numbers
        self._fonts: Final = fonts
        self._images: Final = images
        self.index: Final[dict[str, Showing]] = {}

    def objects(self, page: Page, page_number: int) -> str:
        """Write the marks of one page."""
        return "".join([written for mark in page.marks for written in self._mark(mark, page_number)])

    def _mark(self, mark: Mark, page_number: int) -> Iterator[str]:
        match mark:
            case Run():
                for run in split_run(mark):
                    written = self._numbers.take()
                    if run.item and run.place:
                        self._shows(run, Shown(page_number, written))
                    yield _text(run, written, self._fonts[run.font])
            case Path():
                yield path_object(mark, self._numbers.take())
            case Rects():
                yield _rects(mark, self._numbers.take())
            case Image():
                if mark.on_paper:
                    yield _image(mark, self._numbers.take(), self._images[mark.key])

    def _shows(self, run: Run, shown: Shown) -> None:
        showing = self.index.setdefault(run.item, Showing(run.place, []))
        if run.place == showing.place:
            showing.objects.append(shown)


def split_run(run: Run) -> tuple[Run, ...]:
    """Cut a run where readers disagree: round a character above U+FFFF, and at blanks that follow each other.

    No part begins or ends with a blank, as no run does.
    """
    text = run.text
    if max(text) <= _LAST_OF_BASIC_PLANE and _BLANKS not in text:
        return (run,)
    parts: list[tuple[int, int]] = []
    start = 0
    for place, character in enumerate(text):
        if character > _LAST_OF_BASIC_PLANE:
            parts += (start, place), (place, place + 1)
            start = place + 1
        elif text.startswith(_BLANKS, place):
            parts.append((start, place))
            start = place + 1
    parts.append((start, len(text)))
    return tuple(_cut(run, *part) for part in parts if text[slice(*part)].strip())


def _cut(run: Run, start: int, end: int) -> Run:
    """Return the part of a run without blanks at its ends; it begins further along the run's line."""
    text = run.text[start:end]
    start += len(text) - len(text.lstrip())
    text = text.strip()
    way, turn = sum(run.advances[:start]), math.radians(run.angle)
    return run._replace(
        x=run.x + way * math.cos(turn),
        y=run.y - way * math.sin(turn),
        text=text,
        advances=run.advances[start : start + len(text)],
    )


def _text(run: Run, written: int, font: OfdFont) -> str:
    glyph = font.glyphs[run.text] if run.text[0] > _LAST_OF_BASIC_PLANE else None
    return f'<ofd:TextObject ID="{written}"{_line(run, font.reference, font.font, glyph)}'


# Labels and titles come back on every licence of a type, and many of them on all types.
@lru_cache(maxsize=2048)
def _line(run: Run, reference: int, font: Font, glyph: int | None) -> str:
    """Write all of a line but its number."""
    size = run.size
    above, below, width = font.ascent * size, font.descent * size, sum(run.advances)
    if run.angle:
        place, baseline = _turned(run, (above, below, width)), "0"
    else:
        baseline = number(above)
        place = f"{number(run.x)} {number(run.y - above)} {number(width)} {number(above + below)}"
    named = ""
    if glyph is not None:
        named = (
            '<ofd:CGTransform CodePosition="0" CodeCount="2" GlyphCount="1">'
            f"<ofd:Glyphs>{glyph}</ofd:Glyphs></ofd:CGTransform>"
        )
    steps = f' DeltaX="{_distances(run.advances)}"' if len(run.text) > 1 else ""
    return (
        f' Boundary="{place}" Font="{reference}" Size="{number(size)}">'
        f'<ofd:FillColor Value="{colour_text(run.colour)}"/>{named}'
        f'<ofd:TextCode X="0" Y="{baseline}"{steps}>{escape(run.text)}</ofd:TextCode></ofd:TextObject>'
    )


def _turned(run: Run, extent: tuple[float, float, float]) -> str:
    """Write the boundary of a turned line, and how its own axes lie in it; its baseline begins at their origin."""
    above, below, width = extent
    cosine, sine = math.cos(math.radians(run.angle)), math.sin(math.radians(run.angle))
    corners = [(x * cosine + y * sine, y * cosine - x * sine) for x in (0, width) for y in (-above, below)]
    left, top = min(x for x, _y in corners), min(y for _x, y in corners)
    right, bottom = max(x for x, _y in corners), max(y for _x, y in corners)
    return (
        f"{number(run.x + left)} {number(run.y + top)} {number(right - left)} {number(bottom - top)}"
        f'" CTM="{cosine:.6f} {-sine:.6f} {sine:.6f} {cosine:.6f} {number(-left)} {number(-top)}'
    )


def _distances(advances: tuple[float, ...]) -> str:
    """Write the distances between the characters, equal ones as `g COUNT DISTANCE`."""
    words = []
    for word, group in groupby(map(number, advances[:-1])):
        count = len(list(group))
        words.append(f"g {count} {word}" if count >= _EQUAL_MIN else " ".join([word] * count))
    return " ".join(words)


def path_object(path: Path, written: int) -> str:
    """Write lines and curves."""
    return f'<ofd:PathObject ID="{written}"{_path(path)}</ofd:PathObject>'


# Tables and frames of a type come back on each of its licences.
@lru_cache(maxsize=1024)
def _path(path: Path) -> str:
    """Write all of a path but its number. Readers cut it at its boundary, so half the pen's width belongs to that."""
    values = [value for step in path.steps for value in step]
    xs, ys = values[::2], values[1::2]
    pen = path.width if path.stroke else 0.0
    left, top = min(xs) - pen, min(ys) - pen
    place = f"{number(left)} {number(top)} {number(max(xs) + pen - left)} {number(max(ys) + pen - top)}"
    line = f' LineWidth="{number(path.width)}"' if path.stroke else ' Stroke="false"'
    ink = f'<ofd:FillColor Value="{colour_text(path.fill)}"/>' if path.fill else ""
    edge = f'<ofd:StrokeColor Value="{colour_text(path.stroke)}"/>' if path.stroke else ""
    steps = [
        " ".join(
            [_LETTERS[type(step)], *[number(value - (top if odd % 2 else left)) for odd, value in enumerate(step)]]
        )
        for step in path.steps
    ]
    filled = ' Fill="true"' if path.fill else ""
    return f' Boundary="{place}"{line}{filled}>{ink}{edge}<ofd:AbbreviatedData>{" ".join(steps)}</ofd:AbbreviatedData>'


class _Cells(dict[tuple[int, int, int, int], str]):
    """Modules as OFD writes them: the runs of all matrices are some thousands, and each page has a thousand."""

    __slots__ = ()

    def __missing__(self, rect: tuple[int, int, int, int]) -> str:
        x, y, width, height = rect
        right, bottom = x + width, y + height
        text = self[rect] = f"M {x} {y} L {right} {y} L {right} {bottom} L {x} {bottom} C"
        return text


_cell: Final = _Cells().__getitem__


def _rects(rects: Rects, written: int) -> str:
    """Draw all modules as one filled path, so that no hair line shows between them."""
    side = number(rects.modules * rects.unit)
    return (
        f'<ofd:PathObject ID="{written}" Boundary="{number(rects.x)} {number(rects.y)} {side} {side}"'
        f' CTM="{rects.unit:.6f} 0 0 {rects.unit:.6f} 0 0" Stroke="false" Fill="true">'
        f'<ofd:FillColor Value="{colour_text(rects.colour)}"/>'
        f"<ofd:AbbreviatedData>{' '.join(map(_cell, rects.rects))}</ofd:AbbreviatedData></ofd:PathObject>"
    )


def _image(image: Image, written: int, resource: int) -> str:
    width, height = number(image.width), number(image.height)
    return (
        f'<ofd:ImageObject ID="{written}" Boundary="{number(image.x)} {number(image.y)} {width} {height}"'
        f' CTM="{width} 0 0 {height} 0 0" ResourceID="{resource}"/>'
    )
