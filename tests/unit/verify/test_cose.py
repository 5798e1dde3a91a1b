"""COSE_Sign1 in the one form that we write, and the Sig_structure of the vectors."""

import json
from pathlib import Path

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify import cbor
from verify.algorithms import Algorithm, AlgorithmError
from verify.cose import (
    CoseError,
    CoseHeaderError,
    decode_sign1,
    encode_sign1,
    protected_header,
    read_header,
    sig_structure,
)
from verify.errors import MalformedError

CASES = json.loads((Path(__file__).parents[2] / "vectors" / "credential-qr.json").read_text())["cases"]
KID = bytes(8)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_vectors_come_apart_and_go_together(case: dict[str, str]) -> None:
    data = bytes.fromhex(case["cose_sign1_hex"])

    sign1 = decode_sign1(data, tagged=False, bytes_max=450)

    assert sign1.to_be_signed.hex() == case["sig_structure_hex"]
    assert encode_sign1(sign1.protected_bytes, sign1.payload, sign1.signature, tagged=False) == data
    assert protected_header(*read_header(sign1)) == sign1.protected_bytes


@given(st.binary(max_size=40), st.binary(max_size=70_000))
def test_the_bytes_to_be_signed_are_those_of_the_rfc(protected: bytes, payload: bytes) -> None:
    assert sig_structure(protected, payload) == cbor2.dumps(["Signature1", protected, b"", payload])


def test_a_tag_is_demanded_where_it_belongs_and_refused_elsewhere() -> None:
    header = protected_header(Algorithm.ES256, KID)
    tagged, plain = (encode_sign1(header, b"p", b"s", tagged=tagged) for tagged in (True, False))

    assert decode_sign1(tagged, tagged=True, bytes_max=100) == decode_sign1(plain, tagged=False, bytes_max=100)
    for data, wrong in ((tagged, False), (plain, True)):
        with pytest.raises(MalformedError):
            decode_sign1(data, tagged=wrong, bytes_max=100)


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        [b"\xa0", {}, b""],
        ["", {}, b"", b""],
        [b"\xa0", {}, None, b""],
        [b"\xa0", {}, b"", ""],
        [b"\xa0", b"", b"", b""],
    ],
)
def test_another_array_is_refused(value: object) -> None:
    with pytest.raises(CoseError):
        decode_sign1(cbor2.dumps(value), tagged=False, bytes_max=100)


@pytest.mark.parametrize(
    "header",
    [
        {},
        {1: -7},
        {1: -7, 4: b"x"},
        {1: -7, 4: "12345678"},
        {1: -7, 4: KID, 2: [9]},
        {1: -7, 4: KID, 16: "x"},
        {1: -7, 4: KID, "x": 1},
        [],
    ],
)
def test_a_header_with_other_labels_is_refused(header: object) -> None:
    data = encode_sign1(cbor.encode(header), b"", b"", tagged=False)

    with pytest.raises(CoseHeaderError):
        read_header(decode_sign1(data, tagged=False, bytes_max=200))


def test_the_type_of_another_format_is_refused() -> None:
    header = protected_header(Algorithm.ES256, KID, content_type="a")
    sign1 = decode_sign1(encode_sign1(header, b"", b"", tagged=False), tagged=False, bytes_max=100)

    assert read_header(sign1, content_type="a") == (Algorithm.ES256, KID)
    for other in ("b", None):
        with pytest.raises(CoseHeaderError):
            read_header(sign1, content_type=other)


def test_an_algorithm_that_we_do_not_check_is_refused_by_name() -> None:
    data = encode_sign1(cbor2.dumps({1: -70004, 4: KID}), b"", b"", tagged=False)

    with pytest.raises(AlgorithmError):
        read_header(decode_sign1(data, tagged=False, bytes_max=100))


def test_a_key_id_of_another_length_is_not_written() -> None:
    with pytest.raises(CoseHeaderError):
        protected_header(Algorithm.ES256, b"")
