"""What an audit reads of seals: acts, grants and uses in pages, with all that must agree with the log.

Promises: read only; each page is some queries by a key, so an audit needs the memory of one page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import RowMapping, func, select

from registry.db import Transaction
from registry.seal_events import APPLIED_FOR, DECIDING, event_query, leaf_of, private_told_by, read_applied_for, told_by
from registry.seal_grants import grants_by_id
from registry.seal_lifecycle import UseState
from registry.seal_uses import use_private_told_by, use_told_by
from registry.tables import LOG_PENDING, SEAL, SEAL_EVENT, SEAL_GRANT, SEAL_USE, SEAL_USE_BODY

PAGE_ROWS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedRecord:
    """A record and its private part, with what the columns tell of both.

    ``logged`` is the digest whose entry the log must have: at ``leaf_index``, or ``waits``.
    """

    record: bytes = field(repr=False)
    private: bytes = field(repr=False)
    told: Mapping[int, object] = field(repr=False)
    private_told: Mapping[int, object] = field(repr=False)
    logged: bytes
    leaf_index: int | None
    waits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedSealEvent:
    """An act on a seal or grant."""

    event_id: int
    code: str
    grant_id: str | None
    act: str
    state: str
    recorded: AuditedRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedUse:
    """A filed use, with the leaves of the intents of what was sealed; ``is_filed`` says that its state says so too."""

    use_id: str
    attempt: str
    is_filed: bool
    leaves: frozenset[int]
    recorded: AuditedRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedGrant:
    """A grant's count beside its uses, and its state beside that of its last act."""

    grant_id: str
    counted: int
    uses: int
    state: str
    last_state: str | None


def seal_event_page(tx: Transaction, *, after: int, limit: int = PAGE_ROWS) -> tuple[AuditedSealEvent, ...]:
    """Return the acts whose ids follow this one; begin with 0."""
    query = event_query(SEAL_EVENT.c.private, SEAL_EVENT.c.object_digest, SEAL.c.owner, _waits(SEAL_EVENT.c.digest))
    query = query.join(SEAL, SEAL.c.code == SEAL_EVENT.c.code).where(SEAL_EVENT.c.event_id > after)
    rows = tx.execute(query.order_by(SEAL_EVENT.c.event_id).limit(limit)).mappings().all()
    grants = grants_by_id(tx, [row["grant_id"] for row in rows if row["grant_id"] is not None])
    found = []
    for row in rows:
        terms = grants[row["grant_id"]].terms if row["grant_id"] in grants else None
        recorded = AuditedRecord(
            record=row["record"],
            private=row["private"],
            told=told_by(row, row["private"], terms) | _applied_for(row),
            private_told=private_told_by(row, terms),
            logged=row["digest"],
            leaf_index=row["leaf_index"],
            waits=bool(row["waits"]),
        )
        same = {name: row[name] for name in ("event_id", "code", "grant_id", "act", "state")}
        found.append(AuditedSealEvent(**same, recorded=recorded))
    return tuple(found)


def use_page(tx: Transaction, *, after: str, limit: int = PAGE_ROWS) -> tuple[AuditedUse, ...]:
    """Return the uses whose ids follow this one and that have a record or say that they are filed; begin with ""."""
    leaf = leaf_of(SEAL_USE.c.filing).label("leaf_index")
    is_filed = (SEAL_USE.c.state == UseState.FILED.value) | SEAL_USE.c.record.is_not(None)
    query = select(SEAL_USE, leaf, _waits(SEAL_USE.c.filing)).where(SEAL_USE.c.use_id > after, is_filed)
    rows = tx.execute(query.order_by(SEAL_USE.c.use_id).limit(limit)).mappings().all()
    bodies: dict[str, list[tuple[str, int]]] = {row["use_id"]: [] for row in rows}
    for body in tx.execute(select(SEAL_USE_BODY).where(SEAL_USE_BODY.c.use_id.in_(list(bodies)))):
        bodies[body.use_id].append((body.digest, body.leaf))
    return tuple(_use(row, bodies[row["use_id"]]) for row in rows)


def grant_page(tx: Transaction, *, after: str, limit: int = PAGE_ROWS) -> tuple[AuditedGrant, ...]:
    """Return the grants whose numbers follow this one, each as one moment saw it; begin with an empty number."""
    mine = (SEAL_USE.c.grant_id == SEAL_GRANT.c.grant_id, SEAL_USE.c.state != UseState.ABANDONED.value)
    uses = select(func.count()).select_from(SEAL_USE).where(*mine).scalar_subquery()
    acts = select(SEAL_EVENT.c.state).where(
        SEAL_EVENT.c.grant_id == SEAL_GRANT.c.grant_id, SEAL_EVENT.c.code == SEAL_GRANT.c.code
    )
    last = acts.order_by(SEAL_EVENT.c.event_id.desc()).limit(1).scalar_subquery()
    columns = (SEAL_GRANT.c.grant_id, SEAL_GRANT.c.uses_taken, SEAL_GRANT.c.state)
    query = select(*columns, uses.label("uses"), last.label("last_state")).where(SEAL_GRANT.c.grant_id > after)
    return tuple(
        AuditedGrant(
            grant_id=row.grant_id,
            counted=row.uses_taken,
            uses=row.uses,
            state=row.state,
            last_state=row.last_state,
        )
        for row in tx.execute(query.order_by(SEAL_GRANT.c.grant_id).limit(limit))
    )


def event_of_digest(tx: Transaction, digest: bytes) -> tuple[str | None, str] | None:
    """Return grant and act of the act whose record has this digest."""
    query = select(SEAL_EVENT.c.grant_id, SEAL_EVENT.c.act).where(SEAL_EVENT.c.digest == digest)
    row = tx.execute(query).one_or_none()
    return None if row is None else (row.grant_id, row.act)


def use_digests(tx: Transaction, filing: bytes) -> frozenset[bytes]:
    """Return the digests of the records of all uses that were filed under this list."""
    rows = tx.execute(select(SEAL_USE.c.record).where(SEAL_USE.c.filing == filing)).scalars()
    return frozenset(sha256(record).digest() for record in rows if record is not None)


def sealed_leaves(tx: Transaction, leaves: Sequence[int]) -> frozenset[int]:
    """Return which of these leaves are intents of what was sealed in some use."""
    return frozenset(tx.execute(select(SEAL_USE_BODY.c.leaf).where(SEAL_USE_BODY.c.leaf.in_(leaves))).scalars())


def _applied_for(row: Mapping[str, Any] | RowMapping) -> dict[int, object]:
    """Return what the record of an act that decides an object says was applied for: that is held to the object."""
    told = read_applied_for(row["record"]) if row["act"] in DECIDING else None
    return {} if told is None else {APPLIED_FOR: told}


def _waits(digest: Any) -> Any:  # noqa: ANN401 - expressions of SQLAlchemy
    query = select(func.count()).where(LOG_PENDING.c.digest == digest).correlate_except(LOG_PENDING)
    return query.scalar_subquery().label("waits")


def _use(row: Mapping[str, Any] | RowMapping, bodies: list[tuple[str, int]]) -> AuditedUse:
    private = row["private"] or b""
    return AuditedUse(
        use_id=row["use_id"],
        attempt=row["licence_id"] or row["document_id"] or "",
        is_filed=row["state"] == UseState.FILED.value,
        leaves=frozenset(leaf for _digest, leaf in bodies),
        recorded=AuditedRecord(
            record=row["record"] or b"",
            private=private,
            told=_told(row, private, bodies),
            private_told=use_private_told_by(row),
            logged=row["filing"] or b"",
            leaf_index=row["leaf_index"],
            waits=bool(row["waits"]),
        ),
    )


def _told(row: Mapping[str, Any] | RowMapping, private: bytes, bodies: list[tuple[str, int]]) -> dict[int, object]:
    """Return what the columns of a filed use tell; nothing where a digest is none, or no time stands there."""
    try:
        return {} if row["filed_at"] is None else use_told_by(row, private, bodies)
    except ValueError:
        return {}
