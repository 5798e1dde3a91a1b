"""The picture of an official seal: round, 42 mm, a ring, a star, and the office's name along the arc.

Promises:
  * One red, its shape in the alpha channel in 16 steps: a small PNG that multiplies with what lies under it, and that
    says its own size (pixels a metre).
  * The same texts give the same bytes. Drawing takes some 0.2 s: whoever needs it often keeps it.
  * A name of 2 to 60 characters stays legible: set along one arc, or along two where one would make it too low. What
    would not, or has a character that the font lacks, is refused.

It is a picture of a seal for sealing electronic documents, and no pattern for a rubber stamp. `lay_out_seal` places
everything in millimetres; this module draws that as pixels, `seal_svg` writes it as outlines.
"""

import math
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFont

from signer.page.errors import SealPictureTextError
from signer.page.fonts import OWN_FONTS, ROLES, missing_in

SEAL_MM: Final = 42
"""Diameter of an office's seal below the national level (国发〔1999〕25号: 4.2 cm)."""

# 20 pixels a millimetre are 508 dpi; drawn three times as large, since a ring at less shows steps in print.
PIXELS_PER_MM: Final = 20
OVERSAMPLING: Final = 3
# The form inside a seal object, which every sealed document carries twice: 305 dpi, as printers of offices have.
OBJECT_PIXELS_PER_MM: Final = 12

RED: Final = (214, 20, 26)
ALPHA_STEPS: Final = 16

NAME_LENGTH_MAX: Final = 60

# In millimetres, as measured on seals of real licences: 1.2 for the ring, 14 across the star.
RING_WIDTH: Final = 1.2
_STAR_RADIUS: Final = 7.0
_STAR_INNER: Final = math.sin(math.radians(18)) / math.sin(math.radians(54))

# The name: its height, the space between it and the ring, and how far it may reach round the seal: beside a code, and
# beside a line under the star, whose ends it would meet.
_NAME_HEIGHT: Final = 6.4
_NAME_GAP: Final = 1.1
_NAME_DEGREES_MAX: Final = 285.0
_NAME_DEGREES_BESIDE_CODE: Final = 255.0
_NAME_DEGREES_BESIDE_LOWER: Final = 228.0
_NAME_DEGREES_EACH: Final = 26.0
# A character is not narrower than 0.62 of its height; a long name is made lower instead. Under 3.2 mm on one arc, it is
# set on two, whose inner one must leave the star and the line under it alone; nothing is lower than 2.2 mm.
_NARROWEST: Final = 0.62
_NAME_HEIGHT_ONE_ARC: Final = 3.2
_NAME_HEIGHT_TWO_ARCS: Final = 3.6
_NAME_HEIGHT_MIN: Final = 2.2
_ARC_GAP: Final = 0.7
_INNER_DEGREES_MAX: Final = 215.0
_INNER_RADIUS_MIN: Final = _STAR_RADIUS + 0.8
# A name is best divided behind the name of a place or an office, near the middle.
_ENDS_OF_WORDS: Final = frozenset("省市县区州盟旗乡镇府局厅委会院处部署办社所")
_SPLIT_SHARE: Final = 0.58
_SPLIT_REACH: Final = 4

_LOWER_HEIGHT: Final = 3.6
_LOWER_WIDTH_MAX: Final = 24.0
_LOWER_PLACE: Final = 11.2

_CODE_HEIGHT: Final = 1.9
_CODE_DEGREES_EACH: Final = 5.2
# A seal's own code has 14 digits, one of the public security 13.
_CODE_LENGTH_MAX: Final = 14

MIDDLE: Final = 0.38
"""The middle of a Chinese character over the baseline, in em: its square reaches from -0.12 to 0.88."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedGlyph:
    """One character: its middle from the seal's centre (y downwards), its size, and how far it is turned clockwise."""

    character: str
    x: float
    y: float
    width: float
    height: float
    degrees: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SealLayout:
    """Everything on a seal, in millimetres from its centre."""

    star: tuple[tuple[float, float], ...]
    glyphs: tuple[PlacedGlyph, ...]


def draw_seal(name: str, *, lower: str = "", code: str = "", pixels_per_mm: int = PIXELS_PER_MM) -> bytes:
    """Draw a seal as PNG; `lower` is a short line under the star, `code` the digits at the bottom."""
    canvas = _Canvas(pixels_per_mm * OVERSAMPLING)
    canvas.draw(lay_out_seal(name, lower=lower, code=code))
    return one_ink_png(canvas.shape.resize((SEAL_MM * pixels_per_mm,) * 2, Image.Resampling.LANCZOS), pixels_per_mm)


def lay_out_seal(name: str, *, lower: str = "", code: str = "") -> SealLayout:
    """Place star, name, lower line and code. Raises `SealPictureTextError`."""
    if not 0 < len(name) <= NAME_LENGTH_MAX or missing_in(OWN_FONTS / ROLES["title"], name + lower + code):
        raise SealPictureTextError("no name, a longer one than 60 characters, or a character that the font lacks")
    degrees = _NAME_DEGREES_BESIDE_CODE if code else _NAME_DEGREES_MAX
    if lower:
        degrees = _NAME_DEGREES_BESIDE_LOWER
    return SealLayout(star=_star(), glyphs=(*_name(name, degrees), *_lower(lower), *_code(code)))


def _star() -> tuple[tuple[float, float], ...]:
    corners = []
    for number in range(10):
        radius = _STAR_RADIUS * (_STAR_INNER if number % 2 else 1)
        angle = math.radians(36 * number)
        corners.append((radius * math.sin(angle), -radius * math.cos(angle)))
    return tuple(corners)


def _name(text: str, degrees_max: float) -> list[PlacedGlyph]:
    """Set the name along one arc, or along two where that makes it higher."""
    edge = SEAL_MM / 2 - RING_WIDTH - _NAME_GAP
    height = _fitting_height(len(text), edge, degrees_max, _NAME_HEIGHT)
    if height >= _NAME_HEIGHT_ONE_ARC:
        return _arc(text, edge, height, degrees_max)
    outer, inner = _divided(text)
    high = _NAME_HEIGHT_TWO_ARCS
    while high >= _NAME_HEIGHT_MIN:
        inner_edge = edge - high - _ARC_GAP
        fits_inside = inner_edge - high >= _INNER_RADIUS_MIN
        if fits_inside and all(
            _fitting_height(len(part), where, degrees, high) >= high
            for part, where, degrees in ((outer, edge, degrees_max), (inner, inner_edge, _INNER_DEGREES_MAX))
        ):
            return [*_arc(outer, edge, high, degrees_max), *_arc(inner, inner_edge, high, _INNER_DEGREES_MAX)]
        high -= 0.05
    raise SealPictureTextError("the name is too long for a legible seal")


def _divided(text: str) -> tuple[str, str]:
    """Divide a long name for two arcs, of which the outer one holds more; behind a word where there is one near."""
    wanted = round(len(text) * _SPLIT_SHARE)
    places = sorted(range(wanted - _SPLIT_REACH, wanted + _SPLIT_REACH + 1), key=lambda place: abs(place - wanted))
    place = next((each for each in places if text[each - 1] in _ENDS_OF_WORDS), wanted)
    return text[:place], text[place:]


def _width_at(height: float, edge: float, step: float) -> float:
    """Return the room for a character at its foot, where neighbours come closest."""
    return math.radians(step) * (edge - height * 0.92)


def _step(count: int, degrees_max: float) -> float:
    return min(_NAME_DEGREES_EACH, degrees_max / max(count - 1, 1))


def _fitting_height(count: int, edge: float, degrees_max: float, height_max: float) -> float:
    """Return the largest height at which so many characters are not narrower than they may be."""
    step, height = _step(count, degrees_max), height_max
    while height > 0 and _width_at(height, edge, step) < _NARROWEST * height:
        height -= 0.05
    return height


def _arc(text: str, edge: float, height: float, degrees_max: float) -> list[PlacedGlyph]:
    """Set a text along the upper side, the heads of its characters at this distance from the centre."""
    step, radius = _step(len(text), degrees_max), edge - height / 2
    width = min(_width_at(height, edge, step), height * 0.92)
    angles = [(number - (len(text) - 1) / 2) * step for number in range(len(text))]
    return [
        _at_angle(character, radius, angle, width=width, height=height)
        for character, angle in zip(text, angles, strict=True)
    ]


def _lower(text: str) -> list[PlacedGlyph]:
    """Set a straight line under the star."""
    width = min(_LOWER_HEIGHT * 0.86, _LOWER_WIDTH_MAX / max(len(text), 1))
    if width < _NARROWEST * _NAME_HEIGHT_MIN:
        raise SealPictureTextError("the line under the star is too long")
    return [
        PlacedGlyph(
            character=character,
            x=(number - (len(text) - 1) / 2) * width,
            y=_LOWER_PLACE,
            width=width * 0.96,
            height=_LOWER_HEIGHT,
            degrees=0.0,
        )
        for number, character in enumerate(text)
    ]


def _code(text: str) -> list[PlacedGlyph]:
    """Set the code along the ring's lower side, its feet towards the ring, read from left to right."""
    if len(text) > _CODE_LENGTH_MAX:
        raise SealPictureTextError("the code of a seal has at most 14 characters")
    radius = SEAL_MM / 2 - RING_WIDTH - 0.5 - _CODE_HEIGHT / 2
    angles = [180 - (number - (len(text) - 1) / 2) * _CODE_DEGREES_EACH for number in range(len(text))]
    return [
        _at_angle(character, radius, angle, width=_CODE_HEIGHT, height=_CODE_HEIGHT, turned=180.0)
        for character, angle in zip(text, angles, strict=True)
    ]


def _at_angle(
    character: str, radius: float, angle: float, *, width: float, height: float, turned: float = 0.0
) -> PlacedGlyph:
    turn = math.radians(angle)
    return PlacedGlyph(
        character=character,
        x=radius * math.sin(turn),
        y=-radius * math.cos(turn),
        width=width,
        height=height,
        degrees=angle - turned,
    )


class _Canvas:
    """The seal's shape at drawing size, white on black; lengths are given in millimetres."""

    def __init__(self, scale: int) -> None:
        self.scale: Final = scale
        self.shape: Final = Image.new("L", (SEAL_MM * scale,) * 2)
        self.centre: Final = SEAL_MM * scale / 2

    def draw(self, layout: SealLayout) -> None:
        edge = 0.1 * self.scale
        far = 2 * self.centre - edge
        brush = ImageDraw.Draw(self.shape)
        brush.ellipse((edge, edge, far, far), outline=255, width=round(RING_WIDTH * self.scale))
        brush.polygon([(self.centre + x * self.scale, self.centre + y * self.scale) for x, y in layout.star], fill=255)
        for glyph in layout.glyphs:
            self._glyph(glyph)

    def _glyph(self, glyph: PlacedGlyph) -> None:
        tile = self._tile(glyph)
        if glyph.degrees:
            tile = tile.rotate(-glyph.degrees, resample=Image.Resampling.BICUBIC, expand=True)
        x, y = self.centre + glyph.x * self.scale, self.centre + glyph.y * self.scale
        corner = round(x - tile.width / 2), round(y - tile.height / 2)
        box = (*corner, corner[0] + tile.width, corner[1] + tile.height)
        self.shape.paste(ImageChops.lighter(self.shape.crop(box), tile), box)

    def _tile(self, glyph: PlacedGlyph) -> Image.Image:
        """Draw one character in a square, and press the square to the width."""
        size = round(glyph.height * self.scale)
        font = ImageFont.truetype(OWN_FONTS / ROLES["title"], size, layout_engine=ImageFont.Layout.BASIC)
        tile = Image.new("L", (size, size))
        ImageDraw.Draw(tile).text((size / 2, size * (0.5 + MIDDLE)), glyph.character, font=font, fill=255, anchor="ms")
        return tile.resize((max(1, round(glyph.width * self.scale)), size), Image.Resampling.LANCZOS)


def one_ink_png(shape: Image.Image, pixels_per_mm: float, ink: tuple[int, int, int] = RED) -> bytes:
    """Write a shape as a picture of one colour, whose palette entries differ in their alpha alone."""
    last = ALPHA_STEPS - 1
    steps = shape.point([(value * last + 127) // 255 for value in range(256)])
    picture = Image.frombytes("P", steps.size, steps.tobytes())
    picture.putpalette(list(ink) * ALPHA_STEPS)
    alphas = bytes(255 * step // last for step in range(ALPHA_STEPS))
    written = BytesIO()
    picture.save(written, "PNG", optimize=True, bits=4, transparency=alphas, dpi=(pixels_per_mm * 25.4,) * 2)
    return written.getvalue()
