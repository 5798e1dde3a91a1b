"""Counts made while a checker goes through the log: per day and kind, per hour of the week, per department.

Promises: days, months and hours are those of China's law time; what is counted fits in some dozen megabytes, however
long and however hostile the log is, and can be kept and taken up again. What is beyond the limits is counted under one
name, and ``beyond`` says so.
"""

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from verify.log_audit.monthly import MonthlyReport
from verify.log_entry import EntryKind
from verify.usual_entry import EntryShape

DAY_SECONDS: Final = 86_400
ZONE_SECONDS: Final = 8 * 3600
# 1970-01-01 was a Thursday; the week begins on Monday.
_EPOCH_WEEKDAY: Final = 3
OTHERS: Final = "?"
# A code of a department has 18 characters.
_CODE_LENGTH_MAX: Final = 64
# What is beyond the limit of days is counted on none: no log has entries of 1970.
_NO_DAY: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is counted by itself; what a forger invents beyond is counted as one.

    ``purposes``: we have thirteen. ``days``: of kinds and purposes, some dozen each day, for decades. ``departments``:
    more than any province has. ``counts``: of months and departments, ten years of thousands of departments.
    """

    purposes: int = 256
    days: int = 200_000
    departments: int = 20_000
    counts: int = 300_000


class Tally:
    """What was counted so far."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.beyond: dict[str, int] = {}
        self.days: Counter[tuple[int, int, str]] = Counter()
        self.hours: Counter[int] = Counter()
        self.departments: Counter[tuple[str, str, int]] = Counter()
        self.months: dict[str, int] = {}
        self.seen: Counter[str] = Counter()
        self._codes: set[str] = set()
        self._purposes: set[str] = set()
        self._day = -1
        self._month = ""

    def entry(self, index: int, shape: EntryShape, time: int) -> None:
        """Count an entry; the first of a month is remembered by its index."""
        day = (time + ZONE_SECONDS) // DAY_SECONDS
        if day != self._day:
            self._turn(day)
            self.months.setdefault(self._month, index)
        if shape.kind is EntryKind.INTENT:
            self.hours[hour_of_week(time)] += 1
            purpose = shape.first if shape.first in self._purposes else self._purpose(shape.first)
        else:
            purpose = ""
        key = (day, int(shape.kind), purpose)
        if key not in self.days and len(self.days) >= self.limits.days:
            self.beyond["days"] = self.limits.days
            key = (_NO_DAY, int(shape.kind), purpose and OTHERS)
        self.days[key] += 1

    def department(self, time: int, code: str, what: int) -> None:
        """Count something of a department."""
        day = (time + ZONE_SECONDS) // DAY_SECONDS
        if day != self._day:
            self._turn(day)
        if code not in self._codes:
            if len(self._codes) >= self.limits.departments or len(code) > _CODE_LENGTH_MAX:
                self.beyond["departments"] = self.limits.departments
                code = OTHERS
            self._codes.add(code)
        key = (self._month, code, what)
        if key not in self.departments and len(self.departments) >= self.limits.counts:
            self.beyond["departments"] = self.limits.counts
            key = (OTHERS, OTHERS, what)
        self.departments[key] += 1

    def _purpose(self, purpose: str) -> str:
        if len(self._purposes) >= self.limits.purposes:
            self.beyond["purposes"] = self.limits.purposes
            return OTHERS
        self._purposes.add(purpose)
        return purpose

    def _turn(self, day: int) -> None:
        self._day, self._month = day, day_of(day).strftime("%Y-%m")

    def add(self, before: "Tally") -> None:
        """Take in what was counted of the entries before."""
        self.days.update(before.days)
        self.hours.update(before.hours)
        self.departments.update(before.departments)
        self.seen.update(before.seen)
        self.months |= before.months
        self.beyond |= before.beyond

    def forget(self, months: Container[str]) -> None:
        """Forget what was counted of these months, but how many rows had a leaf."""
        for key in [each for each in self.days if day_of(each[0]).strftime("%Y-%m") in months]:
            del self.days[key]
        for which in [each for each in self.departments if each[0] in months]:
            del self.departments[which]
        self.months = {month: index for month, index in self.months.items() if month not in months}

    def of_month(self, month: str) -> tuple[dict[int, int], dict[str, int], dict[str, dict[int, int]]]:
        """Return the counts of a month by kind, by purpose of intents, and by department."""
        kinds: Counter[int] = Counter()
        purposes: Counter[str] = Counter()
        for (day, kind, purpose), count in self.days.items():
            if day_of(day).strftime("%Y-%m") == month:
                kinds[kind] += count
                if kind == EntryKind.INTENT:
                    purposes[purpose] += count
        departments: dict[str, dict[int, int]] = {}
        for (of, code, what), count in self.departments.items():
            if of == month:
                departments.setdefault(code, {})[what] = count
        return dict(kinds), dict(purposes), departments

    def by_day(self) -> Iterator[tuple[date, int]]:
        """Yield each day that has entries, with their number, in order."""
        days: Counter[int] = Counter()
        for (day, _kind, _purpose), count in self.days.items():
            days[day] += count
        for day in sorted(days.keys() - {_NO_DAY}):
            yield day_of(day), days[day]

    def totals(self) -> dict[int, int]:
        """Return how many entries of each kind there are."""
        kinds: Counter[int] = Counter()
        for (_day, kind, _purpose), count in self.days.items():
            kinds[kind] += count
        return dict(sorted(kinds.items()))

    def state(self) -> dict[str, object]:
        """Return all of it for JSON."""
        return {
            "days": [[*key, count] for key, count in self.days.items()],
            "hours": [[key, count] for key, count in self.hours.items()],
            "departments": [[*key, count] for key, count in self.departments.items()],
            "months": self.months,
            "seen": dict(self.seen),
            "beyond": dict(self.beyond),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, object], limits: Limits | None = None) -> "Tally":
        """Read what ``state`` gave."""
        made = cls(limits)
        days, hours, departments = (state[each] for each in ("days", "hours", "departments"))
        months, seen, beyond = state["months"], state["seen"], state["beyond"]
        if not (isinstance(days, list) and isinstance(hours, list) and isinstance(departments, list)):
            raise TypeError("not a tally")
        made.days.update({(day, kind, purpose): count for day, kind, purpose, count in days})
        made.hours.update(dict(hours))
        made.departments.update({(month, code, what): count for month, code, what, count in departments})
        made.months |= months if isinstance(months, dict) else {}
        made.seen.update(seen if isinstance(seen, dict) else {})
        made.beyond.update(beyond if isinstance(beyond, dict) else {})
        made._purposes = {purpose for _, kind, purpose in made.days if kind == EntryKind.INTENT}
        made._codes = {code for _, code, _ in made.departments}
        return made


def hour_of_week(time: int) -> int:
    """Return the hour of the week, 0 being Monday from midnight to one."""
    hours = (time + ZONE_SECONDS) // 3600
    return (hours + 24 * _EPOCH_WEEKDAY) % 168


def day_of(number: int) -> date:
    """Return the day of a number of days since 1970."""
    return date(1970, 1, 1) + timedelta(days=number)


def differences(report: MonthlyReport, tally: Tally, *, with_departments: bool) -> Iterator[tuple[str, int, int]]:
    """Yield what a report says otherwise than the log, with the log's number first; departments need the records."""
    kinds, purposes, departments = tally.of_month(report.month)
    for kind in sorted({*kinds, *report.kinds}):
        yield from _unequal(f"kind {kind}", kinds.get(kind, 0), report.kinds.get(kind, 0))
    for purpose in sorted({*purposes, *report.purposes}):
        yield from _unequal(purpose, purposes.get(purpose, 0), report.purposes.get(purpose, 0))
    if not with_departments:
        return
    for code in sorted({*departments, *report.departments}):
        ours, theirs = departments.get(code, {}), report.departments.get(code, {})
        for what in sorted({*ours, *theirs}):
            yield from _unequal(f"{code} {what}", ours.get(what, 0), theirs.get(what, 0))


def _unequal(what: str, ours: int, theirs: int) -> Iterator[tuple[str, int, int]]:
    if ours != theirs:
        yield what, ours, theirs
