"""A seal picture that an office brings: checked, and encoded anew, before it comes near a seal object.

Promises:
  * PNG and nothing else is looked at: no SVG, no script, no moving picture. Bytes and pixels are capped before anything
    is decoded.
  * It says its own size (pixels a metre), which is that of a seal; its background is transparent, so that what is under
    it can be read.
  * What comes out was written by us from its pixels alone: no text, no profile, nothing behind its end. A picture of
    one ink becomes one colour in 16 steps of transparency, as our own are.
"""

import struct
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from PIL import Image

from signer.page.errors import (
    SealPictureFormatError,
    SealPictureLargeError,
    SealPictureResolutionError,
    SealPictureSizeError,
    SealPictureTransparencyError,
)
from signer.page.seal_picture import one_ink_png

SEAL_PICTURE_BYTES_MAX: Final = 2_000_000
# 60 mm at 600 dpi have 1,417 pixels a side.
SEAL_PICTURE_PIXELS_MAX: Final = 4_000_000
# An oval invoice seal is 20 mm high, the seal of a national body 50 mm wide.
SIDE_MM_MIN: Final = 10
SIDE_MM_MAX: Final = 60
# Under 200 dpi characters of 2 mm run together; over 1,200 nothing is gained.
PIXELS_PER_MM_MIN: Final = 200 / 25.4
PIXELS_PER_MM_MAX: Final = 1200 / 25.4
# A solid disc covers 79 % of its square; ring, star and characters cover a quarter. Whoever covers more hides the text.
COVERED_MAX: Final = 0.6
COVERED_MIN: Final = 0.01

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_SEEN_ALPHA: Final = 128
# Pixels of one ink differ by rounding where it is thin; a second ink differs by far more.
_INK_DISTANCE_MAX: Final = 60
_DAMAGE: Final = (OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, struct.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPicture:
    """A picture that a seal may have, and its size on paper."""

    content: bytes = field(repr=False)
    width_mm: int
    height_mm: int


def check_seal_picture(data: bytes) -> CheckedPicture:
    """Return the picture as we write it.

    Raises `SealPictureLargeError`, `SealPictureFormatError`, `SealPictureResolutionError`, `SealPictureSizeError`,
    `SealPictureTransparencyError`.
    """
    if len(data) > SEAL_PICTURE_BYTES_MAX:
        raise SealPictureLargeError("more than 2 MB")
    if not data.startswith(_SIGNATURE):
        raise SealPictureFormatError("not a PNG")
    try:
        with Image.open(BytesIO(data), formats=("PNG",)) as picture:
            if picture.width * picture.height > SEAL_PICTURE_PIXELS_MAX:
                raise SealPictureLargeError("more than 4 million pixels")
            if getattr(picture, "is_animated", False):
                raise SealPictureFormatError("a moving picture")
            width, height = _millimetres(picture)
            per_mm = picture.width / width
            whole = picture.convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise SealPictureLargeError("more than 4 million pixels") from error
    except _DAMAGE as error:
        raise SealPictureFormatError("a damaged PNG") from error
    _demand_transparent(whole.getchannel("A"))
    return CheckedPicture(content=_written(whole, per_mm), width_mm=width, height_mm=height)


def _millimetres(picture: Image.Image) -> tuple[int, int]:
    """Return width and height in whole millimetres, by the resolution that the picture states."""
    dpi = picture.info.get("dpi")
    if dpi is None or not all(PIXELS_PER_MM_MIN <= each / 25.4 <= PIXELS_PER_MM_MAX for each in dpi):
        raise SealPictureResolutionError("it states no resolution in pixels a metre, or one under 200 or over 1200 dpi")
    if abs(dpi[0] - dpi[1]) > 1:
        raise SealPictureResolutionError("its pixels are not square")
    width, height = (round(side / each * 25.4) for side, each in zip(picture.size, dpi, strict=True))
    if not all(SIDE_MM_MIN <= each <= SIDE_MM_MAX for each in (width, height)):
        raise SealPictureSizeError(params={"width": str(width), "height": str(height)})
    return width, height


def _demand_transparent(alpha: Image.Image) -> None:
    """Refuse a picture with a background, and one with nothing on it."""
    covered = sum(alpha.histogram()[_SEEN_ALPHA:]) / (alpha.width * alpha.height)
    corners = [(x, y) for x in (0, alpha.width - 1) for y in (0, alpha.height - 1)]
    if not COVERED_MIN <= covered <= COVERED_MAX or any(alpha.getpixel(each) for each in corners):
        raise SealPictureTransparencyError("its background is not transparent, or there is nothing on it")


def _written(whole: Image.Image, per_mm: float) -> bytes:
    ink = _ink(whole)
    if ink is not None:
        return one_ink_png(whole.getchannel("A"), per_mm, ink)
    # A new picture with the pixels alone: what else Pillow read stays behind.
    bare = Image.frombytes("RGBA", whole.size, whole.tobytes())
    written = BytesIO()
    bare.save(written, "PNG", optimize=True, dpi=(per_mm * 25.4,) * 2)
    return written.getvalue()


def _ink(whole: Image.Image) -> tuple[int, int, int] | None:
    """Return the one colour of all that is seen, or None where there are several."""
    mask = whole.getchannel("A").point([255 if value >= _SEEN_ALPHA else 0 for value in range(256)])
    colours = whole.convert("RGB")
    means = []
    for band in colours.split():
        counts = band.histogram(mask)
        total = sum(counts)
        mean = sum(value * count for value, count in enumerate(counts)) / total
        far = sum(count for value, count in enumerate(counts) if abs(value - mean) > _INK_DISTANCE_MAX)
        if far > total // 50:
            return None
        means.append(round(mean))
    return means[0], means[1], means[2]
