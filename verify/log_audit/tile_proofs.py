"""Proofs made from published tiles alone, for the evidence that an auditor keeps.

Promises: a proof is made of tiles that the walk compared; it is checked by whoever reads it, as any other.
"""

from verify.errors import MalformedError
from verify.log_audit.tree_walk import HEIGHT, Reader, subtree
from verify.log_proof import LogReceipt
from verify.note import Checkpoint
from verify.tiles import TILE_WIDTH, TileError, split_tile, tile_path
from verify.tree import Node, combine, consistency_nodes, inclusion_nodes


class TileMissingError(MalformedError):
    """A tile that a proof needs is not there, or broken."""

    code = "tile.missing"


class TileProofs:
    """Makes proofs for one checkpoint; keeps the tiles that it read, some dozen for each proof."""

    def __init__(self, reader: Reader, prefix: str, checkpoint: Checkpoint) -> None:
        self._reader = reader
        self._prefix = prefix
        self._checkpoint = checkpoint
        self._tiles: dict[tuple[int, int], tuple[bytes, ...]] = {}

    def inclusion(self, index: int, entry: bytes) -> LogReceipt:
        """Return the receipt of an entry. Raises ``TileMissingError``."""
        path = self._combined(inclusion_nodes(index, self._checkpoint.size))
        return LogReceipt(entry=entry, index=index, path=path, note=self._checkpoint.note)

    def growth(self, old_size: int) -> tuple[bytes, ...]:
        """Return the proof that the log grew out of a smaller one. Raises ``TileMissingError``."""
        return self._combined(consistency_nodes(old_size, self._checkpoint.size))

    def _combined(self, groups: tuple[tuple[Node, ...], ...]) -> tuple[bytes, ...]:
        return combine(groups, {node: self._node(*node) for group in groups for node in group})

    def _node(self, level: int, offset: int) -> bytes:
        height, count = divmod(level, HEIGHT)[0], 1 << level % HEIGHT
        start = offset * count
        tile = self._tile(height, start // TILE_WIDTH)
        place = start % TILE_WIDTH
        if place + count > len(tile):
            raise TileMissingError("a tile is too short")
        return subtree(tile[place : place + count])

    def _tile(self, level: int, index: int) -> tuple[bytes, ...]:
        if (level, index) not in self._tiles:
            width = min(TILE_WIDTH, (self._checkpoint.size >> (HEIGHT * level)) - TILE_WIDTH * index)
            content = self._reader.get(self._prefix + tile_path(level, index, width))
            if content is None and width < TILE_WIDTH:
                content = self._reader.get(self._prefix + tile_path(level, index, TILE_WIDTH))
            try:
                self._tiles[level, index] = split_tile(content or b"")
            except TileError as error:
                raise TileMissingError("a tile is missing or broken") from error
        return self._tiles[level, index]
