"""Signatures: the table of algorithms, keys of the right kind only, both forms of ECDSA."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.algorithms import (
    Algorithm,
    AlgorithmError,
    PublicKey,
    PublicKeyError,
    SignatureError,
    check_cose_signature,
    check_signature,
    cose_algorithm,
    der_to_raw,
    key_identifier,
    raw_to_der,
)

MESSAGE = b"bytes to be signed"
P256 = ec.derive_private_key(7, ec.SECP256R1())
ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))


def spki(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def test_good_signatures_of_each_algorithm_pass(rsa_key: rsa.RSAPrivateKey) -> None:
    der = P256.sign(MESSAGE, ec.ECDSA(SHA256()))

    check_signature(Algorithm.ES256, spki(P256), MESSAGE, der)
    check_cose_signature(Algorithm.ES256, spki(P256), MESSAGE, der_to_raw(der))
    check_cose_signature(Algorithm.ED25519, spki(ED25519), MESSAGE, ED25519.sign(MESSAGE))
    check_signature(Algorithm.RS256, spki(rsa_key), MESSAGE, rsa_key.sign(MESSAGE, padding.PKCS1v15(), SHA256()))


def test_a_signature_over_other_bytes_is_refused(rsa_key: rsa.RSAPrivateKey) -> None:
    signatures = {
        (Algorithm.ES256, spki(P256)): P256.sign(MESSAGE, ec.ECDSA(SHA256())),
        (Algorithm.ED25519, spki(ED25519)): ED25519.sign(MESSAGE),
        (Algorithm.RS256, spki(rsa_key)): rsa_key.sign(MESSAGE, padding.PKCS1v15(), SHA256()),
    }

    for (algorithm, key), signature in signatures.items():
        with pytest.raises(SignatureError):
            check_signature(algorithm, key, MESSAGE + b".", signature)
        with pytest.raises(SignatureError):
            check_signature(algorithm, key, MESSAGE, b"")


def test_each_form_of_ecdsa_is_refused_in_place_of_the_other() -> None:
    der = P256.sign(MESSAGE, ec.ECDSA(SHA256()))

    with pytest.raises(SignatureError):
        check_cose_signature(Algorithm.ES256, spki(P256), MESSAGE, der)
    with pytest.raises(SignatureError):
        check_signature(Algorithm.ES256, spki(P256), MESSAGE, der_to_raw(der))


@settings(max_examples=50)
@given(st.integers(1, 2**256 - 1), st.integers(1, 2**256 - 1))
def test_both_forms_of_ecdsa_turn_into_each_other(r: int, s: int) -> None:
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")

    assert der_to_raw(raw_to_der(raw)) == raw


@pytest.mark.parametrize(
    "der", ["", "3000", "30080201010201", "302702210100" + "00" * 31 + "00" + "020101", "3006020101020101ff"]
)
def test_what_is_no_ecdsa_signature_does_not_become_one(der: str) -> None:
    with pytest.raises(SignatureError):
        der_to_raw(bytes.fromhex(der))


def test_a_negative_half_does_not_become_a_signature() -> None:
    with pytest.raises(SignatureError):
        der_to_raw(bytes.fromhex("30060201ff020101"))


def test_keys_of_another_kind_are_refused(rsa_key: rsa.RSAPrivateKey) -> None:
    p384 = ec.derive_private_key(7, ec.SECP384R1())
    wrong = [
        (Algorithm.ES256, spki(ED25519)),
        (Algorithm.ES256, spki(p384)),
        (Algorithm.ED25519, spki(P256)),
        (Algorithm.RS256, spki(P256)),
        (Algorithm.ES256, spki(rsa_key)),
        (Algorithm.RS256, spki(rsa.generate_private_key(65537, 1024))),  # noqa: S505  # weak on purpose
        (Algorithm.ES256, b""),
        (Algorithm.ES256, bytes(5000)),
    ]

    for algorithm, key in wrong:
        with pytest.raises(PublicKeyError):
            PublicKey(key, algorithm)


def test_a_key_is_named_by_the_start_of_its_digest() -> None:
    key = PublicKey(spki(P256), Algorithm.ES256)

    assert key.kid == key_identifier(key.spki)
    assert len(key.kid) == 8


@pytest.mark.parametrize(("number", "algorithm"), [(-7, "ES256"), (-9, "ES256"), (-8, "Ed25519"), (-19, "Ed25519")])
def test_cose_numbers_old_and_new_name_the_same_algorithms(number: int, algorithm: str) -> None:
    assert cose_algorithm(number) == algorithm


VECTOR = json.loads((Path(__file__).parents[2] / "vectors" / "credential-sm2.json").read_text())


def test_the_sm2_vector_of_another_library_holds_in_both_forms() -> None:
    spki, message = (bytes.fromhex(VECTOR[name]) for name in ("spki_der_hex", "sig_structure_hex"))
    der, raw = (bytes.fromhex(VECTOR[name]) for name in ("signature_der_hex", "signature_rs_hex"))

    assert cose_algorithm(VECTOR["alg"]) is Algorithm.SM2
    assert key_identifier(spki).hex() == VECTOR["kid_hex"]
    check_signature(Algorithm.SM2, spki, message, der)
    check_cose_signature(Algorithm.SM2, spki, message, raw)
    assert (raw_to_der(raw), der_to_raw(der)) == (der, raw)
    for wrong in (der, raw[:-1], raw + b"\x00", raw[32:] + raw[:32]):
        with pytest.raises(SignatureError):
            check_cose_signature(Algorithm.SM2, spki, message, wrong)
    for other in (Algorithm.ES256, Algorithm.ED25519, Algorithm.RS256):
        with pytest.raises(PublicKeyError):
            check_signature(other, spki, message, der)


@pytest.mark.parametrize("number", [-70001, -257, 0, None, "ES256", True, [1]])
def test_other_cose_numbers_are_refused_by_name(number: object) -> None:
    with pytest.raises(AlgorithmError):
        cose_algorithm(number)


@given(st.binary(min_size=64, max_size=64) | st.binary(max_size=64).map(lambda each: each.rjust(64, b"\x00")))
def test_r_and_s_become_the_der_that_cryptography_writes(signature: bytes) -> None:
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")

    assert raw_to_der(signature) == encode_dss_signature(r, s)
