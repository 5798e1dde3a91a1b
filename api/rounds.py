"""Work that many requests want at the same time, done for all of them at once: one thread, one commit.

Promises:
  * A request waits for no timer: when nothing runs it goes at once, and takes along those that are coming in; while a
    round runs the next one collects, so that rounds grow with the load. One that is large begins as soon as the one
    before has only the disk to wait for: two that compute would take turns at one interpreter.
  * Each request gets its own answer or its own error. What no disk or database is to blame for, and breaks a round as
    a whole, is the error of whoever breaks it alone: the others are answered.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Generic, TypeVar

from verify.errors import YinzhengError

# While one round waits for the disk, another one computes; but each costs a commit, during which no other process
# writes, so that it begins beside one that waits only for so many.
ROUNDS_AT_ONCE: Final = 2
WORTH_ANOTHER: Final = 16
# As many as one commit takes along without keeping anybody waiting for a tenth of a second.
ROUND_MAX: Final = 64
# What one turn of the loop reads from its connections is a question two turns later.
TURNS_TO_ASK: Final = 2

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
Work = Callable[[Sequence[Asked], Callable[[], None]], Sequence[Answer | Exception]]
"""Gets what was asked, and what to call when only the disk is waited for; returns an answer or an error for each."""

_Taken = list[tuple[Asked, asyncio.Future[Answer]]]


class Rounds(Generic[Asked, Answer]):
    """Answers in rounds; `work` returns its answers in the order of what was asked."""

    def __init__(self, work: Work[Asked, Answer]) -> None:
        self._work = work
        self._waiting: _Taken[Asked, Answer] = []
        self._running = 0
        self._computing: _Taken[Asked, Answer] | None = None
        self._gathering: asyncio.Task[None] | None = None
        # Of its own: those of everybody may all be busy with files, and hand over a round for twice the price.
        self._threads = ThreadPoolExecutor(ROUNDS_AT_ONCE, thread_name_prefix="round")

    async def answer(self, asked: Asked) -> Answer:
        """Return the answer, or raise the error, when the round is done."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, future))
        self._start()
        return await future

    def _start(self) -> None:
        """Let a round begin when all are here that came together."""
        if self._gathering is not None or self._computing is not None or self._running == ROUNDS_AT_ONCE:
            return
        if len(self._waiting) >= (WORTH_ANOTHER if self._running else 1):
            self._running += 1
            self._gathering = asyncio.get_running_loop().create_task(self._begin())

    async def _gathered(self) -> None:
        """Wait as long as others come in, not for whoever may come: they share what a round costs by itself."""
        seen = 0
        while seen < len(self._waiting) < ROUND_MAX:
            seen = len(self._waiting)
            for _ in range(TURNS_TO_ASK):
                await asyncio.sleep(0)

    async def _begin(self) -> None:
        await self._gathered()
        self._gathering = None
        taken, self._waiting = self._waiting[:ROUND_MAX], self._waiting[ROUND_MAX:]
        self._computing = taken
        self._threads.submit(self._round, asyncio.get_running_loop(), taken)

    def _round(self, loop: asyncio.AbstractEventLoop, taken: _Taken[Asked, Answer]) -> None:
        """Work for them in a thread, and let the loop wake all of them at once."""

        def at_disk() -> None:
            with contextlib.suppress(RuntimeError):  # a loop that was closed meanwhile: nobody waits
                loop.call_soon_threadsafe(self._has_computed, taken)

        answers = self._answers([asked for asked, _ in taken], at_disk)
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._end, taken, answers)

    def _has_computed(self, taken: _Taken[Asked, Answer]) -> None:
        """Let the next round begin; one that is tried again, each question alone, says it more than once."""
        if self._computing is taken:
            self._computing = None
            self._start()

    def _end(self, taken: _Taken[Asked, Answer], answers: Sequence[Answer | Exception]) -> None:
        for (_, future), answer in zip(taken, answers, strict=True):
            if future.cancelled():
                continue  # whoever asked has gone
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        self._running -= 1
        if self._computing is taken:
            self._computing = None
        self._start()

    def _answers(self, asked: Sequence[Asked], at_disk: Callable[[], None]) -> Sequence[Answer | Exception]:
        try:
            return self._work(asked, at_disk)
        except YinzhengError as error:  # a disk that is full, a registry that is away: so it is for all of them
            return [error] * len(asked)
        except Exception as error:  # noqa: BLE001 - who asked must hear of it; it is raised again there
            return [error] if len(asked) == 1 else [self._answers([each], at_disk)[0] for each in asked]
