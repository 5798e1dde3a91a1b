"""The end of an audit: what of the records was still open, and what the registry says that the log does not have yet.

Promises:
  * What was open when the audit before this one ended, or was filed then and is given up now, is judged by its row.
  * Times of entries are read again, so that nothing is kept for an entry but its place.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from verify.errors import MalformedError
from verify.log_audit.entry_judge import EntryJudge
from verify.log_audit.findings import Findings
from verify.log_audit.records import RecordsManifest, Rows
from verify.log_audit.row_judge import RowJudge
from verify.usual_entry import EntryReader

_WAIT_MAX: Final = timedelta(days=1)
_UNIX_TIME_MAX: Final = 1 << 33


class Ending:
    """Judges what is left at the end; ``entry`` reads one entry, empty where it cannot be read."""

    def __init__(
        self, findings: Findings, judge: EntryJudge, row_judge: RowJudge, entry: Callable[[int], bytes]
    ) -> None:
        self._findings = findings
        self._judge = judge
        self._row_judge = row_judge
        self._entry = entry

    def judge_rows(
        self,
        manifest: RecordsManifest | None,
        rows: Rows | None,
        *,
        first: int,
        again: Callable[[], Rows | None] | None,
    ) -> None:
        """Judge what rows and leaves left open; ``again`` opens the records once more from their beginning."""
        for what, limit in self._judge.tally.beyond.items():
            self._findings.unknown("checker.too_many", what=what, expected=limit)
        if manifest is None:
            self._findings.unknown("checker.records_none")
        if manifest is None or rows is None:
            return
        until = int((manifest.made_at - _WAIT_MAX).timestamp())
        compared = range(first, manifest.size)
        self._row_judge.finish(self._judge.given_up, time_of=self._time, until=until, compared=compared)
        try:
            if again is not None:
                self._judge_late(again, first)
            for each in rows.waiting():
                self._waits(each.get("of"), each.get("at"), manifest.made_at)
        except MalformedError as error:
            self._findings.fail("checker.records_malformed", index=manifest.size, found=error.detail)

    def _judge_late(self, again: Callable[[], Rows | None], first: int) -> None:
        """See that what is given up now, and was compared by an audit before this one, is not filed."""
        late = [each for each in self._judge.given_up if each < first and each not in self._row_judge.carried]
        if not late or (rows := again()) is None:
            return
        for index in late:
            self._row_judge.given_up(index, rows.row(index))

    def _time(self, index: int) -> int:
        """Return the time of an entry; of one that cannot be read, which is found elsewhere, the earliest."""
        try:
            return EntryReader().read(self._entry(index)).time
        except MalformedError:
            return 0

    def _waits(self, what: object, at: object, made_at: datetime) -> None:
        since = datetime.fromtimestamp(at, UTC) if isinstance(at, int) and 0 <= at < _UNIX_TIME_MAX else None
        if since is None or made_at - since > _WAIT_MAX:
            self._findings.fail("checker.row_unlogged", what=what, found=at)
        else:
            self._findings.list("waiting", what=what, time=at)
