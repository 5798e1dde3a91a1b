"""The reader of our own spelling: it says what expat would say of the same bytes, or nothing."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.page.ofd_seal import prepare_ofd_seal
from signer.page.press import BodyForm
from tests.page_requests import food_request, press
from verify.ofd_contents import page_texts
from verify.ofd_signatures import Box, OfdFormError, read_box, read_description
from verify.ofd_usual import UsualPage, read_usual_description, read_usual_page
from verify.ofd_xml import XmlError, read_xml

PATH = "Doc_0/Signs/Sign_0/Signature.xml"
_OFD = press().render_bodies(food_request(), forms={BodyForm.OFD}).ofd
assert _OFD is not None
_PARTS = {each.name: each.packed.content for each in _OFD.parts}
PAGE = _PARTS["Doc_0/Pages/Page_0/Content.xml"]
DESCRIPTION = prepare_ofd_seal(_OFD, b"a seal", signed_at=datetime(2026, 11, 24, tzinfo=UTC)).signature_xml
# The path of the code is long and all alike: without most of it changes hit what is short.
SHORT_PAGE = re.sub(rb"(<ofd:AbbreviatedData>[^<]{40})[^<]*", rb"\1", PAGE)
PIECES = [
    b"<",
    b">",
    b"&",
    b'"',
    b"&amp;",
    b"]]>",
    b"<!-- -->",
    b"\r",
    b"\t",
    b"\n",
    b" ",
    b"\x00",
    b"\x7f",
    b"\xc2\x85",
]
PIECES += [
    b"\xef\xbf\xbe",
    b"\xef\xbf\xbf",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xff",
    "茶".encode(),
    "𠮷".encode(),
    b"<ofd:A/>",
]
PIECES += [
    b' ID="17"',
    b' Boundary="1 1 1 1"',
    b"</ofd:Layer>",
    b"<ofd:Area/>",
    b"<?a?>",
    b'xmlns:ofd="other"',
    b"0",
    b"ofd:",
]


def by_expat(page: bytes) -> tuple[Box, list[tuple[str, str]]] | None:
    """Return what the general way reads from a page; None for what it refuses."""
    try:
        root = read_xml(page, "Page", is_own=True)
        return read_box(root.one("Area").one("PhysicalBox").words), list(page_texts(root).items())
    except (XmlError, OfdFormError):
        return None


def by_pattern(page: UsualPage) -> tuple[Box, list[tuple[str, str]]] | None:
    try:
        return read_box(page.box), list(page_texts(page).items())
    except OfdFormError:
        return None


@st.composite
def changed(draw: st.DrawFn, original: bytes) -> bytes:
    """Cut, insert, copy and exchange a few bytes here and there."""
    data = original
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.sampled_from([0, 0, 1, 2, 7, 40])))
        start = draw(st.integers(0, len(original)))
        copied = st.integers(0, 300).map(lambda size, start=start: original[start : start + size])
        data = data[:at] + draw(st.sampled_from(PIECES) | copied) + data[end:]
    return data


def test_a_page_of_ours_is_read_by_its_spelling() -> None:
    found = read_usual_page(PAGE)
    assert found is not None
    assert by_pattern(found) == by_expat(PAGE)
    assert len(found.texts) > 30


def test_a_description_of_ours_is_read_by_its_spelling() -> None:
    found = read_usual_description(DESCRIPTION, PATH)
    assert found is not None
    assert found == read_description(DESCRIPTION, PATH)


@given(changed(SHORT_PAGE))
def test_what_is_read_of_a_changed_page_is_what_expat_reads(page: bytes) -> None:
    found = read_usual_page(page)
    assert found is None or by_pattern(found) == by_expat(page)


@given(changed(DESCRIPTION))
def test_what_is_read_of_a_changed_description_is_what_expat_reads(description: bytes) -> None:
    def read(reader: Callable[[bytes, str], object]) -> object:
        try:
            return reader(description, PATH)
        except (OfdFormError, XmlError) as error:
            return error.detail

    found = read(read_usual_description)
    assert found is None or found == read(read_description)


@pytest.mark.parametrize("piece", PIECES)
def test_each_piece_in_each_kind_of_place_is_read_as_expat_reads_it(piece: bytes) -> None:
    places = (
        rb"<ofd:TextCode [^>]*>",
        rb"<ofd:AbbreviatedData>",
        rb'Boundary="',
        rb"<ofd:PhysicalBox>",
        rb"</ofd:Page>",
        rb"<ofd:Page",
    )
    for place in places:
        page = re.sub(place, lambda found: found[0] + piece, SHORT_PAGE, count=1)
        found = read_usual_page(page)
        assert found is None or by_pattern(found) == by_expat(page), place


@pytest.mark.parametrize("text", ["甲 & 乙", "甲\r乙", "\ufffe", "\uffff", "\x01", "]]>"])
def test_a_text_that_is_for_expat_to_judge_is_left_to_it(text: str) -> None:
    page = re.sub(rb"(<ofd:TextCode [^>]*>)", lambda found: found[0] + text.encode(), SHORT_PAGE, count=1)
    assert read_usual_page(SHORT_PAGE) is not None
    assert read_usual_page(page) is None


def test_a_text_with_line_ends_and_rare_characters_is_read() -> None:
    text = "一\n二\t三 𠮷\x7f\u0085"
    page = re.sub(rb"(<ofd:TextCode [^>]*>)[^<]*", lambda found: found[1] + text.encode(), SHORT_PAGE, count=1)
    found = read_usual_page(page)
    assert found is not None
    assert found.texts[0][1] == text
    assert by_pattern(found) == by_expat(page)


def test_a_page_that_is_not_utf_8_or_too_long_is_left_to_expat() -> None:
    assert read_usual_page(SHORT_PAGE.replace(b"<ofd:TextCode ", b"\xed\xa0\x80<ofd:TextCode ", 1)) is None
    long = SHORT_PAGE.replace(b"<ofd:AbbreviatedData>", b"<ofd:AbbreviatedData>" + b"1 " * (1 << 17), 1)
    assert read_usual_page(long) is None
    assert by_expat(long) == by_expat(SHORT_PAGE)


def test_a_description_that_lists_a_file_twice_is_refused_as_ever() -> None:
    reference = re.search(rb"<ofd:Reference .*?</ofd:Reference>", DESCRIPTION)
    assert reference is not None
    twice = DESCRIPTION.replace(reference[0], reference[0] * 2)
    with pytest.raises(OfdFormError, match="twice"):
        read_usual_description(twice, PATH)
