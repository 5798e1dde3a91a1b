"""The demonstration's sheet stays usable in later years, and is the repository's own until then."""

from datetime import date

import pytest

from api.cli.demo_sheet import APPLICATIONS, current_sheet, photo
from signer.precheck import last_day
from signer.sheet_rows import parse_day
from signer.sheets import read_sheet
from verify.errors import MalformedError


def test_until_the_end_of_2027_the_sheet_is_taken_as_it_stands() -> None:
    content = APPLICATIONS.read_bytes()

    assert current_sheet(content, today=date(2027, 12, 31), rows=None) == content


@pytest.mark.parametrize("year", [2028, 2029, 2031, 2040])
def test_later_every_term_has_begun_and_none_is_over_or_longer_than_before(year: int) -> None:
    content = APPLICATIONS.read_bytes()

    old, new = read_sheet(content), read_sheet(current_sheet(content, today=date(year, 1, 1), rows=None))

    begins, ends = old.headings.index("有效期自"), old.headings.index("有效期至")
    assert len(new.rows) == 240
    for before, after in zip(old.rows, new.rows, strict=True):
        others = set(range(len(old.headings))) - {begins, ends}
        assert [before.cells[index] for index in others] == [after.cells[index] for index in others]
        try:
            days = [parse_day(row.cells[place]) for row in (before, after) for place in (begins, ends)]
        except MalformedError:
            continue  # without an end, or wrong on purpose
        was_from, was_until, is_from, is_until = days
        assert is_from <= date(year, 1, 1)
        if was_until >= was_from:
            assert is_until >= date(year, 1, 1)
            assert is_until <= last_day(is_from, was_until.year - was_from.year + 1)


def test_the_first_rows_can_be_asked_for_alone() -> None:
    content = APPLICATIONS.read_bytes()

    few = read_sheet(current_sheet(content, today=date(2026, 11, 24), rows=7))

    assert few.rows == read_sheet(content).rows[:7]


def test_a_portrait_is_a_picture_and_the_same_for_the_same_name() -> None:
    first, second = photo("BH2026-0001.jpg"), photo("BH2026-0002.jpg")

    assert first == photo("BH2026-0001.jpg") != second
    assert first.startswith(b"\xff\xd8\xff")
