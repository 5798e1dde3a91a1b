"""Acts on seals and grants, dated, each with a salted record whose digest stands in the log.

Promises:
  * The act and the entry that waits for the log are one transaction, which is the caller's.
  * The record tells all of the act but person, reason and reference: of these it holds a commitment, so that it may be
    shown with its salt to anybody, and still proves who acted once the private part is shown as well.

Record, deterministic CBOR: 0 salt · 1 seal · 2 act · 3 unix time · 4 state after it · 5 version · 6 SHA-256 of the seal
object · 7 role · 8 legal basis · 9 SHA-256 of the private part · 10 grant · 11 terms of the grant · 12 department whose
seal it is; what is empty is absent. Private part: 0 salt · 1 person · 2 reason · 3 reference · 4 person of the grant.
Terms: 1 office · 2 types · 3 {item: legal basis} · 4 from · 5 until · 6 role · 7 basis for documents · 8 uses · 9 true
if a second person is needed · 10 true if it is one person's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import RowMapping, Select, func, insert, select

from registry.db import Transaction
from registry.pending import add_pending
from registry.seal_records import GrantTerms, SealDeed, SealEventRecord
from registry.tables import LOG_ENTRY, SEAL_EVENT
from verify import cbor
from verify.log_entry import EntryKind

SALT_BYTES: Final = 16
SEAL: Final = "seal"
GRANT: Final = "seal_grant"
"""First words of the log's entries; the second one is the act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealEvent:
    """An act as it is to be recorded: on a seal, or on one of its grants (then with its terms)."""

    code: str
    owner: str
    act: str
    state: str
    version: int | None = None
    object_digest: bytes | None = None
    grant_id: str | None = None
    terms: GrantTerms | None = None


def record_event(
    tx: Transaction, event: SealEvent, deed: SealDeed, *, at: datetime, random: Callable[[int], bytes]
) -> None:
    """Write an act down and leave its entry for the log."""
    row: dict[str, Any] = {
        "code": event.code,
        "grant_id": event.grant_id,
        "act": event.act,
        "happened_at": at,
        "state": event.state,
        "version": event.version,
        "object_digest": event.object_digest,
        "role": deed.role,
        "legal_basis": deed.legal_basis,
        "person": deed.person,
        "reason": deed.reason,
        "reference": deed.reference,
    }
    private = cbor.encode({0: random(SALT_BYTES)} | private_told_by(row, event.terms))
    record = cbor.encode({0: random(SALT_BYTES)} | told_by({**row, "owner": event.owner}, private, event.terms))
    digest = sha256(record).digest()
    tx.execute(insert(SEAL_EVENT).values({**row, "record": record, "private": private, "digest": digest}))
    detail = {1: SEAL if event.grant_id is None else GRANT, 2: event.act}
    add_pending(tx, EntryKind.STATE, digest, detail, at=at, key=f"seal_event:{digest.hex()}")


def told_by(row: Mapping[str, Any] | RowMapping, private: bytes, terms: GrantTerms | None) -> dict[int, object]:
    """Return what an act's columns and its seal's owner tell, as its record tells it behind 0, the salt."""
    entries: dict[int, object] = {
        1: row["code"],
        2: row["act"],
        3: int(row["happened_at"].timestamp()),
        4: row["state"],
        5: row["version"],
        6: row["object_digest"],
        7: row["role"],
        8: row["legal_basis"],
        9: sha256(private).digest(),
        10: row["grant_id"],
        11: None if terms is None else terms_told(terms),
        12: row["owner"],
    }
    return {key: value for key, value in entries.items() if value is not None}


def private_told_by(row: Mapping[str, Any] | RowMapping, terms: GrantTerms | None) -> dict[int, object]:
    """Return what the private part tells behind 0, the salt."""
    entries: dict[int, object] = {1: row["person"], 2: row["reason"], 3: row["reference"]}
    return entries if terms is None or terms.person is None else entries | {4: terms.person}


def terms_told(terms: GrantTerms) -> dict[int, object]:
    """Return the terms of a grant as records tell them; whose it is, is private."""
    entries: dict[int, object] = {
        1: terms.office,
        2: sorted(terms.types),
        3: dict(terms.items),
        4: int(terms.valid_from.timestamp()),
        5: int(terms.valid_until.timestamp()),
        6: terms.role,
        7: terms.documents_basis,
        8: terms.uses_max,
        9: terms.needs_second or None,
        10: True if terms.person is not None else None,
    }
    return {key: value for key, value in entries.items() if value is not None}


def events_of_seal(tx: Transaction, code: str) -> tuple[SealEventRecord, ...]:
    """Return all acts on a seal and its grants, oldest first."""
    rows = tx.execute(event_query().where(SEAL_EVENT.c.code == code).order_by(SEAL_EVENT.c.event_id)).mappings()
    return tuple(event_record(row) for row in rows)


def event_page(tx: Transaction, code: str, *, after: int, limit: int) -> tuple[SealEventRecord, ...]:
    """Return a page of the acts on a seal and its grants, oldest first; begin after 0."""
    query = event_query().where(SEAL_EVENT.c.code == code, SEAL_EVENT.c.event_id > after)
    return tuple(event_record(row) for row in tx.execute(query.order_by(SEAL_EVENT.c.event_id).limit(limit)).mappings())


def event_query(*more: Any) -> Select[Any]:  # noqa: ANN401 - columns
    """Return the query of acts, each with the place of its leaf."""
    names = [each.name for each in fields(SealEventRecord) if each.name != "leaf_index"]
    return select(*(SEAL_EVENT.c[name] for name in names), leaf_of(SEAL_EVENT.c.digest).label("leaf_index"), *more)


def leaf_of(digest: Any) -> Any:  # noqa: ANN401 - expressions of SQLAlchemy
    """Return the index of the first entry of the log with this digest, as a part of a query."""
    return (
        select(func.min(LOG_ENTRY.c.idx))
        .where(LOG_ENTRY.c.digest == digest)
        .correlate_except(LOG_ENTRY)
        .scalar_subquery()
    )


def event_record(row: Mapping[str, Any] | RowMapping) -> SealEventRecord:
    """Return the record of a row of ``event_query``."""
    return SealEventRecord(**{each.name: row[each.name] for each in fields(SealEventRecord)})
