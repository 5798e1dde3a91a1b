"""Deterministic CBOR: one value, one spelling; the decoder agrees with cbor2 on all that it accepts.

Every test runs on the source as Python reads it, and on what was compiled from it.
"""

from collections import OrderedDict, UserDict
from collections.abc import Iterator
from enum import IntEnum, StrEnum
from http import HTTPStatus
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify import cbor, cbor_codec
from verify.cbor import CborError
from verify.compiled import CODEC

CODECS: dict[str, ModuleType] = {"python": cbor_codec}
if CODEC is not None:
    CODECS["compiled"] = CODEC
INTEGERS = st.integers(-(2**64), 2**64 - 1)
KEYS = INTEGERS | st.text(max_size=30)
VALUES = st.recursive(
    INTEGERS | st.binary(max_size=300) | st.text(max_size=300) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@pytest.fixture(params=CODECS.values(), ids=CODECS.keys(), scope="module", autouse=True)
def codec(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """Put this codec behind the face that all others import."""
    taken: ModuleType = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cbor, "_encode", taken.encode)
        patch.setattr(cbor, "_decode", taken.decode)
        for name in ("encode_bytes", "bytes_head", "text_head"):
            patch.setattr(cbor, name, getattr(taken, name))
        yield taken


def said_by(codec: ModuleType, data: bytes) -> object:
    """Return what this codec says about bytes: the value, or the error with its words."""
    try:
        return repr(codec.decode(data, cbor_codec.NO_TAG))
    except (IndexError, ValueError) as error:
        return type(error), str(error)


@pytest.mark.peer("cc")
def test_the_compiled_codec_is_machine_code() -> None:
    assert CODEC is not None, "run: make, or python -c 'import hatch_build ...' (verify/README.md)"
    assert type(CODEC.decode) is type(len)


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


@given(VALUES, st.data())
def test_both_codecs_say_the_same_about_what_was_changed(value: object, data: st.DataObject) -> None:
    encoded = bytearray(cbor.encode(value))
    place = data.draw(st.integers(0, len(encoded) - 1))
    stop = data.draw(st.integers(place, len(encoded)))
    encoded[place:stop] = data.draw(st.binary(max_size=12))

    assert len({str(said_by(each, bytes(encoded))) for each in CODECS.values()}) == 1


@given(VALUES)
def test_bytes_that_end_too_early_are_refused(value: object) -> None:
    encoded = cbor.encode(value)

    for length in range(min(len(encoded), 300)):
        with pytest.raises(CborError):
            cbor.decode(encoded[:length], bytes_max=100_000)


@pytest.mark.parametrize("size", [0, 23, 24, 255, 256, 65_535, 65_536, 70_000])
def test_a_text_and_a_byte_string_have_the_heads_of_their_sizes(size: int) -> None:
    octets, text = b"x" * size, "x" * size

    assert cbor.encode_bytes(octets) == cbor.encode(octets) == cbor2.dumps(octets) == cbor.bytes_head(size) + octets
    assert cbor.encode(text) == cbor2.dumps(text) == cbor.text_head(size) + octets
    assert cbor.decode(cbor.encode([octets, text]), bytes_max=200_000) == [octets, text]


@pytest.mark.parametrize("power", [3, 5, 7, 8, 15, 16, 31, 32, 61, 62, 63, 64])
def test_integers_at_the_edges_of_heads_and_of_machine_numbers_read_back(power: int) -> None:
    edge = 1 << power
    for number in (edge - 2, edge - 1, -edge + 1, -edge, *([edge, edge + 1, -edge - 1] if power < 64 else [])):
        encoded = cbor.encode({number: number})
        assert encoded == cbor2.dumps({number: number})
        assert cbor.decode(encoded, bytes_max=100) == {number: number}


@pytest.mark.parametrize("count", [23, 24, 255, 256, 65_536])
def test_long_arrays_and_maps_read_back(count: int) -> None:
    items, entries = list(range(count)), dict.fromkeys(range(count))

    assert cbor.decode(cbor.encode(items), bytes_max=1_000_000) == items
    assert cbor.decode(cbor.encode(entries), bytes_max=1_000_000) == entries
    assert cbor.encode(entries) == cbor2.dumps(entries)


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


class Large(IntEnum):
    """Numbers of 64 bits that have names."""

    HIGHEST = 2**64 - 1
    LOWEST = -(2**64)


class Word(StrEnum):
    """A text that has a name."""

    ONE = "one"


class Doubled(list[int]):
    """A list that says each item twice."""

    def __iter__(self) -> Iterator[int]:
        """Yield each item twice."""
        for each in super().__iter__():
            yield from (each, each)


def test_true_and_false_are_no_numbers_and_numbers_with_names_are() -> None:
    values = [True, False, None, 1, 0, Large.HIGHEST, Large.LOWEST]

    encoded = cbor.encode(values)

    assert encoded.hex() == "87f5f4f601001bffffffffffffffff3bffffffffffffffff"
    assert repr(cbor.decode(encoded, bytes_max=100)) == repr([*values[:5], 2**64 - 1, -(2**64)])


def test_a_list_of_a_kind_of_its_own_is_written_as_it_tells_itself() -> None:
    assert cbor.encode(Doubled([1, 2])) == cbor.encode([1, 1, 2, 2])


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
        ("bytes of 2^63", "5b8000000000000000"),
        ("text of 2^63 - 1, whose end is below zero in a machine's number", "7b7fffffffffffffff61"),
        ("array of 2^63 - 1", "9b7fffffffffffffff01"),
        ("text of 2^64 - 2 among others", "82017bfffffffffffffffe"),
        ("key whose head is longer than needed", "a1180101"),
        ("a long key before a short one", "a21818010102"),
        ("a doubled long key", "a2181801181802"),
        ("a doubled text as key", "a2616101616102"),
        ("a text as key before a number below zero", "a26161012002"),
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
    "value",
    [
        *(1.5, {1.5: 1}, {b"x": 1}, {True: 1}, {None: 1}, {(1,): 1}, 2**64, -(2**64) - 1, {2**64: 1}, {1}, object()),
        *(
            "\ud800",
            {"\ud800": 1},
            ["a", ("\udfff",)],
            bytearray(b"x"),
            memoryview(b"x"),
            type("Octets", (bytes,), {})(),
        ),
        *(Word.ONE, {Word.ONE: 1}, {HTTPStatus.OK: 1}, UserDict(a=1), MappingProxyType({}), range(2), int, 1j),
    ],
    ids=lambda each: f"{type(each).__name__} {str(each)[:9]}".partition("<")[0].encode("ascii", "replace").decode(),
)
def test_what_our_formats_do_not_have_is_not_written(value: object) -> None:
    with pytest.raises(CborError):
        cbor.encode(value)


def test_what_is_refused_is_not_told() -> None:
    for refused in (lambda: cbor.encode({1: "王\ud800"}), lambda: cbor.decode(b"\x64\xe7\x8e\x8b\xff", bytes_max=9)):
        with pytest.raises(CborError) as error:
            refused()

        assert error.value.__cause__ is None
        assert error.value.__suppress_context__
        assert "王" not in str(error.value)
        assert "e7" not in str(error.value)


@pytest.mark.parametrize(
    "data", [None, 1, "01", ["01"], bytearray(b"\x01"), memoryview(b"\x01")], ids=lambda each: type(each).__name__
)
def test_what_is_no_bytes_is_a_slip_of_the_program(data: Any) -> None:
    with pytest.raises(TypeError):
        cbor.decode(data, bytes_max=100)


def test_a_named_tag_must_stand_before_the_item() -> None:
    assert cbor.decode(bytes.fromhex("d20c"), bytes_max=100, tag=18) == 12
    for wrong in ("0c", "d30c", "d8120c", "d2d20c", "d2", ""):
        with pytest.raises(CborError):
            cbor.decode(bytes.fromhex(wrong), bytes_max=100, tag=18)


@pytest.mark.parametrize("tag", [0, 23, 24, 255, 65_536, 2**32, 2**63, 2**64 - 1])
def test_a_tag_is_named_by_its_shortest_head(tag: int) -> None:
    assert cbor.decode(cbor2.dumps(cbor2.CBORTag(tag, 12)), bytes_max=100, tag=tag) == 12
    with pytest.raises(CborError):
        cbor.decode(cbor2.dumps(cbor2.CBORTag(1 << 40, 12)), bytes_max=100, tag=tag)
