"""DER by hand: agrees with asn1crypto, and refuses every second spelling."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from verify.der import (
    INTEGER,
    SEQUENCE,
    DerError,
    Reader,
    bit_string,
    generalized_time,
    integer,
    named_bit,
    object_identifier,
    octet_string,
    read_whole,
    sequence,
    set_of,
    tlv,
    utf8_string,
)


@given(st.binary(max_size=70_000))
def test_an_octet_string_is_the_one_that_asn1crypto_writes(content: bytes) -> None:
    assert octet_string(content) == core.OctetString(content).dump()


@given(st.integers(min_value=0, max_value=1 << 200))
def test_an_integer_is_written_as_asn1crypto_does_and_read_back(value: int) -> None:
    assert integer(value) == core.Integer(value).dump()
    assert Reader(integer(value)).take_integer(value_max=1 << 200) == value


@pytest.mark.parametrize(
    "dotted", ["1.2.840.113549.1.7.2", "2.25.285937466013842790573125811647260483914", "2.5.29.15"]
)
def test_an_object_identifier_is_the_one_that_asn1crypto_reads(dotted: str) -> None:
    assert core.ObjectIdentifier.load(object_identifier(dotted)).dotted == dotted


@pytest.mark.parametrize("number", range(26))
def test_a_named_bit_is_the_one_that_was_meant(number: int) -> None:
    bits = core.BitString.load(named_bit(number)).native

    assert bits == (0,) * number + (1,)


def test_bits_texts_sets_and_times_are_those_of_asn1crypto() -> None:
    assert core.OctetBitString.load(bit_string(b"abc")).native == b"abc"
    assert core.UTF8String.load(utf8_string("印章")).native == "印章"
    assert set_of((integer(3), integer(1))) == tlv(0x31, integer(1), integer(3))
    at = datetime(2026, 11, 24, 16, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=8)))
    assert core.GeneralizedTime.load(generalized_time(at)).native == datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)


def test_a_reader_returns_the_values_in_order_and_knows_the_end() -> None:
    reader = Reader(integer(1) + octet_string(b"x" * 300))

    assert reader.next_tag() == INTEGER
    assert reader.take_integer(value_max=1) == 1
    assert reader.take(0x04) == b"x" * 300
    assert reader.next_tag() is None
    reader.end()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x31\x00",  # another tag
        b"\x30\x03\x02\x01",  # ends too early
        b"\x30\x80\x00\x00",  # indefinite length
        b"\x30\x81\x01\x00",  # longer length than needed
        b"\x30\x82\x00\x80" + bytes(128),
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\xff",
    ],
)
def test_a_reader_refuses_what_is_no_der(data: bytes) -> None:
    with pytest.raises(DerError):
        Reader(data).take(SEQUENCE)


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"\x80", b"\xff", b"\x00\x80"])
def test_a_reader_refuses_integers_that_are_negative_too_large_or_spelled_otherwise(content: bytes) -> None:
    with pytest.raises(DerError):
        Reader(tlv(INTEGER, content)).take_integer(value_max=127)


def test_a_reader_refuses_bytes_left_over() -> None:
    reader = Reader(sequence() + b"\x00")
    reader.take(SEQUENCE)

    with pytest.raises(DerError):
        reader.end()


def test_a_value_can_be_taken_whole_or_read_inside() -> None:
    reader = Reader(sequence(integer(1)) + octet_string(b"x"))

    assert reader.take_inside(SEQUENCE).take_whole(INTEGER) == integer(1)
    assert reader.take_whole(0x04) == octet_string(b"x")
    assert read_whole(sequence(integer(2)), SEQUENCE).take_integer(value_max=2) == 2


@pytest.mark.parametrize("data", [b"", integer(1), sequence() + b"\x00", sequence(integer(1))[:-1]])
def test_what_is_not_one_whole_value_is_refused(data: bytes) -> None:
    with pytest.raises(DerError):
        read_whole(data, SEQUENCE)


@given(st.integers(min_value=0, max_value=70_000))
def test_a_length_has_one_spelling(length: int) -> None:
    written = tlv(0x04, bytes(length))
    head = len(written) - length

    assert Reader(written).take(0x04) == bytes(length)
    if head == 2:
        longer = b"\x04\x81" + written[1:]
    else:
        count = written[1] & 0x7F
        longer = bytes((0x04, 0x80 | count + 1, 0)) + written[2:]
    with pytest.raises(DerError):
        Reader(longer).take(0x04)
