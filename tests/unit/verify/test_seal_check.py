"""Checking seals and seal signatures: each step alone, every leniency, and that no changed byte is ever believed."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cryptography.x509 import ReasonFlags

from tests.certificate_maker import CONTENT_USAGE, Party, root, usage
from tests.key_room import AUTHORITY, BUREAU, NOW, KeyRoom
from tests.seal_room import (
    ORIGINAL,
    SealRoom,
    Sm2Party,
    header,
    info_parts,
    purpose,
    seal_holder,
    seal_maker,
    seal_parts,
    signature_parts,
    signed_parts,
    trust_list,
    v1_seal,
    v1_signature,
)
from verify.algorithms import der_to_raw
from verify.der import bit_string, integer, object_identifier, octet_string, sequence, tlv
from verify.oids import SEAL_MAKER_USE
from verify.report import NOTICES, Check, Finding, Outcome
from verify.seal_check import check_seal, check_seal_signature, unreadable_seal
from verify.seal_encoding import digest_of
from verify.seal_objects import (
    CertificateDigest,
    Leniency,
    SealError,
    SealVersion,
    read_seal,
    read_seal_signature,
)
from verify.sm2 import load_sm2_key, sm3
from verify.timestamp_token import CLOCK_TOLERANCE
from verify.trust import TrustList
from verify.verdict import OF_FAILURE, OF_GAP

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
YEAR = timedelta(days=365)
GOOD = ["signature.good", "issuer.trusted", "seal.good"]
NOT_LOST = ReasonFlags.superseded
LOST = ReasonFlags.key_compromise
Judged = list[tuple[str, Outcome]]


def judge(
    room: SealRoom,
    data: bytes,
    *,
    original: bytes = ORIGINAL,
    trust: TrustList | None = None,
    crls: tuple[bytes, ...] | None = None,
    **terms: Any,
) -> tuple[Finding, ...]:
    """Return the findings of a seal signature, a day after it was made unless said otherwise."""
    moments = {"at": NOW + HOUR} | terms
    lists = room.crls if crls is None else crls
    return check_seal_signature(read_seal_signature(data), original, trust or room.trust, lists, **moments)


def judge_seal(room: SealRoom, data: bytes, *, at: datetime = NOW, crls: tuple[bytes, ...] | None = None) -> list[str]:
    return codes(check_seal(read_seal(data), room.trust, room.crls if crls is None else crls, at=at))


def codes(found: tuple[Finding, ...]) -> list[str]:
    return [each.code for each in found]


def of(found: tuple[Finding, ...], check: Check) -> Judged:
    return [(each.code, each.outcome) for each in found if each.check is check]


def is_accepted(found: tuple[Finding, ...]) -> bool:
    """Say whether nothing is wrong, open, or out of the ordinary."""
    return all(each.outcome is Outcome.PASSED and each.code not in NOTICES for each in found)


def stamper(office: KeyRoom, *, at: datetime = NOW, over: bytes | None = None) -> Callable[[bytes], bytes]:
    """Return what gets a time stamp over a signature, or over something else."""
    return lambda signature: office.stamps(at=at).stamp(sha256(over or signature).digest())


def trusting(room: SealRoom, office: KeyRoom) -> TrustList:
    """Return a trust list that also names the authority of the time stamps."""
    return trust_list(room.root.certificate, office.custody.chain(AUTHORITY)[0])


# Good ones


@pytest.mark.parametrize("version", [SealVersion.V4, SealVersion.V5])
def test_a_good_seal_signature_passes_every_step(room: SealRoom, version: SealVersion) -> None:
    found = judge(room, room.sign(room.seal(version=version)))

    assert codes(found) == GOOD
    assert is_accepted(found)


def test_a_good_seal_signature_of_2014_passes_every_step(room: SealRoom) -> None:
    assert codes(judge(room, v1_signature(room))) == GOOD


@pytest.mark.parametrize("make", [SealRoom.seal, v1_seal, seal_parts])
def test_a_good_seal_passes_by_itself(room: SealRoom, make: Callable[[SealRoom], bytes]) -> None:
    assert judge_seal(room, make(room)) == ["seal.good"]


def test_a_list_of_digests_names_the_signer_too(room: SealRoom) -> None:
    digest = digest_of(room.bureau.certificate)
    for kind in ("SM3", "sm3", "1.2.156.10197.1.401"):
        seal = room.seal(certificates=(), digests=(CertificateDigest(kind=kind, value=digest.value),))

        assert codes(judge(room, room.sign(seal))) == GOOD


def test_one_of_several_certificates_may_sign(room: SealRoom) -> None:
    seal = room.seal(certificates=(b"an older one", room.bureau.certificate))

    assert codes(judge(room, room.sign(seal))) == GOOD


# (a) Form


def test_what_cannot_be_read_has_a_finding_of_its_own() -> None:
    with pytest.raises(SealError) as caught:
        read_seal_signature(b"PK\x03\x04")

    found = unreadable_seal(caught.value)

    assert (found.check, found.code, found.outcome) == (Check.FORM, "seal.unreadable", Outcome.FAILED)


def test_seal_and_signature_must_name_one_version(room: SealRoom) -> None:
    for signed in (
        signature_parts(room, signed_parts(room, version=integer(5))),
        signature_parts(room, signed_parts(room, room.seal(version=SealVersion.V5), version=integer(4))),
        signature_parts(room, signed_parts(room, v1_seal(room), version=integer(1))),
        v1_signature(room, room.seal()),
        v1_signature(room, room.seal(), version=integer(4)),
        v1_signature(room, version=integer(4)),
    ):
        assert of(judge(room, signed), Check.SEAL) == [("seal.version_disagrees", Outcome.FAILED)]


# (b) Signature, (f) digest of the original


def test_a_signature_by_another_key_is_wrong(room: SealRoom) -> None:
    signed = signed_parts(room)
    other = signature_parts(room, signed, signature=bit_string(room.maker.sign(signed)))

    assert of(judge(room, other), Check.SIGNATURE) == [("seal.signature_wrong", Outcome.FAILED)]


def test_a_changed_original_is_seen(room: SealRoom) -> None:
    found = judge(room, room.sign(), original=ORIGINAL + b" ")

    assert of(found, Check.SIGNATURE) == [("seal.data_hash_wrong", Outcome.FAILED)]


def test_a_wrong_signature_over_another_original_is_both(room: SealRoom) -> None:
    signed = signed_parts(room)
    other = signature_parts(room, signed, signature=bit_string(room.maker.sign(signed)))

    found = judge(room, other, original=b"")

    assert [code for code, _ in of(found, Check.SIGNATURE)] == ["seal.signature_wrong", "seal.data_hash_wrong"]


def test_a_digest_with_the_signers_z_before_it_is_never_plainly_good(room: SealRoom) -> None:
    prefix = load_sm2_key(room.bureau.sm2.spki).prefix
    found = judge(room, room.sign(data_hash=sm3(prefix + ORIGINAL)))

    assert of(found, Check.SIGNATURE) == [("seal.hash_preprocessed", Outcome.PASSED)]
    assert not is_accepted(found)


def test_a_digest_with_the_makers_z_before_it_is_wrong(room: SealRoom) -> None:
    prefix = load_sm2_key(room.maker.sm2.spki).prefix
    found = judge(room, room.sign(data_hash=sm3(prefix + ORIGINAL)))

    assert of(found, Check.SIGNATURE) == [("seal.data_hash_wrong", Outcome.FAILED)]


def test_a_signer_whose_certificate_cannot_be_read_is_unknown_and_nothing_is_called_good(room: SealRoom) -> None:
    seal = room.seal(certificates=(b"no certificate",))
    for original, more in ((ORIGINAL, []), (b"", [("seal.data_hash_wrong", Outcome.FAILED)])):
        signed = signature_parts(room, signed_parts(room, seal), certificate=octet_string(b"no certificate"))

        found = judge(room, signed, original=original)

        assert of(found, Check.SIGNATURE) == [("seal.signature_unchecked", Outcome.UNKNOWN), *more]
        assert of(found, Check.ISSUER) == [("issuer.unknown", Outcome.FAILED)]


def test_a_signer_with_a_key_of_another_kind_is_refused(room: SealRoom) -> None:
    other = Party(name="P-256", issuer=root(), organisation=f"{BUREAU}测试市")
    seal = room.seal(certificates=(other.certificate,))
    for data_hash in (sm3(ORIGINAL), bytes(32)):
        signed = signed_parts(room, seal, hash=bit_string(data_hash))

        found = judge(room, signature_parts(room, signed, certificate=octet_string(other.certificate)))

        assert ("seal.signature_wrong", Outcome.FAILED) in of(found, Check.SIGNATURE)
        assert of(found, Check.ISSUER) == [("issuer.unknown", Outcome.FAILED)]


# (c) The seal's list


@pytest.mark.parametrize(
    "changes",
    [
        {"certificates": (b"somebody else",)},
        {"certificates": (), "digests": (CertificateDigest(kind="SM3", value=bytes(32)),)},
    ],
)
def test_a_signer_who_is_not_in_the_seals_list_is_refused(room: SealRoom, changes: dict[str, Any]) -> None:
    found = judge(room, room.sign(room.seal(**changes)))

    assert codes(found) == ["signature.good", "issuer.trusted", "seal.signer_not_listed"]


def test_a_digest_under_another_name_names_nobody(room: SealRoom) -> None:
    digest = CertificateDigest(kind="SHA256", value=digest_of(room.bureau.certificate).value)

    found = judge(room, room.sign(room.seal(certificates=(), digests=(digest,))))

    assert of(found, Check.SEAL) == [("seal.signer_not_listed", Outcome.FAILED)]


def test_another_seal_of_the_same_office_does_not_sign_with_this_one(room: SealRoom) -> None:
    other = seal_holder(room.root, name="11990000000002")

    assert of(judge(room, room.sign(by=other)), Check.SEAL) == [("seal.signer_not_listed", Outcome.FAILED)]


# (d) The signer's certificate


def signed_by(room: SealRoom, party: Sm2Party, **terms: Any) -> bytes:
    """Return a signature by somebody whom the seal's list names."""
    return room.sign(room.seal(certificates=(party.certificate,)), by=party, **terms)


def test_a_signer_under_another_authority_is_unknown(room: SealRoom) -> None:
    stranger = seal_holder(SealRoom.found().root)

    found = judge(room, signed_by(room, stranger))

    assert of(found, Check.ISSUER) == [("issuer.unknown", Outcome.FAILED)]


@pytest.mark.parametrize(
    "changes",
    [
        {"extensions": (purpose(SEAL_MAKER_USE),)},
        {"key_usage": usage("key_encipherment")},
        {"is_authority": True},
    ],
)
def test_a_certificate_for_another_use_makes_no_seal_signature(room: SealRoom, changes: dict[str, Any]) -> None:
    found = judge(room, signed_by(room, seal_holder(room.root, **changes)))

    assert of(found, Check.ISSUER) == [("issuer.not_entitled", Outcome.FAILED)]


def test_an_office_that_is_not_in_the_list_is_unknown_though_its_path_is_good(room: SealRoom) -> None:
    for party in (seal_holder(room.root, organisation="测试市"), room.bureau):
        found = judge(room, signed_by(room, party), trust=trust_list(room.root.certificate, issuers=()))

        assert of(found, Check.ISSUER) == [("issuer.unknown", Outcome.FAILED)]


def test_without_a_trust_list_nothing_is_known_of_signer_and_maker(room: SealRoom) -> None:
    found = check_seal_signature(read_seal_signature(room.sign()), ORIGINAL, None, (), at=NOW)

    assert [(each.code, each.outcome) for each in found] == [
        ("signature.good", Outcome.PASSED),
        ("issuer.no_trust_list", Outcome.UNKNOWN),
        ("seal.no_trust_list", Outcome.UNKNOWN),
    ]


# (e) Its validity and revocation


@pytest.mark.parametrize(
    "period", [{"not_after": NOW - timedelta(seconds=1)}, {"not_before": NOW + timedelta(seconds=1)}]
)
def test_a_certificate_that_was_not_valid_when_it_signed_is_refused(room: SealRoom, period: dict[str, Any]) -> None:
    found = judge(room, signed_by(room, seal_holder(room.root, **period)))

    assert of(found, Check.ISSUER) == [("issuer.out_of_period", Outcome.FAILED)]


@pytest.mark.parametrize("period", [{"not_after": NOW}, {"not_before": NOW}])
def test_a_certificate_counts_at_the_time_of_signing(room: SealRoom, period: dict[str, Any]) -> None:
    assert codes(judge(room, signed_by(room, seal_holder(room.root, **period)))) == GOOD


@pytest.mark.parametrize("reason", [NOT_LOST, LOST, None])
@pytest.mark.parametrize("early", [timedelta(0), HOUR])
def test_a_certificate_revoked_before_it_signed_is_refused(
    room: SealRoom, reason: ReasonFlags | None, early: timedelta
) -> None:
    crl = room.root.revokes(room.bureau, at=NOW - early, reason=reason)

    found = judge(room, room.sign(), crls=(crl,), proven_at=NOW)

    assert of(found, Check.ISSUER) == [("issuer.revoked_before", Outcome.FAILED)]


def test_a_certificate_revoked_afterwards_without_loss_takes_nothing_from_the_signature(room: SealRoom) -> None:
    crl = room.root.revokes(room.bureau, at=NOW + HOUR, reason=NOT_LOST)

    found = judge(room, room.sign(), crls=(crl,))

    assert of(found, Check.ISSUER) == [("issuer.revoked_after", Outcome.PASSED)]
    assert found[1].params == {"at": (NOW + HOUR).isoformat()}


@pytest.mark.parametrize("reason", [LOST, None])
def test_after_a_loss_of_the_key_only_a_proven_time_counts(room: SealRoom, reason: ReasonFlags | None) -> None:
    crl = room.root.revokes(room.bureau, at=NOW + HOUR, reason=reason)

    for proven_at, expected in (
        (None, ("issuer.revoked_unproven", Outcome.UNKNOWN)),
        (NOW + HOUR, ("issuer.revoked_unproven", Outcome.UNKNOWN)),
        (NOW + HOUR / 2, ("issuer.revoked_after", Outcome.PASSED)),
    ):
        found = judge(room, room.sign(), crls=(crl,), at=NOW + DAY / 2, proven_at=proven_at)

        assert of(found, Check.ISSUER) == [expected]


def test_a_time_stamp_proves_the_time_before_a_loss(room: SealRoom, office: KeyRoom) -> None:
    crl = room.root.revokes(room.bureau, at=NOW + HOUR, reason=LOST)

    found = judge(room, room.sign(stamps=stamper(office)), crls=(crl,), trust=trusting(room, office), at=NOW + DAY / 2)

    assert codes(found) == ["signature.good", "issuer.revoked_after", "seal.good"]


def test_revocation_that_no_list_tells_of_is_unknown(room: SealRoom) -> None:
    found = judge(room, room.sign(), crls=())

    assert codes(found) == [
        "signature.good",
        "issuer.trusted",
        "issuer.revocation_unknown",
        "seal.maker_revocation_unknown",
    ]


# (g) The seal


def test_a_seal_changed_by_its_holder_is_seen(room: SealRoom) -> None:
    seal = seal_parts(room, signature=bit_string(room.bureau.sign(info_parts(room))))

    assert judge_seal(room, seal) == ["seal.maker_signature_wrong"]
    assert of(judge(room, room.sign(seal)), Check.SEAL) == [("seal.maker_signature_wrong", Outcome.FAILED)]


def test_the_maker_signs_the_description_alone_in_version_4_and_more_in_version_1(room: SealRoom) -> None:
    info = info_parts(room)
    as_in_v1 = sequence(info, octet_string(room.maker.certificate), object_identifier("1.2.156.10197.1.501"))
    v4 = seal_parts(room, info, signature=bit_string(room.maker.sign(as_in_v1)))
    old = read_seal(v1_seal(room))

    assert judge_seal(room, v4) == ["seal.maker_signature_wrong"]
    assert old.to_be_signed.endswith(octet_string(old.maker_certificate) + object_identifier("1.2.156.10197.1.501"))


def test_a_maker_under_another_authority_is_unknown(room: SealRoom) -> None:
    other = SealRoom.found()

    assert judge_seal(room, room.seal(maker=other.maker)) == ["seal.maker_unknown"]


def test_a_maker_whose_certificate_cannot_be_read_is_said_to_be_so(room: SealRoom) -> None:
    assert judge_seal(room, seal_parts(room, certificate=octet_string(b""))) == ["seal.maker_unreadable"]


@pytest.mark.parametrize("version", [SealVersion.V4, SealVersion.V5])
def test_the_holder_of_a_seal_makes_none(room: SealRoom, version: SealVersion) -> None:
    for maker in (room.bureau, seal_maker(room.root, key_usage=usage("data_encipherment"))):
        assert judge_seal(room, room.seal(maker=maker, version=version)) == ["seal.maker_other_use"]


def test_a_foreign_certificate_without_a_purpose_makes_and_uses_seals(room: SealRoom) -> None:
    one = seal_holder(room.root, extensions=(), key_usage=CONTENT_USAGE)
    seal = room.seal(maker=one, certificates=(one.certificate,))

    assert codes(judge(room, room.sign(seal, by=one))) == GOOD


def test_a_maker_of_version_4_must_be_valid_when_the_seal_is_used(room: SealRoom) -> None:
    maker = seal_maker(room.root, not_after=NOW - timedelta(minutes=1))
    seal = room.seal(maker=maker)

    assert judge_seal(room, seal) == ["seal.maker_out_of_period"]
    assert judge_seal(room, seal, at=NOW - timedelta(minutes=2)) == ["seal.good"]
    assert of(judge(room, room.sign(seal)), Check.SEAL) == [("seal.maker_out_of_period", Outcome.FAILED)]


def test_what_was_sealed_in_time_stays_good_after_the_maker_ended(room: SealRoom) -> None:
    maker = seal_maker(room.root, not_after=NOW + HOUR)

    assert codes(judge(room, room.sign(room.seal(maker=maker)), at=NOW + 2 * HOUR)) == GOOD


def test_a_maker_of_version_5_must_have_been_valid_when_the_seal_was_made(room: SealRoom) -> None:
    ended = room.seal(maker=seal_maker(room.root, not_after=NOW - HOUR), version=SealVersion.V5)
    later = room.seal(maker=seal_maker(room.root, not_before=NOW - HOUR), version=SealVersion.V5)

    assert judge_seal(room, ended) == ["seal.good", "seal.maker_expired_since"]
    assert codes(judge(room, room.sign(ended))) == [*GOOD, "seal.maker_expired_since"]
    assert judge_seal(room, later) == ["seal.maker_out_of_period"]


def test_a_maker_of_version_4_revoked_before_the_seal_was_used_is_refused(room: SealRoom) -> None:
    crls = (room.root.revokes(room.maker, at=NOW - timedelta(minutes=5), reason=NOT_LOST),)

    assert judge_seal(room, room.seal(), crls=crls) == ["seal.maker_revoked_before"]
    assert of(judge(room, room.sign(), crls=crls), Check.SEAL) == [("seal.maker_revoked_before", Outcome.FAILED)]


def test_a_maker_of_version_5_revoked_after_the_seal_was_made_is_told(room: SealRoom) -> None:
    seal = room.seal(version=SealVersion.V5)

    for at, reason, expected in (
        (NOW - HOUR, NOT_LOST, ["seal.good", "seal.maker_revoked_after"]),
        (NOW - HOUR, LOST, ["seal.maker_revoked_unproven"]),
        (NOW - 3 * HOUR, NOT_LOST, ["seal.maker_revoked_before"]),
    ):
        assert judge_seal(room, seal, crls=(room.root.revokes(room.maker, at=at, reason=reason),)) == expected


def test_a_maker_revoked_after_the_seal_was_used_is_told(room: SealRoom) -> None:
    for reason, proven_at, expected in (
        (NOT_LOST, None, [*GOOD, "seal.maker_revoked_after"]),
        (LOST, NOW, [*GOOD, "seal.maker_revoked_after"]),
        (LOST, None, [*GOOD[:2], "seal.maker_revoked_unproven"]),
    ):
        crl = room.root.revokes(room.maker, at=NOW + HOUR, reason=reason)

        assert codes(judge(room, room.sign(), crls=(crl,), proven_at=proven_at)) == expected


def test_a_seal_counts_from_its_first_to_its_last_second(room: SealRoom) -> None:
    seal = room.seal(valid_from=NOW, valid_until=NOW + HOUR)
    second = timedelta(seconds=1)

    assert judge_seal(room, seal, at=NOW - second) == ["seal.not_yet_valid"]
    assert judge_seal(room, seal, at=NOW) == ["seal.good"]
    assert judge_seal(room, seal, at=NOW + HOUR) == ["seal.good"]
    assert judge_seal(room, seal, at=NOW + HOUR + second) == ["seal.expired"]


@pytest.mark.parametrize(
    "term",
    [
        {"valid_from": NOW + timedelta(seconds=1)},
        {"valid_from": NOW - DAY, "valid_until": NOW - timedelta(seconds=1)},
    ],
)
def test_what_was_sealed_outside_the_seals_term_is_refused(room: SealRoom, term: dict[str, datetime]) -> None:
    found = judge(room, room.sign(room.seal(**term)))

    assert of(found, Check.SEAL) == [("seal.signed_outside_term", Outcome.FAILED)]


def test_a_seal_that_ended_since_takes_nothing_from_what_it_sealed(room: SealRoom) -> None:
    found = judge(room, room.sign(room.seal(valid_until=NOW)), at=NOW + HOUR)

    assert codes(found) == [*GOOD, "seal.expired_since"]


def test_a_time_of_signing_in_the_future_is_refused(room: SealRoom) -> None:
    assert codes(judge(room, room.sign(), at=NOW - CLOCK_TOLERANCE)) == GOOD
    found = judge(room, room.sign(), at=NOW - CLOCK_TOLERANCE - timedelta(seconds=1))
    assert of(found, Check.SEAL) == [("seal.signed_in_future", Outcome.FAILED)]


# (h) Time stamps


def test_a_good_time_stamp_passes(room: SealRoom, office: KeyRoom) -> None:
    found = judge(room, room.sign(stamps=stamper(office)), trust=trusting(room, office))

    assert codes(found) == GOOD


def test_a_time_stamp_over_something_else_is_wrong(room: SealRoom, office: KeyRoom) -> None:
    for stamps in (
        stamper(office, over=b"another signature"),
        stamper(office, at=NOW - CLOCK_TOLERANCE - timedelta(seconds=1)),
    ):
        found = judge(room, room.sign(stamps=stamps), trust=trusting(room, office))

        assert of(found, Check.SEAL) == [("seal.timestamp_wrong", Outcome.FAILED)]


def test_a_time_stamp_of_another_form_proves_no_time(room: SealRoom, office: KeyRoom) -> None:
    found = judge(room, room.sign(stamps=lambda _: b"no token"), trust=trusting(room, office))

    assert of(found, Check.SEAL) == [("seal.timestamp_unreadable", Outcome.UNKNOWN)]


def test_a_time_stamp_by_a_stranger_proves_no_time(room: SealRoom, office: KeyRoom) -> None:
    found = judge(room, room.sign(stamps=stamper(office)))

    assert of(found, Check.SEAL) == [("seal.timestamp_authority_unknown", Outcome.UNKNOWN)]


def test_the_stamped_time_counts_and_not_the_one_that_the_signer_wrote(room: SealRoom, office: KeyRoom) -> None:
    seal = room.seal(valid_until=NOW + HOUR)
    late = room.sign(seal, stamps=stamper(office, at=NOW + 2 * HOUR))

    found = judge(room, late, trust=trusting(room, office), at=NOW + DAY / 2)

    assert of(found, Check.SEAL) == [("seal.signed_outside_term", Outcome.FAILED)]


def test_a_seal_of_version_5_is_stamped_when_it_is_made_and_not_before(room: SealRoom, office: KeyRoom) -> None:
    created = NOW - 2 * HOUR
    trust = trusting(room, office)
    info = info_parts(room, header=header(5))
    signature = room.maker.sign(info)
    for at, over, expected in (
        (created, signature, ["seal.good"]),
        (created - timedelta(seconds=1), signature, ["seal.seal_timestamp_wrong"]),
        (created, b"another", ["seal.seal_timestamp_wrong"]),
    ):
        token = office.stamps(at=at).stamp(sha256(over).digest())
        seal = seal_parts(room, info, signature=bit_string(signature), timestamp=tlv(0xA0, bit_string(token)))

        assert codes(check_seal(read_seal(seal), trust, room.crls, at=NOW)) == expected


def test_a_stamped_seal_of_version_5_outlives_the_loss_of_its_makers_key(room: SealRoom, office: KeyRoom) -> None:
    info = info_parts(room, header=header(5))
    signature = room.maker.sign(info)
    token = office.stamps(at=NOW - 2 * HOUR).stamp(sha256(signature).digest())
    seal = seal_parts(room, info, signature=bit_string(signature), timestamp=tlv(0xA0, bit_string(token)))
    crl = room.root.revokes(room.maker, at=NOW - HOUR, reason=LOST)

    found = check_seal(read_seal(seal), trusting(room, office), (crl,), at=NOW)

    assert codes(found) == ["seal.good", "seal.maker_revoked_after"]


# Leniencies


def test_a_raw_signature_is_read_and_told(room: SealRoom) -> None:
    signed, info = signed_parts(room), info_parts(room)
    raw_signature = signature_parts(room, signed, signature=bit_string(der_to_raw(room.bureau.sign(signed))))
    raw_seal = seal_parts(room, info, signature=bit_string(der_to_raw(room.maker.sign(info))))

    assert codes(judge(room, raw_signature)) == [*GOOD, "seal.raw_signature"]
    assert codes(judge(room, signature_parts(room, signed_parts(room, raw_seal)))) == [*GOOD, "seal.raw_signature"]
    assert judge_seal(room, raw_seal) == ["seal.good", "seal.raw_signature"]


def test_another_name_of_the_algorithm_is_read_and_told(room: SealRoom) -> None:
    for dotted in ("1.2.156.10197.6.1.4.2.2", "1.2.156.10197.1.301", "1.2.156.10197.1.301.1"):
        data = signature_parts(room, algorithm=object_identifier(dotted))

        assert codes(judge(room, data)) == [*GOOD, "seal.algorithm_name"]


def test_an_optional_field_without_its_tag_is_read_and_told(room: SealRoom, office: KeyRoom) -> None:
    extension = sequence(object_identifier("1.2.3.4"), tlv(0x01, b"\xff"), octet_string(b"x"))
    signed = signed_parts(room)
    signature = room.bureau.sign(signed)
    stamp = bit_string(office.stamps().stamp(sha256(signature).digest()))
    stamped = signature_parts(room, signed, signature=bit_string(signature), timestamp=stamp)

    assert codes(judge(room, stamped, trust=trusting(room, office))) == [*GOOD, "seal.untagged_field"]
    extended = signature_parts(room, signed_parts(room, extensions=sequence(extension)))
    assert codes(judge(room, extended)) == [*GOOD, "seal.unknown_extension", "seal.untagged_field"]


def test_every_leniency_is_a_notice() -> None:
    assert {each.value for each in Leniency} <= NOTICES


def test_every_code_that_fails_or_is_open_has_a_place_in_the_table_of_verdicts(repository: Path) -> None:
    source = (repository / "verify" / "seal_check.py").read_text(encoding="utf-8")
    named = set(re.findall(r'"(seal\.[a-z_0-9]+)"', source))

    assert named - OF_FAILURE.keys() - OF_GAP.keys() - NOTICES == {"seal.good"}


# Nothing changed is believed


def mutate(data: bytes, random: Random) -> bytes:
    """Return the bytes with one change of the kinds that damage and malice make."""
    place = random.randrange(len(data))
    length = random.randrange(1, 9)
    kinds: list[Callable[[], bytes]] = [
        lambda: data[:place] + bytes((data[place] ^ 1 << random.randrange(8),)) + data[place + 1 :],
        lambda: data[:place] + random.randbytes(1) + data[place + 1 :],
        lambda: data[:place] + data[place + length :],
        lambda: data[:place] + random.randbytes(length) + data[place:],
        lambda: data[:place],
        lambda: data + random.randbytes(length),
        lambda: data[:place] + data[max(0, place - length) : place] + data[place:],
    ]
    return random.choice(kinds)()


@pytest.mark.parametrize("number", range(4))
def test_no_changed_seal_is_accepted(room: SealRoom, number: int) -> None:
    good = (
        room.seal(),
        room.seal(version=SealVersion.V5),
        v1_seal(room),
        room.seal(certificates=(), digests=(digest_of(room.bureau.certificate),)),
    )[number]
    random = Random(number)  # noqa: S311 - the same changes each time
    assert is_accepted(check_seal(read_seal(good), room.trust, room.crls, at=NOW))

    for _ in range(400):
        changed = mutate(good, random)
        try:
            seal = read_seal(changed)
        except SealError:
            continue
        assert changed == good or not is_accepted(check_seal(seal, room.trust, room.crls, at=NOW))


@pytest.mark.parametrize("number", range(4))
def test_no_changed_seal_signature_is_accepted(room: SealRoom, office: KeyRoom, number: int) -> None:
    good = (
        room.sign(),
        room.sign(stamps=stamper(office)),
        room.sign(room.seal(version=SealVersion.V5), mandate=None),
        v1_signature(room),
    )[number]
    trust = trusting(room, office)
    random = Random(number)  # noqa: S311 - the same changes each time
    assert is_accepted(judge(room, good, trust=trust))

    for _ in range(400):
        changed = mutate(good, random)
        try:
            read_seal_signature(changed)
        except SealError:
            continue
        assert changed == good or not is_accepted(judge(room, changed, trust=trust))
