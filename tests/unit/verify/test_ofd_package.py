"""Packages that every reader reads alike are read; each trick that makes two readers see two things is refused."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.page.ofd_zip import OfdPart, write_zip
from signer.page.packed import Packed
from verify.ofd_package import ENTRIES_MAX, INFLATED_BYTES_MAX, PackageError, Refusal, read_package


@dataclass(frozen=True, kw_only=True)
class Member:
    """An entry as it is written: each field can say something else in the local head than in the directory."""

    name: bytes = b"OFD.xml"
    content: bytes = b"<OFD/>"
    method: int = 8
    flags: int = 0
    made: int = 20
    extra: bytes = b""
    local_extra: bytes = b""
    outer: int = 0
    disk: int = 0
    entry_comment: bytes = b""
    local_name: bytes | None = None
    local_flags: int | None = None
    local_method: int | None = None
    body: bytes | None = None
    packed: int | None = None
    size: int | None = None
    checksum: int | None = None
    offset: int | None = None
    behind: bytes = b""

    @property
    def data(self) -> bytes:
        if self.body is not None:
            return self.body
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(self.content) + packer.flush() if self.method == 8 else self.content

    @property
    def sizes(self) -> tuple[int, int, int]:
        checksum = zlib.crc32(self.content) if self.checksum is None else self.checksum
        packed = len(self.data) if self.packed is None else self.packed
        return checksum, packed, len(self.content) if self.size is None else self.size

    def local(self) -> bytes:
        flags = self.flags if self.local_flags is None else self.local_flags
        method = self.method if self.local_method is None else self.local_method
        name = self.name if self.local_name is None else self.local_name
        sizes = (0, 0, 0) if flags & 8 else self.sizes
        head = struct.pack(
            "<4s5H3I2H", b"PK\x03\x04", 20, flags, method, 0, 33, *sizes, len(name), len(self.local_extra)
        )
        return head + name + self.local_extra + self.data + self.behind

    def central(self, offset: int) -> bytes:
        at = offset if self.offset is None else self.offset
        lengths = (len(self.name), len(self.extra), len(self.entry_comment), self.disk, 0, self.outer, at)
        head = struct.pack(
            "<4s6H3I5H2I", b"PK\x01\x02", self.made, 20, self.flags, self.method, 0, 33, *self.sizes, *lengths
        )
        return head + self.name + self.extra + self.entry_comment


FIRST = Member()
SECOND = Member(name=b"Doc_0/Document.xml", content=b"<Document/>" * 40)


def package(
    *members: Member,
    before: bytes = b"",
    behind: bytes = b"",
    after: bytes = b"",
    end: Callable[[list[int]], None] = lambda _values: None,
    comment: bytes = b"",
) -> bytes:
    """Write a package; `end` changes the numbers of the end record."""
    written, directory = bytearray(before), b""
    for each in members:
        directory += each.central(len(written))
        written += each.local()
    written += behind
    values = [0, 0, len(members), len(members), len(directory), len(written)]
    end(values)
    return bytes(written + directory + struct.pack("<4s4H2IH", b"PK\x05\x06", *values, len(comment)) + comment + after)


def refusal(data: bytes) -> Refusal:
    with pytest.raises(PackageError) as caught:
        read_package(data)
    assert caught.value.params == {"reason": caught.value.refusal.value}
    return caught.value.refusal


def test_files_are_read_by_their_names() -> None:
    found = read_package(package(FIRST, SECOND))

    assert dict(found.files) == {"OFD.xml": FIRST.content, "Doc_0/Document.xml": SECOND.content}
    assert found.is_plain


def test_what_our_writer_packs_is_plain() -> None:
    parts = (OfdPart("OFD.xml", Packed(b"<OFD/>")), OfdPart("Doc_0/Res/image_1.jpg", Packed(bytes(99)), is_stored=True))

    assert read_package(write_zip(parts)).is_plain


class Pipe(io.BytesIO):
    """A file in which a writer cannot go back, so that sizes come behind the data."""

    def seekable(self) -> bool:
        return False


@pytest.mark.parametrize("pipe", [io.BytesIO(), Pipe()], ids=["sizes in front", "sizes behind"])
def test_packages_of_other_writers_are_read_and_not_plain(pipe: io.BytesIO) -> None:
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as writer:
        writer.writestr("OFD.xml", b"<OFD/>")
        writer.writestr("Doc_0/", b"")
        writer.writestr("Doc_0/图.xml", b"<Page/>" * 9)

    found = read_package(pipe.getvalue())

    assert dict(found.files) == {"OFD.xml": b"<OFD/>", "Doc_0/图.xml": b"<Page/>" * 9}
    assert not found.is_plain


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", Refusal.NOT_A_ZIP),
        (b"%PDF-1.7" + bytes(40), Refusal.NOT_A_ZIP),
        (b"PK\x03\x04" + bytes(40), Refusal.NOT_A_ZIP),
        (package(FIRST, comment=b"hello"), Refusal.COMMENT),
        (package(FIRST, after=b"%PDF-1.7 a second file"), Refusal.COMMENT),
        (package(FIRST, end=lambda values: values.__setitem__(0, 1)), Refusal.SPLIT),
        (package(FIRST, end=lambda values: values.__setitem__(2, 2)), Refusal.SPLIT),
        (package(replace(FIRST, disk=1)), Refusal.SPLIT),
        (package(FIRST, end=lambda values: values.__setitem__(5, 0xFFFFFFFF)), Refusal.ZIP64),
        (package(FIRST, end=lambda values: values.__setitem__(slice(2, 4), [0xFFFF, 0xFFFF])), Refusal.ZIP64),
        (package(replace(FIRST, size=0xFFFFFFFF)), Refusal.ZIP64),
        (package(replace(FIRST, extra=struct.pack("<2HQ", 1, 8, 6))), Refusal.ZIP64),
        (package(replace(FIRST, made=0x0314, local_extra=struct.pack("<2HQ", 1, 8, 6))), Refusal.ZIP64),
        (package(FIRST, before=b"MZ a program"), Refusal.NOT_A_ZIP),
        (package(FIRST, before=package(FIRST)), Refusal.GAP),
        (package(FIRST, behind=b"between"), Refusal.GAP),
        (package(replace(FIRST, behind=b"hidden"), SECOND), Refusal.GAP),
        (package(FIRST, end=lambda values: values.__setitem__(4, values[4] - 1)), Refusal.GAP),
        (package(FIRST, SECOND, end=lambda values: values.__setitem__(slice(2, 4), [1, 1])), Refusal.DIRECTORY),
        (package(FIRST, end=lambda values: values.__setitem__(slice(2, 4), [2, 2])), Refusal.DIRECTORY),
        (package(replace(FIRST, flags=1)), Refusal.ENCRYPTED),
        (package(replace(FIRST, flags=1 << 6)), Refusal.ENCRYPTED),
        (package(replace(FIRST, flags=1 << 13)), Refusal.ENCRYPTED),
        (package(replace(FIRST, extra=struct.pack("<2H", 0x9901, 0))), Refusal.ENCRYPTED),
        (package(replace(FIRST, flags=1 << 5)), Refusal.FLAGS),
        (package(replace(FIRST, method=12, body=b"bzip2")), Refusal.METHOD),
        (package(replace(FIRST, made=0x0314, outer=0o120777 << 16)), Refusal.LINK),
        (package(replace(FIRST, extra=b"\x01")), Refusal.EXTRA),
        (package(replace(FIRST, extra=struct.pack("<2H", 0x5455, 9))), Refusal.EXTRA),
        (package(replace(FIRST, extra=struct.pack("<2H", 0x7075, 0))), Refusal.EXTRA),
        (package(replace(FIRST, name=b"")), Refusal.NAME),
        (package(replace(FIRST, name="文件".encode("gbk"))), Refusal.NAME),
        (package(replace(FIRST, name=b"OFD.xml\x00.txt")), Refusal.NAME),
        (package(replace(FIRST, name=b"a" * 600)), Refusal.NAME),
        (package(replace(FIRST, name=b"/etc/passwd")), Refusal.ABSOLUTE),
        (package(replace(FIRST, name=b"C:/OFD.xml")), Refusal.DRIVE),
        (package(replace(FIRST, name=b"..\\OFD.xml")), Refusal.BACKSLASH),
        (package(replace(FIRST, name=b"../OFD.xml")), Refusal.PARENT),
        (package(replace(FIRST, name=b"Doc_0/../../OFD.xml")), Refusal.PARENT),
        (package(replace(FIRST, name=b"./OFD.xml")), Refusal.PARENT),
        (package(replace(FIRST, name=b"Doc_0//OFD.xml")), Refusal.PARENT),
        (package(replace(FIRST, name=b"Doc_0/", content=b"data")), Refusal.FOLDER),
        (package(FIRST, FIRST), Refusal.DUPLICATE),
        (
            package(replace(FIRST, name=b"Doc_0", content=b"x"), replace(FIRST, name=b"Doc_0/", content=b"")),
            Refusal.DUPLICATE,
        ),
        (package(replace(FIRST, local_name=b"XXX.xml")), Refusal.LOCAL_DIFFERS),
        (package(replace(FIRST, local_method=0)), Refusal.LOCAL_DIFFERS),
        (package(replace(FIRST, local_flags=2)), Refusal.LOCAL_DIFFERS),
        (package(replace(FIRST, local_extra=struct.pack("<2H", 0x5455, 0))), Refusal.LOCAL_DIFFERS),
        (package(FIRST, replace(SECOND, offset=0)), Refusal.OVERLAP),
        (package(FIRST, replace(SECOND, offset=1 << 20)), Refusal.OVERLAP),
        (package(FIRST, replace(SECOND, offset=10)), Refusal.OVERLAP),
        (package(replace(FIRST, packed=4000, size=9)), Refusal.OVERLAP),
        (package(replace(FIRST, flags=8, behind=b"")), Refusal.DESCRIPTOR),
        (package(replace(FIRST, flags=8, behind=bytes(16))), Refusal.DESCRIPTOR),
        (package(replace(FIRST, size=5)), Refusal.DEFLATE),
        (package(replace(FIRST, size=7)), Refusal.DEFLATE),
        (package(replace(FIRST, method=0, size=7)), Refusal.DEFLATE),
        (package(replace(FIRST, body=b"\xff\xff\xff\xff")), Refusal.DEFLATE),
        (package(replace(FIRST, body=FIRST.data + b"hidden")), Refusal.DEFLATE),
        (package(replace(FIRST, checksum=1)), Refusal.CHECKSUM),
    ],
)
def test_each_trick_is_refused_by_its_own_name(data: bytes, expected: Refusal) -> None:
    assert refusal(data) is expected


def test_a_local_head_that_reaches_into_the_directory_is_refused() -> None:
    whole = bytearray(package(replace(FIRST, made=0x0314)))
    struct.pack_into("<H", whole, 28, 5000)  # the length of the local extra field

    assert refusal(bytes(whole)) is Refusal.OVERLAP


def test_more_entries_than_allowed_are_refused_before_they_are_read() -> None:
    def names_too_many(values: list[int]) -> None:
        values[2] = values[3] = ENTRIES_MAX + 1

    assert refusal(package(FIRST, end=names_too_many)) is Refusal.TOO_MANY


def test_a_bomb_is_refused_by_its_ratio_and_by_its_size() -> None:
    bomb = Member(content=bytes(1 << 20))
    heavy = [
        Member(name=b"%d" % number, body=bytes(400_000), size=70_000_000 // 4, packed=400_000) for number in range(5)
    ]

    assert refusal(package(bomb)) is Refusal.RATIO
    assert sum(each.size or 0 for each in heavy) > INFLATED_BYTES_MAX
    assert refusal(package(*heavy)) is Refusal.TOO_LARGE


def test_a_length_of_a_comment_that_is_not_there_is_refused() -> None:
    whole = bytearray(package(FIRST))
    whole[-2] = 5

    assert refusal(bytes(whole)) is Refusal.COMMENT


def test_sizes_behind_the_data_may_stand_there_without_a_mark() -> None:
    streamed = replace(FIRST, flags=8, behind=struct.pack("<3I", *FIRST.sizes))

    assert read_package(package(streamed, SECOND)).files["OFD.xml"] == FIRST.content


def test_extra_fields_that_say_nothing_of_the_file_are_read_and_not_plain() -> None:
    times = struct.pack("<2HB", 0x5455, 1, 0) + struct.pack("<2H", 0xCAFE, 0)

    found = read_package(package(replace(FIRST, extra=times, local_extra=times)))

    assert found.files["OFD.xml"] == FIRST.content
    assert not found.is_plain


def test_names_that_differ_in_case_only_are_read_and_not_plain() -> None:
    found = read_package(package(FIRST, replace(FIRST, name=b"ofd.XML")))

    assert len(found.files) == 2
    assert not found.is_plain


def test_entries_out_of_order_are_read_and_not_plain() -> None:
    whole = package(FIRST, SECOND)
    start = len(FIRST.local()) + len(SECOND.local())
    first, second = FIRST.central(0), SECOND.central(len(FIRST.local()))

    found = read_package(whole[:start] + second + first + whole[-22:])

    assert set(found.files) == {"OFD.xml", "Doc_0/Document.xml"}
    assert not found.is_plain


@settings(max_examples=300, deadline=None)
@given(place=st.integers(min_value=0), byte=st.integers(min_value=0, max_value=255))
def test_no_byte_of_a_plain_package_changes_a_file_unseen(place: int, byte: int) -> None:
    whole = package(FIRST, SECOND)
    changed = bytearray(whole)
    changed[place % len(whole)] = byte

    try:
        found = read_package(bytes(changed))
    except PackageError:
        return

    assert not found.is_plain or dict(found.files) == dict(read_package(whole).files)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(PackageError):
        read_package(b"PK\x03\x04" + data)
