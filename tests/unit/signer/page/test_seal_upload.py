"""Seal pictures that an office brings: what is taken, what is refused, and that nothing but pixels comes through."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from signer.page.errors import (
    PageError,
    SealPictureFormatError,
    SealPictureLargeError,
    SealPictureResolutionError,
    SealPictureSizeError,
    SealPictureTransparencyError,
)
from signer.page.seal_picture import draw_seal
from signer.page.seal_upload import SEAL_PICTURE_BYTES_MAX, check_seal_picture

DPI = 508
RED = (200, 10, 20, 255)


def ring(size: tuple[int, int] = (840, 840), *, colour: tuple[int, int, int, int] = RED) -> Image.Image:
    """Return a ring on nothing."""
    picture = Image.new("RGBA", size, (255, 255, 255, 0))
    ImageDraw.Draw(picture).ellipse((4, 4, size[0] - 5, size[1] - 5), outline=colour, width=24)
    return picture


def png(picture: Image.Image, dpi: float | tuple[float, float] | None = DPI, **options: Any) -> bytes:
    """Write a picture with its resolution."""
    written = BytesIO()
    pair = (dpi, dpi) if isinstance(dpi, (int, float)) else dpi
    picture.save(written, "PNG", **({} if pair is None else {"dpi": pair}), **options)
    return written.getvalue()


def test_our_own_pictures_and_an_offices_ring_are_taken_with_their_size_in_millimetres() -> None:
    for data in (draw_seal("示例市行政审批服务局"), png(ring())):
        checked = check_seal_picture(data)
        assert (checked.width_mm, checked.height_mm) == (42, 42)
        assert check_seal_picture(checked.content) == checked, "what we wrote is taken again, and stays as it is"


def test_an_oval_seal_keeps_its_shape() -> None:
    checked = check_seal_picture(png(ring((800, 600))))

    assert (checked.width_mm, checked.height_mm) == (40, 30)


def test_a_picture_of_one_ink_becomes_a_palette_of_one_colour_and_a_coloured_one_stays_coloured() -> None:
    plain = Image.open(BytesIO(check_seal_picture(png(ring())).content))
    mixed = ring()
    ImageDraw.Draw(mixed).rectangle((300, 300, 500, 500), fill=(0, 0, 200, 255))
    coloured = Image.open(BytesIO(check_seal_picture(png(mixed)).content))

    assert plain.mode == "P"
    assert plain.convert("RGBA").getpixel((420, 15)) == RED
    assert coloured.getpixel((400, 400)) == (0, 0, 200, 255)


def test_text_and_what_stands_behind_the_end_do_not_come_through() -> None:
    info = PngInfo()
    info.add_text("Comment", "<script>alert(1)</script>")
    mixed = ring()
    ImageDraw.Draw(mixed).rectangle((300, 300, 500, 500), fill=(0, 0, 200, 255))

    for picture in (ring(), mixed):
        content = check_seal_picture(png(picture, pnginfo=info) + b"<script>").content
        assert b"script" not in content
        assert b"tEXt" not in content


def moving() -> bytes:
    """Return a picture of two frames."""
    return png(ring(), save_all=True, append_images=[ring(colour=(0, 0, 255, 255))])


BAD: list[tuple[str, bytes, type[PageError]]] = [
    ("svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', SealPictureFormatError),
    ("jpeg", b"\xff\xd8\xff\xe0" + bytes(100), SealPictureFormatError),
    ("nothing", b"", SealPictureFormatError),
    ("cut off", png(ring())[:400], SealPictureFormatError),
    ("moving", moving(), SealPictureFormatError),
    ("many bytes", png(ring()) + bytes(SEAL_PICTURE_BYTES_MAX), SealPictureLargeError),
    ("many pixels", png(Image.new("L", (2001, 2000))), SealPictureLargeError),
    ("no resolution", png(ring(), None), SealPictureResolutionError),
    ("coarse", png(ring(), 150), SealPictureResolutionError),
    ("oblong pixels", png(ring(), (508, 400)), SealPictureResolutionError),
    ("tiny on paper", png(ring((180, 180))), SealPictureSizeError),
    ("huge on paper", png(ring((1300, 1300))), SealPictureSizeError),
    ("on white", png(ring().convert("RGB")), SealPictureTransparencyError),
    ("empty", png(Image.new("RGBA", (840, 840))), SealPictureTransparencyError),
]


@pytest.mark.parametrize(("data", "error"), [(data, error) for _, data, error in BAD], ids=[name for name, *_ in BAD])
def test_what_is_no_seal_picture_is_refused_by_its_own_name(data: bytes, error: type[PageError]) -> None:
    with pytest.raises(error):
        check_seal_picture(data)


def test_a_solid_disc_would_hide_what_is_under_it() -> None:
    disc = Image.new("RGBA", (840, 840), (255, 255, 255, 0))
    ImageDraw.Draw(disc).ellipse((4, 4, 835, 835), fill=RED)

    with pytest.raises(SealPictureTransparencyError):
        check_seal_picture(png(disc))
