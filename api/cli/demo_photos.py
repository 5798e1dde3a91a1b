"""Portraits for the demonstration: drawn, of nobody, the same for the same name.

Promises: no photo of a person is in the repository; a portrait has 413 by 531 pixels, 35 by 45 mm at 300 dpi.
"""

import io
from hashlib import sha256
from typing import Final

from PIL import Image, ImageDraw

WIDTH: Final = 413
HEIGHT: Final = 531
# Drawn at twice the size and reduced, so that edges are smooth.
_SCALE: Final = 2
_SKINS: Final = ((244, 214, 190), (234, 196, 168), (222, 180, 148), (205, 160, 128))
_HAIRS: Final = ((32, 28, 26), (58, 44, 36), (24, 24, 32), (96, 92, 92))
_CLOTHES: Final = ((38, 54, 92), (86, 30, 38), (36, 74, 62), (70, 70, 78), (120, 96, 60))
_BACKGROUNDS: Final = ((255, 255, 255), (67, 142, 219), (225, 236, 246))

Colour = tuple[int, int, int]


def draw_portrait(name: str) -> bytes:
    """Return a portrait as JPEG; `name` decides how it looks."""
    choice = sha256(name.encode()).digest()
    picture = Image.new("RGB", (WIDTH * _SCALE, HEIGHT * _SCALE), _BACKGROUNDS[choice[0] % len(_BACKGROUNDS)])
    draw = ImageDraw.Draw(picture)
    skin, hair = _SKINS[choice[1] % len(_SKINS)], _HAIRS[choice[2] % len(_HAIRS)]
    is_long = choice[4] % 2 == 0
    if is_long:
        _ellipse(draw, (206, 250), (118, 165), hair)
    _ellipse(draw, (206, 560), (190, 150), _CLOTHES[choice[3] % len(_CLOTHES)])
    _polygon(draw, ((160, 400), (252, 400), (206, 500)), (250, 250, 250))
    _ellipse(draw, (206, 390), (42, 60), skin)
    _ellipse(draw, (206, 240), (92, 120), skin)
    _hair(draw, hair, is_long=is_long)
    _face(draw, skin, choice)
    out = io.BytesIO()
    picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(out, "JPEG", quality=88, dpi=(300, 300))
    return out.getvalue()


def _hair(draw: ImageDraw.ImageDraw, colour: Colour, *, is_long: bool) -> None:
    draw.chord(_box((206, 205), (102 if is_long else 96, 108)), 196, 344, fill=colour)
    if is_long:
        _ellipse(draw, (108, 260), (20, 90), colour)
        _ellipse(draw, (304, 260), (20, 90), colour)


def _face(draw: ImageDraw.ImageDraw, skin: Colour, choice: bytes) -> None:
    dark = tuple(part * 7 // 10 for part in skin)
    shade: Colour = (dark[0], dark[1], dark[2])
    spread = 34 + choice[5] % 8
    for x in (206 - spread, 206 + spread):
        _ellipse(draw, (x, 240), (13, 8), (255, 255, 255))
        _ellipse(draw, (x, 240), (7, 8), (40, 30, 26))
        draw.arc(_box((x, 222), (20, 12)), 200, 340, fill=(50, 40, 36), width=5 * _SCALE)
    if choice[6] % 3 == 0:
        for x in (206 - spread, 206 + spread):
            draw.ellipse(_box((x, 240), (25, 20)), outline=(40, 40, 44), width=3 * _SCALE)
        draw.line(_points(((206 - spread + 25, 238), (206 + spread - 25, 238))), fill=(40, 40, 44), width=3 * _SCALE)
    draw.arc(_box((206, 262), (14, 22)), 30, 150, fill=shade, width=3 * _SCALE)
    draw.arc(_box((206, 296), (28, 14 + choice[7] % 6)), 20, 160, fill=(170, 80, 76), width=5 * _SCALE)


def _box(centre: tuple[int, int], radius: tuple[int, int]) -> tuple[int, int, int, int]:
    (x, y), (wide, high) = centre, radius
    return ((x - wide) * _SCALE, (y - high) * _SCALE, (x + wide) * _SCALE, (y + high) * _SCALE)


def _points(points: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    return [(x * _SCALE, y * _SCALE) for x, y in points]


def _ellipse(draw: ImageDraw.ImageDraw, centre: tuple[int, int], radius: tuple[int, int], colour: Colour) -> None:
    draw.ellipse(_box(centre, radius), fill=colour)


def _polygon(draw: ImageDraw.ImageDraw, points: tuple[tuple[int, int], ...], colour: Colour) -> None:
    draw.polygon(_points(points), fill=colour)
