"""Time stamps: what is proven by a good one, and that nothing else proves anything."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import ReasonFlags
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.certificate_maker import STAMPING, Party, root
from tests.key_room import AUTHORITY, NOW, KeyRoom
from verify.cms import CONTENT_TYPE, MESSAGE_DIGEST, SHA_256, SHA_256_NULL, SIGNING_CERTIFICATE, TST_INFO
from verify.der import generalized_time, integer, object_identifier, octet_string, sequence, set_of, tlv
from verify.sm2 import sm3
from verify.timestamp_token import (
    CLOCK_TOLERANCE,
    StampedTime,
    TimestampAuthorityError,
    TimestampFormError,
    TimestampFutureError,
    TimestampImprintError,
    TimestampSignatureError,
    TimestampTokenError,
    check_timestamp,
    open_timestamp,
    open_timestamp_over,
)

STAMPED = b"a signature value"
DIGEST = sha256(STAMPED).digest()
SM3 = sequence(object_identifier("1.2.156.10197.1.401"))
SM3_NULL = sequence(object_identifier("1.2.156.10197.1.401"), b"\x05\x00")
SIGNED_DATA = object_identifier("1.2.840.113549.1.7.2")
ECDSA = sequence(object_identifier("1.2.840.10045.4.3.2"))
ROOT = root()
STAMPER = Party(name="stamper", issuer=ROOT, extensions=((STAMPING, True),))
LATER = NOW + timedelta(hours=1)


def stamped(**changes: bytes) -> bytes:
    """Return a TSTInfo over the digest; `changes` replace or add one of its parts."""
    parts = {
        "version": integer(1),
        "policy": object_identifier("1.2.3.4"),
        "imprint": sequence(SHA_256, octet_string(DIGEST)),
        "serial": integer(5),
        "time": generalized_time(NOW),
        "accuracy": b"",
        "ordering": b"",
        "nonce": b"",
        "authority": b"",
        "extensions": b"",
        "more": b"",
    }
    return sequence(*(parts | changes).values())


def token(
    content: bytes | None = None,
    *,
    signer: Party = STAMPER,
    certificates: tuple[Party, ...] | None = None,
    content_type: bytes = TST_INFO,
    attributes: dict[str, bytes] | None = None,
) -> bytes:
    """Return a signed token; `attributes` replace one of the three, or leave it out when empty."""
    content = stamped() if content is None else content
    certificate = asn1_x509.Certificate.load(signer.certificate)
    named = sequence(sequence(sequence(octet_string(sha256(signer.certificate).digest()))))
    parts = {
        "type": sequence(CONTENT_TYPE, set_of((TST_INFO,))),
        "digest": sequence(MESSAGE_DIGEST, set_of((octet_string(sha256(content).digest()),))),
        "certificate": sequence(SIGNING_CERTIFICATE, set_of((named,))),
    } | (attributes or {})
    to_be_signed = set_of([each for each in parts.values() if each])
    assert isinstance(signer.key, ec.EllipticCurvePrivateKey)
    info = sequence(
        integer(1),
        sequence(certificate.issuer.dump(), certificate["tbs_certificate"]["serial_number"].dump()),
        SHA_256,
        b"\xa0" + to_be_signed[1:],
        ECDSA,
        octet_string(signer.key.sign(to_be_signed, ec.ECDSA(SHA256()))),
    )
    chain = (signer,) if certificates is None else certificates
    signed = sequence(
        integer(3),
        set_of((SHA_256,)),
        sequence(content_type, tlv(0xA0, octet_string(content))),
        tlv(0xA0, *sorted(each.certificate for each in chain)),
        set_of((info,)),
    )
    return sequence(SIGNED_DATA, tlv(0xA0, signed))


def check(data: bytes, *, digest: bytes = DIGEST, at: datetime = LATER, crls: tuple[bytes, ...] = ()) -> StampedTime:
    return check_timestamp(data, digest, (ROOT.certificate,), at=at, crls=crls)


def test_a_stamp_of_our_own_service_proves_its_time(office: KeyRoom) -> None:
    found = check_timestamp(office.stamps().stamp(DIGEST), DIGEST, office.custody.chain(AUTHORITY), at=NOW)

    assert (found.at, found.authority, found.is_revocation_known) == (NOW, "timestamp", False)


def test_a_stamp_proves_nothing_for_another_digest() -> None:
    assert check(token()).at == NOW
    with pytest.raises(TimestampImprintError):
        check(token(), digest=sha256(b"another").digest())


@pytest.mark.parametrize(
    "changes",
    [
        {"accuracy": sequence(integer(1))},
        {"ordering": tlv(0x01, b"\xff")},
        {"nonce": integer(99)},
        {"authority": tlv(0xA0, sequence())},
        {"extensions": tlv(0xA1, sequence(object_identifier("1.2.3.5"), octet_string(b"")))},
        {"imprint": sequence(SHA_256_NULL, octet_string(DIGEST))},
        {"accuracy": sequence(integer(1)), "nonce": integer(99), "authority": tlv(0xA0, sequence())},
    ],
    ids=["accuracy", "ordering", "nonce", "name", "extension", "digest with parameters", "many"],
)
def test_what_other_authorities_add_does_no_harm(changes: dict[str, bytes]) -> None:
    assert check(token(stamped(**changes))).at == NOW


def test_a_fraction_of_a_second_is_kept() -> None:
    assert check(token(stamped(time=tlv(0x18, b"20261124080000.05Z")))).at == datetime(
        2026, 11, 24, 8, 0, 0, 50_000, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"version": integer(2)},
        {"policy": b""},
        {"imprint": sequence(sequence(object_identifier("1.2.3.4")), octet_string(DIGEST))},
        {"imprint": sequence(SHA_256, octet_string(DIGEST), integer(1))},
        {"serial": b""},
        {"time": tlv(0x18, b"20261124080000")},
        {"time": tlv(0x18, b"20261124080000.50Z")},
        {"time": tlv(0x18, b"20261324080000Z")},
        {"time": tlv(0x17, b"261124080000Z")},
        {"ordering": tlv(0x01, b"\x00")},
        {"extensions": tlv(0xA1, sequence(object_identifier("1.2.3.5"), tlv(0x01, b"\xff"), octet_string(b"")))},
        {"extensions": tlv(0xA1, sequence(object_identifier("1.2.3.5"), octet_string(b""), integer(1)))},
        {"more": octet_string(b"")},
    ],
)
def test_a_content_of_another_form_is_refused(changes: dict[str, bytes]) -> None:
    with pytest.raises(TimestampFormError):
        check(token(stamped(**changes)))


@pytest.mark.parametrize(
    "attributes",
    [
        {"type": b""},
        {"type": sequence(CONTENT_TYPE, set_of((object_identifier("1.2.840.113549.1.7.1"),)))},
        {"digest": b""},
        {"digest": sequence(MESSAGE_DIGEST, set_of((octet_string(bytes(32)),)))},
        {"certificate": b""},
    ],
)
def test_a_content_that_the_signature_does_not_bind_is_refused(attributes: dict[str, bytes]) -> None:
    with pytest.raises(TimestampFormError):
        check(token(attributes=attributes))


def test_another_kind_of_signed_content_is_no_stamp(sealed: bytes) -> None:
    with pytest.raises(TimestampFormError):
        check(token(content_type=object_identifier("1.2.840.113549.1.7.1")))
    with pytest.raises(TimestampFormError):
        check(sealed)


def test_only_an_authority_that_is_trusted_for_stamps_stamps() -> None:
    stranger = Party(name="stamper", issuer=root(), extensions=((STAMPING, True),))
    signer = Party(name="signer", issuer=ROOT)

    for each in (stranger, signer):
        with pytest.raises(TimestampAuthorityError):
            check(token(signer=each))
    with pytest.raises(TimestampAuthorityError):
        check(token(certificates=(STAMPER, signer)))  # one beside the path
    with pytest.raises(TimestampFormError):
        check(token(certificates=()))


def test_a_stamp_given_outside_the_certificate_s_period_proves_nothing() -> None:
    early = stamped(time=generalized_time(STAMPER.not_before - timedelta(seconds=1)))
    with pytest.raises(TimestampAuthorityError):
        check(token(early))

    years_later = STAMPER.not_after + timedelta(days=3650)
    assert check(token(), at=years_later).at == NOW


def test_a_stamp_from_the_future_is_refused_when_it_was_just_got() -> None:
    at = NOW - CLOCK_TOLERANCE

    assert check(token(), at=at).at == NOW
    with pytest.raises(TimestampFutureError):
        check(token(), at=at - timedelta(seconds=1))
    assert open_timestamp(token(), DIGEST, (ROOT.certificate,), at=at - timedelta(days=1)).at == NOW


@pytest.mark.parametrize(
    ("reason", "revoked_at", "stands"),
    [
        (ReasonFlags.superseded, NOW + timedelta(minutes=1), True),
        (ReasonFlags.cessation_of_operation, NOW + timedelta(minutes=1), True),
        (ReasonFlags.superseded, NOW, False),
        (ReasonFlags.key_compromise, NOW + timedelta(minutes=1), False),
        (None, NOW + timedelta(minutes=1), False),
    ],
)
def test_revocation_takes_what_was_stamped_later_and_after_a_theft_everything(
    reason: ReasonFlags | None, revoked_at: datetime, *, stands: bool
) -> None:
    listing = ROOT.revokes(STAMPER, at=revoked_at, reason=reason, issued_at=LATER)

    if stands:
        assert check(token(), crls=(listing,)).is_revocation_known
    else:
        with pytest.raises(TimestampAuthorityError):
            check(token(), crls=(listing,))


def test_a_current_list_makes_revocation_known() -> None:
    assert check(token(), crls=(ROOT.revokes(),)).is_revocation_known
    assert not check(token()).is_revocation_known


@settings(max_examples=150, deadline=None)
@given(place=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_no_bit_of_a_stamp_is_free(place: int, bit: int) -> None:
    changed = bytearray(GOOD)
    changed[place % len(changed)] ^= 1 << bit

    with pytest.raises(TimestampTokenError):
        check(bytes(changed))


def test_a_forged_signature_is_told_as_such() -> None:
    changed = bytearray(GOOD)
    changed[-1] ^= 1

    with pytest.raises(TimestampSignatureError):
        check(bytes(changed))


GOOD = token()


@pytest.mark.parametrize("algorithm", [SHA_256, SHA_256_NULL, SM3, SM3_NULL])
def test_a_stamp_over_bytes_may_name_them_by_sha_256_or_sm3(algorithm: bytes) -> None:
    digest = DIGEST if algorithm in {SHA_256, SHA_256_NULL} else sm3(STAMPED)
    good = token(stamped(imprint=sequence(algorithm, octet_string(digest))))
    crossed = token(stamped(imprint=sequence(algorithm, octet_string(sm3(digest)))))

    assert open_timestamp_over(good, STAMPED, (ROOT.certificate,), at=LATER).at == NOW
    with pytest.raises(TimestampImprintError):
        open_timestamp_over(good, b"another", (ROOT.certificate,), at=LATER)
    with pytest.raises(TimestampImprintError):
        open_timestamp_over(crossed, STAMPED, (ROOT.certificate,), at=LATER)


def test_where_sha_256_is_asked_for_sm3_is_no_answer() -> None:
    for digest in (sm3(STAMPED), DIGEST):
        with pytest.raises(TimestampFormError):
            check(token(stamped(imprint=sequence(SM3, octet_string(digest)))))
    other = sequence(object_identifier("2.16.840.1.101.3.4.2.2"))
    with pytest.raises(TimestampFormError):
        open_timestamp_over(
            token(stamped(imprint=sequence(other, octet_string(DIGEST)))), STAMPED, (ROOT.certificate,), at=LATER
        )
