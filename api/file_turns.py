"""Files that other offices' systems hand in, one after the other: who scans a code waits for nobody's file.

Promises:
  * A process works for one file at a time: it has one core, and codes, which take a fraction of a file's work, come in
    between.
  * A file that takes long gives way: the next one begins beside it, for what takes long is the work of its reader, a
    process of its own (`api/sandbox.py`).
  * Lines have their turns in rounds (`api/lines.py`); who is one too many is told at once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from api.guard import TheLine
from api.lines import Lines
from api.sandbox_reader import SandboxBusyError

# Usual files are answered within it, with all that a busy process does meanwhile.
TURN_SECONDS: Final = 0.05
# As many files as the readers would take of one line and of all, and let wait.
LINE_WAITING_MAX: Final = 10
WAITING_MAX: Final = 32

# A file waits for its place's future.
_Place = asyncio.Future[None]


class FileTurns:
    """The turns of one process; used by its loop alone."""

    def __init__(self) -> None:
        self._lines: Lines[_Place] = Lines(line_max=LINE_WAITING_MAX, all_max=WAITING_MAX)
        self._held: _Place | None = None

    @asynccontextmanager
    async def turn(self, line: str) -> AsyncIterator[None]:
        """Wait for a turn, and hold it for the block or until it has lasted long. Raises `SandboxBusyError`."""
        place = self._stand(line)
        try:
            await place
            yield
        finally:
            self._lines.leave(line, place)  # who goes while he waits
            self._pass_on(place)

    def _stand(self, line: str) -> _Place:
        place: _Place = asyncio.get_running_loop().create_future()
        self._lines.join(line, place)
        if self._held is None:
            self._call()
        sent_away = None if place.done() else self._lines.one_too_many(line)
        if sent_away is not None and not sent_away.done():
            sent_away.set_exception(SandboxBusyError())
        return place

    def _pass_on(self, place: _Place) -> None:
        """Call the next one, unless that was done for this place already."""
        if place is self._held:
            self._call()

    def _call(self) -> None:
        """Give the turn to whose round it is; who was interrupted and has not left yet is passed over."""
        self._held = None
        while self._held is None and (line := next(iter(self._lines), None)) is not None:
            place = self._lines.call(line)
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
