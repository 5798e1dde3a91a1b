from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from signer.page.errors import PhotoTooLargeError, PhotoTooSmallError, PhotoUnreadableError
from signer.page.photos import PHOTO_BYTES_MAX, PHOTO_HEIGHT_MAX, PHOTO_WIDTH_MAX, PREPARED_REMEMBERED, prepare_photo


def portrait(mode: str = "RGB", size: tuple[int, int] = (360, 504)) -> Image.Image:
    return Image.radial_gradient("L").resize(size).convert(mode)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    written = BytesIO()
    image.save(written, form, **options)
    return written.getvalue()


@pytest.mark.parametrize(
    ("mode", "form"),
    [("RGB", "JPEG"), ("L", "JPEG"), ("CMYK", "JPEG"), ("RGB", "PNG"), ("RGBA", "PNG"), ("P", "PNG"), ("1", "PNG")],
)
def test_every_usual_kind_of_picture_becomes_a_small_rgb_jpeg(mode: str, form: str) -> None:
    photo = prepare_photo(encoded(portrait(mode), form))

    image = Image.open(BytesIO(photo))
    assert (image.format, image.mode) == ("JPEG", "RGB")
    assert image.width <= PHOTO_WIDTH_MAX
    assert image.height <= PHOTO_HEIGHT_MAX
    assert len(photo) < 100_000


def test_nothing_but_pixels_is_kept() -> None:
    notes = Image.Exif()
    notes[0x010F] = "CAMERA OF WANG"
    notes[0x8825] = {1: "N", 2: (31.0, 14.0, 5.0)}
    data = encoded(portrait(), "JPEG", exif=notes, comment=b"taken at home", icc_profile=b"\0" * 200)
    assert b"CAMERA OF WANG" in data

    photo = prepare_photo(data)

    assert b"CAMERA" not in photo
    assert b"home" not in photo
    assert not {"exif", "icc_profile", "comment"} & Image.open(BytesIO(photo)).info.keys()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_photo_taken_sideways_is_turned_upright(mode: str) -> None:
    notes = Image.Exif()
    notes[0x0112] = 6
    data = encoded(portrait(mode, (504, 360)), "JPEG" if mode == "RGB" else "PNG", exif=notes)

    image = Image.open(BytesIO(prepare_photo(data)))

    assert image.height > image.width


def test_transparent_parts_become_white() -> None:
    image = Image.new("RGBA", (200, 280), (10, 20, 30, 0))

    photo = Image.open(BytesIO(prepare_photo(encoded(image, "PNG"))))

    assert photo.getpixel((100, 140)) == (255, 255, 255)


def test_the_same_photo_gives_the_same_bytes_also_after_it_was_forgotten() -> None:
    data = encoded(portrait(), "PNG")
    first = prepare_photo(data)
    assert prepare_photo(bytes(bytearray(data))) is first

    for grey in range(PREPARED_REMEMBERED):
        prepare_photo(encoded(Image.new("L", (80, 80), grey), "PNG"))

    again = prepare_photo(data)
    assert again is not first
    assert again == first


def test_a_small_photo_is_not_blown_up() -> None:
    photo = Image.open(BytesIO(prepare_photo(encoded(portrait(size=(120, 160)), "PNG"))))

    assert photo.size == (120, 160)


def test_too_many_bytes_or_pixels_are_refused_before_decoding() -> None:
    with pytest.raises(PhotoTooLargeError):
        prepare_photo(b"\xff\xd8" + bytes(PHOTO_BYTES_MAX))
    for side in (5_000, 10_000, 20_000):  # over our limit, over Pillow's first and second
        with pytest.raises(PhotoTooLargeError):
            prepare_photo(encoded(Image.new("1", (side, side)), "PNG"))


def test_a_picture_too_small_for_a_face_is_refused() -> None:
    with pytest.raises(PhotoTooSmallError):
        prepare_photo(encoded(portrait(size=(79, 200)), "JPEG"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        encoded(portrait(), "GIF"),
        encoded(portrait(), "WEBP"),
        encoded(portrait(), "JPEG")[:2000],
        encoded(portrait(), "PNG")[:2000],
    ],
    ids=["empty", "pdf", "svg", "gif", "webp", "half a jpeg", "half a png"],
)
def test_what_is_no_whole_jpeg_or_png_is_refused(data: bytes) -> None:
    with pytest.raises(PhotoUnreadableError):
        prepare_photo(data)


WHOLE = (encoded(portrait(size=(90, 120)), "JPEG"), encoded(portrait("RGBA", (90, 120)), "PNG"))


@settings(max_examples=150, deadline=None)
@given(whole=st.sampled_from(WHOLE), at=st.integers(0, 3000), new=st.binary(min_size=1, max_size=8))
def test_a_damaged_photo_is_refused_or_comes_out_as_a_jpeg_and_never_crashes(whole: bytes, at: int, new: bytes) -> None:
    at %= len(whole)
    damaged = whole[:at] + new + whole[at + len(new) :]

    try:
        photo = prepare_photo(damaged)
    except (PhotoUnreadableError, PhotoTooLargeError, PhotoTooSmallError):
        return
    assert Image.open(BytesIO(photo)).format == "JPEG"
