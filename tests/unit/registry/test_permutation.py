"""The secret order of places in a status list."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.permutation import KEY_BYTES, LIST_SIZE, permute

KEYS = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)


@pytest.mark.parametrize("key", [bytes(KEY_BYTES), bytes(range(KEY_BYTES))])
def test_each_place_comes_once(key: bytes) -> None:
    assert len({permute(key, counter) for counter in range(LIST_SIZE)}) == LIST_SIZE


@given(KEYS, st.integers(0, LIST_SIZE - 1))
def test_a_place_lies_in_the_list_and_is_the_same_each_time(key: bytes, counter: int) -> None:
    place = permute(key, counter)

    assert 0 <= place < LIST_SIZE
    assert permute(key, counter) == place


@settings(max_examples=20, deadline=None)
@given(KEYS)
def test_neighbours_in_time_are_no_neighbours_in_the_list(key: bytes) -> None:
    places = [permute(key, counter) for counter in range(200)]

    assert sum(abs(a - b) < 100 for a, b in pairwise(places)) < 20
    assert len({place * 8 // LIST_SIZE for place in places}) == 8, "they lie all over the list"


def test_two_keys_give_two_orders() -> None:
    first, second = bytes(KEY_BYTES), bytes(KEY_BYTES - 1) + b"\x01"

    assert [permute(first, counter) for counter in range(50)] != [permute(second, counter) for counter in range(50)]


@pytest.mark.parametrize(("key", "counter"), [(bytes(KEY_BYTES), -1), (bytes(KEY_BYTES), LIST_SIZE), (b"short", 0)])
def test_a_place_outside_the_list_and_a_short_key_are_refused(key: bytes, counter: int) -> None:
    with pytest.raises(ValueError, match="no such place"):
        permute(key, counter)
