"""What was made of a large thing that never changes, kept by which thing it is and not by what it says.

A border has a thousand points; to hash it takes a fifth of the time of writing a whole page.
"""

from typing import Final, Generic, TypeVar

_Thing = TypeVar("_Thing")
_Made = TypeVar("_Made")

# One for each template of an office, in each version that is still printed.
_KEPT_MAX: Final = 64


class Kept(Generic[_Thing, _Made]):
    """Keeps what was made of a thing under some numbers; all of it is dropped when there is too much."""

    def __init__(self) -> None:
        # The thing itself is held too, so that its identity belongs to nothing else meanwhile.
        self._made: dict[tuple[int, tuple[float, ...]], tuple[_Thing, _Made]] = {}

    def find(self, thing: _Thing, *numbers: float) -> _Made | None:
        """Return what was made of this very thing under these numbers."""
        found = self._made.get((id(thing), numbers))
        return None if found is None else found[1]

    def keep(self, thing: _Thing, made: _Made, *numbers: float) -> _Made:
        """Keep what was made, and return it."""
        if len(self._made) >= _KEPT_MAX:
            self._made.clear()
        self._made[id(thing), numbers] = (thing, made)
        return made
