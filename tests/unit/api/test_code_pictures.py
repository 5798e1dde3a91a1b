"""Photos of codes: read in the process for strangers' files, whatever the photo is."""

from io import BytesIO

import pytest
import zxingcpp
from PIL import Image

from api.code_pictures import PIXELS_MAX, code_in_picture
from api.sandbox import code_in_file
from tests.browsers import photo_of_paper, qr_picture
from tests.code_room import CodeRoom
from tests.page_requests import food_request, press, seal

TEXT = CodeRoom().code()


def encoded(picture: Image.Image, kind: str, **more: int) -> bytes:
    content = BytesIO()
    picture.save(content, kind, **more)
    return content.getvalue()


def photo(*, turned: float = 0, module: int = 4) -> Image.Image:
    """Return a photo of twelve megapixels with the code on a grey table."""
    table = Image.new("RGB", (4000, 3000), (120, 118, 112))
    code = qr_picture(TEXT, module=module).rotate(turned, expand=True, fillcolor=(120, 118, 112))
    table.paste(code, (1500, 900))
    return table


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_of_each_kind_is_read_as_it_comes(kind: str) -> None:
    assert code_in_picture(encoded(photo(turned=7, module=12), kind)) == TEXT


def test_a_small_code_in_a_large_photo_is_found() -> None:
    assert code_in_picture(encoded(photo(module=4), "JPEG", quality=70)) == TEXT


def as_telephones_write(kind: str) -> bytes:
    """Return a picture lying on its side, with a word on which side is up; an MPO holds a second picture."""
    exif = Image.Exif()
    exif[0x0112] = 6
    content = BytesIO()
    side, more = qr_picture(TEXT).convert("RGB").rotate(90, expand=True), {}
    if kind == "MPO":
        more = {"save_all": True, "append_images": [side.resize((64, 64))]}
    side.save(content, kind, exif=exif, **more)
    return content.getvalue()


def test_the_process_for_strangers_files_reads_every_kind_and_goes_on_after_a_bad_one() -> None:
    assert code_in_file(b"\x89PNG\r\n\x1a\nno picture") == ""
    for kind in ("PNG", "JPEG", "WEBP"):
        assert code_in_file(encoded(qr_picture(TEXT), kind)) == TEXT
    for kind in ("PNG", "JPEG", "WEBP", "MPO"):
        assert code_in_file(as_telephones_write(kind)) == TEXT
    for kind in ("GIF", "BMP", "TIFF"):
        assert code_in_file(encoded(qr_picture(TEXT), kind)) == "", "a kind that is not read, not a damaged file"


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7", b"GIF89a" + bytes(40), encoded(Image.new("L", (9, 9)), "PNG")[:40]]
)
def test_what_is_no_photo_or_shows_no_code_gives_nothing(content: bytes) -> None:
    assert code_in_picture(content) == ""


def test_pixels_are_counted_before_they_are_decoded() -> None:
    side = int(PIXELS_MAX**0.5) + 1

    assert code_in_picture(encoded(Image.new("1", (side, side)), "PNG")) == ""


def test_a_code_is_read_from_a_printed_licence_askew_squeezed_and_with_a_seal_over_its_corner() -> None:
    sheet = photo_of_paper(bytes(press().render(food_request()).content), dots_per_inch=150)
    (plain,) = zxingcpp.read_barcodes(sheet, formats=zxingcpp.BarcodeFormat.QRCode)
    edge, corner = plain.position.top_left.x, plain.position.bottom_right
    side = round(40 / 25.4 * 150)  # a seal of 40 mm; its box covers a quarter of the code
    stamp = Image.open(BytesIO(seal())).resize((side, side)).convert("RGBA")
    away = (corner.x - edge) // 2
    sheet.paste(stamp, (corner.x - away, corner.y - away), stamp)

    askew = sheet.rotate(5, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=(120, 118, 112))

    assert code_in_picture(encoded(askew, "JPEG", quality=60)) == plain.text
