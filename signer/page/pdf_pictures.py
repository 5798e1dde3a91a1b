"""Pictures inside a PDF: a JPEG passes through, a PNG becomes its colours and a soft mask.

Promises: only RGB and grey, since the page's colours are sRGB; a picture that was prepared once costs nothing again.
"""

import io
import struct
import zlib
from functools import lru_cache
from typing import Final, NamedTuple

from PIL import Image, ImageCms

from signer.page.deflate import deflate
from signer.page.errors import PictureError
from signer.page.pdf_objects import Objects, stored_stream

# Photos are capped before (photos.py), seals are ours; this only keeps a wrong file from filling the memory.
PIXELS_MAX: Final = 4_000_000
# The profile carries the moment of its making (ICC.1, 7.2.8): fixed, so that the same licence is the same file.
_PROFILE_MADE: Final = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
_SOFT_MASKED: Final = frozenset({"RGBA", "LA", "PA"})


# A PNG with at most so many colours, transparency counted, is looked at for being of one ink.
_INKS_MAX: Final = 256


class Samples(NamedTuple):
    """The samples of a picture or of its mask: colour space, bits of a component, filter, bytes."""

    colours: str
    bits: int
    coding: str
    body: bytes


class Picture(NamedTuple):
    """A picture ready to be written, with its transparency."""

    width: int
    height: int
    samples: Samples
    mask: Samples | None


def picture(content: bytes) -> Picture:
    """Prepare a JPEG or PNG. Raises `PictureError`."""
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as image:
            if image.width * image.height > PIXELS_MAX:
                raise PictureError("the picture has too many pixels")
            return _jpeg(image, content) if image.format == "JPEG" else _png(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PictureError("not a JPEG or PNG picture") from error


@lru_cache(maxsize=64)
def seal_picture(content: bytes) -> Picture:
    """Prepare an office's seal picture: the same one for all of its licences."""
    return picture(content)


def _jpeg(image: Image.Image, content: bytes) -> Picture:
    if image.mode not in {"RGB", "L"}:
        raise PictureError("a photo is RGB or grey")
    colours = "/DeviceRGB" if image.mode == "RGB" else "/DeviceGray"
    return Picture(image.width, image.height, Samples(colours, 8, "DCTDecode", content), None)


def _png(image: Image.Image) -> Picture:
    whole = image.convert("RGBA")
    samples = _one_ink(whole) or Samples("/DeviceRGB", 8, "FlateDecode", deflate(whole.convert("RGB").tobytes()))
    has_mask = image.mode in _SOFT_MASKED or "transparency" in image.info
    mask = _mask(whole.getchannel("A")) if has_mask else None
    return Picture(image.width, image.height, samples, mask)


def _one_ink(whole: Image.Image) -> Samples | None:
    """Write a picture whose visible pixels have one colour (a seal) as that colour and one bit a pixel."""
    seen = [colour for _count, colour in whole.getcolors(_INKS_MAX) or () if isinstance(colour, tuple)]
    inks = {(red, green, blue) for red, green, blue, alpha in seen if alpha}
    if len(inks) != 1:
        return None
    bits = bytes((whole.width + 7) // 8 * whole.height)
    return Samples(f"[/Indexed/DeviceRGB 0<{bytes(inks.pop()).hex().upper()}>]", 1, "FlateDecode", deflate(bits))


def _mask(alpha: Image.Image) -> Samples:
    """Write the transparency; in four bits a pixel where it has sixteen steps only, as our seals do."""
    content = alpha.tobytes()
    if alpha.width % 2 == 0 and all(value % 17 == 0 for value in set(content)):
        content = bytes([high // 17 << 4 | low // 17 for high, low in zip(content[::2], content[1::2], strict=True)])
        return Samples("/DeviceGray", 4, "FlateDecode", zlib.compress(content, 9))
    return Samples("/DeviceGray", 8, "FlateDecode", zlib.compress(content, 9))


def add_picture(objects: Objects, prepared: Picture) -> int:
    """Write the picture and its mask; return the picture's number."""
    size = f"/Type/XObject/Subtype/Image/Width {prepared.width}/Height {prepared.height}"
    soft = "" if prepared.mask is None else f"/SMask {_add_samples(objects, size, prepared.mask)} 0 R"
    return _add_samples(objects, size + soft, prepared.samples)


def _add_samples(objects: Objects, entries: str, samples: Samples) -> int:
    kind = f"/BitsPerComponent {samples.bits}/ColorSpace{samples.colours}/Filter/{samples.coding}"
    return objects.add(stored_stream(samples.body, entries + kind))


@lru_cache(maxsize=1)
def colour_profile() -> bytes:
    """Return the sRGB profile, deflated."""
    profile: bytes = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return deflate(profile[:24] + _PROFILE_MADE + profile[36:])
