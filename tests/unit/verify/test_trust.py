"""Trust list: only the pinned root, only the right use, never an older one."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from verify import cbor
from verify.algorithms import Algorithm, der_to_raw, key_identifier
from verify.cose import encode_sign1, protected_header, sig_structure
from verify.note import parse_verifier_key, verifier_key_text
from verify.trust import (
    TrustedIssuer,
    TrustedKey,
    TrustList,
    TrustListError,
    TrustListExpiredError,
    TrustListFormError,
    TrustListSequenceError,
    TrustListSignatureError,
    assemble_trust_list,
    open_trust_list,
    trust_list_to_be_signed,
)

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "credential-qr.json").read_text())
NOTES: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "tlog.json").read_text())["notes"]
DATA = bytes.fromhex(VECTORS["trust_list"]["cose_sign1_tagged_hex"])
VECTOR_ROOT = bytes.fromhex(VECTORS["keys"]["trust_list_es256"]["spki_der_hex"])
AT = datetime(2026, 3, 20, tzinfo=UTC)

ROOT_KEY = ec.derive_private_key(7, ec.SECP256R1())
ROOT = ROOT_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
CODE_SPKI = bytes.fromhex(VECTORS["keys"]["issuer_es256"]["spki_der_hex"])
CODE_KEY = TrustedKey(
    kid=key_identifier(CODE_SPKI),
    algorithm=Algorithm.ES256,
    spki=CODE_SPKI,
    use=1,
    not_before=AT - timedelta(days=1),
    not_after=AT + timedelta(days=365),
    cut_off=(NOTES["origin"], 64),
)
ISSUER = TrustedIssuer(
    issuer="11999999MB1A2B3CX4",
    name="苏州市姑苏区行政审批局",
    keys=(CODE_KEY, replace(CODE_KEY, use=2, cut_off=None)),
    status_prefix="https://zz.example.gov.cn/s/",
    licence_types=("11100000MB03271699001",),
)
TRUST = TrustList(
    sequence=3,
    issued_at=AT,
    expires_at=AT + timedelta(days=30),
    issuers=(ISSUER, replace(ISSUER, issuer="other")),
    log_policy=f"# our log\nlog {NOTES['log_vkey']}\n\nwitness w {NOTES['witness_vkey']}\nquorum none\n",
    authorities=(b"certificate",),
)


def sign(message: bytes) -> bytes:
    return der_to_raw(ROOT_KEY.sign(message, ec.ECDSA(SHA256())))


def signed(trust: TrustList) -> bytes:
    kid = key_identifier(ROOT)
    return assemble_trust_list(trust, kid, sign(trust_list_to_be_signed(trust, kid)))


def signed_claims(claims: object) -> bytes:
    """Any claims, signed by the right root."""
    header, payload = protected_header(Algorithm.ES256, key_identifier(ROOT)), cbor.encode(claims)
    return encode_sign1(header, payload, sign(sig_structure(header, payload)), tagged=True)


def test_the_trust_list_of_the_vector_opens() -> None:
    trust = open_trust_list(DATA, VECTOR_ROOT, at=AT)

    assert trust.sequence == 42
    issuer = trust.issuer("11999999MB1A2B3CX4")
    assert issuer is not None
    assert issuer.licence_types == ("11100000MB03271699001",)
    assert [key.use for key in issuer.keys] == [1, 1, 2]
    assert trust.verifiers == ()


def test_the_vector_is_written_again_to_the_same_bytes() -> None:
    trust = open_trust_list(DATA, VECTOR_ROOT, at=AT)

    assert assemble_trust_list(trust, key_identifier(VECTOR_ROOT), DATA[-64:]) == DATA


def test_a_list_reads_back() -> None:
    read = open_trust_list(signed(TRUST), ROOT, at=AT)

    assert read == TRUST
    assert [verifier.name for verifier in read.verifiers] == [NOTES["origin"]]


def test_a_stolen_document_key_reads_back_with_its_cut_off_and_is_found_for_nothing_else() -> None:
    public = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    stolen = replace(CODE_KEY, kid=key_identifier(spki), algorithm=Algorithm.RS256, spki=spki, use=6)
    trust = replace(TRUST, issuers=(replace(ISSUER, keys=(CODE_KEY, stolen, replace(CODE_KEY, use=6))),))

    read = open_trust_list(signed(trust), ROOT, at=AT)

    assert read == trust
    assert [key.cut_off for _, key in read.keys_for(stolen.kid, 6)] == [stolen.cut_off]
    assert read.keys_for(stolen.kid, 1) == ()


def test_a_key_is_found_by_id_and_use_only() -> None:
    found = TRUST.keys_for(CODE_KEY.kid, 1)

    assert [(issuer.issuer, key.use) for issuer, key in found] == [(ISSUER.issuer, 1), ("other", 1)]
    assert TRUST.keys_for(CODE_KEY.kid, 5) == ()
    assert TRUST.keys_for(bytes(8), 1) == ()
    assert TRUST.issuer("nobody") is None


def test_a_key_covers_its_period_and_not_its_end() -> None:
    assert CODE_KEY.covers(CODE_KEY.not_before)
    assert not CODE_KEY.covers(CODE_KEY.not_after)


@settings(max_examples=150)
@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_a_list_with_any_changed_byte_is_refused(place: int, change: int) -> None:
    changed = bytearray(DATA)
    changed[place] ^= change

    with pytest.raises(TrustListError):
        open_trust_list(bytes(changed), VECTOR_ROOT, at=AT)


def test_another_root_is_refused() -> None:
    with pytest.raises(TrustListSignatureError):
        open_trust_list(DATA, ROOT, at=AT)


def test_a_signature_by_another_key_under_the_roots_id_is_refused() -> None:
    kid = key_identifier(VECTOR_ROOT)
    forged = assemble_trust_list(TRUST, kid, sign(trust_list_to_be_signed(TRUST, kid)))

    with pytest.raises(TrustListSignatureError):
        open_trust_list(forged, VECTOR_ROOT, at=AT)


def test_an_older_list_is_refused_and_the_same_one_is_not() -> None:
    data = signed(TRUST)

    assert open_trust_list(data, ROOT, at=AT, sequence_min=3).sequence == 3
    with pytest.raises(TrustListSequenceError):
        open_trust_list(data, ROOT, at=AT, sequence_min=4)


def test_a_list_ends_at_its_end() -> None:
    data = signed(TRUST)

    assert open_trust_list(data, ROOT, at=TRUST.expires_at - timedelta(seconds=1)) == TRUST
    with pytest.raises(TrustListExpiredError):
        open_trust_list(data, ROOT, at=TRUST.expires_at)


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": -1},
        {"expires_at": AT},
        {"expires_at": AT + timedelta(days=30, seconds=1)},
        {"issuers": (ISSUER, ISSUER)},
        {"log_policy": "logs x"},
        {"log_policy": "log"},
        {"log_policy": f"log {NOTES['witness_vkey']}"},
    ],
)
def test_a_list_that_nobody_may_sign_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(TrustListFormError):
        replace(TRUST, **change)


@pytest.mark.parametrize(
    "change",
    [
        {"kid": bytes(8)},
        {"use": 4},
        {"use": True},
        {"algorithm": Algorithm.RS256},
        {"use": 6, "cut_off": None},
        {"not_after": CODE_KEY.not_before},
        {"cut_off": ("", 1)},
        {"cut_off": ("origin", -1)},
    ],
)
def test_a_key_that_nobody_may_trust_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(TrustListFormError):
        replace(CODE_KEY, **change)


def test_an_issuer_has_an_id_and_a_name() -> None:
    for change in ({"issuer": ""}, {"name": ""}):
        with pytest.raises(TrustListFormError):
            replace(ISSUER, **change)


def claims_with(place: tuple[int, ...], value: object) -> object:
    """The claims of the list with one value changed, added, or taken away with ``...``; lists are entered at 0."""
    claims = cbor.decode(TRUST.payload(), bytes_max=10_000)
    target: Any = claims
    for step in place[:-1]:
        target = target[step]
    if value is ...:
        del target[place[-1]]
    else:
        target[place[-1]] = value
    return claims


CONTENT = -70010
KEY_PLACE = (CONTENT, 2, 0, 3, 0)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((1,), "other"),
        ((4,), ...),
        ((4,), -1),
        ((4,), True),
        ((4,), "x"),
        ((5,), 1),
        ((6,), 2**60),
        ((CONTENT,), []),
        ((CONTENT, 1), True),
        ((CONTENT, 1), "1"),
        ((CONTENT, 2), {}),
        ((CONTENT, 3), 1),
        ((CONTENT, 4), [1]),
        ((CONTENT, 4), {}),
        ((CONTENT, 5), 1),
        ((CONTENT, 2, 0), []),
        ((CONTENT, 2, 0, 1), 1),
        ((CONTENT, 2, 0, 5), [1]),
        ((CONTENT, 2, 0, 6), 1),
        (KEY_PLACE, []),
        ((*KEY_PLACE, 2), -70002),
        ((*KEY_PLACE, 2), -70004),
        ((*KEY_PLACE, 2), -8),
        ((*KEY_PLACE, 3), b""),
        ((*KEY_PLACE, 4), "1"),
        ((*KEY_PLACE, 4), True),
        ((*KEY_PLACE, 5), False),
        ((*KEY_PLACE, 7), []),
        ((*KEY_PLACE, 7), ["origin", True]),
        ((*KEY_PLACE, 8), 1),
    ],
)
def test_claims_that_we_would_not_write_are_refused_even_when_signed(place: tuple[int, ...], value: object) -> None:
    with pytest.raises(TrustListFormError):
        open_trust_list(signed_claims(claims_with(place, value)), ROOT, at=AT)


def test_a_payload_that_is_no_cbor_is_refused() -> None:
    header = protected_header(Algorithm.ES256, key_identifier(ROOT))
    data = encode_sign1(header, b"\xff", sign(sig_structure(header, b"\xff")), tagged=True)

    with pytest.raises(TrustListFormError):
        open_trust_list(data, ROOT, at=AT)


def test_a_cut_off_holds_under_every_name_of_the_log_and_under_no_other() -> None:
    public = parse_verifier_key(NOTES["log_vkey"])
    names = (public.name, f"{public.name}/next")
    lines = "".join(f"log {verifier_key_text(name, public.public)}\n" for name in names)
    trust = replace(TRUST, log_policy=f"{lines}quorum none\n")

    for cut_off_in in names:
        for name in names:
            below = [trust.is_below((cut_off_in, 7), name, index) for index in (0, 6, 7, 8)]
            assert below == [True, True, False, False]
    assert not trust.is_below((names[0], 7), "another.example/log", 0)
    assert not trust.is_below(("another.example/log", 7), names[0], 0)
