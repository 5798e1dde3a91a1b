"""Certificates: which path is trusted, for which purpose, and what is refused."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.certificate_maker import CONTENT_USAGE, LONGER_HASH, STAMPING, Party, root, usage
from tests.key_room import AUTHORITY, DOCUMENT, NOW, TIMESTAMP, KeyRoom
from verify.algorithms import Algorithm
from verify.certificates import (
    CERTIFICATE_BYTES_MAX,
    CertificatePathError,
    CertificatePeriodError,
    CertificateReadError,
    CertificateUseError,
    find_path,
    read_certificate,
)
from verify.key_purpose import KeyPurpose

ROOT = root()
MIDDLE = Party(name="middle", issuer=ROOT, is_authority=True)
SIGNER = Party(name="signer", issuer=MIDDLE)
DIRECT = Party(name="direct", issuer=ROOT)


def path_names(leaf: Party, chain: tuple[Party, ...], anchors: tuple[Party, ...]) -> list[str]:
    found = find_path(
        leaf.certificate,
        tuple(each.certificate for each in chain),
        tuple(each.certificate for each in anchors),
        KeyPurpose.DOCUMENT,
    )
    return [each.common_name for each in found.certificates]


def refuse(leaf: Party, chain: tuple[Party, ...], anchors: tuple[Party, ...]) -> None:
    with pytest.raises(CertificatePathError):
        path_names(leaf, chain, anchors)


def test_our_own_certificates_are_trusted_for_their_purpose_and_no_other(office: KeyRoom) -> None:
    anchors = (office.custody.chain(AUTHORITY)[0],)
    document, stamp = office.custody.chain(DOCUMENT), office.custody.chain(TIMESTAMP)

    path = find_path(document[0], document, anchors, KeyPurpose.DOCUMENT)

    assert [each.encoded for each in path.certificates] == [document[0], anchors[0]]
    assert path.leaf.kid == office.custody.public_key(DOCUMENT).kid
    assert path.leaf.is_test
    assert find_path(stamp[0], stamp, anchors, KeyPurpose.TIMESTAMP).leaf.common_name == "timestamp"
    for chain, purpose in (
        (document, KeyPurpose.TIMESTAMP),
        (stamp, KeyPurpose.DOCUMENT),
        (document, KeyPurpose.CODE),
        ((anchors[0],), KeyPurpose.DOCUMENT),
    ):
        with pytest.raises((CertificateUseError, CertificatePathError)):
            find_path(chain[0], chain, anchors, purpose)


def test_a_path_goes_over_the_authorities_that_came_along_in_any_order() -> None:
    assert path_names(SIGNER, (SIGNER, MIDDLE, ROOT), (ROOT,)) == ["signer", "middle", "root"]
    assert path_names(SIGNER, (MIDDLE,), (ROOT,)) == ["signer", "middle", "root"]
    assert path_names(DIRECT, (), (ROOT,)) == ["direct", "root"]
    assert path_names(SIGNER, (), (MIDDLE,)) == ["signer", "middle"]


def test_nothing_is_trusted_without_an_anchor_or_with_a_gap() -> None:
    refuse(SIGNER, (MIDDLE, ROOT), ())
    refuse(SIGNER, (), (ROOT,))
    refuse(SIGNER, (MIDDLE,), (root(),))  # of the same name, with another key
    refuse(ROOT, (), (ROOT,))


def test_a_certificate_beside_the_path_is_refused() -> None:
    refuse(DIRECT, (MIDDLE,), (ROOT,))
    refuse(DIRECT, tuple(Party(name=f"{number}", issuer=ROOT) for number in range(5)), (ROOT,))


def test_a_renewed_authority_is_found_under_the_certificate_that_came_along() -> None:
    renewed = replace(ROOT, not_after=NOW + timedelta(days=730))

    for own in (ROOT, renewed):
        found = find_path(
            DIRECT.certificate, (own.certificate,), (ROOT.certificate, renewed.certificate), KeyPurpose.DOCUMENT
        )
        assert found.certificates[-1].encoded == own.certificate


def test_a_path_may_not_be_longer_than_its_authorities_allow() -> None:
    narrow = root("narrow", path_length=0)
    middle = Party(name="middle", issuer=narrow, is_authority=True)
    refuse(Party(name="signer", issuer=middle), (middle,), (narrow,))
    assert path_names(Party(name="signer", issuer=narrow), (), (narrow,)) == ["signer", "narrow"]

    deep = ROOT
    chain: tuple[Party, ...] = ()
    for number in range(4):
        deep = Party(name=f"level {number}", issuer=deep, is_authority=True)
        chain = (*chain, deep)
    refuse(Party(name="signer", issuer=deep), chain, (ROOT,))
    assert len(path_names(Party(name="signer", issuer=chain[2]), chain[:3], (ROOT,))) == 5


def test_authorities_that_sign_each_other_lead_nowhere() -> None:
    first, second = root("first"), root("second")
    over_second = Party(name="first", issuer=second, is_authority=True, key=first.key)
    over_first = Party(name="second", issuer=first, is_authority=True, key=second.key)

    refuse(Party(name="signer", issuer=first), (over_second, over_first), (ROOT,))


@pytest.mark.parametrize(
    "issuer",
    [
        Party(name="root", key_usage=usage("digital_signature")),
        Party(name="root", is_authority=True, key_usage=usage("crl_sign")),
        Party(name="root", is_authority=False, key_usage=usage("key_cert_sign", "digital_signature")),
    ],
    ids=["a signer", "an authority for lists only", "no authority"],
)
def test_only_an_authority_for_certificates_stands_above_another(issuer: Party) -> None:
    refuse(Party(name="signer", issuer=issuer), (), (issuer,))


def test_a_signature_by_another_key_of_the_same_name_is_refused() -> None:
    impostor = root()
    refuse(Party(name="signer", issuer=impostor), (), (ROOT,))
    rsa_root = root(key=rsa.generate_private_key(65537, 2048))
    refuse(Party(name="signer", issuer=rsa_root), (), (ROOT,))
    assert path_names(Party(name="signer", issuer=rsa_root), (), (rsa_root,)) == ["signer", "root"]
    assert read_certificate(rsa_root.certificate).algorithm is Algorithm.RS256


@pytest.mark.parametrize(
    ("purposes", "allowed"),
    [
        (None, True),
        ([ExtendedKeyUsageOID.EMAIL_PROTECTION], True),
        ([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")], True),
        ([ExtendedKeyUsageOID.SERVER_AUTH], False),
        ([ExtendedKeyUsageOID.TIME_STAMPING], False),
        ([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.EMAIL_PROTECTION], False),
    ],
)
def test_extended_purposes_restrict_who_signs_documents(
    purposes: list[x509.ObjectIdentifier] | None, *, allowed: bool
) -> None:
    extensions = () if purposes is None else ((x509.ExtendedKeyUsage(purposes), False),)
    signer = Party(name="signer", issuer=ROOT, extensions=extensions)

    if allowed:
        assert path_names(signer, (), (ROOT,)) == ["signer", "root"]
    else:
        with pytest.raises(CertificateUseError):
            path_names(signer, (), (ROOT,))


@pytest.mark.parametrize(
    ("extensions", "key_usage"),
    [
        (((STAMPING, False),), CONTENT_USAGE),
        ((), CONTENT_USAGE),
        (
            (
                (
                    x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING]),
                    True,
                ),
            ),
            CONTENT_USAGE,
        ),
        (((STAMPING, True),), usage("key_agreement")),
    ],
    ids=["not critical", "none", "two purposes", "no signatures"],
)
def test_a_stamp_is_made_by_a_certificate_for_stamps_alone(
    extensions: tuple[tuple[x509.ExtensionType, bool], ...], key_usage: x509.KeyUsage
) -> None:
    good = Party(name="stamp", issuer=ROOT, extensions=((STAMPING, True),))
    bad = replace(good, extensions=extensions, key_usage=key_usage)

    assert find_path(good.certificate, (), (ROOT.certificate,), KeyPurpose.TIMESTAMP)
    with pytest.raises(CertificateUseError):
        find_path(bad.certificate, (), (ROOT.certificate,), KeyPurpose.TIMESTAMP)


def test_a_path_is_valid_from_its_first_to_its_last_second_and_not_beyond() -> None:
    path = find_path(DIRECT.certificate, (), (ROOT.certificate,), KeyPurpose.DOCUMENT)

    path.check_period(DIRECT.not_before)
    path.check_period(DIRECT.not_after)
    for moment in (DIRECT.not_before - timedelta(seconds=1), DIRECT.not_after + timedelta(seconds=1)):
        with pytest.raises(CertificatePeriodError):
            path.check_period(moment)


def test_an_authority_that_ended_ends_what_it_signed() -> None:
    short = root(not_after=NOW - timedelta(hours=1))
    path = find_path(Party(name="signer", issuer=short).certificate, (), (short.certificate,), KeyPurpose.DOCUMENT)

    with pytest.raises(CertificatePeriodError):
        path.check_period(NOW)


def test_names_that_stand_twice_or_not_at_all_are_empty() -> None:
    attributes = [x509.NameAttribute(x509.NameOID.COMMON_NAME, text) for text in ("one", "two")]
    party = Party(name="signer", issuer=ROOT)
    party.subject = x509.Name(attributes)

    assert read_certificate(party.certificate).common_name == ""
    assert read_certificate(party.certificate).organisation == ""
    assert not read_certificate(party.certificate).is_test


@pytest.mark.parametrize(
    "party",
    [
        Party(name="signer", issuer=ROOT, hash_algorithm=LONGER_HASH),
        Party(
            name="signer",
            issuer=ROOT,
            extensions=((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),),
        ),
    ],
    ids=["another hash", "an unknown critical extension"],
)
def test_what_this_version_does_not_know_is_refused(party: Party) -> None:
    with pytest.raises(CertificateReadError):
        read_certificate(party.certificate)


def test_an_unknown_extension_that_is_not_critical_is_passed_over() -> None:
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert read_certificate(Party(name="signer", issuer=ROOT, extensions=((extension, False),)).certificate)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x30\x00", bytes(CERTIFICATE_BYTES_MAX + 1), ROOT.certificate + b"\x00", ROOT.certificate[:-1]],
    ids=["nothing", "empty", "too long", "more behind it", "cut off"],
)
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    with pytest.raises(CertificateReadError):
        read_certificate(data)


def test_a_certificate_without_extensions_is_an_old_one_and_refused() -> None:
    version_1 = ROOT.certificate.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x00", 1)
    with pytest.raises(CertificateReadError):
        read_certificate(version_1)


def test_two_algorithms_in_one_certificate_are_refused() -> None:
    ecdsa_with_sha256, with_sha384 = bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8648ce3d040303")
    inside_only = ROOT.certificate.replace(ecdsa_with_sha256, with_sha384, 1)
    with pytest.raises(CertificateReadError):
        read_certificate(inside_only)


@settings(max_examples=150, deadline=None)
@given(place=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_no_bit_of_a_trusted_certificate_is_free(place: int, bit: int) -> None:
    changed = bytearray(DIRECT.certificate)
    changed[place % len(changed)] ^= 1 << bit

    with pytest.raises((CertificateReadError, CertificatePathError)):
        find_path(bytes(changed), (), (ROOT.certificate,), KeyPurpose.DOCUMENT)


def test_a_name_written_in_bits_is_no_certificate_of_ours() -> None:
    """The library says TypeError of it, which is no word about a file that somebody hands in."""
    name = b"\x0c" + bytes([len("middle")]) + b"middle"
    assert name in MIDDLE.certificate

    with pytest.raises(CertificateReadError):
        read_certificate(MIDDLE.certificate.replace(name, b"\x03" + bytes([len("middle")]) + b"\x00iddle"))
