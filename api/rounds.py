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
from dataclasses import dataclass
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


@dataclass(slots=True, eq=False)
class _Round(Generic[Asked, Answer]):
    """Questions that are answered together, in one loop."""

    taken: list[tuple[Asked, asyncio.Future[Answer]]]
    loop: asyncio.AbstractEventLoop


class Rounds(Generic[Asked, Answer]):
    """Answers in rounds; `work` returns its answers in the order of what was asked. For one loop at a time."""

    def __init__(self, work: Work[Asked, Answer]) -> None:
        self._work = work
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._running: list[_Round[Asked, Answer]] = []
        self._computing: _Round[Asked, Answer] | None = None
        self._gathering: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        # Of its own: those of everybody may all be busy with files, and hand over a round for twice the price.
        self._threads = ThreadPoolExecutor(ROUNDS_AT_ONCE, thread_name_prefix="round")

    async def answer(self, asked: Asked) -> Answer:
        """Return the answer, or raise the error, when the round is done."""
        future: asyncio.Future[Answer] = self._in_loop(asyncio.get_running_loop()).create_future()
        self._waiting.append((asked, future))
        self._start()
        return await future

    def _in_loop(self, loop: asyncio.AbstractEventLoop) -> asyncio.AbstractEventLoop:
        """Return the loop; begin anew where another one was closed, perhaps in the middle of its work."""
        if self._loop is not loop and (self._loop is None or self._loop.is_closed()):
            self._waiting, self._running, self._computing, self._gathering = [], [], None, None
            self._loop = loop
        return loop

    def _start(self) -> None:
        """Let a round begin when all are here that came together."""
        if self._gathering is not None or self._computing is not None or len(self._running) == ROUNDS_AT_ONCE:
            return
        if len(self._waiting) >= (WORTH_ANOTHER if self._running else 1):
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
        begun = _Round(taken, asyncio.get_running_loop())
        self._running.append(begun)
        self._computing = begun
        try:
            self._threads.submit(self._work_for, begun)
        except RuntimeError as error:  # no thread is to be had
            self._end(begun, [error] * len(taken))

    def _work_for(self, begun: _Round[Asked, Answer]) -> None:
        """Work in a thread, and let the loop wake all who asked at once; whatever happens, they hear of it."""

        def at_disk() -> None:
            _told(begun.loop, self._has_computed, begun)

        asked = [each for each, _ in begun.taken]
        answers: Sequence[Answer | Exception]
        try:
            answers = [answer for _, answer in zip(asked, self._answers(asked, at_disk), strict=True)]
        except BaseException as error:  # noqa: BLE001 - not even this may end the thread: nobody would be answered again
            answers = [error if isinstance(error, Exception) else RuntimeError(type(error).__name__)] * len(asked)
        _told(begun.loop, self._end, begun, answers)

    def _has_computed(self, begun: _Round[Asked, Answer]) -> None:
        """Let the next round begin; one that is tried again, each question alone, says it more than once."""
        if self._computing is begun:
            self._computing = None
            self._start()

    def _end(self, begun: _Round[Asked, Answer], answers: Sequence[Answer | Exception]) -> None:
        """Make room for the next round, and answer this one."""
        if begun in self._running:
            self._running.remove(begun)
        if self._computing is begun:
            self._computing = None
        for (_, future), answer in zip(begun.taken, answers, strict=True):
            if future.done():
                continue  # whoever asked has gone
            if isinstance(answer, StopIteration):  # which no future takes
                future.set_exception(RuntimeError("StopIteration"))
            elif isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        self._start()

    def _answers(self, asked: Sequence[Asked], at_disk: Callable[[], None]) -> Sequence[Answer | Exception]:
        try:
            return self._work(asked, at_disk)
        except YinzhengError as error:  # a disk that is full, a registry that is away: so it is for all of them
            return [error] * len(asked)
        except Exception as error:  # noqa: BLE001 - who asked must hear of it; it is raised again there
            return [error] if len(asked) == 1 else [self._answers([each], at_disk)[0] for each in asked]


def _told(loop: asyncio.AbstractEventLoop, what: Callable[..., None], *about: object) -> None:
    with contextlib.suppress(RuntimeError):  # a loop that was closed meanwhile: nobody waits
        loop.call_soon_threadsafe(what, *about)
