"""Filed licences: file them, find them, list an office's.

Promises:
  * Only a ``VerifiedLicence`` is filed, which only ``verify.examine.accept`` makes; only while its intents are open.
  * A chunk is filed whole or not at all, in a fixed number of statements (but for those that replace another one).
  * Filing ends the draft, the intents and the replaced version in the same transaction.
  * Lists go by a key, not by an offset: page a thousand costs what page one costs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import RowMapping, Select, bindparam, insert, select, update

from registry.db import Transaction
from registry.drafts import find_draft
from registry.errors import DraftStateError, IntentAbandonedError, NotAllowedError, NotLatestVersionError
from registry.events import (
    EVENT_COLUMNS,
    Act,
    due_reinstatements,
    event_record,
    events_of,
    overdue_papers,
    record_event,
    record_of_event,
    supersede,
)
from registry.lifecycle import LicenceEvent, LicenceState
from registry.public_answers import public_answer
from registry.records import DraftRecord, DraftState, IntentState, LicenceRecord, LicenceSummary, Place
from registry.tables import DRAFT, EVENT, INTENT, LICENCE, LICENCE_TYPE, LONG_TERM
from verify.licence import ISSUER_ZONE, HolderKind

if TYPE_CHECKING:
    from verify.examine import VerifiedLicence

__all__ = [
    "Act",
    "Filing",
    "draft_of",
    "due_reinstatements",
    "events_of",
    "file_licence",
    "file_licences",
    "find_licence",
    "find_licences_of_holder",
    "list_licences",
    "named_documents",
    "overdue_papers",
    "public_answer",
    "record_event",
    "record_of_event",
]

PAGE_MAX: Final = 200
_PLAIN: Final = (
    "licence_id",
    "identifier",
    "lineage",
    "version",
    "type_code",
    "type_version",
    "number",
    "issuer",
    "holder_name",
    "holder_code",
    "holder_code_type",
    "item_code",
    "change_kind",
    "valid_from",
    "valid_until",
    "papers_due",
    "suspended_until",
    "status_list",
    "status_index",
    "issued_at",
    "token_text",
    "document_digest",
    "ofd_digest",
    "data_set",
    "code_leaf",
    "document_leaf",
    "ofd_leaf",
    "replaces",
    "superseded_by",
    "etag",
)
_COLUMNS: Final = (*(LICENCE.c[name] for name in _PLAIN), LICENCE.c.holder_kind, LICENCE.c.state)
_LAST_EVENT: Final = tuple(column.label(f"last_{column.name}") for column in EVENT_COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """A checked licence with the place and draft that it was made from, and the log index of its code's intent."""

    licence: "VerifiedLicence"
    place: Place
    draft: DraftRecord
    code_leaf: int

    @property
    def leaves(self) -> tuple[int, ...]:
        """The log indexes of the intents of its code and of its bodies."""
        return (self.code_leaf, *(each.leaf for each in self.licence.documents))


def file_licence(
    tx: Transaction, filing: Filing, *, operator_role: str, at: datetime, random: Callable[[int], bytes]
) -> LicenceRecord:
    """File one licence: a chunk of one."""
    return file_licences(tx, (filing,), operator_role=operator_role, at=at, random=random)[0]


def file_licences(
    tx: Transaction, filings: Sequence[Filing], *, operator_role: str, at: datetime, random: Callable[[int], bytes]
) -> tuple[LicenceRecord, ...]:
    """File a chunk of licences and return their records in the same order.

    1. Take the intents: each must still be open. 2. Take the drafts: each must be reserved. 3. Write the licences.
    4. Supersede what they replace.

    Raises ``IntentAbandonedError``, ``DraftStateError``, ``NotLatestVersionError``, each with the draft's id; the
    caller leaves that one out and files the others in a new transaction. Salts are taken from ``random``.
    """
    if not filings:
        return ()
    _take_intents(tx, filings)  # (1)
    versions = _take_drafts(tx, filings)  # (2)
    rows = [
        _row(filing, type_version=versions[filing.draft.draft_id], operator_role=operator_role, at=at)
        for filing in filings
    ]
    tx.execute(insert(LICENCE), rows)  # (3)
    for filing in filings:
        if filing.draft.draft.replaces is not None:
            _supersede(tx, filing, operator_role=operator_role, at=at, random=random)  # (4)
    return tuple(_filed(row) for row in rows)


def find_licence(tx: Transaction, licence_id: str) -> LicenceRecord | None:
    """Return one licence version with its last event."""
    row = tx.execute(_licences().where(LICENCE.c.licence_id == licence_id)).mappings().one_or_none()
    return None if row is None else _record(row)


def find_licences_of_holder(tx: Transaction, holder_code: str, *, limit: int = 50) -> tuple[LicenceRecord, ...]:
    """Return the licences of one holder, newest first; only for callers who may know all of them."""
    query = _licences().where(LICENCE.c.holder_code == holder_code).order_by(LICENCE.c.document_leaf.desc())
    return tuple(_record(row) for row in tx.execute(query.limit(min(limit, PAGE_MAX))).mappings())


def draft_of(tx: Transaction, licence_id: str) -> DraftRecord | None:
    """Return the draft that a licence version was issued from; a renewal or a change begins with it."""
    draft_id = tx.execute(select(LICENCE.c.draft_id).where(LICENCE.c.licence_id == licence_id)).scalar_one_or_none()
    return None if draft_id is None else find_draft(tx, draft_id)


def named_documents(tx: Transaction, digests: Sequence[str]) -> frozenset[str]:
    """Return which of these digests belong to documents that some row names."""
    filed = select(LICENCE.c.document_digest).where(LICENCE.c.document_digest.in_(digests))
    second = select(LICENCE.c.ofd_digest).where(LICENCE.c.ofd_digest.in_(digests))
    sealed = select(LONG_TERM.c.document_digest).where(LONG_TERM.c.document_digest.in_(digests))
    return frozenset(tx.execute(filed.union(second, sealed)).scalars())


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which licences of a department to list; ``number`` must fit whole."""

    department: str
    type_code: str | None = None
    state: LicenceState | None = None
    number: str | None = None


def list_licences(
    tx: Transaction, wanted: Wanted, *, cursor: int | None = None, limit: int = 50
) -> tuple[LicenceSummary, ...]:
    """Return a page of a department's licences, newest first; the next page begins at the last one's cursor."""
    columns = [LICENCE.c[name] for name in LicenceSummary.__slots__ if name in LICENCE.c]
    names = (LICENCE_TYPE.c.name.label("type_name"), LICENCE_TYPE.c.name_en.label("type_name_en"))
    same_type = (LICENCE_TYPE.c.code == LICENCE.c.type_code) & (LICENCE_TYPE.c.version == LICENCE.c.type_version)
    query = select(LICENCE.c.document_leaf.label("cursor"), *columns, *names).join_from(
        LICENCE, LICENCE_TYPE, same_type
    )
    query = query.where(LICENCE.c.issuer == wanted.department)
    if wanted.type_code is not None:
        query = query.where(LICENCE.c.type_code == wanted.type_code)
    if wanted.state is not None:
        query = query.where(LICENCE.c.state == wanted.state.value)
    if wanted.number is not None:
        query = query.where(LICENCE.c.number == wanted.number)
    if cursor is not None:
        query = query.where(LICENCE.c.document_leaf < cursor)
    query = query.order_by(LICENCE.c.document_leaf.desc()).limit(min(limit, PAGE_MAX))
    return tuple(_summary(row) for row in tx.execute(query).mappings())


def _licences() -> Select[Any]:
    return select(*_COLUMNS, *_LAST_EVENT).select_from(
        LICENCE.outerjoin(EVENT, EVENT.c.event_id == LICENCE.c.last_event)
    )


def _take_intents(tx: Transaction, filings: Sequence[Filing]) -> None:
    ids = [filing.place.licence_id for filing in filings]
    mine = update(INTENT).where(INTENT.c.licence_id.in_(ids), INTENT.c.state == IntentState.OPEN.value)
    taken = tx.execute(mine.values(state=IntentState.FILED.value).returning(INTENT.c.licence_id, INTENT.c.leaf_index))
    found = {(row.licence_id, row.leaf_index) for row in taken}
    for filing in filings:
        mine_too = {(filing.place.licence_id, leaf) for leaf in filing.leaves}
        if not mine_too <= found:
            raise IntentAbandonedError(params={"draft_id": filing.draft.draft_id})


def _take_drafts(tx: Transaction, filings: Sequence[Filing]) -> dict[str, int]:
    ids = [filing.draft.draft_id for filing in filings]
    query = select(DRAFT.c.draft_id, DRAFT.c.state, DRAFT.c.type_version).where(DRAFT.c.draft_id.in_(ids))
    rows = {row.draft_id: row for row in tx.execute(query.order_by(DRAFT.c.draft_id).with_for_update())}
    for draft_id in ids:
        if draft_id not in rows or rows[draft_id].state != DraftState.RESERVED.value:
            raise DraftStateError(params={"draft_id": draft_id})
    filed = update(DRAFT).where(DRAFT.c.draft_id == bindparam("of_draft"))
    tx.execute(
        filed.values(state=DraftState.FILED.value, licence_id=bindparam("as_licence")),
        [{"of_draft": filing.draft.draft_id, "as_licence": filing.place.licence_id} for filing in filings],
    )
    return {draft_id: row.type_version for draft_id, row in rows.items()}


def _supersede(
    tx: Transaction, filing: Filing, *, operator_role: str, at: datetime, random: Callable[[int], bytes]
) -> None:
    draft = filing.draft.draft
    act = Act(
        event=LicenceEvent.SUPERSEDE,
        effective_on=at.astimezone(ISSUER_ZONE).date(),
        reason=draft.change_kind,
        legal_basis="",
        reference=filing.place.identifier,
        operator_role=operator_role,
    )
    try:
        supersede(tx, draft.replaces or "", act, by=filing.place.licence_id, at=at, random=random)
    except NotAllowedError as error:
        raise NotLatestVersionError(params={"draft_id": filing.draft.draft_id}) from error


def _row(filing: Filing, *, type_version: int, operator_role: str, at: datetime) -> dict[str, Any]:
    licence, place, draft = filing.licence, filing.place, filing.draft.draft
    first = licence.documents[0]
    ofd = next((each for each in licence.documents if each.form == "ofd"), None)
    return {
        "licence_id": place.licence_id,
        "draft_id": place.draft_id,
        "identifier": place.identifier,
        "lineage": place.lineage,
        "version": place.version,
        "type_code": draft.type_code,
        "type_version": type_version,
        "number": place.number,
        "issuer": draft.issuer,
        "holder_name": draft.holder_name,
        "holder_kind": draft.holder_kind.value,
        "holder_code": draft.holder_code,
        "holder_code_type": draft.holder_code_type,
        "item_code": draft.item_code,
        "change_kind": draft.change_kind,
        "valid_from": draft.valid_from,
        "valid_until": draft.valid_until,
        "papers_due": draft.papers_due,
        "state": LicenceState.IN_FORCE.value,
        "suspended_until": None,
        "status_list": place.status_list,
        "status_index": place.status_index,
        "issued_at": at,
        "operator_role": operator_role,
        "token_text": licence.token.text,
        "token_kid": licence.token.kid,
        "token_digest": sha256(licence.token.to_be_signed).digest(),
        "document_digest": first.digest.hex(),
        "ofd_digest": None if ofd is None else ofd.digest.hex(),
        "data_set": licence.data_set.encode(),
        "code_leaf": filing.code_leaf,
        "document_leaf": first.leaf,
        "ofd_leaf": None if ofd is None else ofd.leaf,
        "replaces": draft.replaces,
        "superseded_by": None,
        "etag": 1,
        "last_event": None,
    }


def _filed(row: dict[str, Any]) -> LicenceRecord:
    return LicenceRecord(
        **{name: row[name] for name in _PLAIN},
        holder_kind=HolderKind(row["holder_kind"]),
        state=LicenceState.IN_FORCE,
        last_event=None,
    )


def _record(row: RowMapping) -> LicenceRecord:
    event = {column.name: row[f"last_{column.name}"] for column in EVENT_COLUMNS}
    return LicenceRecord(
        **{name: row[name] for name in _PLAIN},
        holder_kind=HolderKind(row["holder_kind"]),
        state=LicenceState(row["state"]),
        last_event=None if event["event_id"] is None else event_record(event),
    )


def _summary(row: RowMapping) -> LicenceSummary:
    values = {**row, "holder_kind": HolderKind(row["holder_kind"]), "state": LicenceState(row["state"])}
    return LicenceSummary(**values)
