"""The room of a signature and the attachments of our own PDFs."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.small_pdf import FILES, HOLE_DIGITS, pdf_objects, room_of, with_cms, write_small_pdf
from verify.attached import CODE_FILE, DATA_SET_FILE, METADATA_FILE
from verify.cms import read_our_cms
from verify.own_pdf import ROOMS_MAX, find_rooms, read_attachments
from verify.pdf_objects import PdfFormError
from verify.qr_text import TEXT_LENGTH_MAX


def test_the_room_covers_everything_but_itself(sealed: bytes) -> None:
    (room,) = find_rooms(sealed)

    assert (room.start, room.end) == room_of(sealed)
    assert room.revision_end == len(sealed)
    assert room.is_plain
    assert room.digest(sealed) == sha256(sealed[: room.start] + sealed[room.end :]).digest()
    assert read_our_cms(room.cms).digest == room.digest(sealed)


def test_a_document_without_a_signature_has_no_room() -> None:
    unsigned = bytes(write_small_pdf(pdf_objects()).content)

    assert list(find_rooms(unsigned)) == []
    assert list(find_rooms(b"")) == []


@pytest.mark.parametrize(
    ("first", "is_found"),
    [
        ("05", False),
        ("3003020101", True),
        ("30", True),
        ("308203", True),
        ("3085000000000100", False),
        ("30840000000103", True),
        ("3082ffff", False),
        ("30820000", True),
        ("xx", False),
        ("3003xx", False),
        ("30030201xx", False),
    ],
)
def test_a_room_holds_a_sequence_in_hexadecimal(first: str, *, is_found: bool) -> None:
    content = bytearray(write_small_pdf(pdf_objects()).content)
    start, _ = room_of(bytes(content))
    content[start + 1 : start + 1 + len(first)] = first.encode()

    assert len(list(find_rooms(bytes(content)))) == is_found


def test_a_room_that_is_too_short_or_elsewhere_is_none() -> None:
    unsigned = bytes(write_small_pdf(pdf_objects()).content)
    start, end = room_of(unsigned)

    for first, second in ((start + 1, end), (end, start), (start, start), (start, start + 2), (start, start + 10**6)):
        moved = unsigned.replace(b"[0 %d %d " % (start, end), b"[0 %d %d " % (first, second))
        assert list(find_rooms(moved)) == []


def test_another_spelling_of_the_same_digits_is_seen(sealed: bytes) -> None:
    start, end = room_of(sealed)
    upper = sealed[:start] + sealed[start:end].upper() + sealed[end:]
    padded = sealed[: end - 2] + b"1" + sealed[end - 1 :]
    spaced = sealed[: end - 2] + b" " + sealed[end - 1 :]
    closed = sealed[: end - 1] + b")" + sealed[end:]
    cut = sealed[: end - 100]

    for document in (upper, padded, spaced, closed, cut):
        (room,) = find_rooms(document)
        assert not room.is_plain
        assert read_our_cms(room.cms)


def test_at_most_so_many_rooms_are_looked_for(sealed: bytes) -> None:
    start, end = room_of(sealed)
    one = b"/ByteRange[0 %d %d 10]" % (start, end)

    assert len(list(find_rooms(sealed + one * 3))) == 4
    assert len(list(find_rooms(sealed + one * 2 * ROOMS_MAX))) == ROOMS_MAX


def test_another_cms_fits_the_room(sealed: bytes) -> None:
    (room,) = find_rooms(with_cms(sealed, b"\x30\x03\x02\x01\x05"))

    assert (room.cms, room.is_plain) == (b"\x30\x03\x02\x01\x05", True)
    assert len(room.cms) * 2 < HOLE_DIGITS


def test_the_three_files_are_found(sealed: bytes) -> None:
    assert read_attachments(sealed) == FILES


@pytest.mark.parametrize(
    "files",
    [
        {},
        {DATA_SET_FILE: b"1", CODE_FILE: b"2"},
        {DATA_SET_FILE: b"1", CODE_FILE: b"2", "more.txt": b"3"},
        FILES | {"more.txt": b"3"},
        FILES | {CODE_FILE: bytes(TEXT_LENGTH_MAX + 1)},
    ],
)
def test_other_files_than_ours_are_refused(files: dict[str, bytes]) -> None:
    with pytest.raises(PdfFormError):
        read_attachments(bytes(write_small_pdf(pdf_objects(files)).content))


@pytest.mark.parametrize(
    ("number", "old", "new"),
    [
        (1, b"/Names<<", b"/Nomes<<"),
        (1, b"/Names[(", b"/Limits[(a)(z)]/Names[("),
        (1, b"(metadata.json)", b"(code.txt)"),
        (1, b"(metadata.json)", b"/metadata.json"),
        (1, b"11 0 R(meta", b"9 0 R(meta"),
        (9, b"/F(code.txt)", b"/F(data-set.cbor)"),
        (9, b"/EF<</F 8 0 R", b"/EF<</F 10 0 R"),
        (9, b"/EF<<", b"/Ef<<"),
        (9, b"/EF<</F 8 0 R/UF 8 0 R>>", b"/EF<<>>"),
    ],
)
def test_files_that_could_be_read_in_two_ways_are_refused(number: int, old: bytes, new: bytes) -> None:
    objects = pdf_objects()
    assert old in objects[number]
    objects[number] = objects[number].replace(old, new)

    with pytest.raises(PdfFormError):
        read_attachments(bytes(write_small_pdf(objects).content))


def test_one_file_under_two_names_is_refused() -> None:
    objects = pdf_objects()
    objects[1] = objects[1].replace(b"(metadata.json)13 0 R", b"(code.txt)9 0 R")

    with pytest.raises(PdfFormError):
        read_attachments(bytes(write_small_pdf(objects).content))
    assert METADATA_FILE.encode() not in objects[1]


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_after_a_byte_range_do_no_harm(data: bytes) -> None:
    assert list(find_rooms(b"/ByteRange[0 24 100 10]/C" + data)) == []
