"""The page model: what stands where on which page, in millimetres from the top left corner.

Promises:
  * Everything is measured already: a writer (PDF, later OFD) only spells coordinates and never lays out.
  * A run is one line in one style without a blank at either end, so that every reader extracts the same text.
  * A label and its value are two runs; `item` names the licence's item that a run shows, for data indexing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

Colour = tuple[int, int, int]

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)


class Step(NamedTuple):
    """One step down the structure tree: a standard structure type (P, H1, Table, TR …) and which of them."""

    kind: str
    key: str


Place = tuple[Step, ...]
"""The way from the document's root to the element that a mark belongs to; an empty one is decoration (an artifact)."""


# Named tuples rather than dataclasses where a page has hundreds: made three times as fast, and as frozen.
class Run(NamedTuple):
    """One line of one style. `y` is the baseline; `advances` are the widths of the characters in millimetres."""

    x: float
    y: float
    font: str
    size: float
    text: str
    advances: tuple[float, ...]
    tracking: float = 0.0
    colour: Colour = BLACK
    place: Place = ()
    item: str = ""
    angle: float = 0.0


class Move(NamedTuple):
    """Start a figure here."""

    x: float
    y: float


class Line(NamedTuple):
    """Draw a straight line to here."""

    x: float
    y: float


class Curve(NamedTuple):
    """Draw a Bézier curve to the last of three points."""

    x1: float
    y1: float
    x2: float
    y2: float
    x: float
    y: float


class Close(NamedTuple):
    """Draw a straight line to where the figure started."""


PathStep = Move | Line | Curve | Close


class Path(NamedTuple):
    """Lines and curves, drawn with a pen (`stroke`, `width`) and filled; always decoration."""

    steps: tuple[PathStep, ...]
    stroke: Colour | None = None
    width: float = 0.2
    fill: Colour | None = None


class Rects(NamedTuple):
    """Rectangles (x, y, width, height) in whole units from a corner: the modules of a QR code, drawn as one figure."""

    x: float
    y: float
    unit: float
    modules: int
    rects: tuple[tuple[int, int, int, int], ...]
    place: Place
    alt: str
    colour: Colour = BLACK


class Image(NamedTuple):
    """A picture of the document. `on_paper` is false for a seal, which OFD readers take from the seal signature."""

    x: float
    y: float
    width: float
    height: float
    key: str
    place: Place
    alt: str
    multiply: bool = False
    on_paper: bool = True


Mark = Run | Path | Rects | Image


@dataclass(frozen=True, slots=True)
class Page:
    """One page; marks are drawn in order, later ones above. The backdrop is the same on every licence of a type."""

    width: float
    height: float
    backdrop: tuple[Path, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """A file inside the document; `relationship` as in PDF (Source, Data)."""

    name: str
    media_type: str
    relationship: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDocument:
    """All pages of one licence, and what every body says about itself. `characters` are those used of each font."""

    pages: tuple[Page, ...]
    title: str
    author: str
    language: str
    created: datetime
    identifier: bytes
    characters: Mapping[str, frozenset[str]] = field(repr=False)
    files: tuple[AttachedFile, ...] = ()
