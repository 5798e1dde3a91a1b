"""The picture of a department's seal: round, 42 mm, a ring, a star, and the office's name along the arc.

Promises:
  * One red, its shape in the alpha channel in 16 steps: a small PNG that multiplies with what lies under it.
  * The same text gives the same bytes. Drawing takes some 0.2 s: whoever needs it often keeps it.
  * A name that would come out too narrow to be read, or with a character that the font lacks, is refused.

It is a picture of a seal for sealing electronic documents, and no pattern for a rubber stamp.
"""

import math
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

RED: Final = (214, 20, 26)
ALPHA_STEPS: Final = 16

# In millimetres, as measured on seals of real licences: 1.2 for the ring, 14 across the star.
_RING_WIDTH: Final = 1.2
_STAR_RADIUS: Final = 7.0
_STAR_INNER: Final = math.sin(math.radians(18)) / math.sin(math.radians(54))

# The name: its height, the space between it and the ring, and how far it may reach round the seal, also with a code.
_NAME_HEIGHT: Final = 6.4
_NAME_GAP: Final = 1.1
_NAME_DEGREES_MAX: Final = 285.0
_NAME_DEGREES_BESIDE_CODE: Final = 255.0
_NAME_DEGREES_EACH: Final = 26.0
# A character is not narrower than 0.62 of its height; a long name is made lower instead, but not under 2.2 mm.
_NARROWEST: Final = 0.62
_NAME_HEIGHT_MIN: Final = 2.2

_LOWER_HEIGHT: Final = 3.6
_LOWER_WIDTH_MAX: Final = 24.0
_LOWER_PLACE: Final = 11.2

_CODE_HEIGHT: Final = 1.9
_CODE_DEGREES_EACH: Final = 5.2
_CODE_LENGTH_MAX: Final = 13

# The middle of a Chinese character over the baseline, in em: its square reaches from -0.12 to 0.88.
_MIDDLE: Final = 0.38


def draw_seal(name: str, *, lower: str = "", code: str = "") -> bytes:
    """Draw a department's seal as PNG; `lower` is a short line under the star, `code` the digits at the bottom."""
    if not name or missing_in(OWN_FONTS / ROLES["title"], name + lower + code):
        raise SealPictureTextError("no name, or a character that the font of seals lacks")
    canvas = _Canvas()
    canvas.ring()
    canvas.star()
    canvas.name(name, _NAME_DEGREES_BESIDE_CODE if code else _NAME_DEGREES_MAX)
    if lower:
        canvas.lower(lower)
    if code:
        canvas.code(code)
    return _png(canvas.shape.resize((SEAL_MM * PIXELS_PER_MM,) * 2, Image.Resampling.LANCZOS))


class _Canvas:
    """The seal's shape at drawing size, white on black; lengths are given in millimetres."""

    def __init__(self) -> None:
        self.scale: Final = PIXELS_PER_MM * OVERSAMPLING
        self.shape: Final = Image.new("L", (SEAL_MM * self.scale,) * 2)
        self.centre: Final = SEAL_MM * self.scale / 2

    def ring(self) -> None:
        edge = 0.1 * self.scale
        far = 2 * self.centre - edge
        ImageDraw.Draw(self.shape).ellipse((edge, edge, far, far), outline=255, width=round(_RING_WIDTH * self.scale))

    def star(self) -> None:
        corners = []
        for number in range(10):
            radius = _STAR_RADIUS * self.scale * (_STAR_INNER if number % 2 else 1)
            angle = math.radians(36 * number)
            corners.append((self.centre + radius * math.sin(angle), self.centre - radius * math.cos(angle)))
        ImageDraw.Draw(self.shape).polygon(corners, fill=255)

    def name(self, text: str, degrees_max: float) -> None:
        """Set the name along the arc: first condensed, then made lower, until it fits."""
        height = _NAME_HEIGHT
        while True:
            radius = SEAL_MM / 2 - _RING_WIDTH - _NAME_GAP - height / 2
            step = min(_NAME_DEGREES_EACH, degrees_max / max(len(text) - 1, 1))
            # Measured at the foot of the characters, where neighbours come closest.
            width = math.radians(step) * (radius - height * 0.42)
            if width >= _NARROWEST * height:
                break
            height -= 0.1
            if height < _NAME_HEIGHT_MIN:
                raise SealPictureTextError("the name is too long for a legible seal")
        for number, character in enumerate(text):
            angle = (number - (len(text) - 1) / 2) * step
            self._glyph(character, height, min(width, height * 0.92), angle, radius)

    def lower(self, text: str) -> None:
        """Set a straight line under the star."""
        width = min(_LOWER_HEIGHT * 0.86, _LOWER_WIDTH_MAX / len(text))
        if width < _NARROWEST * _NAME_HEIGHT_MIN:
            raise SealPictureTextError("the line under the star is too long")
        for number, character in enumerate(text):
            x = (number - (len(text) - 1) / 2) * width
            tile = self._tile(character, _LOWER_HEIGHT, width * 0.96)
            self._add(tile, self.centre + x * self.scale, self.centre + _LOWER_PLACE * self.scale)

    def code(self, text: str) -> None:
        """Set the code along the ring's lower side, its feet towards the ring, read from left to right."""
        if len(text) > _CODE_LENGTH_MAX:
            raise SealPictureTextError("the code of a seal has at most 13 characters")
        radius = SEAL_MM / 2 - _RING_WIDTH - 0.5 - _CODE_HEIGHT / 2
        for number, character in enumerate(text):
            angle = 180 - (number - (len(text) - 1) / 2) * _CODE_DEGREES_EACH
            self._glyph(character, _CODE_HEIGHT, _CODE_HEIGHT, angle, radius, turned=True)

    def _glyph(
        self, character: str, height: float, width: float, angle: float, radius: float, *, turned: bool = False
    ) -> None:
        tile = self._tile(character, height, width)
        tile = tile.rotate(180 - angle if turned else -angle, resample=Image.Resampling.BICUBIC, expand=True)
        turn = math.radians(angle)
        distance = radius * self.scale
        self._add(tile, self.centre + distance * math.sin(turn), self.centre - distance * math.cos(turn))

    def _tile(self, character: str, height: float, width: float) -> Image.Image:
        """Draw one character in a square, and press the square to the width."""
        size = round(height * self.scale)
        font = ImageFont.truetype(OWN_FONTS / ROLES["title"], size, layout_engine=ImageFont.Layout.BASIC)
        tile = Image.new("L", (size, size))
        ImageDraw.Draw(tile).text((size / 2, size * (0.5 + _MIDDLE)), character, font=font, fill=255, anchor="ms")
        return tile.resize((max(1, round(width * self.scale)), size), Image.Resampling.LANCZOS)

    def _add(self, tile: Image.Image, x: float, y: float) -> None:
        corner = round(x - tile.width / 2), round(y - tile.height / 2)
        box = (*corner, corner[0] + tile.width, corner[1] + tile.height)
        self.shape.paste(ImageChops.lighter(self.shape.crop(box), tile), box)


def _png(shape: Image.Image) -> bytes:
    """Write the shape as a picture of one colour, whose palette entries differ in their alpha alone."""
    last = ALPHA_STEPS - 1
    steps = shape.point([(value * last + 127) // 255 for value in range(256)])
    picture = Image.frombytes("P", steps.size, steps.tobytes())
    picture.putpalette(list(RED) * ALPHA_STEPS)
    alphas = bytes(255 * step // last for step in range(ALPHA_STEPS))
    written = BytesIO()
    picture.save(written, "PNG", optimize=True, bits=4, transparency=alphas)
    return written.getvalue()
