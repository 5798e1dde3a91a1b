"""The end of an audit: what of the records was still open, and what the registry says that the log does not have yet.

Promises:
  * What was open when the audit before this one ended, or was filed then and is given up now, is judged by its row.
  * Times of entries are read again, so that nothing is kept for an entry but its place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from verify.errors import MalformedError
from verify.log_audit.counted import Counted
from verify.log_audit.entry_judge import EntryJudge
from verify.log_audit.findings import Findings
from verify.log_audit.records import RecordsManifest, Rows
from verify.log_audit.row_judge import RowJudge
from verify.log_audit.rows_told import demand_leaves, drawn_at, judge_rest
from verify.usual_entry import EntryReader

_WAIT_MAX: Final = int(timedelta(days=1).total_seconds())
_UNIX_TIME_MAX: Final = 1 << 33


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Judges what is left at the end of a log of this size; ``entry`` reads one entry, empty where that cannot be."""

    findings: Findings
    judge: EntryJudge
    row_judge: RowJudge
    entry: Callable[[int], bytes]
    counted: Counted
    size: int

    def judge_rows(
        self, manifest: RecordsManifest | None, rows: Rows | None, again: Callable[[], Rows | None], *, at: int
    ) -> None:
        """Judge what rows and leaves left open; ``again`` opens the records once more from their beginning."""
        for what, limit in {**self.judge.tally.beyond, **self.counted.tally.beyond}.items():
            self.findings.unknown("checker.too_many", what=what, expected=limit)
        if manifest is None:
            self.findings.unknown("checker.records_none")
        if manifest is None or rows is None:
            return
        first, size = self.counted.first, self.size
        last_time = self._time(min(manifest.size, size) - 1)
        moment = drawn_at(manifest, self.findings, last_time=last_time, at=at)
        compared, until = range(first, manifest.size), moment - _WAIT_MAX
        self.row_judge.finish(self.judge.given_up, time_of=self._time, until=until, compared=compared)
        try:
            self.row_judge.bindings.confirm(again, self._purpose)
            self._judge_late(again, first)
            ahead = judge_rest(manifest, rows, self.findings, size=size)
            for each in rows.waiting():
                self._waits(each.get("of"), each.get("at"), moment)
        except MalformedError as error:
            self.findings.fail("checker.records_malformed", index=manifest.size, found=error.detail)
            return
        demand_leaves(manifest, self.findings, self.judge.tally, self.counted, ahead)

    def _judge_late(self, again: Callable[[], Rows | None], first: int) -> None:
        """See that what is given up now, and was compared by an audit before this one, is not filed."""
        late = [each for each in self.judge.given_up if each < first and each not in self.row_judge.carried]
        if not late or (rows := again()) is None:
            return
        for index in late:
            self.row_judge.given_up(index, rows.row(index))

    def _purpose(self, index: int) -> str:
        """Return the purpose of an intent; of one that cannot be read, which is found elsewhere, nothing."""
        try:
            return EntryReader().read(self.entry(index)).shape.first
        except MalformedError:
            return ""

    def _time(self, index: int) -> int:
        """Return the time of an entry; of one that cannot be read, which is found elsewhere, the earliest."""
        try:
            return EntryReader().read(self.entry(index)).time if index >= 0 else 0
        except MalformedError:
            return 0

    def _waits(self, what: object, at: object, moment: int) -> None:
        if not isinstance(at, int) or not 0 <= at < _UNIX_TIME_MAX or moment - at > _WAIT_MAX:
            self.findings.fail("checker.row_unlogged", what=what, found=at)
        else:
            self.findings.list("waiting", what=what, time=at)
