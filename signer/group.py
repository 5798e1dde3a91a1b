"""Callers who want the same done at the same time: one of them does it for all who wait.

Promises:
  * Who comes when nobody works leads at once. While he works the next batch collects, so batches grow with the load.
  * Nobody who comes later is served before one who waits: a bare lock would let whoever runs take it again and again,
    and others wait for seconds.
  * A leader does one batch, with himself in it, and hands on to the first who waits.
  * Who is interrupted while he waits leaves the queue, and hands on what was handed to him.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

# Those who were just served come back within this time, if they do. It is a fraction of what a disk takes to write,
# and nobody waits for it who is alone.
GATHER_SECONDS: Final = 0.001


def _held() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True, eq=False)
class Ticket:
    """One caller's place in the queue; what is wanted, and what came of it, belongs to who derives from it."""

    called: threading.Lock = field(default_factory=_held, init=False, repr=False)
    leads: bool = field(default=False, init=False)


Wanted = TypeVar("Wanted", bound=Ticket)
Take = Callable[[], list[Wanted]]
"""Take all who wait now; called as late as the work allows, for until then more of them come."""


class Group(Generic[Wanted]):
    """A queue whose first in line does `work` for all. Work answers whatever it takes, and never raises."""

    def __init__(self, work: Callable[[Take[Wanted]], None]) -> None:
        self.waiting: list[Wanted] = []
        self._work = work
        self._lock = threading.Lock()
        self._is_led = False
        self._served = 0
        self._taken: list[Wanted] = []
        self._wanted = 0
        self._is_enough = _held()

    def join(self, ticket: Wanted) -> None:
        """Wait until the work was done for this ticket, by whomever."""
        with self._lock:
            self.waiting.append(ticket)
            ticket.leads = not self._is_led
            self._is_led = True
            if len(self.waiting) == self._wanted:
                self._wanted = 0
                self._is_enough.release()
        try:
            if not ticket.leads:
                ticket.called.acquire()
            if ticket.leads:
                self._gather()
                self._work(self._take)
        finally:
            self._leave(ticket)

    def _gather(self) -> None:
        """Give those who were served last the time to come back: they share one write of the disk then."""
        with self._lock:
            self._wanted = self._served if self._served > len(self.waiting) else 0
            is_short = self._wanted > 0
        if is_short and not self._is_enough.acquire(timeout=GATHER_SECONDS):
            with self._lock:
                self._wanted = 0
                self._is_enough.acquire(blocking=False)

    def _take(self) -> list[Wanted]:
        with self._lock:
            taken, self.waiting = self.waiting, []
            self._taken += taken
        return taken

    def _leave(self, ticket: Wanted) -> None:
        """Hand on what a leader leaves: first to the next one, then to whoever has been served."""
        with self._lock:
            if ticket in self.waiting:
                self.waiting.remove(ticket)
            if not ticket.leads:
                return
            served, self._taken = self._taken, []
            self._served, self._wanted = len(served), 0
            if self.waiting:
                self.waiting[0].leads = True
                served.append(self.waiting[0])
            else:
                self._is_led = False
        for each in served:
            if each is not ticket:
                each.called.release()
