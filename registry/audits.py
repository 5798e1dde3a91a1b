"""What an audit reads: licences and acts in pages, with all that must agree with the log and with each other.

Promises: read only; each page is one query by a key, so an audit of a million licences needs the memory of one page,
and what must agree is seen as one moment saw it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Row, RowMapping, Select, exists, func, select

from registry.db import Transaction
from registry.events import EVENT_COLUMNS, told_by
from registry.lifecycle import LicenceEvent, LicenceState
from registry.records import DraftState
from registry.seal_lifecycle import UseState
from registry.tables import (
    DRAFT,
    EVENT,
    LICENCE,
    LICENCE_NUMBER,
    LICENCE_TYPE,
    LINEAGE,
    LOG_PENDING,
    PLACE,
    SEAL_USE,
)
from verify import cbor
from verify.key_purpose import KeyPurpose
from verify.licence import HolderKind
from verify.log_entry import EntryKind
from verify.status import StatusValue

PAGE_ROWS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceColumns:
    """What the registry's own columns tell of a licence, which its signed data tell too."""

    identifier: str
    lineage: str
    version: int
    type_code: str
    number: str
    issuer: str
    holder_name: str
    holder_kind: HolderKind
    holder_code: str
    holder_code_type: str
    valid_from: date
    valid_until: date | None
    papers_due: date | None
    status_list: int
    status_index: int
    issued_at: datetime
    token_kid: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceStanding:
    """How a licence stands by its own columns, and what its acts and its neighbours say of that.

    `acts` counts them; `act` with `act_id` and `act_until` is the last one. `newer_replaces` is what the version that
    took this one's place names, `older_by` what took the place of the version that this one names.
    """

    licence_id: str
    state: LicenceState
    place_status: StatusValue
    suspended_until: date | None
    last_event: int | None
    etag: int
    replaces: str | None
    superseded_by: str | None
    acts: int
    act_id: int | None
    act: LicenceEvent | None
    act_until: date | None
    newer_replaces: str | None
    older_by: str | None


class AuditedBody(NamedTuple):
    """One body of a licence: which key signed it, the place of that intent, SHA-256 of the document (hex)."""

    purpose: KeyPurpose
    leaf: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedLicence:
    """A filed licence with what its draft, its place, its number and its use of a seal say of it.

    `different` names the columns that say something else there; `draft_fields` is the text of the draft's fields.
    """

    licence_id: str
    code_leaf: int
    bodies: tuple[AuditedBody, ...]
    token_text: str = field(repr=False)
    token_digest: bytes
    data_set: bytes = field(repr=False)
    draft_state: DraftState
    draft_licence_id: str | None
    draft_fields: str = field(repr=False)
    different: tuple[str, ...]
    standing: LicenceStanding
    told: LicenceColumns = field(repr=False)

    @property
    def intents(self) -> frozenset[tuple[str, int]]:
        """Purpose and place of each intent that led to this licence."""
        return frozenset(
            ((KeyPurpose.CODE.value, self.code_leaf), *((each.purpose.value, each.leaf) for each in self.bodies))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedEvent:
    """An act on a licence; ``record`` is None when it was destroyed, ``waits`` says that its entry is still to come.

    ``told`` is what the act's columns tell, in the form of the record; an entry that waits must be this act's own.
    """

    event_id: int
    licence_id: str
    event: LicenceEvent
    record: bytes | None = field(repr=False)
    leaf_index: int | None
    waits: bool
    told: Mapping[int, object] = field(repr=False)


_TOLD: Final = tuple(LICENCE.c[each.name] for each in fields(LicenceColumns))
_ACT: Final = EVENT.alias("act")
_EARLIER: Final = EVENT.alias("earlier")
_NEWER: Final = LICENCE.alias("newer")
_OLDER: Final = LICENCE.alias("older")
_LICENCE_COLUMNS: Final = (
    *_TOLD,
    LICENCE.c.licence_id,
    LICENCE.c.code_leaf,
    LICENCE.c.document_leaf,
    LICENCE.c.ofd_leaf,
    LICENCE.c.token_text,
    LICENCE.c.token_digest,
    LICENCE.c.document_digest,
    LICENCE.c.ofd_digest,
    LICENCE.c.data_set,
    LICENCE.c.state,
    LICENCE.c.suspended_until,
    LICENCE.c.last_event,
    LICENCE.c.etag,
    LICENCE.c.replaces,
    LICENCE.c.superseded_by,
    PLACE.c.status.label("place_status"),
    DRAFT.c.state.label("draft_state"),
    DRAFT.c.licence_id.label("draft_licence_id"),
    DRAFT.c.fields.label("draft_fields"),
    select(func.count())
    .select_from(_EARLIER)
    .where(_EARLIER.c.licence_id == LICENCE.c.licence_id)
    .scalar_subquery()
    .label("acts"),
    _ACT.c.event_id.label("act_id"),
    _ACT.c.event.label("act"),
    _ACT.c.until.label("act_until"),
    _NEWER.c.replaces.label("newer_replaces"),
    _OLDER.c.superseded_by.label("older_by"),
)
_SAME_IN_DRAFT: Final = (
    "type_code",
    "type_version",
    "number",
    "lineage",
    "issuer",
    "holder_name",
    "holder_kind",
    "holder_code",
    "holder_code_type",
    "item_code",
    "change_kind",
    "valid_from",
    "valid_until",
    "papers_due",
    "replaces",
)


def _used(column: ColumnElement[Any], value: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether the seal was used for this licence with this value in a column of the use."""
    mine = (SEAL_USE.c.licence_id == LICENCE.c.licence_id, SEAL_USE.c.state == UseState.FILED.value)
    return exists().where(*mine, column.is_not_distinct_from(value)).correlate(LICENCE, DRAFT)


_DIFFERENT: Final[Mapping[str, ColumnElement[bool]]] = {
    **{name: LICENCE.c[name].is_distinct_from(DRAFT.c[name]) for name in _SAME_IN_DRAFT},
    "version": LICENCE.c.version.is_distinct_from(DRAFT.c.lineage_version),
    "given_number": DRAFT.c.given_number.is_not(None) & (DRAFT.c.given_number != LICENCE.c.number),
    "draft_id": LICENCE.c.draft_id.is_distinct_from(PLACE.c.draft_id),
    "status_list": LICENCE.c.status_list.is_distinct_from(PLACE.c.status_list),
    "status_index": LICENCE.c.status_index.is_distinct_from(PLACE.c.status_index),
    "licence_number": LICENCE.c.lineage.is_distinct_from(LICENCE_NUMBER.c.lineage),
    "last_version": func.coalesce(LINEAGE.c.last_version < LICENCE.c.version, True),
    "lineage_number": (LINEAGE.c.last_version == LICENCE.c.version) & (LINEAGE.c.number != LICENCE.c.number),
    "licence_type": LICENCE_TYPE.c.code.is_(None),
    "operator_role": ~_used(SEAL_USE.c.role, LICENCE.c.operator_role),
    "reviewed_by": ~_used(SEAL_USE.c.second_person, DRAFT.c.reviewed_by),
}
"""What two rows must tell alike, by the column that tells it, true where they do not."""


def licence_page(tx: Transaction, *, after: str, limit: int = PAGE_ROWS) -> tuple[AuditedLicence, ...]:
    """Return the licences whose ids follow this one; begin with an empty id."""
    query = _licences().where(LICENCE.c.licence_id > after).order_by(LICENCE.c.licence_id).limit(limit)
    return tuple(_licence(row) for row in tx.execute(query))


def licences_by_id(tx: Transaction, licence_ids: Sequence[str]) -> dict[str, AuditedLicence]:
    """Return the licences of these ids that are filed; at most some hundred at once."""
    rows = tx.execute(_licences().where(LICENCE.c.licence_id.in_(licence_ids)))
    return {row.licence_id: _licence(row) for row in rows}


def event_page(tx: Transaction, *, after: int, limit: int = PAGE_ROWS) -> tuple[AuditedEvent, ...]:
    """Return the acts whose ids follow this one; begin with 0."""
    query = _events().where(EVENT.c.event_id > after).order_by(EVENT.c.event_id).limit(limit)
    return tuple(_event(row) for row in tx.execute(query).mappings())


def events_by_leaf(tx: Transaction, leaf_indexes: Sequence[int]) -> dict[int, AuditedEvent]:
    """Return the acts whose entries stand at these places of the log; at most some hundred at once."""
    rows = tx.execute(_events().where(EVENT.c.leaf_index.in_(leaf_indexes))).mappings()
    return {row["leaf_index"]: _event(row) for row in rows}


def pending_digests(tx: Transaction, digests: Sequence[bytes]) -> frozenset[bytes]:
    """Return which of these digests belong to entries that wait for the log."""
    return frozenset(tx.execute(select(LOG_PENDING.c.digest).where(LOG_PENDING.c.digest.in_(digests))).scalars())


def _licences() -> Select[Any]:
    last = select(func.max(_EARLIER.c.event_id)).where(_EARLIER.c.licence_id == LICENCE.c.licence_id).scalar_subquery()
    number = (
        (LICENCE_NUMBER.c.issuer == LICENCE.c.issuer)
        & (LICENCE_NUMBER.c.type_code == LICENCE.c.type_code)
        & (LICENCE_NUMBER.c.number == LICENCE.c.number)
    )
    version = (LICENCE_TYPE.c.code == LICENCE.c.type_code) & (LICENCE_TYPE.c.version == LICENCE.c.type_version)
    return select(*_LICENCE_COLUMNS, *(each.label(f"differs_{name}") for name, each in _DIFFERENT.items())).select_from(
        LICENCE.join(PLACE, PLACE.c.licence_id == LICENCE.c.licence_id)
        .join(DRAFT, DRAFT.c.draft_id == LICENCE.c.draft_id)
        .outerjoin(LICENCE_NUMBER, number)
        .outerjoin(LINEAGE, LINEAGE.c.lineage == LICENCE.c.lineage)
        .outerjoin(LICENCE_TYPE, version)
        .outerjoin(_ACT, _ACT.c.event_id == last)
        .outerjoin(_NEWER, _NEWER.c.licence_id == LICENCE.c.superseded_by)
        .outerjoin(_OLDER, _OLDER.c.licence_id == LICENCE.c.replaces)
    )


def _events() -> Select[Any]:
    waiting = (LOG_PENDING.c.digest.label("waits"), LOG_PENDING.c.kind.label("waits_as"), LOG_PENDING.c.detail)
    joined = EVENT.outerjoin(LOG_PENDING, LOG_PENDING.c.event_id == EVENT.c.event_id)
    return select(*EVENT_COLUMNS, EVENT.c.record, *waiting).select_from(joined)


def _licence(row: Row[Any]) -> AuditedLicence:
    return AuditedLicence(
        licence_id=row.licence_id,
        code_leaf=row.code_leaf,
        bodies=_bodies(row),
        token_text=row.token_text,
        token_digest=row.token_digest,
        data_set=row.data_set,
        draft_state=DraftState(row.draft_state),
        draft_licence_id=row.draft_licence_id,
        draft_fields=row.draft_fields,
        different=tuple(name for name in _DIFFERENT if getattr(row, f"differs_{name}")),
        standing=_standing(row),
        told=LicenceColumns(
            **{each.name: getattr(row, each.name) for each in _TOLD if each is not LICENCE.c.holder_kind},
            holder_kind=HolderKind(row.holder_kind),
        ),
    )


def _standing(row: Row[Any]) -> LicenceStanding:
    same = {each.name: getattr(row, each.name) for each in fields(LicenceStanding)}
    same["state"], same["place_status"] = LicenceState(row.state), StatusValue(row.place_status)
    same["act"] = None if row.act is None else LicenceEvent(row.act)
    return LicenceStanding(**same)


def _event(row: RowMapping) -> AuditedEvent:
    record, detail = row["record"], {1: "licence", 2: row["event"]}
    own = record is None or row["waits"] == sha256(record).digest()
    return AuditedEvent(
        event_id=row["event_id"],
        licence_id=row["licence_id"],
        event=LicenceEvent(row["event"]),
        record=record,
        leaf_index=row["leaf_index"],
        waits=own and row["waits_as"] == int(EntryKind.STATE) and row["detail"] == cbor.encode(detail),
        told=told_by(row),
    )


def _bodies(row: Row[Any]) -> tuple[AuditedBody, ...]:
    """Return the bodies; a type that has no PDF has its OFD as the first and only one."""
    ofd = () if row.ofd_leaf is None else (AuditedBody(KeyPurpose.SEAL, row.ofd_leaf, row.ofd_digest),)
    if row.document_leaf == row.ofd_leaf:
        return ofd
    return (AuditedBody(KeyPurpose.DOCUMENT, row.document_leaf, row.document_digest), *ofd)
