"""The registry's monthly report: what it says that it did, to be held against what the log says.

Promises:
  * Written and read here; one spelling. A month is one of China's law time, its entries a range of the log.
  * Holds counts and no person.

Signed statement (``signed_statement``) of the kind `application/yinzheng-report+cbor`, published at `report/<YYYY-MM>`.
Payload, deterministic CBOR: 1 origin · 2 month `YYYY-MM` · 3 index of its first entry · 4 index behind its last one · 5
root of the log of that size · 6 {kind: count} · 7 {purpose of signing intents: count} · 8 {department: {1 licences
filed, 2 changes of state, 3 uses of seals, 4 official documents}} · 9 when it was made. What is zero is absent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Final

from verify import cbor
from verify.errors import MalformedError
from verify.licence import ISSUER_ZONE
from verify.signed_statement import STATEMENT_BYTES_MAX
from verify.tree import HASH_BYTES

REPORT_TYPE: Final = "application/yinzheng-report+cbor"
FOLDER: Final = "report/"
MONTH: Final = re.compile(r"2[0-9]{3}-(0[1-9]|1[0-2])")
_KEYS: Final = frozenset(range(1, 10))


class ReportError(MalformedError):
    """Not a monthly report."""

    code = "monthly_report.malformed"


class DepartmentCount(IntEnum):
    """What is counted for each department."""

    LICENCES = 1
    CHANGES = 2
    SEAL_USES = 3
    DOCUMENTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyReport:
    """One month of the log of this origin, as the registry counts it."""

    origin: str
    month: str
    first: int
    end: int
    root: bytes
    kinds: Mapping[int, int] = field(hash=False)
    purposes: Mapping[str, int] = field(hash=False)
    departments: Mapping[str, Mapping[int, int]] = field(hash=False)
    made_at: datetime

    def __post_init__(self) -> None:
        if not MONTH.fullmatch(self.month) or not 0 <= self.first <= self.end or len(self.root) != HASH_BYTES:
            raise ReportError("not a month, a range and a root")
        if sum(self.kinds.values()) != self.end - self.first:
            raise ReportError("the counts of the kinds are not those of the range")

    def encode(self) -> bytes:
        """Return the payload."""
        made_at = int(self.made_at.timestamp())
        counted = (_counted(self.kinds), _counted(self.purposes))
        departments = {code: _counted(each) for code, each in self.departments.items() if any(each.values())}
        values = (self.origin, self.month, self.first, self.end, self.root, *counted, departments, made_at)
        return cbor.encode(dict(enumerate(values, 1)))

    @classmethod
    def decode(cls, payload: bytes) -> "MonthlyReport":
        """Read a payload. Raises ``MalformedError``."""
        told = cbor.decode(payload, bytes_max=STATEMENT_BYTES_MAX)
        if not isinstance(told, dict) or told.keys() != _KEYS:
            raise ReportError("not the keys of a report")
        match [told[key] for key in sorted(told)]:
            case [
                str(origin), str(month), int(first), int(end), bytes(root), dict(kinds), dict(purposes),
                dict(departments), int(made),
            ] if _is_counted(kinds, int) and _is_counted(purposes, str) and type(first) is int:  # fmt: skip
                return cls(
                    origin=origin,
                    month=month,
                    first=first,
                    end=end,
                    root=root,
                    kinds=kinds,
                    purposes=purposes,
                    departments=_departments(departments),
                    made_at=datetime.fromtimestamp(min(max(made, 0), 253_402_300_799), UTC),
                )
            case _:
                raise ReportError("not the values of a report")


def month_of(moment: datetime) -> str:
    """Return the month of China's law time in which a moment lies."""
    return moment.astimezone(ISSUER_ZONE).strftime("%Y-%m")


def month_begins(month: str) -> datetime:
    """Return the moment at which a month begins. Raises ``ReportError``."""
    if not MONTH.fullmatch(month):
        raise ReportError("not a month")
    return datetime(int(month[:4]), int(month[5:]), 1, tzinfo=ISSUER_ZONE)


def next_month(month: str) -> str:
    """Return the month that follows."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + 1}-01" if number == 12 else f"{year}-{number + 1:02}"


def _counted(counts: Mapping[int, int] | Mapping[str, int]) -> dict[int | str, int]:
    return {key: count for key, count in counts.items() if count}


def _is_counted(counts: Mapping[object, object], key: type) -> bool:
    return all(type(each) is key and type(count) is int and count > 0 for each, count in counts.items())


def _departments(told: Mapping[object, object]) -> dict[str, dict[int, int]]:
    known = {int(each) for each in DepartmentCount}
    read: dict[str, dict[int, int]] = {}
    for code, counts in told.items():
        if not isinstance(code, str) or not isinstance(counts, dict) or not _is_counted(counts, int):
            raise ReportError("not the counts of a department")
        if not counts or not counts.keys() <= known:
            raise ReportError("a department counts nothing, or something unknown")
        read[code] = counts
    return read
