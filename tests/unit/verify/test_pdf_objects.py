"""Objects of a plain PDF: what is read, and that a second way to write it is refused."""

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.small_pdf import FILES, pdf_objects, write_small_pdf
from verify.attached import DATA_SET_FILE
from verify.pdf_objects import DEPTH_MAX, VALUE_BYTES_MAX, Name, PdfFormError, PdfObjects, PdfValue, Reference

LENGTH_MAX = 10_000
FIRST_FREE = 14


def pdf_with(body: bytes, *, trailer: str = "") -> PdfObjects:
    """Return a small document in which object 14 has this body."""
    return PdfObjects(bytes(write_small_pdf(pdf_objects() | {FIRST_FREE: body}, trailer=trailer).content))


def value_of(written: bytes) -> PdfValue:
    return pdf_with(b"[" + written + b"]").array(Reference(FIRST_FREE))[0]


def changed(old: bytes, new: bytes) -> PdfObjects:
    content = bytes(write_small_pdf(pdf_objects()).content)
    assert content.count(old) == 1
    return PdfObjects(content.replace(old, new))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (b"12", 12),
        (b"-7", -7),
        (b"595.276", 595.276),
        (b"true", True),
        (b"false", False),
        (b"null", None),
        (b"/Sub#20type", Name(b"Sub#20type")),
        (b"3 0 R", Reference(3)),
        (b"(plain)", b"plain"),
        (b"(D:20261124080000+08'00')", b"D:20261124080000+08'00'"),
        (rb"(a\)b\(c\\d\n)", b"a)b(c\\d\n"),
        (b"<FEff8BC1>", b"\xfe\xff\x8b\xc1"),
        (b"<>", b""),
        (b"[]", []),
        (b"[ 1 2\n3 ]", [1, 2, 3]),
        (b"<</A 1/B[/C]>>", {b"A": 1, b"B": [Name(b"C")]}),
        (b"<<>>", {}),
    ],
)
def test_a_value_is_read(written: bytes, value: PdfValue) -> None:
    assert value_of(written) == value


@pytest.mark.parametrize(
    "written",
    [
        b"01234567890",
        b"1.2.3",
        b"+1",
        b"0 0 R",
        b"1 1 R",
        b"truely",
        b"/",
        b"(",
        b"(a(b)c)",
        rb"(\101)",
        b"(a\rb)",
        b"<0>",
        b"<0g>",
        b"<</A>>",
        b"<<1 2>>",
        b"<</A 1/A 2>>",
        b"<</A 1]",
        b"[1>>",
        b"] [",
        b"1] [1",
        b"% a comment\n1",
        b"\t1",
        b"[" * DEPTH_MAX + b"]" * DEPTH_MAX,
        b"1 " * VALUE_BYTES_MAX,
    ],
)
def test_what_our_writer_would_not_write_is_refused(written: bytes) -> None:
    with pytest.raises(PdfFormError):
        value_of(written)


def test_a_value_may_stand_there_itself_or_by_reference() -> None:
    objects = pdf_with(b"<</A 1>>")

    assert objects.get(5) == 5
    assert objects.dictionary(Reference(FIRST_FREE)) == objects.dictionary({b"A": 1})
    assert objects.array([1]) == [1]
    with pytest.raises(PdfFormError):
        objects.array(Reference(FIRST_FREE))
    with pytest.raises(PdfFormError):
        objects.dictionary(Reference(2_000_000))
    with pytest.raises(PdfFormError):
        objects.dictionary(None)


def test_streams_are_read_plain_and_inflated() -> None:
    deflated = zlib.compress(b"text" * 100)
    head = b"<</Filter/FlateDecode/Length %d>>" % len(deflated)

    assert stream(b"<</Length 4>>\nstream\ntext\nendstream") == b"text"
    assert stream(head + b"\nstream\n" + deflated + b"\nendstream") == b"text" * 100


def stream(body: bytes, bytes_max: int = LENGTH_MAX) -> bytes:
    return pdf_with(body).stream(Reference(FIRST_FREE), bytes_max=bytes_max)


@pytest.mark.parametrize(
    "body",
    [
        b"<</Length 4>>",
        b"[4]\nstream\ntext\nendstream",
        b"<<>>\nstream\ntext\nendstream",
        b"<</Length 4.0>>\nstream\ntext\nendstream",
        b"<</Length true>>\nstream\nt\nendstream",
        b"<</Length -1>>\nstream\ntext\nendstream",
        b"<</Length 3 0 R>>\nstream\ntext\nendstream",
        b"<</Length 3>>\nstream\ntext\nendstream",
        b"<</Length 9999999>>\nstream\ntext\nendstream",
        b"<</Length 4>>\r\nstream\r\ntext\nendstream",
        b"<</Length 4/Filter/LZWDecode>>\nstream\ntext\nendstream",
        b"<</Length 4/Filter[/FlateDecode]>>\nstream\ntext\nendstream",
        b"<</Length 4/Filter/FlateDecode>>\nstream\ntext\nendstream",
    ],
)
def test_a_stream_of_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(PdfFormError):
        stream(body)


def deflated_stream(content: bytes) -> bytes:
    return b"<</Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream" % (len(content), content)


def test_a_stream_is_inflated_to_its_limit_and_not_beyond() -> None:
    bomb = zlib.compress(bytes(50 << 20), 9)

    assert stream(deflated_stream(zlib.compress(bytes(100))), 100) == bytes(100)
    for content, limit in ((zlib.compress(bytes(101)), 100), (bomb, LENGTH_MAX)):
        with pytest.raises(PdfFormError):
            stream(deflated_stream(content), limit)
    with pytest.raises(PdfFormError):
        stream(b"<</Length 101>>\nstream\n" + bytes(101) + b"\nendstream", 100)


@pytest.mark.parametrize("content", [zlib.compress(b"text")[:-1], zlib.compress(b"text") + b"x"])
def test_a_stream_that_is_cut_off_or_goes_on_is_refused(content: bytes) -> None:
    with pytest.raises(PdfFormError):
        stream(deflated_stream(content))


def test_a_stream_is_named_by_a_reference() -> None:
    with pytest.raises(PdfFormError):
        pdf_with(b"null").stream(b"text", bytes_max=LENGTH_MAX)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"%%EOF\n", b"%%EOF\n\n"),
        (b"%%EOF\n", b"%%EOF\n% more"),
        (b"startxref\n", b"startxref \n"),
        (b"xref\n0 14\n", b"xref\n0 13\n"),
        (b"xref\n0 14\n", b"xref\n0 15\n"),
        (b"xref\n0 14\n", b"xref\n1 14\n"),
        (b"xref\n0 14\n", b"xref\n0 01\n"),
        (b"trailer\n<</Size 14", b"trailer\n<</Size 15"),
        (b"trailer\n<</Size 14/Root 1 0 R", b"trailer\n[/Size 14/Root 1 0 R"),
        (b"/Info 3 0 R", b"/Info 3 0 R/Prev 9"),
        (b"/Info 3 0 R", b"/Info 3 0 R/Encrypt 3 0 R"),
        (b">]>>\nstartxref", b">]>> \nstartxref"),
        (b"trailer\n<<", b"trailer <<"),
    ],
)
def test_a_file_with_another_end_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(PdfFormError):
        changed(old, new)


def test_an_object_that_is_not_where_the_table_says_is_refused() -> None:
    for old, new in (
        (b"\n3 0 obj\n", b"\n4 0 obj\n"),
        (b"\n3 0 obj\n", b"\n3 1 obj\n"),
        (b"Producer(Yinzheng)>>\nendobj", b"Producer(Yinzheng)>> endobj"),
    ):
        with pytest.raises(PdfFormError):
            changed(old, new).get(Reference(3))


def test_an_object_that_is_free_is_refused() -> None:
    content = bytes(write_small_pdf(pdf_objects()).content)
    place = content.index(b"00000 n \n")

    objects = PdfObjects(content[:place] + b"00000 f \n" + content[place + 9 :])

    with pytest.raises(PdfFormError):
        objects.get(Reference(1))
    assert objects.get(Reference(2))


def test_nothing_that_is_no_pdf_has_objects() -> None:
    for content in (b"", b"%PDF-1.7\n", b"startxref\n0\n%%EOF\n", b"startxref\n99\n%%EOF\n"):
        with pytest.raises(PdfFormError):
            PdfObjects(content)


@settings(max_examples=200, deadline=None)
@given(place=st.integers(min_value=0), octet=st.integers(min_value=0, max_value=255))
def test_a_changed_byte_is_read_or_refused(place: int, octet: int) -> None:
    content = bytearray(write_small_pdf(pdf_objects()).content)
    start = content.index(b"8 0 obj")
    content[start + place % (len(content) - start)] = octet
    try:
        objects = PdfObjects(bytes(content))
        for number in range(1, FIRST_FREE):
            objects.get(Reference(number))
        objects.stream(Reference(10), bytes_max=len(FILES[DATA_SET_FILE]))
    except PdfFormError:
        return
