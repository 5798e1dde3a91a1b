"""Signed checkpoints: the notes of the vectors, and every way in which a note may be bad."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from verify.note import (
    LogVerifier,
    NoteError,
    checkpoint_body,
    note_key_id,
    open_checkpoint,
    parse_verifier_key,
    signature_line,
    verifier_key_text,
)
from verify.tree import leaf_hash, root_of

NOTES: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "tlog.json").read_text())["notes"]
EXAMPLE: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "tlog.json").read_text())
LOG = parse_verifier_key(NOTES["log_vkey"])
KEY = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(NOTES["log_seed_hex"]))
GOOD: str = NOTES["checkpoints"][2]["signed_note"]


def signed(text: str) -> str:
    """A note over any text, signed with the key of the vectors."""
    return f"{text}\n{signature_line(LOG.name, LOG.key_id, KEY.sign(text.encode()))}"


@pytest.mark.parametrize("case", NOTES["checkpoints"], ids=lambda case: str(case["size"]))
@pytest.mark.parametrize("form", ["signed_note", "cosigned_note"])
def test_the_checkpoints_of_the_vectors_open(case: dict[str, Any], form: str) -> None:
    checkpoint = open_checkpoint(case[form], [LOG])

    assert (checkpoint.origin, checkpoint.size) == (NOTES["origin"], case["size"])
    assert checkpoint.root == root_of(leaf_hash(f"entry-{number}".encode()) for number in range(case["size"]))
    assert checkpoint.text == case["body"]
    assert checkpoint.note == case[form]


@pytest.mark.parametrize("case", NOTES["checkpoints"], ids=lambda case: str(case["size"]))
def test_the_checkpoints_of_the_vectors_are_written_alike(case: dict[str, Any]) -> None:
    checkpoint = open_checkpoint(case["signed_note"], [LOG])
    body = checkpoint_body(checkpoint.origin, checkpoint.size, checkpoint.root)

    assert body.decode() == case["body"]
    assert signed(body.decode()) == case["signed_note"]


def test_a_line_of_an_unknown_algorithm_is_ignored() -> None:
    assert open_checkpoint(EXAMPLE["ml_dsa_44_cosignature_size_64"]["cosigned_note"], [LOG]).size == 64


def test_a_signed_fork_opens_too_for_only_a_consistency_proof_can_tell() -> None:
    fork, good = open_checkpoint(NOTES["fork_of_size_64"], [LOG]), open_checkpoint(GOOD, [LOG])

    assert fork.size == good.size
    assert fork.root != good.root


def test_key_texts_of_the_vectors() -> None:
    assert verifier_key_text(LOG.name, LOG.public) == NOTES["log_vkey"]
    assert LOG.key_id.hex() == NOTES["log_key_id_hex"]
    witness = bytes.fromhex(NOTES["witness_public_hex"])
    assert note_key_id(NOTES["witness_name"], 4, witness).hex() == NOTES["witness_key_id_hex"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log.example",
        NOTES["witness_vkey"],  # type 0x04
        EXAMPLE["ecdsa_key_id_example"]["vkey"],
        NOTES["log_vkey"].replace("+dd41fd36+", "+dd41fd37+"),
        NOTES["log_vkey"].replace("+dd41fd36+", "+DD41FD36+"),
        NOTES["log_vkey"].replace("yinzheng", "other"),
        NOTES["log_vkey"] + "=",
        NOTES["log_vkey"] + "é",
        " " + NOTES["log_vkey"],
    ],
)
def test_another_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_verifier_key(text)


def test_a_verifier_has_a_name_that_a_note_can_hold() -> None:
    for name in ("", "a b", "a+b", "a\n"):
        with pytest.raises(NoteError):
            LogVerifier(name, note_key_id(name, 1, bytes(32)), bytes(32))


def test_a_note_of_unknown_logs_is_refused() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()

    for verifiers in ([], [LogVerifier("other", note_key_id("other", 1, other), other)]):
        with pytest.raises(NoteError):
            open_checkpoint(GOOD, verifiers)


def test_a_known_key_whose_line_fails_makes_the_whole_note_bad() -> None:
    bad_line = signature_line(LOG.name, LOG.key_id, bytes(64))

    with pytest.raises(NoteError):
        open_checkpoint(GOOD + bad_line, [LOG])


def test_a_log_does_not_speak_for_another_origin() -> None:
    text = checkpoint_body("other.example/log", 1, bytes(32)).decode()

    with pytest.raises(NoteError):
        open_checkpoint(signed(text), [LOG])


def test_extension_lines_are_read_over() -> None:
    text = checkpoint_body(LOG.name, 1, bytes(32)).decode() + "extension\n"

    assert open_checkpoint(signed(text), [LOG]).size == 1


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"{LOG.name}\n1\n",
        f"{LOG.name}\n01\n{ROOT}\n",
        f"{LOG.name}\n-1\n{ROOT}\n",
        f"{LOG.name}\n１\n{ROOT}\n",
        f"{LOG.name}\n{'9' * 20}\n{ROOT}\n",
        f"{LOG.name}\n1\n{ROOT[:-4]}\n",
        f"{LOG.name}\n1\n{ROOT[:-2]}B=\n",
        f"{LOG.name}\n1\n {ROOT}\n",
        f"{LOG.name}\n\n1\n{ROOT}\n",
        f"{LOG.name} \n1\n{ROOT}\n",
        f"{LOG.name}\n1\n{ROOT}\nextension\r\n",
        "\n",
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        open_checkpoint(signed(text), [LOG])


@pytest.mark.parametrize(
    "note",
    [
        "",
        GOOD[:-1],
        GOOD.replace("\n\n", "\n"),
        GOOD.replace("\u2014", "-"),
        GOOD + "\n",
        GOOD + "x\n",
        GOOD + "\u2014 name\n",
        GOOD + "\u2014 name AAAA\n",
        GOOD + "\u2014 na+me AAAAAAAA\n",
        GOOD + "\u2014 name ????\n",
        GOOD + "\u2014 name AAAAAAAA\n" * 64,
        GOOD.split("\u2014", maxsplit=1)[0],
        GOOD + "\x00",
        GOOD * 400,
    ],
)
def test_a_note_of_another_form_is_refused(note: str) -> None:
    with pytest.raises(NoteError):
        open_checkpoint(note, [LOG])


@given(st.integers(0, len(GOOD) - 1), st.characters(codec="utf-8"))
def test_a_note_with_any_changed_character_is_refused(place: int, other: str) -> None:
    if other != GOOD[place]:
        with pytest.raises(NoteError):
            open_checkpoint(GOOD[:place] + other + GOOD[place + 1 :], [LOG])


@pytest.mark.parametrize(("origin", "size", "root"), [("a b", 1, bytes(32)), ("a", -1, bytes(32)), ("a", 1, bytes(31))])
def test_a_body_that_cannot_be_read_back_is_not_written(origin: str, size: int, root: bytes) -> None:
    with pytest.raises(NoteError):
        checkpoint_body(origin, size, root)
