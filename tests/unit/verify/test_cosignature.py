"""Cosignatures: those of the vectors, of both kinds, and every way in which one may be bad."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from verify.cosignature import (
    WitnessKey,
    cosignature_line,
    cosigned_message,
    parse_witness_key,
    read_cosignatures,
    witness_key,
)
from verify.note import NoteError, note_key_id, signature_line

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "tlog.json").read_text())
NOTES, EXAMPLE, QUANTUM = VECTORS["notes"], VECTORS["witness_example"], VECTORS["ml_dsa_44_cosignature_size_64"]
WITNESS = parse_witness_key(NOTES["witness_vkey"])
KEY = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(NOTES["witness_seed_hex"]))
GOOD = NOTES["checkpoints"][2]
AT = 1_700_000_000


@pytest.mark.parametrize("case", NOTES["checkpoints"], ids=lambda case: str(case["size"]))
def test_the_cosignatures_of_the_vectors_are_read_and_written_alike(case: dict[str, Any]) -> None:
    (found,) = read_cosignatures(case["cosigned_note"], [WITNESS])
    message = cosigned_message(case["cosign_time"], case["body"])

    assert (found.witness, found.at) == (WITNESS, datetime.fromtimestamp(case["cosign_time"], UTC))
    assert message.decode() == case["cosigned_message"]
    assert cosignature_line(WITNESS, case["cosign_time"], KEY.sign(message)) == case["cosignature_line"]
    assert read_cosignatures(case["signed_note"], [WITNESS]) == ()


def test_the_answer_of_the_witness_in_the_vectors_is_a_cosignature_of_what_was_sent() -> None:
    note = EXAMPLE["request_body"].partition("\n\n")[2]

    (found,) = read_cosignatures(note + EXAMPLE["response_200_body"], [WITNESS])

    assert found.at == datetime.fromtimestamp(AT, UTC)


def test_the_ml_dsa_cosignature_of_the_vectors_is_read() -> None:
    witness = parse_witness_key(QUANTUM["vkey"])

    (found,) = read_cosignatures(QUANTUM["cosigned_note"], [witness])

    assert (found.witness.key_id.hex(), found.witness.kind) == (QUANTUM["key_id_hex"], 6)
    with pytest.raises(NoteError):
        read_cosignatures(QUANTUM["cosigned_note"].replace("\n64\n", "\n65\n"), [witness])


def test_key_texts_read_back() -> None:
    assert WITNESS.text == NOTES["witness_vkey"]
    assert witness_key(WITNESS.name, WITNESS.public) == WITNESS
    assert parse_witness_key(QUANTUM["vkey"]).text == QUANTUM["vkey"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "w+00000000+",
        NOTES["log_vkey"],  # type 0x01
        VECTORS["ecdsa_key_id_example"]["vkey"],
        NOTES["witness_vkey"].replace("w1", "w2"),
        NOTES["witness_vkey"].replace("+3504c0db+", "+3504C0DB+"),
        NOTES["witness_vkey"][:-4],
        f"a b+{note_key_id('a b', 4, bytes(32)).hex()}+{base64.b64encode(bytes([4, *bytes(32)])).decode()}",
    ],
)
def test_another_key_is_no_witnesss(text: str) -> None:
    with pytest.raises(NoteError):
        parse_witness_key(text)


def test_lines_of_unknown_witnesses_are_ignored_and_a_witness_counts_once() -> None:
    stranger = witness_key("stranger", bytes(32))
    later = cosignature_line(WITNESS, AT + 1, KEY.sign(cosigned_message(AT + 1, GOOD["body"])))
    note = GOOD["cosigned_note"] + cosignature_line(stranger, AT, bytes(64)) + later

    assert [each.at.timestamp() for each in read_cosignatures(note, [WITNESS])] == [AT]
    assert read_cosignatures(note, []) == ()


@pytest.mark.parametrize(
    "line",
    [
        cosignature_line(WITNESS, AT, bytes(64)),
        cosignature_line(WITNESS, AT + 1, KEY.sign(cosigned_message(AT, GOOD["body"]))),
        cosignature_line(WITNESS, 0, KEY.sign(cosigned_message(0, GOOD["body"]))),
        cosignature_line(WITNESS, 1 << 62, KEY.sign(cosigned_message(1 << 62, GOOD["body"]))),
        cosignature_line(WITNESS, AT, KEY.sign(cosigned_message(AT, NOTES["checkpoints"][1]["body"]))),
        signature_line(WITNESS.name, WITNESS.key_id, KEY.sign(GOOD["body"].encode())),
    ],
    ids=["forged", "other time", "no time", "no such time", "other checkpoint", "no cosignature"],
)
def test_a_bad_line_of_a_known_witness_makes_the_whole_note_bad(line: str) -> None:
    for note in (GOOD["signed_note"] + line, GOOD["cosigned_note"] + line):
        with pytest.raises(NoteError):
            read_cosignatures(note, [WITNESS])


@given(st.integers(0, len(GOOD["cosigned_note"]) - 1), st.characters(codec="utf-8"))
def test_a_changed_note_has_no_cosignature_of_another_text(place: int, character: str) -> None:
    good = GOOD["cosigned_note"]
    changed = good[:place] + character + good[place + 1 :]
    try:
        found = read_cosignatures(changed, [WITNESS])
    except NoteError:
        return

    # What still reads has either no line of this witness any more, or the witness's text as it was.
    assert not found or changed.startswith(GOOD["body"])


def test_a_witness_key_must_be_its_own() -> None:
    with pytest.raises(NoteError):
        WitnessKey("w", bytes(4), 4, bytes(32))
