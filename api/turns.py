"""Turns at something scarce, fair by line: who stands behind one address gets his share and no more.

Promises:
  * One line holds at most its share of the turns, so that a single line never keeps all others waiting.
  * A free turn goes to the line that holds the fewest; among those, each in its round, however many wait in one line.
  * As many may wait as have room; who is one too many is told at once, and a full room makes way for another line by
    sending away the last of the longest line.
"""

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class NoTurnError(Exception):
    """No turn came in time, or there was no room to wait for one; the caller says it in his own words."""


@dataclass(slots=True, eq=False)
class _Ticket:
    line: str
    called: threading.Event = field(default_factory=threading.Event)
    is_sent_away: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Turns:
    """`count` turns, of which one line holds at most `share`; so many wait in one line, and in all of them."""

    count: int
    share: int
    line_waiting_max: int
    waiting_max: int
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _held: Counter[str] = field(default_factory=Counter, init=False, repr=False)
    # The line whose round it is stands first; who was called goes to the end.
    _lines: OrderedDict[str, deque[_Ticket]] = field(default_factory=OrderedDict, init=False, repr=False)

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
        ticket = _Ticket(line)
        with self._lock:
            self._lines.setdefault(line, deque()).append(ticket)
            self._call()
            if not ticket.called.is_set():
                self._make_room(ticket)
        if not ticket.called.wait(seconds):
            with self._lock:
                if not ticket.called.is_set():  # the call may have come between the two
                    self._send_away(ticket)
        if ticket.is_sent_away:
            raise NoTurnError

    def _call(self) -> None:
        """Give every free turn to whose it is."""
        while self._held.total() < self.count:
            waiting = [line for line in self._lines if self._held[line] < self.share]
            if not waiting:
                return
            line = min(waiting, key=self._held.__getitem__)  # the first of several
            ticket = self._lines[line].popleft()
            self._lines.move_to_end(line)
            self._forget_empty(line)
            self._held[line] += 1
            ticket.called.set()

    def _make_room(self, ticket: _Ticket) -> None:
        own = self._lines[ticket.line]
        if len(own) > self.line_waiting_max:
            self._send_away(ticket)
        elif sum(map(len, self._lines.values())) > self.waiting_max:
            longest = max(self._lines.values(), key=len)
            self._send_away(longest[-1] if len(longest) > len(own) else ticket)

    def _send_away(self, ticket: _Ticket) -> None:
        self._lines[ticket.line].remove(ticket)
        self._forget_empty(ticket.line)
        ticket.is_sent_away = True
        ticket.called.set()

    def _forget_empty(self, line: str) -> None:
        if not self._lines[line]:
            del self._lines[line]
