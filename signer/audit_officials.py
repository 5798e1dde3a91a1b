"""Part of an audit: official documents against the log, the uses of seals, and their files in the vault.

Promises:
  * Each sealed document has its intent in the log, filed under its id; the use of the seal that it names, filed with
    this very file; and in the vault a file that is whole, was prepared under its digest, and passes our own check.
  * What the registry's columns tell is what the file's signature tells; those that differ are named.
  * A stranger's file is never read here: `judge` reads it in a process without keys, and hands back a report.

Not here, for nothing signed tells of them: title, number of pages, digest of the upload, who prepared it and when.
"""

from collections.abc import Callable, Mapping
from typing import Final

from registry import leaves, official_documents, seal_uses
from registry.db import Database, reading
from registry.errors import DocumentDamagedError, UnknownDocumentError
from registry.intents import Intent
from registry.leaves import LogHead
from registry.official_documents import OfficialRecord, OfficialState
from registry.records import IntentState
from registry.seal_lifecycle import UseState
from registry.seal_records import SealUse
from registry.vault import FolderVault
from signer.audit_entries import entries_at
from signer.audit_report import Findings
from signer.official.wishes import Layout, is_prepared_of
from verify.accepting import RejectedError
from verify.errors import MalformedError
from verify.key_purpose import KeyPurpose
from verify.log_entry import EntryKind, LogEntry
from verify.mandate import Mandate
from verify.official_examine import VerifiedOfficial, accept_official
from verify.report import Outcome, Report

_DATA_SET: Final = 3
_UNWITNESSED: Final = "log.unwitnessed"
_PURPOSES: Final[Mapping[str, KeyPurpose]] = {"pdf": KeyPurpose.DOCUMENT, "ofd": KeyPurpose.SEAL}

Judge = Callable[[bytes], Report | None]


class OfficialAudit:
    """From the registry to log and vault: walks through sealed official documents."""

    def __init__(
        self,
        database: Database,
        head: LogHead,
        findings: Findings,
        *,
        vault: FolderVault | None = None,
        judge: Judge | None = None,
    ) -> None:
        self._database = database
        self._head = head
        self._findings = findings
        self._vault = vault
        self._judge_file = judge

    def walk(self) -> None:
        """Judge all that were sealed before the audit began."""
        after = ""
        while True:
            with reading(self._database) as tx:
                page = official_documents.audited_officials(tx, after=after)
                if not page:
                    return
                after = page[-1].document_id
                old = [each for each in page if each.leaf is None or each.leaf < self._head.size]
                wanted = [each.leaf for each in old if each.leaf is not None]
                entries = entries_at(tx, self._head.origin, wanted)
                intents = leaves.intents_by_licence(tx, [each.document_id for each in old])
                uses = seal_uses.uses_by_id(tx, [each.use_id for each in old if each.use_id is not None])
            for each in old:
                self._findings.count("official_documents")
                self._judge_log(each, entries.get(-1 if each.leaf is None else each.leaf))
                self._judge_intents(each, intents.get(each.document_id, ()))
                self._judge_use(each, uses.get(each.use_id or ""))
                if self._vault is not None:
                    self._judge_content(each, uses.get(each.use_id or ""), self._vault)

    def _judge_log(self, record: OfficialRecord, entry: LogEntry | None) -> None:
        named = {"document_id": record.document_id}
        self._findings.demand(record.state is OfficialState.SEALED, "audit.official_state", **named)
        detail = {} if entry is None or entry.kind is not EntryKind.INTENT else entry.detail or {}
        purpose = _PURPOSES.get(record.form)
        is_own = purpose is not None and detail.get(1) == purpose.value and _DATA_SET not in detail
        self._findings.demand(is_own, "audit.official_leaf", **named)

    def _judge_intents(self, record: OfficialRecord, intents: tuple[Intent, ...]) -> None:
        filed = [each.leaf_index for each in intents if each.state is IntentState.FILED]
        self._findings.demand(filed == [record.leaf], "audit.official_intent", document_id=record.document_id)

    def _judge_use(self, record: OfficialRecord, use: SealUse | None) -> None:
        """Compare a document with the use of the seal that it was filed with."""
        named = {"document_id": record.document_id}
        if use is None:
            self._findings.demand(False, "audit.official_use", **named, columns="use_id")
            return
        occasion = use.occasion
        told = {
            "use_id": (use.document_id, record.document_id),
            "state": (use.state, UseState.FILED),
            "grant_id": (use.grant_id, record.grant_id),
            "seal_code": (use.code, record.seal_code),
            "seal_version": (use.version, record.seal_version),
            "item_code": (occasion.item_code, record.item_code),
            "department": (occasion.office, record.department),
            "approved_by": (occasion.second_person, record.approved_by),
            "sealed_at": (use.filed_at, record.sealed_at),
            "document_digest": (use.bodies, ((record.document_digest, record.leaf),)),
        }
        columns = _different(told)
        self._findings.demand(not columns, "audit.official_use", **named, columns=columns)

    def _judge_content(self, record: OfficialRecord, use: SealUse | None, vault: FolderVault) -> None:
        content = self._content(record, vault)
        if content is None:
            return
        named = {"document_id": record.document_id}
        self._findings.demand(_is_what_was_prepared(record, content), "audit.official_prepared", **named)
        if self._judge_file is None:
            self._findings.count("official_documents_unread")
            return
        report = self._judge_file(content)
        verified = None if report is None else _accepted(content, report)
        self._findings.demand(verified is not None, "audit.official_rejected", **named)
        if report is not None and verified is not None:
            columns = _different(_signed(record, use, report, verified))
            self._findings.demand(not columns, "audit.official_columns", **named, columns=columns)

    def _content(self, record: OfficialRecord, vault: FolderVault) -> bytes | None:
        try:
            return vault.get(record.document_digest or "")
        except UnknownDocumentError:
            self._findings.demand(False, "audit.official_missing", document_id=record.document_id)
        except DocumentDamagedError:
            self._findings.demand(False, "audit.official_damaged", document_id=record.document_id)
        return None


def _is_what_was_prepared(record: OfficialRecord, content: bytes) -> bool:
    try:
        layout = Layout.from_text(record.layout)
    except (MalformedError, ValueError):
        return False
    return layout.form == record.form and is_prepared_of(content, layout, record.prepared_digest)


def _accepted(content: bytes, report: Report) -> VerifiedOfficial | None:
    """Return what our own strict check makes of a file, by what the file itself says of id and mandate."""
    facts = report.facts
    try:
        mandate = Mandate(
            item_code=facts.mandate_item or None,
            legal_basis=facts.mandate_legal_basis,
            role=facts.mandate_role,
            grant=facts.mandate_grant or None,
        )
        return accept_official(content, _in_our_log(report), document_id=facts.official_id, mandate=mandate)
    except (MalformedError, RejectedError):
        return None


def _in_our_log(report: Report) -> Report:
    """Return the report with its proof counted although no witness stands in it: the walk went through the log itself.

    A file that nobody upgraded keeps the proof that it was sealed with, before any witness could see its leaf.
    """
    findings = tuple(
        each._replace(outcome=Outcome.PASSED) if each.code == _UNWITNESSED else each for each in report.findings
    )
    return report._replace(findings=findings)


def _signed(
    record: OfficialRecord, use: SealUse | None, report: Report, verified: VerifiedOfficial
) -> dict[str, tuple[object, object]]:
    """Return what was signed beside what the columns tell."""
    facts = report.facts
    told: dict[str, tuple[object, object]] = {
        "document_id": (facts.official_id, record.document_id),
        "department": (facts.issuer, record.department),
        "seal_code": (facts.seal_code, record.seal_code),
        "grant_id": (facts.mandate_grant, record.grant_id),
        "item_code": (facts.mandate_item, record.item_code or ""),
        "leaf": (verified.leaf, record.leaf),
    }
    if use is not None:
        told["legal_basis"] = (facts.mandate_legal_basis, use.legal_basis)
        told["role"] = (facts.mandate_role, use.occasion.role)
    return told


def _different(told: Mapping[str, tuple[object, object]]) -> str:
    return ", ".join(name for name, (one, other) in told.items() if one != other)
