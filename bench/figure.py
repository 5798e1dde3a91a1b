"""One figure of `make bench`: a name, a value against a goal, and the rival it was measured against."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

LIMIT: Final = "the limit of the issue"
"""The rival of a figure that has none."""

_GROWTH_ROUNDS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A measured value with its goal; ``at_least`` says on which side of the goal it must lie."""

    name: str
    value: float
    unit: str
    goal: float
    rival: str
    own: str
    at_least: bool = True

    @property
    def is_reached(self) -> bool:
        """Say whether the goal is reached."""
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def line(self) -> str:
        """Return the printed line: NAME VALUE UNIT goal GOAL ok|short, then both sides of the ratio."""
        sign = ">=" if self.at_least else "<="
        verdict = "ok" if self.is_reached else "short"
        return f"{self.name} {self.value:.2f} {self.unit} goal {sign}{self.goal:g} {verdict} | ours: {self.own} | rival: {self.rival}"


def seconds_each(act: Callable[[], object], *, count: int, rounds: int = 3) -> float:
    """Return the best round's seconds per call (the best, for the machine is shared)."""
    best = float("inf")
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(count):
            act()
        best = min(best, (time.perf_counter() - begin) / count)
    return best


def alternating(
    ours: Callable[[], object], rival: Callable[[], object], *, count: int, rounds: int = 5
) -> tuple[float, float]:
    """Return the median seconds per call of both sides, measured in turn so that a busy moment hits both."""
    first, second = [], []
    for _ in range(rounds):
        first.append(seconds_each(ours, count=count, rounds=1))
        second.append(seconds_each(rival, count=count, rounds=1))
    return statistics.median(first), statistics.median(second)


def alternating_best(
    ours: Callable[[], object], rival: Callable[[], object], *, count: int, rounds: int
) -> tuple[float, float]:
    """Return the best seconds per call of both sides over many short rounds in turn.

    For what takes microseconds: there a neighbour on the machine slows down Python, which needs much of the processor's
    caches, more than it slows down the arithmetic of a signature, and the best round of each side has no neighbour.
    """
    first = second = float("inf")
    for _ in range(rounds):
        first = min(first, seconds_each(ours, count=count, rounds=1))
        second = min(second, seconds_each(rival, count=count, rounds=1))
    return first, second


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """What is done `count` times in something large and in something small; each returns the seconds that it took."""

    name: str
    large: Callable[[], float]
    small: Callable[[], float]
    count: int


def growth_figures(grown: Sequence[Grown], large: str, small: str) -> Iterator[Figure]:
    """Yield the rate in the large over that in the small, median of five rounds in turn; the sizes are told in words."""
    for each in grown:
        each.large(), each.small()  # warm
        times = [(each.large(), each.small()) for _ in range(_GROWTH_ROUNDS)]
        slow, quick = (statistics.median(side) for side in zip(*times, strict=True))
        yield Figure(
            name=each.name,
            value=quick / slow,
            unit="of the rate",
            goal=0.8,
            own=f"{large}: {each.count / slow:,.0f}/s",
            rival=f"{small}: {each.count / quick:,.0f}/s",
        )
