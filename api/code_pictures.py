"""Find the QR code in a photo, for browsers that cannot: in the process that reads strangers' files, never in ours.

Promises: PNG, JPEG and WebP only; the number of pixels is looked at before any is decoded; what is no picture, or shows
no code, gives an empty text. The text is nobody's word yet: it is checked like any other.
"""

from io import BytesIO
from typing import Final

import zxingcpp
from PIL import (
    Image,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

# Telephones take pictures of 12 to 50 megapixels; a code needs far fewer, but they come as they are.
PIXELS_MAX: Final = 50_000_000
# What is looked at: smaller first, which is faster and takes noise away; then as it came.
SIDES: Final = (1600, 4000)
FORMATS: Final = ("JPEG", "PNG", "WEBP")
# Pillow loads these at the first picture that needs them, which the reader may do no more: telephones write two
# pictures into one JPEG, and which side is up as a TIFF.
_LOADED: Final = (JpegImagePlugin, MpoImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin)
TEXT_LENGTH_MAX: Final = 4_000


def code_in_picture(content: bytes) -> str:
    """Return the text of the code in a picture; empty when there is none."""
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as opened:
            if opened.width * opened.height > PIXELS_MAX:
                return ""
            opened.draft("L", (SIDES[-1], SIDES[-1]))  # a JPEG is decoded no larger than it is looked at
            picture = ImageOps.exif_transpose(opened).convert("L")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return ""  # what Pillow raises for pictures that are none
    return next((text for side in SIDES if (text := _found(picture, side))), "")


def _found(picture: Image.Image, side: int) -> str:
    shown = picture.copy()
    shown.thumbnail((side, side))
    found = zxingcpp.read_barcodes(shown, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return next((each.text for each in found if len(each.text) <= TEXT_LENGTH_MAX), "")
