"""The source of a seal's picture: the same layout as outlines in SVG.

Promises:
  * Shapes only: a ring, a star, and the outlines of the characters. No text, no font, no script, no link: what a
    custodian typed comes out as curves, whatever it was.
  * The same texts give the same bytes; one unit is one millimetre.
"""

from functools import lru_cache
from typing import Any, Final

import uharfbuzz as hb

from signer.page.fonts import OWN_FONTS, ROLES
from signer.page.seal_picture import MIDDLE, RED, RING_WIDTH, SEAL_MM, PlacedGlyph, lay_out_seal

_EDGE: Final = 0.1


def draw_seal_svg(name: str, *, lower: str = "", code: str = "") -> str:
    """Draw a seal as SVG. Raises `SealPictureTextError`."""
    layout = lay_out_seal(name, lower=lower, code=code)
    half, radius = SEAL_MM / 2, SEAL_MM / 2 - _EDGE - RING_WIDTH / 2
    star = " ".join(f"{_number(x)},{_number(y)}" for x, y in layout.star)
    shapes = "".join(
        f'<path transform="{_transform(glyph)}" d="{_outline(glyph.character)}"/>' for glyph in layout.glyphs
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SEAL_MM}mm" height="{SEAL_MM}mm" '
        f'viewBox="{_number(-half)} {_number(-half)} {SEAL_MM} {SEAL_MM}" fill="rgb{RED}">'
        f'<circle r="{_number(radius)}" fill="none" stroke="rgb{RED}" stroke-width="{RING_WIDTH}"/>'
        f'<polygon points="{star}"/>{shapes}</svg>\n'
    ).replace(", ", ",")


def _transform(glyph: PlacedGlyph) -> str:
    """Turn the em square, its baseline at zero and y upwards, into the glyph's place."""
    return (
        f"translate({_number(glyph.x)} {_number(glyph.y)}) rotate({_number(glyph.degrees)}) "
        f"scale({_number(glyph.width)} {_number(-glyph.height)})"
    )


# A seal repeats its digits, and an office's seals repeat its name.
@lru_cache(maxsize=512)
def _outline(character: str) -> str:
    """Return the outline in em, its middle at the origin."""
    font = _font()
    buffer = hb.Buffer()
    buffer.add_str(character)
    buffer.guess_segment_properties()
    hb.shape(font, buffer, {"kern": False, "liga": False})
    glyph = buffer.glyph_infos[0].codepoint
    per_em = font.face.upem
    middle = font.get_glyph_h_advance(glyph) / 2
    pen = _Pen(per_em, middle)
    font.draw_glyph(glyph, pen.functions(), pen)
    return "".join(pen.parts)


class _Pen:
    """Collects the commands of an outline as a path in em."""

    def __init__(self, per_em: int, middle: float) -> None:
        self.parts: Final[list[str]] = []
        self._per_em = per_em
        self._middle = middle

    def add(self, command: str, *numbers: float) -> None:
        points = zip(numbers[::2], numbers[1::2], strict=True)
        texts = [
            f"{_number((x - self._middle) / self._per_em)} {_number(y / self._per_em - MIDDLE)}" for x, y in points
        ]
        self.parts.append(command + " ".join(texts))

    @staticmethod
    @lru_cache(maxsize=1)
    def functions() -> Any:  # noqa: ANN401 - uharfbuzz has no types
        functions = hb.DrawFuncs()
        functions.set_move_to_func(lambda x, y, pen: pen.add("M", x, y))
        functions.set_line_to_func(lambda x, y, pen: pen.add("L", x, y))
        functions.set_quadratic_to_func(lambda a, b, x, y, pen: pen.add("Q", a, b, x, y))
        functions.set_cubic_to_func(lambda a, b, c, d, x, y, pen: pen.add("C", a, b, c, d, x, y))
        functions.set_close_path_func(lambda pen: pen.add("Z"))
        return functions


@lru_cache(maxsize=1)
def _font() -> Any:  # noqa: ANN401 - uharfbuzz has no types
    return hb.Font(hb.Face(hb.Blob.from_file_path(str(OWN_FONTS / ROLES["title"]))))


def _number(value: float) -> str:
    """Write a number with at most four places, and without a minus before zero."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
