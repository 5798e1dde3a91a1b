"""QR codes: from a text to the rectangles of its dark modules, by a writer of our own in 0.6 ms.

Promises:
  * Level M, mask 2, version 1 to 17, by ISO/IEC 18004:2015; the same text always gives the same matrix.
  * The text up to and including "#" is a byte segment, digits after it are one numeric segment: 3 digits in 10 bits.
  * The matrix equals that of the `qrcode` package module by module, and `zxing-cpp` reads it (test_qr.py).

Not here: other levels, kanji and ECI, since no text of ours needs them; the quiet zone, which the template keeps.

Why it is fast (README.md): everything that depends on the version alone is computed once: where each bit of the
codewords goes, the mask in the order of the codewords, and for each number of check bytes a table of 256 products.
"""

from dataclasses import dataclass, field
from functools import cache
from itertools import compress, repeat
from operator import sub
from typing import Final

from signer.page.errors import QrTooLongError
from signer.page.qr_grid import Grid, grid
from verify.errors import MalformedError

Rect = tuple[int, int, int, int]

# A version 17 at 0.40 mm a module is 34 mm wide, the most that the templates leave; phones read it from paper.
VERSION_MAX: Final = 17

# ISO/IEC 18004:2015, table 9, level M: error-correction bytes a block, blocks, data bytes of all blocks together. Where
# the data does not divide, the last blocks are one byte longer.
_BLOCKS: Final = (
    (10, 1, 16), (16, 1, 28), (26, 1, 44), (18, 2, 64), (24, 2, 86), (16, 4, 108), (18, 4, 124), (22, 4, 154),
    (22, 5, 182), (26, 5, 216), (30, 5, 254), (22, 8, 290), (22, 9, 334), (24, 9, 365), (24, 10, 415), (28, 10, 453),
    (28, 11, 507),
)  # fmt: skip

# From version 10 on the lengths of segments take more bits: (byte mode, numeric mode).
_LONG_FROM: Final = 10
_LENGTH_BITS: Final = ((8, 10), (16, 12))

_BYTE_MODE: Final = "0100"
_NUMERIC_MODE: Final = "0001"
_PADDING: Final = b"\xec\x11"
_BITS_TO_TRUTH: Final = bytes.maketrans(b"01", b"\0\1")

_BYTE_BITS: Final = tuple(f"{value:08b}" for value in range(256))
_GROUP_BITS: Final = {
    f"{value:0{length}}": f"{value:0{bits}b}"
    for length, bits in ((1, 4), (2, 7), (3, 10))
    for value in range(10**length)
}


@dataclass(frozen=True, slots=True)
class QrMatrix:
    """A code of `size` modules a side, without quiet zone; `rects` are its dark runs: x, y, width, 1."""

    size: int
    rects: tuple[Rect, ...] = field(repr=False)


def qr_matrix(text: str) -> QrMatrix:
    """Make the code of a text.

    Raises `QrTooLongError` above version 17, `MalformedError` for a text that is not ASCII.
    """
    version, bits = _encode(text)
    check_bytes, blocks, capacity = _BLOCKS[version - 1]
    data = _padded(bits, capacity)
    place = grid(version)
    codewords = int.from_bytes(_interleaved(data, blocks, check_bytes)) << place.remainder_bits
    return QrMatrix(place.size, _runs(place, codewords))


def demand_room(text: str) -> None:
    """Raise what `qr_matrix` would for this text, without making the code."""
    plain, digits = _cut(text)
    _version(len(plain), len(digits))


def _cut(text: str) -> tuple[str, str]:
    """Split into what becomes a byte segment and what becomes a numeric one; either may be empty."""
    if not text.isascii():
        raise MalformedError("the text of a code is ASCII")
    split = text.find("#") + 1
    return (text[:split], text[split:]) if text[split:].isdigit() else (text, "")


def _version(plain: int, digits: int) -> int:
    """Return the smallest version for so many bytes and digits."""
    of_groups = digits // 3 * 10 + (0, 4, 7)[digits % 3]
    for version, (_, _, capacity) in enumerate(_BLOCKS, start=1):
        of_bytes, of_digits = _LENGTH_BITS[version >= _LONG_FROM]
        bits = (4 + of_bytes + 8 * plain if plain else 0) + (4 + of_digits + of_groups if digits else 0)
        if bits <= capacity * 8 and plain < 1 << of_bytes and digits < 1 << of_digits:
            return version
    raise QrTooLongError("no version up to 17 holds the text")


def _encode(text: str) -> tuple[int, str]:
    """Choose the smallest version that holds the text, and spell the text in bits for it."""
    plain, digits = _cut(text)
    version = _version(len(plain), len(digits))
    of_bytes, of_digits = _LENGTH_BITS[version >= _LONG_FROM]
    bits = ""
    if plain:
        bits += f"{_BYTE_MODE}{len(plain):0{of_bytes}b}" + "".join([_BYTE_BITS[each] for each in plain.encode("ascii")])
    if digits:
        bits += f"{_NUMERIC_MODE}{len(digits):0{of_digits}b}"
        bits += "".join([_GROUP_BITS[digits[start : start + 3]] for start in range(0, len(digits), 3)])
    return version, bits


def _padded(bits: str, capacity: int) -> bytes:
    """End the bits with up to four zeros, fill the byte, and then the capacity with the two padding bytes in turn."""
    bits += "0" * min(4, capacity * 8 - len(bits))
    bits += "0" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8)
    return data + (_PADDING * capacity)[: capacity - len(data)]


def _interleaved(data: bytes, blocks: int, check_bytes: int) -> bytes:
    """Cut the data into blocks, compute each one's check bytes, and take a byte of each block in turn (7.6)."""
    short, longer = divmod(len(data), blocks)
    spread = bytearray(short * blocks)
    tail = bytearray()
    checks = bytearray(check_bytes * blocks)
    start = 0
    for number in range(blocks):
        end = start + short + (number >= blocks - longer)
        block = data[start:end]
        spread[number::blocks] = block[:short]
        tail += block[short:]
        checks[number::blocks] = _check(block, check_bytes)
        start = end
    return bytes(spread + tail + checks)


def _check(block: bytes, length: int) -> bytes:
    """Compute the Reed-Solomon check bytes of a block: the remainder by the generator, a byte at a time."""
    products = _products(length)
    top = 8 * (length - 1)
    rest_mask = (1 << top) - 1
    remainder = 0
    for value in block:
        remainder = ((remainder & rest_mask) << 8) ^ products[(remainder >> top) ^ value]
    return remainder.to_bytes(length)


@cache
def _products(length: int) -> tuple[int, ...]:
    """Return the generator polynomial of this many check bytes times each value of GF(256), as one big number each."""
    powers = [1]
    for _ in range(254):
        powers.append(_doubled(powers[-1]))
    logarithms = {value: exponent for exponent, value in enumerate(powers)}

    def multiply(first: int, second: int) -> int:
        return powers[(logarithms[first] + logarithms[second]) % 255] if first and second else 0

    generator = [1]
    for exponent in range(length):
        shifted, scaled = [*generator, 0], [0, *(multiply(each, powers[exponent]) for each in generator)]
        generator = [one ^ other for one, other in zip(shifted, scaled, strict=True)]
    return tuple(
        int.from_bytes(bytes(multiply(coefficient, value) for coefficient in generator[1:])) for value in range(256)
    )


def _doubled(value: int) -> int:
    """Multiply by the primitive element: the field's polynomial is x^8 + x^4 + x^3 + x^2 + 1 (7.5.2)."""
    return value << 1 if value < 0x80 else (value << 1) ^ 0x11D


def _runs(place: Grid, codewords: int) -> tuple[Rect, ...]:
    """Put the codewords' bits to their places and read off the dark runs of each row.

    A row ends with a light module more, so that no run goes round the corner: a run starts where the module to the left
    is light, and ends where the one to the right is.
    """
    source = f"{codewords ^ place.mask:0{place.codeword_bits}b}01"
    modules = int("".join(place.pick(source)), 2)
    starts = _truth(modules & ~(modules >> 1), place)
    ends = _truth(modules & ~(modules << 1), place)
    first = tuple(compress(place.columns, starts))
    widths = map(sub, compress(place.next_columns, ends), first)
    return tuple(zip(first, compress(place.rows, starts), widths, repeat(1), strict=False))


def _truth(modules: int, place: Grid) -> bytes:
    return f"{modules:0{len(place.columns)}b}".encode("ascii").translate(_BITS_TO_TRUTH)
