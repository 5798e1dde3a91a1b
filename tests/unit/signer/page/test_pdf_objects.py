from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.page import pdf_objects
from signer.page.pdf_objects import Objects, date_string, length, number, stored_stream, stream, text_string


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (-0.0004, "0"),
        (1.0, "1"),
        (10.0, "10"),
        (0.5, "0.5"),
        (1.23456, "1.235"),
        (-2.5, "-2.5"),
    ],
)
def test_a_number_is_written_in_three_decimals_without_idle_zeros(value: float, text: str) -> None:
    assert number(value) == text


@given(st.floats(-1e6, 1e6))
def test_a_number_is_never_off_by_more_than_half_a_thousandth(value: float) -> None:
    assert abs(float(number(value)) - value) <= 0.0005001
    assert "e" not in number(value)


def test_a_length_is_written_in_points() -> None:
    assert length(25.4) == "72"
    assert length(210.0) == "595.276"


def test_the_cache_of_numbers_does_not_grow_without_end() -> None:
    for step in range(pdf_objects._CACHED_NUMBERS_MAX + 10):
        length(step / 7)

    assert length.__self__.__len__() <= pdf_objects._CACHED_NUMBERS_MAX + 1  # type: ignore[attr-defined]
    assert length(25.4) == "72"


def test_a_text_is_written_in_utf_16() -> None:
    assert text_string("王𬭎") == "<FEFF738BD872DF4E>"


def test_a_moment_is_written_in_utc() -> None:
    moment = datetime(2026, 9, 21, 2, 3, 4, 999_999, tzinfo=UTC)

    assert date_string(moment) == "(D:20260921020304Z)"
    assert date_string(moment.astimezone(timezone(timedelta(hours=8)))) == "(D:20260921020304Z)"


def test_streams_say_how_long_they_are() -> None:
    assert stored_stream(b"ab\n", "/Type/X") == b"<</Type/X/Length 3>>\nstream\nab\n\nendstream"
    assert stream(b"a" * 1000).startswith(b"<</Filter/FlateDecode/Length ")


def test_objects_keep_their_numbers() -> None:
    objects = Objects(2)
    third = objects.add("<<>>")
    fourth = objects.reserve()
    objects.put(1, "<</A 1>>")
    objects.put(fourth, b"<</B 2>>")

    content, offsets = objects.write(root=1, info=2, identifier=b"\xab" * 16)

    assert (third, fourth, objects.count) == (3, 4, 4)
    for place, offset in enumerate(offsets, 1):
        assert content[offset:].startswith(b"%d 0 obj\n" % place)
