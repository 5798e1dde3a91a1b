"""Rounds: what many requests want at once is done once for all of them."""

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest

from api.rounds import ROUND_MAX, WORTH_ANOTHER, Rounds
from registry.errors import DiskFullError


class Counter:
    """Work that keeps each round until it is let go, and remembers what was asked."""

    def __init__(self) -> None:
        self.rounds: list[list[int]] = []
        self.may_go = threading.Event()
        self.has_begun = threading.Semaphore(0)

    def __call__(self, asked: Sequence[int], at_disk: Callable[[], None]) -> list[int | Exception]:
        self.rounds.append(list(asked))
        self.has_begun.release()
        at_disk()
        assert self.may_go.wait(10)
        return [ValueError(str(each)) if each < 0 else each * 2 for each in asked]


async def _asked(rounds: Rounds[int, int], counter: Counter, waves: Sequence[Sequence[int]]) -> list[int | Exception]:
    tasks = []
    for wave in waves:
        tasks += [asyncio.create_task(rounds.answer(each)) for each in wave]
        for _ in range(1000):
            await asyncio.sleep(0.001)
            is_computing = rounds._gathering is not None or rounds._computing is not None
            if not is_computing and sum(map(len, counter.rounds)) + len(rounds._waiting) == len(tasks):
                break
    counter.may_go.set()
    return await asyncio.gather(*tasks, return_exceptions=True)  # type: ignore[return-value]


def test_what_comes_together_is_one_round_and_what_comes_meanwhile_the_next() -> None:
    counter = Counter()
    many = list(range(4, 4 + WORTH_ANOTHER))
    waves = ([1, 2, 3], many[:-1], many[-1:], many, [7])

    answers = asyncio.run(_asked(Rounds(counter), counter, waves))

    assert answers == [2 * each for wave in waves for each in wave]
    assert counter.rounds == [[1, 2, 3], many, [*many, 7]], (
        "a second round waits until it is worth a commit, a third always"
    )


def test_no_round_begins_beside_one_that_computes() -> None:
    rounds_of: list[list[int]] = []
    begun, may_write, may_end = threading.Semaphore(0), threading.Event(), threading.Event()

    def work(asked: Sequence[int], at_disk: Callable[[], None]) -> list[int]:
        rounds_of.append(list(asked))
        begun.release()
        assert may_write.wait(10)
        at_disk()
        assert may_end.wait(10)
        return list(asked)

    async def ask() -> tuple[int, int, list[int]]:
        rounds = Rounds(work)
        many = list(range(1, 1 + WORTH_ANOTHER))
        tasks = [asyncio.create_task(rounds.answer(0))]
        assert await asyncio.to_thread(begun.acquire, timeout=10)
        tasks += [asyncio.create_task(rounds.answer(each)) for each in many]
        await asyncio.sleep(0.05)
        while_computing = len(rounds_of)
        may_write.set()
        assert await asyncio.to_thread(begun.acquire, timeout=10), "though the first has not ended"
        ended = sum(each.done() for each in tasks)
        may_end.set()
        return while_computing, ended, await asyncio.gather(*tasks)

    assert asyncio.run(asyncio.wait_for(ask(), 60)) == (1, 0, list(range(1 + WORTH_ANOTHER)))


def test_who_comes_while_others_come_in_comes_along_and_nobody_waits_for_who_may_come() -> None:
    counter = Counter()
    counter.may_go.set()

    async def asked_later(rounds: Rounds[int, int], turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await rounds.answer(turns)

    async def ask() -> list[int]:
        rounds = Rounds(counter)
        return await asyncio.gather(*(asked_later(rounds, turns) for turns in (0, 1, 2, 4, 6, 20)))

    answers = asyncio.run(ask())

    assert answers == [0, 2, 4, 8, 12, 40]
    assert counter.rounds == [[0, 1, 2, 4, 6], [20]]


def test_a_round_takes_no_more_than_one_commit_should() -> None:
    counter = Counter()
    counter.may_go.set()

    answers = asyncio.run(_asked(Rounds(counter), counter, [range(ROUND_MAX + 1)]))

    assert answers == [2 * each for each in range(ROUND_MAX + 1)]
    assert sorted(map(len, counter.rounds)) == [1, ROUND_MAX]


def test_an_error_is_that_of_its_own_question() -> None:
    counter = Counter()
    counter.may_go.set()

    answers = asyncio.run(_asked(Rounds(counter), counter, [[1, -1, 2]]))

    assert (answers[0], str(answers[1]), answers[2]) == (2, "-1", 4)


@pytest.mark.parametrize(("error", "others"), [(DiskFullError, DiskFullError), (ZeroDivisionError, None)])
def test_what_breaks_a_round_is_everybodys_error_where_it_is_the_disk_and_else_that_of_who_breaks_it(
    error: type[Exception], others: type[Exception] | None
) -> None:
    def work(asked: Sequence[int], _at_disk: Callable[[], None]) -> list[int | Exception]:
        if 0 in asked:
            raise error
        return list(asked)

    async def ask() -> None:
        rounds = Rounds(work)
        both = await asyncio.gather(rounds.answer(0), rounds.answer(1), return_exceptions=True)
        assert isinstance(both[0], error)
        assert both[1] == 1 if others is None else isinstance(both[1], others)
        assert await rounds.answer(1) == 1

    asyncio.run(ask())


def test_who_leaves_disturbs_nobody() -> None:
    counter = Counter()

    async def ask() -> None:
        rounds = Rounds(counter)
        leaving, staying = (asyncio.create_task(rounds.answer(each)) for each in (1, 2))
        await asyncio.sleep(0.01)
        leaving.cancel()
        counter.may_go.set()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert await staying == 4

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("breaks", "is_written"),
    [(SystemExit, False), (SystemExit, True), (StopIteration, False), (StopIteration, True), (None, True)],
)
def test_whatever_breaks_one_round_the_next_are_answered(
    breaks: type[BaseException] | None,
    is_written: bool,  # noqa: FBT001
) -> None:
    def work(asked: Sequence[int], at_disk: Callable[[], None]) -> list[int | Exception]:
        if is_written:
            at_disk()
        if 0 in asked and breaks is not None:
            raise breaks
        return list(asked)[:-1] if 0 in asked else list(asked)  # or one answer too few

    async def ask() -> list[int]:
        rounds = Rounds(work)
        for _ in range(3):
            broken = await asyncio.gather(rounds.answer(0), rounds.answer(1), return_exceptions=True)
            assert isinstance(broken[0], (RuntimeError, ValueError))
        return await asyncio.gather(*(rounds.answer(each) for each in (1, 2)))

    assert asyncio.run(asyncio.wait_for(ask(), 60)) == [1, 2]


def test_no_thread_to_be_had_is_an_error_of_the_round_alone() -> None:
    counter = Counter()
    counter.may_go.set()

    async def ask() -> None:
        rounds = Rounds(counter)
        rounds._threads.shutdown()
        for _ in range(3):
            with pytest.raises(RuntimeError):
                await rounds.answer(1)

    asyncio.run(asyncio.wait_for(ask(), 60))


def test_a_loop_that_was_closed_in_the_middle_holds_up_no_other() -> None:
    counter = Counter()
    rounds = Rounds(counter)

    async def leave() -> None:
        task = asyncio.create_task(rounds.answer(1))
        assert await asyncio.to_thread(counter.has_begun.acquire, timeout=10)
        task.cancel()

    asyncio.run(leave())
    counter.may_go.set()

    assert asyncio.run(asyncio.wait_for(rounds.answer(2), 60)) == 4
