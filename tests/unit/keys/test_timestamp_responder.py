"""Answers to time-stamp requests: a stamp or a refusal, never an exception."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from asn1crypto import core, tsp
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.timestamp_responder import NONCE_BYTES_MAX, REQUEST_BYTES_MAX, respond
from keys.timestamps import POLICY
from tests.key_room import NOW, KeyRoom
from verify.der import Reader, integer, object_identifier, octet_string, sequence, tlv

DIGEST = sha256(b"stamp me").digest()
SHA_256 = sequence(object_identifier("2.16.840.1.101.3.4.2.1"))
IMPRINT = sequence(SHA_256, octet_string(DIGEST))
TRUE = b"\x01\x01\xff"


class Refusal(core.Sequence):
    """A reply without token; asn1crypto's own class demands one."""

    _fields = [("status", tsp.PKIStatusInfo)]  # noqa: RUF012 - the library's way


def refused(answer: bytes) -> str:
    status = Refusal.load(answer, strict=True)["status"].native
    assert status["status"] == "rejection"
    (reason,) = status["fail_info"]
    return reason


def granted(answer: bytes) -> tuple[dict[str, Any], tsp.TimeStampResp]:
    parsed = tsp.TimeStampResp.load(answer, strict=True)
    assert parsed["status"]["status"].native == "granted"
    return parsed["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed.native, parsed


@pytest.mark.parametrize("nonce", [None, 0, 1, 127, 128, -1, -129, 1 << 120])
@pytest.mark.parametrize("policy", [None, POLICY])
@pytest.mark.parametrize("certificates", ["with", "without"])
def test_a_good_request_is_stamped_with_its_own_nonce(
    office: KeyRoom, nonce: int | None, policy: str | None, certificates: str
) -> None:
    request = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": DIGEST},
            "req_policy": policy,
            "nonce": nonce,
            "cert_req": certificates == "with",
        }
    )

    info, parsed = granted(respond(office.stamps(), request.dump()))

    assert info["message_imprint"]["hashed_message"] == DIGEST
    assert info["nonce"] == nonce
    assert info["gen_time"] == NOW
    assert bool(parsed["time_stamp_token"]["content"]["certificates"].native) is (certificates == "with")


@pytest.mark.parametrize(
    ("request_bytes", "reason"),
    [
        (b"", "bad_data_format"),
        (b"garbage", "bad_data_format"),
        (bytes(REQUEST_BYTES_MAX + 1), "bad_data_format"),
        (sequence(integer(1), IMPRINT) + b"\x00", "bad_data_format"),
        (sequence(integer(2), IMPRINT), "bad_request"),
        (sequence(integer(1)), "bad_data_format"),
        (sequence(integer(1), sequence(SHA_256, octet_string(DIGEST[:-1]))), "bad_data_format"),
        (sequence(integer(1), sequence(SHA_256, octet_string(DIGEST), integer(1))), "bad_data_format"),
        (
            sequence(integer(1), sequence(sequence(object_identifier("1.3.14.3.2.26")), octet_string(DIGEST[:20]))),
            "bad_alg",
        ),
        (
            sequence(integer(1), sequence(sequence(SHA_256[2:], b"\x05\x01\x00"), octet_string(DIGEST))),
            "bad_data_format",
        ),
        (sequence(integer(1), sequence(sequence(SHA_256[2:], integer(1)), octet_string(DIGEST))), "bad_data_format"),
        (sequence(integer(1), IMPRINT, object_identifier("1.2.3")), "unaccepted_policy"),
        (sequence(integer(1), IMPRINT, tlv(0x02)), "bad_data_format"),
        (sequence(integer(1), IMPRINT, tlv(0x02, b"\x00\x01")), "bad_data_format"),
        (sequence(integer(1), IMPRINT, tlv(0x02, b"\xff\x80")), "bad_data_format"),
        (sequence(integer(1), IMPRINT, tlv(0x02, b"\x01" * (NONCE_BYTES_MAX + 1))), "bad_data_format"),
        (sequence(integer(1), IMPRINT, b"\x01\x01\x00"), "bad_data_format"),
        (sequence(integer(1), IMPRINT, b"\x01\x01\x01"), "bad_data_format"),
        (sequence(integer(1), IMPRINT, TRUE, tlv(0xA0, sequence())), "unaccepted_extensions"),
        (sequence(integer(1), IMPRINT, TRUE, integer(7)), "bad_data_format"),
    ],
)
def test_a_bad_request_is_refused_with_its_reason(office: KeyRoom, request_bytes: bytes, reason: str) -> None:
    assert refused(respond(office.stamps(), request_bytes)) == reason


def test_null_parameters_of_the_hash_are_accepted(office: KeyRoom) -> None:
    imprint = sequence(sequence(SHA_256[2:], b"\x05\x00"), octet_string(DIGEST))

    granted(respond(office.stamps(), sequence(integer(1), imprint)))


def test_a_clock_outside_the_certificates_period_is_refused_as_such(office: KeyRoom) -> None:
    service = office.stamps(at=NOW + timedelta(days=4000))

    assert refused(respond(service, sequence(integer(1), IMPRINT))) == "time_not_available"


@settings(max_examples=200, deadline=None)
@given(st.integers(min_value=0), st.integers(min_value=0, max_value=255))
def test_any_changed_byte_is_answered_and_never_raises(office: KeyRoom, place: int, value: int) -> None:
    request = bytearray(sequence(integer(1), IMPRINT, object_identifier(POLICY), integer(5), TRUE))
    request[place % len(request)] = value

    answer = respond(office.stamps(), bytes(request))

    reader = Reader(answer)
    reader.take(0x30)
    reader.end()
