"""Turns, fair by line: one line's pile keeps no other line waiting, and nobody waits for ever."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.turns import NoTurnError, Turns

# Who waits so long without need is found out; a slow machine is not.
SOON = 20.0


def turns_of(**changes: int) -> Turns:
    return Turns(**({"count": 4, "share": 2, "line_waiting_max": 8, "waiting_max": 24} | changes))


class Waiting:
    """Somebody who waits in a thread of his own, holds the turn until told, and notes how it went."""

    def __init__(self, turns: Turns, line: str, called: list[str]) -> None:
        self.line, self.outcome = line, "waits"
        self._turns, self._called, self._leave = turns, called, threading.Event()
        self._thread = threading.Thread(target=self._stand, daemon=True)
        before = waiting_in(turns, line)
        self._thread.start()
        while self.outcome == "waits" and waiting_in(turns, line) <= before and self._thread.is_alive():
            time.sleep(0.001)

    def _stand(self) -> None:
        try:
            with self._turns.turn(self.line, seconds=SOON):
                self._called.append(self.line)
                self.outcome = "holds"
                self._leave.wait(SOON)
        except NoTurnError:
            self.outcome = "sent away"

    def leaves(self) -> None:
        self._leave.set()
        self._thread.join(SOON)


def waiting_in(turns: Turns, line: str) -> int:
    with turns._lock:
        return turns._lines.length(line)


@contextmanager
def all_leave(*waiting: Waiting) -> Iterator[None]:
    yield
    for each in waiting:
        each._leave.set()
    for each in waiting:
        each._thread.join(SOON)


def test_one_line_holds_its_share_and_leaves_a_turn_for_another() -> None:
    turns, called = turns_of(), list[str]()
    pile = [Waiting(turns, "pile", called) for _ in range(6)]

    with all_leave(*pile), turns.turn("honest", seconds=0):
        assert [each.outcome for each in pile] == ["holds"] * 2 + ["waits"] * 4


def test_the_next_free_turn_goes_to_the_line_that_holds_the_fewest() -> None:
    turns, called = turns_of(), list[str]()
    piles = [Waiting(turns, line, called) for line in "aabb" for _ in range(3)]
    honest = Waiting(turns, "honest", called)

    piles[0].leaves()
    for _ in range(1000):
        if honest.outcome == "holds":
            break
        time.sleep(0.001)

    assert called == ["a", "a", "b", "b", "honest"]
    with all_leave(honest, *piles):
        pass


def test_lines_take_their_rounds_however_long_each_is() -> None:
    turns, called = turns_of(count=1, share=1), list[str]()
    first = Waiting(turns, "first", called)
    others = [Waiting(turns, line, called) for line in ("a", "a", "a", "b", "b", "c")]

    for each in (first, *others):
        each._leave.set()
    for each in (first, *others):
        each._thread.join(SOON)

    assert called == ["first", "a", "b", "c", "a", "b", "a"]


def test_who_is_one_too_many_in_his_line_is_told_at_once() -> None:
    turns, called = turns_of(line_waiting_max=1), list[str]()
    standing = [Waiting(turns, "pile", called) for _ in range(3)]
    started = time.monotonic()

    with all_leave(*standing), pytest.raises(NoTurnError), turns.turn("pile", seconds=SOON):
        pass

    assert time.monotonic() - started < SOON


def test_a_full_room_makes_way_for_another_line_by_the_last_of_the_longest() -> None:
    turns, called = turns_of(count=1, share=1, waiting_max=3), list[str]()
    standing = [Waiting(turns, line, called) for line in ("held", "pile", "pile", "pile")]
    honest = Waiting(turns, "honest", called)
    late = Waiting(turns, "pile", called)

    for each in (standing[3], late):
        each._thread.join(SOON)

    assert [each.outcome for each in (*standing, honest, late)] == [
        "holds",
        "waits",
        "waits",
        "sent away",
        "waits",
        "sent away",
    ]
    with all_leave(honest, *standing):
        pass


def test_who_waited_in_vain_is_forgotten() -> None:
    turns = turns_of(count=1, share=1)

    with turns.turn("a", seconds=0), pytest.raises(NoTurnError), turns.turn("b", seconds=0.01):
        pass

    assert not list(turns._lines)
    assert not turns._held
    with turns.turn("b", seconds=0):
        pass


def test_a_turn_is_passed_on_also_by_who_failed() -> None:
    turns = turns_of(count=1, share=1)

    with pytest.raises(ZeroDivisionError), turns.turn("a", seconds=0):
        raise ZeroDivisionError

    with turns.turn("b", seconds=0):
        pass


@given(st.lists(st.sampled_from("abc"), max_size=12), st.integers(1, 4), st.integers(1, 3))
def test_never_more_hold_than_there_are_turns_nor_a_line_more_than_its_share(
    lines: list[str], count: int, share: int
) -> None:
    turns = turns_of(count=count, share=share)
    held: list[str] = []

    with ExitStack() as stack:
        for line in lines:
            may = len(held) < count and held.count(line) < share
            try:
                stack.enter_context(turns.turn(line, seconds=0))
            except NoTurnError:
                assert not may
            else:
                assert may
                held.append(line)

    assert not turns._held
    assert not list(turns._lines)
