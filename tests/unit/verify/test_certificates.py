"""Certificates: which path is trusted, for which purpose, and what is refused."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from keys import sm2
from keys.sm2_key import Sm2PrivateKey
from tests.certificate_maker import (
    CONTENT_USAGE,
    ECDSA_WITH_SHA256,
    LONGER_HASH,
    SM2_WITH_SM3,
    STACKS,
    STAMPING,
    Party,
    Stack,
    new_key,
    root,
    usage,
)
from tests.key_room import AUTHORITY, DOCUMENT, NATIONAL_AUTHORITY, NOW, SEAL, SEAL_MAKER, TIMESTAMP, KeyRoom
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
from verify.der import SEQUENCE, bit_string, object_identifier, read_whole, sequence
from verify.key_purpose import KeyPurpose
from verify.oids import SEAL_MAKER_USE, SEAL_USE


def path_names(leaf: Party, chain: tuple[Party, ...], anchors: tuple[Party, ...]) -> list[str]:
    found = find_path(
        leaf.certificate,
        tuple(each.certificate for each in chain),
        tuple(each.certificate for each in anchors),
        KeyPurpose.SEAL if leaf.algorithm is Algorithm.SM2 else KeyPurpose.DOCUMENT,
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


def test_a_path_goes_over_the_authorities_that_came_along_in_any_order(stack: Stack) -> None:
    assert path_names(stack.signer, (stack.signer, stack.middle, stack.root), (stack.root,)) == [
        "signer",
        "middle",
        "root",
    ]
    assert path_names(stack.signer, (stack.middle,), (stack.root,)) == ["signer", "middle", "root"]
    assert path_names(stack.direct, (), (stack.root,)) == ["direct", "root"]
    assert path_names(stack.signer, (), (stack.middle,)) == ["signer", "middle"]


def test_nothing_is_trusted_without_an_anchor_or_with_a_gap(stack: Stack) -> None:
    refuse(stack.signer, (stack.middle, stack.root), ())
    refuse(stack.signer, (), (stack.root,))
    refuse(stack.signer, (stack.middle,), (stack.new_root(),))  # of the same name, with another key
    refuse(stack.root, (), (stack.root,))


def test_a_certificate_beside_the_path_is_refused(stack: Stack) -> None:
    refuse(stack.direct, (stack.middle,), (stack.root,))
    refuse(stack.direct, tuple(Party(name=f"{number}", issuer=stack.root) for number in range(5)), (stack.root,))


def test_a_renewed_authority_is_found_under_the_certificate_that_came_along(stack: Stack) -> None:
    renewed = replace(stack.root, not_after=NOW + timedelta(days=730))

    for own in (stack.root, renewed):
        found = find_path(
            stack.direct.certificate, (own.certificate,), (stack.root.certificate, renewed.certificate), stack.purpose
        )
        assert found.certificates[-1].encoded == own.certificate


def test_a_path_may_not_be_longer_than_its_authorities_allow(stack: Stack) -> None:
    narrow = stack.new_root("narrow", path_length=0)
    middle = Party(name="middle", issuer=narrow, is_authority=True)
    refuse(Party(name="signer", issuer=middle), (middle,), (narrow,))
    assert path_names(Party(name="signer", issuer=narrow), (), (narrow,)) == ["signer", "narrow"]

    deep = stack.root
    chain: tuple[Party, ...] = ()
    for number in range(4):
        deep = Party(name=f"level {number}", issuer=deep, is_authority=True)
        chain = (*chain, deep)
    refuse(Party(name="signer", issuer=deep), chain, (stack.root,))
    assert len(path_names(Party(name="signer", issuer=chain[2]), chain[:3], (stack.root,))) == 5


def test_authorities_that_sign_each_other_lead_nowhere(stack: Stack) -> None:
    first, second = stack.new_root("first"), stack.new_root("second")
    over_second = Party(name="first", issuer=second, is_authority=True, key=first.key)
    over_first = Party(name="second", issuer=first, is_authority=True, key=second.key)

    refuse(Party(name="signer", issuer=first), (over_second, over_first), (stack.root,))


@pytest.mark.parametrize(
    "changes",
    [
        {"is_authority": False, "key_usage": usage("digital_signature")},
        {"key_usage": usage("crl_sign")},
        {"is_authority": False, "key_usage": usage("key_cert_sign", "digital_signature")},
    ],
    ids=["a signer", "an authority for lists only", "no authority"],
)
def test_only_an_authority_for_certificates_stands_above_another(stack: Stack, changes: dict[str, Any]) -> None:
    issuer = replace(stack.new_root(), **changes)
    refuse(Party(name="signer", issuer=issuer), (), (issuer,))


def test_a_signature_by_another_key_of_the_same_name_is_refused(stack: Stack) -> None:
    impostor = stack.new_root()
    refuse(Party(name="signer", issuer=impostor), (), (stack.root,))
    rsa_root = root(key=rsa.generate_private_key(65537, 2048))
    refuse(Party(name="signer", issuer=rsa_root), (), (stack.root,))
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
    stack: Stack, purposes: list[x509.ObjectIdentifier] | None, *, allowed: bool
) -> None:
    extensions = () if purposes is None else ((x509.ExtendedKeyUsage(purposes), False),)
    signer = Party(name="signer", issuer=stack.root, extensions=extensions)

    if allowed:
        assert path_names(signer, (), (stack.root,)) == ["signer", "root"]
    else:
        with pytest.raises(CertificateUseError):
            path_names(signer, (), (stack.root,))


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
    stack: Stack, extensions: tuple[tuple[x509.ExtensionType, bool], ...], key_usage: x509.KeyUsage
) -> None:
    good = Party(name="stamp", issuer=stack.root, extensions=((STAMPING, True),))
    bad = replace(good, extensions=extensions, key_usage=key_usage)

    assert find_path(good.certificate, (), (stack.root.certificate,), KeyPurpose.TIMESTAMP)
    with pytest.raises(CertificateUseError):
        find_path(bad.certificate, (), (stack.root.certificate,), KeyPurpose.TIMESTAMP)


def test_a_path_is_valid_from_its_first_to_its_last_second_and_not_beyond(stack: Stack) -> None:
    path = find_path(stack.direct.certificate, (), (stack.root.certificate,), stack.purpose)

    path.check_period(stack.direct.not_before)
    path.check_period(stack.direct.not_after)
    for moment in (stack.direct.not_before - timedelta(seconds=1), stack.direct.not_after + timedelta(seconds=1)):
        with pytest.raises(CertificatePeriodError):
            path.check_period(moment)


def test_an_authority_that_ended_ends_what_it_signed(stack: Stack) -> None:
    short = stack.new_root(not_after=NOW - timedelta(hours=1))
    path = find_path(Party(name="signer", issuer=short).certificate, (), (short.certificate,), stack.purpose)

    with pytest.raises(CertificatePeriodError):
        path.check_period(NOW)


def test_names_that_stand_twice_or_not_at_all_are_empty(stack: Stack) -> None:
    attributes = [x509.NameAttribute(x509.NameOID.COMMON_NAME, text) for text in ("one", "two")]
    party = Party(name="signer", issuer=stack.root)
    party.subject = x509.Name(attributes)

    assert read_certificate(party.certificate).common_name == ""
    assert read_certificate(party.certificate).organisation == ""
    assert not read_certificate(party.certificate).is_test


@pytest.mark.parametrize(
    "changes",
    [
        {"hash_algorithm": LONGER_HASH},
        {"extensions": ((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),)},
    ],
    ids=["another hash", "an unknown critical extension"],
)
def test_what_this_version_does_not_know_is_refused(stack: Stack, changes: dict[str, Any]) -> None:
    with pytest.raises(CertificateReadError):
        read_certificate(Party(name="signer", issuer=stack.root, **changes).certificate)


def test_an_unknown_extension_that_is_not_critical_is_passed_over(stack: Stack) -> None:
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert read_certificate(Party(name="signer", issuer=stack.root, extensions=((extension, False),)).certificate)


@pytest.mark.parametrize("data", [b"", b"\x30\x00", bytes(CERTIFICATE_BYTES_MAX + 1)])
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    with pytest.raises(CertificateReadError):
        read_certificate(data)


def test_a_certificate_that_is_cut_off_or_has_more_behind_it_is_refused(stack: Stack) -> None:
    for data in (stack.root.certificate + b"\x00", stack.root.certificate[:-1]):
        with pytest.raises(CertificateReadError):
            read_certificate(data)


def test_a_certificate_without_extensions_is_an_old_one_and_refused(stack: Stack) -> None:
    version_1 = stack.root.certificate.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x00", 1)
    with pytest.raises(CertificateReadError):
        read_certificate(version_1)


def test_two_algorithms_in_one_certificate_are_refused(stack: Stack) -> None:
    used = ECDSA_WITH_SHA256 if stack.algorithm is Algorithm.ES256 else SM2_WITH_SM3
    inside_only = stack.root.certificate.replace(used, used[:-1] + b"\x03", 1)
    with pytest.raises(CertificateReadError):
        read_certificate(inside_only)


@settings(max_examples=150, deadline=None)
@given(place=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_no_bit_of_a_trusted_certificate_is_free(stack: Stack, place: int, bit: int) -> None:
    changed = bytearray(stack.direct.certificate)
    changed[place % len(changed)] ^= 1 << bit

    with pytest.raises((CertificateReadError, CertificatePathError)):
        find_path(bytes(changed), (), (stack.root.certificate,), stack.purpose)


def test_a_name_written_in_bits_is_no_certificate_of_ours(stack: Stack) -> None:
    """The library says TypeError of it, which is no word about a file that somebody hands in."""
    name = b"\x0c" + bytes([len("middle")]) + b"middle"
    assert name in stack.middle.certificate

    with pytest.raises(CertificateReadError):
        read_certificate(stack.middle.certificate.replace(name, b"\x03" + bytes([len("middle")]) + b"\x00iddle"))


NATIONAL = STACKS[1]
SEAL_ONLY = x509.ExtendedKeyUsage([x509.ObjectIdentifier(SEAL_USE)])
MAKER_ONLY = x509.ExtendedKeyUsage([x509.ObjectIdentifier(SEAL_MAKER_USE)])
BOTH = x509.ExtendedKeyUsage([x509.ObjectIdentifier(SEAL_USE), x509.ObjectIdentifier(SEAL_MAKER_USE)])
MAIL = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])


@pytest.mark.parametrize(
    ("purposes", "allowed"),
    [
        (None, {KeyPurpose.DOCUMENT, KeyPurpose.SEAL, KeyPurpose.SEAL_MAKER}),
        (MAIL, {KeyPurpose.DOCUMENT, KeyPurpose.SEAL, KeyPurpose.SEAL_MAKER}),
        (SEAL_ONLY, {KeyPurpose.SEAL}),
        (MAKER_ONLY, {KeyPurpose.SEAL_MAKER}),
        (BOTH, set()),
        (STAMPING, set()),
    ],
    ids=["none", "mail", "seal", "maker", "seal and maker", "stamps"],
)
def test_a_certificate_that_names_its_purpose_is_for_no_other(
    purposes: x509.ExtendedKeyUsage | None, allowed: set[KeyPurpose]
) -> None:
    extensions = () if purposes is None else ((purposes, False),)
    signer = Party(name="signer", issuer=NATIONAL.root, extensions=extensions).certificate

    for purpose in (KeyPurpose.DOCUMENT, KeyPurpose.SEAL, KeyPurpose.SEAL_MAKER, KeyPurpose.TIMESTAMP, KeyPurpose.CODE):
        if purpose in allowed:
            assert find_path(signer, (), (NATIONAL.root.certificate,), purpose)
        else:
            with pytest.raises(CertificateUseError):
                find_path(signer, (), (NATIONAL.root.certificate,), purpose)


@pytest.mark.parametrize("purpose", [KeyPurpose.SEAL, KeyPurpose.SEAL_MAKER])
def test_a_seal_is_signed_with_sm2_and_its_certificate_may_be_of_either_stack(purpose: KeyPurpose) -> None:
    international = STACKS[0].root
    of_sm2 = Party(name="signer", issuer=international, key=new_key(Algorithm.SM2))
    of_p256 = Party(name="signer", issuer=NATIONAL.root, key=new_key(Algorithm.ES256))

    found = find_path(of_sm2.certificate, (), (international.certificate,), purpose)
    assert [each.algorithm for each in found.certificates] == [Algorithm.ES256, Algorithm.ES256]
    with pytest.raises(CertificateUseError):
        find_path(of_p256.certificate, (), (NATIONAL.root.certificate,), purpose)
    path = find_path(of_p256.certificate, (), (NATIONAL.root.certificate,), KeyPurpose.DOCUMENT)
    assert path.leaf.algorithm is Algorithm.SM2


def test_a_signature_algorithm_with_null_is_read_as_without() -> None:
    parts = read_whole(NATIONAL.direct.certificate, SEQUENCE).take_inside(SEQUENCE)
    with_null = sequence(object_identifier("1.2.156.10197.1.501"), b"\x05\x00")
    tbs = [parts.take_whole(tag) for tag in (0xA0, 0x02, 0x30, 0x30, 0x30, 0x30, 0x30, 0xA3)]
    tbs[2] = with_null
    assert isinstance(NATIONAL.root.key, Sm2PrivateKey)
    signed = sm2.signer(NATIONAL.root.key)(sequence(*tbs))

    foreign = sequence(sequence(*tbs), with_null, bit_string(signed))

    assert find_path(foreign, (), (NATIONAL.root.certificate,), KeyPurpose.SEAL).leaf.common_name == "direct"
    mixed = sequence(sequence(*tbs), SM2_WITH_SM3, bit_string(signed))
    with pytest.raises(CertificateReadError):
        read_certificate(mixed)


def test_our_own_seal_and_maker_are_trusted_under_the_national_root_alone(office: KeyRoom) -> None:
    national, international = office.custody.chain(NATIONAL_AUTHORITY)[0], office.custody.chain(AUTHORITY)[0]
    others = {KeyPurpose.SEAL, KeyPurpose.SEAL_MAKER, KeyPurpose.DOCUMENT, KeyPurpose.TIMESTAMP}

    for key in (SEAL, SEAL_MAKER):
        chain = office.custody.chain(key)
        path = find_path(chain[0], chain, (international, national), key.purpose)
        assert [each.encoded for each in path.certificates] == [chain[0], national]
        with pytest.raises(CertificatePathError):
            find_path(chain[0], chain, (international,), key.purpose)
        for purpose in others - {key.purpose}:
            with pytest.raises(CertificateUseError):
                find_path(chain[0], chain, (national,), purpose)
