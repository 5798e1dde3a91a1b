"""Deterministic CBOR: one value, one spelling; the decoder agrees with cbor2 on all that it accepts."""

from collections import OrderedDict
from http import HTTPStatus
from typing import NamedTuple

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify import cbor
from verify.cbor import CborError

INTEGERS = st.integers(-(2**64), 2**64 - 1)
KEYS = INTEGERS | st.text(max_size=30)
VALUES = st.recursive(
    INTEGERS | st.binary(max_size=300) | st.text(max_size=300) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_encoded_reads_back_and_has_one_spelling(value: object) -> None:
    encoded = cbor.encode(value)

    assert cbor.decode(encoded, bytes_max=100_000) == value
    assert cbor2.loads(encoded) == value


@given(st.binary(max_size=60))
def test_whatever_is_decoded_would_be_encoded_to_the_same_bytes(data: bytes) -> None:
    try:
        value = cbor.decode(data, bytes_max=100)
    except CborError:
        return

    assert cbor.encode(value) == data
    assert cbor2.loads(data) == value


@given(VALUES, st.data())
def test_a_changed_byte_is_refused_or_gives_another_value(value: object, data: st.DataObject) -> None:
    encoded = bytearray(cbor.encode(value))
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))

    try:
        changed = cbor.decode(bytes(encoded), bytes_max=100_000)
    except CborError:
        return

    assert cbor.encode(changed) == bytes(encoded)


@pytest.mark.parametrize("size", [0, 23, 24, 255, 256, 70_000])
def test_the_fast_way_for_byte_strings_is_the_same_as_the_slow_one(size: int) -> None:
    assert cbor.encode_bytes(b"x" * size) == cbor2.dumps(b"x" * size)


def test_keys_stand_in_the_order_of_their_encodings() -> None:
    value = {"b": 1, "aa": 2, "a": 3, -1: 4, 100: 5, 24: 6, 1: 7, -70001: 8}

    assert list(cbor2.loads(cbor.encode(value))) == [1, 24, 100, -1, -70001, "a", "b", "aa"]


def test_tuples_become_arrays() -> None:
    assert cbor.encode((1, (2,))) == cbor.encode([1, [2]])


class Place(NamedTuple):
    """A tuple whose items have names."""

    kind: HTTPStatus
    of: OrderedDict[str, int]


def test_what_has_a_name_is_written_as_what_it_is() -> None:
    assert cbor.encode(Place(HTTPStatus.OK, OrderedDict(b=1, a=2))) == cbor.encode([200, {"a": 2, "b": 1}])


@pytest.mark.parametrize(
    ("why", "spelling"),
    [
        ("head longer than needed", "1817"),
        ("head longer than needed, two bytes", "1900ff"),
        ("head longer than needed, eight bytes", "1b00000000ffffffff"),
        ("text with a head longer than needed", "780161"),
        ("indefinite array", "9f01ff"),
        ("indefinite map", "bf0101ff"),
        ("indefinite bytes", "5f4101ff"),
        ("break alone", "ff"),
        ("reserved head", "1c"),
        ("half float", "f93c00"),
        ("single float", "fa3f800000"),
        ("double float", "fb3ff0000000000000"),
        ("undefined", "f7"),
        ("simple value", "f0"),
        ("simple value in two bytes", "f820"),
        ("true in two bytes", "f815"),
        ("unsorted keys", "a202010101"),
        ("doubled key", "a201010102"),
        ("a key of bytes", "a1410101"),
        ("a key that is an array", "a18001"),
        ("a key that is true", "a1f501"),
        ("bytes left over", "0101"),
        ("nothing", ""),
        ("head cut off", "19ff"),
        ("bytes cut off", "4201"),
        ("text cut off", "6261"),
        ("array cut off", "8201"),
        ("map cut off", "a101"),
        ("a promise of four thousand million items", "9affffffff"),
        ("a map of 2^64 pairs", "bbffffffffffffffff"),
        ("bytes of 2^64", "5bffffffffffffffff"),
        ("text that is not UTF-8", "61ff"),
        ("a surrogate in UTF-8", "63eda080"),
        ("a bignum", "c249010000000000000000"),
        ("a date", "c074323032362d30312d30315430303a30303a30305a"),
        ("a regular expression", "d8236161"),
        ("a shared value that holds itself", "d81c81d81d00"),
    ],
)
def test_a_second_spelling_or_a_stranger_is_refused(why: str, spelling: str) -> None:
    with pytest.raises(CborError):
        cbor.decode(bytes.fromhex(spelling), bytes_max=100)

    assert why


def test_bytes_above_the_cap_are_refused_before_they_are_read() -> None:
    with pytest.raises(CborError):
        cbor.decode(b"\x00", bytes_max=0)


@pytest.mark.parametrize("head", [b"\x81", b"\xa1\x01"])
def test_deep_nesting_is_refused(head: bytes) -> None:
    assert cbor.decode(head * 12 + b"\x01", bytes_max=100)

    with pytest.raises(CborError):
        cbor.decode(head * 13 + b"\x01", bytes_max=100)


def test_deep_nesting_is_not_written() -> None:
    value: object = 1
    for _ in range(13):
        value = [value]

    with pytest.raises(CborError):
        cbor.encode(value)


@pytest.mark.parametrize(
    "value", [1.5, {1.5: 1}, {b"x": 1}, {True: 1}, 2**64, -(2**64) - 1, {1}, "\ud800", {"\ud800": 1}, object()]
)
def test_what_our_formats_do_not_have_is_not_written(value: object) -> None:
    with pytest.raises(CborError):
        cbor.encode(value)


def test_a_named_tag_must_stand_before_the_item() -> None:
    assert cbor.decode(bytes.fromhex("d20c"), bytes_max=100, tag=18) == 12
    for wrong in ("0c", "d30c", "d8120c", "d2d20c", ""):
        with pytest.raises(CborError):
            cbor.decode(bytes.fromhex(wrong), bytes_max=100, tag=18)
