"""Turns at something scarce, fair by line: who stands behind one address gets his share and no more.

Promises:
  * One line holds at most its share of the turns, so that a single line never keeps all others waiting.
  * A free turn goes to the line that holds the fewest; among those, each in its round (`api/lines.py`).
  * As many may wait as have room; who is one too many is told at once.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from api.lines import Lines


class NoTurnError(Exception):
    """No turn came in time, or there was no room to wait for one; the caller says it in his own words."""


@dataclass(slots=True, eq=False)
class _Ticket:
    called: threading.Event = field(default_factory=threading.Event)
    is_sent_away: bool = False

    def send_away(self) -> None:
        self.is_sent_away = True
        self.called.set()


class Turns:
    """`count` turns, of which one line holds at most `share`; so many wait in one line, and in all of them."""

    def __init__(self, *, count: int, share: int, line_waiting_max: int, waiting_max: int) -> None:
        self._count = count
        self._share = share
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()
        self._lines: Lines[_Ticket] = Lines(line_max=line_waiting_max, all_max=waiting_max)

    @contextmanager
    def turn(self, line: str, *, seconds: float) -> Iterator[None]:
        """Wait for a turn, hold it for the block, and pass it on. Raises `NoTurnError`."""
        self._wait(line, seconds)
        try:
            yield
        finally:
            with self._lock:
                self._held -= Counter((line,))  # forgets who holds nothing
                self._call()

    def _wait(self, line: str, seconds: float) -> None:
        ticket = _Ticket()
        with self._lock:
            self._lines.join(line, ticket)
            self._call()
            sent_away = None if ticket.called.is_set() else self._lines.one_too_many(line)
            if sent_away is not None:
                sent_away.send_away()
        if not ticket.called.wait(seconds):
            with self._lock:
                if not ticket.called.is_set():  # the call may have come between the two
                    self._lines.leave(line, ticket)
                    ticket.send_away()
        if ticket.is_sent_away:
            raise NoTurnError

    def _call(self) -> None:
        """Give every free turn to whose it is."""
        while self._held.total() < self._count:
            waiting = [line for line in self._lines if self._held[line] < self._share]
            if not waiting:
                return
            line = min(waiting, key=self._held.__getitem__)  # the first of several
            self._held[line] += 1
            self._lines.call(line).called.set()
