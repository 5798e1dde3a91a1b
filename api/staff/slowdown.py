"""Slow down who guesses, by address and by account, and lock nobody out.

Promises:
  * A browser in which the person signed in before has a count of its own: a stranger who guesses at an account does not
    keep its owner waiting.
  * From other browsers an account answers at once a few times, then one try in some seconds; who would have to wait too
    long is told when to come back. A right answer is taken at whatever try.
  * Memory is bounded; what is forgotten first is what was quiet longest.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from api.errors import TooManyRequestsError

# Nobody waits longer for a page.
WAIT_SECONDS_MAX: Final = 9.0
LINES_MAX: Final = 65_536


@dataclass(slots=True, eq=False, kw_only=True)
class Slowdown:
    """A line for each account and browser: some tries at once, then one in so many seconds."""

    tries_at_once: int
    seconds_a_try: float
    monotonic: Callable[[], float] = time.monotonic
    _spent: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def begin(self, line: str) -> float:
        """Take a try and return after how many seconds it may be looked at. Raises `TooManyRequestsError`."""
        now = self.monotonic()
        with self._lock:
            spent = self._now(line, now) + 1.0
            wait = max(spent - self.tries_at_once, 0.0) * self.seconds_a_try
            if wait > WAIT_SECONDS_MAX:
                raise TooManyRequestsError(params={"seconds": str(int(wait - WAIT_SECONDS_MAX) + 1)})
            self._keep(line, spent, now)
        return wait

    def was_right(self, line: str) -> None:
        """Forget the tries of a line that ended well."""
        with self._lock:
            self._spent.pop(line, None)

    def _now(self, line: str, now: float) -> float:
        spent, since = self._spent.get(line, (0.0, now))
        return max(spent - (now - since) / self.seconds_a_try, 0.0)

    def _keep(self, line: str, spent: float, now: float) -> None:
        self._spent[line] = (spent, now)
        self._spent.move_to_end(line)
        if len(self._spent) > LINES_MAX:
            self._spent.popitem(last=False)


def for_passwords() -> Slowdown:
    """Slips of the finger, also of somebody with several passwords; then 28,800 tries a day at most."""
    return Slowdown(tries_at_once=8, seconds_a_try=3.0)


def for_codes() -> Slowdown:
    """Six digits, of which three are right at a time: who has the password already gets one in 230 within a day."""
    return Slowdown(tries_at_once=5, seconds_a_try=60.0)
