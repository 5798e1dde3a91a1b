"""Files that other offices' systems hand in, one after the other: who scans a code waits for nobody's file.

Promises:
  * A process works for one file at a time: it has one core, and codes, which take a fraction of a file's work, come in
    between.
  * A file that takes long gives way: the next one begins beside it, for what takes long is the work of its reader, a
    process of its own (`api/sandbox.py`).
  * Lines have their turns in rounds, however many files wait in one; who is one too many is told at once, and a full
    room makes way for another line by sending away the last of the longest.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from api.guard import TheLine
from api.sandbox_reader import SandboxBusyError

# Usual files are answered within it, with all that a busy process does meanwhile.
TURN_SECONDS: Final = 0.05
# As many files as the readers would take of one line and of all, and let wait.
LINE_WAITING_MAX: Final = 10
WAITING_MAX: Final = 32


class FileTurns:
    """The turns of one process; used by its loop alone."""

    def __init__(self) -> None:
        # The line whose round it is stands first. What a file waits for is its place, too.
        self._lines: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._held: asyncio.Future[None] | None = None

    @asynccontextmanager
    async def turn(self, line: str) -> AsyncIterator[None]:
        """Wait for a turn, and hold it for the block or until it has lasted long. Raises `SandboxBusyError`."""
        place = self._queue(line)
        try:
            await place
            yield
        finally:
            place.cancel()  # who is gone while he waits is passed over
            self._pass_on(place)

    def _queue(self, line: str) -> asyncio.Future[None]:
        own = len(self._lines.get(line, ()))
        if own >= LINE_WAITING_MAX:
            raise SandboxBusyError
        if sum(map(len, self._lines.values())) >= WAITING_MAX:
            self._make_room(own + 1)
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(line, deque()).append(place)
        if self._held is None:
            self._call()
        return place

    def _make_room(self, length: int) -> None:
        """Send away the last of the longest line, or refuse who would stand in no shorter one."""
        line = max(self._lines, key=lambda each: len(self._lines[each]))
        if len(self._lines[line]) <= length:
            raise SandboxBusyError
        place = self._lines[line].pop()
        if not place.done():
            place.set_exception(SandboxBusyError())

    def _pass_on(self, place: asyncio.Future[None]) -> None:
        """Call the next one, unless that was done for this place already."""
        if place is self._held:
            self._call()

    def _call(self) -> None:
        self._held = None
        while self._held is None and self._lines:
            line, waiting = self._lines.popitem(last=False)
            place = waiting.popleft()
            if waiting:
                self._lines[line] = waiting
            if not place.done():
                self._held = place
                place.set_result(None)
                asyncio.get_running_loop().call_later(TURN_SECONDS, self._pass_on, place)


@dataclass(frozen=True, slots=True)
class FileLine:
    """The line of whoever asks, and the turns of all lines."""

    name: str
    turns: FileTurns

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait for a turn of this line; see `FileTurns.turn`."""
        return self.turns.turn(self.name)


async def _file_line(request: Request, line: TheLine) -> FileLine:
    return FileLine(line, request.app.state.file_turns)


TheFileLine = Annotated[FileLine, Depends(_file_line)]
