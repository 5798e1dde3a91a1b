"""The two bodies of a licence show the same: every character's origin in the OFD's XML against what PDFium reports."""

import ctypes
import io
import math
from collections import Counter
from collections.abc import Iterator

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
import pytest

from signer.page.ofd import UnsignedOfd
from signer.page.ofd_zip import write_zip
from tests.ofd_page import Placed, in_ofd
from tests.page_requests import FOOD_FIELDS, food_request, press
from tests.sample_sheets import TEMPLATES, sheets

MM = 25.4 / 72
# Their longest values still fit the first page.
OF_ONE_PAGE = {"signboard_permit", "teacher_certificate"}
# What a reader may be off: PDF has three decimals of a point, OFD four of a millimetre, added up along a line.
OFF_MM_MAX = 0.01


def without_spoken_words(content: bytes) -> bytes:
    """Take the texts for readers aloud from the pages: PDFium puts all of their characters where the first stands."""
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as opened:
        for page in opened.pages:
            for stream in page.Contents:
                stream.write(stream.read_bytes().replace(b"/ActualText", b"/NoText"))
        opened.save(written)
    return written.getvalue()


def in_pdf(content: bytes) -> Iterator[list[Placed]]:
    """Ask PDFium where each character of each page stands."""
    with pypdfium2.PdfDocument(without_spoken_words(content)) as document:
        for page in document:
            text, height, found, high = page.get_textpage(), page.get_height(), [], 0
            x, y = ctypes.c_double(), ctypes.c_double()
            for place in range(pdfium.FPDFText_CountChars(text)):
                unit = pdfium.FPDFText_GetUnicode(text, place)
                if pdfium.FPDFText_IsGenerated(text, place) == 1:
                    continue
                if 0xD800 <= unit < 0xDC00:
                    high = unit
                    continue
                pdfium.FPDFText_GetCharOrigin(text, place, x, y)
                code = 0x10000 + ((high - 0xD800) << 10) + unit - 0xDC00 if high else unit
                found.append(Placed(chr(code), x.value * MM, (height - y.value) * MM))
                high = 0
            yield found


def shown(placed: list[Placed]) -> list[Placed]:
    return [each for each in placed if each.character.strip()]


def same_places(pdf: bytes, ofd: UnsignedOfd) -> int:
    """Compare the bodies and return how many characters they show."""
    count = 0
    for left, right in zip(in_ofd(write_zip(ofd.parts)), in_pdf(pdf), strict=True):
        ours, theirs = shown(left), shown(right)
        assert Counter(each.character for each in ours) == Counter(each.character for each in theirs)
        for each in ours:
            nearest = min(
                (other for other in theirs if other.character == each.character),
                key=lambda other: math.hypot(other.x - each.x, other.y - each.y),
            )
            theirs.remove(nearest)
            assert math.hypot(nearest.x - each.x, nearest.y - each.y) < OFF_MM_MAX, (each, nearest)
        count += len(ours)
    return count


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize(("is_long", "test"), [(False, True), (True, False)])
def test_every_character_stands_at_the_same_place_in_both_bodies(template: str, is_long: bool, test: bool) -> None:  # noqa: FBT001 - a parameter
    laid_out = sheets(template, is_long=is_long, test=test)

    pages = laid_out.document.pages

    assert same_places(laid_out.pdf(), laid_out.ofd()) > 150
    assert (len(pages) > 1) is (is_long and template not in OF_ONE_PAGE)
    assert len(TEMPLATES) == 12


def test_rare_characters_blanks_and_marks_of_xml_stand_at_the_same_place_too() -> None:
    for name in ("李𬭎", "𬭎", "𬭎𬭎", '𬭎 <&> 𬭎"x', "a  b   c", "甲 𬭎  乙", "]]>&amp;<!--"):
        bodies = press().render_bodies(food_request({**FOOD_FIELDS, "KZ_FDDBR": name}, test=True))
        assert bodies.pdf is not None
        assert bodies.ofd is not None

        assert same_places(bytes(bodies.pdf.content), bodies.ofd) > 150
