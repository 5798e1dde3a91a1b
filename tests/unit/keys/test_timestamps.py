"""Our own time stamps, read with asn1crypto, which did not write them."""

from datetime import datetime, timedelta
from hashlib import sha256

import pytest
from asn1crypto import cms, tsp

from keys.errors import KeyMissingError, TimestampClockError, TimestampDigestError
from keys.timestamps import POLICY, OwnTimestampService
from tests.key_room import AUTHORITY, NOW, TIMESTAMP, KeyRoom
from verify.algorithms import Algorithm, check_signature

DIGEST = sha256(b"a signature value").digest()


def signed_data(token: bytes) -> cms.SignedData:
    return cms.ContentInfo.load(token, strict=True)["content"]


def stamped(token: bytes) -> tsp.TSTInfo:
    return signed_data(token)["encap_content_info"]["content"].parsed


def test_a_stamp_says_what_when_and_under_which_policy(office: KeyRoom) -> None:
    info = stamped(office.stamps(at=NOW + timedelta(microseconds=999_999)).stamp(DIGEST)).native

    assert info["version"] == "v1"
    assert info["policy"] == POLICY
    assert info["message_imprint"]["hash_algorithm"]["algorithm"] == "sha256"
    assert info["message_imprint"]["hashed_message"] == DIGEST
    assert info["gen_time"] == NOW
    assert info["accuracy"]["seconds"] == 1
    assert info["nonce"] is None


def test_a_stamp_is_signed_by_the_time_stamp_key_over_its_attributes(office: KeyRoom) -> None:
    signed = signed_data(office.stamps().stamp(DIGEST))
    signer = signed["signer_infos"][0]
    attributes = {each["type"].native: each["values"][0] for each in signer["signed_attrs"]}
    content = signed["encap_content_info"]["content"].contents

    public = office.custody.public_key(TIMESTAMP)
    to_be_signed = signer["signed_attrs"].untag().dump(force=True)
    check_signature(Algorithm.ES256, public.spki, to_be_signed, signer["signature"].native)
    assert attributes["message_digest"].native == sha256(content).digest()
    assert attributes["content_type"].native == "tst_info"
    certificate_hash = attributes["signing_certificate_v2"]["certs"][0]["cert_hash"].native
    assert certificate_hash == sha256(office.custody.chain(TIMESTAMP)[0]).digest()
    assert signed["version"].native == "v3"


def test_a_stamp_carries_the_whole_chain(office: KeyRoom) -> None:
    signed = signed_data(office.stamps().stamp(DIGEST))

    assert {each.chosen.dump() for each in signed["certificates"]} == set(office.custody.chain(TIMESTAMP))


def test_serials_differ_and_a_serial_of_zero_is_not_used(office: KeyRoom) -> None:
    service = office.stamps()
    zero = OwnTimestampService(custody=office.custody, key=TIMESTAMP, clock=lambda: NOW, random=bytes)

    serials = {stamped(service.stamp(DIGEST)).native["serial_number"] for _ in range(20)}

    assert len(serials) == 20
    assert stamped(zero.stamp(DIGEST)).native["serial_number"] == 1


def test_each_stamp_is_counted(room: KeyRoom) -> None:
    service = room.open_office().stamps()
    for _ in range(3):
        service.stamp(DIGEST)

    assert room.custody.counts()[TIMESTAMP.text] == 3


@pytest.mark.parametrize("length", [0, 20, 31, 33, 64])
def test_only_digests_of_32_bytes_are_stamped(office: KeyRoom, length: int) -> None:
    with pytest.raises(TimestampDigestError):
        office.stamps().stamp(bytes(length))


@pytest.mark.parametrize("at", [NOW - timedelta(days=2), NOW + timedelta(days=400)])
def test_no_stamp_outside_the_certificates_period(office: KeyRoom, at: datetime) -> None:
    with pytest.raises(TimestampClockError):
        office.stamps(at=at).stamp(DIGEST)


def test_a_key_without_certificate_gives_no_stamp(room: KeyRoom) -> None:
    room.make(TIMESTAMP)

    with pytest.raises(KeyMissingError):
        room.stamps().stamp(DIGEST)
    assert AUTHORITY not in room.custody.names()
