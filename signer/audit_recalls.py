"""Part of an audit: recalls of receipts against the receipts and the acts that they tell of, both ways.

Promises:
  * What a recall tells its office is what its receipt and its act tell: whose it is, since when, and whether the
    licence held on the day of the check.
  * A receipt that said "in force" before an act that ended that has its recall.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Final

from registry import recall_audits
from registry.db import Database, reading
from registry.lifecycle import LicenceEvent
from registry.recall_audits import AuditedRecall
from signer.audit_columns import STATES, different
from signer.audit_report import Findings
from verify.licence import ISSUER_ZONE

# A receipt that comes a moment too late is recalled when it is filed; signing and stamping it takes no longer.
FILED_WITHIN: Final = timedelta(minutes=10)
_ACTS: Final = {each.value: each for each in LicenceEvent}


def judge_recalls(database: Database, findings: Findings) -> None:
    """Judge all recalls, then look for those that are missing."""
    after = 0
    while True:
        with reading(database) as tx:
            page, last = recall_audits.recall_page(tx, after=after), recall_audits.last_number(tx)
        if not page:
            break
        after = page[-1].number
        for each in page:
            findings.count("recalls")
            columns = _otherwise(each, last)
            findings.demand(
                not columns, "audit.recall", number=each.number, receipt_id=each.receipt_id, columns=columns
            )
    with reading(database) as tx:
        for receipt_id, leaf in recall_audits.unrecalled(tx):
            findings.demand(False, "audit.recall_missing", receipt_id=receipt_id, index=leaf)


def _otherwise(recall: AuditedRecall, last: int) -> str:
    """Name the columns of a recall that are not what its receipt and its act tell."""
    act = _ACTS.get(recall.event or "")
    if act is None or act is LicenceEvent.REINSTATE or recall.event_day is None or recall.made_at is None:
        return "event_id, receipt_id"
    begins_at = datetime.combine(recall.event_day, time(), ISSUER_ZONE).astimezone(UTC)
    held = act is not LicenceEvent.RESCIND and recall.made_at < begins_at
    return different(
        {
            "number": (recall.number <= last, True),
            "receipt_id": (recall.receipt_in_force, True),
            "event_id": (recall.event_licence, recall.receipt_licence),
            "office": (recall.office, recall.receipt_office),
            "licence_id": (recall.licence_id, recall.receipt_licence),
            "state": (recall.state, STATES[act].value),
            "effective_on": (recall.effective_on, recall.event_day),
            "recalled_at": (_is_then(recall, recall.made_at), True),
            "was_in_force": (recall.was_in_force, held),
        }
    )


def _is_then(recall: AuditedRecall, made_at: datetime) -> bool:
    """Say whether a recall is of the moment of its act, or of the filing of a receipt that came after it."""
    if recall.recalled_at == recall.happened_at:
        return True
    return made_at <= recall.recalled_at <= made_at + FILED_WITHIN
