"""Add files to an OFD package, with all that stays in it untouched, and at last the two files that a signature brings.

Promises:
  * A file that stays keeps its bytes as they are packed; only the list at the end is written anew.
  * `finish` knows places and sizes only: it opens nothing of a stranger's package, for it runs beside the keys.
"""

import zlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from struct import Struct, pack, unpack_from
from typing import Final

VALUE_FILE: Final = "SignedValue.dat"
RECEIPT_FILE: Final = "receipt.tlog-proof"
FILES_OF_SIGNATURE: Final = 2
# PKWARE APPNOTE 4.3.7, 4.3.12, 4.3.16: what stands where in the records that are read here.
_CENTRAL: Final = Struct("<4s6H3I5H2I")
_END: Final = Struct("<4s4H2IH")
_OFFSET_AT: Final = 42
_VERSION: Final = 20
_TIME, _DATE = 0, 0x21
_STORED, _DEFLATED = 0, 8


@dataclass(frozen=True, slots=True)
class Extended:
    """A package with files added: where its list stands, and where the last of the added files, which is stored."""

    content: bytes
    listed: tuple[int, int]
    last: tuple[int, int]


def extend(package: bytes, files: Mapping[str, bytes], *, without: AbstractSet[str]) -> Extended:
    """Return a package, which `verify.ofd_package` has read, with files added and others left out."""
    records = _records(package)
    body, listed = bytearray(), []
    for name, record, central in records:
        if name not in without:
            listed.append(_moved(central, len(body)))
            body += record
    last = (0, 0)
    for number, (name, content) in enumerate(files.items(), 1):
        is_last = number == len(files)
        record, central = _entry(name, content, at=len(body), is_stored=is_last)
        listed.append(central)
        body += record
        last = (len(body) - len(content), len(body))
    return Extended(*_closed(body, listed), last=last)


def finish(content: bytes, listed: tuple[int, int], files: Mapping[str, bytes]) -> bytes:
    """Return a prepared package with the last files in front of its list."""
    start, end = listed
    body = bytearray(content[:start])
    central = [content[start:end]]
    for name, added in files.items():
        record, line = _entry(name, added, at=len(body), is_stored=False)
        central.append(line)
        body += record
    _, _, _, _, count, *_ = _END.unpack_from(content, end)
    return _closed(body, central, count=count + len(files))[0]


def unfinish(content: bytes, listed: tuple[int, int], *, added: int) -> bytes:
    """Return the prepared package that `finish` made this one from; of another package, other bytes."""
    start, end = listed
    if len(content) < _END.size:
        return b""
    _, _, _, _, count, _, directory, _ = _END.unpack_from(content, len(content) - _END.size)
    central = content[directory : directory + end - start]
    return _closed(bytearray(content[:start]), (central,), count=max(count - added, 0))[0]


def _closed(body: bytearray, listed: Sequence[bytes], *, count: int | None = None) -> tuple[bytes, tuple[int, int]]:
    directory = b"".join(listed)
    number = len(listed) if count is None else count
    end = _END.pack(b"PK\x05\x06", 0, 0, number, number, len(directory), len(body), 0)
    return bytes(body) + directory + end, (len(body), len(body) + len(directory))


def _entry(name: str, content: bytes, *, at: int, is_stored: bool) -> tuple[bytes, bytes]:
    raw = name.encode("ascii")
    packed = content if is_stored else _deflated(content)
    method = _STORED if is_stored else _DEFLATED
    shape = (0, method, _TIME, _DATE, zlib.crc32(content), len(packed), len(content), len(raw), 0)
    record = pack("<4s5H3I2H", b"PK\x03\x04", _VERSION, *shape) + raw + packed
    return record, _CENTRAL.pack(b"PK\x01\x02", _VERSION, _VERSION, *shape, 0, 0, 0, 0, at) + raw


def _deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def _moved(central: bytes, at: int) -> bytes:
    return central[:_OFFSET_AT] + pack("<I", at) + central[_OFFSET_AT + 4 :]


def _records(package: bytes) -> list[tuple[str, bytes, bytes]]:
    """Return name, packed record and line of the list of each entry, in the order in which they stand."""
    _, _, _, _, count, _, start, _ = _END.unpack_from(package, len(package) - _END.size)
    found, at = [], start
    for _ in range(count):
        name_size, extra, comment = unpack_from("<3H", package, at + 28)
        (offset,) = unpack_from("<I", package, at + _OFFSET_AT)
        end = at + _CENTRAL.size + name_size + extra + comment
        name = package[at + _CENTRAL.size : at + _CENTRAL.size + name_size].decode()
        found.append((offset, name, package[at:end]))
        at = end
    found.sort()
    ends = [*(offset for offset, _, _ in found[1:]), start]
    return [(name, package[offset:end], central) for (offset, name, central), end in zip(found, ends, strict=True)]
