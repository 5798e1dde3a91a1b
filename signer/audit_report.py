"""What an audit found: counts, and a list of discrepancies.

Promises: a discrepancy has a stable code and names index or id, never a person; the list is capped, its count is not.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

# Who has more than these has one great trouble, not a thousand small ones.
DISCREPANCIES_MAX: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One thing that does not agree; the texts for the codes live in `api`."""

    code: str
    params: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """The log's head as recomputed, what was counted, and what does not agree."""

    origin: str
    size: int
    root: bytes
    last_entry_at: datetime | None
    counts: Mapping[str, int]
    discrepancies: tuple[Discrepancy, ...]
    discrepancy_count: int

    @property
    def is_clean(self) -> bool:
        """Say whether everything agrees."""
        return self.discrepancy_count == 0


class Findings:
    """Collects counts and discrepancies while an audit runs."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.discrepancies: list[Discrepancy] = []
        self.discrepancy_count = 0

    def count(self, what: str, by: int = 1) -> None:
        """Count something that was seen."""
        self.counts[what] += by

    def demand(self, agrees: bool, code: str, **params: object) -> None:  # noqa: FBT001 - a statement and its name
        """Note a discrepancy unless the statement holds."""
        if not agrees:
            self.discrepancy_count += 1
            if len(self.discrepancies) < DISCREPANCIES_MAX:
                texts = {name: str(value) for name, value in params.items()}
                self.discrepancies.append(Discrepancy(code=code, params=texts))
