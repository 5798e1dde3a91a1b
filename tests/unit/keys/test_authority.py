"""Certificates of our own authority, read with `cryptography`, which did not write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keys.authority import PROFILES, Profile, assemble_certificate, serial_number, tbs_certificate
from keys.certificates import NAME_LENGTH_MAX, Subject, parse_certificate
from keys.custody import KeyName
from keys.errors import CertificateFormError, CertificateRequestError
from tests.key_room import (
    AUTHORITY,
    BUREAU,
    CODE,
    CRL_URL,
    DOCUMENT,
    NATIONAL_AUTHORITY,
    NOW,
    SEAL,
    SEAL_MAKER,
    TIMESTAMP,
    KeyRoom,
    subject,
)
from verify.algorithms import Algorithm, check_signature
from verify.certificates import read_certificate
from verify.oids import SEAL_MAKER_USE, SEAL_USE
from verify.values import Uscc


def certificate(room: KeyRoom, key: KeyName) -> x509.Certificate:
    return x509.load_der_x509_certificate(room.custody.chain(key)[0])


@pytest.mark.parametrize("key", [AUTHORITY, DOCUMENT, TIMESTAMP])
def test_each_certificate_is_signed_by_the_authority_and_bears_its_key(office: KeyRoom, key: KeyName) -> None:
    made = certificate(office, key)

    made.verify_directly_issued_by(certificate(office, AUTHORITY))
    assert made.version is x509.Version.v3
    identifier = made.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    above = certificate(office, AUTHORITY).extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert made.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == above
    assert (identifier == above) is (key == AUTHORITY)


def test_the_root_signs_certificates_and_lists_and_nothing_below_leaves(office: KeyRoom) -> None:
    extensions = certificate(office, AUTHORITY).extensions

    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    assert usage.critical
    assert usage.value.key_cert_sign
    assert usage.value.crl_sign
    assert not usage.value.digital_signature


@pytest.mark.parametrize("key", [DOCUMENT, TIMESTAMP])
def test_leaves_sign_documents_and_no_certificates(office: KeyRoom, key: KeyName) -> None:
    extensions = certificate(office, key).extensions

    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    points = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert (constraints.critical, constraints.value.ca) == (True, False)
    assert usage.critical
    assert usage.value.digital_signature
    assert usage.value.content_commitment
    assert not usage.value.key_cert_sign
    assert [point.full_name[0].value for point in points] == [CRL_URL]


def test_a_time_stamp_certificate_has_the_one_extended_key_usage_critical(office: KeyRoom) -> None:
    uses = certificate(office, TIMESTAMP).extensions.get_extension_for_class(x509.ExtendedKeyUsage)

    assert uses.critical
    assert list(uses.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    with pytest.raises(x509.ExtensionNotFound):
        certificate(office, DOCUMENT).extensions.get_extension_for_class(x509.ExtendedKeyUsage)


def test_the_national_certificates_are_signed_with_sm2_and_name_their_use(office: KeyRoom) -> None:
    root = read_certificate(office.custody.chain(NATIONAL_AUTHORITY)[0])
    for key, use in ((SEAL, SEAL_USE), (SEAL_MAKER, SEAL_MAKER_USE)):
        made = certificate(office, key)
        assert made.signature_algorithm_oid.dotted_string == "1.2.156.10197.1.501"
        check_signature(Algorithm.SM2, root.spki, made.tbs_certificate_bytes, made.signature)
        uses = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        assert ([each.dotted_string for each in uses.value], uses.critical) == ([use], False)
        identifier = made.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        above = certificate(office, NATIONAL_AUTHORITY).extensions
        assert identifier == above.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert root.algorithm is Algorithm.SM2


def test_names_follow_the_scheme_of_the_field(office: KeyRoom) -> None:
    name = certificate(office, DOCUMENT).subject

    assert [(part.oid, part.value) for part in name] == [
        (NameOID.COUNTRY_NAME, "CN"),
        (NameOID.ORGANIZATION_NAME, f"{BUREAU}测试市行政审批局"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "TEST"),
        (NameOID.COMMON_NAME, "document"),
    ]


def test_a_name_outside_a_test_has_no_unit() -> None:
    real = Subject(uscc=Uscc(BUREAU), organisation="审批局", common_name="公文专用")

    assert "organizational_unit_name" not in real.to_name().native


@pytest.mark.parametrize(
    ("organisation", "common_name"),
    [
        ("局" * (NAME_LENGTH_MAX - 17), "x"),
        ("局", "x" * (NAME_LENGTH_MAX + 1)),
        ("局", ""),
        ("局", " "),
        ("局\n", "x"),
        ("局", "a\x00b"),
    ],
)
def test_names_that_are_empty_too_long_or_not_printable_are_refused(organisation: str, common_name: str) -> None:
    with pytest.raises(CertificateRequestError):
        Subject(uscc=Uscc(BUREAU), organisation=organisation, common_name=common_name)


@pytest.mark.parametrize("serial", [bytes(16), b"\xff" * 16, bytes(range(16))])
def test_a_serial_is_positive_and_has_16_octets(serial: bytes) -> None:
    assert 1 << 120 < serial_number(serial) < 1 << 127


def test_the_same_request_gives_the_same_bytes_and_another_serial_others(office: KeyRoom) -> None:
    one = office.request(DOCUMENT, Profile.DEPARTMENT, serial=bytes(16))
    other = office.request(DOCUMENT, Profile.DEPARTMENT, serial=bytes(15) + b"\x01")

    assert tbs_certificate(one) == tbs_certificate(one)
    assert tbs_certificate(one) != tbs_certificate(other)


def test_what_is_signed_stands_unchanged_in_the_certificate(office: KeyRoom) -> None:
    tbs = tbs_certificate(office.request(DOCUMENT, Profile.DEPARTMENT))

    made = x509.load_der_x509_certificate(assemble_certificate(tbs, office.sign(AUTHORITY, tbs)))

    assert made.tbs_certificate_bytes == tbs


def test_a_document_key_of_rsa_is_certified_by_the_same_authority(room: KeyRoom) -> None:
    room.certify(room.make(AUTHORITY), Profile.ROOT)

    chain = room.certify(room.make(DOCUMENT, Algorithm.RS256), Profile.DEPARTMENT)

    x509.load_der_x509_certificate(chain[0]).verify_directly_issued_by(x509.load_der_x509_certificate(chain[1]))


def test_times_after_2049_are_generalized(office: KeyRoom) -> None:
    far = datetime(2050, 1, 1, tzinfo=UTC)
    request = office.request(AUTHORITY, Profile.ROOT, not_after=far)

    validity = asn1.TbsCertificate.load(tbs_certificate(request))["validity"]

    assert (validity["not_before"].name, validity["not_after"].name) == ("utc_time", "general_time")
    assert validity["not_after"].native == far


@pytest.mark.parametrize("days", [(-2, 10), (1, 4000)])
def test_a_period_outside_the_issuers_is_refused(office: KeyRoom, days: tuple[int, int]) -> None:
    start, end = (NOW + timedelta(days=each) for each in days)

    with pytest.raises(CertificateRequestError):
        tbs_certificate(office.request(DOCUMENT, Profile.DEPARTMENT, not_before=start, not_after=end))


@pytest.mark.parametrize(
    "moment", [NOW.replace(microsecond=1), NOW.replace(tzinfo=None) + timedelta(days=1)], ids=["fraction", "naive"]
)
def test_moments_are_aware_and_whole_seconds(office: KeyRoom, moment: datetime) -> None:
    naive = moment.tzinfo is None
    end = moment + timedelta(days=9)

    with pytest.raises(CertificateRequestError):
        tbs_certificate(
            office.request(
                AUTHORITY, Profile.ROOT, not_before=moment, not_after=end if naive else NOW + timedelta(days=9)
            )
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"serial": bytes(15)},
        {"serial": bytes(21)},
        {"not_after": NOW - timedelta(days=1)},
        {"issuer": None},
        {"crl_url": "ftp://example/list.crl"},
        {"crl_url": "http://例子/list.crl"},
        {"crl_url": "http://example/" + "x" * 250},
        {"crl_url": "http://example/\n"},
    ],
)
def test_a_request_that_breaks_the_profile_is_refused(office: KeyRoom, changes: dict) -> None:
    with pytest.raises(CertificateRequestError):
        office.request(DOCUMENT, Profile.DEPARTMENT, **changes)


def test_a_root_with_an_issuer_is_refused(office: KeyRoom) -> None:
    with pytest.raises(CertificateRequestError):
        office.request(AUTHORITY, Profile.ROOT, issuer=office.custody.chain(AUTHORITY)[0])


def test_a_period_in_another_zone_is_the_same_period(office: KeyRoom) -> None:
    east = timezone(timedelta(hours=8))
    request = office.request(DOCUMENT, Profile.DEPARTMENT, serial=bytes(16))
    moved = office.request(
        DOCUMENT,
        Profile.DEPARTMENT,
        serial=bytes(16),
        not_before=request.not_before.astimezone(east),
        not_after=request.not_after.astimezone(east),
    )

    assert tbs_certificate(moved) == tbs_certificate(request)


@pytest.mark.parametrize("change", ["empty", "text", "after", "long", "cut"])
def test_what_is_no_certificate_is_refused(office: KeyRoom, change: str) -> None:
    good = office.custody.chain(DOCUMENT)[0]
    bad = {
        "empty": b"",
        "text": b"-----BEGIN CERTIFICATE-----",
        "after": good + b"\x00",
        "long": good + bytes(20_000),
        "cut": good[:-1],
    }[change]

    with pytest.raises(CertificateFormError):
        parse_certificate(bad)


def test_a_certificate_with_a_broken_extension_is_refused(office: KeyRoom) -> None:
    good = office.custody.chain(DOCUMENT)[0]
    broken = good.replace(bytes.fromhex("0603551d0f0101ff0404030206c0"), bytes.fromhex("0603551d0f0101ff0404050206c0"))

    assert broken != good
    with pytest.raises(CertificateFormError):
        parse_certificate(broken)


def test_only_keys_with_a_profile_get_certificates() -> None:
    assert CODE.purpose not in PROFILES
    assert subject("x").test
