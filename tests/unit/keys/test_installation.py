"""Certificate in: fits the key, or is refused with the reason."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keys.authority import Profile
from keys.errors import (
    CertificateChainError,
    CertificateFormError,
    CertificateKeyError,
    CertificatePeriodError,
    CertificateProfileError,
)
from keys.installation import CHAIN_BYTES_MAX, check_certificate, decode_pem_chain, encode_pem_chain
from tests.certificate_maker import AUTHORITY_USAGE, LONGER_HASH, STACKS, Party, new_key
from tests.key_room import AUTHORITY, DOCUMENT, NATIONAL_AUTHORITY, NOW, SEAL, SEAL_MAKER, TIMESTAMP, KeyRoom
from verify.algorithms import Algorithm, PublicKey
from verify.key_purpose import KeyPurpose

Certified = tuple[x509.Certificate, EllipticCurvePrivateKey]


def outside(
    name: str,
    issuer: Certified | None = None,
    *,
    ca: bool = False,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    key: EllipticCurvePrivateKey | None = None,
) -> Certified:
    """Return a certificate of an outside authority, made with `cryptography`."""
    own = key or generate_private_key(SECP256R1())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(issuer[0].subject if issuer else named)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=30))
    )
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(usage(key_cert_sign=True), critical=True)
    for value, critical in extensions:
        builder = builder.add_extension(value, critical=critical)
    return builder.sign(issuer[1] if issuer else own, SHA256()), own


def usage(**bits: bool) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign"
        " encipher_only decipher_only"
    )
    return x509.KeyUsage(**dict.fromkeys(names.split(), False) | bits)


SIGNS = (usage(digital_signature=True), True)
STAMPS = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)
ROOT = outside("root", ca=True)
MIDDLE = outside("middle", ROOT, ca=True)


def der(*certified: Certified) -> tuple[bytes, ...]:
    return tuple(each[0].public_bytes(Encoding.DER) for each in certified)


def public(certified: Certified) -> PublicKey:
    from cryptography.hazmat.primitives.serialization import PublicFormat  # long name, used here only

    return PublicKey(
        certified[1].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), Algorithm.ES256
    )


def check(leaf: Certified, *above: Certified, purpose: KeyPurpose = KeyPurpose.DOCUMENT, **changes: Any) -> None:
    settings: dict[str, Any] = {"anchors": der(ROOT), "at": NOW} | changes
    check_certificate(purpose, public(leaf), der(leaf, *above), **settings)


@pytest.mark.parametrize("above", [(MIDDLE, ROOT), (MIDDLE,)], ids=["with root", "without root"])
def test_a_chain_of_an_outside_authority_fits(above: tuple[Certified, ...]) -> None:
    check(outside("leaf", MIDDLE, extensions=(SIGNS,)), *above)
    check(outside("leaf", MIDDLE, extensions=((usage(content_commitment=True), True),)), *above)
    check(outside("leaf", MIDDLE, extensions=(SIGNS, STAMPS)), *above, purpose=KeyPurpose.TIMESTAMP)


def test_a_certificate_right_under_the_root_may_stand_alone() -> None:
    check(outside("leaf", ROOT, extensions=(SIGNS,)))


def test_the_authority_itself_may_be_certified_from_outside() -> None:
    check(outside("ours", ROOT, ca=True), ROOT, purpose=KeyPurpose.AUTHORITY)


def test_the_certificate_of_another_key_is_refused() -> None:
    leaf, other = (outside("leaf", ROOT, extensions=(SIGNS,)) for _ in range(2))

    with pytest.raises(CertificateKeyError):
        check_certificate(KeyPurpose.DOCUMENT, public(other), der(leaf), anchors=der(ROOT), at=NOW)


@pytest.mark.parametrize(
    ("purpose", "extensions"),
    [
        (KeyPurpose.DOCUMENT, ()),
        (KeyPurpose.DOCUMENT, ((usage(key_encipherment=True), True),)),
        (KeyPurpose.DOCUMENT, (SIGNS, STAMPS)),
        (KeyPurpose.DOCUMENT, (SIGNS, (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False))),
        (KeyPurpose.TIMESTAMP, (SIGNS,)),
        (KeyPurpose.TIMESTAMP, (SIGNS, (STAMPS[0], False))),
        (
            KeyPurpose.TIMESTAMP,
            (
                SIGNS,
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING]), True),
            ),
        ),
        (KeyPurpose.AUTHORITY, (SIGNS,)),
        (KeyPurpose.AUTHORITY, (SIGNS, (x509.BasicConstraints(ca=True, path_length=None), True))),
        (KeyPurpose.CODE, (SIGNS,)),
    ],
)
def test_extensions_of_another_purpose_are_refused(
    purpose: KeyPurpose, extensions: tuple[tuple[x509.ExtensionType, bool], ...]
) -> None:
    with pytest.raises(CertificateProfileError):
        check(outside("leaf", ROOT, extensions=extensions), purpose=purpose)


def test_an_authority_is_no_document_signer() -> None:
    with pytest.raises(CertificateProfileError):
        check(outside("leaf", ROOT, ca=True))


@pytest.mark.parametrize(
    "make",
    [
        lambda leaf: (leaf, ROOT),  # the middle is missing
        lambda leaf: (leaf, ROOT, MIDDLE),
        lambda leaf: (leaf, MIDDLE, leaf),
        lambda leaf: (leaf, outside("middle", ROOT, ca=True)),  # same name, other key
        lambda leaf: (leaf, *(MIDDLE,) * 5),
        lambda leaf: (leaf,),
    ],
)
def test_a_chain_out_of_order_is_refused(make: Callable[[Certified], tuple[Certified, ...]]) -> None:
    leaf = outside("leaf", MIDDLE, extensions=(SIGNS,))

    with pytest.raises(CertificateChainError):
        check(*make(leaf))


def test_a_chain_to_an_authority_that_is_not_trusted_is_refused() -> None:
    leaf = outside("leaf", MIDDLE, extensions=(SIGNS,))

    with pytest.raises(CertificateChainError):
        check(leaf, MIDDLE, ROOT, anchors=der(outside("root", ca=True)))
    with pytest.raises(CertificateChainError):
        check(leaf, MIDDLE, ROOT, anchors=())


def test_a_certificate_issued_by_a_leaf_is_refused() -> None:
    leaf = outside("leaf", ROOT, extensions=(SIGNS,))

    with pytest.raises(CertificateChainError):
        check(outside("below", leaf, extensions=(SIGNS,)), leaf, ROOT)
    with pytest.raises(CertificateChainError):
        check(outside("below", leaf, extensions=(SIGNS,)), anchors=der(leaf))


@pytest.mark.parametrize("days", [-2, 31])
def test_a_chain_outside_its_period_is_refused(days: int) -> None:
    with pytest.raises(CertificatePeriodError):
        check(outside("leaf", ROOT, extensions=(SIGNS,)), at=NOW + timedelta(days=days))


NATIONAL = STACKS[1]


def check_national(leaf: Party, *above: Party, purpose: KeyPurpose = KeyPurpose.SEAL) -> None:
    chain = tuple(each.certificate for each in (leaf, *above))
    anchors = (NATIONAL.root.certificate,)
    check_certificate(purpose, PublicKey(leaf.spki, leaf.algorithm), chain, anchors=anchors, at=NOW)


def test_a_chain_of_an_outside_authority_with_sm2_fits() -> None:
    check_national(NATIONAL.signer, NATIONAL.middle, NATIONAL.root)
    check_national(NATIONAL.signer, NATIONAL.middle)
    check_national(NATIONAL.direct, purpose=KeyPurpose.SEAL_MAKER)
    check_national(NATIONAL.middle, NATIONAL.root, purpose=KeyPurpose.AUTHORITY)
    check_national(Party(name="leaf", issuer=NATIONAL.root, key=new_key(Algorithm.ES256)), purpose=KeyPurpose.DOCUMENT)


@pytest.mark.parametrize(
    "above",
    [
        NATIONAL.new_root("middle"),
        Party(name="other", issuer=NATIONAL.root, is_authority=True, key=NATIONAL.middle.key),
        Party(name="middle", issuer=NATIONAL.root, is_authority=True, key=new_key(Algorithm.ES256)),
        Party(name="middle", issuer=NATIONAL.root, key_usage=AUTHORITY_USAGE, key=NATIONAL.middle.key),
    ],
    ids=["another key", "another name", "a key of the other stack", "no authority"],
)
def test_a_national_chain_that_does_not_hold_is_refused(above: Party) -> None:
    with pytest.raises(CertificateChainError):
        check_national(NATIONAL.signer, above, NATIONAL.root)


def test_a_national_certificate_with_another_digest_is_refused() -> None:
    with pytest.raises(CertificateChainError):
        check_national(Party(name="leaf", issuer=NATIONAL.root, hash_algorithm=LONGER_HASH))


def test_seal_and_maker_do_not_take_each_others_certificate(office: KeyRoom) -> None:
    for key, purpose in ((SEAL, KeyPurpose.SEAL_MAKER), (SEAL_MAKER, KeyPurpose.SEAL), (SEAL, KeyPurpose.DOCUMENT)):
        chain = office.custody.chain(key)
        with pytest.raises(CertificateProfileError):
            check_certificate(purpose, office.custody.public_key(key), chain, anchors=chain[-1:], at=NOW)


def test_an_empty_chain_and_what_is_no_certificate_are_refused() -> None:
    leaf = outside("leaf", ROOT, extensions=(SIGNS,))

    with pytest.raises(CertificateChainError):
        check_certificate(KeyPurpose.DOCUMENT, public(leaf), (), anchors=der(ROOT), at=NOW)
    with pytest.raises(CertificateFormError):
        check_certificate(KeyPurpose.DOCUMENT, public(leaf), (b"\x30\x00",), anchors=der(ROOT), at=NOW)


def test_certificates_are_read_from_pem_as_they_were_written(office: KeyRoom) -> None:
    chain = office.custody.chain(DOCUMENT)

    assert decode_pem_chain(encode_pem_chain(chain)) == chain


@pytest.mark.parametrize("data", [b"", b"no certificate", b"-" * (CHAIN_BYTES_MAX + 1)])
def test_what_is_no_pem_is_refused(data: bytes) -> None:
    with pytest.raises(CertificateFormError):
        decode_pem_chain(data)


def test_our_own_certificates_pass_their_own_check(office: KeyRoom) -> None:
    for key in (AUTHORITY, DOCUMENT, TIMESTAMP, NATIONAL_AUTHORITY, SEAL_MAKER, SEAL):
        chain = office.custody.chain(key)
        check_certificate(key.purpose, office.custody.public_key(key), chain, anchors=chain[-1:], at=NOW)
    assert Profile.TIMESTAMP in Profile
