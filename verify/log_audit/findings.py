"""What the auditor's checker found: failed, could not be checked, or to be looked at.

Promises:
  * A finding names its place (file, index) and what was expected there, in ``params``; never a person.
  * Counts are whole, also where the list of single findings was cut: whoever has a thousand has one great trouble. The
    first one of each code is never cut off: no thousand small ones hide a fork.
  * Values come from whom the audit is about: each is one short line that writes nothing over another one on a screen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

FINDINGS_MAX: Final = 1000
LISTED_MAX: Final = 1000
# Names of files and hashes are shorter; records may hold a text of megabytes.
TEXT_LENGTH_MAX: Final = 500


class Weight(StrEnum):
    """How heavy a finding is; what is only to be looked at stands in the lists."""

    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFinding:
    """One thing that does not hold, or that could not be checked."""

    code: str
    weight: Weight = Weight.FAILED
    params: Mapping[str, str] = field(default_factory=dict, hash=False)


class Findings:
    """Collects findings and lists while the checker runs."""

    def __init__(self) -> None:
        self.found: list[LogFinding] = []
        self.counts: dict[str, int] = {each.value: 0 for each in Weight}
        self.lists: dict[str, list[dict[str, str]]] = {}
        self.list_counts: dict[str, int] = {}
        self._codes: set[str] = set()
        self._before: tuple[int, dict[str, int]] = (0, dict(self.counts))

    def fail(self, code: str, **params: object) -> None:
        """Note something that does not hold."""
        self._note(code, Weight.FAILED, params)

    def unknown(self, code: str, **params: object) -> None:
        """Note something that could not be checked."""
        self._note(code, Weight.UNKNOWN, params)

    def _note(self, code: str, weight: Weight, params: Mapping[str, object]) -> None:
        self.counts[weight.value] += 1
        if len(self.found) < FINDINGS_MAX or code not in self._codes:
            self._codes.add(code)
            texts = {name: _text(value) for name, value in params.items()}
            self.found.append(LogFinding(code=code, weight=weight, params=texts))

    def list(self, name: str, **params: object) -> None:
        """Put something on a list of what a person should look at."""
        self.list_counts[name] = self.list_counts.get(name, 0) + 1
        rows = self.lists.setdefault(name, [])
        if len(rows) < LISTED_MAX:
            rows.append({key: _text(value) for key, value in params.items()})

    @property
    def is_clean(self) -> bool:
        """Say whether everything holds and nothing was left open."""
        return not any(self.counts.values())

    def begin(self) -> None:
        """Keep from here on: what was found before is found anew by each run."""
        self._before = (len(self.found), dict(self.counts))

    def state(self) -> dict[str, object]:
        """Return for JSON what was found since ``begin``."""
        first, counts = self._before
        found = [[each.code, each.weight.value, dict(each.params)] for each in self.found[first:]]
        since = {weight: count - counts[weight] for weight, count in self.counts.items()}
        return {"found": found, "counts": since, "lists": self.lists, "list_counts": self.list_counts}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what ``state`` gave, behind what was found so far."""
        self.found += [
            LogFinding(code=code, weight=Weight(weight), params=params) for code, weight, params in state["found"]
        ]
        self._codes = {each.code for each in self.found}
        self.counts = {weight: count + state["counts"][weight] for weight, count in self.counts.items()}
        self.lists = dict(state["lists"])
        self.list_counts = dict(state["list_counts"])


def printable(text: str) -> str:
    """Return a text without what moves a cursor, turns the direction of writing or is half of a character."""
    return (
        text if text.isprintable() else "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)
    )


def _text(value: object) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    return printable(text if len(text) <= TEXT_LENGTH_MAX else f"{text[:TEXT_LENGTH_MAX]}…")
