"""Recompute a published log: every leaf from its entry, every tile from what lies below it, the root from all.

Promises:
  * One bundle and one tile of each level are in memory, however long the log is.
  * Where bundle and tile disagree, the level above (at the log's end: the signed root) says which of them is wrong:
    that one is named with its file and place, and the walk goes on with the other; one flipped byte is one finding.
  * What is published for a larger log serves for a smaller one: a full tile stands in for a partial one.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol

from verify.log_audit.findings import Findings
from verify.tiles import TILE_WIDTH, TileError, decode_bundle, entries_path, split_tile, tile_path
from verify.tree import EMPTY_ROOT, HASH_BYTES, node_hash

HEIGHT: Final = 8


class Reader(Protocol):
    """Where published files are read from."""

    def get(self, path: str) -> bytes | None:
        """Return a file by its path below the published folder; None when it is not there. Raises `ReadError`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle as it counts. ``entries`` are empty where they cannot be read; ``leaves`` are their hashes.

    ``top`` is the hash of a full bundle whose entries and leaves are lost, else empty.
    """

    prefix: str
    start: int
    width: int
    entries: tuple[bytes, ...]
    leaves: tuple[bytes, ...]
    top: bytes = b""

    @property
    def file(self) -> str:
        """The path of the bundle."""
        return self.prefix + entries_path(self.start // TILE_WIDTH, self.width)


class TreeWalk:
    """Walks through a log of this size and root, from its first entry or from a place that was kept."""

    def __init__(self, reader: Reader, prefix: str, checkpoint: tuple[int, bytes], findings: Findings) -> None:
        self.size, self.root_wanted = checkpoint
        self.position = 0
        self.tops = bytearray()
        self._reader = reader
        self._prefix = prefix
        self._findings = findings
        self._levels: list[list[bytes]] = [[]]
        self._tiles: dict[int, tuple[int, tuple[bytes, ...] | None]] = {}

    def read(self) -> Bundle | None:
        """Return the next bundle; None at the end, or where nothing is left from which the tree could be made."""
        if self.position >= self.size:
            return None
        index, start = self.position // TILE_WIDTH, self.position
        width = min(TILE_WIDTH, self.size - start)
        stored = self._stored(0, index)
        entries, hashes = self._entries(index, width, stored)
        if hashes and (stored is None or hashes == stored):
            return Bundle(prefix=self._prefix, start=start, width=width, entries=entries, leaves=hashes)
        if hashes and stored is not None:
            return self._settled(
                Bundle(prefix=self._prefix, start=start, width=width, entries=entries, leaves=hashes), stored
            )
        if stored is not None:
            return Bundle(prefix=self._prefix, start=start, width=width, entries=(), leaves=stored)
        above = self._above(index) if width == TILE_WIDTH else None
        if above is None:
            self._findings.fail("checker.stopped", file=self._prefix + entries_path(index, width), index=start)
            return None
        return Bundle(prefix=self._prefix, start=start, width=width, entries=(), leaves=(), top=above)

    def push(self, bundle: Bundle) -> None:
        """Take a bundle into the tree, and compare the tiles that it completes."""
        self.position = bundle.start + bundle.width
        if bundle.width < TILE_WIDTH:
            self._levels[0] = list(bundle.leaves)
            return
        top = bundle.top or subtree(bundle.leaves)
        self.tops += top
        self._push(1, bundle.start // TILE_WIDTH, top)

    def root(self, leaves: Sequence[bytes] = ()) -> bytes:
        """Return the root of what was pushed and these leaves behind it."""
        return folded((leaves or self._levels[0], *self._levels[1:]))

    def state(self) -> dict[str, object]:
        """Return where the walk stands, for JSON; only at the beginning of a bundle."""
        levels = [base64.b64encode(b"".join(each)).decode() for each in self._levels]
        return {"position": self.position, "levels": levels, "tops": base64.b64encode(self.tops).decode()}

    def restore(self, state: Mapping[str, object]) -> None:
        """Go on where ``state`` was taken; leaves of a bundle that was not full are read again."""
        position, levels, tops = state["position"], state["levels"], state["tops"]
        if not isinstance(position, int) or not isinstance(levels, list) or not isinstance(tops, str):
            raise TypeError("not the state of a walk")
        self.position = position - position % TILE_WIDTH
        self._levels = [[], *(_cut(base64.b64decode(each)) for each in levels[1:])]
        self.tops = bytearray(base64.b64decode(tops))

    def _push(self, level: int, place: int, hashed: bytes) -> None:
        if len(self._levels) == level:
            self._levels.append([])
        stored = self._stored(level, place // TILE_WIDTH)
        if stored is not None and stored[place % TILE_WIDTH] != hashed:
            path = self._tile(level, place // TILE_WIDTH)
            found = stored[place % TILE_WIDTH]
            self._findings.fail(
                "checker.tile_changed", file=path, place=place % TILE_WIDTH, expected=hashed, found=found
            )
        row = self._levels[level]
        row.append(hashed)
        if len(row) == TILE_WIDTH:
            self._levels[level] = []
            self._push(level + 1, place // TILE_WIDTH, subtree(row))

    def _entries(
        self, index: int, width: int, stored: tuple[bytes, ...] | None
    ) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """Return entries and their hashes; both empty when the bundle is missing or cannot be read."""
        path = self._prefix + entries_path(index, width)
        content, is_cut = self._either(path, self._prefix + entries_path(index, TILE_WIDTH))
        if content is None:
            self._findings.fail("checker.file_missing", file=path, index=index * TILE_WIDTH)
            return (), ()
        try:
            entries = decode_bundle(content)[: width if is_cut else None]
        except TileError:
            entries = ()
        if len(entries) != width:
            first = index * TILE_WIDTH + _first_wrong(content, stored or ())
            self._findings.fail("checker.bundle_malformed", file=path, index=first)
            return (), ()
        return entries, tuple([sha256(b"\0" + each).digest() for each in entries])

    def _settled(self, bundle: Bundle, stored: tuple[bytes, ...]) -> Bundle:
        """Name which of bundle and tile is wrong, and return what the tree was made of."""
        index, tile = bundle.start // TILE_WIDTH, self._tile(0, bundle.start // TILE_WIDTH)
        if bundle.width == TILE_WIDTH:
            wanted: bytes | None = self._above(index)
            tops = subtree(bundle.leaves), subtree(stored)
        else:
            wanted = self.root_wanted
            tops = self.root(bundle.leaves), self.root(stored)
        is_tile_wrong, is_bundle_wrong = tops[0] == wanted, tops[1] == wanted
        for place, (ours, theirs) in enumerate(zip(bundle.leaves, stored, strict=True)):
            if ours == theirs:
                continue
            if is_tile_wrong:
                self._findings.fail("checker.tile_changed", file=tile, place=place, expected=ours, found=theirs)
            else:
                code = "checker.entry_changed" if is_bundle_wrong else "checker.leaf_differs"
                where = {"file": bundle.file, "index": bundle.start + place}
                self._findings.fail(code, **where, expected=theirs, found=ours)
        if not is_bundle_wrong:
            return bundle
        same = tuple(
            entry if ours == theirs else b""
            for entry, ours, theirs in zip(bundle.entries, bundle.leaves, stored, strict=True)
        )
        return Bundle(prefix=self._prefix, start=bundle.start, width=bundle.width, entries=same, leaves=stored)

    def _above(self, index: int) -> bytes | None:
        """Return what the published tile of level 1 says of a full bundle."""
        stored = self._stored(1, index // TILE_WIDTH)
        return None if stored is None else stored[index % TILE_WIDTH]

    def _tile(self, level: int, index: int) -> str:
        return self._prefix + tile_path(level, index, self._width(level, index))

    def _width(self, level: int, index: int) -> int:
        return min(TILE_WIDTH, (self.size >> (HEIGHT * level)) - TILE_WIDTH * index)

    def _stored(self, level: int, index: int) -> tuple[bytes, ...] | None:
        """Return the published tile, read once; a missing or broken one is a finding."""
        kept = self._tiles.get(level)
        if kept is not None and kept[0] == index:
            return kept[1]
        hashes = self._read_tile(level, index)
        self._tiles[level] = (index, hashes)
        return hashes

    def _read_tile(self, level: int, index: int) -> tuple[bytes, ...] | None:
        width, path = self._width(level, index), self._tile(level, index)
        content, is_cut = self._either(path, self._prefix + tile_path(level, index, TILE_WIDTH))
        if content is None:
            self._findings.fail("checker.file_missing", file=path, index=index * TILE_WIDTH << (HEIGHT * level))
            return None
        try:
            hashes = split_tile(content)[: width if is_cut else None]
        except TileError:
            hashes = ()
        if len(hashes) != width:
            wanted = width * HASH_BYTES
            self._findings.fail("checker.tile_malformed", file=path, expected=f"{wanted} B", found=f"{len(content)} B")
            return None
        return hashes

    def _either(self, path: str, full: str) -> tuple[bytes | None, bool]:
        """Return a file, or the full one in place of a partial one, and whether it is that and must be cut."""
        content = self._reader.get(path)
        return (self._reader.get(full), True) if content is None and full != path else (content, False)


def folded(levels: Sequence[Sequence[bytes]]) -> bytes:
    """Return the root over rows of hashes: each row 256 times as high as the one before it, and left of it."""
    parts: list[bytes] = []
    for hashes in reversed(levels):
        start = 0
        while start < len(hashes):
            width = 1 << ((len(hashes) - start).bit_length() - 1)
            parts.append(subtree(hashes[start : start + width]))
            start += width
    if not parts:
        return EMPTY_ROOT
    root = parts[-1]
    for left in reversed(parts[:-1]):
        root = node_hash(left, root)
    return root


def subtree(hashes: Sequence[bytes]) -> bytes:
    """Return the root of a power of two of hashes."""
    row = list(hashes)
    while len(row) > 1:
        row = [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def _cut(data: bytes) -> list[bytes]:
    return [data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES)]


def _first_wrong(content: bytes, stored: Sequence[bytes]) -> int:
    """Return the place of the first entry of a broken bundle that is not the one of the tile."""
    place = 0
    for number, wanted in enumerate(stored):
        end = place + 2 + int.from_bytes(content[place : place + 2])
        if sha256(b"\0" + content[place + 2 : end]).digest() != wanted:
            return number
        place = end
    return 0
