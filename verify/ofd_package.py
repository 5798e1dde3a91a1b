"""Take a package (ZIP) apart so strictly that every other reader sees the same files, or refuse it.

Promises:
  * Directory, local heads and contents say the same; the files stand one behind the other and nothing stands between,
    before or behind them, so none overlaps and none is hidden.
  * No name leaves the package, none stands there twice, none is written in a way that two systems read differently.
  * Entries, inflated bytes and their ratio are capped before anything is inflated, and the caps hold while inflating.
  * Each refusal has a stable code of its own; nothing is written anywhere.

`zipfile` is not used: it believes the directory, takes a leading stranger's bytes, and keeps the last of two names.
"""

import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from verify.errors import MalformedError
from verify.remembered import Remembered

# decisions.md section 6. A licence has some twenty files of 200 kB together.
ENTRIES_MAX: Final = 2_000
INFLATED_BYTES_MAX: Final = 64 << 20
RATIO_MAX: Final = 200
NAME_BYTES_MAX: Final = 512

_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_DESCRIPTOR: Final = struct.Struct("<3I")
_LOCAL_MARK: Final = b"PK\x03\x04"
_CENTRAL_MARK: Final = b"PK\x01\x02"
_END_MARK: Final = b"PK\x05\x06"
_DESCRIPTOR_MARK: Final = b"PK\x07\x08"
_STORED: Final = 0
_DEFLATED: Final = 8
# Bits of the flags: encrypted (0, 6, 13), sizes behind the data (3), name in UTF-8 (11), how hard the writer tried.
_ENCRYPTED: Final = 0x2041
_SIZES_BEHIND: Final = 0x0008
_UTF_8: Final = 0x0800
_EFFORT: Final = 0x0006
# Extra fields that give an entry other sizes (Zip64), a second name (Info-ZIP) or a cipher.
_ZIP64: Final = 0x0001
_SECOND_NAMES: Final = frozenset({0x7075, 0x0008})
_CIPHERS: Final = frozenset({0x0017, 0x9901})
# Where the directory has what stands behind the mark of a local head too, up to the length of the name.
_SAME: Final = slice(6, 30)
_NO_EXTRA: Final = bytes(2)
_UNSET_16: Final = 0xFFFF
_UNSET_32: Final = 0xFFFFFFFF
# Where Unix keeps what kind of file an entry is; a regular file, a folder, or nothing said.
_MADE_BY_UNIX: Final = 3
_PLAIN_KINDS: Final = frozenset({0, 0o100000, 0o040000})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class Refusal(StrEnum):
    """Why a package is not read."""

    NOT_A_ZIP = "not_a_zip"
    COMMENT = "comment"
    SPLIT = "split"
    ZIP64 = "zip64"
    TOO_MANY = "too_many_entries"
    DIRECTORY = "directory"
    GAP = "gap"
    OVERLAP = "overlap"
    ENCRYPTED = "encrypted"
    METHOD = "method"
    FLAGS = "flags"
    EXTRA = "extra"
    LINK = "link"
    FOLDER = "folder_with_data"
    NAME = "name"
    ABSOLUTE = "absolute_path"
    DRIVE = "drive"
    BACKSLASH = "backslash"
    PARENT = "parent_path"
    DUPLICATE = "duplicate_name"
    LOCAL_DIFFERS = "local_differs"
    DESCRIPTOR = "descriptor"
    TOO_LARGE = "too_large"
    RATIO = "ratio"
    DEFLATE = "deflate"
    CHECKSUM = "checksum"


class PackageError(MalformedError):
    """Not a package that is read; `refusal` says why."""

    code = "ofd.package"

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value, params={"reason": refusal.value})
        self.refusal = refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """The files of a package by name. `is_plain` says that it is packed in the one way in which ours are.

    `stored` are the files that are not deflated.
    """

    files: Mapping[str, bytes] = field(repr=False)
    stored: frozenset[str]
    is_plain: bool


class _Entry(NamedTuple):
    """An entry as the directory has it; `plain_head` is its local head as our own writer writes it."""

    name: str
    raw_name: bytes
    version: int
    flags: int
    method: int
    moment: tuple[int, int]
    checksum: int
    packed: int
    size: int
    offset: int
    is_plain: bool
    plain_head: bytes


# How our own writer packs (signer/page/ofd_zip.py): version 2.0 on either side, names in ASCII, 1980-01-01 00:00.
PLAIN_VERSION: Final = 20
PLAIN_FLAGS: Final = 0
PLAIN_MOMENT: Final = (0, 0x21)


def read_package(data: bytes) -> Package:
    """Return the files of a package.

    1. The end record, which must be the last 22 bytes. 2. The directory in front of it. 3. The entries, which must fill
    all that is in front of the directory. 4. Their contents. Raises `PackageError`.
    """
    start, count = _read_end(data)  # (1)
    entries = _read_directory(data, start, count)  # (2)
    limits = _limits(entries, start)  # (3)
    files = {each.name: _read_content(data, each, limits[each.offset]) for each in entries}  # (4)
    in_order = all(first.offset < second.offset for first, second in pairwise(entries))
    is_plain = in_order and all(each.is_plain for each in entries) and _differ_without_case(files)
    return Package(
        files={name: each for name, each in files.items() if not name.endswith("/")},
        stored=frozenset(each.name for each in entries if each.method == _STORED),
        is_plain=is_plain,
    )


def _differ_without_case(files: Mapping[str, bytes]) -> bool:
    return len({name.lower() for name in files}) == len(files)


def _read_end(data: bytes) -> tuple[int, int]:
    """Return where the directory starts and how many entries it has."""
    end_at = len(data) - _END.size
    if end_at < 0 or not data.startswith(_LOCAL_MARK):
        raise PackageError(Refusal.NOT_A_ZIP)
    mark, disk, first_disk, here, count, size, start, comment = _END.unpack_from(data, end_at)
    if mark != _END_MARK:
        raise PackageError(Refusal.COMMENT if data.rfind(_END_MARK) >= 0 else Refusal.NOT_A_ZIP)
    if comment:
        raise PackageError(Refusal.COMMENT)
    if _UNSET_16 in {here, count} or _UNSET_32 in {size, start}:
        raise PackageError(Refusal.ZIP64)
    if disk or first_disk or here != count:
        raise PackageError(Refusal.SPLIT)
    if count > ENTRIES_MAX:
        raise PackageError(Refusal.TOO_MANY)
    if start + size != end_at:
        raise PackageError(Refusal.GAP)
    return start, count


def _read_directory(data: bytes, start: int, count: int) -> tuple[_Entry, ...]:
    end = len(data) - _END.size
    entries, names, inflated, at = [], set(), 0, start
    for _ in range(count):
        entry, at = _read_entry(data, at, end)
        inflated += entry.size
        if inflated > INFLATED_BYTES_MAX:
            raise PackageError(Refusal.TOO_LARGE)
        if entry.name.rstrip("/") in names:
            raise PackageError(Refusal.DUPLICATE)
        names.add(entry.name.rstrip("/"))
        entries.append(entry)
    if at != end or not entries:
        raise PackageError(Refusal.DIRECTORY)
    return tuple(entries)


def _read_entry(data: bytes, at: int, end: int) -> tuple[_Entry, int]:
    """Return the entry of the directory that stands here, and where the next one stands."""
    if at + _CENTRAL.size > end:
        raise PackageError(Refusal.DIRECTORY)
    values = _CENTRAL.unpack_from(data, at)
    mark, made, version, flags, method, time, day, checksum, packed, size = values[:10]
    name_length, extra_length, comment_length, disk, inner, outer, offset = values[10:]
    name_at = at + _CENTRAL.size
    extra_at = name_at + name_length
    next_at = extra_at + extra_length + comment_length
    if mark != _CENTRAL_MARK or next_at > end:
        raise PackageError(Refusal.DIRECTORY)
    _refuse_kind(flags, method, made, outer)
    if _UNSET_32 in {packed, size, offset} or disk:
        raise PackageError(Refusal.ZIP64 if not disk else Refusal.SPLIT)
    if size > RATIO_MAX * packed:
        raise PackageError(Refusal.RATIO)
    raw_name = data[name_at:extra_at]
    if extra_length:
        _refuse_extra(data[extra_at : extra_at + extra_length])
    is_plain = (made, version, flags, time, day) == (PLAIN_VERSION, PLAIN_VERSION, PLAIN_FLAGS, *PLAIN_MOMENT)
    entry = _Entry(
        name=_name(raw_name, size),
        raw_name=raw_name,
        version=version,
        flags=flags,
        method=method,
        moment=(time, day),
        checksum=checksum,
        packed=packed,
        size=size,
        offset=offset,
        is_plain=is_plain and raw_name.isascii() and not (extra_length or comment_length or inner or outer),
        plain_head=b"".join((_LOCAL_MARK, data[at + _SAME.start : at + _SAME.stop], _NO_EXTRA, raw_name)),
    )
    return entry, next_at


def _refuse_kind(flags: int, method: int, made: int, outer: int) -> None:
    """Refuse what is encrypted, packed or flagged in a way that is not read, or no file."""
    if flags & _ENCRYPTED:
        raise PackageError(Refusal.ENCRYPTED)
    if flags & ~(_SIZES_BEHIND | _UTF_8 | _EFFORT):
        raise PackageError(Refusal.FLAGS)
    if method not in {_STORED, _DEFLATED}:
        raise PackageError(Refusal.METHOD)
    if made >> 8 == _MADE_BY_UNIX and outer >> 16 & 0o170000 not in _PLAIN_KINDS:
        raise PackageError(Refusal.LINK)


def _refuse_extra(extra: bytes) -> None:
    """Refuse extra fields that give other sizes, a second name or a cipher, or that are none."""
    at = 0
    while at < len(extra):
        if at + 4 > len(extra):
            raise PackageError(Refusal.EXTRA)
        kind, length = struct.unpack_from("<2H", extra, at)
        at += 4 + length
        if kind == _ZIP64:
            raise PackageError(Refusal.ZIP64)
        if kind in _CIPHERS:
            raise PackageError(Refusal.ENCRYPTED)
        if kind in _SECOND_NAMES or at > len(extra):
            raise PackageError(Refusal.EXTRA)


def _name(raw: bytes, size: int) -> str:
    """Return a name that is one inside the package, whoever reads it. A folder's ends with a slash."""
    name = _checked_name(raw)
    if size and name.endswith("/"):
        raise PackageError(Refusal.FOLDER)
    return name


# The files of a package have the same names in nearly all of them.
@lru_cache(maxsize=1024)
def _checked_name(raw: bytes) -> str:
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        raise PackageError(Refusal.NAME) from None
    if not 0 < len(raw) <= NAME_BYTES_MAX or _CONTROL.search(name):
        raise PackageError(Refusal.NAME)
    if name.startswith("/"):
        raise PackageError(Refusal.ABSOLUTE)
    if "\\" in name:
        raise PackageError(Refusal.BACKSLASH)
    if ":" in name:
        raise PackageError(Refusal.DRIVE)
    if not {"", ".", ".."}.isdisjoint(name.removesuffix("/").split("/")):
        raise PackageError(Refusal.PARENT)
    return name


def _limits(entries: tuple[_Entry, ...], start: int) -> Mapping[int, int]:
    """Return where each entry must end, by where it starts: at the next one, the last at the directory."""
    offsets = sorted(each.offset for each in entries)
    if offsets[0] != 0:
        raise PackageError(Refusal.GAP)
    if len(set(offsets)) != len(offsets) or offsets[-1] >= start:
        raise PackageError(Refusal.OVERLAP)
    return dict(zip(offsets, (*offsets[1:], start), strict=True))


def _read_content(data: bytes, entry: _Entry, limit: int) -> bytes:
    """Return the content of an entry whose local head says the same and whose data end where they must."""
    at = _data_start(data, entry, limit)
    data_end = at + entry.packed
    if data_end > limit:
        raise PackageError(Refusal.OVERLAP)
    _check_behind(data[data_end:limit], entry)
    packed = data[at:data_end]
    content, checksum = _unpack(packed, entry)
    if len(content) != entry.size:
        raise PackageError(Refusal.DEFLATE)
    if checksum != entry.checksum:
        raise PackageError(Refusal.CHECKSUM)
    return content


class _Unpacked(NamedTuple):
    """What deflated bytes hold, with its CRC-32."""

    content: bytes
    checksum: int


# Templates, fonts of labels, seals and lists of resources are the same on all documents of a type or an office.
_UNPACKED: Final[Remembered[bytes, _Unpacked]] = Remembered(bytes_max=4 << 20)


def _unpack(packed: bytes, entry: _Entry) -> _Unpacked:
    if entry.method == _STORED:
        return _Unpacked(packed, zlib.crc32(packed))
    found = _UNPACKED.find(packed)
    if found is not None and len(found.content) == entry.size:  # else the cap of this entry has its say
        return found
    content = _inflate(packed, entry.size)
    made = _Unpacked(content, zlib.crc32(content))
    return _UNPACKED.offer(packed, made, weight=len(packed) + len(content))


def _data_start(data: bytes, entry: _Entry, limit: int) -> int:
    """Return where the data of an entry start, behind a local head that says what the directory says."""
    start = entry.offset + len(entry.plain_head)
    if entry.is_plain and start <= limit and data[entry.offset : start] == entry.plain_head:
        return start
    if entry.offset + _LOCAL.size > limit:
        raise PackageError(Refusal.OVERLAP)
    mark, version, *said, name_length, extra_length = _LOCAL.unpack_from(data, entry.offset)
    name_at = entry.offset + _LOCAL.size
    extra_at = name_at + int(name_length)
    start = extra_at + int(extra_length)
    if mark != _LOCAL_MARK or data[name_at:extra_at] != entry.raw_name or tuple(said) not in _heads(entry):
        raise PackageError(Refusal.LOCAL_DIFFERS)
    if entry.is_plain and (version != entry.version or extra_length):
        raise PackageError(Refusal.LOCAL_DIFFERS)
    if start > limit:
        raise PackageError(Refusal.OVERLAP)
    _refuse_extra(data[extra_at:start])
    return start


def _heads(entry: _Entry) -> tuple[tuple[int, ...], ...]:
    """Return what a local head may say: the same, or nothing of what stands behind the data."""
    common = (entry.flags, entry.method, *entry.moment)
    same = (*common, *_sizes(entry))
    return (same, (*common, 0, 0, 0)) if entry.flags & _SIZES_BEHIND else (same,)


def _sizes(entry: _Entry) -> tuple[int, int, int]:
    return entry.checksum, entry.packed, entry.size


def _check_behind(rest: bytes, entry: _Entry) -> None:
    """Refuse bytes behind the data but a descriptor, with or without its mark, that says what the directory says."""
    if not entry.flags & _SIZES_BEHIND:
        if rest:
            raise PackageError(Refusal.GAP)
        return
    expected = _DESCRIPTOR.pack(*_sizes(entry))
    if rest not in {expected, _DESCRIPTOR_MARK + expected}:
        raise PackageError(Refusal.DESCRIPTOR)


def _inflate(packed: bytes, size: int) -> bytes:
    """Return what deflated bytes hold, at most one byte more than they should."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = inflater.decompress(packed, size + 1)
    except zlib.error:
        raise PackageError(Refusal.DEFLATE) from None
    if not inflater.eof or inflater.unused_data:
        raise PackageError(Refusal.DEFLATE)
    return content
