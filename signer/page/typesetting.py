"""Set text: break it, place its lines, and make the runs that a page holds.

Promises:
  * A run never starts or ends with a blank, never mixes fonts, and never mixes a value with the words round it.
  * A character that no font of the role has is an error that names it; nothing is printed as a box.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from signer.page.boxes import Align, Role
from signer.page.errors import CharacterMissingError
from signer.page.fonts import Font, FontShelf
from signer.page.model import BLACK, Colour, Place, Run
from signer.page.names import is_indexed
from signer.page.text_breaking import BLANKS, TextLine, break_lines
from signer.page.wording import Filled, Span

# The square of a Chinese character reaches so far above the baseline, in units of its size; the rest is below.
SQUARE_ABOVE: Final = 0.88


class Style(NamedTuple):
    """How text looks and where it belongs; `track` is in units of the size."""

    role: Role
    size: float
    colour: Colour = BLACK
    place: Place = ()
    track: float = 0.0
    angle: float = 0.0


class Spot(NamedTuple):
    """Where lines stand: left edge, baseline of the first, width of the column, distance of the lines."""

    x: float
    baseline: float
    width: float
    leading: float
    align: Align = "left"
    indent: float = 0.0


class _RoleFonts(NamedTuple):
    chain: tuple[Font, ...]
    advances: "_Advances"


class _Advances(dict[str, float]):
    """Advance of each character in the first font of the chain that has it."""

    __slots__ = ("_chain",)

    def __init__(self, chain: tuple[Font, ...]) -> None:
        super().__init__()
        self._chain = chain

    def __missing__(self, character: str) -> float:
        for font in self._chain:
            if font.has(character):
                advance = self[character] = font.advances[character]
                return advance
        raise CharacterMissingError(params={"characters": f"U+{ord(character):04X}"})


class Typesetter:
    """Sets text with the fonts of a shelf; holds nothing but widths that it has seen."""

    def __init__(self, shelf: FontShelf) -> None:
        self._shelf = shelf
        self._roles: dict[str, _RoleFonts] = {}

    def lines(self, text: str, style: Style, *, width: float, indent: float = 0.0) -> list[TextLine]:
        """Break a text for a column of this width. Raises `CharacterMissingError`."""
        return break_lines(
            text,
            self._fonts(style.role).advances,
            size=style.size,
            width=width,
            tracking=style.track * style.size,
            indent=indent,
        )

    def width(self, text: str, style: Style) -> float:
        """Return the width of a text on one line."""
        advances = self._fonts(style.role).advances
        return sum(advances[each] for each in text) * style.size + style.track * style.size * max(len(text) - 1, 0)

    def runs(self, filled: Filled, lines: Sequence[TextLine], style: Style, spot: Spot) -> list[Run]:
        """Place these lines of a text below each other."""
        runs: list[Run] = []
        y = spot.baseline
        for line in lines:
            if line.end > line.start:
                # A paragraph's first line is the one that follows a line end, or begins the text.
                opens = line.start == 0 or "\n" in filled.text[max(line.start - 1, 0) : line.start]
                self._line_runs(runs, filled, line, style, spot._replace(baseline=y, indent=spot.indent * opens))
            y += spot.leading
        return runs

    def _line_runs(self, runs: list[Run], filled: Filled, line: TextLine, style: Style, spot: Spot) -> None:
        fonts = self._fonts(style.role)
        x, tracking = _start(line, style, spot)
        for start, end, name in _segments(filled.spans, line):
            for font, part_start, part_end in _by_font(filled.text, start, end, fonts.chain):
                text, size, widths = filled.text[part_start:part_end], style.size, font.advances
                advances = tuple([widths[each] * size + tracking for each in text])
                shown = text.strip(BLANKS)
                if shown:
                    lead = text.index(shown[0])
                    item = name if is_indexed(name) else ""
                    shape = (font.key, size, shown, advances[lead : lead + len(shown)], tracking)
                    runs.append(
                        Run(
                            x + sum(advances[:lead]),
                            spot.baseline,
                            *shape,
                            style.colour,
                            style.place,
                            item,
                            style.angle,
                        )
                    )
                x += sum(advances)

    def _fonts(self, role: Role) -> _RoleFonts:
        fonts = self._roles.get(role)
        if fonts is None:
            chain = self._shelf.chain(role)
            fonts = self._roles[role] = _RoleFonts(chain, _Advances(chain))
        return fonts


def _start(line: TextLine, style: Style, spot: Spot) -> tuple[float, float]:
    """Return where a line starts and how far its characters stand apart."""
    tracking, count = style.track * style.size, line.end - line.start
    room = spot.width - line.width
    if spot.align == "spread" and count > 1 and room > 0:
        return spot.x, tracking + room / (count - 1)
    if spot.align == "center":
        return spot.x + room / 2, tracking
    if spot.align == "right":
        return spot.x + room, tracking
    return spot.x + spot.indent, tracking


def _segments(spans: Sequence[Span], line: TextLine) -> list[tuple[int, int, str]]:
    """Cut a line where a value begins or ends."""
    return [
        (max(span.start, line.start), min(span.end, line.end), span.name)
        for span in spans
        if span.start < line.end and span.end > line.start
    ]


def _by_font(text: str, start: int, end: int, chain: tuple[Font, ...]) -> list[tuple[Font, int, int]]:
    """Cut where another font of the chain must help out."""
    first = chain[0]
    if len(chain) == 1 or all(map(first.has, text[start:end])):
        return [(first, start, end)]
    parts: list[tuple[Font, int, int]] = []
    for place in range(start, end):
        font = next(each for each in chain if each.has(text[place]))
        if parts and parts[-1][0] is font:
            parts[-1] = (font, parts[-1][1], place + 1)
        else:
            parts.append((font, place, place + 1))
    return parts
