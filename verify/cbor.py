"""Deterministic CBOR (RFC 8949, 4.2.1): one value, one spelling.

Promises:
  * Only integers of 64 bits, byte and text strings, arrays, maps with integer or text keys, true, false and null.
  * ``decode`` refuses every second spelling: longer heads than needed, indefinite lengths, unsorted or doubled keys,
    floats, bytes left over. So whatever it returns would be encoded to the very same bytes (a property test says so).
  * No tag has any meaning to the decoder; the one that a caller names must stand outermost.

The decoder is ours: a general one gives meaning to tags of strangers (dates, regular expressions, mail), and checking
afterwards by encoding again costs as much.
"""

from collections.abc import Callable
from typing import Final

import cbor2

from verify.errors import MalformedError

DEPTH_MAX: Final = 12
_INTEGER_END: Final = 1 << 64
_PLAIN: Final = frozenset({str, bytes, bool, type(None)})
# Smallest value that needs the head of 1, 2, 4 or 8 further bytes.
_SMALLEST: Final = (24, 1 << 8, 1 << 16, 1 << 32)
_KEY_MAJORS: Final = frozenset({0, 1, 3})
_SIMPLE: Final[dict[int, bool | None]] = {0xF4: False, 0xF5: True, 0xF6: None}


class CborError(MalformedError):
    """Not the deterministic CBOR that our formats demand."""

    code = "cbor.malformed"


def encode(value: object) -> bytes:
    """Encode a value; tuples become arrays. Raises ``CborError`` for a value of any other type."""
    try:
        encoded: bytes = cbor2.dumps(_sorted(value, DEPTH_MAX))
    except UnicodeEncodeError:
        raise CborError("text with a lone surrogate") from None  # the cause would repeat the text
    return encoded


def decode(data: bytes, *, bytes_max: int, tag: int | None = None) -> object:
    """Decode exactly one item; ``tag``, when named, must stand before it in its shortest form.

    Raises ``CborError`` when the bytes are more than ``bytes_max`` or not the deterministic encoding of one value.
    """
    if len(data) > bytes_max:
        raise CborError("too many bytes")
    try:
        start = 0 if tag is None else _read_tag(data, tag)
        value, end = _READERS[data[start]](data, start, DEPTH_MAX)
    except (IndexError, UnicodeDecodeError):
        raise CborError("the bytes end too early, or a text is not UTF-8") from None  # the cause may repeat the text
    if end != len(data):
        raise CborError("bytes left over")
    return value


def encode_bytes(data: bytes) -> bytes:
    """Encode a byte string as ``encode`` does, in a fifth of the time; a token's check needs it twice."""
    size = len(data)
    if size < 24:
        return bytes((0x40 + size,)) + data
    if size < 1 << 8:
        return bytes((0x58, size)) + data
    return encode(data)


def _key_order(item: tuple[object, object]) -> tuple[int, int, bytes]:
    """Sort keys as their encodings sort: unsigned, negative, text by length and then by bytes."""
    key = item[0]
    if type(key) is int:
        return (0, key, b"") if key >= 0 else (1, -1 - key, b"")
    if type(key) is str:
        encoded = key.encode()
        return (3, len(encoded), encoded)
    raise CborError("a key of a map is an integer or a text")


def _sorted(value: object, depth: int) -> object:
    """Return the value with its maps in order, after refusing what we do not encode."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, int):
        if not -_INTEGER_END <= value < _INTEGER_END:
            raise CborError("an integer of more than 64 bits")
        return int(value)
    if depth == 0:
        raise CborError("nested too deeply")
    if isinstance(value, dict):
        return {_sorted(key, depth): _sorted(each, depth - 1) for key, each in sorted(value.items(), key=_key_order)}
    if isinstance(value, list | tuple):
        return [_sorted(each, depth - 1) for each in value]
    raise CborError("a value of a type that our formats do not have")


def _read_tag(data: bytes, tag: int) -> int:
    if data[0] >> 5 != 6:
        raise CborError("a tag was expected")
    argument, start = _argument(data, 0)
    if argument != tag:
        raise CborError("another tag was expected")
    return start


def _argument(data: bytes, at: int) -> tuple[int, int]:
    """Return the argument of the head at this place, and the place after it; only the shortest head is good."""
    short = data[at] & 31
    at += 1
    if short < 24:
        return short, at
    if short > 27:
        raise CborError("an indefinite length or a reserved head")
    end = at + (1 << (short - 24))
    argument = int.from_bytes(data[at:end], "big")
    if end > len(data) or argument < _SMALLEST[short - 24]:
        raise CborError("a head that is longer than needed, or cut off")
    return argument, end


def _read_small(data: bytes, at: int, _depth: int) -> tuple[object, int]:
    return data[at], at + 1


def _read_unsigned(data: bytes, at: int, _depth: int) -> tuple[object, int]:
    return _argument(data, at)


def _read_negative(data: bytes, at: int, _depth: int) -> tuple[object, int]:
    argument, at = _argument(data, at)
    return -1 - argument, at


def _read_bytes(data: bytes, at: int, _depth: int) -> tuple[object, int]:
    size, start = _argument(data, at)
    end = start + size
    if end > len(data):
        raise CborError("the bytes end too early")
    return data[start:end], end


def _read_text(data: bytes, at: int, _depth: int) -> tuple[object, int]:
    size, start = _argument(data, at)
    end = start + size
    if end > len(data):
        raise CborError("the bytes end too early")
    return data[start:end].decode(), end


def _read_array(data: bytes, at: int, depth: int) -> tuple[object, int]:
    if depth == 0:
        raise CborError("nested too deeply")
    count, at = _argument(data, at)
    items: list[object] = []
    for _ in range(count):  # ends with the data: each item takes at least one byte
        value, at = _READERS[data[at]](data, at, depth - 1)
        items.append(value)
    return items, at


def _read_map(data: bytes, at: int, depth: int) -> tuple[object, int]:
    if depth == 0:
        raise CborError("nested too deeply")
    count, at = _argument(data, at)
    pairs: dict[object, object] = {}
    before = b""
    for _ in range(count):
        start, head = at, data[at]
        if head >> 5 not in _KEY_MAJORS:
            raise CborError("a key of a map is an integer or a text")
        key, at = _READERS[head](data, at, depth)
        encoded = data[start:at]
        if encoded <= before:
            raise CborError("the keys of a map are doubled or not in order")
        before = encoded
        pairs[key], at = _READERS[data[at]](data, at, depth - 1)
    return pairs, at


def _read_simple(data: bytes, at: int, _depth: int) -> tuple[object, int]:
    return _SIMPLE[data[at]], at + 1


def _refuse(_data: bytes, _at: int, _depth: int) -> tuple[object, int]:
    raise CborError("a tag, a float or a simple value that our formats do not have")


# A reader takes the bytes, a place and the depth left, and returns the item and the place after it.
_Reader = Callable[[bytes, int, int], tuple[object, int]]
_BY_MAJOR: Final[tuple[_Reader, ...]] = (
    _read_unsigned,
    _read_negative,
    _read_bytes,
    _read_text,
    _read_array,
    _read_map,
    _refuse,
    _refuse,
)


def _reader_of(head: int) -> _Reader:
    if head < 24:
        return _read_small
    return _read_simple if head in _SIMPLE else _BY_MAJOR[head >> 5]


_READERS: Final = tuple(_reader_of(head) for head in range(256))
