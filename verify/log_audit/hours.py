"""Office hours, and the sample that an auditor draws.

Promises: the sample follows from seed, root and indexes alone: whoever has the same three draws the same entries, with
``sha256sum`` and paper if need be.
"""

import heapq
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Final

from verify.errors import MalformedError
from verify.log_audit.tallies import DAY_SECONDS, ZONE_SECONDS

SAMPLE_MAX: Final = 10_000
_HOURS: Final = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")


class OfficeHoursError(MalformedError):
    """Not hours of the form 08:30-18:00."""

    code = "office_hours.malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeHours:
    """When an office works: from minute to minute of the day, Monday to Friday without holidays, and further days.

    ``work`` are Saturdays and Sundays on which China works to make up for a holiday.
    """

    opens: int = 8 * 60
    closes: int = 18 * 60
    holidays: frozenset[date] = frozenset()
    work: frozenset[date] = frozenset()
    _days: dict[int, bool] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, text: str, holidays: Iterable[date] = (), work: Iterable[date] = ()) -> "OfficeHours":
        """Read ``08:30-18:00``. Raises ``OfficeHoursError``."""
        match = _HOURS.fullmatch(text)
        if match is None:
            raise OfficeHoursError("not hours of the form 08:30-18:00")
        opens, closes = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
        if not opens < closes <= 24 * 60:
            raise OfficeHoursError("hours end after they begin, on the same day")
        return cls(opens=opens, closes=closes, holidays=frozenset(holidays), work=frozenset(work))

    def covers(self, time: int) -> bool:
        """Say whether the office works at this moment (unix time)."""
        local = time + ZONE_SECONDS
        day = local // DAY_SECONDS
        works = self._days.get(day)
        if works is None:
            when = date.fromordinal(date(1970, 1, 1).toordinal() + day)
            works = (when.weekday() < 5 and when not in self.holidays) or when in self.work
            self._days[day] = works
        return works and self.opens * 60 <= local % DAY_SECONDS < self.closes * 60


class Sample:
    """So many entries: those with the smallest SHA-256 of seed, root (hex) and index, parted by line feeds."""

    def __init__(self, seed: str, root: bytes, size: int) -> None:
        self.seed = seed
        self._lead = f"{seed}\n{root.hex()}\n".encode()
        self._size = min(size, SAMPLE_MAX)
        self._heap: list[tuple[int, int]] = []

    def offer(self, index: int) -> None:
        """Let an entry take part in the draw."""
        if not self._size:
            return
        drawn = -int.from_bytes(sha256(b"%b%d" % (self._lead, index)).digest())
        if len(self._heap) < self._size:
            heapq.heappush(self._heap, (drawn, index))
        elif drawn > self._heap[0][0]:
            heapq.heapreplace(self._heap, (drawn, index))

    def drawn(self) -> tuple[int, ...]:
        """Return the indexes that were drawn, in order."""
        return tuple(sorted(index for _, index in self._heap))

    def restore(self, indexes: Iterable[int]) -> None:
        """Take up a draw that was kept."""
        for index in indexes:
            self.offer(index)
