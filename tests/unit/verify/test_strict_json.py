"""JSON in one spelling for all readers: what another program might read otherwise is refused, by name."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.strict_json import (
    DEPTH_MAX,
    JsonDepthError,
    JsonEncodingError,
    JsonError,
    JsonNameTwiceError,
    JsonNumberError,
    JsonTextError,
    read_json,
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=25)
@given(value=VALUES, is_ascii=st.booleans())
def test_what_is_json_to_everybody_is_read_as_it_was_written(value: object, *, is_ascii: bool) -> None:
    assert read_json(json.dumps(value, ensure_ascii=is_ascii).encode()) == value


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", JsonError),
        (b"{", JsonError),
        (b"{} {}", JsonError),
        (b"{'a': 1}", JsonError),
        ('{"a": 1}'.encode("utf-16-be"), JsonEncodingError),
        ('{"a": 1}'.encode("utf-16"), JsonEncodingError),
        ('{"a": 1}'.encode("utf-32-le"), JsonEncodingError),
        (b'\xef\xbb\xbf{"a": 1}', JsonEncodingError),
        (b'{"a": "\xed\xa0\x80"}', JsonEncodingError),
        (b'{"a": "\xc0\xaf"}', JsonEncodingError),
        (b'{"a": {"b": 1, "c": 2, "b": 1}}', JsonNameTwiceError),
        (b'{"a": 1, "\\u0061": 2}', JsonNameTwiceError),
        (b'["\\ud83d"]', JsonTextError),
        (b'["\\uDE00\\ud83d"]', JsonTextError),
        (b'{"\\udfff": 1}', JsonTextError),
        (b"[NaN]", JsonNumberError),
        (b"[-Infinity]", JsonNumberError),
        (b"[1e400]", JsonNumberError),
        (b"[" + b"1" * 10_000 + b"]", JsonNumberError),
        (b"[0." + b"0" * 10_000 + b"]", JsonNumberError),
        (b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1), JsonDepthError),
        (b"[" * 1_000_000, JsonDepthError),
        (b'{"a":' * 100_000, JsonDepthError),
    ],
)
def test_each_departure_has_its_own_error(content: bytes, error: type[JsonError]) -> None:
    with pytest.raises(JsonError) as refused:
        read_json(content)

    assert type(refused.value) is error


def test_what_only_looks_deep_or_halved_is_taken() -> None:
    brackets = "[{" * 1_000
    value = {"text": f'{brackets}"\\{brackets}', "list": [[]] * 1_000, "sign": "\U0001f600"}

    assert read_json(json.dumps(value).encode()) == value
    assert read_json(b"[" * DEPTH_MAX + b"]" * DEPTH_MAX) != []
