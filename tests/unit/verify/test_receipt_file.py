"""Files with receipts: the bytes alone, an answer as JSON, and what is neither. The printed page: tests/flows."""

import base64
import json

import pytest

from verify.receipt_file import FILE_BYTES_MAX, KeptReceipt, ReceiptFileError, read_receipt_file

COSE = b"\xd2\x84rest"
SHOWN = {"cose": base64.b64encode(COSE).decode(), "proof": "c2sp.org/tlog-proof@v1\n"}


@pytest.mark.parametrize(
    "data",
    [COSE, json.dumps(SHOWN).encode(), json.dumps({"verdict": "valid", "receipt": SHOWN}).encode()],
)
def test_bytes_answer_and_member_hold_the_same_receipt(data: bytes) -> None:
    kept = read_receipt_file(data)

    assert kept.content == COSE
    assert kept == KeptReceipt(COSE, "" if data == COSE else SHOWN["proof"])


def test_a_time_stamp_comes_with_the_receipt_where_there_is_one() -> None:
    stamped, bare = ({**SHOWN, "timestamp": each} for each in (base64.b64encode(b"stamp").decode(), None))

    assert read_receipt_file(json.dumps(stamped).encode()) == KeptReceipt(COSE, SHOWN["proof"], b"stamp")
    assert read_receipt_file(json.dumps(bare).encode()) == KeptReceipt(COSE, SHOWN["proof"])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'"text"',
        b'{"cose": 5}',
        b'{"cose": "AA==", "proof": 5}',
        b'{"cose": "?"}',
        b'{"cose": "AA==", "timestamp": 5}',
        b'{"cose": "AA==", "timestamp": "?"}',
        b'{"receipt": null}',
        b"[" * 100_000,
        b"\xff\xfe",
        b"%PDF-1.7\nnot ours",
        bytes(FILE_BYTES_MAX + 1),
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ReceiptFileError):
        read_receipt_file(data)
