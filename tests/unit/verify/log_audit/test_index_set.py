"""Places of the log in one bit each: the same as a set of numbers, and its text as well."""

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.errors import MalformedError
from verify.log_audit.index_set import INDEX_MAX, IndexSet


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3_000))))
def test_it_is_a_set_of_numbers_in_order(acts: list[tuple[bool, int]]) -> None:
    made, wanted = IndexSet(), set[int]()
    for is_added, index in acts:
        if is_added:
            made.add(index)
            wanted.add(index)
        else:
            made.discard(index)
            wanted.discard(index)

    again = IndexSet.from_state(made.state())
    assert list(made) == list(again) == sorted(wanted)
    assert len(made) == len(again) == len(wanted)
    assert all(each in again for each in wanted)
    assert -1 not in made
    assert INDEX_MAX not in made


@pytest.mark.parametrize("text", ["!", "AAAA", "", base64.b64encode(zlib.compress(b"\1" * 99)[:-3]).decode(), 7])
def test_what_is_no_set_is_refused(text: object) -> None:
    with pytest.raises(MalformedError):
        IndexSet.from_state(text)


@pytest.mark.parametrize("index", [-1, INDEX_MAX])
def test_no_log_has_such_a_place(index: int) -> None:
    with pytest.raises(MalformedError):
        IndexSet([index])
