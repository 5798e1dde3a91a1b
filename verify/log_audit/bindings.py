"""Whether each licence has an application, an attempt and a data set of its own: what an insider would borrow.

Promises:
  * Of one application, and of one data set, one code is signed; of one licence one body of each form, and all its
    leaves name the same. An official document is sealed once.
  * A table of four bytes for each of them, 64 MB at most: what it takes for a repetition is looked up in the records
    once more before anybody is accused, and a table that is full is said to be so.
  * An honest office's code and bodies stand near each other in the log; what stands far apart is looked up as well.

An attempt that comes back long after the first one is seen by its application and its data set, or not at all: that it
bears the same name in two lines proves nothing.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from verify.key_purpose import KeyPurpose
from verify.log_audit.findings import Findings
from verify.log_audit.records import RecordsError, Row, Rows

# Licences whose bodies are still waited for: minutes of the largest office.
NEAR_MAX: Final = 8192
# Sixteen million marks of four bytes: as many as ten million entries can have, and some millions more.
_TABLE_BITS_MAX: Final = 24
_TABLE_BITS_MIN: Final = 10
_TABLE_FULL: Final = 0.8
# Whoever repeats more has one great trouble, and it is said that not all of them were looked up.
ASKED_MAX: Final = 1000
_LEAVES_MAX: Final = 16
_HASH: Final = (1 << 64) - 1
_CODE: Final = KeyPurpose.CODE.value
_APPLICATION, _DATA_SET, _ATTEMPT, _DOCUMENT = "application", "data_set", "attempt", "document"


class _Facts(NamedTuple):
    """What every leaf of one licence must name alike."""

    attempt: str
    application: str
    data_set: str
    issuer: str
    type: str


@dataclass(slots=True)
class _Near:
    """A licence whose code was signed a short while ago; ``untold`` says that a body was passed over unread."""

    index: int
    facts: _Facts
    purposes: tuple[str, ...] = ()
    untold: bool = False


class _Marks:
    """A set that may take a new value for an old one, once in thousands of millions, and never an old one for new."""

    def __init__(self, values_max: int) -> None:
        bits = min(max((2 * values_max).bit_length(), _TABLE_BITS_MIN), _TABLE_BITS_MAX)
        self._slots = memoryview(bytearray(4 << bits)).cast("I")  # pages that nothing is put in take no memory
        self._mask = (1 << bits) - 1
        self._room = int(_TABLE_FULL * (1 << bits))

    @property
    def is_full(self) -> bool:
        """Say whether values are let go."""
        return not self._room

    def add(self, value: str) -> bool:
        """Put a value in; False when it seems to be there."""
        hashed = hash(value) & _HASH
        place, mark, slots, mask = hashed & self._mask, hashed >> 32 | 1, self._slots, self._mask
        while there := slots[place]:
            if there == mark:
                return False
            place = place + 1 & mask
        if self._room:
            slots[place] = mark
            self._room -= 1
        return True


class Bindings:
    """Takes in the row of each filed leaf, in the log's order; ``lines`` is how many lines the records have."""

    def __init__(self, findings: Findings, lines: int) -> None:
        self._findings = findings
        self._marks = _Marks(lines)
        self._near: OrderedDict[str, _Near] = OrderedDict()  # a dict finds its first one ever more slowly
        self._asked: dict[tuple[str, str], int] = {}
        self._is_cut = False

    def licence(self, index: int, purpose: str, row: Row) -> None:
        """Take in a leaf of a licence."""
        facts = _facts(row)
        near = self._near.get(facts.attempt)
        if purpose == _CODE:
            if near is not None:
                self._twice(index, _ATTEMPT, near.index)
            self._code(index, facts)
        elif near is None or near.untold:
            self._ask(_ATTEMPT, facts.attempt, index)
        elif purpose in near.purposes:
            self._twice(index, purpose, near.index)
        else:
            near.purposes += (purpose,)
            self._compare(index, facts, near.index, near.facts)

    def official(self, index: int, row: Row) -> None:
        """Take in the leaf of an official document."""
        attempt = str(row.get("attempt"))
        if not self._marks.add(f"{_DOCUMENT} {attempt}"):
            self._ask(_DOCUMENT, attempt, index)

    def earlier(self, row: Row) -> None:
        """Take in a row that was compared with its leaf before: its purpose is not known here."""
        if row.get("state") != "filed":
            return
        if isinstance(row.get("official"), dict):
            self._marks.add(f"{_DOCUMENT} {row.get('attempt')}")
        elif isinstance(row.get("licence"), dict):
            facts = _facts(row)
            near = self._near.get(facts.attempt)
            if near is not None:
                near.untold = True
            else:
                leaf = row.get("leaf")
                self._take(leaf if isinstance(leaf, int) else -1, facts)

    def begin(self, rows: Rows, again: Callable[[], Rows | None] | None) -> None:
        """See rows that are passed over, also those that lie behind where an interrupted audit goes on."""
        rows.passed_over = self.earlier
        before = again() if again is not None and rows.consumed else None
        if before is None:
            return
        with suppress(RecordsError):  # the walk comes to where they cannot be read
            for _leaf, row in before.each():
                self.earlier(row)
                if before.consumed >= rows.consumed:
                    return

    def confirm(self, again: Callable[[], Rows | None] | None, purpose_of: Callable[[int], str]) -> None:
        """Look up in the records what seemed to be repeated, or stood far from its code. Raises ``RecordsError``."""
        if self._marks.is_full or self._is_cut:
            self._findings.unknown("checker.too_many", what=_APPLICATION, expected=len(self._asked))
        rows = again() if again is not None and self._asked else None
        if rows is None:
            for (what, _value), index in self._asked.items():
                self._findings.unknown("checker.licence_unbound", index=index, what=what)
            return
        found: dict[tuple[str, str], list[tuple[int, _Facts]]] = {}
        for leaf, row in rows.each():
            for key in _keys(row):
                if key in self._asked and len(found.setdefault(key, [])) < _LEAVES_MAX:
                    found[key].append((leaf, _facts(row)))
        for (what, _value), leaves in found.items():
            self._judge(what, [(leaf, purpose_of(leaf), facts) for leaf, facts in leaves])

    def state(self) -> list[list[object]]:
        """Return what must be looked up, for JSON; all else is made anew from the records."""
        return [[*key, index] for key, index in self._asked.items()]

    def restore(self, state: object) -> None:
        """Take up what ``state`` gave."""
        asked = state if isinstance(state, list) else ()
        self._asked |= {(str(what), str(value)): int(index) for what, value, index in asked}

    def _code(self, index: int, facts: _Facts) -> None:
        is_new = self._marks.add(facts.application), self._marks.add(facts.data_set)
        for what, value, is_alone in zip((_APPLICATION, _DATA_SET), facts[1:3], is_new, strict=True):
            if not is_alone:
                self._ask(what, value, index)
        self._remember(index, facts)

    def _take(self, index: int, facts: _Facts) -> None:
        self._marks.add(facts.application)
        self._marks.add(facts.data_set)
        self._remember(index, facts)

    def _remember(self, index: int, facts: _Facts) -> None:
        self._near[facts.attempt] = _Near(index, facts)
        if len(self._near) > NEAR_MAX:
            self._near.popitem(last=False)

    def _ask(self, what: str, value: str, index: int) -> None:
        if len(self._asked) < ASKED_MAX:
            self._asked[what, value] = index
        else:
            self._is_cut = True

    def _judge(self, what: str, leaves: list[tuple[int, str, _Facts]]) -> None:
        codes = [(leaf, facts) for leaf, purpose, facts in leaves if purpose == _CODE]
        if what in {_APPLICATION, _DATA_SET}:
            for leaf, _facts_there in codes[1:]:
                self._twice(leaf, what, codes[0][0])
            return
        seen: dict[str, int] = {}
        for leaf, purpose, facts in (each for each in leaves if each[1]):  # an unreadable entry is found elsewhere
            if seen.setdefault(purpose, leaf) != leaf:
                self._twice(leaf, purpose, seen[purpose])
            elif what == _ATTEMPT and not codes:
                self._findings.fail("checker.licence_codeless", index=leaf, what=purpose)
            elif what == _ATTEMPT:
                self._compare(leaf, facts, *codes[0])

    def _compare(self, index: int, facts: _Facts, code: int, wanted: _Facts) -> None:
        if facts == wanted:
            return
        for what, expected, found in zip(_Facts._fields, wanted, facts, strict=True):
            if expected != found:
                self._findings.fail(
                    "checker.licence_other", index=index, place=code, what=what, expected=expected, found=found
                )

    def _twice(self, index: int, what: str, first: int) -> None:
        self._findings.fail("checker.licence_twice", index=index, what=what, expected=first)


def _facts(row: Row) -> _Facts:
    told = row.get("licence")  # an official document has none
    licence: Mapping[str, Any] = told if isinstance(told, dict) else {}
    application = licence.get("application")
    id_ = application.get("id") if isinstance(application, dict) else None
    attempt, data_set = str(row.get("attempt")), str(licence.get("data_set"))
    application_id = id_ if isinstance(id_, str) else attempt
    return _Facts(attempt, application_id, data_set, str(licence.get("issuer")), str(licence.get("type")))


def _keys(row: Row) -> Iterator[tuple[str, str]]:
    """Yield by what a filed row can be asked for."""
    if row.get("state") != "filed":
        return
    if isinstance(row.get("official"), dict):
        yield _DOCUMENT, str(row.get("attempt"))
    elif isinstance(row.get("licence"), dict):
        facts = _facts(row)
        yield _ATTEMPT, facts.attempt
        yield _APPLICATION, facts.application
        yield _DATA_SET, facts.data_set
