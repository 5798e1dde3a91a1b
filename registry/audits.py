"""What an audit reads: licences, acts and intents in pages, with all that must agree with the log.

Promises: read only; each page is one query by a key, so an audit of a million licences needs the memory of one page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, RowMapping, Select, select

from registry.db import Transaction
from registry.events import EVENT_COLUMNS, told_by
from registry.lifecycle import LicenceEvent, LicenceState
from registry.records import DraftState
from registry.tables import DRAFT, EVENT, LICENCE, LOG_PENDING, PLACE
from verify.key_purpose import KeyPurpose
from verify.licence import HolderKind
from verify.status import StatusValue

PAGE_ROWS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceColumns:
    """What the registry's own columns tell of a licence, which its signed data tell too."""

    identifier: str
    type_code: str
    number: str
    issuer: str
    holder_name: str
    holder_kind: HolderKind
    holder_code: str
    holder_code_type: str
    valid_from: date
    valid_until: date | None
    status_list: int
    status_index: int


class AuditedBody(NamedTuple):
    """One body of a licence: which key signed it, the place of that intent, SHA-256 of the document (hex)."""

    purpose: KeyPurpose
    leaf: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedLicence:
    """A filed licence with what its draft and its place in the status list say of it."""

    licence_id: str
    code_leaf: int
    bodies: tuple[AuditedBody, ...]
    token_text: str = field(repr=False)
    token_digest: bytes
    data_set: bytes = field(repr=False)
    state: LicenceState
    place_status: StatusValue
    draft_state: DraftState
    draft_licence_id: str | None
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

    ``told`` is what the act's columns tell, in the form of the record.
    """

    event_id: int
    licence_id: str
    event: LicenceEvent
    record: bytes | None = field(repr=False)
    leaf_index: int | None
    waits: bool
    told: Mapping[int, object] = field(repr=False)


_TOLD: Final = tuple(LICENCE.c[each.name] for each in fields(LicenceColumns))
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
    PLACE.c.status.label("place_status"),
    DRAFT.c.state.label("draft_state"),
    DRAFT.c.licence_id.label("draft_licence_id"),
)


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
    joined = LICENCE.join(PLACE, PLACE.c.licence_id == LICENCE.c.licence_id)
    return select(*_LICENCE_COLUMNS).select_from(joined.join(DRAFT, DRAFT.c.draft_id == LICENCE.c.draft_id))


def _events() -> Select[Any]:
    waits = LOG_PENDING.c.pending_id.is_not(None).label("waits")
    joined = EVENT.outerjoin(LOG_PENDING, LOG_PENDING.c.event_id == EVENT.c.event_id)
    return select(*EVENT_COLUMNS, EVENT.c.record, waits).select_from(joined)


def _licence(row: Row[Any]) -> AuditedLicence:
    return AuditedLicence(
        licence_id=row.licence_id,
        code_leaf=row.code_leaf,
        bodies=_bodies(row),
        token_text=row.token_text,
        token_digest=row.token_digest,
        data_set=row.data_set,
        state=LicenceState(row.state),
        place_status=StatusValue(row.place_status),
        draft_state=DraftState(row.draft_state),
        draft_licence_id=row.draft_licence_id,
        told=LicenceColumns(
            **{each.name: getattr(row, each.name) for each in _TOLD if each is not LICENCE.c.holder_kind},
            holder_kind=HolderKind(row.holder_kind),
        ),
    )


def _event(row: RowMapping) -> AuditedEvent:
    return AuditedEvent(
        event_id=row["event_id"],
        licence_id=row["licence_id"],
        event=LicenceEvent(row["event"]),
        record=row["record"],
        leaf_index=row["leaf_index"],
        waits=bool(row["waits"]),
        told=told_by(row),
    )


def _bodies(row: Row[Any]) -> tuple[AuditedBody, ...]:
    """Return the bodies; a type that has no PDF has its OFD as the first and only one."""
    ofd = () if row.ofd_leaf is None else (AuditedBody(KeyPurpose.SEAL, row.ofd_leaf, row.ofd_digest),)
    if row.document_leaf == row.ofd_leaf:
        return ofd
    return (AuditedBody(KeyPurpose.DOCUMENT, row.document_leaf, row.document_digest), *ofd)
