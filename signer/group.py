"""Callers who want the same done at the same time: one of them does it for all who wait.

Promises:
  * Who comes when nobody works leads at once. While he works the next batch collects, so batches grow with the load.
  * Nobody who comes later is served before one who waits: a bare lock would let whoever runs take it again and again,
    and others wait for seconds.
  * A leader does one batch, with himself in it, and hands on to the first who waits. For coroutines, which must not
    hold up their loop, a thread of the group leads.
  * Who is interrupted while he waits leaves the queue, and hands on what was handed to him.
  * All coroutines of a loop that one batch served are woken at once: to wake a thread for each of them costs as much as
    what they wait for.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
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
    """One caller's place in the queue; what is wanted, and what came of it, belongs to who derives from it.

    A thread waits for `called`, a coroutine for `future`.
    """

    called: threading.Lock = field(default_factory=_held, init=False, repr=False)
    leads: bool = field(default=False, init=False)
    future: asyncio.Future[None] | None = field(default=None, init=False, repr=False)


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
        self._leader: ThreadPoolExecutor | None = None

    def join(self, ticket: Wanted) -> None:
        """Wait until the work was done for this ticket, by whomever."""
        self._queue(ticket)
        try:
            if not ticket.leads:
                ticket.called.acquire()
            if ticket.leads:
                self._gather()
                self._work(self._take)
        finally:
            self._leave(ticket)

    async def joined(self, ticket: Wanted) -> None:
        """Do as `join` does for a coroutine; its loop goes on meanwhile."""
        ticket.future = asyncio.get_running_loop().create_future()
        self._queue(ticket)
        if ticket.leads:
            self._let_lead()
        try:
            await ticket.future
        except asyncio.CancelledError:  # a thread leads, so there is nothing to hand on
            with self._lock, contextlib.suppress(ValueError):
                self.waiting.remove(ticket)
            raise

    def _queue(self, ticket: Wanted) -> None:
        with self._lock:
            self.waiting.append(ticket)
            ticket.leads = not self._is_led
            self._is_led = True
            if len(self.waiting) == self._wanted:
                self._wanted = 0
                self._is_enough.release()

    def _let_lead(self) -> None:
        """Let a thread lead for coroutines. There is one leader at a time, so one thread is enough."""
        if self._leader is None:
            self._leader = ThreadPoolExecutor(1, thread_name_prefix="leader")
        self._leader.submit(self._lead_on)

    def _lead_on(self) -> None:
        """Lead as long as the first who waits is a coroutine."""
        is_first_ours = True
        while is_first_ours:
            self._gather()
            self._work(self._take)
            following = self._hand_on()
            is_first_ours = following is not None and following.future is not None

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
        """Leave the queue, and hand on what a leader leaves."""
        with self._lock:
            if ticket in self.waiting:
                self.waiting.remove(ticket)
        if ticket.leads:
            following = self._hand_on()
            if following is not None and following.future is not None:
                self._let_lead()

    def _hand_on(self) -> Wanted | None:
        """Call the next one, whom this returns, and then all who have been served; a leader need not be called."""
        with self._lock:
            served, self._taken = self._taken, []
            self._served, self._wanted = len(served), 0
            following = self.waiting[0] if self.waiting else None
            self._is_led = following is not None
            if following is not None:
                following.leads = True
        threads = [each for each in served if each.future is None and not each.leads]
        if following is not None and following.future is None:
            threads.insert(0, following)
        for each in threads:
            each.called.release()
        _wake(each.future for each in served if each.future is not None)
        return following


def _wake(futures: Iterable[asyncio.Future[None]]) -> None:
    """Wake the coroutines of each loop at once; those of a loop that was closed meanwhile wait no more."""
    loops: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for each in futures:
        loops.setdefault(each.get_loop(), []).append(each)
    for loop, waiting in loops.items():
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_served, waiting)


def _served(futures: Iterable[asyncio.Future[None]]) -> None:
    for each in futures:
        if not each.done():
            each.set_result(None)
