"""Seals: apply, approve or refuse, make, file, renew, suspend, reinstate, call in, destroy.

Promises:
  * The act, the states of seal and object, the status list's value (which follows from the state) and the entry that
    waits for the log are one transaction. What the tables in ``seal_lifecycle.py`` lack is refused.
  * A code is given out once; nobody approves what they applied for.
  * A seal whose act is decided is locked until the end of the transaction.

A code has 14 digits: the division's six, and eight that count up within it. Its place in a status list follows from it:
list ``<division>-<serial // 131072>``, index ``serial % 131072``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Row, RowMapping, exists, insert, select, update

from registry.db import Transaction
from registry.departments import find_department
from registry.errors import ChangedMeanwhileError, UnknownDepartmentError
from registry.permutation import LIST_SIZE
from registry.seal_errors import (
    SealCodeError,
    SealCodeUsedError,
    SealNotAllowedError,
    SealSamePersonError,
    UnknownSealError,
)
from registry.seal_events import SealEvent, applied_for, record_event
from registry.seal_lifecycle import (
    OBJECT_ACTS,
    ObjectState,
    SealAct,
    SealState,
    UseState,
    next_object_state,
    next_state,
    status_value,
)
from registry.seal_records import (
    MadeObject,
    SealApplication,
    SealDeed,
    SealObjectRecord,
    SealPicture,
    SealRecord,
    SealStep,
)
from registry.statements import advance, upsert
from registry.tables import SEAL, SEAL_OBJECT, SEAL_USE
from verify.status import StatusValue

CODE_FORM: Final = re.compile(r"[0-9]{14}", re.ASCII)
_SEAL_COLUMNS: Final = tuple(SEAL.c[each.name] for each in fields(SealRecord))
_ON_ITS_WAY: Final = frozenset({ObjectState.APPLIED, ObjectState.APPROVED, ObjectState.MADE})

Random = Callable[[int], bytes]


def apply_for_seal(
    tx: Transaction,
    application: SealApplication,
    deed: SealDeed,
    *,
    at: datetime,
    random: Random,
    code: str | None = None,
) -> SealRecord:
    """Save an application for a seal; `code` is given by the authority, or the next one of the owner's division.

    Raises ``UnknownDepartmentError``, ``SealCodeError``, ``SealCodeUsedError``.
    """
    owner = find_department(tx, application.owner)
    if owner is None:
        raise UnknownDepartmentError
    if code is not None and CODE_FORM.fullmatch(code) is None:
        raise SealCodeError
    values = {
        "kind": application.kind,
        "name": application.name,
        "name_en": application.name_en,
        "owner": application.owner,
        "state": SealState.APPLIED.value,
        "version": None,
        "last_version": 1,
        "last_grant": 0,
        "psb_code": application.psb_code,
        "etag": 1,
        "created_at": at,
    }
    taken = _take_code(tx, values, code) if code is not None else _take_next_code(tx, values, owner.division)
    _add_object(tx, taken, 1, application, deed)
    event = SealEvent(
        code=taken,
        owner=application.owner,
        act=SealAct.APPLY.value,
        state=SealState.APPLIED.value,
        version=1,
        applied_for=applied_for(application.kind, application.name, application),
    )
    record_event(tx, event, deed, at=at, random=random)
    return demand_seal(tx, taken)


def renew_seal(
    tx: Transaction,
    code: str,
    wanted: SealApplication,
    deed: SealDeed,
    *,
    at: datetime,
    random: Random,
) -> SealRecord:
    """Save an application for the next object of a seal in use, with the picture and term of `wanted`.

    Raises ``UnknownSealError``, ``SealNotAllowedError``.
    """
    seal, pending = _locked(tx, code)
    state = next_state(seal.state, SealAct.RENEW)
    next_object_state(None if pending is None else pending.state, SealAct.RENEW)
    version = seal.last_version + 1
    _add_object(tx, code, version, wanted, deed)
    _save(tx, seal, {"state": state.value, "last_version": version})
    event = SealEvent(
        code=code,
        owner=seal.owner,
        act=SealAct.RENEW.value,
        state=state.value,
        version=version,
        applied_for=applied_for(seal.kind, seal.name, wanted),
    )
    record_event(tx, event, deed, at=at, random=random)
    return demand_seal(tx, code)


def act_on_seal(
    tx: Transaction, code: str, step: SealStep, deed: SealDeed, *, at: datetime, random: Random
) -> SealRecord:
    """Do an act on a seal other than applying.

    1. Lock the seal. 2. See what the tables say. 3. See that nobody approves their own application. 4. Write the object
    on its way, the seal, and the act.

    Raises ``UnknownSealError``, ``SealNotAllowedError``, ``SealSamePersonError``, ``ChangedMeanwhileError``.
    """
    act, made = step.act, step.made
    if act in {SealAct.APPLY, SealAct.RENEW} or (act is SealAct.MAKE) is (made is None):
        raise SealNotAllowedError(params={"state": "none", "act": act.value})
    seal, pending = _locked(tx, code)  # (1)
    if step.if_match not in {None, seal.etag}:
        raise ChangedMeanwhileError
    state = next_state(seal.state, act)  # (2)
    object_state = next_object_state(None if pending is None else pending.state, act)
    if act is SealAct.APPROVE and pending is not None and pending.applied_by == deed.person:  # (3)
        raise SealSamePersonError
    changed: dict[str, Any] = {"state": state.value}
    if pending is not None and object_state is not None:  # (4)
        _save_object(tx, pending, _object_values(object_state, step, deed, at=at))
    if act is SealAct.FILE and pending is not None:
        _replace(tx, seal, at=at)
        changed["version"] = pending.version
    _save(tx, seal, changed)
    record_event(tx, _event(seal, pending, step, state), deed, at=at, random=random)
    return demand_seal(tx, code)


def find_seal(tx: Transaction, code: str) -> SealRecord | None:
    """Return one seal."""
    row = tx.execute(select(*_SEAL_COLUMNS).where(SEAL.c.code == code)).one_or_none()
    return None if row is None else _seal(row)


def demand_seal(tx: Transaction, code: str) -> SealRecord:
    """Return one seal. Raises ``UnknownSealError``."""
    seal = find_seal(tx, code)
    if seal is None:
        raise UnknownSealError
    return seal


def seals_of(tx: Transaction, owner: str | None = None) -> tuple[SealRecord, ...]:
    """Return the seals of a department, or all, by code; a government has some hundred."""
    query = select(*_SEAL_COLUMNS).order_by(SEAL.c.code)
    return tuple(_seal(row) for row in tx.execute(query if owner is None else query.where(SEAL.c.owner == owner)))


def objects_of(tx: Transaction, code: str) -> tuple[SealObjectRecord, ...]:
    """Return all objects of a seal, oldest first."""
    query = select(SEAL_OBJECT).where(SEAL_OBJECT.c.code == code).order_by(SEAL_OBJECT.c.version)
    return tuple(object_record(row) for row in tx.execute(query).mappings())


def find_object(tx: Transaction, code: str, version: int) -> SealObjectRecord | None:
    """Return one version of a seal."""
    query = select(SEAL_OBJECT).where(SEAL_OBJECT.c.code == code, SEAL_OBJECT.c.version == version)
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else object_record(row)


def current_object(tx: Transaction, code: str) -> SealObjectRecord | None:
    """Return the filed object of a seal."""
    seal = find_seal(tx, code)
    return None if seal is None or seal.version is None else find_object(tx, code, seal.version)


def pending_object(tx: Transaction, code: str) -> SealObjectRecord | None:
    """Return the object of a seal that is on its way: applied for, approved or made, and not filed."""
    seal = find_seal(tx, code)
    newest = None if seal is None else find_object(tx, code, seal.last_version)
    return newest if newest is not None and newest.state in _ON_ITS_WAY else None


def retired_objects(tx: Transaction) -> tuple[SealObjectRecord, ...]:
    """Return the objects whose keys are of no more use and not destroyed: replaced, refused, or of a destroyed seal.

    One in which a use is still open is left out: its document may be about to be signed.
    """
    still = exists().where(
        SEAL_USE.c.code == SEAL_OBJECT.c.code,
        SEAL_USE.c.version == SEAL_OBJECT.c.version,
        SEAL_USE.c.state == UseState.OPEN.value,
    )
    gone = SEAL_OBJECT.c.state.in_([ObjectState.REPLACED.value, ObjectState.REFUSED.value])
    query = (
        select(*SEAL_OBJECT.c)
        .select_from(SEAL_OBJECT.join(SEAL, SEAL.c.code == SEAL_OBJECT.c.code))
        .where(SEAL_OBJECT.c.key.is_not(None), SEAL_OBJECT.c.key_destroyed_at.is_(None), ~still)
        .where(gone | (SEAL.c.state == SealState.DESTROYED.value))
        .order_by(SEAL_OBJECT.c.code, SEAL_OBJECT.c.version)
    )
    return tuple(object_record(row) for row in tx.execute(query).mappings())


def note_destroyed(tx: Transaction, code: str, version: int, *, at: datetime) -> bool:
    """Note that an object's key was destroyed, and say whether that is news."""
    this = (SEAL_OBJECT.c.code == code, SEAL_OBJECT.c.version == version, SEAL_OBJECT.c.key_destroyed_at.is_(None))
    return tx.execute(update(SEAL_OBJECT).where(*this).values(key_destroyed_at=at)).rowcount == 1


def ended_objects(tx: Transaction) -> tuple[SealObjectRecord, ...]:
    """Return the last filed objects of seals that were called in or destroyed: their certificates are revoked."""
    ended = SEAL.c.state.in_([SealState.CALLED_IN.value, SealState.DESTROYED.value])
    same = (SEAL.c.code == SEAL_OBJECT.c.code) & (SEAL.c.version == SEAL_OBJECT.c.version)
    query = select(*SEAL_OBJECT.c).select_from(SEAL_OBJECT.join(SEAL, same)).where(ended)
    return tuple(object_record(row) for row in tx.execute(query.order_by(SEAL_OBJECT.c.code)).mappings())


def status_place(code: str) -> tuple[str, int]:
    """Return the name of the status list that a seal stands in, and its index there."""
    block, index = divmod(int(code[6:]), LIST_SIZE)
    return f"{code[:6]}-{block}", index


def seal_statuses(tx: Transaction) -> Mapping[str, Mapping[int, StatusValue]]:
    """Return for each status list of seals the places that are not "in force"."""
    lists: dict[str, dict[int, StatusValue]] = {}
    for row in tx.execute(select(SEAL.c.code, SEAL.c.state)):
        name, index = status_place(row.code)
        value = status_value(SealState(row.state))
        lists.setdefault(name, {})
        if value is not StatusValue.IN_FORCE:
            lists[name][index] = value
    return lists


def object_record(row: Mapping[str, Any] | RowMapping) -> SealObjectRecord:
    """Return the record of a row of the objects."""
    names = [each.name for each in fields(SealObjectRecord) if each.name not in {"picture", "state"}]
    return SealObjectRecord(
        **{name: row[name] for name in names},
        state=ObjectState(row["state"]),
        picture=SealPicture(content=row["picture"], width_mm=row["width_mm"], height_mm=row["height_mm"]),
    )


def _take_code(tx: Transaction, values: dict[str, Any], code: str) -> str:
    statement = upsert(tx, SEAL).values({**values, "code": code}).on_conflict_do_nothing()
    if tx.execute(statement.returning(SEAL.c.code)).scalar_one_or_none() is None:
        raise SealCodeUsedError
    return code


def _take_next_code(tx: Transaction, values: dict[str, Any], division: str) -> str:
    """Take the next code of a division; one that was given by hand before is passed over."""
    while True:
        serial = advance(tx, f"seal:{division}", 1) + 1
        if serial > 99_999_999:
            raise SealCodeError
        try:
            return _take_code(tx, values, f"{division}{serial:08d}")
        except SealCodeUsedError:
            continue


def _add_object(tx: Transaction, code: str, version: int, wanted: SealApplication, deed: SealDeed) -> None:
    values = {
        "code": code,
        "version": version,
        "state": ObjectState.APPLIED.value,
        "picture": wanted.picture.content,
        "width_mm": wanted.picture.width_mm,
        "height_mm": wanted.picture.height_mm,
        "valid_from": wanted.valid_from,
        "valid_until": wanted.valid_until,
        "applied_by": deed.person,
    }
    tx.execute(insert(SEAL_OBJECT).values(values))


def _locked(tx: Transaction, code: str) -> tuple[SealRecord, SealObjectRecord | None]:
    row = tx.execute(select(*_SEAL_COLUMNS).where(SEAL.c.code == code).with_for_update()).one_or_none()
    if row is None:
        raise UnknownSealError
    return _seal(row), pending_object(tx, code)


def _object_values(state: ObjectState, step: SealStep, deed: SealDeed, *, at: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {"state": state.value}
    if step.act is SealAct.APPROVE:
        values["approved_by"] = deed.person
    if step.act is SealAct.FILE:
        values["filed_at"] = at
    if step.made is not None:
        values |= {each.name: getattr(step.made, each.name) for each in fields(MadeObject)}
        values["digest"] = sha256(step.made.content).digest()
    return values


def _event(seal: SealRecord, pending: SealObjectRecord | None, step: SealStep, state: SealState) -> SealEvent:
    of_object = pending if step.act in OBJECT_ACTS else None
    digest = None if of_object is None else of_object.digest
    decided = pending if step.act is SealAct.APPROVE else None
    return SealEvent(
        code=seal.code,
        owner=seal.owner,
        act=step.act.value,
        state=state.value,
        version=seal.version if of_object is None else of_object.version,
        object_digest=digest if step.made is None else sha256(step.made.content).digest(),
        applied_for=None if decided is None else applied_for(seal.kind, seal.name, decided),
    )


def _replace(tx: Transaction, seal: SealRecord, *, at: datetime) -> None:
    """Mark the object that was filed until now as replaced."""
    if seal.version is not None:
        old = (SEAL_OBJECT.c.code == seal.code, SEAL_OBJECT.c.version == seal.version)
        tx.execute(update(SEAL_OBJECT).where(*old).values(state=ObjectState.REPLACED.value, replaced_at=at))


def _save_object(tx: Transaction, pending: SealObjectRecord, values: Mapping[str, Any]) -> None:
    this = (SEAL_OBJECT.c.code == pending.code, SEAL_OBJECT.c.version == pending.version)
    tx.execute(update(SEAL_OBJECT).where(*this).values(dict(values)))


def _save(tx: Transaction, seal: SealRecord, values: Mapping[str, Any]) -> None:
    tx.execute(update(SEAL).where(SEAL.c.code == seal.code).values({**values, "etag": SEAL.c.etag + 1}))


def _seal(row: Row[Any]) -> SealRecord:
    values: dict[str, Any] = {**row._mapping, "state": SealState(row.state)}  # noqa: SLF001 - SQLAlchemy's own name for it
    return SealRecord(**values)
