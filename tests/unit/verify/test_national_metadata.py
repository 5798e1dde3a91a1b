"""The national metadata in a document: one spelling, the data set's values, and what a page may show of them."""

from dataclasses import replace

import pytest

from tests.small_ofd import METADATA, metadata_bytes
from tests.small_pdf import DATA_SET
from verify.national_metadata import (
    METADATA_BYTES_MAX,
    MetadataError,
    is_shown,
    metadata_differences,
    read_metadata,
)


def test_what_our_writer_writes_is_read() -> None:
    assert dict(read_metadata(metadata_bytes(METADATA))) == dict(METADATA)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{" * 9000,
        b'{"a":1}',
        b'{"a":null}',
        b'{"a": "1"}',
        b'{"b":"1","a":"2"}',
        b'{"a":"1","a":"1"}',
        b'{"a":"1"}\n',
        b'{"a":"\\u0031"}',
        b'{"a":"\\ud800"}',
        b"\xff",
        '{"a":"1"}'.encode("utf-16"),
        b'{"a":"' + b"x" * METADATA_BYTES_MAX + b'"}',
        metadata_bytes({f"KZ_{number}": "" for number in range(201)}),
    ],
)
def test_any_other_spelling_is_refused(data: bytes) -> None:
    with pytest.raises(MetadataError):
        read_metadata(data)


def test_metadata_and_data_set_are_compared_name_by_name() -> None:
    person = METADATA | {"CZZTDM": "320501199003071234"}

    assert metadata_differences(METADATA, DATA_SET) == ()
    assert metadata_differences(person, DATA_SET) == ("CZZTDM",)
    assert metadata_differences({}, DATA_SET) != ()
    assert metadata_differences({**METADATA, "CZZTDM": "1"}, replace(DATA_SET, holder_uscc=None)) == ()
    assert metadata_differences(METADATA | {"KZ_MORE": "1"}, DATA_SET) == ("KZ_MORE",)


@pytest.mark.parametrize(
    ("name", "shown", "items", "expected"),
    [
        ("ZZBH", "JY132", {"ZZBH": "JY132"}, True),
        ("ZZBH", "JY 1\n32", {"ZZBH": "JY132"}, True),
        ("ZZBH", "JY132JY132", {"ZZBH": "JY132"}, False),
        ("ZZBH", "", {"ZZBH": ""}, False),
        ("ZZBH", "", {}, False),
        ("ZZBFRQ", "20260318", {"ZZBFRQ": "20260318"}, True),
        ("ZZBFRQ", "2026年3月18日", {"ZZBFRQ": "20260318"}, True),
        ("KZ_CSRQ", "1990年3月7日", {"KZ_CSRQ": "1990-03-07"}, True),
        ("ZZBFRQ", "2026年03月18日", {"ZZBFRQ": "20260318"}, False),
        ("ZZYXQJZRQ", "长期", {}, True),
        ("ZZYXQJZRQ", "长期", {"ZZYXQJZRQ": "20310317"}, False),
        ("CZZTDMLX", "证件号码", {"CZZTDMLX": ""}, True),
        ("CZZT", "长期", {}, False),
    ],
)
def test_a_page_shows_the_text_or_the_day_in_words(
    name: str, shown: str, items: dict[str, str], expected: object
) -> None:
    assert is_shown(name, shown, items) is expected
