"""Write DER (ITU-T X.690, 10 and 11): just the forms that a CMS signature needs.

Promises:
  * What these functions return is DER, if what they are given is.
  * Nothing is parsed here; readers live in `verify`.
"""

from collections.abc import Iterable


def tlv(tag: int, *parts: bytes) -> bytes:
    """Return tag, shortest length and the parts as one value."""
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def sequence(*parts: bytes) -> bytes:
    """Return a SEQUENCE of values that are DER already."""
    return tlv(0x30, *parts)


def set_of(values: Iterable[bytes]) -> bytes:
    """Return a SET OF, sorted as DER demands (X.690, 11.6)."""
    return tlv(0x31, *sorted(values))


def octet_string(content: bytes) -> bytes:
    """Return an OCTET STRING."""
    return tlv(0x04, content)


def utf8_string(text: str) -> bytes:
    """Return a UTF8String."""
    return tlv(0x0C, text.encode())


def object_identifier(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER given in its dotted form; the arcs may be of any size (2.25 carries 128 bits)."""
    first, second, *others = (int(arc) for arc in dotted.split("."))
    return tlv(0x06, *(_base_128(arc) for arc in (first * 40 + second, *others)))


def _base_128(arc: int) -> bytes:
    octets = bytearray((arc & 0x7F,))
    while arc := arc >> 7:
        octets.append(0x80 | arc & 0x7F)
    return bytes(reversed(octets))
