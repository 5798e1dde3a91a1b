import io
import zlib

import pytest
from PIL import Image

from signer.page.errors import PictureError
from signer.page.pdf_objects import Objects
from signer.page.pdf_pictures import add_picture, colour_profile, picture
from tests.page_requests import seal


def encoded(image: Image.Image, form: str = "PNG") -> bytes:
    content = io.BytesIO()
    image.save(content, form)
    return content.getvalue()


def test_a_jpeg_passes_through() -> None:
    content = encoded(Image.new("RGB", (30, 40), (10, 20, 30)), "JPEG")

    prepared = picture(content)

    assert (prepared.width, prepared.height, prepared.mask) == (30, 40, None)
    assert prepared.samples == ("/DeviceRGB", 8, "DCTDecode", content)
    assert picture(encoded(Image.new("L", (3, 4)), "JPEG")).samples.colours == "/DeviceGray"


def test_a_seal_is_one_ink_and_a_mask_of_sixteen_steps() -> None:
    prepared = picture(seal())

    assert prepared.samples.colours == "[/Indexed/DeviceRGB 0<D6141A>]"
    assert (prepared.samples.bits, len(zlib.decompress(prepared.samples.body))) == (
        1,
        prepared.width // 8 * prepared.height,
    )
    assert prepared.mask is not None
    mask = zlib.decompress(prepared.mask.body)
    alpha = Image.open(io.BytesIO(seal())).convert("RGBA").getchannel("A").tobytes()
    assert prepared.mask.bits == 4
    assert bytes(value * 17 for both in mask for value in (both >> 4, both & 15)) == alpha


def test_a_picture_of_many_colours_keeps_them_and_its_soft_edges() -> None:
    image = Image.frombytes("RGBA", (4, 1), bytes([1, 2, 3, 255, 4, 5, 6, 128, 7, 8, 9, 17, 0, 0, 0, 0]))

    prepared = picture(encoded(image))

    assert zlib.decompress(prepared.samples.body) == bytes([1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0])
    assert prepared.mask is not None
    assert prepared.mask.bits == 8
    assert zlib.decompress(prepared.mask.body) == bytes([255, 128, 17, 0])


def test_a_picture_without_transparency_has_no_mask() -> None:
    assert picture(encoded(Image.new("RGB", (3, 3), (1, 2, 3)))).mask is None


@pytest.mark.parametrize(
    "content",
    [
        encoded(Image.new("CMYK", (3, 4)), "JPEG"),
        encoded(Image.new("RGB", (3, 4)), "GIF"),
        encoded(Image.new("RGB", (2001, 2000))),
        encoded(Image.new("RGB", (30, 40)))[:60],
        b"",
        b"<svg/>",
    ],
    ids=["cmyk", "gif", "too many pixels", "cut off", "empty", "svg"],
)
def test_any_other_picture_is_refused(content: bytes) -> None:
    with pytest.raises(PictureError):
        picture(content)


def test_a_picture_and_its_mask_are_written_as_two_objects() -> None:
    objects = Objects()

    number = add_picture(objects, picture(seal()))

    content = bytes(objects.write(root=1, info=1, identifier=bytes(16))[0])
    assert number == objects.count == 2
    assert (
        b"/SMask 1 0 R/BitsPerComponent 1/ColorSpace[/Indexed/DeviceRGB 0<D6141A>]/Filter/FlateDecode/Length" in content
    )


def test_the_colour_profile_is_the_same_every_day() -> None:
    assert zlib.decompress(colour_profile())[24:36] == bytes([7, 0xEA, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0])
