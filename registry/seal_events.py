"""Acts on seals and grants, dated, each with a salted record whose digest stands in the log.

Promises:
  * The act and the entry that waits for the log are one transaction, which is the caller's.
  * The record tells all of the act but person, reason and reference: of these it holds a commitment, so that it may be
    shown with its salt to anybody, and still proves who acted once the private part is shown as well.

Record, deterministic CBOR: 0 salt · 1 seal · 2 act · 3 unix time · 4 state after it · 5 version · 6 SHA-256 of the seal
object · 7 role · 8 legal basis · 9 SHA-256 of the private part · 10 grant · 11 terms of the grant · 12 department whose
seal it is · 13 what was applied for, in the records of applying, renewing and approving; what is empty is absent.
Private part: 0 salt · 1 person · 2 reason · 3 reference · 4 person of the grant.
Terms: 1 office · 2 types · 3 {item: legal basis} · 4 from · 5 until · 6 role · 7 basis for documents · 8 uses · 9 true
if a second person is needed · 10 true if it is one person's. What was applied for: 1 kind · 2 name · 3 SHA-256 of the
picture · 4 its width · 5 its height in millimetres · 6 from · 7 until.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import RowMapping, Select, func, insert, select

from registry.db import Transaction
from registry.pending import add_pending
from registry.seal_lifecycle import SealAct
from registry.seal_records import GrantTerms, SealApplication, SealDeed, SealEventRecord, SealObjectRecord
from registry.tables import LOG_ENTRY, SEAL_EVENT
from verify import cbor
from verify.errors import MalformedError
from verify.log_entry import EntryKind

SALT_BYTES: Final = 16
# A grant of two thousand items with its legal bases.
RECORD_BYTES_MAX: Final = 1 << 20
SEAL: Final = "seal"
GRANT: Final = "seal_grant"
"""First words of the log's entries; the second one is the act."""
DECIDING: Final = frozenset({SealAct.APPLY.value, SealAct.RENEW.value, SealAct.APPROVE.value})
"""Acts that decide what the maker is to sign."""
APPLIED_FOR: Final = 13
VALID_FROM: Final = 6
VALID_UNTIL: Final = 7
"""Where a record tells what was applied for, and where that tells its term: making an object may shorten it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealEvent:
    """An act as it is to be recorded: on a seal, or on one of its grants (then with its terms).

    `applied_for` is what `applied_for` returns, for the acts that decide what the maker will sign.
    """

    code: str
    owner: str
    act: str
    state: str
    version: int | None = None
    object_digest: bytes | None = None
    grant_id: str | None = None
    terms: GrantTerms | None = None
    applied_for: Mapping[int, object] | None = None


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
    told = told_by({**row, "owner": event.owner}, private, event.terms)
    if event.applied_for is not None:
        told[APPLIED_FOR] = dict(event.applied_for)
    record = cbor.encode({0: random(SALT_BYTES)} | told)
    digest = sha256(record).digest()
    tx.execute(insert(SEAL_EVENT).values({**row, "record": record, "private": private, "digest": digest}))
    detail = {1: SEAL if event.grant_id is None else GRANT, 2: event.act}
    add_pending(tx, EntryKind.STATE, digest, detail, at=at, key=f"seal_event:{digest.hex()}")


def told_by(row: Mapping[str, Any] | RowMapping, private: bytes, terms: GrantTerms | None) -> dict[int, object]:
    """Return what an act's columns and its seal's owner tell, as its record tells it behind 0, the salt.

    What was applied for stands in no column of the act, but in those of the object.
    """
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


def applied_for(kind: int, name: str, wanted: SealApplication | SealObjectRecord) -> dict[int, object]:
    """Return what an object is to be, with its seal's kind and name, as the records of those who decide it tell it."""
    return {
        1: kind,
        2: name,
        3: sha256(wanted.picture.content).digest(),
        4: wanted.picture.width_mm,
        5: wanted.picture.height_mm,
        VALID_FROM: int(wanted.valid_from.timestamp()),
        VALID_UNTIL: int(wanted.valid_until.timestamp()),
    }


def read_applied_for(record: bytes) -> Mapping[object, object] | None:
    """Return what a record says was applied for; None where it says nothing of it, or is no record."""
    try:
        told = cbor.decode(record, bytes_max=RECORD_BYTES_MAX)
    except MalformedError:
        return None
    found = told.get(APPLIED_FOR) if isinstance(told, dict) else None
    return found if isinstance(found, dict) else None


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
