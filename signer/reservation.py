"""Step 1 of issuing: decide which drafts may be issued, and reserve number, id and status index for each.

Promises:
  * What is reserved is never given out again, also when the process dies after this step.
  * A draft that may not be issued is refused with its reasons; the others of the chunk go on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from registry import catalogue, departments, licences, numbers
from registry.db import reading, transaction
from registry.errors import DraftStateError, OwnDraftError, RegistryError, UnknownLicenceError
from registry.lifecycle import LicenceEvent, next_state
from registry.records import Department, DraftRecord, DraftState, LicenceRecord, LicenceType, Place, Role
from signer.contents import data_set_of
from signer.desk import Desk, Operator, demand
from signer.errors import NotApprovedError, NotEntitledError
from signer.precheck import check_draft
from verify.errors import InvalidFieldsError, YinzhengError
from verify.key_purpose import KeyPurpose
from verify.licence import ISSUER_ZONE, SALT_BYTES, DataSet
from verify.trust import TrustList

ISSUING_ROLES: Final = frozenset({Role.ISSUING_OFFICER, Role.SYSTEM})
# One transaction, two log commits and one filing for so many licences (decisions.md section 6).
CHUNK_MAX: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedDraft:
    """A draft that was not issued, and why. Nothing of it has left the building."""

    draft_id: str
    error: YinzhengError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """A draft that may be issued, with its place in the registry and the data set that all bodies will carry."""

    record: DraftRecord
    licence_type: LicenceType
    department: Department
    place: Place
    data_set: DataSet


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """What registry and trust list say of everything that the drafts of a chunk name."""

    trust: TrustList

    types: Mapping[str, LicenceType | None]
    offices: Mapping[str, Department | None]
    replaced: Mapping[str, LicenceRecord | None]


def reserve(
    desk: Desk, records: Sequence[DraftRecord], *, operator: Operator, at: datetime
) -> tuple[tuple[Reserved, ...], tuple[RefusedDraft, ...]]:
    """Judge each draft, then reserve places for the good ones in one transaction of its own.

    Raises `ValueError` for more than CHUNK_MAX drafts.
    """
    if len(records) > CHUNK_MAX:
        raise ValueError(f"a chunk has at most {CHUNK_MAX} drafts")
    looked = _look(desk, records, at=at)
    good, refused = [], []
    for record in records:
        try:
            demand(operator, department=record.draft.issuer, roles=ISSUING_ROLES)
            good.append((record, *_judge(desk, record, looked, at=at)))
        except YinzhengError as error:
            refused.append(RefusedDraft(draft_id=record.draft_id, error=error))
    desk.after("judged")
    places, refused_later = _places(desk, [record for record, _type, _office in good], at=at)
    desk.after("reserved")
    reserved = []
    for record, licence_type, department in good:
        place = places.get(record.draft_id)
        if place is None:
            continue
        try:
            data_set = data_set_of(record.draft, department, place, salt=desk.random(SALT_BYTES))
        except YinzhengError as error:
            refused.append(RefusedDraft(draft_id=record.draft_id, error=error))
            continue
        reserved.append(
            Reserved(record=record, licence_type=licence_type, department=department, place=place, data_set=data_set)
        )
    return tuple(reserved), (*refused, *refused_later)


def _look(desk: Desk, records: Sequence[DraftRecord], *, at: datetime) -> _Looked:
    on = at.astimezone(ISSUER_ZONE).date()
    drafts = [record.draft for record in records]
    trust = desk.trust_list(at=at)
    with reading(desk.database) as tx:
        return _Looked(
            trust=trust,
            types={code: catalogue.find_type(tx, code, on=on) for code in {each.type_code for each in drafts}},
            offices={uscc: departments.find_department(tx, uscc) for uscc in {each.issuer for each in drafts}},
            replaced={
                each.replaces: licences.find_licence(tx, each.replaces) for each in drafts if each.replaces is not None
            },
        )


def _judge(desk: Desk, record: DraftRecord, looked: _Looked, *, at: datetime) -> tuple[LicenceType, Department]:
    """Refuse a draft that may not be issued, before a number is spent on it.

    1. It is complete, right, and fits page and code. 2. Its state allows it. 3. Somebody else approved it, where its
    type demands that. 4. Its issuer may issue this type, and has keys and a seal picture. 5. What it replaces stands,
    and is this issuer's and of this type.
    """
    draft = record.draft
    licence_type, department = looked.types[draft.type_code], looked.offices[draft.issuer]
    problems = check_draft(draft, licence_type, department, press=desk.press, host=desk.settings.host, at=at)  # (1)
    if problems or licence_type is None:
        raise InvalidFieldsError(problems)
    if record.state in {DraftState.FILED, DraftState.CANCELLED}:  # (2)
        raise DraftStateError(params={"state": record.state.value})
    if licence_type.reviewers:  # (3)
        _demand_review(record)
    entry = looked.trust.issuer(draft.issuer)  # (4)
    if department is None or entry is None or draft.type_code not in entry.licence_types:
        raise NotEntitledError(draft.issuer)
    desk.key(KeyPurpose.CODE, draft.issuer)
    desk.signer_parts(desk.key(KeyPurpose.DOCUMENT, draft.issuer))
    desk.seal_picture(department)
    if draft.replaces is not None:  # (5)
        _demand_replaceable(looked.replaced[draft.replaces], record)
    return licence_type, department


def _demand_review(record: DraftRecord) -> None:
    if record.reviewed_by is None:
        raise NotApprovedError
    if record.reviewed_by in record.authors:
        raise OwnDraftError


def _demand_replaceable(replaced: LicenceRecord | None, record: DraftRecord) -> None:
    """Refuse to replace what does not stand; a licence of another issuer or type is as good as none."""
    draft = record.draft
    if replaced is None or (replaced.issuer, replaced.type_code) != (draft.issuer, draft.type_code):
        raise UnknownLicenceError
    next_state(replaced.state, LicenceEvent.SUPERSEDE)


def _places(
    desk: Desk, records: Sequence[DraftRecord], *, at: datetime
) -> tuple[Mapping[str, Place], tuple[RefusedDraft, ...]]:
    """Reserve places by draft id; a draft that the registry refuses is left out, and the rest tried again."""
    waiting, refused = list(records), list[RefusedDraft]()
    while waiting:
        try:
            with transaction(desk.database) as tx:
                places = numbers.reserve(tx, waiting, random=desk.random, at=at)
        except RegistryError as error:
            draft_id = error.params.get("draft_id")
            if draft_id is None:  # what stops everybody
                raise
            refused.append(RefusedDraft(draft_id=draft_id, error=error))
            waiting = [each for each in waiting if each.draft_id != draft_id]
        else:
            return {place.draft_id: place for place in places}, tuple(refused)
    return {}, tuple(refused)
