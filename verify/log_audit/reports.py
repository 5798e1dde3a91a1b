"""The registry's monthly reports, held against the log's own counts.

Promises: a month that ended some days ago has a report, signed by the root and logged; what it says otherwise than the
log, its rows and its root is named with both numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from verify.errors import MalformedError
from verify.log_audit.claims import Claim, Claims
from verify.log_audit.counted import Counted
from verify.log_audit.findings import Findings
from verify.log_audit.monthly import FOLDER, REPORT_TYPE, MonthlyReport, month_begins, month_of, next_month
from verify.log_audit.tallies import Tally, differences
from verify.log_audit.tree_walk import Reader
from verify.note import Checkpoint
from verify.signed_statement import StatementError, open_statement

# A report is made a day after its month; two more for a holiday.
REPORT_DUE: Final = timedelta(days=3)
_MONTHS_MAX: Final = 1200
# All reports are in memory until they are judged: ten years of two thousand departments are 7 MB.
REPORTS_BYTES_MAX: Final = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReport:
    """A report with the file's bytes and the digest by which the log knows of its signature."""

    content: bytes
    report: MonthlyReport
    digest: bytes


class Reports:
    """All reports of a log; ``judged`` are those held against all counts, by month, with their digests in hex."""

    def __init__(self, reader: Reader, checkpoint: Checkpoint, roots: Sequence[bytes], findings: Findings) -> None:
        self.read: dict[str, ReadReport] = {}
        self.judged: dict[str, str] = {}
        self._bytes = 0
        self._reader = reader
        self._checkpoint = checkpoint
        self._roots = roots
        self._findings = findings

    def fetch(self, first: datetime, last: datetime, claims: Claims) -> frozenset[bytes]:
        """Read the reports of all months between these moments; return the digests that the log must have."""
        month, end = month_of(first), month_of(last)
        for _ in range(_MONTHS_MAX):
            if month > end:
                break
            content = self._reader.get(FOLDER + month)
            if content is not None:
                self._read(month, content, claims)
            month = next_month(month)
        return frozenset(each.digest for each in self.read.values())

    def _read(self, month: str, content: bytes, claims: Claims) -> None:
        file = FOLDER + month
        self._bytes += len(content)
        if self._bytes > REPORTS_BYTES_MAX:
            self._findings.fail("checker.report_wrong", file=file, found=f"> {REPORTS_BYTES_MAX} B")
            return
        try:
            statement = open_statement(content, REPORT_TYPE, self._roots)
            report = MonthlyReport.decode(statement.payload)
        except (StatementError, MalformedError) as error:
            self._findings.fail("checker.report_wrong", file=file, found=error.detail)
            return
        if report.origin not in claims.names or report.month != month:
            expected, found = f"{self._checkpoint.origin} {month}", f"{report.origin} {report.month}"
            self._findings.fail("checker.report_other", file=file, expected=expected, found=found)
            return
        self.read[month] = ReadReport(content=content, report=report, digest=statement.digest)
        if report.end <= self._checkpoint.size:
            claims.add(Claim(size=report.end, root=report.root, code="checker.report_root", source=file))
        else:
            self._findings.fail("checker.report_range", file=file, expected=self._checkpoint.size, found=report.end)

    def judge(
        self, tally: Tally, counted: Counted, logged: Mapping[bytes, int | None], *, rows_until: int, at: datetime
    ) -> None:
        """Hold each report against the counts of this audit and those before; rows were compared below ``rows_until``.

        Where a report was held against all of them before, another one in its place is not compared, each time.
        """
        whole = counted.whole(tally)
        self.judged.update(counted.judged)
        for month in sorted({*whole.months, *counted.judged, *self.read}):
            file, read = FOLDER + month, self.read.get(month)
            if read is None:
                if month_begins(next_month(month)) + REPORT_DUE <= at:
                    self._findings.fail("checker.report_missing", file=file)
                continue
            if logged.get(read.digest) is None:
                self._findings.fail("checker.report_unlogged", file=file, expected=read.digest)
            if counted.judged.get(month) == read.digest.hex():
                continue
            if counted.reaches(month, whole):
                with_departments = counted.has_rows and read.report.end <= rows_until
                self._compare(file, read.report, whole, with_departments=with_departments)
                if with_departments:
                    self.judged[month] = read.digest.hex()
            else:
                self._findings.unknown("checker.report_partly", file=file, index=read.report.first)

    def _compare(self, file: str, report: MonthlyReport, whole: Tally, *, with_departments: bool) -> None:
        begins = whole.months.get(report.month)
        if begins is not None and report.first != begins:
            self._findings.fail("checker.report_first", file=file, expected=begins, found=report.first)
        for what, ours, theirs in differences(report, whole, with_departments=with_departments):
            self._findings.fail("checker.report_count", file=file, what=what, expected=ours, found=theirs)
