from bisect import bisect_right

import pytest
import qrcode
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from qrcode import util

from signer.page.errors import QrTooLongError
from signer.page.qr import VERSION_MAX, QrMatrix, demand_room, qr_matrix
from verify.errors import MalformedError

PREFIX = "https://check.example.gov.cn/v/7QK4M2XD89RBVZ9N#1"


def modules(matrix: QrMatrix) -> list[list[bool]]:
    rows = [[False] * matrix.size for _ in range(matrix.size)]
    for x, y, width, height in matrix.rects:
        for right in range(width):
            for down in range(height):
                assert not rows[y + down][x + right], "no module is drawn twice"
                rows[y + down][x + right] = True
    return rows


def judged(text: str) -> list[list[bool]]:
    """Make the same code with the `qrcode` package, told which segments and which mask to take."""
    split = text.find("#") + 1
    if not text[split:].isdigit():
        split = len(text)
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, mask_pattern=2, border=0)
    if text[:split]:
        code.add_data(util.QRData(text[:split].encode(), mode=util.MODE_8BIT_BYTE), optimize=0)
    if text[split:]:
        code.add_data(util.QRData(text[split:].encode(), mode=util.MODE_NUMBER), optimize=0)
    code.make(fit=True)
    return [[bool(each) for each in row] for row in code.modules]


def picture(matrix: QrMatrix, *, pixels: int = 3, quiet: int = 4) -> Image.Image:
    image = Image.new("L", (matrix.size + 2 * quiet,) * 2, 255)
    for x, y, width, height in matrix.rects:
        image.paste(0, (x + quiet, y + quiet, x + quiet + width, y + quiet + height))
    return image.resize((image.width * pixels, image.height * pixels), Image.Resampling.NEAREST)


@pytest.mark.parametrize("version", range(1, VERSION_MAX + 1))
def test_each_version_equals_that_of_the_qrcode_package_module_by_module(version: int) -> None:
    size = 17 + 4 * version
    digits = str(7**1430)
    room = bisect_right(range(1200), size, key=lambda length: qr_matrix(f"#{digits[:length]}").size) - 1
    text = f"#{digits[:room]}"

    matrix = qr_matrix(text)

    assert matrix.size == size
    assert modules(matrix) == judged(text)


@settings(max_examples=40, deadline=None)
@given(
    prefix=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60),
    digits=st.text("0123456789", max_size=700),
)
def test_any_ascii_text_makes_the_judge_s_matrix_and_reads_back(prefix: str, digits: str) -> None:
    text = f"{prefix}#{digits}"

    matrix = qr_matrix(text)

    assert modules(matrix) == judged(text)
    read = zxingcpp.read_barcodes(picture(matrix), formats=zxingcpp.BarcodeFormat.QRCode)
    assert [each.text for each in read] == [text]


def test_a_licence_s_text_takes_version_14_by_its_two_segments() -> None:
    text = PREFIX + "7" * 704

    matrix = qr_matrix(text)

    assert matrix.size == 17 + 4 * 14
    assert zxingcpp.read_barcode(picture(matrix)).text == text


def test_a_row_s_dark_modules_are_one_rectangle_each_run() -> None:
    matrix = qr_matrix(PREFIX + "1234567890" * 60)

    rows = modules(matrix)
    runs = sum(row[column] and not (column and row[column - 1]) for row in rows for column in range(matrix.size))

    assert len(matrix.rects) == runs
    assert all(height == 1 for *_, height in matrix.rects)


def test_the_same_text_gives_the_same_matrix() -> None:
    assert qr_matrix(PREFIX + "1") == qr_matrix(PREFIX + "1")


def test_a_text_above_version_17_is_refused() -> None:
    fits = PREFIX + "9" * 1000
    assert qr_matrix(fits).size <= 85

    with pytest.raises(QrTooLongError):
        qr_matrix(PREFIX + "9" * 1200)


@pytest.mark.parametrize("digits", [0, 1, 1000, *range(1085, 1105), 1200])
def test_room_is_judged_as_the_writer_finds_it(digits: int) -> None:
    text = PREFIX + "9" * digits

    try:
        qr_matrix(text)
    except QrTooLongError:
        with pytest.raises(QrTooLongError):
            demand_room(text)
    else:
        demand_room(text)


def test_a_text_beyond_ascii_is_refused() -> None:
    with pytest.raises(MalformedError):
        qr_matrix("https://示例/v/1#1")
