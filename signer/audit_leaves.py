"""First half of an audit: from the log to the registry. Every leaf is recomputed, and has the row that it tells of.

Promises: an entry that no row knows is found, also one that was logged properly: so a forgery from inside shows.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from registry import audits, leaves, log_records
from registry.audits import AuditedEvent, AuditedLicence
from registry.db import Database, Transaction, reading
from registry.intents import Intent
from registry.leaves import StoredEntry
from registry.official_documents import OfficialRecord, officials_by_id
from registry.records import IntentState
from registry.recovered import EVENT as RECOVERED
from registry.recovered import recovered
from signer.audit_receipts import ReceiptAudit
from signer.audit_seals import WORDS, is_sealing_known, judge_seal_entry
from verify import cbor
from verify.certificate_request import is_certificate_request
from verify.errors import MalformedError
from verify.key_purpose import KeyPurpose
from verify.log_entry import EntryKind, LogEntry
from verify.tree import Frontier, leaf_hash

PAGE_ENTRIES: Final = 500
_DATA_SET: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """A page of the log, strictly decoded, with the rows that its entries tell of."""

    entries: Mapping[int, LogEntry]
    intents: Mapping[int, Intent]
    licences: Mapping[str, AuditedLicence]
    officials: Mapping[str, OfficialRecord]
    events: Mapping[int, AuditedEvent]
    recovered: frozenset[int]

    @property
    def unrecovered(self) -> Mapping[int, LogEntry]:
        """The entries whose rows were not lost with a restore."""
        return {index: entry for index, entry in self.entries.items() if index not in self.recovered}


class LeafAudit:
    """Walks through the log from its first entry, with the tree's right edge and one page in memory."""

    def __init__(self, database: Database, origin: str, receipts: ReceiptAudit) -> None:
        self._database = database
        self._origin = origin
        self._receipts = receipts
        self._findings = receipts.findings
        self.frontier = Frontier()
        self.last_at: datetime | None = None
        self._names: Mapping[int, str] = {}
        self._recovered: list[int] = []
        self._told: list[range] = []

    def walk(self, size: int, progress: Callable[[int], None]) -> None:
        """Judge all entries below this size; stop where one is missing, for no root can be made without it."""
        self._names = _names(self._database)
        for start in range(0, size, PAGE_ENTRIES):
            stop = min(start + PAGE_ENTRIES, size)
            with reading(self._database) as tx:
                stored = leaves.entries(tx, self._origin, start, stop)
                self._findings.count("entries", len(stored))
                if [each.index for each in stored] != list(range(start, stop)):
                    self._findings.demand(False, "audit.leaf_missing", index=start)
                    return
                self._grow(tx, stored)
                page = self._read(tx, stored, start, stop)
                for index, entry in page.entries.items():
                    self._judge(tx, index, entry, page)
                self._judge_rows(page)
                self._receipts.judge(tx, start, stop, page.unrecovered)
            progress(stop)
        for index in self._recovered:
            self._findings.demand(any(index in each for each in self._told), "audit.recovery_unlogged", index=index)

    def _grow(self, tx: Transaction, stored: Sequence[StoredEntry]) -> None:
        """Recompute leaf hashes and nodes from the entries' bytes alone, and compare what is stored."""
        hashes = [leaf_hash(each.entry) for each in stored]
        self.frontier, nodes = self.frontier.grow(hashes)
        for each, computed in zip(stored, hashes, strict=True):
            self._findings.demand(each.leaf_hash == computed, "audit.leaf_changed", index=each.index)
        inner = [node for node in nodes if node[0] > 0]
        kept = leaves.nodes(tx, self._origin, inner)
        for level, offset in inner:
            agrees = kept.get((level, offset)) == nodes[level, offset]
            self._findings.demand(agrees, "audit.node_changed", level=level, offset=offset)

    def _read(self, tx: Transaction, stored: Sequence[StoredEntry], start: int, stop: int) -> _Page:
        entries = {}
        for each in stored:
            entry = self._decode(each)
            if entry is not None:
                entries[each.index] = entry
        rows = leaves.all_intents(tx, self._origin, after=start - 1, limit=stop - start)
        intents = {row.leaf_index: row for row in rows if row.leaf_index < stop}
        filed = [row.licence_id for row in intents.values() if row.state is IntentState.FILED]
        states = [index for index, entry in entries.items() if entry.kind is EntryKind.STATE]
        return _Page(
            entries=entries,
            intents=intents,
            licences=audits.licences_by_id(tx, filed),
            officials=officials_by_id(tx, filed),
            events=audits.events_by_leaf(tx, states),
            recovered=frozenset(each.leaf_index for each in recovered(tx, self._origin, start=start, stop=stop)),
        )

    def _decode(self, stored: StoredEntry) -> LogEntry | None:
        try:
            entry = LogEntry.decode(stored.entry)
        except MalformedError:
            self._findings.demand(False, "audit.leaf_malformed", index=stored.index)
            return None
        self._findings.count(f"kind_{int(entry.kind)}")
        self._findings.demand(entry.digest == stored.digest, "audit.digest_changed", index=stored.index)
        in_order = self.last_at is None or entry.time >= self.last_at
        self._findings.demand(in_order, "audit.time_order", index=stored.index)
        self.last_at = entry.time
        return entry

    def _judge(self, tx: Transaction, index: int, entry: LogEntry, page: _Page) -> None:
        begins = self._names.get(index)
        is_genesis = begins is not None and entry.kind is EntryKind.GENESIS and (entry.detail or {}).get(1) == begins
        is_as_told = is_genesis or (begins is None and entry.kind is not EntryKind.GENESIS)
        self._findings.demand(is_as_told, "audit.genesis", index=index)
        if index in page.recovered:  # came back after a restore, and the rows that it tells of are lost
            self._findings.count("recovered")
            self._recovered.append(index)
            return
        match entry.kind:
            case EntryKind.INTENT:
                self._judge_intent(tx, index, entry, page)
            case EntryKind.STATE:
                self._judge_state(tx, index, entry, page.events.get(index))
            case EntryKind.KEY | EntryKind.ADMIN:
                self._findings.demand(_record(tx, entry) is not None, "audit.record_missing", index=index)
                if entry.detail == {1: RECOVERED}:
                    self._told.append(_recovered_range(tx, entry, self._names.values(), index))
            case EntryKind.ABANDONED:
                self._judge_abandoned(tx, index, entry)
            case _:
                pass

    def _judge_intent(self, tx: Transaction, index: int, entry: LogEntry, page: _Page) -> None:
        detail, row = entry.detail or {}, page.intents.get(index)
        self._findings.count(f"intents_{detail[1]}")
        if row is None:
            is_licence = _DATA_SET in detail or detail[1] in {KeyPurpose.CODE.value, KeyPurpose.DOCUMENT.value}
            is_known = is_sealing_known(tx, index, entry)
            is_known = is_known and (not is_licence or is_certificate_request(_record(tx, entry) or b""))
            self._findings.demand(is_known, "audit.intent_unknown", index=index)
            return
        self._findings.demand(row.purpose == detail[1], "audit.intent_purpose", index=index)
        self._findings.count(f"intents_{row.state.value}")
        if row.state is IntentState.FILED:
            licence, official = page.licences.get(row.licence_id), page.officials.get(row.licence_id)
            agrees = licence is not None and _is_intent_of(licence, index, detail)
            agrees = agrees or (official is not None and official.leaf == index and _DATA_SET not in detail)
            self._findings.demand(agrees, "audit.intent_licence", index=index, licence_id=row.licence_id)
        elif row.state is IntentState.ABANDONED:
            digest = sha256(entry.encode()).digest()
            waits = audits.pending_digests(tx, (digest,))
            logged = leaves.find_by_digest(tx, self._origin, digest, EntryKind.ABANDONED) is not None
            self._findings.demand(logged or bool(waits), "audit.abandoned_unlogged", index=index)

    def _judge_state(self, tx: Transaction, index: int, entry: LogEntry, event: AuditedEvent | None) -> None:
        """Compare the entry of an act with the act; a destroyed record leaves the entry without a proof, as meant."""
        if (entry.detail or {}).get(1) in WORDS:
            judge_seal_entry(tx, index, entry, self._findings)
            return
        if event is None:
            self._findings.demand(False, "audit.event_unknown", index=index)
            return
        fits = event.record is None or sha256(event.record).digest() == entry.digest
        same = entry.detail == {1: "licence", 2: event.event.value}
        self._findings.demand(fits and same, "audit.event_leaf", index=index, licence_id=event.licence_id)

    def _judge_abandoned(self, tx: Transaction, index: int, entry: LogEntry) -> None:
        target = entry.detail[1] if entry.detail else None
        named = target if isinstance(target, int) else -1
        leaf = leaves.entries_at(tx, self._origin, (named,)).get(named)
        rows = leaves.all_intents(tx, self._origin, after=named - 1, limit=1)
        is_abandoned = bool(rows) and rows[0].leaf_index == named and rows[0].state is IntentState.ABANDONED
        agrees = leaf is not None and sha256(leaf).digest() == entry.digest and is_abandoned
        self._findings.demand(agrees, "audit.abandoned_leaf", index=index)

    def _judge_rows(self, page: _Page) -> None:
        """See that each intent's row in this range has its leaf, of the right kind."""
        for index, row in page.intents.items():
            entry = page.entries.get(index)
            agrees = entry is not None and entry.kind is EntryKind.INTENT
            self._findings.demand(agrees, "audit.intent_leaf", index=index, licence_id=row.licence_id)


def _names(database: Database) -> Mapping[int, str]:
    """Return the names that the log had, each by the index at which it begins."""
    with reading(database) as tx:
        heads = leaves.all_heads(tx)
    starts = (0, *(each.size for each in heads if each.is_closed))
    return dict(zip(starts, (each.origin for each in heads), strict=False))


def _recovered_range(tx: Transaction, entry: LogEntry, names: Collection[str], index: int) -> range:
    """Return which leaves a recovery brought back, as the record behind its entry tells; they stand before it."""
    content = _record(tx, entry)
    record = None if content is None else cbor.decode(content, bytes_max=len(content))
    match record:
        case {"event": event, "log": str(log), "first": int(first), "size": int(size)} if event == RECOVERED:
            return range(first, min(size, index)) if log in names else range(0)
        case _:
            return range(0)


def _is_intent_of(licence: AuditedLicence, index: int, detail: Mapping[int, object]) -> bool:
    return (detail[1], index) in licence.intents and detail.get(_DATA_SET) == sha256(licence.data_set).digest()


def _record(tx: Transaction, entry: LogEntry) -> bytes | None:
    """Return the record behind an entry, if it is the one whose digest was logged."""
    record = log_records.find(tx, entry.digest)
    return record if record is not None and sha256(record).digest() == entry.digest else None
