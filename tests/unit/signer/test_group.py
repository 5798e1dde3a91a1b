"""The queue behind the log: in the order of coming, one leader at a time, and nobody who has gone keeps it waiting."""

import asyncio
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import FrameType

import pytest

from signer.group import Group, Take, Ticket

CALLERS = 8
ROUNDS = 25
SECONDS_MAX = 30
# The one at work and the next; more, for a thread may be put aside between looking at the count and coming.
BATCHES_MAX = 5


@dataclass(slots=True, eq=False)
class Ask(Ticket):
    """When it came, was served, and was told so, counted in batches."""

    came: int = -1
    served: int = -1
    told: int = -1


class Desk:
    """Serves batch after batch, each of which takes a while; `gate` holds one back."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.is_busy, self.gate = threading.Event(), threading.Event()
        self.gate.set()
        self.group = Group(self.serve)

    def serve(self, take: Take[Ask]) -> None:
        asked = take()
        self.is_busy.set()
        assert self.gate.wait(SECONDS_MAX)
        time.sleep(0.0005)
        for each in asked:
            each.served = len(self.batches)
        self.batches.append(len(asked))

    def ask(self) -> Ask:
        ticket = Ask(came=len(self.batches))
        self.group.join(ticket)
        ticket.told = len(self.batches)
        return ticket

    async def asked(self) -> Ask:
        ticket = Ask(came=len(self.batches))
        await self.group.joined(ticket)
        ticket.told = len(self.batches)
        return ticket

    def until_waiting(self, count: int) -> None:
        end = time.monotonic() + SECONDS_MAX
        while len(self.group.waiting) != count and time.monotonic() < end:
            time.sleep(0.001)
        assert len(self.group.waiting) == count


def test_each_caller_is_served_once_and_told_so_at_once_whoever_comes_after_him() -> None:
    desk = Desk()

    def asks(_caller: int) -> list[Ask]:
        return [desk.ask() for _ in range(ROUNDS)]

    with ThreadPoolExecutor(CALLERS) as pool:
        tickets = [ticket for asked in pool.map(asks, range(CALLERS)) for ticket in asked]

    assert sum(desk.batches) == CALLERS * ROUNDS
    assert len(desk.batches) < CALLERS * ROUNDS
    assert max(each.told - each.came for each in tickets) <= BATCHES_MAX


def test_who_is_interrupted_while_he_waits_leaves_the_queue_and_those_behind_him_are_served() -> None:
    desk = Desk()

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with ThreadPoolExecutor(2) as pool:
            desk.gate.clear()
            first = pool.submit(desk.ask)
            assert desk.is_busy.wait(SECONDS_MAX)
            main = threading.get_ident()
            behind = pool.submit(lambda: (desk.until_waiting(1), signal.pthread_kill(main, signal.SIGUSR1), desk.ask()))
            with pytest.raises(KeyboardInterrupt):
                desk.ask()
            desk.until_waiting(1)
            desk.gate.set()
            assert first.result(SECONDS_MAX).served == 0
            assert behind.result(SECONDS_MAX)[2].served == 1
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert desk.batches == [1, 1]
    assert desk.ask().served == 2


def test_coroutines_and_threads_stand_in_one_queue_and_each_is_served_once() -> None:
    desk = Desk()

    async def asks() -> list[Ask]:
        return [await desk.asked() for _ in range(ROUNDS)]

    async def ask_together() -> list[list[Ask]]:
        return await asyncio.gather(*(asks() for _ in range(CALLERS)))

    with ThreadPoolExecutor(CALLERS) as pool:
        threads = [pool.submit(lambda: [desk.ask() for _ in range(ROUNDS)]) for _ in range(CALLERS)]
        loops = [pool.submit(asyncio.run, ask_together()) for _ in range(2)]
        tickets = [ticket for each in threads for ticket in each.result(SECONDS_MAX)]
        tickets += [ticket for loop in loops for asked in loop.result(SECONDS_MAX) for ticket in asked]

    assert sum(desk.batches) == len(tickets) == 3 * CALLERS * ROUNDS
    assert all(each.came <= each.served < each.told for each in tickets)
    assert len(desk.batches) < len(tickets) // 2


def test_a_coroutine_that_is_cancelled_leaves_the_queue_and_a_loop_that_ended_harms_nobody() -> None:
    desk = Desk()
    desk.gate.clear()

    async def go_away() -> None:
        first, second = (asyncio.create_task(desk.asked()) for _ in range(2))
        await asyncio.to_thread(desk.is_busy.wait, SECONDS_MAX)
        await asyncio.to_thread(desk.until_waiting, 1)
        second.cancel()
        await asyncio.wait((second,))
        assert desk.group.waiting == []
        assert not first.done()

    asyncio.run(go_away())  # which cancels the first, whom a thread serves all the same
    with ThreadPoolExecutor(1) as pool:
        behind = pool.submit(desk.ask)
        desk.until_waiting(1)
        desk.gate.set()
        assert behind.result(SECONDS_MAX).served == 1

    assert desk.batches == [1, 1]
    assert asyncio.run(desk.asked()).served == 2
