"""The registry's monthly report (`verify/log_audit/monthly.py`): counted, logged, signed, kept for the public.

Promises:
  * Counts of departments come from the registry's own rows, those of kinds from the log, so that the two can differ.
  * A report is made once, when its month is over by a day; a month without an entry has none.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from keys.custody import DEPLOYMENT
from registry import artefacts, audit_rows, leaves
from registry.db import Transaction, reading, transaction
from signer.key_acts import KeyDesk
from verify.algorithms import der_to_raw
from verify.key_purpose import KeyPurpose
from verify.log_audit.monthly import REPORT_TYPE, DepartmentCount, MonthlyReport, month_begins, month_of, next_month
from verify.log_entry import EntryKind, LogEntry
from verify.signed_statement import assemble_statement, statement_to_be_signed
from verify.tree import combine, root_nodes
from verify.usual_entry import EntryReader

MONTHLY_REPORT: Final = "monthly_report"
# What was announced at the end of a month is filed or given up long before the next day is over.
REPORT_AFTER: Final = timedelta(days=1)
PAGE_ENTRIES: Final = 1000
_WHAT: Final = {
    "licences": DepartmentCount.LICENCES,
    "changes": DepartmentCount.CHANGES,
    "seal_uses": DepartmentCount.SEAL_USES,
    "documents": DepartmentCount.DOCUMENTS,
}


def make_due_reports(desk: KeyDesk, *, at: datetime) -> tuple[str, ...]:
    """Make the reports of all months that are over by a day and have none; return these months.

    Raises `ArtefactOrderError` when another process was faster, and what log and custody raise.
    """
    with reading(desk.database) as tx:
        head = leaves.head(tx, desk.log.origin)
        first = _time(tx, head.origin, 0) if head.size else at
        made = {name for name, _ in artefacts.all_latest(tx, MONTHLY_REPORT)}
    month, last, done = month_of(first), month_of(at - REPORT_AFTER), []
    while month < last:
        if month not in made and make_report(desk, month, at=at) is not None:
            done.append(month)
        month = next_month(month)
    return tuple(done)


def make_report(desk: KeyDesk, month: str, *, at: datetime) -> MonthlyReport | None:
    """Count a month, sign the report and keep it; None for a month without an entry."""
    with reading(desk.database) as tx:
        head = leaves.head(tx, desk.log.origin)
        first = _first_at(tx, head.origin, head.size, month_begins(month))
        end = _first_at(tx, head.origin, head.size, month_begins(next_month(month)))
        if first == end:
            return None
        nodes = root_nodes(end)
        (root,) = combine((nodes,), leaves.nodes(tx, head.origin, nodes))
        departments = audit_rows.department_counts(tx, head, first, end)
    kinds, purposes = _counted(desk, first, end)
    report = MonthlyReport(
        origin=head.origin,
        month=month,
        first=first,
        end=end,
        root=root,
        kinds=kinds,
        purposes=purposes,
        departments={code: {int(_WHAT[what]): n for what, n in each.items()} for code, each in departments.items()},
        made_at=at.replace(microsecond=0),
    )
    key = desk.custody.newest(KeyPurpose.TRUST_LIST, DEPLOYMENT)
    kid = desk.custody.public_key(key).kid
    signature = der_to_raw(desk.sign_logged(key, statement_to_be_signed(REPORT_TYPE, report.encode(), kid)))
    content = assemble_statement(REPORT_TYPE, report.encode(), kid, signature)
    with transaction(desk.database) as tx:
        artefacts.store(tx, MONTHLY_REPORT, month, content, sequence=1, at=at)
    return report


def _counted(desk: KeyDesk, first: int, end: int) -> tuple[Mapping[int, int], Mapping[str, int]]:
    kinds: Counter[int] = Counter()
    purposes: Counter[str] = Counter()
    reader = EntryReader()
    for start in range(first, end, PAGE_ENTRIES):
        with reading(desk.database) as tx:
            page = leaves.entries(tx, desk.log.origin, start, min(start + PAGE_ENTRIES, end))
        for each in page:
            shape = reader.read(each.entry).shape
            kinds[int(shape.kind)] += 1
            if shape.kind is EntryKind.INTENT:
                purposes[shape.first] += 1
    return kinds, purposes


def _first_at(tx: Transaction, origin: str, size: int, moment: datetime) -> int:
    """Return the index of the first entry that is not before this moment; entries never go back in time."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if _time(tx, origin, middle) < moment:
            low = middle + 1
        else:
            high = middle
    return low


def _time(tx: Transaction, origin: str, index: int) -> datetime:
    (stored,) = leaves.entries(tx, origin, index, index + 1)
    return LogEntry.decode(stored.entry).time
