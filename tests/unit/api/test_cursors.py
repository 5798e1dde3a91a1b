"""Cursors, entity tags and languages: small forms, read strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cursors import read_cursor, read_number, write_cursor
from api.errors import CursorError, MalformedRequestError, PreconditionMissingError
from api.etags import is_known, seen_version, tag
from api.languages import chosen

NAMES = st.text("abcdefgh", min_size=1, max_size=8)
PLACES = st.text("0123456789abcdef", min_size=1, max_size=40)


@given(NAMES, PLACES)
def test_a_cursor_is_read_back_by_its_own_list_and_no_other(of: str, place: str) -> None:
    cursor = write_cursor(of, place)

    assert read_cursor(of, cursor) == place
    with pytest.raises(CursorError):
        read_cursor(f"{of}x", cursor)


@given(st.text(max_size=200))
def test_any_other_text_is_refused_or_is_the_one_spelling(text: str) -> None:
    try:
        place = read_cursor("licences", text)
    except CursorError:
        return
    assert place is not None
    assert write_cursor("licences", place) == text


def test_no_cursor_is_the_first_page_and_a_number_has_one_spelling() -> None:
    assert read_cursor("rows", None) is None
    assert read_number("rows", None) is None
    assert read_number("rows", write_cursor("rows", "17")) == 17
    for place in ("017", "-1", "1.0", "9" * 20, "9" * 19, str((1 << 53) + 1), ""):
        with pytest.raises(CursorError):
            read_number("rows", write_cursor("rows", place))


def test_a_cursor_names_no_place_that_a_database_could_not_ask_for() -> None:
    for place in ("a\x00b", "a b", "a\n"):
        with pytest.raises(CursorError):
            read_cursor("drafts", write_cursor("drafts", place))


def test_if_match_is_one_of_our_tags() -> None:
    assert seen_version(tag(12)) == 12
    with pytest.raises(PreconditionMissingError):
        seen_version(None)
    for wrong in ("*", "12", 'W/"12"', '"12", "13"', '"012"', '"0"', '"x"', ""):
        with pytest.raises(MalformedRequestError):
            seen_version(wrong)


def test_if_none_match_compares_weakly() -> None:
    assert is_known('"1", W/"2"', '"2"')
    assert is_known("*", '"2"')
    assert not is_known('"1"', '"2"')
    assert not is_known(None, '"2"')


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-Hans-CN", "zh"),
        ("EN-gb;q=0.9,zh;q=0.8", "en"),
        ("de", "en"),
        ("en;q=x", "en"),
        ("en;q=0", "en"),
        ("zh;q=0.1", "zh"),
        ("*", "en"),
    ],
)
def test_the_language_is_the_one_weighted_most(header: str, language: str) -> None:
    assert chosen(header, "en") == language
