"""Tiles and bundles: the published files of the 300-entry log, byte for byte."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.tiles import (
    TileError,
    decode_bundle,
    encode_bundle,
    entries_path,
    split_tile,
    tile_nodes,
    tile_path,
    tiles_of_growth,
)
from verify.tree import leaf_hash, new_nodes

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "tlog.json").read_text())
ENTRIES = [f"entry-{number}".encode() for number in range(300)]
NODES = new_nodes(0, [leaf_hash(entry) for entry in ENTRIES], ())


@pytest.mark.parametrize("case", VECTORS["paths"], ids=lambda case: case["tile_path"])
def test_paths_of_the_vectors(case: dict[str, Any]) -> None:
    assert tile_path(case["level"], case["index"], case["width"]) == case["tile_path"]
    assert entries_path(case["index"], case["width"]) == case["entries_path"]


def test_the_tiles_of_the_vector_log_are_made_from_its_nodes() -> None:
    tiles = {tile_path(*tile): b"".join(NODES[node] for node in tile_nodes(*tile)) for tile in tiles_of_growth(0, 300)}

    assert tiles == {each["path"]: base64.b64decode(each["bytes_b64"]) for each in VECTORS["log300"]["hash_tiles"]}
    for tile in tiles.values():
        assert b"".join(split_tile(tile)) == tile


def test_the_bundles_of_the_vector_log_are_made_and_taken_apart() -> None:
    for each in VECTORS["log300"]["entry_bundles"]:
        start = each["index"] * 256
        entries = ENTRIES[start : start + each["width"]]
        assert encode_bundle(entries) == base64.b64decode(each["bytes_b64"])
        assert decode_bundle(base64.b64decode(each["bytes_b64"])) == tuple(entries)
        assert entries_path(each["index"], each["width"]) == each["path"]


@pytest.mark.parametrize(
    ("before", "after", "tiles"),
    [
        (0, 0, ()),
        (5, 5, ()),
        (0, 1, ((0, 0, 1),)),
        (255, 256, ((0, 0, 256), (1, 0, 1))),
        (256, 257, ((0, 1, 1),)),
        (300, 600, ((0, 1, 256), (0, 2, 88), (1, 0, 2))),
    ],
)
def test_growth_publishes_what_is_new_and_nothing_else(
    before: int, after: int, tiles: tuple[tuple[int, int, int], ...]
) -> None:
    assert tiles_of_growth(before, after) == tiles


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_bundles_read_back(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries)) == tuple(entries)


@pytest.mark.parametrize("bundle", [b"", b"\x00", b"\x00\x01", b"\x00\x02x", b"\x00\x00" * 257, b"\x00\x00" * 300])
def test_a_bundle_that_is_cut_short_or_too_long_is_refused(bundle: bytes) -> None:
    with pytest.raises(TileError):
        decode_bundle(bundle)


@pytest.mark.parametrize("entries", [[], [b""] * 257, [bytes(65_536)]])
def test_a_bundle_that_cannot_be_read_back_is_not_written(entries: list[bytes]) -> None:
    with pytest.raises(TileError):
        encode_bundle(entries)


@pytest.mark.parametrize("tile", [b"", bytes(31), bytes(32 * 257)])
def test_a_tile_of_another_length_is_refused(tile: bytes) -> None:
    with pytest.raises(TileError):
        split_tile(tile)


@pytest.mark.parametrize(("level", "index", "width"), [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)])
def test_a_tile_that_cannot_be_has_no_path(level: int, index: int, width: int) -> None:
    with pytest.raises(TileError):
        tile_path(level, index, width)
