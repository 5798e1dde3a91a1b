"""The boxes of a template: what may stand on a page. Lengths are millimetres, origin top left.

Promises: a box holds what the office wrote, complete with defaults; whether it is sound is `template`'s to say.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from signer.page.model import BLACK, Colour
from signer.page.wording import Wording

Role = Literal["body", "bold", "serif", "title"]
Align = Literal["left", "center", "right", "spread"]
Vertical = Literal["top", "middle", "bottom"]
GREY: Final[Colour] = (120, 120, 120)
DARK_GREY: Final[Colour] = (96, 96, 96)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle on the page."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBox(Box):
    """Text that shrinks to `minimum` when it is too high. `track` and `indent` are in units of the size."""

    text: Wording
    font: Role = "body"
    size: float = 4.0
    minimum: float = 0.0
    lead: float = 1.5
    track: float = 0.0
    indent: float = 0.0
    align: Align = "left"
    valign: Vertical = "top"
    colour: Colour = BLACK
    tag: Literal["P", "H1", "H2", "decoration"] = "P"
    language: Literal["zh", "en"] = "zh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table: `field` takes label and value from the licence type; else label and value are written here.

    Without a value the row is left out, unless `empty` says what to print. `height` is the least.
    """

    field: str = ""
    label: str = ""
    label_en: str = ""
    value: Wording = ()
    empty: str = ""
    height: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsBox(Box):
    """A table of labels and values, from `y` to at most `y + height`; a long one runs on to the next page.

    `next_y` and `next_height` are its place there. Sizes shrink to `minimum` before a page is added. `grid` draws all
    lines, `rules` a line below each row, `under` a line below each value, `none` nothing. `stretch` fills the height.
    """

    rows: tuple[Row, ...]
    label_width: float
    font: Role = "body"
    label_font: Role = "body"
    size: float = 4.0
    minimum: float = 0.0
    lead: float = 1.45
    pad: float = 1.8
    grid: Literal["grid", "rules", "under", "none"] = "grid"
    line: float = 0.18
    colour: Colour = GREY
    label_colour: Colour = BLACK
    label_fill: Colour | None = None
    label_align: Literal["left", "spread"] = "left"
    valign: Vertical = "middle"
    english: bool = False
    english_size: float = 2.6
    english_colour: Colour = DARK_GREY
    stretch: bool = False
    next_y: float = 0.0
    next_height: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoBox(Box):
    """The holder's photo, fitted whole into the box, with a thin edge."""

    alt: str = "持证人照片"
    line: float = 0.15
    colour: Colour = GREY


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBox(Box):
    """The QR code with its quiet zone of four modules, a white square."""

    alt: str = "核验二维码"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealBox(Box):
    """The issuer's seal picture, multiplied with what is under it."""

    alt: Wording = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class RectBox(Box):
    """A rectangle, with a pen, filled, or both."""

    line: float = 0.2
    colour: Colour | None = None
    fill: Colour | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineBox(Box):
    """A straight line from the top left to the bottom right corner; one of width and height is 0."""

    line: float = 0.2
    colour: Colour = BLACK


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameBox(Box):
    """An ornamental border whose outer edge is the box; `band` is its width."""

    style: Literal["double", "fret", "braid"] = "double"
    band: float = 6.0
    line: float = 0.2
    colour: Colour = GREY
    tint: Colour | None = None


AnyBox = TextBox | RowsBox | PhotoBox | CodeBox | SealBox | RectBox | LineBox | FrameBox
Drawing = (RectBox, LineBox, FrameBox)
"""Kinds that show no text: they are the same on every licence."""
