"""The package of an OFD: named parts, and the ZIP that holds them.

Promises:
  * Same parts, same bytes: fixed order, one fixed date, nothing of the machine.
  * The plainest ZIP: sizes in front of the bytes, no directories, extra fields or comments; every name once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from struct import pack
from typing import Final

from signer.page.packed import Packed

# PKWARE APPNOTE 4.3.7, 4.3.12, 4.3.16. Version 2.0: deflate. The date is the first that ZIP can write, 1 January 1980.
_LOCAL: Final = "<4s5H3I2H"
_CENTRAL: Final = "<4s6H3I5H2I"
_END: Final = "<4s4H2IH"
_VERSION: Final = 20
_TIME, _DATE = 0, 0x21
_STORED, _DEFLATED = 0, 8


@dataclass(frozen=True, slots=True)
class OfdPart:
    """A file of the package. Pictures are stored as they are, since they are compressed already."""

    name: str
    packed: Packed
    is_stored: bool = False


def write_zip(parts: Sequence[OfdPart]) -> bytes:
    """Write the package."""
    written: list[bytes] = []
    directory: list[bytes] = []
    at = 0
    for part in parts:
        name, packed = part.name.encode("ascii"), part.packed
        body = packed.content if part.is_stored else packed.deflated
        method = _STORED if part.is_stored else _DEFLATED
        shape = (0, method, _TIME, _DATE, packed.checksum, len(body), len(packed.content), len(name), 0)
        written += pack(_LOCAL, b"PK\x03\x04", _VERSION, *shape), name, body
        directory += pack(_CENTRAL, b"PK\x01\x02", _VERSION, _VERSION, *shape, 0, 0, 0, 0, at), name
        at += 30 + len(name) + len(body)
    central = b"".join(directory)
    end = pack(_END, b"PK\x05\x06", 0, 0, len(parts), len(parts), len(central), at, 0)
    return b"".join((*written, central, end))
