"""The plan of a QR code of one version: which module is fixed, and which bit of the codewords each other one shows.

Promises:
  * By ISO/IEC 18004:2015, section 6.3 (patterns), 7.7.3 (placement), 7.8 (mask), 7.9 (format), 7.10 (version).
  * A plan depends on the version alone (level M, mask 2) and is drawn once in a process.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Final

# 7.9: level M is 00, mask 2 is 010; ten check bits and the fixed pattern against an all-light strip.
_FORMAT_DATA: Final = 0b00_010
_FORMAT_GENERATOR: Final = 0b101_0011_0111
_FORMAT_PATTERN: Final = 0b101_0100_0001_0010

_VERSION_FROM: Final = 7
_VERSION_GENERATOR: Final = 0b1_1111_0010_0101

# Annex E: centres of the alignment patterns, apart from the first, which is always 6.
_ALIGNMENT: Final = (
    (), (18,), (22,), (26,), (30,), (34,), (22, 38), (24, 42), (26, 46), (28, 50), (30, 54), (32, 58), (34, 62),
    (26, 46, 66), (26, 48, 70), (26, 50, 74), (30, 54, 78),
)  # fmt: skip

_TIMING: Final = 6

Modules = dict[tuple[int, int], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The plan of one version. `pick` takes for each module, row by row, its bit out of the codewords' bits.

    Behind those bits stand a 0 and a 1 for the fixed modules. Each row has a light module more at its end.
    """

    size: int
    codeword_bits: int
    remainder_bits: int
    mask: int
    pick: Callable[[str], tuple[str, ...]]
    columns: tuple[int, ...]
    next_columns: tuple[int, ...]
    rows: tuple[int, ...]


@cache
def grid(version: int) -> Grid:
    """Draw the plan of a version from 1 to 17."""
    size = 17 + 4 * version
    fixed = _fixed_modules(version, size)
    path = _data_path(size, fixed)
    bit_of = {module: number for number, module in enumerate(path)}
    light, dark = len(path), len(path) + 1
    cells = [(row, column) for row in range(size) for column in range(size + 1)]
    return Grid(
        size=size,
        codeword_bits=len(path),
        remainder_bits=len(path) % 8,
        mask=int("".join("1" if column % 3 == 0 else "0" for _, column in path), 2),
        pick=itemgetter(*(bit_of.get(cell, dark if fixed.get(cell) else light) for cell in cells)),
        columns=tuple(column for _, column in cells),
        next_columns=tuple(column + 1 for _, column in cells),
        rows=tuple(row for row, _ in cells),
    )


def _fixed_modules(version: int, size: int) -> Modules:
    fixed: Modules = {}
    for place in range(size):
        fixed[_TIMING, place] = fixed[place, _TIMING] = place % 2 == 0
    for row, column in _alignment_centres(version, size):
        _draw_square(fixed, (row, column), radius=2, light={1})
    for row, column in ((3, 3), (3, size - 4), (size - 4, 3)):
        _draw_square(fixed, (row, column), radius=4, light={2, 4})
    for cell in [cell for cell in fixed if not (0 <= cell[0] < size and 0 <= cell[1] < size)]:
        del fixed[cell]
    _draw_format(fixed, size)
    if version >= _VERSION_FROM:
        _draw_version(fixed, version, size)
    return fixed


def _draw_square(fixed: Modules, centre: tuple[int, int], *, radius: int, light: set[int]) -> None:
    """Draw rings round a centre: those at a distance in `light` are light, all others dark."""
    for down in range(-radius, radius + 1):
        for right in range(-radius, radius + 1):
            fixed[centre[0] + down, centre[1] + right] = max(abs(down), abs(right)) not in light


def _alignment_centres(version: int, size: int) -> list[tuple[int, int]]:
    centres = (_TIMING, *_ALIGNMENT[version - 1]) if version > 1 else ()
    corners = {(_TIMING, _TIMING), (_TIMING, size - 7), (size - 7, _TIMING)}
    return [(row, column) for row in centres for column in centres if (row, column) not in corners]


def _draw_format(fixed: Modules, size: int) -> None:
    bits = _FORMAT_DATA << 10 | _check_bits(_FORMAT_DATA, _FORMAT_GENERATOR, 10)
    bits ^= _FORMAT_PATTERN
    for number in range(15):
        dark = bool(bits >> number & 1)
        # Beside the first finder pattern, round its corner; the timing pattern is stepped over.
        down = number if number < _TIMING else number + 1 if number < 8 else size - 15 + number
        right = size - 1 - number if number < 8 else 15 - number if number < 9 else 14 - number
        fixed[down, 8] = dark
        fixed[8, right] = dark
    fixed[size - 8, 8] = True


def _draw_version(fixed: Modules, version: int, size: int) -> None:
    bits = version << 12 | _check_bits(version, _VERSION_GENERATOR, 12)
    for number in range(18):
        far, near = size - 11 + number % 3, number // 3
        fixed[far, near] = fixed[near, far] = bool(bits >> number & 1)


def _check_bits(value: int, generator: int, length: int) -> int:
    remainder = value << length
    while remainder.bit_length() > length:
        remainder ^= generator << (remainder.bit_length() - generator.bit_length())
    return remainder


def _data_path(size: int, fixed: Modules) -> list[tuple[int, int]]:
    """Walk the free modules in the order of the bits: column pairs from the right, up and down in turn."""
    path = []
    upwards = True
    for right in (*range(size - 1, _TIMING, -2), *range(_TIMING - 1, 0, -2)):
        for row in range(size - 1, -1, -1) if upwards else range(size):
            path += [(row, column) for column in (right, right - 1) if (row, column) not in fixed]
        upwards = not upwards
    return path
