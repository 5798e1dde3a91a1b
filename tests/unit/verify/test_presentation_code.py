"""Presentation codes: one minute, a text and a key of their own."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from verify import cbor
from verify.algorithms import Algorithm
from verify.presentation_code import decode_presentation, encode_presentation, presentation_to_be_signed
from verify.qr_text import PRESENTATION_TEXT, TokenClaimsError, TokenFormError, make_sign1, make_text
from verify.qr_token import decode_token

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "credential-qr.json").read_text())
(CASE,) = (case for case in VECTORS["cases"] if "/p/" in case["qr_text"])
CODE = decode_presentation(CASE["qr_text"])


def test_the_vector_is_written_again_to_the_same_text() -> None:
    assert (
        presentation_to_be_signed(CODE.claims, algorithm=CODE.algorithm, kid=CODE.kid).hex()
        == CASE["sig_structure_hex"]
    )
    again = encode_presentation(
        CODE.claims, algorithm=CODE.algorithm, kid=CODE.kid, signature=CODE.signature, host=CODE.host
    )
    assert again == CASE["qr_text"] == CODE.text


def test_a_code_of_one_kind_is_no_code_of_the_other() -> None:
    with pytest.raises(TokenFormError):
        decode_token(CASE["qr_text"])
    with pytest.raises(TokenFormError):
        decode_presentation(VECTORS["cases"][0]["qr_text"])


@pytest.mark.parametrize("seconds", [0, -1, 61])
def test_a_code_lives_at_most_a_minute(seconds: int) -> None:
    with pytest.raises(TokenClaimsError):
        replace(CODE.claims, expires_at=CODE.claims.issued_at + timedelta(seconds=seconds))


def test_a_one_time_value_has_ten_bytes() -> None:
    with pytest.raises(TokenClaimsError):
        replace(CODE.claims, one_time=bytes(9))


@pytest.mark.parametrize(
    "change",
    [{1: "issuer"}, {-70001: {}}, {-70001: []}, {-70001: {2: "1", 3: "x", 20: bytes(10), 21: "x"}}, {-70001: {2: "1", 3: "x", 20: b"", 21: bytes(10)}}],
)  # fmt: skip
def test_other_claims_are_refused(change: dict[int, object]) -> None:
    claims = cbor.decode(CODE.claims.payload(), bytes_max=450)
    assert isinstance(claims, dict)
    sign1 = make_sign1(cbor.encode(claims | change), algorithm=Algorithm.ES256, kid=CODE.kid, signature=bytes(64))

    with pytest.raises(TokenClaimsError):
        decode_presentation(make_text(PRESENTATION_TEXT, CODE.host, CODE.claims.code_id, sign1))
