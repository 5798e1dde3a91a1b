"""Remember what a pure function said of some bytes that come back, as those of a seal on all documents of an office.

Promises:
  * What is found was made from exactly the key that is asked for: keys are compared whole, never by a digest or a name.
  * What comes once is not kept (a licence's own page or data), only that it came; from the second time on it is.
  * The weight of all that is kept has a limit; who sends much makes others' things be made anew, and nothing else.
"""

from collections.abc import Hashable
from threading import Lock
from typing import Final, Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Made = TypeVar("_Made")

# Some hundred documents' worth of what came once; each takes a number.
_SEEN_MAX: Final = 8192
# One thing may not drive out all others.
_SHARE: Final = 4


class Remembered(Generic[_Key, _Made]):
    """Things by what they were made from, at most so many bytes together; all are dropped when there are more."""

    def __init__(self, *, bytes_max: int) -> None:
        self._bytes_max: Final = bytes_max
        self._made: dict[_Key, _Made] = {}
        self._weight = 0
        self._seen: set[int] = set()
        self._lock: Final = Lock()

    def find(self, key: _Key) -> _Made | None:
        """Return what was made from this key, if it is kept."""
        return self._made.get(key)

    def offer(self, key: _Key, made: _Made, *, weight: int) -> _Made:
        """Return what was made, and keep it if the key came before; `weight` is what both take, in bytes."""
        mark = hash(key)
        with self._lock:
            if mark not in self._seen:
                if len(self._seen) >= _SEEN_MAX:
                    self._seen.clear()
                self._seen.add(mark)
            elif key not in self._made and weight <= self._bytes_max // _SHARE:
                if self._weight + weight > self._bytes_max:
                    self._made.clear()
                    self._weight = 0
                self._made[key] = made
                self._weight += weight
        return made
