"""The contents of a PDF page: each mark of the model in PDF's drawing language.

Promises: coordinates are those of the model, turned upside down and in points; decoration is marked as such.
"""

import math
from collections.abc import Mapping
from typing import Final

from signer.page.kept import Kept
from signer.page.model import Close, Curve, Image, Line, Mark, Move, Page, Path, PathStep, Rects, Run
from signer.page.pdf_fonts import EmbeddedFont
from signer.page.pdf_objects import POINTS, colour_text, length, number, stream, text_string
from signer.page.pdf_tags import Tags

# Above this part of a character's size poppler puts a blank between two characters, unless a span says what they are
# together; it reads that word in spans only.
WIDE_TRACKING: Final = 0.08
_BACKDROPS: Final[Kept[tuple[Path, ...], bytes]] = Kept()


def backdrop_stream(paths: tuple[Path, ...], height: float) -> bytes:
    """Write what is the same on all pages of a type, as contents of their own."""
    found = _BACKDROPS.find(paths, height)
    if found is not None:
        return found
    return _BACKDROPS.keep(paths, stream("\n".join([_path(path, height) for path in paths]).encode()), height)


def page_contents(page: Page, fonts: Mapping[str, EmbeddedFont], tags: Tags) -> bytes:
    """Write the marks of one page."""
    height = page.height
    return "\n".join([_mark(mark, height, fonts, tags) for mark in page.marks]).encode()


def _mark(mark: Mark, height: float, fonts: Mapping[str, EmbeddedFont], tags: Tags) -> str:
    if isinstance(mark, Run):
        return _run(mark, height, fonts, tags)
    if isinstance(mark, Path):
        return _path(mark, height)
    return _rects(mark, height, tags) if isinstance(mark, Rects) else _image(mark, height, tags)


def _run(run: Run, height: float, fonts: Mapping[str, EmbeddedFont], tags: Tags) -> str:
    start, end = "/Artifact BMC", "EMC"
    if run.place:
        start = f"/{run.place[-1].kind}<</MCID {tags.mark(run.place)}>>BDC"
        if run.tracking > run.size * WIDE_TRACKING:
            start, end = f"{start} /Span<</ActualText{text_string(run.text)}>>BDC", "EMC EMC"
    digits = fonts[run.font].digits
    turn = "1 0 0 1"
    if run.angle:
        cosine, sine = math.cos(math.radians(run.angle)), math.sin(math.radians(run.angle))
        turn = f"{cosine:.5f} {sine:.5f} {-sine:.5f} {cosine:.5f}"
    return (
        f"{start} {colour_text(run.colour)} rg BT /{run.font} {length(run.size)} Tf {length(run.tracking)} Tc "
        f"{turn} {length(run.x)} {length(height - run.y)} Tm<{''.join([digits[each] for each in run.text])}>Tj ET {end}"
    )


def _path(path: Path, height: float) -> str:
    pen = f"{colour_text(path.stroke)} RG {length(path.width)} w " if path.stroke else ""
    ink = f"{colour_text(path.fill)} rg " if path.fill else ""
    act = "B" if path.stroke and path.fill else "S" if path.stroke else "f"
    return f"/Artifact BMC {pen}{ink}{' '.join([_step(step, height) for step in path.steps])} {act} EMC"


def _step(step: PathStep, height: float) -> str:
    match step:
        case Move(x, y):
            return f"{length(x)} {length(height - y)} m"
        case Line(x, y):
            return f"{length(x)} {length(height - y)} l"
        case Curve(x1, y1, x2, y2, x, y):
            points = ((x1, y1), (x2, y2), (x, y))
            return " ".join([f"{length(a)} {length(height - b)}" for a, b in points]) + " c"
        case Close():
            return "h"


def _rects(rects: Rects, height: float, tags: Tags) -> str:
    """Draw all modules as one filled path, so that no hair line shows between them."""
    side = rects.modules * rects.unit
    box = (length(rects.x), length(height - rects.y - side), length(rects.x + side), length(height - rects.y))
    mark = tags.mark_figure(rects.place, rects.alt, box)
    unit = f"{rects.unit * POINTS:.5f}"
    return (
        f"/{rects.place[-1].kind}<</MCID {mark}>>BDC q {colour_text(rects.colour)} rg {unit} 0 0 -{unit} "
        f"{box[0]} {box[3]} cm {' '.join(map(_cell, rects.rects))} f Q EMC"
    )


class _Cells(dict[tuple[int, int, int, int], str]):
    """Modules as PDF writes them: the runs of all matrices are some thousands, and each page has a thousand."""

    __slots__ = ()

    def __missing__(self, rect: tuple[int, int, int, int]) -> str:
        text = self[rect] = f"{rect[0]} {rect[1]} {rect[2]} {rect[3]} re"
        return text


_cell: Final = _Cells().__getitem__


def _image(image: Image, height: float, tags: Tags) -> str:
    bottom = height - image.y - image.height
    box = (length(image.x), length(bottom), length(image.x + image.width), length(height - image.y))
    mark = tags.mark_figure(image.place, image.alt, box)
    blend = "/Multiply gs " if image.multiply else ""
    return (
        f"/{image.place[-1].kind}<</MCID {mark}>>BDC q {blend}{length(image.width)} 0 0 {length(image.height)} "
        f"{box[0]} {box[1]} cm /{image.key} Do Q EMC"
    )


def media_box(page: Page) -> str:
    """Write the page's size."""
    return f"[0 0 {number(page.width * POINTS)} {number(page.height * POINTS)}]"
