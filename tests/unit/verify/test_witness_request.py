"""Requests to a witness: the one of the vectors, and every body that is none."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.note import parse_verifier_key
from verify.tree import check_consistency, leaf_hash, root_of
from verify.witness_request import (
    PATH_LINES_MAX,
    WitnessRequest,
    WitnessRequestError,
    decode_size,
    encode_size,
    monitoring_path,
)

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "tlog.json").read_text())
EXAMPLE = VECTORS["witness_example"]
BODY: str = EXAMPLE["request_body"]
LOG = parse_verifier_key(VECTORS["notes"]["log_vkey"])


def test_the_request_of_the_vectors_is_read_and_written_alike() -> None:
    request = WitnessRequest.decode(BODY.encode())
    origin, size, root = request.checkpoint

    assert (request.old_size, size, origin) == (64, 300, LOG.name)
    check_consistency(64, root_of(leaf_hash(f"entry-{i}".encode()) for i in range(64)), size, root, request.path)
    assert request.encode().decode() == BODY
    first = WitnessRequest(old_size=0, path=(), note=request.note)
    assert WitnessRequest.decode(first.encode()) == first


def test_the_size_and_the_address_of_the_vectors() -> None:
    conflict = EXAMPLE["conflict_409_body_when_witness_is_at_64_and_old_is_0"]

    assert decode_size(conflict.encode()) == 64
    assert encode_size(64).decode() == conflict
    assert monitoring_path(LOG.name) == f"/{EXAMPLE['origin_hash_hex_for_monitoring']}/checkpoint"
    for body in (b"", b"64", b"064\n", b"-1\n", b"64\n\n", b"64 \n", b"9" * 40 + b"\n", "６\n".encode()):
        assert decode_size(body) is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        BODY.replace("old 64", "old 064"),
        BODY.replace("old 64", "old -1"),
        BODY.replace("old 64", "new 64"),
        BODY.replace("old 64\n", ""),
        BODY.replace("old 64\n", "old 64\n\n"),
        BODY.replace("old 64\n", "old 64\n" + "A" * 42 + "==\n"),
        BODY.replace("old 64\n", "old 64\n" + ("A" * 43 + "=\n") * PATH_LINES_MAX),
        BODY.replace("\n\n", "\n\n\n", 1),
        BODY.partition("\n\n")[0] + "\n\n",
        BODY.replace("\n300\n", "\n0300\n"),
        BODY.rstrip("\n"),
        BODY + "x" * 80_000,
        BODY.replace("log.example", "log.example\x00"),
    ],
)
def test_another_body_is_refused(body: str) -> None:
    with pytest.raises(WitnessRequestError):
        WitnessRequest.decode(body.encode())


@given(st.integers(0, len(BODY.encode()) - 1), st.integers(0, 255))
def test_no_changed_byte_breaks_the_reader(place: int, value: int) -> None:
    changed = bytearray(BODY.encode())
    changed[place] = value
    try:
        request = WitnessRequest.decode(bytes(changed))
    except WitnessRequestError:
        return

    assert request.encode() == bytes(changed)
