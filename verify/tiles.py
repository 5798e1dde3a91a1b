"""Files by which a log is published: hash tiles and entry bundles (C2SP tlog-tiles).

Promises:
  * Paths, tiles and bundles are the ones of the standard; encoder and decoder of a bundle are inverse.
  * A partial tile carries its width in its path; a full tile (256 wide) does not.
"""

from collections.abc import Sequence
from typing import Final

from verify.errors import MalformedError
from verify.tree import HASH_BYTES

TILE_WIDTH: Final = 256
LEVEL_MAX: Final = 63
ENTRY_BYTES_MAX: Final = 65_535
_HEIGHT: Final = 8

CHECKPOINT: Final = "checkpoint"
WITNESSED_CHECKPOINT: Final = "checkpoint.witnessed"
"""Our own file beside the standard's `checkpoint`: the newest one that has its quorum of witnesses."""


class TileError(MalformedError):
    """Not a tile, a bundle or a place of one."""

    code = "tile.malformed"


def tile_path(level: int, index: int, width: int) -> str:
    """Return the path of a hash tile."""
    if not 0 <= level <= LEVEL_MAX:
        raise TileError("no such level")
    return f"tile/{level}/{_number(index, width)}"


def entries_path(index: int, width: int) -> str:
    """Return the path of an entry bundle."""
    return f"tile/entries/{_number(index, width)}"


def _number(index: int, width: int) -> str:
    """Cut the number into groups of three digits, all but the last led by x; a partial tile carries its width."""
    if index < 0 or not 1 <= width <= TILE_WIDTH:
        raise TileError("no such tile")
    groups = f"{index:,}".split(",")
    path = "/".join((*(f"x{each:0>3}" for each in groups[:-1]), f"{groups[-1]:0>3}"))
    return path if width == TILE_WIDTH else f"{path}.p/{width}"


def tiles_of_growth(size_before: int, size: int) -> tuple[tuple[int, int, int], ...]:
    """Return level, index and width of each hash tile that a log must publish when it grows to ``size``."""
    tiles: list[tuple[int, int, int]] = []
    level = 0
    while size >> (_HEIGHT * level):
        before, after = size_before >> (_HEIGHT * level), size >> (_HEIGHT * level)
        first, last = before // TILE_WIDTH, after // TILE_WIDTH
        if before != after:
            tiles.extend((level, index, TILE_WIDTH) for index in range(first, last))
            if after % TILE_WIDTH:
                tiles.append((level, last, after % TILE_WIDTH))
        level += 1
    return tuple(tiles)


def tile_nodes(level: int, index: int, width: int) -> tuple[tuple[int, int], ...]:
    """Return the coordinates (see ``tree``) of the hashes that a tile holds, in order."""
    return tuple((_HEIGHT * level, TILE_WIDTH * index + place) for place in range(width))


def split_tile(tile: bytes) -> tuple[bytes, ...]:
    """Return the hashes of a tile; raises ``TileError`` for anything but 1 to 256 hashes."""
    if len(tile) % HASH_BYTES or not 0 < len(tile) <= TILE_WIDTH * HASH_BYTES:
        raise TileError("a tile holds 1 to 256 hashes")
    return tuple(tile[start : start + HASH_BYTES] for start in range(0, len(tile), HASH_BYTES))


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return an entry bundle: for each entry its length in two bytes, then its bytes."""
    _refuse_bad_entries(entries)
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_bundle(bundle: bytes) -> tuple[bytes, ...]:
    """Take an entry bundle apart; raises ``TileError`` when it is cut short or holds more than 256 entries."""
    entries: list[bytes] = []
    place = 0
    while place < len(bundle) and len(entries) <= TILE_WIDTH:
        start = place + 2
        place = start + int.from_bytes(bundle[place:start], "big")
        entries.append(bundle[start:place])
    if place != len(bundle):
        raise TileError("the bundle is cut short or too long")
    _refuse_bad_entries(entries)
    return tuple(entries)


def _refuse_bad_entries(entries: Sequence[bytes]) -> None:
    if not 0 < len(entries) <= TILE_WIDTH or any(len(entry) > ENTRY_BYTES_MAX for entry in entries):
        raise TileError("a bundle holds 1 to 256 entries of at most 65,535 bytes")
