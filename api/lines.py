"""Who waits for something scarce, line by line: where one stands, whose round it is, who is one too many.

Promises:
  * Lines have their rounds: who is called sends his line to the end, however many wait in it.
  * A line holds so many, and all lines together so many. Who is one too many in his line has no place; a full room
    makes way for another line by sending away the last of the longest one.

What a place is, how one waits in it and when somebody is called is the business of those who let people wait
(`api/turns.py` threads, `api/file_turns.py` coroutines).
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Generic, TypeVar

Place = TypeVar("Place")


class Lines(Generic[Place]):
    """The lines of those who wait; for one thread at a time."""

    def __init__(self, *, line_max: int, all_max: int) -> None:
        self._line_max = line_max
        self._all_max = all_max
        # The line whose round it is stands first; one in which nobody waits is none.
        self._lines: OrderedDict[str, deque[Place]] = OrderedDict()

    def __iter__(self) -> Iterator[str]:
        """Go through the lines in the order of their rounds."""
        return iter(self._lines)

    def length(self, line: str) -> int:
        """Return how many wait in this line."""
        return len(self._lines.get(line, ()))

    def join(self, line: str, place: Place) -> None:
        """Stand at the end of this line."""
        self._lines.setdefault(line, deque()).append(place)

    def call(self, line: str) -> Place:
        """Return the first of this line, who waits no longer; the line's next round is the last one."""
        place = self._lines[line].popleft()
        self._lines.move_to_end(line)
        self._forget_empty(line)
        return place

    def one_too_many(self, line: str) -> Place | None:
        """Return who must go, and waits no longer, after somebody joined this line; None while there is room."""
        own = self.length(line)
        if own > self._line_max:
            return self._last_of(line)
        if sum(map(len, self._lines.values())) <= self._all_max:
            return None
        longest = max(self._lines, key=self.length)
        return self._last_of(longest if self.length(longest) > own else line)

    def leave(self, line: str, place: Place) -> None:
        """Wait no longer, if that is what this place does."""
        if place in self._lines.get(line, ()):
            self._lines[line].remove(place)
            self._forget_empty(line)

    def _last_of(self, line: str) -> Place:
        place = self._lines[line].pop()
        self._forget_empty(line)
        return place

    def _forget_empty(self, line: str) -> None:
        if not self._lines[line]:
            del self._lines[line]
