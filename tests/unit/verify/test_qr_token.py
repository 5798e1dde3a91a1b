"""Licence tokens: all vectors, both directions, and nothing accepted that was not written."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from verify import cbor
from verify.algorithms import Algorithm, SignatureError, check_cose_signature, der_to_raw, key_identifier
from verify.errors import MalformedError, YinzhengError
from verify.presentation_code import decode_presentation
from verify.qr_text import (
    LICENCE_TEXT,
    TokenAlgorithmError,
    TokenCborError,
    TokenClaimsError,
    TokenFormError,
    TokenHeaderError,
    TokenIdError,
    TokenTooLongError,
    make_sign1,
    make_text,
)
from verify.qr_token import (
    ShortStatus,
    StatusClaim,
    TokenClaims,
    decode_digits,
    decode_token,
    encode_digits,
    encode_token,
    presented_bytes,
    to_be_signed,
)
from verify.values import LicenceId

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "credential-qr.json").read_text())
SM2: dict[str, str] = json.loads((Path(__file__).parents[2] / "vectors" / "credential-sm2.json").read_text())
LICENCES = [case for case in VECTORS["cases"] if "/v/" in case["qr_text"]]
KEY = ec.derive_private_key(7, ec.SECP256R1())
SPKI = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
KID = key_identifier(SPKI)
HOST = "zz.example.gov.cn"
ISSUED = datetime(2026, 3, 18, tzinfo=UTC)
FIRST_TEXT: str = LICENCES[0]["qr_text"]


@pytest.fixture
def claims() -> TokenClaims:
    return CLAIMS


CLAIMS = TokenClaims(
    issuer="11999999MB1A2B3CX4",
    licence_id=LicenceId(bytes(range(10))),
    issued_at=ISSUED,
    type_code="11100000MB03271699001",
    number="JY13205080123456",
    holder="老字号糕团食品有限公司",
    valid_from=date(2026, 3, 18),
    data_set_digest=bytes(16),
    status=ShortStatus(7, 48213),
)


def sign(message: bytes) -> bytes:
    return der_to_raw(KEY.sign(message, ec.ECDSA(SHA256())))


def text_of(claims: TokenClaims) -> str:
    signature = sign(to_be_signed(claims, algorithm=Algorithm.ES256, kid=KID))
    return encode_token(claims, algorithm=Algorithm.ES256, kid=KID, signature=signature, host=HOST)


def text_with(outer: dict[object, object], inner: dict[object, object]) -> str:
    """A text whose claims are changed; the value ``...`` takes a claim away."""
    entries = cbor.decode(CLAIMS.payload(), bytes_max=450)
    assert isinstance(entries, dict)
    private = {key: value for key, value in (entries[-70001] | inner).items() if value is not ...}
    changed = {key: value for key, value in (entries | {-70001: private} | outer).items() if value is not ...}
    sign1 = make_sign1(cbor.encode(changed), algorithm=Algorithm.ES256, kid=KID, signature=bytes(64))
    return make_text(LICENCE_TEXT, HOST, CLAIMS.licence_id, sign1)


def check(text: str, trusted: dict[str, tuple[Algorithm, bytes]]) -> None:
    """Decode and check as a verifier does: the key by its id, the algorithm from the trust list."""
    token = decode_presentation(text) if "/p/" in text else decode_token(text)
    if token.kid.hex() not in trusted:
        raise SignatureError("unknown key")
    algorithm, spki = trusted[token.kid.hex()]
    if algorithm is not token.algorithm:
        raise SignatureError("another algorithm than the trust list's")
    check_cose_signature(algorithm, spki, token.to_be_signed, token.signature)


def trusted_keys(*names: str) -> dict[str, tuple[Algorithm, bytes]]:
    keys = [VECTORS["keys"][name] for name in names]
    algorithms = {-7: Algorithm.ES256, -8: Algorithm.ED25519}
    return {key["kid_hex"]: (algorithms[key["alg"]], bytes.fromhex(key["spki_der_hex"])) for key in keys}


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_the_good_tokens_pass(case: dict[str, Any]) -> None:
    check(case["qr_text"], trusted_keys(case["key"]))


@pytest.mark.parametrize("case", LICENCES, ids=lambda case: case["name"])
def test_the_good_tokens_are_written_again_to_the_same_text(case: dict[str, Any]) -> None:
    token = decode_token(case["qr_text"])

    assert token.text == case["qr_text"]
    assert token.to_be_signed.hex() == case["sig_structure_hex"]
    assert token.claims.payload().hex() == case["payload_hex"]
    assert token.claims.licence_id.text == case["id"]
    assert to_be_signed(token.claims, algorithm=token.algorithm, kid=token.kid) == token.to_be_signed
    again = encode_token(
        token.claims, algorithm=token.algorithm, kid=token.kid, signature=token.signature, host=token.host
    )
    assert again == case["qr_text"]


@pytest.mark.parametrize("case", VECTORS["reject"], ids=lambda case: case["why"])
def test_each_bad_token_is_refused(case: dict[str, Any]) -> None:
    keys = trusted_keys("presentation_es256" if "/p/" in case["qr_text"] else "issuer_es256")

    with pytest.raises(YinzhengError) as caught:
        check(case["qr_text"], keys)

    assert caught.value.code.startswith(("token.", "signature."))


@pytest.mark.parametrize(
    ("why", "error"),
    [
        ("path id", TokenIdError),
        ("alg moved", TokenHeaderError),
        ("protected header empty", TokenHeaderError),
        ("crit", TokenHeaderError),
        ("trailing byte", TokenCborError),
        ("signature in DER", TokenFormError),
        ("digit run", TokenFormError),
        ("digit block", TokenFormError),
        ("non-ASCII", TokenFormError),
        ("duplicate exp", TokenCborError),
    ],
)
def test_the_reason_of_a_refusal_is_told_by_its_code(why: str, error: type[MalformedError]) -> None:
    (case,) = (case for case in VECTORS["reject"] if case["why"].startswith(why))

    with pytest.raises(error):
        decode_token(case["qr_text"])


def test_a_token_signed_with_sm2_is_read_as_any_other() -> None:
    text = make_text(LICENCE_TEXT, HOST, LicenceId.parse(SM2["id"]), bytes.fromhex(SM2["cose_sign1_hex"]))

    token = decode_token(text)

    assert (token.algorithm, token.kid.hex()) == (Algorithm.SM2, SM2["kid_hex"])
    assert token.to_be_signed.hex() == SM2["sig_structure_hex"]
    assert token.signature.hex() == SM2["signature_rs_hex"]
    again = encode_token(token.claims, algorithm=Algorithm.SM2, kid=token.kid, signature=token.signature, host=HOST)
    assert again == text


def test_a_token_with_an_algorithm_that_nobody_knows_is_refused_by_name() -> None:
    number = bytes.fromhex("3a00011171")
    other = bytes.fromhex(SM2["cose_sign1_hex"]).replace(number, bytes.fromhex("3a00011172"), 1)
    text = make_text(LICENCE_TEXT, HOST, LicenceId.parse(SM2["id"]), other)

    with pytest.raises(TokenAlgorithmError):
        decode_token(text)


@pytest.mark.parametrize("example", VECTORS["d10_examples"], ids=lambda example: example["hex"] or "nothing")
def test_the_examples_of_the_digit_code(example: dict[str, str]) -> None:
    assert encode_digits(bytes.fromhex(example["hex"])) == example["digits"]
    assert decode_digits(example["digits"]).hex() == example["hex"]


@given(st.binary(max_size=460))
def test_digits_and_bytes_turn_into_each_other(data: bytes) -> None:
    assert decode_digits(encode_digits(data)) == data


@given(st.text("0123456789", max_size=60))
def test_digits_are_one_spelling_of_bytes(text: str) -> None:
    try:
        data = decode_digits(text)
    except TokenFormError:
        return

    assert encode_digits(data) == text


@pytest.mark.parametrize(
    "text", ["1", "12", "256", "65536", "16777216 ", "72057594037927936", " 00", "1_0", "٠٠٠", "000\n", "\ud800"]
)
def test_digits_that_nobody_writes_are_refused(text: str) -> None:
    with pytest.raises(TokenFormError):
        decode_digits(text)
    with pytest.raises(TokenFormError):
        presented_bytes(f"https://office.example/v/{text}#1{text}")


@given(st.binary(max_size=460))
def test_what_was_presented_are_the_bytes_behind_the_address(data: bytes) -> None:
    assert presented_bytes(f"whatever#1{encode_digits(data)}") == data
    assert presented_bytes("whatever") == b""


STATUSES = st.builds(ShortStatus, st.integers(0, 2**32 - 1), st.integers(0, 2**20 - 1)) | st.builds(
    StatusClaim, st.text(min_size=1, max_size=40), st.integers(0, 2**20 - 1)
)
INSTANTS = st.integers(0, 10**10).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@settings(max_examples=60)
@given(
    STATUSES,
    INSTANTS,
    st.text(min_size=1, max_size=20),
    st.none() | st.just("91610800064834709T"),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
)
def test_whatever_is_written_reads_back(
    status: ShortStatus | StatusClaim, issued_at: datetime, holder: str, uscc: str | None, extra: dict[str, str]
) -> None:
    claims = CLAIMS._replace(
        status=status,
        issued_at=issued_at,
        not_before=issued_at + timedelta(seconds=5),
        expires_at=issued_at + timedelta(days=9),
        valid_until=date(2031, 3, 17),
        holder=holder,
        holder_uscc=uscc,
        office="局",
        extra=extra,
    )

    token = decode_token(text_of(claims))

    assert token.claims == claims
    check_cose_signature(Algorithm.ES256, SPKI, token.to_be_signed, token.signature)


@settings(max_examples=300)
@given(st.data())
def test_a_token_with_any_changed_byte_is_refused_or_its_signature_fails(data: st.DataObject) -> None:
    address, digits = FIRST_TEXT.split("#1")
    sign1 = bytearray(decode_digits(digits))
    sign1[data.draw(st.integers(0, len(sign1) - 1))] ^= data.draw(st.integers(1, 255))

    with pytest.raises(YinzhengError):
        check(f"{address}#1{encode_digits(bytes(sign1))}", trusted_keys("issuer_es256"))


@settings(max_examples=300)
@given(st.integers(len("https://zz.example.gov.cn"), len(FIRST_TEXT) - 1), st.characters(codec="utf-8"))
def test_a_text_with_any_changed_character_behind_the_host_is_refused(place: int, other: str) -> None:
    changed = FIRST_TEXT[:place] + other + FIRST_TEXT[place + 1 :]

    if changed.upper() != FIRST_TEXT.upper():
        with pytest.raises(YinzhengError):
            check(changed, trusted_keys("issuer_es256"))


def test_a_hand_scanner_with_caps_lock_is_read() -> None:
    assert decode_token(FIRST_TEXT.swapcase()) == decode_token(FIRST_TEXT)
    assert decode_token(FIRST_TEXT.upper()).text == FIRST_TEXT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x" * 100_000,
        FIRST_TEXT.replace("https", "http"),
        FIRST_TEXT.replace("/v/", "/p/"),
        FIRST_TEXT.replace("#1", "#2"),
        FIRST_TEXT.replace("#1", "#"),
        FIRST_TEXT.replace("#1", "?1#1"),
        FIRST_TEXT.replace("zz.", "zz@"),
        FIRST_TEXT.replace("zz.example", "z" * 250),
        FIRST_TEXT.replace("s:", "\u017f:"),  # a long s folds to s in Unicode
        FIRST_TEXT + "\n",
        " " + FIRST_TEXT,
        FIRST_TEXT + "0" * 400,
    ],
)
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(TokenFormError):
        decode_token(text)


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ({1: ...}, {}),
        ({1: ""}, {}),
        ({1: 5}, {}),
        ({1: "x" * 65}, {}),
        ({4: -1}, {}),
        ({4: None}, {}),
        ({4: True}, {}),
        ({5: 1}, {}),
        ({5: int(ISSUED.timestamp())}, {}),
        ({6: ...}, {}),
        ({6: 2**63}, {}),
        ({-70001: ...}, {}),
        ({-70001: []}, {}),
        ({-2: 1}, {}),
        ({"x": 1}, {}),
        ({65535: {"status_list": {"idx": 1, "uri": "u"}}}, {}),  # both statuses
        ({}, {9: ...}),  # none
        ({65535: {"status_list": {"idx": 1}}}, {9: ...}),
        ({65535: {"status_list": {"idx": 1, "uri": "u", "x": 1}}}, {9: ...}),
        ({65535: {"status_list": {"idx": 1, "uri": "u"}, "x": 1}}, {9: ...}),
        ({65535: {"status_list": {"idx": 1, "uri": ""}}}, {9: ...}),
        ({65535: {"status_list": {"idx": -1, "uri": "u"}}}, {9: ...}),
        ({65535: 1}, {9: ...}),
        ({}, {9: [1]}),
        ({}, {9: 1}),
        ({}, {9: [1, 2**20]}),
        ({}, {9: [2**32, 1]}),
        ({}, {9: [True, 1]}),
        ({}, {9: [1, True]}),
        ({}, {9: [1, "1"]}),
        ({}, {1: ...}),
        ({}, {2: ...}),
        ({}, {3: ...}),
        ({}, {3: b"x"}),
        ({}, {3: "x" * 201}),
        ({}, {4: ""}),
        ({}, {5: ...}),
        ({}, {5: -1}),
        ({}, {5: 10**9}),
        ({}, {6: 0}),
        ({}, {6: "x"}),
        ({}, {7: ""}),
        ({}, {8: ...}),
        ({}, {8: bytes(15)}),
        ({}, {8: "x"}),
        ({}, {10: []}),
        ({}, {10: {}}),
        ({}, {10: {"x": 1}}),
        ({}, {10: {1: "x"}}),
        ({}, {20: bytes(10)}),
        ({}, {21: bytes(10)}),
        ({}, {-1: 1}),
        ({7: ...}, {}),
        ({7: "x"}, {}),
        ({7: bytes(9)}, {}),
    ],
)
def test_claims_that_we_would_not_write_are_refused(outer: dict[object, object], inner: dict[object, object]) -> None:
    with pytest.raises(TokenClaimsError):
        decode_token(text_with(outer, inner))


def test_claims_that_are_no_map_are_refused() -> None:
    sign1 = make_sign1(b"\x80", algorithm=Algorithm.ES256, kid=KID, signature=bytes(64))

    with pytest.raises(TokenClaimsError):
        decode_token(make_text(LICENCE_TEXT, HOST, CLAIMS.licence_id, sign1))


def test_unknown_claims_that_may_be_ignored_are_listed() -> None:
    assert decode_token(text_with({3: "audience"}, {11: 1, 12: "x"})).claims.not_understood == (3, 11, 12)


def test_the_newer_numbers_of_the_algorithms_are_read() -> None:
    sign1 = cbor.encode([cbor.encode({1: -9, 4: KID}), {}, CLAIMS.payload(), bytes(64)])

    assert decode_token(make_text(LICENCE_TEXT, HOST, CLAIMS.licence_id, sign1)).algorithm is Algorithm.ES256


def test_a_token_that_no_code_holds_is_not_written(claims: TokenClaims) -> None:
    with pytest.raises(TokenTooLongError):
        text_of(claims._replace(holder="王" * 120))


@pytest.mark.parametrize("host", ["", "EXAMPLE.cn", "a b", "example.cn/", "x" * 254, "[::1]", "a:0"])
def test_a_host_that_cannot_be_read_back_is_not_written(claims: TokenClaims, host: str) -> None:
    with pytest.raises(TokenFormError):
        encode_token(claims, algorithm=Algorithm.ES256, kid=KID, signature=bytes(64), host=host)


def test_a_host_with_a_port_is_written_and_read(claims: TokenClaims) -> None:
    text = encode_token(claims, algorithm=Algorithm.ES256, kid=KID, signature=bytes(64), host="127.0.0.1:8000")

    assert decode_token(text).host == "127.0.0.1:8000"


def test_a_signature_in_der_is_not_written(claims: TokenClaims) -> None:
    with pytest.raises(TokenFormError):
        encode_token(claims, algorithm=Algorithm.ES256, kid=KID, signature=bytes(70), host=HOST)


@pytest.mark.parametrize("issued_at", [ISSUED.replace(tzinfo=None), ISSUED.replace(microsecond=1)])
def test_a_time_without_zone_or_with_a_fraction_is_not_written(claims: TokenClaims, issued_at: datetime) -> None:
    with pytest.raises(TokenClaimsError):
        claims._replace(issued_at=issued_at).payload()


def test_the_holder_is_not_shown_by_a_repr(claims: TokenClaims) -> None:
    assert "糕团" not in repr(decode_token(text_of(claims)))
