"""Deterministic CBOR (RFC 8949, 4.2.1): one value, one spelling.

Promises:
  * Only integers of 64 bits, byte and text strings, arrays, maps with integer or text keys, true, false and null.
  * ``decode`` refuses every second spelling: longer heads than needed, indefinite lengths, unsorted or doubled keys,
    floats, bytes left over. So whatever it returns would be encoded to the very same bytes (a property test says so).
  * No tag has any meaning to the decoder; the one that a caller names must stand outermost.

Both are ours: a general decoder gives meaning to tags of strangers (dates, regular expressions, mail), and checking
afterwards by encoding again costs as much; a general encoder sorts keys in another order, or is told to by sorting them
first, which takes twice the time. cbor2 judges both in tests.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from verify.errors import MalformedError

DEPTH_MAX: Final = 12
_INTEGER_END: Final = 1 << 64
# Smallest value that needs the head of 1, 2, 4 or 8 further bytes.
_SMALLEST: Final = (24, 1 << 8, 1 << 16, 1 << 32)
_KEY_MAJORS: Final = frozenset({0, 1, 3})
_SIMPLE: Final[dict[int, bool | None]] = {0xF4: False, 0xF5: True, 0xF6: None}
_SIMPLE_HEADS: Final = {value: bytes((head,)) for head, value in _SIMPLE.items()}
# Major types in their place, the three highest bits of a head.
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP = (major << 5 for major in range(6))
_SHORT_HEADS: Final = tuple(bytes((head,)) for head in range(192))


class CborError(MalformedError):
    """Not the deterministic CBOR that our formats demand."""

    code = "cbor.malformed"


def encode(value: object) -> bytes:
    """Encode a value; tuples become arrays. Raises ``CborError`` for a value of any other type."""
    try:
        return _WRITERS.get(type(value), _write_other)(value, DEPTH_MAX)
    except UnicodeEncodeError:
        raise CborError("text with a lone surrogate") from None  # the cause would repeat the text


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
    """Encode a byte string as ``encode`` does, by a shorter way; a token's check needs it twice."""
    return _head(_BYTES, len(data)) + data


def bytes_head(size: int) -> bytes:
    """Return what stands before so many bytes."""
    return _head(_BYTES, size)


def text_head(size: int) -> bytes:
    """Return what stands before a text of so many bytes."""
    return _head(_TEXT, size)


def _head(major: int, argument: int) -> bytes:
    """Return the shortest head of this major type (its three bits in place) and argument."""
    if argument < 24:
        return _SHORT_HEADS[major | argument]
    if argument < 1 << 8:
        return bytes((major | 24, argument))
    if argument < 1 << 16:
        return bytes((major | 25, argument >> 8, argument & 0xFF))
    if argument < 1 << 32:
        return bytes((major | 26,)) + argument.to_bytes(4, "big")
    if argument < _INTEGER_END:
        return bytes((major | 27,)) + argument.to_bytes(8, "big")
    raise CborError("an integer of more than 64 bits")


def _write_integer(value: int, _depth: int) -> bytes:
    if 0 <= value < 24:
        return _SHORT_HEADS[value]
    return _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value)


def _write_text(value: str, _depth: int) -> bytes:
    text = value.encode()
    size = len(text)
    return (_SHORT_HEADS[_TEXT | size] if size < 24 else _head(_TEXT, size)) + text


def _write_bytes(value: bytes, _depth: int) -> bytes:
    return _head(_BYTES, len(value)) + value


def _write_simple(value: bool | None, _depth: int) -> bytes:  # noqa: FBT001 - a value like any other here
    return _SIMPLE_HEADS[value]


def _write_array(value: Sequence[object], depth: int) -> bytes:
    if depth == 0:
        raise CborError("nested too deeply")
    depth -= 1
    return _head(_ARRAY, len(value)) + b"".join([_WRITERS.get(type(each), _write_other)(each, depth) for each in value])


def _write_map(value: Mapping[object, object], depth: int) -> bytes:
    """Write pairs in the order of their keys' encodings: no encoding begins another one, so values are never asked."""
    if depth == 0:
        raise CborError("nested too deeply")
    depth -= 1
    pairs = [
        _KEY_WRITERS.get(type(key), _refuse_key)(key, depth) + _WRITERS.get(type(each), _write_other)(each, depth)
        for key, each in value.items()
    ]
    pairs.sort()
    return _head(_MAP, len(pairs)) + b"".join(pairs)


def _write_other(value: object, depth: int) -> bytes:
    """Write a value of a type that is derived from one of ours, and refuse all others."""
    for kind, write in _DERIVED:
        if isinstance(value, kind):
            return write(value, depth)
    raise CborError("a value of a type that our formats do not have")


def _refuse_key(_key: object, _depth: int) -> bytes:
    raise CborError("a key of a map is an integer or a text")


# A writer takes a value of its type and how deeply it may nest.
_Writer = Callable[[Any, int], bytes]
_KEY_WRITERS: Final[dict[type, _Writer]] = {int: _write_integer, str: _write_text}
_WRITERS: Final[dict[type, _Writer]] = {
    **_KEY_WRITERS,
    bytes: _write_bytes,
    bool: _write_simple,
    type(None): _write_simple,
    list: _write_array,
    tuple: _write_array,
    dict: _write_map,
}
# Numbers that have names, and tuples that have them.
_DERIVED: Final[tuple[tuple[type, _Writer], ...]] = (
    (int, _write_integer),
    (dict, _write_map),
    (list, _write_array),
    (tuple, _write_array),
)


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


def _read_short_bytes(data: bytes, at: int, _depth: int) -> tuple[object, int]:
    start = at + 1
    end = start + data[at] - _BYTES
    if end > len(data):
        raise CborError("the bytes end too early")
    return data[start:end], end


def _read_bytes(data: bytes, at: int, _depth: int) -> tuple[object, int]:
    size, start = _argument(data, at)
    end = start + size
    if end > len(data):
        raise CborError("the bytes end too early")
    return data[start:end], end


def _read_short_text(data: bytes, at: int, _depth: int) -> tuple[object, int]:
    start = at + 1
    end = start + data[at] - _TEXT
    if end > len(data):
        raise CborError("the bytes end too early")
    return str(data[start:end], "utf-8"), end


def _read_text(data: bytes, at: int, _depth: int) -> tuple[object, int]:
    size, start = _argument(data, at)
    end = start + size
    if end > len(data):
        raise CborError("the bytes end too early")
    return str(data[start:end], "utf-8"), end


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
    depth -= 1
    for _ in range(count):
        key: object = data[at]
        end = at + 1
        if data[at] >= 24:  # nearly all keys of ours are smaller numbers, which are their own encoding
            if data[at] >> 5 not in _KEY_MAJORS:
                raise CborError("a key of a map is an integer or a text")
            key, end = _READERS[data[at]](data, at, depth)
        encoded = data[at:end]
        if encoded <= before:
            raise CborError("the keys of a map are doubled or not in order")
        before = encoded
        pairs[key], at = _READERS[data[end]](data, end, depth)
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


# The short heads of the commonest items, which say their own argument.
_SHORT: Final[dict[int, _Reader]] = {_UNSIGNED: _read_small, _BYTES: _read_short_bytes, _TEXT: _read_short_text}


def _reader_of(head: int) -> _Reader:
    if head & 31 < 24 and head & 0xE0 in _SHORT:
        return _SHORT[head & 0xE0]
    return _read_simple if head in _SIMPLE else _BY_MAJOR[head >> 5]


_READERS: Final = tuple(_reader_of(head) for head in range(256))
