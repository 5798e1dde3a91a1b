"""Write and read the bytes of deterministic CBOR; ``cbor.py`` is its face, and says what both promise.

Promises:
  * What is wrong with a value or with bytes is a ``ValueError`` with a sentence, an ``IndexError`` where bytes end too
    early, or a ``UnicodeError``, whose words repeat the text and must not be told. The face makes ``CborError`` of all.
  * The same on this source and on what was compiled from it (``compiled.py``); the tests try both. A number of 64 bits
    never overflows: sizes are held against the data first, and other numbers of eight bytes are Python's own.
  * It imports nothing but the name of a number of 64 bits, and remembers nothing.
"""

from typing import Any, Final

from mypy_extensions import i64

DEPTH_MAX: Final = 12
NO_TAG: Final = -1
_INTEGER_END: Final = 1 << 64
_FOUR_BYTES_END: Final = 1 << 32

# Major types in their place, the three highest bits of a head.
_UNSIGNED: Final = 0x00
_NEGATIVE: Final = 0x20
_BYTES: Final = 0x40
_TEXT: Final = 0x60
_ARRAY: Final = 0x80
_MAP: Final = 0xA0
_TAG: Final = 0xC0
_FALSE: Final = 0xF4
_TRUE: Final = 0xF5
_NULL: Final = 0xF6
# The lowest five bits of a head: an argument up to here, or that 1, 2, 4 or 8 bytes of it follow.
_SHORT_MAX: Final = 23
_NEXT_1: Final = 24
_NEXT_2: Final = 25
_NEXT_4: Final = 26
_NEXT_8: Final = 27
_HEADS: Final = tuple([bytes([each]) for each in range(256)])


def encode(value: object) -> bytes:
    """Encode a value; tuples become arrays."""
    return _write(value, DEPTH_MAX)


def encode_bytes(data: bytes) -> bytes:
    """Encode a byte string."""
    return _head(_BYTES, len(data)) + data


def bytes_head(size: int) -> bytes:
    """Return what stands before so many bytes."""
    return _head(_BYTES, size)


def text_head(size: int) -> bytes:
    """Return what stands before a text of so many bytes."""
    return _head(_TEXT, size)


def decode(data: bytes, tag: int) -> object:
    """Decode exactly one item, behind this tag unless it is ``NO_TAG``."""
    start: i64 = 0
    if tag != NO_TAG:
        named = _head(_TAG, tag)
        start = len(named)
        if data[:start] != named:
            raise ValueError("another tag was expected")
    value, end = _read(data, start, DEPTH_MAX)
    if end != len(data):
        raise ValueError("bytes left over")
    return value


def _head(major: int, argument: int) -> bytes:
    """Return the shortest head of this major type and argument."""
    if argument <= _SHORT_MAX:
        return _HEADS[major | argument]
    if argument < 1 << 8:
        return _HEADS[major | _NEXT_1] + _HEADS[argument]
    if argument < 1 << 16:
        return _HEADS[major | _NEXT_2] + argument.to_bytes(2, "big")
    if argument < _FOUR_BYTES_END:
        return _HEADS[major | _NEXT_4] + argument.to_bytes(4, "big")
    if argument < _INTEGER_END:
        return _HEADS[major | _NEXT_8] + argument.to_bytes(8, "big")
    raise ValueError("an integer of more than 64 bits")


def _write(value: object, depth: i64) -> bytes:
    kind = type(value)
    one: Any = value  # of that kind
    if kind is str:
        words: str = one
        text = words.encode()
        size = len(text)
        return (_HEADS[_TEXT | size] if size <= _SHORT_MAX else _head(_TEXT, size)) + text
    if kind is int:
        return _write_integer(one)
    if kind is bytes:
        return encode_bytes(one)
    if kind is dict:
        return _write_map(one, depth)
    if kind is list:
        return _write_array(one, depth)
    return _write_other(value, depth)


def _write_integer(value: int) -> bytes:
    if value < 0:
        return _head(_NEGATIVE, -1 - value)
    return _HEADS[value] if value <= _SHORT_MAX else _head(_UNSIGNED, value)


def _write_array(items: list[object], depth: i64) -> bytes:
    if depth == 0:
        raise ValueError("nested too deeply")
    depth -= 1
    return _head(_ARRAY, len(items)) + b"".join([_write(each, depth) for each in items])


def _write_map(entries: dict[object, object], depth: i64) -> bytes:
    """Write pairs in the order of their keys' encodings: no encoding begins another one, so values are never asked."""
    if depth == 0:
        raise ValueError("nested too deeply")
    depth -= 1
    pairs: list[bytes] = []
    for key, each in entries.items():
        kind = type(key)
        if kind is not int and kind is not str:
            raise ValueError("a key of a map is an integer or a text")
        pairs.append(_write(key, depth) + _write(each, depth))
    pairs.sort()
    return _head(_MAP, len(pairs)) + b"".join(pairs)


def _write_other(value: object, depth: i64) -> bytes:
    """Write null, true and false, tuples, and what is derived from our types; refuse all others."""
    if value is None:
        return _HEADS[_NULL]
    if isinstance(value, bool):
        return _HEADS[_TRUE if value else _FALSE]
    if isinstance(value, int):  # a number that has a name
        return _write_integer(value)
    if isinstance(value, dict):
        return _write_map(value, depth)
    if isinstance(value, (list, tuple)):
        return _write_array(list(value), depth)
    raise ValueError("a value of a type that our formats do not have")


def _read(data: bytes, at: i64, depth: i64) -> tuple[object, i64]:
    """Return the item at this place, which may nest so deeply, and the place after it."""
    head: i64 = data[at]
    at += 1
    if head <= _SHORT_MAX:
        return head, at
    major: i64 = head & 0xE0
    size: i64 = head & 31
    if size > _SHORT_MAX:
        if size == _NEXT_8 and major <= _NEGATIVE:
            number = _eight(data, at)
            return number if major == _UNSIGNED else -1 - number, at + 8
        size, at = _argument(data, size, at)
    if head & 0xC0 == _BYTES:  # or a text
        end: i64 = at + size
        if end > len(data):
            raise ValueError("the bytes end too early")
        return data[at:end].decode() if major == _TEXT else data[at:end], end
    if major == _MAP:
        return _read_map(data, at, size, depth)
    if major == _ARRAY:
        return _read_array(data, at, size, depth)
    return _read_other(head, size), at


def _argument(data: bytes, short: i64, at: i64) -> tuple[i64, i64]:
    """Return the argument that stands at this place, and the place after it; only the shortest head is good."""
    if short > _NEXT_8:
        raise ValueError("an indefinite length or a reserved head")
    if short == _NEXT_8:
        size = _eight(data, at)
        if size > len(data):  # each item takes at least one byte
            raise ValueError("the bytes end too early")
        return size, at + 8
    smallest: i64 = _SHORT_MAX + 1
    number: i64 = data[at]
    at += 1
    if short == _NEXT_2:
        smallest = 1 << 8
        number = number << 8 | data[at]
        at += 1
    elif short == _NEXT_4:
        smallest = 1 << 16
        number = number << 24 | data[at] << 16 | data[at + 1] << 8 | data[at + 2]
        at += 3
    if number < smallest:
        raise ValueError("a head that is longer than needed")
    return number, at


def _eight(data: bytes, at: i64) -> int:
    """Return the number of eight bytes at this place, which may be more than half of all."""
    octets = data[at : at + 8]
    number = int.from_bytes(octets, "big")
    if len(octets) < 8 or number < _FOUR_BYTES_END:
        raise ValueError("a head that is longer than needed, or cut off")
    return number


def _read_array(data: bytes, at: i64, count: i64, depth: i64) -> tuple[object, i64]:
    if depth == 0:
        raise ValueError("nested too deeply")
    depth -= 1
    items: list[object] = []
    while count > 0:  # ends with the data: each item takes at least one byte
        value, at = _read(data, at, depth)
        items.append(value)
        count -= 1
    return items, at


def _read_map(data: bytes, at: i64, count: i64, depth: i64) -> tuple[object, i64]:
    if depth == 0:
        raise ValueError("nested too deeply")
    depth -= 1
    pairs: dict[object, object] = {}
    last: i64 = -1  # head of the key before, and its encoding where that is longer
    before = b""
    while count > 0:
        head: i64 = data[at]
        if head <= _SHORT_MAX:  # nearly all keys of ours, which are their own encoding
            if head <= last:
                raise ValueError("the keys of a map are doubled or not in order")
            pairs[head], at = _read(data, at + 1, depth)
        else:
            if head >= _ARRAY or head & 0xE0 == _BYTES:
                raise ValueError("a key of a map is an integer or a text")
            key, end = _read(data, at, depth)
            encoded = data[at:end]
            if encoded <= before:
                raise ValueError("the keys of a map are doubled or not in order")
            before = encoded
            pairs[key], at = _read(data, end, depth)
        last = head
        count -= 1
    return pairs, at


def _read_other(head: i64, argument: i64) -> object:
    """Return a number below zero or above the smallest ones, true, false or null."""
    if head < _NEGATIVE:
        return argument
    if head < _BYTES:
        return -1 - argument
    if head == _FALSE:
        return False
    if head == _TRUE:
        return True
    if head == _NULL:
        return None
    raise ValueError("a tag, a float or a simple value that our formats do not have")
