"""Write DER (ITU-T X.690, 10 and 11) by hand, and read it strictly.

Promises:
  * What the writing functions return is DER, if what they are given is.
  * `Reader` accepts definite lengths in their shortest form only, and one byte of tag.

asn1crypto builds what is rare (certificates); this module what is built for every document (measured.md section 1:
building a time stamp with general objects costs twenty times its signature).
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from verify.errors import MalformedError

SEQUENCE: Final = 0x30
INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
OBJECT_IDENTIFIER: Final = 0x06
BIT_STRING: Final = 0x03
SET: Final = 0x31


class DerError(MalformedError):
    """Not the DER that was expected."""

    code = "der.malformed"


def tlv(tag: int, *parts: bytes) -> bytes:
    """Return tag, shortest length and the parts as one value."""
    content = b"".join(parts)
    return bytes((tag,)) + _length(len(content)) + content


def _length(length: int) -> bytes:
    """Return a length in its shortest form."""
    if length < 0x80:
        return bytes((length,))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


def sequence(*parts: bytes) -> bytes:
    """Return a SEQUENCE of values that are DER already."""
    return tlv(SEQUENCE, *parts)


def set_of(values: Iterable[bytes]) -> bytes:
    """Return a SET OF, sorted as DER demands (X.690, 11.6)."""
    return tlv(0x31, *sorted(values))


def integer(value: int) -> bytes:
    """Return an INTEGER that is not negative."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octet_string(content: bytes) -> bytes:
    """Return an OCTET STRING."""
    return tlv(OCTET_STRING, content)


def named_bit(number: int) -> bytes:
    """Return a BIT STRING in which only this named bit is set (X.690, 11.2.2: no zeros after it)."""
    return tlv(0x03, bytes((7 - number % 8,)), bytes(number // 8), bytes((0x80 >> number % 8,)))


def bit_string(content: bytes) -> bytes:
    """Return a BIT STRING of whole octets."""
    return tlv(0x03, b"\x00", content)


def utf8_string(text: str) -> bytes:
    """Return a UTF8String."""
    return tlv(0x0C, text.encode())


def generalized_time(moment: datetime) -> bytes:
    """Return a GeneralizedTime in UTC with whole seconds; a fraction is cut off."""
    return tlv(0x18, f"{moment.astimezone(UTC):%Y%m%d%H%M%S}Z".encode())


def object_identifier(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER given in its dotted form; the arcs may be of any size (2.25 carries 128 bits)."""
    first, second, *others = (int(arc) for arc in dotted.split("."))
    return tlv(OBJECT_IDENTIFIER, *(_base_128(arc) for arc in (first * 40 + second, *others)))


def _base_128(arc: int) -> bytes:
    octets = bytearray((arc & 0x7F,))
    while arc := arc >> 7:
        octets.append(0x80 | arc & 0x7F)
    return bytes(reversed(octets))


def read_whole(data: bytes, tag: int) -> "Reader":
    """Return a reader of what is inside the one value that these bytes are."""
    frame = Reader(data)
    inside = frame.take_inside(tag)
    frame.end()
    return inside


class Reader:
    """Reads one value after the other and refuses what is not there. `end` must be called at the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def next_tag(self) -> int | None:
        """Return the tag of the next value, or None at the end."""
        return self._data[self._at] if self._at < len(self._data) else None

    def take(self, tag: int) -> bytes:
        """Return the content of the next value, which must have this tag."""
        data, at = self._data, self._at
        if len(data) < at + 2 or data[at] != tag:
            raise DerError("another value was expected")
        length, start = data[at + 1], at + 2
        if length >= 0x80:
            length, start = self._long_length(start, length & 0x7F)
        end = start + length
        if end > len(data):
            raise DerError("the bytes end too early")
        self._at = end
        return data[start:end]

    def take_whole(self, tag: int) -> bytes:
        """Return the next value with its tag and length; it must have this tag."""
        first = self._at
        self.take(tag)
        return self._data[first : self._at]

    def take_inside(self, tag: int) -> "Reader":
        """Return a reader of what is inside the next value, which must have this tag."""
        return Reader(self.take(tag))

    def take_integer(self, *, value_max: int) -> int:
        """Return the next value, an INTEGER from 0 to this limit, in its shortest form."""
        content = self.take(INTEGER)
        value = int.from_bytes(content, "big", signed=True)
        if not 0 <= value <= value_max or integer(value)[2:] != content:
            raise DerError("an integer out of its range")
        return value

    def end(self) -> None:
        """Refuse bytes left over."""
        if self._at != len(self._data):
            raise DerError("bytes left over")

    def _long_length(self, start: int, count: int) -> tuple[int, int]:
        """Return a length that is written in several octets, and where the content starts."""
        octets = self._data[start : start + count]
        length = int.from_bytes(octets, "big")
        if _length(length)[1:] != octets or length < 0x80:
            raise DerError("not the shortest form of a length")
        return length, start + count
