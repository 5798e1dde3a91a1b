"""Entries read again: what an entry given up was, and the part of a log that an earlier run went through.

Promises:
  * What a run went through before is bound by the hash of each bundle that was kept: a root of any size in it is made
    from those, and a bundle that is another one by now is a finding.
  * Bundles are remembered up to some megabytes, however long a hostile log makes its entries.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from verify.errors import MalformedError
from verify.log_audit.findings import Findings
from verify.log_audit.tree_walk import Reader, TreeWalk, folded, subtree
from verify.log_entry import EntryKind
from verify.tiles import TILE_WIDTH, TileError, decode_bundle, entries_path
from verify.tree import HASH_BYTES, leaf_hash
from verify.usual_entry import EntryReader

_BUNDLES_KEPT: Final = 16
_BYTES_KEPT: Final = 8 << 20


class Bundles:
    """Bundles of a log by number, the ones read last remembered."""

    def __init__(self, reader: Reader, prefix: str) -> None:
        self._reader = reader
        self._prefix = prefix
        self._kept: OrderedDict[int, tuple[bytes, ...]] = OrderedDict()
        self._bytes = 0

    def get(self, number: int, size: int) -> tuple[bytes, ...]:
        """Return the entries of a bundle of a log of this size; none where it cannot be read."""
        if number not in self._kept:
            self._keep(number, self._read(number, min(TILE_WIDTH, size - number * TILE_WIDTH)))
        return self._kept[number]

    def entry(self, index: int, size: int) -> bytes | None:
        """Return one entry; None where it cannot be read."""
        entries, place = self.get(index // TILE_WIDTH, size), index % TILE_WIDTH
        return entries[place] if place < len(entries) else None

    def _read(self, number: int, width: int) -> tuple[bytes, ...]:
        content = self._reader.get(self._prefix + entries_path(number, width))
        if content is None and width < TILE_WIDTH:
            content = self._reader.get(self._prefix + entries_path(number, TILE_WIDTH))
        try:
            return decode_bundle(content or b"")
        except TileError:
            return ()

    def _keep(self, number: int, entries: tuple[bytes, ...]) -> None:
        self._kept[number] = entries
        self._bytes += sum(map(len, entries))
        while len(self._kept) > 1 and (len(self._kept) > _BUNDLES_KEPT or self._bytes > _BYTES_KEPT):
            self._bytes -= sum(map(len, self._kept.popitem(last=False)[1]))


class Earlier:
    """What lies below the place at which this run took up the walk."""

    def __init__(self, walk: TreeWalk, bundles: Bundles, prefix: str, findings: Findings) -> None:
        self._walk = walk
        self._bundles = bundles
        self._prefix = prefix
        self._findings = findings
        self._end = walk.position
        self._tops = [
            bytes(walk.tops[start : start + HASH_BYTES])
            for start in range(0, min(self._end // TILE_WIDTH * HASH_BYTES, len(walk.tops)), HASH_BYTES)
        ]

    @property
    def end(self) -> int:
        """Where this run took up the walk: what is below was gone through before."""
        return self._end

    def root(self, size: int) -> bytes | None:
        """Return the root of this size; None where its bundle cannot be had any more."""
        number, rest = divmod(size, TILE_WIDTH)
        leaves: list[bytes] = []
        if rest:
            leaves = [leaf_hash(each) for each in self._entries(number)][:rest]
            if not leaves:
                return None
        return folded([leaves, self._tops[:number]])

    def find(self, digests: frozenset[bytes]) -> Iterator[tuple[bytes, int]]:
        """Yield each of these digests that a signing intent bears, with its place; the first one counts."""
        left, read = set(digests), EntryReader().read
        for number in range(len(self._tops)):
            for index, entry in enumerate(self._entries(number) if left else (), number * TILE_WIDTH):
                try:
                    found = read(entry)
                except MalformedError:  # it was found when it was read the first time
                    continue
                if found.shape.kind is EntryKind.INTENT and found.digest in left:
                    left.discard(found.digest)
                    yield found.digest, index

    def entry(self, index: int) -> bytes:
        """Return an entry that the walk went through before; empty where it cannot be had any more."""
        entries = self._entries(index // TILE_WIDTH) if 0 <= index < self._end else ()
        return entries[index % TILE_WIDTH] if entries else b""

    def _entries(self, number: int) -> tuple[bytes, ...]:
        """Return a bundle, if it is still the one that was gone through."""
        entries = self._bundles.get(number, self._walk.size) if number < len(self._tops) else ()
        if len(entries) == TILE_WIDTH and subtree([leaf_hash(each) for each in entries]) == self._tops[number]:
            return entries
        file = self._prefix + entries_path(number, TILE_WIDTH)
        self._findings.fail("checker.bundle_other", file=file, index=number * TILE_WIDTH)
        return ()
