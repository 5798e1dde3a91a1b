"""What the registry says of its rows as a whole: how many there are, when it said so, and which no leaf can have.

Promises:
  * Rows of leaves that the log does not have are named; rows ahead of the published checkpoint count as told, and that
    nobody compared them is said.
  * The moment of the records is not earlier than the last entry that they know, whatever the registry says.
"""

from collections import Counter
from typing import Final

from verify.log_audit.counted import Counted
from verify.log_audit.entry_judge import CLOCK_APART_SECONDS
from verify.log_audit.findings import Findings
from verify.log_audit.records import RecordsManifest, Row, Rows
from verify.log_audit.tallies import Tally

_EVENTS: Final = {"event": "events", "seal_event": "seal_events"}


def drawn_at(manifest: RecordsManifest, findings: Findings, *, last_time: int, at: int) -> int:
    """Return when records were drawn; ``last_time`` is that of their last entry, ``at`` the moment of the audit."""
    told = int(manifest.made_at.timestamp())
    if not last_time - CLOCK_APART_SECONDS <= told <= at + CLOCK_APART_SECONDS:
        findings.fail("checker.records_dated", expected=last_time, found=told)
    return max(told, min(last_time, at))


def judge_rest(manifest: RecordsManifest, rows: Rows, findings: Findings, *, size: int) -> Counter[str]:
    """Judge the rows that no leaf of a log of this size asked for; return what lies ahead of it, by its kind."""
    ahead: Counter[str] = Counter()
    for leaf, row in rows.each():
        if leaf >= manifest.size:
            findings.fail("checker.row_beyond", index=leaf, what=row.get("what"), expected=manifest.size)
        elif leaf >= size:
            ahead.update(_kinds(row))
    if manifest.size > size:
        findings.unknown("checker.records_ahead", expected=manifest.size, found=size)
    return ahead


def demand_leaves(
    manifest: RecordsManifest, findings: Findings, tally: Tally, counted: Counted, ahead: Counter[str]
) -> None:
    """See that as many rows had a leaf as the registry has, by this audit, those before it, and what lies ahead."""
    if not counted.is_known:
        findings.unknown("checker.rows_uncounted")
    if not counted.has_rows:  # or named as a gap
        return
    for what, total in sorted(manifest.totals.items()):
        seen = tally.seen[what] + counted.tally.seen[what] + ahead[what]
        if seen < total:
            findings.fail("checker.rows_without_leaf", what=what, expected=total, found=seen)


def _kinds(row: Row) -> dict[str, int]:
    """Return what a row counts as at most: whether an intent is the one of the code, its entry would say."""
    what, uses = row.get("what"), row.get("uses")
    if what == "intent":
        return {"licences": isinstance(row.get("licence"), dict), "officials": isinstance(row.get("official"), dict)}
    if what == "seal_uses":
        return {"seal_uses": len(uses) if isinstance(uses, list) else 0}
    return {_EVENTS[what]: 1} if isinstance(what, str) and what in _EVENTS else {}
