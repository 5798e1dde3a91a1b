"""Uses of seals: taken before anything is logged or signed, filed with the documents, or abandoned.

Promises:
  * Taking a use locks its grant and holds its seal still: two racing uses never exceed a limit, and a seal that is
    suspended meanwhile is not used. A refused use leaves nothing behind.
  * A use is filed or abandoned, never both, and only once. Filing looks at seal and grant again.
  * What was filed in one transaction has one leaf in the log: the digest of the list of their records.

Record of a use, deterministic CBOR: 0 salt · 1 use · 2 seal · 3 version · 4 grant · 5 type · 6 item · 7 legal basis ·
8 office · 9 role · 10 role of the second person · 11 taken, unix time · 12 filed · 13 [[SHA-256 of a body, leaf], …] ·
14 SHA-256 of the private part · 15 licence · 16 document; what is empty is absent. Private part: 0 salt · 1 person ·
2 second person. Record of the list: {1: [SHA-256 of a record, …]}; it is kept among the log's records.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import RowMapping, bindparam, exists, func, insert, select, update

from registry import log_records
from registry.db import Transaction
from registry.pending import add_pending
from registry.records import IntentState
from registry.seal_errors import SealError, UnknownUseError, UseAbandonedError, UseFiledError
from registry.seal_events import SALT_BYTES
from registry.seal_facts import seal_facts
from registry.seal_grants import lock_grants
from registry.seal_judging import demand_granted, demand_in_use, judge
from registry.seal_lifecycle import UseState
from registry.seal_records import Occasion, SealUse, UseFiling, UseRequest
from registry.tables import INTENT, SEAL_GRANT, SEAL_OBJECT, SEAL_USE, SEAL_USE_BODY
from verify import cbor
from verify.log_entry import EntryKind

USE: Final = "seal_use"
"""First word of the log's entries about uses; the second one is the act."""
FILE: Final = "file"
_ID_BYTES: Final = 16

Random = Callable[[int], bytes]


def take_use(tx: Transaction, request: UseRequest, *, at: datetime, lease_until: datetime, random: Random) -> SealUse:
    """Take one use. Raises the reason why the seal may not be used; then nothing was written."""
    (use,) = take_uses(tx, (request,), at=at, lease_until=lease_until, random=random)
    return use


def take_uses(
    tx: Transaction, requests: Sequence[UseRequest], *, at: datetime, lease_until: datetime, random: Random
) -> tuple[SealUse, ...]:
    """Take uses for a chunk, all or none.

    1. Lock the grants. 2. Hold the seals. 3. Judge each use, with those before it counted. 4. Count and write.

    An error names the licence or document that it is about in ``params["document"]``: leave that one out and try again.
    """
    if not requests:
        return ()
    wanted = sorted({each.grant_id for each in requests})
    grants = {each.grant_id: each for each in lock_grants(tx, wanted)}  # (1)
    seals = seal_facts(tx, {each.code for each in grants.values()}, lock=True)  # (2)
    uses, taken = [], dict.fromkeys(wanted, 0)
    for request in requests:
        grant = grants[request.grant_id]
        seal = seals[grant.code]
        counted = replace(grant, uses_taken=grant.uses_taken + taken[grant.grant_id])
        try:
            legal_basis = judge(seal, counted, request.occasion, at=at)  # (3)
        except SealError as error:
            raise type(error)(params={"document": request.licence_id or request.document_id or ""}) from error
        taken[grant.grant_id] += 1
        uses.append(
            SealUse(
                use_id=random(_ID_BYTES).hex(),
                grant_id=grant.grant_id,
                code=grant.code,
                version=seal.version or 0,
                key=seal.key,
                occasion=request.occasion,
                legal_basis=legal_basis,
                licence_id=request.licence_id,
                document_id=request.document_id,
                taken_at=at,
                lease_until=lease_until,
                state=UseState.OPEN,
            )
        )
    _count(tx, taken)  # (4)
    tx.execute(insert(SEAL_USE), [_values(use) for use in uses])
    return tuple(uses)


def file_uses(tx: Transaction, filings: Sequence[UseFiling], *, at: datetime, random: Random) -> tuple[SealUse, ...]:
    """File uses in the transaction that files what was sealed; one entry for the log tells of all of them.

    Raises ``UnknownUseError``, ``UseAbandonedError``, ``UseFiledError``, and what the seal's state or the grant's says
    against it by now, each with ``params["use"]``; then none is filed.
    """
    if not filings:
        return ()
    rows = _locked(tx, [each.use_id for each in filings])
    records: list[bytes] = []
    changed: list[dict[str, Any]] = []
    for filing in filings:
        use = {**rows[filing.use_id], "filed_at": at}
        private = cbor.encode({0: random(SALT_BYTES)} | use_private_told_by(use))
        record = cbor.encode({0: random(SALT_BYTES)} | use_told_by(use, private, filing.bodies))
        records.append(record)
        changed.append({"of_use": filing.use_id, "new_record": record, "new_private": private})
    listed = list_record([sha256(each).digest() for each in records])
    digest = log_records.keep(tx, listed, at=at)
    values = {
        "state": UseState.FILED.value,
        "filed_at": at,
        "filing": digest,
        "record": bindparam("new_record"),
        "private": bindparam("new_private"),
    }
    tx.execute(update(SEAL_USE).where(SEAL_USE.c.use_id == bindparam("of_use")).values(values), changed)
    bodies = [
        {"use_id": each.use_id, "leaf": leaf, "digest": body} for each in filings for body, leaf in sorted(each.bodies)
    ]
    if bodies:
        tx.execute(insert(SEAL_USE_BODY), bodies)
    add_pending(tx, EntryKind.STATE, digest, {1: USE, 2: FILE}, at=at, key=f"{USE}:{digest.hex()}")
    found = {each.use_id: each for each in _uses(tx, SEAL_USE.c.use_id.in_([each.use_id for each in filings]))}
    return tuple(found[each.use_id] for each in filings)


def abandon_uses(tx: Transaction, *, attempts: Sequence[str] = (), use_ids: Sequence[str] = ()) -> int:
    """Give open uses up, by the licences or documents that were tried or by their own ids; the grants get them back.

    Return how many there were.
    """
    tried = SEAL_USE.c.licence_id.in_(attempts) | SEAL_USE.c.document_id.in_(attempts)
    return _abandon(tx, tried | SEAL_USE.c.use_id.in_(use_ids)) if attempts or use_ids else 0


def abandon_overdue(tx: Transaction, *, at: datetime, limit: int = 500) -> int:
    """Give up open uses whose lease has run out and which have no open intent any more; return how many."""
    still = exists().where(
        INTENT.c.licence_id.in_((SEAL_USE.c.licence_id, SEAL_USE.c.document_id)),
        INTENT.c.state == IntentState.OPEN.value,
    )
    late = select(SEAL_USE.c.use_id).where(SEAL_USE.c.state == UseState.OPEN.value, SEAL_USE.c.lease_until < at, ~still)
    use_ids = tuple(tx.execute(late.order_by(SEAL_USE.c.lease_until).limit(limit)).scalars())
    return abandon_uses(tx, use_ids=use_ids)


def renew_use(tx: Transaction, use_id: str, *, until: datetime) -> None:
    """Move the lease of an open use on, for work that takes long before its first intent is logged."""
    mine = (SEAL_USE.c.use_id == use_id, SEAL_USE.c.state == UseState.OPEN.value)
    if tx.execute(update(SEAL_USE).where(*mine).values(lease_until=until)).rowcount != 1:
        raise UseAbandonedError


def find_use(tx: Transaction, use_id: str) -> SealUse | None:
    """Return one use."""
    return next(iter(_uses(tx, SEAL_USE.c.use_id == use_id)), None)


def uses_of_licence(tx: Transaction, licence_id: str) -> tuple[SealUse, ...]:
    """Return the uses for one licence version."""
    return _uses(tx, SEAL_USE.c.licence_id == licence_id)


def uses_by_id(tx: Transaction, use_ids: Sequence[str]) -> dict[str, SealUse]:
    """Return the uses of these ids; at most some hundred at once."""
    return {each.use_id: each for each in _uses(tx, SEAL_USE.c.use_id.in_(use_ids))}


def uses_of_body(tx: Transaction, digest: str) -> tuple[SealUse, ...]:
    """Return the uses in which a document of this SHA-256 (hex) was sealed."""
    return _uses(tx, SEAL_USE.c.use_id.in_(select(SEAL_USE_BODY.c.use_id).where(SEAL_USE_BODY.c.digest == digest)))


def uses_of_document(tx: Transaction, document_id: str) -> tuple[SealUse, ...]:
    """Return the uses for one official document."""
    return _uses(tx, SEAL_USE.c.document_id == document_id)


def uses_of_seal(
    tx: Transaction, code: str, *, before: datetime, before_id: str = "", limit: int = 100
) -> tuple[SealUse, ...]:
    """Return a seal's uses that were taken before this moment, newest first.

    ``before_id`` goes on behind this use of that moment: a chunk takes its uses all at once.
    """
    is_older = (SEAL_USE.c.taken_at < before) | ((SEAL_USE.c.taken_at == before) & (SEAL_USE.c.use_id < before_id))
    query = select(SEAL_USE.c.use_id).where(SEAL_USE.c.code == code, is_older)
    newest = query.order_by(SEAL_USE.c.taken_at.desc(), SEAL_USE.c.use_id.desc()).limit(limit)
    return tuple(reversed(_uses(tx, SEAL_USE.c.use_id.in_(newest))))


def count_uses(tx: Transaction, grant_id: str, *, until: datetime) -> int:
    """Return how many uses of a grant were taken until this moment and not given up."""
    query = select(func.count()).where(
        SEAL_USE.c.grant_id == grant_id, SEAL_USE.c.taken_at <= until, SEAL_USE.c.state != UseState.ABANDONED.value
    )
    count: int = tx.execute(query).scalar_one()
    return count


def use_told_by(
    row: Mapping[str, Any] | RowMapping, private: bytes, bodies: Sequence[tuple[str, int]]
) -> dict[int, object]:
    """Return what the columns of a filed use tell, as its record tells it behind 0, the salt."""
    entries: dict[int, object] = {
        1: row["use_id"],
        2: row["code"],
        3: row["version"],
        4: row["grant_id"],
        5: row["type_code"],
        6: row["item_code"],
        7: row["legal_basis"],
        8: row["office"],
        9: row["role"],
        10: row["second_role"],
        11: int(row["taken_at"].timestamp()),
        12: int(row["filed_at"].timestamp()),
        13: [[bytes.fromhex(digest), leaf] for digest, leaf in sorted(bodies)],
        14: sha256(private).digest(),
        15: row["licence_id"],
        16: row["document_id"],
    }
    return {key: value for key, value in entries.items() if value is not None}


def use_private_told_by(row: Mapping[str, Any] | RowMapping) -> dict[int, object]:
    """Return what the private part of a use tells behind 0, the salt."""
    entries: dict[int, object] = {1: row["person"], 2: row["second_person"]}
    return {key: value for key, value in entries.items() if value is not None}


def list_record(digests: Sequence[bytes]) -> bytes:
    """Return the record of uses that were filed together."""
    return cbor.encode({1: list(digests)})


def _locked(tx: Transaction, use_ids: Sequence[str]) -> dict[str, RowMapping]:
    """Lock uses behind their grants and seals, and see that each may be filed."""
    mine = SEAL_USE.c.use_id.in_(use_ids)
    held = tx.execute(select(SEAL_USE.c.grant_id).where(mine)).scalars()
    grants = {each.grant_id: each for each in lock_grants(tx, sorted(set(held)), read=True)}
    seals = seal_facts(tx, {each.code for each in grants.values()}, lock=True)
    query = select(SEAL_USE).where(mine).order_by(SEAL_USE.c.use_id).with_for_update()
    rows = {row["use_id"]: row for row in tx.execute(query).mappings()}
    for use_id in use_ids:
        try:
            row = _open_row(rows, use_id)
            demand_in_use(seals[row["code"]])
            demand_granted(grants[row["grant_id"]])
        except SealError as error:
            raise type(error)(params={"use": use_id}) from error
    return rows


def _open_row(rows: Mapping[str, RowMapping], use_id: str) -> RowMapping:
    if use_id not in rows:
        raise UnknownUseError
    if rows[use_id]["state"] == UseState.ABANDONED.value:
        raise UseAbandonedError
    if rows[use_id]["state"] == UseState.FILED.value:
        raise UseFiledError
    return rows[use_id]


def _abandon(tx: Transaction, mine: Any) -> int:  # noqa: ANN401 - an expression of SQLAlchemy
    """Lock the grants, then the uses, as everybody does, and give up those that are open."""
    is_open = (mine, SEAL_USE.c.state == UseState.OPEN.value)
    held = sorted(set(tx.execute(select(SEAL_USE.c.grant_id).where(*is_open)).scalars()))
    if not held:
        return 0
    lock_grants(tx, held)
    query = select(SEAL_USE.c.use_id, SEAL_USE.c.grant_id).where(*is_open, SEAL_USE.c.grant_id.in_(held))
    rows = tx.execute(query.order_by(SEAL_USE.c.use_id).with_for_update()).all()
    given_back = dict.fromkeys(held, 0)
    for row in rows:
        given_back[row.grant_id] -= 1
    gone = SEAL_USE.c.use_id.in_([row.use_id for row in rows])
    tx.execute(update(SEAL_USE).where(gone).values(state=UseState.ABANDONED.value))
    _count(tx, given_back)
    return len(rows)


def _count(tx: Transaction, taken: Mapping[str, int]) -> None:
    for grant_id, count in taken.items():
        mine = SEAL_GRANT.c.grant_id == grant_id
        tx.execute(update(SEAL_GRANT).where(mine).values(uses_taken=SEAL_GRANT.c.uses_taken + count))


def _values(use: SealUse) -> dict[str, Any]:
    mine = ("use_id", "grant_id", "code", "version", "legal_basis", "licence_id", "document_id", "taken_at")
    return {
        **{name: getattr(use, name) for name in (*mine, "lease_until")},
        **{each.name: getattr(use.occasion, each.name) for each in fields(Occasion)},
        "state": use.state.value,
    }


def _uses(tx: Transaction, condition: Any) -> tuple[SealUse, ...]:  # noqa: ANN401 - an expression of SQLAlchemy
    """Return uses, oldest first, with the bodies that were sealed in each."""
    same = (SEAL_OBJECT.c.code == SEAL_USE.c.code) & (SEAL_OBJECT.c.version == SEAL_USE.c.version)
    query = select(SEAL_USE, SEAL_OBJECT.c.key).select_from(SEAL_USE.join(SEAL_OBJECT, same)).where(condition)
    rows = tx.execute(query.order_by(SEAL_USE.c.taken_at, SEAL_USE.c.use_id)).mappings().all()
    bodies: dict[str, list[tuple[str, int]]] = {row["use_id"]: [] for row in rows}
    if bodies:
        wanted = select(SEAL_USE_BODY).where(SEAL_USE_BODY.c.use_id.in_(list(bodies)))
        for row in tx.execute(wanted.order_by(SEAL_USE_BODY.c.leaf)):
            bodies[row.use_id].append((row.digest, row.leaf))
    return tuple(_use(row, tuple(bodies[row["use_id"]])) for row in rows)


def _use(row: RowMapping, bodies: tuple[tuple[str, int], ...]) -> SealUse:
    same = {"use_id", "grant_id", "code", "version", "key", "legal_basis", "licence_id", "document_id"}
    values: dict[str, Any] = {name: row[name] for name in (*same, "taken_at", "lease_until", "filed_at")}
    occasion = Occasion(**{each.name: row[each.name] for each in fields(Occasion)})
    return SealUse(**values, occasion=occasion, state=UseState(row["state"]), bodies=bodies)
