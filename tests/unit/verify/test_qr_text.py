"""The short way of taking a token's bytes apart: it agrees with the long way on every input, also on broken ones."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.code_room import CodeRoom
from verify import cbor
from verify.algorithms import Algorithm
from verify.cose import decode_sign1, encode_sign1, protected_header, read_header
from verify.errors import MalformedError
from verify.qr_text import TOKEN_BYTES_MAX, _open_sign1, decode_digits

DATA = decode_digits(CodeRoom().code().partition("#1")[2])


def by_the_long_way(data: bytes) -> object:
    try:
        sign1 = decode_sign1(data, tagged=False, bytes_max=TOKEN_BYTES_MAX)
        return read_header(sign1), sign1.payload, sign1.to_be_signed, sign1.signature
    except MalformedError as error:
        return type(error)


def by_the_short_way(data: bytes) -> object:
    try:
        return _open_sign1(data)
    except MalformedError as error:
        return type(error)


def test_both_ways_agree_on_a_genuine_token() -> None:
    assert by_the_short_way(DATA) == by_the_long_way(DATA)
    assert isinstance(by_the_short_way(DATA), tuple)


@settings(max_examples=400, deadline=None)
@given(st.integers(min_value=0, max_value=len(DATA) - 1), st.integers(min_value=0, max_value=255))
def test_both_ways_agree_on_a_token_with_one_other_byte(place: int, value: int) -> None:
    data = DATA[:place] + bytes((value,)) + DATA[place + 1 :]

    assert by_the_short_way(data) == by_the_long_way(data)


@settings(max_examples=200, deadline=None)
@given(st.integers(min_value=0, max_value=len(DATA)), st.binary(max_size=20))
def test_both_ways_agree_on_a_token_that_is_cut_or_longer(place: int, more: bytes) -> None:
    assert by_the_short_way(DATA[:place] + more) == by_the_long_way(DATA[:place] + more)


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=340), st.integers(min_value=60, max_value=68))
def test_both_ways_agree_on_payloads_and_signatures_of_every_length(payload: int, signature: int) -> None:
    header = protected_header(Algorithm.ES256, bytes(8))
    data = encode_sign1(header, bytes(payload), bytes(signature), tagged=False)

    assert by_the_short_way(data) == by_the_long_way(data)


def test_a_longer_head_than_needed_is_no_second_spelling() -> None:
    header = protected_header(Algorithm.ES256, bytes(8))
    start = b"\x84" + cbor.encode(header) + b"\xa0"
    end = b"\x58\x40" + bytes(64)

    for head, size in ((b"\x58\x17", 23), (b"\x59\x00\xff", 255), (b"\x59\x00\x05", 5)):
        data = start + head + bytes(size) + end
        assert by_the_short_way(data) == by_the_long_way(data)
        assert isinstance(by_the_short_way(data), type)
