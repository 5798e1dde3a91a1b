"""Guessing is slowed down, line by line; nobody else waits, and memory is bounded."""

import pytest

from api.errors import TooManyRequestsError
from api.staff.slowdown import LINES_MAX, WAIT_SECONDS_MAX, Slowdown, for_codes, for_passwords


class Watch:
    """A watch that stands still until it is moved."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def tries(slow: Slowdown, line: str, count: int) -> list[float | str]:
    """Try so often, and say how long each must wait; or after what it may come back."""
    waits: list[float | str] = []
    for _ in range(count):
        try:
            waits.append(slow.begin(line))
        except TooManyRequestsError as error:
            waits.append(error.params["seconds"])
    return waits


def test_a_few_slips_cost_nothing_then_each_try_waits_longer_and_soon_is_sent_away() -> None:
    slow = Slowdown(tries_at_once=3, seconds_a_try=3.0, monotonic=Watch())

    assert tries(slow, "clerk", 8) == [0, 0, 0, 3, 6, 9, "4", "4"]
    assert tries(slow, "another", 1) == [0]


def test_who_was_sent_away_may_come_back_when_it_was_said() -> None:
    watch = Watch()
    slow = Slowdown(tries_at_once=1, seconds_a_try=3.0, monotonic=watch)
    sent_away = tries(slow, "clerk", 5)[-1]

    watch.now += float(sent_away)
    assert slow.begin("clerk") <= WAIT_SECONDS_MAX


def test_a_right_answer_is_taken_at_any_try_and_clears_the_line() -> None:
    slow = Slowdown(tries_at_once=2, seconds_a_try=3.0, monotonic=Watch())
    tries(slow, "clerk", 4)
    slow.was_right("clerk")

    assert tries(slow, "clerk", 2) == [0, 0]


@pytest.mark.parametrize(("slow", "a_day"), [(for_passwords(), 28_812), (for_codes(), 1_446)])
def test_a_day_of_guessing_at_one_line_is_so_many_tries(slow: Slowdown, a_day: int) -> None:
    watch = Watch()
    slow.monotonic, taken = watch, 0
    while watch.now < 100.0 + 86_400:
        try:
            watch.now += slow.begin("clerk")
            taken += 1
        except TooManyRequestsError as error:
            watch.now += float(error.params["seconds"])

    assert taken <= a_day


def test_the_lines_that_were_quiet_longest_are_forgotten_first() -> None:
    slow = Slowdown(tries_at_once=1, seconds_a_try=3.0, monotonic=Watch())
    for number in range(LINES_MAX):
        slow.begin(str(number))
    assert tries(slow, "0", 1) == [3]  # used again, so that it is the latest

    slow.begin("one more")

    assert tries(slow, "1", 1) == [0], "forgotten"
    assert tries(slow, "0", 1) == [6], "kept"
