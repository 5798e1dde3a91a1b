"""Read the text of a licence's QR code in the one form that offices of ours write, byte by byte.

Promises:
  * A short way, not another format: what it returns is what the general way (``qr_text``, ``token_claims``) makes of
    the same text; for all else, also for all that is refused, it returns None, and the general way says what it is. A
    test holds that both agree, on this source and on what was compiled from it.
  * Nothing is loosened: every head is the shortest, keys stand in their order, nothing is left over, and the id in the
    address is the one among the claims.
  * It is taken only where it was compiled to machine code (``compiled.py``), for Python itself takes such steps slowly.
    It imports nothing but the name of a number of 64 bits, which overflows nowhere here, and remembers nothing.
"""

from typing import Final

from mypy_extensions import i64

# The numbers of `qr_text`; a test compares them.
TEXT_LENGTH_MAX: Final = 1500
DATA_BYTES_MAX: Final = 450
# `https://`, a host of one letter, `/v/`, the id.
_MARK_MIN: Final = 28
_ID_CHARACTERS: Final = 16
_BLOCK_BYTES: Final = 7
_BLOCK_DIGITS: Final = 17
# How many bytes a last block of 0 to 16 digits stands for.
_NONE: Final = 0xFF
_REST: Final = b"\x00\xff\xff\x01\xff\x02\xff\xff\x03\xff\x04\xff\xff\x05\xff\x06\xff"
# Crockford's base 32 by character, capital letters only: small ones are folded on the general way.
_ALPHABET: Final = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = bytes([_ALPHABET.find(code) & _NONE for code in range(128)])

# Array of four, protected header of 13 bytes, empty map, payload; behind it a signature of 64 bytes with its head.
_START: Final = b"\x84\x4d"
_HEADER_PLACE: Final = 2
_PAYLOAD_PLACE: Final = 16
_SIGNATURE_HEAD: Final = b"\x58\x40"
_SIGNATURE_ROOM: Final = 66
_TO_BE_SIGNED_START: Final = b"\x84\x6aSignature1"

# Heads of CBOR: an empty map, an empty text, and those that a size or a number of 1, 2 or 4 bytes follows.
_MAP: Final = 0xA0
_TEXT: Final = 0x60
_TEXT_1: Final = 0x78
_BYTES_1: Final = 0x58
_BYTES_2: Final = 0x59
_NUMBER_1: Final = 0x18
_NUMBER_2: Final = 0x19
_NUMBER_4: Final = 0x1A
_SHORT_MAX: Final = 23
# Keys and heads of what has one size only.
_ISSUER: Final = b"\x01\x72"
_ID: Final = b"\x07\x4a"
_PRIVATE: Final = b"\x3a\x00\x01\x11\x70"
_TYPE: Final = b"\x01\x75"
_HOLDER_USCC: Final = b"\x04\x72"
_DIGEST: Final = b"\x08\x50"
_STATUS: Final = b"\x09\x82"
_OUTER_ALWAYS: Final = 4
_INNER_ALWAYS: Final = 6
_NUMBER_LENGTH_MAX: Final = 64
_NAME_LENGTH_MAX: Final = 200

# Issuer, end, not before, issued, id; times as numbers.
_Outer = tuple[str, int | None, int | None, int, bytes]
# Type code, number, holder, their USCC, first and last day, office, digest of the data set, status list and place.
_Inner = tuple[str, str, str, str | None, int, int | None, str | None, bytes, int, int]
# Address before the id, protected header, bytes to be signed, signature, claims.
UsualCode = tuple[str, bytes, bytes, bytes, _Outer, _Inner]


def read_usual_code(text: str) -> UsualCode | None:
    """Return what an office's text holds; None for every other form.

    The caller must still judge the address before the id, the header, and what the claims mean together.
    """
    mark: i64 = text.find("#")
    if len(text) > TEXT_LENGTH_MAX or not text.isascii() or mark < _MARK_MIN or text[mark : mark + 2] != "#1":
        return None
    data = read_digits(text[mark + 2 :].encode())
    if data is None:
        return None
    place = mark - _ID_CHARACTERS
    try:
        return _read(text[:place], text[place:mark].encode(), data)
    except (IndexError, ValueError):  # bytes that end too early; any other form, and texts that are not UTF-8
        return None


def read_digits(digits: bytes) -> bytes | None:
    """Return the bytes that digits stand for; None for what ``encode_digits`` would not write."""
    length: i64 = len(digits)
    rest: i64 = length % _BLOCK_DIGITS
    rest_bytes: i64 = _REST[rest]
    if rest_bytes == _NONE:
        return None
    octets = [0] * (length // _BLOCK_DIGITS * _BLOCK_BYTES + rest_bytes)
    begin: i64 = 0
    at: i64 = 0
    while at < length:
        stop: i64 = at + _BLOCK_DIGITS
        end: i64 = begin + _BLOCK_BYTES
        if stop > length:
            stop = length
            end = begin + rest_bytes
        number: i64 = 0
        while at < stop:
            digit: i64 = digits[at]
            if digit < 0x30 or digit > 0x39:
                return None
            number = number * 10 + digit - 0x30
            at += 1
        place = end
        while place > begin:
            place -= 1
            octets[place] = number & 0xFF
            number >>= 8
        if number != 0:
            return None
        begin = end
    return bytes(octets)


def _read(address: str, id_text: bytes, data: bytes) -> UsualCode:
    """Cut the COSE_Sign1 and its claims; raises ``IndexError`` or ``ValueError`` for another form."""
    start, end = _payload(data)
    outer, at = _outer(data, start)
    _check_id(id_text, outer[4])
    inner, at = _inner(data, at)
    if at != end:
        raise ValueError
    protected = data[_HEADER_PLACE : _PAYLOAD_PLACE - 1]
    to_be_signed = b"".join([_TO_BE_SIGNED_START, data[1 : _PAYLOAD_PLACE - 1], b"\x40", data[_PAYLOAD_PLACE:end]])
    return address, protected, to_be_signed, data[end + 2 :], outer, inner


def _payload(data: bytes) -> tuple[i64, i64]:
    """Return where the payload begins and ends."""
    length: i64 = len(data)
    head: i64 = data[_PAYLOAD_PLACE]
    size: i64 = data[_PAYLOAD_PLACE + 1]
    start: i64 = _PAYLOAD_PLACE + 2
    least: i64 = _SHORT_MAX + 1
    if head == _BYTES_2:
        size = size << 8 | data[start]
        start += 1
        least = 256
    elif head != _BYTES_1:
        raise ValueError
    end = start + size
    if length > DATA_BYTES_MAX or size < least or end + _SIGNATURE_ROOM != length:
        raise ValueError
    if data[:2] != _START or data[_PAYLOAD_PLACE - 1] != _MAP or data[end : end + 2] != _SIGNATURE_HEAD:
        raise ValueError
    return start, end


def _outer(data: bytes, start: i64) -> tuple[_Outer, i64]:
    """Return the claims of every token up to the private ones, and the place of their content."""
    at = start + 21
    if data[start + 1 : start + 3] != _ISSUER:
        raise ValueError
    expires, at = _time_if(data, at, 4)
    not_before, at = _time_if(data, at, 5)
    issued, at = _time_if(data, at, 6)
    if issued is None or data[at : at + 2] != _ID or data[at + 12 : at + 17] != _PRIVATE:
        raise ValueError
    if data[start] != _MAP + _OUTER_ALWAYS + (expires is not None) + (not_before is not None):
        raise ValueError
    return (data[start + 3 : start + 21].decode(), expires, not_before, issued, data[at + 2 : at + 12]), at + 17


def _inner(data: bytes, start: i64) -> tuple[_Inner, i64]:
    """Return the private claims, and the place behind them."""
    if data[start + 1 : start + 3] != _TYPE:
        raise ValueError
    type_code = data[start + 3 : start + 24].decode()
    number, at = _text_if(data, start + 24, 2, _NUMBER_LENGTH_MAX)
    holder, at = _text_if(data, at, 3, _NAME_LENGTH_MAX)
    uscc, at = _uscc_if(data, at)
    first, at = _day_if(data, at, 5)
    last, at = _day_if(data, at, 6)
    office, at = _text_if(data, at, 7, _NAME_LENGTH_MAX)
    if number is None or holder is None or first is None:
        raise ValueError
    if data[start] != _MAP + _INNER_ALWAYS + (uscc is not None) + (last is not None) + (office is not None):
        raise ValueError
    digest, at = _digest(data, at)
    status_list, at = _number(data, at)
    index, at = _number(data, at)
    return (type_code, number, holder, uscc, first, last, office, digest, status_list, index), at


def _check_id(text: bytes, octets: bytes) -> None:
    """Compare the 16 characters with the ten bytes, one half after the other, for a number has 64 bits."""
    place: i64 = 0
    while place < 16:
        shown: i64 = 0
        at: i64 = place
        while at < place + 8:
            value: i64 = _VALUES[text[at]]
            if value == _NONE:
                raise ValueError
            shown = shown << 5 | value
            at += 1
        signed: i64 = 0
        at = 5 * (place >> 3)
        end = at + 5
        while at < end:
            signed = signed << 8 | octets[at]
            at += 1
        if shown != signed:
            raise ValueError
        place += 8


def _time_if(data: bytes, at: i64, key: i64) -> tuple[int | None, i64]:
    """Return the number of four bytes behind this key, and the place behind; None without the key."""
    if data[at] != key:
        return None, at
    number: i64 = data[at + 2] << 24 | data[at + 3] << 16 | data[at + 4] << 8 | data[at + 5]
    if data[at + 1] != _NUMBER_4 or number >> 16 == 0:
        raise ValueError
    return number, at + 6


def _day_if(data: bytes, at: i64, key: i64) -> tuple[int | None, i64]:
    """Return the number of two bytes behind this key, and the place behind; None without the key."""
    if data[at] != key:
        return None, at
    number: i64 = data[at + 2] << 8 | data[at + 3]
    if data[at + 1] != _NUMBER_2 or number >> 8 == 0:
        raise ValueError
    return number, at + 4


def _text_if(data: bytes, at: i64, key: i64, size_max: i64) -> tuple[str | None, i64]:
    """Return the text behind this key, of at most so many bytes, and the place behind; None without the key."""
    if data[at] != key:
        return None, at
    head: i64 = data[at + 1]
    begin = at + 2
    size = head - _TEXT
    if head == _TEXT_1:
        size = data[begin]
        begin += 1
        if size <= _SHORT_MAX:
            raise ValueError
    elif size > _SHORT_MAX:
        raise ValueError
    if size <= 0 or size > size_max:
        raise ValueError
    return data[begin : begin + size].decode(), begin + size


def _uscc_if(data: bytes, at: i64) -> tuple[str | None, i64]:
    """Return the text of 18 bytes behind key 4, and the place behind; None without the key."""
    if data[at : at + 2] != _HOLDER_USCC:
        return None, at
    return data[at + 2 : at + 20].decode(), at + 20


def _digest(data: bytes, at: i64) -> tuple[bytes, i64]:
    """Return the digest of the data set, and the place of the two numbers of the status behind it."""
    if data[at : at + 2] != _DIGEST or data[at + 18 : at + 20] != _STATUS:
        raise ValueError
    return data[at + 2 : at + 18], at + 20


def _number(data: bytes, at: i64) -> tuple[i64, i64]:
    """Return the number that stands here under its shortest head, and the place behind."""
    head: i64 = data[at]
    if head <= _SHORT_MAX:
        return head, at + 1
    number: i64 = data[at + 1]
    if head == _NUMBER_1 and number > _SHORT_MAX:
        return number, at + 2
    number = number << 8 | data[at + 2]
    if head == _NUMBER_2 and number > 0xFF:
        return number, at + 3
    number = number << 16 | data[at + 3] << 8 | data[at + 4]
    if head == _NUMBER_4 and number > 0xFFFF:
        return number, at + 5
    raise ValueError
