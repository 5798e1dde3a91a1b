"""What an auditor's file of records tells of the rows behind a range of leaves, and what the registry counts of them.

Promises:
  * Read only; a page is a handful of queries by a key. No holder's name, number or address is read but to be digested.
  * Intents, as entries, are numbered in their own log; all other leaves as rows have them, through all logs.
  * Totals count what the registry has, by its own rows and not by the log's; what only a larger log has is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Row, Select, func, select

from registry.db import Transaction
from registry.leaves import LogHead
from registry.official_documents import OfficialState
from registry.records import IntentState
from registry.seal_lifecycle import UseState
from registry.tables import (
    DRAFT,
    EVENT,
    INTENT,
    LICENCE,
    LOG_ENTRY,
    LOG_PENDING,
    LOG_RECORD,
    OFFICIAL_DOCUMENT,
    PLACE,
    SEAL,
    SEAL_EVENT,
    SEAL_USE,
    VERIFICATION_RECEIPT,
)
from verify.key_purpose import KeyPurpose


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationFacts:
    """Who applied for what, in an office: by ids of persons, which the caller hides."""

    draft_id: str
    state: str
    at: datetime
    author: str = field(repr=False)
    reviewer: str | None = field(repr=False)
    item_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceFacts:
    """A filed licence, as one of its intents leads to it; ``signed`` is the digest of the code, or of a body."""

    issuer: str
    type_code: str
    data_set: bytes
    signed: bytes
    application: ApplicationFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialFacts:
    """A sealed official document."""

    department: str
    at: datetime
    author: str = field(repr=False)
    approver: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentFacts:
    """What became of an intent."""

    state: IntentState
    attempt: str
    licence: LicenceFacts | None
    official: OfficialFacts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """An act on a licence; the record is None when it was destroyed. ``place`` is that in the status list."""

    event: str
    issuer: str
    place: tuple[int, int]
    record: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealEventFacts:
    """An act on a seal or a grant."""

    record: bytes = field(repr=False)
    person: str = field(repr=False)
    has_reason: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UseFacts:
    """A filed use of a seal."""

    record: bytes = field(repr=False)
    person: str = field(repr=False)
    second: str | None = field(repr=False)


_INTENT_COLUMNS: Final = (
    INTENT.c.leaf_index,
    INTENT.c.licence_id,
    INTENT.c.purpose,
    INTENT.c.state,
    LICENCE.c.issuer,
    LICENCE.c.type_code,
    LICENCE.c.data_set,
    LICENCE.c.token_digest,
    LICENCE.c.document_digest,
    LICENCE.c.ofd_digest,
    LICENCE.c.code_leaf,
    LICENCE.c.document_leaf,
    LICENCE.c.ofd_leaf,
    DRAFT.c.draft_id,
    DRAFT.c.state.label("draft_state"),
    DRAFT.c.licence_id.label("draft_licence"),
    DRAFT.c.created_at,
    DRAFT.c.created_by,
    DRAFT.c.reviewed_by,
    DRAFT.c.item_code,
    OFFICIAL_DOCUMENT.c.department,
    OFFICIAL_DOCUMENT.c.leaf.label("official_leaf"),
    OFFICIAL_DOCUMENT.c.prepared_at,
    OFFICIAL_DOCUMENT.c.prepared_by,
    OFFICIAL_DOCUMENT.c.approved_by,
)


def intents(tx: Transaction, head: LogHead, first: int, end: int) -> dict[int, IntentFacts]:
    """Return the intents of a range of leaves with the licences and documents that they led to."""
    of_licence = INTENT.outerjoin(LICENCE, LICENCE.c.licence_id == INTENT.c.licence_id)
    joined = of_licence.outerjoin(DRAFT, DRAFT.c.draft_id == LICENCE.c.draft_id)
    both = joined.outerjoin(OFFICIAL_DOCUMENT, OFFICIAL_DOCUMENT.c.document_id == INTENT.c.licence_id)
    here = (INTENT.c.log == head.log, INTENT.c.leaf_index >= first, INTENT.c.leaf_index < end)
    return {row.leaf_index: _intent(row) for row in tx.execute(select(*_INTENT_COLUMNS).select_from(both).where(*here))}


def events(tx: Transaction, first: int, end: int) -> dict[int, EventFacts]:
    """Return the acts on licences of a range of leaves."""
    joined = EVENT.join(LICENCE, LICENCE.c.licence_id == EVENT.c.licence_id)
    joined = joined.join(PLACE, PLACE.c.licence_id == EVENT.c.licence_id)
    columns = (EVENT.c.leaf_index, EVENT.c.event, LICENCE.c.issuer, EVENT.c.record)
    query = select(*columns, PLACE.c.status_list, PLACE.c.status_index).select_from(joined)
    rows = tx.execute(query.where(EVENT.c.leaf_index >= first, EVENT.c.leaf_index < end))
    return {
        row.leaf_index: EventFacts(
            event=row.event, issuer=row.issuer, place=(row.status_list, row.status_index), record=row.record
        )
        for row in rows
    }


def seal_events(tx: Transaction, digests: Sequence[bytes]) -> dict[bytes, SealEventFacts]:
    """Return acts on seals and grants by the digests that the log has; at most some hundred at once."""
    columns = (SEAL_EVENT.c.digest, SEAL_EVENT.c.record, SEAL_EVENT.c.person, SEAL_EVENT.c.reason)
    rows = tx.execute(select(*columns).where(SEAL_EVENT.c.digest.in_(digests)))
    return {
        row.digest: SealEventFacts(record=row.record, person=row.person, has_reason=bool(row.reason.strip()))
        for row in rows
    }


def uses(tx: Transaction, filings: Sequence[bytes]) -> dict[bytes, tuple[UseFacts, ...]]:
    """Return uses by the digests of the lists in which they were filed; at most some hundred lists at once."""
    columns = (SEAL_USE.c.filing, SEAL_USE.c.record, SEAL_USE.c.person, SEAL_USE.c.second_person)
    query = select(*columns).where(SEAL_USE.c.filing.in_(filings)).order_by(SEAL_USE.c.use_id)
    found: dict[bytes, list[UseFacts]] = {}
    for row in tx.execute(query):
        use = UseFacts(record=row.record or b"", person=row.person, second=row.second_person)
        found.setdefault(row.filing, []).append(use)
    return {filing: tuple(each) for filing, each in found.items()}


def log_records(tx: Transaction, digests: Sequence[bytes]) -> dict[bytes, bytes]:
    """Return the records behind entries, by their digests; at most some hundred at once."""
    rows = tx.execute(select(LOG_RECORD.c.digest, LOG_RECORD.c.record).where(LOG_RECORD.c.digest.in_(digests)))
    return {row.digest: row.record for row in rows}


def receipts(tx: Transaction, first: int, end: int) -> dict[int, str]:
    """Return the offices of the receipts of a range of leaves."""
    here = (VERIFICATION_RECEIPT.c.leaf >= first, VERIFICATION_RECEIPT.c.leaf < end)
    rows = tx.execute(select(VERIFICATION_RECEIPT.c.leaf, VERIFICATION_RECEIPT.c.office).where(*here))
    return {row.leaf: row.office for row in rows}


def waiting(tx: Transaction) -> tuple[tuple[str, datetime], ...]:
    """Return what the log does not have yet, and since when: entries that wait, and acts that never left one."""
    pending = tx.execute(select(LOG_PENDING.c.kind, LOG_PENDING.c.created_at).order_by(LOG_PENDING.c.pending_id))
    left = LOG_PENDING.c.event_id == EVENT.c.event_id
    lost = select(EVENT.c.event, EVENT.c.happened_at).where(
        EVENT.c.leaf_index.is_(None), ~select(1).where(left).exists()
    )
    acts = tx.execute(lost.order_by(EVENT.c.event_id))
    return (
        *((f"entry {row.kind}", row.created_at) for row in pending),
        *((row.event, row.happened_at) for row in acts),
    )


def totals(tx: Transaction, head: LogHead) -> dict[str, int]:
    """Return how many rows there are whose leaves must stand in this log, below its size."""
    is_behind = (INTENT.c.log == head.log) & (INTENT.c.leaf_index >= head.size)
    later = select(1).where(is_behind | (INTENT.c.log > head.log))
    licence_later = later.where(INTENT.c.licence_id == LICENCE.c.licence_id, INTENT.c.purpose == KeyPurpose.CODE.value)
    official_later = later.where(INTENT.c.licence_id == OFFICIAL_DOCUMENT.c.document_id)
    filed = SEAL_USE.c.state == UseState.FILED.value
    return {
        "licences": _count(
            tx,
            select(func.count()).select_from(LICENCE).where(~licence_later.exists()),
        ),
        "events": _count(
            tx, select(func.count()).select_from(EVENT).where(*_between(EVENT.c.leaf_index, 0, head.size))
        ),
        "seal_events": _count(
            tx, select(func.count()).select_from(SEAL_EVENT).where(~_is_elsewhere(head, SEAL_EVENT.c.digest))
        ),
        "seal_uses": _count(
            tx, select(func.count()).select_from(SEAL_USE).where(filed, ~_is_elsewhere(head, SEAL_USE.c.filing))
        ),
        "officials": _count(
            tx,
            select(func.count())
            .select_from(OFFICIAL_DOCUMENT)
            .where(
                OFFICIAL_DOCUMENT.c.state == OfficialState.SEALED.value,
                ~official_later.exists(),
            ),
        ),
    }


def department_counts(tx: Transaction, head: LogHead, first: int, end: int) -> Mapping[str, Mapping[str, int]]:
    """Return for each department what its rows of a range of leaves are: licences, changes, seal uses, documents."""
    leaves = (first, end)
    changed = EVENT.join(LICENCE, LICENCE.c.licence_id == EVENT.c.licence_id)
    seal_changed = SEAL_EVENT.join(SEAL, SEAL.c.code == SEAL_EVENT.c.code)
    here = (LOG_ENTRY.c.log == head.log, LOG_ENTRY.c.idx >= first, LOG_ENTRY.c.idx < end)
    queries: tuple[tuple[str, Select[Any]], ...] = (
        ("licences", _grouped(LICENCE.c.issuer, LICENCE).where(*_between(LICENCE.c.code_leaf, *leaves))),
        ("changes", _grouped(LICENCE.c.issuer, changed).where(*_between(EVENT.c.leaf_index, *leaves))),
        (
            "changes",
            _grouped(SEAL.c.owner, seal_changed.join(LOG_ENTRY, LOG_ENTRY.c.digest == SEAL_EVENT.c.digest)).where(
                *here
            ),
        ),
        (
            "seal_uses",
            _grouped(SEAL_USE.c.office, SEAL_USE.join(LOG_ENTRY, LOG_ENTRY.c.digest == SEAL_USE.c.filing)).where(*here),
        ),
        (
            "documents",
            _grouped(OFFICIAL_DOCUMENT.c.department, OFFICIAL_DOCUMENT).where(
                *_between(OFFICIAL_DOCUMENT.c.leaf, *leaves)
            ),
        ),
    )
    counts: dict[str, dict[str, int]] = {}
    for what, query in queries:
        for row in tx.execute(query):
            of = counts.setdefault(row.department, {})
            of[what] = of.get(what, 0) + int(row.number)
    return counts


def _grouped(department: Any, rows: Any) -> Select[Any]:  # noqa: ANN401 - expressions of SQLAlchemy
    labels = (department.label("department"), func.count().label("number"))
    return select(*labels).select_from(rows).group_by(department)


def _between(leaf: Any, first: int, end: int) -> tuple[Any, Any]:  # noqa: ANN401 - expressions of SQLAlchemy
    return leaf >= first, leaf < end


def _is_elsewhere(head: LogHead, digest: Any) -> Any:  # noqa: ANN401 - expressions of SQLAlchemy
    """Say whether a digest waits for the log, or has its entry behind this size or in another log."""
    outside = (LOG_ENTRY.c.log != head.log) | (LOG_ENTRY.c.idx >= head.size)
    logged = select(1).where(LOG_ENTRY.c.digest == digest, outside)
    return logged.exists() | select(1).where(LOG_PENDING.c.digest == digest).exists()


def _count(tx: Transaction, query: Select[Any]) -> int:
    count: int = tx.execute(query).scalar_one()
    return count


def _intent(row: Row[Any]) -> IntentFacts:
    state = IntentState(row.state)
    is_filed = state is IntentState.FILED
    is_official = is_filed and row.official_leaf == row.leaf_index
    official = OfficialFacts(
        department=row.department, at=row.prepared_at, author=row.prepared_by, approver=row.approved_by
    ) if is_official else None  # fmt: skip
    return IntentFacts(
        state=state,
        attempt=row.licence_id,
        licence=_licence(row) if is_filed and row.issuer is not None else None,
        official=official,
    )


def _licence(row: Row[Any]) -> LicenceFacts | None:
    """Return the licence, when it names this very leaf for this purpose."""
    signed = {
        (KeyPurpose.CODE.value, row.code_leaf): row.token_digest,
        (KeyPurpose.DOCUMENT.value, row.document_leaf): bytes.fromhex(row.document_digest),
        (KeyPurpose.SEAL.value, row.ofd_leaf): bytes.fromhex(row.ofd_digest or ""),
    }.get((row.purpose, row.leaf_index))
    if signed is None:
        return None
    return LicenceFacts(
        issuer=row.issuer,
        type_code=row.type_code,
        data_set=sha256(row.data_set).digest(),
        signed=signed,
        application=ApplicationFacts(
            draft_id=row.draft_id,
            state=row.draft_state if row.draft_licence == row.licence_id else "other",
            at=row.created_at,
            author=row.created_by,
            reviewer=row.reviewed_by,
            item_code=row.item_code,
        ),
    )
