"""A document carries the entry that announced it, under a checkpoint that the log signed: our log must have it still.

Promises:
  * Another entry in that place, or none, is said to be inconsistent: nothing is called good beside a log that was
    rewritten, or brought back from too old a copy.
  * Only a proof that held is compared; a log that is none of ours, or a registry that is away, changes nothing.
  * One query by key: what stands before the entry is the auditor's to compare, not every check's.
"""

from typing import Final

from registry.db import Database
from registry.errors import DatabaseAwayError, DatabaseBusyError
from registry.logged import kept_leaf
from verify.errors import MalformedError
from verify.log_proof import LogReceipt
from verify.note import NoteError, parse_body, split_note
from verify.report import Check, Finding, Outcome, Report, merged
from verify.tree import leaf_hash

_INCONSISTENT: Final = Finding(check=Check.LOG, code="log.inconsistent", outcome=Outcome.FAILED, source="registry")


def with_own_log(database: Database, report: Report) -> Report:
    """Return the report of a document with what our log says of the entry that it carries."""
    found = report.finding(Check.LOG)
    if not report.log.proof or found is None or found.outcome is not Outcome.PASSED:
        return report
    try:
        receipt = LogReceipt.from_text(report.log.proof)
        origin, _, _ = parse_body(split_note(receipt.note)[0])
        kept = kept_leaf(database, origin, receipt.index)
    except (MalformedError, NoteError, DatabaseAwayError, DatabaseBusyError):
        return report
    if kept is None or kept == leaf_hash(receipt.entry):
        return report
    return report._replace(findings=merged((*report.findings, _INCONSISTENT)))
