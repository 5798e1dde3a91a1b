"""Lines: rounds, room, and who must go."""

from collections.abc import Iterable
from itertools import islice

import pytest

from api.lines import Lines


def lines_of(joined: str, *, line_max: int = 8, all_max: int = 24) -> Lines[str]:
    """Let one after the other join the line of his letter; places are called by letter and number."""
    lines: Lines[str] = Lines(line_max=line_max, all_max=all_max)
    for place in numbered(joined):
        lines.join(place[0], place)
    return lines


def numbered(letters: str) -> Iterable[str]:
    return (f"{letter}{letters[:place].count(letter)}" for place, letter in enumerate(letters))


def called(lines: Lines[str]) -> list[str]:
    order = []
    while first := next(iter(lines), None):
        order.append(lines.call(first))
    return order


def test_lines_are_called_in_rounds_however_many_wait_in_one() -> None:
    assert called(lines_of("aaabbc")) == ["a0", "b0", "c0", "a1", "b1", "a2"]


def test_who_joins_again_stands_behind_the_lines_that_wait() -> None:
    lines = lines_of("ab")
    assert lines.call("a") == "a0"
    lines.join("a", "again")
    assert list(lines) == ["b", "a"]


@pytest.mark.parametrize(
    ("joined", "sent_away"),
    [
        ("a", None),
        ("aab", None),
        ("aaaa", "a3"),  # too many in his own line
        ("aaabbc", "a2"),  # the room is full: the last of the longest line goes
        ("aabbcc", "c1"),  # no line is longer than his own
    ],
)
def test_who_is_one_too_many_waits_no_longer(joined: str, sent_away: str | None) -> None:
    lines = lines_of(joined, line_max=3, all_max=5)

    assert lines.one_too_many(joined[-1]) == sent_away
    assert sorted(called(lines)) == sorted(set(numbered(joined)) - {sent_away})


def test_who_leaves_is_not_called_and_may_leave_twice() -> None:
    lines = lines_of("aab")
    for _ in range(2):
        lines.leave("a", "a0")
        lines.leave("b", "b0")
    assert list(islice(lines, 2)) == ["a"]
    assert called(lines) == ["a1"]
