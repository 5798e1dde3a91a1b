"""Audit a deployment: recompute the log from its bytes, and compare log, registry and vault both ways.

Promises:
  * Every filed licence has its two leaves with the right hashes, its document with the right digest, and in that
    document the receipt of its own leaf. What the registry's columns tell was signed, or logged (`audit_columns`).
    Every leaf about a licence, an act or a key has its row. Nothing is believed because another column says so.
  * Runs beside the office's work, in pages, with the memory of one page; what is filed after its start is left out.
  * Reads only. A bad record is a discrepancy in the report, never an error; a value that nobody can read any more is
    named by table, row and column, and what could not be audited for its sake is named too.

1. The file of the database. 2. The log, with the receipts that it tells of (`audit_leaves`, `audit_receipts`). 3. Its
heads, and what witnesses cosigned (`audit_heads`). 4. The records behind it, and what waits for it (`audit_kept`). 5.
Licences and documents, then acts. 6. Recalls (`audit_recalls`). 7. Seals, grants and uses (`audit_seals`). 8. Official
documents (`audit_officials`). 9. Signed files and keys (`audit_artefacts`), catalogue and departments.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final, TypeVar

from registry import audits, leaves, long_term
from registry.audits import AuditedBody, AuditedEvent, AuditedLicence
from registry.damage import Unreadable, file_damage, misspelt_values, unreadable_values
from registry.db import Database, reading
from registry.errors import DocumentDamagedError, UnknownDocumentError
from registry.intents import Intent
from registry.leaves import LogHead
from registry.long_term import LongTermDocument
from registry.records import DraftState, IntentState
from registry.vault import FolderVault
from signer.audit_artefacts import ArtefactAudit
from signer.audit_catalogue import judge_catalogue
from signer.audit_columns import signed_otherwise, stands_otherwise, tells_what_was_logged
from signer.audit_entries import entries_at
from signer.audit_heads import HeadAudit, Walked
from signer.audit_kept import judge_records, judge_waiting
from signer.audit_leaves import LeafAudit
from signer.audit_officials import OfficialAudit
from signer.audit_recalls import judge_recalls
from signer.audit_receipts import ReceiptAudit
from signer.audit_report import AuditReport, Discrepancy, Findings
from signer.audit_seals import SealAudit
from signer.log_files import TileStore
from verify.document import read_document
from verify.errors import MalformedError
from verify.key_purpose import KeyPurpose
from verify.log_entry import EntryKind, LogEntry
from verify.log_proof import LogReceipt
from verify.note import LogVerifier
from verify.qr_token import decode_token
from verify.report import Report
from verify.tree import EMPTY_ROOT
from verify.trust import TrustList

__all__ = ["AuditReport", "AuditScope", "Discrepancy", "audit"]

_DATA_SET: Final = 3
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditScope:
    """What is audited, and with what: `vault` and `published` None leave documents and published copies out.

    `progress` is told what was done.

    `judge` reads official documents, which are files of strangers, in a process without keys, and returns None for one
    that broke its reader; without `judge` they are only fetched and measured.
    """

    database: Database
    verifier: LogVerifier
    trust: TrustList | None
    crls: tuple[bytes, ...] = ()
    vault: FolderVault | None = None
    published: TileStore | None = None
    judge: Callable[[bytes], Report | None] | None = None
    progress: Callable[[str, int], None] = field(default=lambda _what, _done: None)


def audit(scope: AuditScope, *, at: datetime) -> AuditReport:
    """Audit everything that was filed before now."""
    findings = Findings()
    parts = _Parts(scope, findings)
    parts.name_damage()  # (1)
    head = parts.run("log", lambda: _head(scope)) or LogHead(
        log=0, origin=scope.verifier.name, size=0, root=EMPTY_ROOT, edge=(), note="", time=None
    )
    receipts = ReceiptAudit(findings=findings, trust=scope.trust, crls=scope.crls, at=at)
    walk = LeafAudit(scope.database, head.origin, receipts)
    heads = HeadAudit(scope.database, scope.verifier, findings, trust=scope.trust, published=scope.published)
    parts.run("log", lambda: walk.walk(head.size, lambda done: scope.progress("entries", done)))  # (2)
    parts.run("log", lambda: heads.judge(head, Walked(frontier=walk.frontier, last_at=walk.last_at)))  # (3)
    parts.run("log", lambda: judge_records(scope.database, findings))  # (4)
    parts.run("log", lambda: judge_waiting(scope.database, head.origin, findings))
    parts.run("licences", _RecordAudit(scope, head, findings, at).walk)  # (5)
    parts.run("recalls", lambda: judge_recalls(scope.database, findings))  # (6)
    parts.run("seals", SealAudit(scope.database, head.origin, findings).walk)  # (7)
    officials = OfficialAudit(scope.database, head, findings, vault=scope.vault, judge=scope.judge)
    parts.run("official_documents", officials.walk)  # (8)
    files = ArtefactAudit(scope.database, head.origin, findings, trust=scope.trust, published=scope.published)
    parts.run("files", files.walk)  # (9)
    parts.run("files", lambda: judge_catalogue(scope.database, findings, scope.trust))
    return AuditReport(
        origin=head.origin,
        size=walk.frontier.size,
        root=walk.frontier.root,
        last_entry_at=walk.last_at,
        counts=dict(sorted(findings.counts.items())),
        discrepancies=tuple(findings.discrepancies),
        discrepancy_count=findings.discrepancy_count,
    )


class _Parts:
    """Runs the parts of an audit; one that stumbles over what cannot be read ends there, and that is named."""

    def __init__(self, scope: AuditScope, findings: Findings) -> None:
        self._scope = scope
        self._findings = findings
        self._is_damaged = False
        self._is_looked_at = False
        self._named: set[Unreadable] = set()

    def name_damage(self) -> None:
        """Name what the database's own check finds, and what nobody of ours wrote so."""
        for each in file_damage(self._scope.database):
            self._is_damaged = True
            self._findings.demand(False, "audit.file_damaged", found=each)
        for value in misspelt_values(self._scope.database):
            self._name(value)

    def _name(self, value: Unreadable) -> None:
        if value not in self._named:
            self._is_damaged = True
            self._named.add(value)
            self._findings.demand(False, "audit.unreadable", table=value.table, row=value.row, column=value.column)

    def run(self, part: str, act: Callable[[], _Found]) -> _Found | None:
        """Do a part of the audit. Raises what it raises where every value can be read."""
        try:
            return act()
        except Exception:
            if not self._is_unreadable():
                raise
            self._findings.demand(False, "audit.part_stopped", part=part)
            return None

    def _is_unreadable(self) -> bool:
        """Say whether anything in the database cannot be read, and name it once."""
        if not self._is_looked_at:
            self._is_looked_at = True
            for each in unreadable_values(self._scope.database):
                self._name(each)
        return self._is_damaged


def _head(scope: AuditScope) -> LogHead:
    with reading(scope.database) as tx:
        return leaves.head(tx, scope.verifier.name)


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
        for columns, finding in (
            (signed_otherwise(licence), "audit.entries"),
            (stands_otherwise(licence), "audit.status"),
            (", ".join(licence.different), "audit.draft"),
        ):
            self._findings.demand(not columns, finding, **named, columns=columns)
        filed = {(each.purpose, each.leaf_index) for each in intents if each.state is IntentState.FILED}
        self._findings.demand(filed == licence.intents, "audit.licence_intents", **named)
        is_drafts = licence.draft_state is DraftState.FILED and licence.draft_licence_id == licence.licence_id
        self._findings.demand(is_drafts, "audit.draft", **named, columns="state, licence_id")

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
