"""Receipts of the log: what custody and every verifier demand before they believe that something was logged."""

import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from verify.log_entry import EntryKind, LogEntry
from verify.log_proof import LogProofError, LogReceipt, LogReceiptError, check_receipt
from verify.note import LogVerifier, checkpoint_body, note_key_id, parse_verifier_key, signature_line
from verify.tree import inclusion_path, leaf_hash, root_of

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "tlog.json").read_text())
TEXT: str = VECTORS["tlog_proof_example_index_255_size_300"]
LOG = parse_verifier_key(VECTORS["notes"]["log_vkey"])
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = KEY.public_key().public_bytes_raw()
OWN = LogVerifier("zz.example/log", note_key_id("zz.example/log", 1, PUBLIC), PUBLIC)
MESSAGE = b"bytes to be signed"
AT = datetime(2026, 9, 21, tzinfo=UTC)


def with_entry(text: str, entry: bytes) -> str:
    first, rest = text.split("\n", 1)
    return f"{first}\nextra {base64.b64encode(entry).decode()}\n{rest}"


def receipt_for(entry: LogEntry | bytes, others: int = 6) -> LogReceipt:
    """A receipt in a log of our own, the entry being the last but one."""
    encoded = entry if isinstance(entry, bytes) else entry.encode()
    leaves = [leaf_hash(bytes([number])) for number in range(others)] + [leaf_hash(encoded), leaf_hash(b"last")]
    body = checkpoint_body(OWN.name, len(leaves), root_of(leaves))
    note = f"{body.decode()}\n{signature_line(OWN.name, OWN.key_id, KEY.sign(body))}"
    return LogReceipt(entry=encoded, index=others, path=inclusion_path(leaves, others), note=note)


def intent(message: bytes = MESSAGE) -> LogEntry:
    digest = hashlib.sha256(message).digest()
    return LogEntry(kind=EntryKind.INTENT, time=AT, digest=digest, detail={1: "document", 2: bytes(8)})


def test_the_proof_of_the_vector_leads_to_its_checkpoint_though_its_entry_is_not_ours() -> None:
    receipt = LogReceipt.from_text(with_entry(TEXT, b"entry-255"))

    assert receipt.to_text() == with_entry(TEXT, b"entry-255")
    assert receipt.index == 255
    with pytest.raises(LogProofError, match="cbor"):  # proof and note have passed by then
        check_receipt(receipt, [LOG])
    with pytest.raises(LogProofError, match="path"):
        check_receipt(replace(receipt, entry=b"entry-254"), [LOG])


def test_a_receipt_proves_the_intent_of_these_bytes() -> None:
    checkpoint = check_receipt(receipt_for(intent()), [LOG, OWN], to_be_signed=MESSAGE)

    assert (checkpoint.origin, checkpoint.size) == (OWN.name, 8)


def test_a_receipt_of_any_kind_proves_that_it_is_logged() -> None:
    entry = LogEntry(kind=EntryKind.ADMIN, time=AT, digest=bytes(32), detail={1: "role"})

    assert check_receipt(receipt_for(entry), [OWN]).size == 8


def test_the_intent_of_other_bytes_is_refused() -> None:
    with pytest.raises(LogProofError):
        check_receipt(receipt_for(intent()), [OWN], to_be_signed=MESSAGE + b".")


def test_an_entry_that_is_no_intent_lets_nothing_be_signed() -> None:
    digest = hashlib.sha256(MESSAGE).digest()
    entry = LogEntry(kind=EntryKind.RECEIPT, time=AT, digest=digest)

    with pytest.raises(LogProofError):
        check_receipt(receipt_for(entry), [OWN], to_be_signed=MESSAGE)


def test_the_log_of_a_stranger_is_refused() -> None:
    with pytest.raises(LogProofError):
        check_receipt(receipt_for(intent()), [LOG], to_be_signed=MESSAGE)


def test_another_place_and_another_path_are_refused() -> None:
    good = receipt_for(intent())

    for bad in (
        replace(good, index=5),
        replace(good, path=good.path[1:]),
        replace(good, path=(bytes(32), *good.path[1:])),
    ):
        with pytest.raises(LogProofError):
            check_receipt(bad, [OWN], to_be_signed=MESSAGE)


@given(st.integers(0, 40), st.binary(max_size=50))
def test_each_receipt_reads_back(others: int, message: bytes) -> None:
    receipt = receipt_for(intent(message), others)

    assert LogReceipt.from_text(receipt.to_text()) == receipt
    check_receipt(receipt, [OWN], to_be_signed=message)


@given(st.data())
def test_a_text_with_any_changed_character_proves_nothing(data: st.DataObject) -> None:
    text = receipt_for(intent()).to_text()
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.characters(codec="utf-8")) + text[place + 1 :]

    if changed != text:
        with pytest.raises((LogReceiptError, LogProofError)):
            check_receipt(LogReceipt.from_text(changed), [OWN], to_be_signed=MESSAGE)


GOOD = with_entry(TEXT, b"entry-255")


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT,  # without an entry
        GOOD.replace("@v1", "@v2"),
        GOOD.replace("index 255", "index 0255"),
        GOOD.replace("index 255", "index -1"),
        GOOD.replace("index 255", "index"),
        GOOD.replace("extra ", "extra"),
        GOOD.replace("extra ZW50", "extra ????"),
        GOOD.replace("\n\n", "\n"),
        GOOD.replace("\n9pZC", "\n9pZ"),
        GOOD.replace("\n9pZC", "\nAAAA\n9pZC"),
        GOOD.replace("\n9pZC", f"\n{base64.b64encode(bytes(32)).decode()}" * 60 + "\n9pZC"),
        with_entry(TEXT, b""),
        with_entry(TEXT, bytes(401)),
        GOOD.split("\n\n")[0] + "\n\n",
        GOOD.removesuffix("\n"),
        GOOD + "x" * 100_000,
    ],
)
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(LogReceiptError):
        LogReceipt.from_text(text)


def test_what_cannot_be_written_is_no_receipt() -> None:
    good = receipt_for(intent())

    for change in ({"index": -1}, {"path": (b"x",)}, {"path": (bytes(32),) * 65}, {"note": "x" * 70_000 + "\n"}):
        with pytest.raises(LogReceiptError):
            replace(good, **change)  # type: ignore[arg-type]
