import re
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.page.text_breaking import BLANKS, NEVER_FIRST, NEVER_LAST, break_lines, may_break

# Chinese characters are as wide as high, Latin ones half of that.
ADVANCES = defaultdict(lambda: 1.0, {chr(code): 0.5 for code in range(0x20, 0x7F)})


def lines(text: str, width: float, **more: float) -> list[str]:
    return [text[line.start : line.end] for line in break_lines(text, ADVANCES, size=1.0, width=width, **more)]


def test_a_text_that_fits_is_one_line() -> None:
    assert lines("热食类食品制售", 7) == ["热食类食品制售"]


def test_chinese_breaks_between_any_two_characters() -> None:
    assert lines("热食类食品制售", 3) == ["热食类", "食品制", "售"]


def test_a_latin_word_and_a_number_stay_whole() -> None:
    assert lines("地址Cangjie-Building 188号", 9) == ["地址", "Cangjie-Building", "188号"]


def test_a_word_longer_than_the_line_is_cut() -> None:
    assert lines("abcdefgh", 2) == ["abcd", "efgh"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一二三，四五", ["一二", "三，四", "五"]),
        ("一二三）；四五", ["一二", "三）；", "四五"]),
        ("一二（三四五", ["一二", "（三四", "五"]),
        ("一二《三》四", ["一二", "《三》", "四"]),
    ],
)
def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one(text: str, expected: list[str]) -> None:
    assert lines(text, 3) == expected


def test_a_line_of_nothing_but_marks_is_cut_all_the_same() -> None:
    assert lines("。。。。。", 2) == ["。。", "。。", "。"]


def test_each_line_of_the_value_is_a_line_and_an_empty_one_stays() -> None:
    assert lines("甲乙\n\n丙", 5) == ["甲乙", "", "丙"]


def test_blanks_at_a_break_are_dropped() -> None:
    assert lines("甲乙 　丙丁", 2) == ["甲乙", "丙丁"]


def test_the_first_line_of_each_paragraph_is_shorter_by_the_indent() -> None:
    assert lines("一二三四五六\n七八九十", 4, indent=2) == ["一二", "三四五六", "七八", "九十"]


def test_characters_set_apart_take_their_distance() -> None:
    assert lines("一二三", 3.9, tracking=0.5) == ["一二", "三"]
    assert lines("一二三", 4.0, tracking=0.5) == ["一二三"]


@given(st.text(alphabet="一二三，。）（《》 　\nab1-·…𬭎", max_size=60), st.floats(0.4, 12))
def test_breaking_keeps_every_character_and_the_rules(text: str, width: float) -> None:
    found = break_lines(text, ADVANCES, size=1.0, width=width)

    assert re.sub(f"[{BLANKS}\n]", "", "".join(text[line.start : line.end] for line in found)) == re.sub(
        f"[{BLANKS}\n]", "", text
    )
    for line in found:
        shown = text[line.start : line.end]
        assert shown == shown.strip(BLANKS)
        assert line.width <= width + 0.01 or len(shown) == 1
        assert line.width == pytest.approx(sum(ADVANCES[each] for each in shown))


@given(st.text(alphabet="一二，）（《a1 ", min_size=2, max_size=30), st.integers(1, 29))
def test_a_place_to_break_never_parts_a_mark_from_its_words(text: str, place: int) -> None:
    place = min(place, len(text) - 1)
    if may_break(text, place) and text[place] not in BLANKS and text[place - 1] not in BLANKS:
        assert text[place] not in NEVER_FIRST
        assert text[place - 1] not in NEVER_LAST
