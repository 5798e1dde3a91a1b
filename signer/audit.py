"""Audit a deployment: recompute the log from its bytes, and compare log, registry and vault both ways.

Promises:
  * Every filed licence has its two leaves with the right hashes, its document with the right digest, and in that
    document the receipt of its own leaf. What the registry's columns tell was signed, or logged (`audit_columns`).
    Every leaf about a licence, an act or a key has its row. Nothing is believed because another column says so.
  * Runs beside the office's work, in pages, with the memory of one page; what is filed after its start is left out.
  * Reads only. A bad record is a discrepancy in the report, never an error.

1. The log, with the receipts that it tells of (`audit_leaves`, `audit_receipts`). 2. The head: root and signed
checkpoint. 3. Licences and documents. 4. Acts. 5. Seals, grants and uses (`audit_seals`). 6. Official documents
(`audit_officials`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from registry import audits, leaves, long_term
from registry.audits import AuditedBody, AuditedEvent, AuditedLicence
from registry.db import Database, reading
from registry.errors import DocumentDamagedError, UnknownDocumentError
from registry.intents import Intent
from registry.leaves import LogHead
from registry.lifecycle import status_value
from registry.long_term import LongTermDocument
from registry.records import DraftState, IntentState
from registry.vault import FolderVault
from signer.audit_columns import tells_what_was_logged, tells_what_was_signed
from signer.audit_entries import entries_at
from signer.audit_leaves import LeafAudit
from signer.audit_officials import OfficialAudit
from signer.audit_receipts import ReceiptAudit
from signer.audit_report import AuditReport, Discrepancy, Findings
from signer.audit_seals import SealAudit
from verify.document import read_document
from verify.errors import MalformedError
from verify.key_purpose import KeyPurpose
from verify.log_entry import EntryKind, LogEntry
from verify.log_proof import LogReceipt
from verify.note import LogVerifier, NoteError, open_checkpoint
from verify.qr_token import decode_token
from verify.report import Report
from verify.trust import TrustList

__all__ = ["AuditReport", "AuditScope", "Discrepancy", "audit"]

_DATA_SET: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditScope:
    """What is audited, and with what: `vault` None leaves the documents out; `progress` is told what was done.

    `judge` reads official documents, which are files of strangers, in a process without keys, and returns None for one
    that broke its reader; without `judge` they are only fetched and measured.
    """

    database: Database
    verifier: LogVerifier
    trust: TrustList | None
    crls: tuple[bytes, ...] = ()
    vault: FolderVault | None = None
    judge: Callable[[bytes], Report | None] | None = None
    progress: Callable[[str, int], None] = field(default=lambda _what, _done: None)


def audit(scope: AuditScope, *, at: datetime) -> AuditReport:
    """Audit everything that was filed before now."""
    findings = Findings()
    with reading(scope.database) as tx:
        head = leaves.head(tx, scope.verifier.name)
    receipts = ReceiptAudit(findings=findings, trust=scope.trust, crls=scope.crls, at=at)
    walk = LeafAudit(scope.database, head.origin, receipts)
    walk.walk(head.size, lambda done: scope.progress("entries", done))  # (1)
    _judge_head(scope, head, walk.frontier.root, findings)  # (2)
    _RecordAudit(scope, head, findings, at).walk()  # (3), (4)
    SealAudit(scope.database, head.origin, findings).walk()  # (5)
    OfficialAudit(scope.database, head, findings, vault=scope.vault, judge=scope.judge).walk()  # (6)
    return AuditReport(
        origin=head.origin,
        size=walk.frontier.size,
        root=walk.frontier.root,
        last_entry_at=walk.last_at,
        counts=dict(sorted(findings.counts.items())),
        discrepancies=tuple(findings.discrepancies),
        discrepancy_count=findings.discrepancy_count,
    )


def _judge_head(scope: AuditScope, head: LogHead, root: bytes, findings: Findings) -> None:
    findings.demand(head.root == root, "audit.root")
    try:
        signed = open_checkpoint(head.note, (scope.verifier,))
    except NoteError:
        findings.demand(False, "audit.checkpoint")
        return
    findings.demand((signed.size, signed.root) == (head.size, root), "audit.checkpoint")


class _RecordAudit:
    """Walks through licences and acts, and looks for their leaves."""

    def __init__(self, scope: AuditScope, head: LogHead, findings: Findings, at: datetime) -> None:
        self._scope = scope
        self._head = head
        self._findings = findings
        self._at = at

    def walk(self) -> None:
        """Judge all licences, then all acts."""
        after_licence = ""
        while licences := self._licences(after_licence):
            after_licence = licences[-1].licence_id
            self._scope.progress("licences", self._findings.counts["licences"])
        after_event = 0
        while events := self._events(after_event):
            after_event = events[-1].event_id

    def _licences(self, after: str) -> tuple[AuditedLicence, ...]:
        with reading(self._scope.database) as tx:
            page = audits.licence_page(tx, after=after)
            old = [each for each in page if all(leaf < self._head.size for _purpose, leaf in each.intents)]
            entries = entries_at(tx, self._head.origin, [leaf for each in old for _purpose, leaf in each.intents])
            intents = leaves.intents_by_licence(tx, [each.licence_id for each in old])
            sealings = long_term.sealings(tx, [each.licence_id for each in old])
        for each in old:
            self._findings.count("licences")
            self._judge_licence(each, entries, intents.get(each.licence_id, ()))
            if self._scope.vault is not None:
                filed = [
                    self._judge_document(each, body, entries.get(body.leaf), self._scope.vault) for body in each.bodies
                ]
                for sealing in sealings.get(each.licence_id, ()):
                    self._judge_sealing(sealing, filed[0], self._scope.vault)
        return page

    def _events(self, after: int) -> tuple[AuditedEvent, ...]:
        with reading(self._scope.database) as tx:
            page = audits.event_page(tx, after=after)
            entries = entries_at(
                tx, self._head.origin, [each.leaf_index for each in page if each.leaf_index is not None]
            )
        for each in page:
            self._findings.count("events")
            self._judge_event(each, entries)
        return page

    def _judge_licence(
        self, licence: AuditedLicence, entries: Mapping[int, LogEntry], intents: tuple[Intent, ...]
    ) -> None:
        named = {"licence_id": licence.licence_id}
        code = entries.get(licence.code_leaf)
        data_set = sha256(licence.data_set).digest()
        self._findings.demand(_is_intent(code, KeyPurpose.CODE, data_set), "audit.code_leaf", **named)
        for body in licence.bodies:
            logged = _is_intent(entries.get(body.leaf), body.purpose, data_set)
            self._findings.demand(logged, "audit.document_leaf", **named)
        token = _token_digest(licence.token_text)
        same = token == licence.token_digest and code is not None and code.digest == token
        self._findings.demand(same, "audit.token", **named)
        self._findings.demand(tells_what_was_signed(licence), "audit.entries", **named)
        filed = {(each.purpose, each.leaf_index) for each in intents if each.state is IntentState.FILED}
        self._findings.demand(filed == licence.intents, "audit.licence_intents", **named)
        self._findings.demand(licence.place_status is status_value(licence.state), "audit.status", **named)
        is_drafts = licence.draft_state is DraftState.FILED and licence.draft_licence_id == licence.licence_id
        self._findings.demand(is_drafts, "audit.draft", **named)

    def _judge_document(
        self, licence: AuditedLicence, body: AuditedBody, entry: LogEntry | None, vault: FolderVault
    ) -> bytes | None:
        """Read a body: whole, signed, ours, with the same data set and code, and with its own leaf's proof."""
        content = self._content(vault, body.digest, licence.licence_id)
        if content is None:
            return None
        named = {"licence_id": licence.licence_id}
        self._findings.count("documents")
        found = read_document(content, self._scope.trust, self._scope.crls, at=self._at)
        same = found.data_set is not None and found.data_set.encode() == licence.data_set
        carries = same and found.token_text == licence.token_text
        self._findings.demand(carries and found.is_ours and not found.has_failed, "audit.document", **named)
        own = _is_receipt_of(found.receipt, body.leaf, entry)
        self._findings.demand(own, "audit.document_receipt", **named)
        return content

    def _judge_sealing(self, sealing: LongTermDocument, filed: bytes | None, vault: FolderVault) -> None:
        """Read a sealing for the long term: whole, and the filed bytes with something behind them."""
        content = self._content(vault, sealing.document_digest, sealing.licence_id)
        if content is not None and filed is not None:
            self._findings.count("sealings")
            grown = content.startswith(filed) and len(content) > len(filed)
            self._findings.demand(grown, "audit.document", licence_id=sealing.licence_id)

    def _content(self, vault: FolderVault, digest: str, licence_id: str) -> bytes | None:
        try:
            return vault.get(digest)
        except UnknownDocumentError:
            self._findings.demand(False, "audit.document_missing", licence_id=licence_id)
        except DocumentDamagedError:
            self._findings.demand(False, "audit.document_damaged", licence_id=licence_id)
        return None

    def _judge_event(self, event: AuditedEvent, entries: Mapping[int, LogEntry]) -> None:
        named = {"licence_id": event.licence_id, "event": event.event.value}
        self._findings.demand(tells_what_was_logged(event), "audit.event_grounds", **named)
        if event.leaf_index is None:
            self._findings.count("events_waiting")
            self._findings.demand(event.waits, "audit.event_unlogged", **named)
            return
        entry = entries.get(event.leaf_index)
        self._findings.demand(_is_entry_of(event, entry), "audit.event_leaf", **named)


def _is_intent(entry: LogEntry | None, purpose: KeyPurpose, data_set: bytes) -> bool:
    if entry is None or entry.kind is not EntryKind.INTENT or entry.detail is None:
        return False
    return entry.detail.get(1) == purpose.value and entry.detail.get(_DATA_SET) == data_set


def _is_receipt_of(receipt: LogReceipt | None, leaf: int, entry: LogEntry | None) -> bool:
    if receipt is None or entry is None:
        return False
    return receipt.index == leaf and receipt.entry == entry.encode()


def _is_entry_of(event: AuditedEvent, entry: LogEntry | None) -> bool:
    if entry is None or entry.kind is not EntryKind.STATE:
        return False
    return event.record is None or entry.digest == sha256(event.record).digest()


def _token_digest(text: str) -> bytes | None:
    try:
        return sha256(decode_token(text).to_be_signed).digest()
    except MalformedError:
        return None
