"""Drafts: what an office wants to issue, from the first keystroke to the filed licence.

Promises:
  * Every change is checked against the version that the caller saw, and counts the version up.
  * Nobody approves what they wrote, be it the draft or a change of it; what was approved is not changed without a new
    approval.
  * A draft that has a number keeps it, and is never withdrawn: the number would be lost.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import RowMapping, Select, insert, select, update

from registry.db import Transaction
from registry.errors import ChangedMeanwhileError, DraftStateError, OwnDraftError, UnknownDraftError
from registry.records import DraftRecord, DraftState, LicenceDraft
from registry.tables import DRAFT
from verify.licence import HolderKind

_DRAFT_ID_BYTES: Final = 16

_SAME: Final = (
    "type_code",
    "issuer",
    "holder_name",
    "holder_code",
    "holder_code_type",
    "valid_from",
    "valid_until",
    "item_code",
    "photo",
    "papers_due",
    "replaces",
    "change_kind",
    "batch_key",
)

_FROM: Final[Mapping[DraftState, frozenset[DraftState]]] = {
    DraftState.SUBMITTED: frozenset({DraftState.DRAFT}),
    DraftState.APPROVED: frozenset({DraftState.SUBMITTED}),
    DraftState.DRAFT: frozenset({DraftState.SUBMITTED, DraftState.APPROVED}),
    DraftState.CANCELLED: frozenset({DraftState.DRAFT, DraftState.SUBMITTED, DraftState.APPROVED}),
}
"""From which states a draft may be moved by people; ``reserved`` and ``filed`` are reached by issuing alone."""


def add_draft(
    tx: Transaction, draft: LicenceDraft, *, created_by: str, at: datetime, random: Callable[[int], bytes]
) -> DraftRecord:
    """Save a new draft. Raises ``ConflictError`` when its batch key is used, or the issuer is unknown."""
    return add_drafts(tx, (draft,), created_by=created_by, at=at, random=random)[0]


def add_drafts(
    tx: Transaction, drafts: Sequence[LicenceDraft], *, created_by: str, at: datetime, random: Callable[[int], bytes]
) -> tuple[DraftRecord, ...]:
    """Save new drafts in one statement."""
    records = tuple(
        DraftRecord(
            draft_id=random(_DRAFT_ID_BYTES).hex(),
            draft=draft,
            state=DraftState.DRAFT,
            created_by=created_by,
            created_at=at,
            reviewed_by=None,
            version=1,
            number=None,
        )
        for draft in drafts
    )
    if records:
        tx.execute(insert(DRAFT), [_values(record) for record in records])
    return records


def find_draft(tx: Transaction, draft_id: str) -> DraftRecord:
    """Return a draft. Raises ``UnknownDraftError``."""
    found = find_drafts(tx, (draft_id,))
    if not found:
        raise UnknownDraftError
    return found[0]


def find_drafts(tx: Transaction, draft_ids: Sequence[str]) -> tuple[DraftRecord, ...]:
    """Return the drafts of these ids that exist, in the order asked for."""
    rows = tx.execute(select(DRAFT).where(DRAFT.c.draft_id.in_(draft_ids))).mappings()
    found = {row["draft_id"]: _record(row) for row in rows}
    return tuple(found[draft_id] for draft_id in draft_ids if draft_id in found)


def find_by_batch_key(tx: Transaction, batch_key: str) -> DraftRecord | None:
    """Return the one draft that was saved under this key of a batch's row or of a request."""
    row = tx.execute(select(DRAFT).where(DRAFT.c.batch_key == batch_key)).mappings().one_or_none()
    return None if row is None else _record(row)


def list_drafts(
    tx: Transaction,
    issuer: str,
    *,
    state: DraftState,
    after: str | None = None,
    is_single: bool = False,
    limit: int = 50,
) -> tuple[DraftRecord, ...]:
    """Return a department's drafts in one state, oldest first, after the draft of the last page.

    `is_single` leaves out those that a batch or a request of a system brought, which goes on with them itself.
    """
    query: Select[Any] = select(DRAFT).where(DRAFT.c.issuer == issuer, DRAFT.c.state == state.value)
    if is_single:
        query = query.where(DRAFT.c.batch_key.is_(None))
    if after is not None:
        mine = (DRAFT.c.draft_id == after, DRAFT.c.issuer == issuer)
        last = select(DRAFT.c.created_at).where(*mine).scalar_subquery()
        query = query.where((DRAFT.c.created_at > last) | ((DRAFT.c.created_at == last) & (DRAFT.c.draft_id > after)))
    rows = tx.execute(query.order_by(DRAFT.c.created_at, DRAFT.c.draft_id).limit(limit))
    return tuple(_record(row) for row in rows.mappings())


def change_draft(tx: Transaction, draft_id: str, draft: LicenceDraft, *, changed_by: str, version: int) -> DraftRecord:
    """Write a draft anew; it must be in state draft and of that version. Issuer and batch row stay what they were."""
    record = _locked(tx, draft_id, version=version)
    same = (draft.issuer, draft.batch_key) == (record.draft.issuer, record.draft.batch_key)
    if record.state is not DraftState.DRAFT or not same:
        raise DraftStateError(params={"state": record.state.value})
    changed = sorted({*record.changed_by, changed_by})
    values = {**_draft_values(draft), "changed_by": json.dumps(changed), "version": version + 1}
    tx.execute(update(DRAFT).where(DRAFT.c.draft_id == draft_id).values(values))
    return find_draft(tx, draft_id)


def submit_draft(tx: Transaction, draft_id: str, *, version: int) -> DraftRecord:
    """Hand a draft to the reviewer, or to issuing where the type needs none."""
    return _move(tx, draft_id, DraftState.SUBMITTED, version=version)


def approve_draft(tx: Transaction, draft_id: str, *, reviewer: str, version: int) -> DraftRecord:
    """Approve a submitted draft. Raises ``OwnDraftError`` for everybody who wrote it."""
    if reviewer in find_draft(tx, draft_id).authors:
        raise OwnDraftError
    return _move(tx, draft_id, DraftState.APPROVED, version=version, reviewed_by=reviewer)


def return_draft(tx: Transaction, draft_id: str, *, version: int) -> DraftRecord:
    """Give a submitted or approved draft back to who wrote it; an approval is void."""
    return _move(tx, draft_id, DraftState.DRAFT, version=version)


def withdraw_draft(tx: Transaction, draft_id: str, *, version: int) -> DraftRecord:
    """Give a draft up. Raises ``DraftStateError`` once it has a number."""
    return _move(tx, draft_id, DraftState.CANCELLED, version=version)


def _move(
    tx: Transaction, draft_id: str, state: DraftState, *, version: int, reviewed_by: str | None = None
) -> DraftRecord:
    record = _locked(tx, draft_id, version=version)
    if record.state not in _FROM[state]:
        raise DraftStateError(params={"state": record.state.value})
    values = {"state": state.value, "reviewed_by": reviewed_by, "version": version + 1}
    tx.execute(update(DRAFT).where(DRAFT.c.draft_id == draft_id).values(values))
    return find_draft(tx, draft_id)


def _locked(tx: Transaction, draft_id: str, *, version: int) -> DraftRecord:
    row = tx.execute(select(DRAFT).where(DRAFT.c.draft_id == draft_id).with_for_update()).mappings().one_or_none()
    if row is None:
        raise UnknownDraftError
    if row["version"] != version:
        raise ChangedMeanwhileError
    return _record(row)


def _draft_values(draft: LicenceDraft) -> dict[str, Any]:
    return {
        **{name: getattr(draft, name) for name in _SAME},
        "holder_kind": draft.holder_kind.value,
        "fields": json.dumps(dict(draft.fields), ensure_ascii=False, sort_keys=True),
        "given_number": draft.number,
    }


def _values(record: DraftRecord) -> dict[str, Any]:
    return {
        **_draft_values(record.draft),
        "draft_id": record.draft_id,
        "state": record.state.value,
        "created_by": record.created_by,
        "created_at": record.created_at,
        "version": record.version,
    }


def _record(row: RowMapping) -> DraftRecord:
    draft = LicenceDraft(
        **{name: row[name] for name in _SAME},
        holder_kind=HolderKind(row["holder_kind"]),
        fields=json.loads(row["fields"]),
        number=row["given_number"],
    )
    return DraftRecord(
        draft_id=row["draft_id"],
        draft=draft,
        state=DraftState(row["state"]),
        created_by=row["created_by"],
        created_at=row["created_at"],
        reviewed_by=row["reviewed_by"],
        version=row["version"],
        number=row["number"],
        licence_id=row["licence_id"],
        changed_by=tuple(json.loads(row["changed_by"] or "[]")),
    )
