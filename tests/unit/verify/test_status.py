"""Status lists: the vector, the packing, and every list that must not be believed."""

import hashlib
import json
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from verify import cbor
from verify.algorithms import Algorithm, der_to_raw, key_identifier
from verify.cose import encode_sign1, protected_header, sig_structure
from verify.status import (
    CONTENT_TYPE,
    StatusIndexError,
    StatusList,
    StatusListAddressError,
    StatusListError,
    StatusListFormError,
    StatusListSignatureError,
    StatusValue,
    assemble_status_list,
    open_status_list,
    pack,
    status_list_to_be_signed,
)
from verify.trust import TrustedKey, open_trust_list

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "credential-qr.json").read_text())
VECTOR: dict[str, Any] = VECTORS["status_list"]
DATA = bytes.fromhex(VECTOR["cose_sign1_tagged_hex"])
AT = datetime(2026, 3, 20, tzinfo=UTC)
TRUST = open_trust_list(
    bytes.fromhex(VECTORS["trust_list"]["cose_sign1_tagged_hex"]),
    bytes.fromhex(VECTORS["keys"]["trust_list_es256"]["spki_der_hex"]),
    at=AT,
)
KEY = ec.derive_private_key(7, ec.SECP256R1())
SPKI = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
KID = key_identifier(SPKI)
TRUSTED = TrustedKey(
    kid=KID, algorithm=Algorithm.ES256, spki=SPKI, use=2, not_before=AT, not_after=AT + timedelta(days=365)
)
LIST = StatusList(
    uri="https://zz.example/s/1",
    issued_at=AT,
    expires_at=AT + timedelta(days=7),
    ttl_seconds=300,
    packed=pack([0, 1, 2, 3, 1]),
)


def vector_keys(kid: bytes) -> tuple[TrustedKey, ...]:
    return tuple(key for _, key in TRUST.keys_for(kid, 2))


def own_keys(kid: bytes) -> tuple[TrustedKey, ...]:
    return (TRUSTED,) if kid == KID else ()


def sign(message: bytes) -> bytes:
    return der_to_raw(KEY.sign(message, ec.ECDSA(SHA256())))


def signed(status_list: StatusList) -> bytes:
    return assemble_status_list(status_list, KID, sign(status_list_to_be_signed(status_list, KID)))


def signed_claims(change: dict[int, object]) -> bytes:
    claims = cbor.decode(LIST.payload(), bytes_max=1000)
    assert isinstance(claims, dict)
    header = protected_header(Algorithm.ES256, KID, content_type=CONTENT_TYPE)
    payload = cbor.encode({key: value for key, value in (claims | change).items() if value is not ...})
    return encode_sign1(header, payload, sign(sig_structure(header, payload)), tagged=True)


def test_the_list_of_the_vector_opens() -> None:
    status_list = open_status_list(DATA, uri=VECTOR["uri"], keys=vector_keys)

    assert hashlib.sha256(status_list.packed).hexdigest() == VECTOR["decompressed_sha256_hex"]
    assert {index: status_list.value(int(index)) for index in VECTOR["set"]} == VECTOR["set"]
    assert status_list.value(0) is StatusValue.IN_FORCE
    assert status_list.value(VECTOR["entries"] - 1) is StatusValue.IN_FORCE
    with pytest.raises(StatusIndexError):
        status_list.value(VECTOR["entries"])
    assert status_list.ttl_seconds == 43_200


def test_a_list_reads_back() -> None:
    assert open_status_list(signed(LIST), uri=LIST.uri, keys=own_keys) == LIST


@given(st.lists(st.integers(0, 3), min_size=1, max_size=50))
def test_each_value_stands_where_it_was_packed(values: list[int]) -> None:
    status_list = replace(LIST, packed=pack(values))

    assert [status_list.value(index) for index in range(len(values))] == values
    with pytest.raises(StatusIndexError):
        status_list.value(-1)
    with pytest.raises(StatusIndexError):
        status_list.value(len(status_list.packed) * 4)


def test_a_value_has_two_bits() -> None:
    with pytest.raises(StatusListFormError):
        pack([4])


@settings(max_examples=150)
@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_a_list_with_any_changed_byte_is_refused(place: int, change: int) -> None:
    changed = bytearray(DATA)
    changed[place] ^= change

    with pytest.raises(StatusListError):
        open_status_list(bytes(changed), uri=VECTOR["uri"], keys=vector_keys)


def test_the_list_of_another_address_is_refused() -> None:
    with pytest.raises(StatusListAddressError):
        open_status_list(DATA, uri="https://zz.example.gov.cn/s/8", keys=vector_keys)


def test_a_key_of_another_use_is_refused() -> None:
    with pytest.raises(StatusListSignatureError):
        open_status_list(DATA, uri=VECTOR["uri"], keys=lambda kid: tuple(key for _, key in TRUST.keys_for(kid, 1)))


def test_a_key_is_judged_when_the_list_was_issued() -> None:
    early = replace(LIST, issued_at=AT - timedelta(seconds=1))

    with pytest.raises(StatusListSignatureError):
        open_status_list(signed(early), uri=LIST.uri, keys=own_keys)


@pytest.mark.parametrize(
    "change",
    [
        {2: 5},
        {2: ""},
        {4: ...},
        {4: int(AT.timestamp())},
        {6: -1},
        {6: True},
        {65534: -1},
        {65534: True},
        {3: 1},
        {65533: {"bits": 1, "lst": zlib.compress(b"x")}},
        {65533: {"bits": 2, "lst": zlib.compress(b"x"), "x": 1}},
        {65533: {"bits": 2, "lst": zlib.compress(b"")}},
        {65533: {"bits": 2, "lst": zlib.compress(b"x") + b"x"}},
        {65533: {"bits": 2, "lst": zlib.compress(b"x")[:-1]}},
        {65533: {"bits": 2, "lst": b"not zlib"}},
        {65533: {"bits": 2, "lst": zlib.compress(bytes(2**18 + 1))}},  # one byte above 2^20 entries
        {65533: {"bits": 2, "lst": zlib.compress(bytes(10**8), 9)}},  # a bomb
    ],
)
def test_claims_that_we_would_not_write_are_refused_even_when_signed(change: dict[int, object]) -> None:
    with pytest.raises(StatusListFormError):
        open_status_list(signed_claims(change), uri=LIST.uri, keys=own_keys)


def test_the_largest_list_is_read() -> None:
    largest = replace(LIST, packed=bytes(2**18))

    assert open_status_list(signed(largest), uri=LIST.uri, keys=own_keys).value(2**20 - 1) is StatusValue.IN_FORCE


def test_a_token_header_without_the_type_of_a_list_is_refused() -> None:
    header, payload = protected_header(Algorithm.ES256, KID), LIST.payload()
    data = encode_sign1(header, payload, sign(sig_structure(header, payload)), tagged=True)

    with pytest.raises(StatusListFormError):
        open_status_list(data, uri=LIST.uri, keys=own_keys)
