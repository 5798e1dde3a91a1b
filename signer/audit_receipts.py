"""Part of an audit: the receipts of relying offices and their entries in the log, both ways.

Promises:
  * A receipt whose entry is missing, of another kind or of other bytes is found, and one whose columns tell something
    else than what was signed: lists and recalls are answered from these columns.
  * An entry without its receipt is found, unless the receipt was deleted when it was time, which is counted apart.
  * A time stamp beside a receipt that proves nothing for it is found, where there is a trust list to ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from registry.db import Transaction
from registry.receipts import ReceiptRecord, deleted_between, receipts_between
from signer.audit_report import Findings
from verify.errors import MalformedError
from verify.log_entry import EntryKind, LogEntry
from verify.receipt import read_receipt
from verify.timestamp_token import TimestampTokenError, check_timestamp
from verify.trust import TrustList
from verify.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptAudit:
    """Judges the receipts of one page of the log after the other."""

    findings: Findings
    trust: TrustList | None
    crls: tuple[bytes, ...]
    at: datetime

    def judge(self, tx: Transaction, start: int, stop: int, entries: Mapping[int, LogEntry]) -> None:
        """Judge the rows and the entries of these places."""
        rows = {row.leaf: row for row in receipts_between(tx, start, stop)}
        deleted = deleted_between(tx, start, stop)
        for index, row in rows.items():
            self.findings.count("receipts")
            self._judge_row(index, row, entries.get(index))
        logged = {index for index, entry in entries.items() if entry.kind is EntryKind.RECEIPT}
        self.findings.count("receipts_deleted", len(logged & deleted))
        for index in sorted(logged - rows.keys() - deleted):
            self.findings.demand(False, "audit.receipt_missing", index=index)

    def _judge_row(self, index: int, row: ReceiptRecord, entry: LogEntry | None) -> None:
        named, digest = {"index": index, "receipt_id": row.receipt_id}, sha256(row.content).digest()
        is_logged = entry is not None and entry.kind is EntryKind.RECEIPT and entry.digest == digest
        self.findings.demand(is_logged, "audit.receipt_leaf", **named)
        self.findings.demand(_tells_what_was_signed(row), "audit.receipt_changed", **named)
        if row.timestamp is not None and self.trust is not None:
            self.findings.demand(self._is_stamped(row.timestamp, digest, self.trust), "audit.receipt_stamp", **named)

    def _is_stamped(self, token: bytes, digest: bytes, trust: TrustList) -> bool:
        try:
            check_timestamp(token, digest, trust.authorities, at=self.at, crls=self.crls)
        except TimestampTokenError:
            return False
        return True


def _tells_what_was_signed(row: ReceiptRecord) -> bool:
    """Say whether the columns of a receipt tell what its signed bytes tell."""
    try:
        said, verdict = read_receipt(row.content), Verdict(row.verdict)
    except (MalformedError, ValueError):
        return False
    same_verdict = verdict in said.verdicts and row.in_force is (verdict.is_in_force is True)
    return same_verdict and (
        said.receipt_id.hex(),
        said.licence_id,
        said.office,
        said.purpose,
        said.legal_basis,
        said.case_number,
        said.operator,
        said.made_at,
        said.delete_after,
    ) == (
        row.receipt_id,
        row.licence_id or "",
        row.office,
        row.purpose,
        row.legal_basis,
        row.case_number,
        row.operator or b"",
        row.made_at,
        row.delete_after,
    )
