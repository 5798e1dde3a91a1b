"""Photos of persons: decoded, and encoded anew, before they come near a document.

Promises:
  * What comes out was written by us: a baseline JPEG in RGB without profile, comment, place or camera. Nothing of what
    came in is kept but the picture's pixels.
  * Bytes and pixels are capped before anything is decoded; only JPEG and PNG are looked at.
  * The same photo gives the same bytes with the same version of Pillow.
"""

import struct
import threading
from hashlib import sha256
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps

from signer.page.errors import PhotoTooLargeError, PhotoTooSmallError, PhotoUnreadableError

# A phone's photo has up to 5 MB; an office's scanner less.
PHOTO_BYTES_MAX: Final = 8_000_000

# 6,000 by 4,000 as cameras have them; each pixel takes 3 to 4 bytes while it is decoded.
PHOTO_PIXELS_MAX: Final = 24_000_000

# 33 by 48 mm on paper at 240 dpi; GB/T 32624 style photos have 358 by 441.
PHOTO_WIDTH_MAX: Final = 312
PHOTO_HEIGHT_MAX: Final = 454

# Under this a face is a blur.
PHOTO_SIDE_MIN: Final = 80

JPEG_QUALITY: Final = 85

# A chunk of fifty drafts is checked whole before the first page is printed, and both need the photo; 20 kB each.
PREPARED_REMEMBERED: Final = 64

# What Pillow raises at damaged files, beside its own errors, which are OSError.
_DAMAGE: Final = (OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, struct.error)


_prepared: Final[dict[bytes, bytes]] = {}
_prepared_lock: Final = threading.Lock()


def prepare_photo(data: bytes) -> bytes:
    """Return the photo as the JPEG that documents carry; transparent parts become white.

    The last ones are remembered by their hash. Raises `PhotoTooLargeError`, `PhotoTooSmallError`,
    `PhotoUnreadableError`.
    """
    if len(data) > PHOTO_BYTES_MAX:
        raise PhotoTooLargeError("more than 8 MB")
    digest = sha256(data).digest()
    with _prepared_lock:
        prepared = _prepared.get(digest)
    if prepared is None:
        prepared = _prepare(data)
        with _prepared_lock:
            _prepared[digest] = prepared
            if len(_prepared) > PREPARED_REMEMBERED:
                del _prepared[next(iter(_prepared))]
    return prepared


def _prepare(data: bytes) -> bytes:
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "PNG")) as picture:
            _check_size(picture)
            picture.draft("RGB", (PHOTO_WIDTH_MAX * 2, PHOTO_HEIGHT_MAX * 2))
            upright = ImageOps.exif_transpose(_on_white(picture))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoTooLargeError("more than 24 million pixels") from error
    except _DAMAGE as error:
        raise PhotoUnreadableError("no JPEG or PNG picture, or a damaged one") from error
    upright.thumbnail((PHOTO_WIDTH_MAX, PHOTO_HEIGHT_MAX), Image.Resampling.LANCZOS)
    # A new picture with the pixels alone: what else Pillow read stays behind.
    bare = Image.frombytes("RGB", upright.size, upright.tobytes())
    written = BytesIO()
    bare.save(written, "JPEG", quality=JPEG_QUALITY, subsampling="4:2:0")
    return written.getvalue()


def _check_size(picture: Image.Image) -> None:
    if picture.width * picture.height > PHOTO_PIXELS_MAX:
        raise PhotoTooLargeError("more than 24 million pixels")
    if min(picture.size) < PHOTO_SIDE_MIN:
        raise PhotoTooSmallError("under 80 pixels")


def _on_white(picture: Image.Image) -> Image.Image:
    """Decode, and lay what is transparent on white; the orientation noted by a camera is kept for the next step."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    full = picture.convert("RGBA")
    white = Image.new("RGBA", full.size, "white")
    white.alpha_composite(full)
    flat = white.convert("RGB")
    flat.info["exif"] = picture.getexif().tobytes()
    return flat
