"""Official documents: prepared, approved where their grant demands it, sealed; or given up.

Promises:
  * States go one way: ``prepared`` → ``sealing`` → ``sealed``, and from the first two to ``abandoned``. What was given
    up is prepared anew, with another id, for an intent is never signed twice.
  * Approving and sealing name the digest of the prepared bytes; with another one nothing happens.
  * A document is filed only while its intent and its seal use stand, in one transaction with both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import RowMapping, insert, select, update

from registry.db import Transaction
from registry.errors import IntentAbandonedError
from registry.official_errors import (
    OfficialDigestError,
    OfficialSamePersonError,
    OfficialStateError,
    UnknownOfficialDocumentError,
)
from registry.records import IntentState
from registry.seal_lifecycle import UseState
from registry.tables import DEPARTMENT, INTENT, OFFICIAL_DOCUMENT, SEAL_USE
from verify.evidence import OfficialAnswer

if TYPE_CHECKING:
    from verify.official_examine import VerifiedOfficial

PAGE_MAX: Final = 200
AUDITED_MAX: Final = 500


class OfficialState(StrEnum):
    """States of an official document."""

    PREPARED = "prepared"
    SEALING = "sealing"
    SEALED = "sealed"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialRecord:
    """One official document. ``layout`` is JSON: where seals stand, and where the room for what is signed is."""

    document_id: str
    department: str
    form: str
    title: str = field(repr=False)
    state: OfficialState
    grant_id: str
    seal_code: str
    seal_version: int
    item_code: str | None
    upload_digest: str
    prepared_digest: str
    pages: int
    layout: str
    prepared_by: str = field(repr=False)
    prepared_at: datetime
    approved_by: str | None = field(default=None, repr=False)
    approved_at: datetime | None = None
    use_id: str | None = None
    sealed_at: datetime | None = None
    document_digest: str | None = None
    leaf: int | None = None
    etag: int = 1


_COLUMNS: Final = tuple(OFFICIAL_DOCUMENT.c[each.name] for each in fields(OfficialRecord))


def add_prepared(tx: Transaction, record: OfficialRecord) -> None:
    """Save a document whose bytes lie in the vault and wait to be looked at."""
    values = {each.name: getattr(record, each.name) for each in fields(OfficialRecord)}
    tx.execute(insert(OFFICIAL_DOCUMENT).values({**values, "state": record.state.value}))


def find_official(tx: Transaction, document_id: str) -> OfficialRecord | None:
    """Return one document."""
    query = select(*_COLUMNS).where(OFFICIAL_DOCUMENT.c.document_id == document_id)
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else _record(row)


def demand_official(tx: Transaction, document_id: str) -> OfficialRecord:
    """Return one document. Raises ``UnknownOfficialDocumentError``."""
    record = find_official(tx, document_id)
    if record is None:
        raise UnknownOfficialDocumentError
    return record


def list_officials(
    tx: Transaction, department: str, *, before: str | None = None, limit: int = 50
) -> tuple[OfficialRecord, ...]:
    """Return a page of a department's documents, newest first; the next one is before the last id."""
    table = OFFICIAL_DOCUMENT.c
    query = select(*_COLUMNS).where(table.department == department)
    if before is not None:
        last = find_official(tx, before)
        if last is None or last.department != department:
            return ()
        is_older = table.prepared_at < last.prepared_at
        query = query.where(is_older | ((table.prepared_at == last.prepared_at) & (table.document_id < before)))
    query = query.order_by(table.prepared_at.desc(), table.document_id.desc()).limit(min(limit, PAGE_MAX))
    return tuple(_record(row) for row in tx.execute(query).mappings())


def approve_official(tx: Transaction, document_id: str, *, digest: str, person: str, at: datetime) -> OfficialRecord:
    """Write down that another person looked at these very bytes and lets them be sealed.

    Raises ``UnknownOfficialDocumentError``, ``OfficialStateError``, ``OfficialDigestError`` and
    ``OfficialSamePersonError``.
    """
    record = _locked(tx, document_id, digest=digest)
    if record.prepared_by == person:
        raise OfficialSamePersonError
    _save(tx, document_id, {"approved_by": person, "approved_at": at})
    return demand_official(tx, document_id)


def lock_for_sealing(tx: Transaction, document_id: str, *, digest: str) -> OfficialRecord:
    """Lock a prepared document whose bytes are these. Raises as ``approve_official`` does."""
    return _locked(tx, document_id, digest=digest)


def begin_sealing(tx: Transaction, document_id: str, *, use_id: str) -> None:
    """Move a locked document on, with the use of the seal that was taken for it."""
    _save(tx, document_id, {"state": OfficialState.SEALING.value, "use_id": use_id})


def file_official(tx: Transaction, document: "VerifiedOfficial", *, at: datetime) -> OfficialRecord:
    """File a sealed document. Raises ``IntentAbandonedError`` when recovery gave it up meanwhile."""
    document_id = document.document_id
    mine = (INTENT.c.licence_id == document_id, INTENT.c.leaf_index == document.leaf)
    is_open = INTENT.c.state == IntentState.OPEN.value
    taken = tx.execute(update(INTENT).where(*mine, is_open).values(state=IntentState.FILED.value))
    query = select(OFFICIAL_DOCUMENT.c.state).where(OFFICIAL_DOCUMENT.c.document_id == document_id).with_for_update()
    if taken.rowcount != 1 or tx.execute(query).scalar_one_or_none() != OfficialState.SEALING.value:
        raise IntentAbandonedError
    filed = {"leaf": document.leaf, "document_digest": document.digest, "sealed_at": at}
    _save(tx, document_id, {**filed, "state": OfficialState.SEALED.value})
    return demand_official(tx, document_id)


def abandon_stranded(tx: Transaction) -> int:
    """Give up documents whose seal use was given up while they were being sealed; return how many."""
    table = OFFICIAL_DOCUMENT.c
    gone = select(SEAL_USE.c.use_id).where(
        SEAL_USE.c.use_id == table.use_id, SEAL_USE.c.state == UseState.ABANDONED.value
    )
    stranded = update(OFFICIAL_DOCUMENT).where(table.state == OfficialState.SEALING.value, gone.exists())
    count: int = tx.execute(stranded.values(state=OfficialState.ABANDONED.value, etag=table.etag + 1)).rowcount
    return count


def abandon_prepared(tx: Transaction, *, before: datetime) -> int:
    """Give up documents that were prepared before this moment and never sealed; return how many."""
    table = OFFICIAL_DOCUMENT.c
    old = update(OFFICIAL_DOCUMENT).where(table.state == OfficialState.PREPARED.value, table.prepared_at < before)
    count: int = tx.execute(old.values(state=OfficialState.ABANDONED.value, etag=table.etag + 1)).rowcount
    return count


def named_officials(tx: Transaction, digests: Sequence[str]) -> frozenset[str]:
    """Return which of these digests belong to sealed documents, or to bytes that wait to be sealed."""
    table = OFFICIAL_DOCUMENT.c
    waiting = (OfficialState.PREPARED.value, OfficialState.SEALING.value)
    sealed = select(table.document_digest).where(table.document_digest.in_(digests))
    prepared = select(table.prepared_digest).where(table.prepared_digest.in_(digests), table.state.in_(waiting))
    return frozenset(tx.execute(sealed.union(prepared)).scalars())


def officials_by_id(tx: Transaction, document_ids: Sequence[str]) -> dict[str, OfficialRecord]:
    """Return the documents of these ids; at most some hundred at once."""
    query = select(*_COLUMNS).where(OFFICIAL_DOCUMENT.c.document_id.in_(document_ids))
    return {row["document_id"]: _record(row) for row in tx.execute(query).mappings()}


def audited_officials(tx: Transaction, *, after: str, limit: int = AUDITED_MAX) -> tuple[OfficialRecord, ...]:
    """Return documents that were sealed, or bear what only a sealed one has; begin with an empty id."""
    table = OFFICIAL_DOCUMENT.c
    is_sealed = table.state == OfficialState.SEALED.value
    bears = is_sealed | table.leaf.is_not(None) | table.document_digest.is_not(None) | table.sealed_at.is_not(None)
    query = select(*_COLUMNS).where(table.document_id > after, bears).order_by(table.document_id).limit(limit)
    return tuple(_record(row) for row in tx.execute(query).mappings())


def public_official(tx: Transaction, document_id: str) -> OfficialAnswer | None:
    """Return what everybody may know of a sealed document; of one that is not sealed nobody knows."""
    table = OFFICIAL_DOCUMENT.c
    query = (
        select(
            table.document_id,
            table.department.label("issuer"),
            DEPARTMENT.c.name.label("issuer_name"),
            DEPARTMENT.c.name_en.label("issuer_name_en"),
            table.seal_code,
            table.sealed_at,
            table.document_digest,
            table.leaf,
        )
        .join_from(OFFICIAL_DOCUMENT, DEPARTMENT, DEPARTMENT.c.uscc == table.department)
        .where(table.document_id == document_id, table.state == OfficialState.SEALED.value)
    )
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else OfficialAnswer(**row)


def _locked(tx: Transaction, document_id: str, *, digest: str) -> OfficialRecord:
    query = select(*_COLUMNS).where(OFFICIAL_DOCUMENT.c.document_id == document_id).with_for_update()
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        raise UnknownOfficialDocumentError
    record = _record(row)
    if record.state is not OfficialState.PREPARED:
        raise OfficialStateError(params={"state": record.state.value})
    if record.prepared_digest != digest:
        raise OfficialDigestError
    return record


def _save(tx: Transaction, document_id: str, values: dict[str, Any]) -> None:
    mine = update(OFFICIAL_DOCUMENT).where(OFFICIAL_DOCUMENT.c.document_id == document_id)
    tx.execute(mine.values({**values, "etag": OFFICIAL_DOCUMENT.c.etag + 1}))


def _record(row: RowMapping) -> OfficialRecord:
    values: dict[str, Any] = dict(row)
    return OfficialRecord(**{**values, "state": OfficialState(values["state"])})
