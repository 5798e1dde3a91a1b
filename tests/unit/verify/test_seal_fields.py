"""Fields of seals, one by one: times, signatures, and what real seals do to them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.algorithms import der_to_raw
from verify.der import Reader, bit_string, tlv
from verify.seal_fields import (
    GENERALIZED_TIME,
    UTC_TIME,
    Leniencies,
    Leniency,
    SealError,
    read_written_time,
    take_signature,
    take_time,
)
from verify.sm2 import N, encode_signature

NUMBERS = st.integers(1, N - 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"2020-01-25T07:31:56.377Z", datetime(2020, 1, 25, 7, 31, 56, tzinfo=UTC)),
        (b"20200125073156Z", datetime(2020, 1, 25, 7, 31, 56, tzinfo=UTC)),
        (b"2020-01-25 07:31:56", datetime(2020, 1, 24, 23, 31, 56, tzinfo=UTC)),
        (b"20200125073156", datetime(2020, 1, 24, 23, 31, 56, tzinfo=UTC)),
        (tlv(UTC_TIME, b"200125073156Z"), datetime(2020, 1, 25, 7, 31, 56, tzinfo=UTC)),
        (tlv(GENERALIZED_TIME, b"20200125073156Z"), datetime(2020, 1, 25, 7, 31, 56, tzinfo=UTC)),
    ],
)
def test_a_written_time_is_in_utc_with_a_z_and_else_as_clocks_in_china_show_it(text: bytes, expected: datetime) -> None:
    assert read_written_time(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"yesterday",
        tlv(UTC_TIME, b"200125073156Z") + b"\x00",
        tlv(UTC_TIME, b"2001250731Z"),
        b"2020-13-01T00:00:00Z",
        b"2020-01-25T07:31:56+08:00",
        b"200125073156Z",
        b"0000-01-01 00:00:00",
    ],
)
def test_other_written_times_are_refused(text: bytes) -> None:
    with pytest.raises(SealError):
        read_written_time(text)


@pytest.mark.parametrize("text", [b"0001-01-01 00:00:00", b"1949-12-31 23:59:59", b"1949-12-31T23:59:59Z"])
def test_times_before_there_were_seals_are_refused(text: bytes) -> None:
    with pytest.raises(SealError):
        read_written_time(text)


@pytest.mark.parametrize(("year", "expected"), [(b"49", 2049), (b"50", 1950), (b"99", 1999), (b"00", 2000)])
def test_two_digits_of_a_year_are_read_as_in_certificates(year: bytes, expected: int) -> None:
    found = take_time(Reader(tlv(UTC_TIME, year + b"0203040506Z")), UTC_TIME, leniencies=set())

    assert found == datetime(expected, 2, 3, 4, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize("text", [b"20260101000000", b"2026010100000Z", b"20260101000060Z", b"20260101000000.0Z"])
def test_other_forms_of_a_time_are_refused(text: bytes) -> None:
    with pytest.raises(SealError):
        take_time(Reader(tlv(GENERALIZED_TIME, text)), GENERALIZED_TIME, leniencies=set())


@given(NUMBERS, NUMBERS)
def test_both_encodings_of_a_signature_are_read_as_one_value(r: int, s: int) -> None:
    signature = encode_signature(r, s)
    told: Leniencies = set()

    raw = take_signature(Reader(bit_string(der_to_raw(signature))), leniencies=told)
    plain = take_signature(Reader(bit_string(signature)), leniencies=set())

    assert raw.value == plain.value == plain.octets == signature
    assert raw.octets == der_to_raw(signature)
    assert told == {Leniency.RAW_SIGNATURE}


def test_a_short_signature_in_der_of_64_bytes_is_not_taken_for_two_numbers() -> None:
    signature = encode_signature(1 << 222, 1 << 238)
    told: Leniencies = set()

    found = take_signature(Reader(bit_string(signature)), leniencies=told)

    assert len(signature) == 64
    assert (found.value, told) == (signature, set())
