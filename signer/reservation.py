"""Step 1 of issuing: decide which drafts may be issued, reserve number, id and status index, take the use of a seal.

Promises:
  * What is reserved is never given out again, also when the process dies after this step.
  * No licence without the use of a seal under a grant that covers it: taken in the same transaction, before anything is
    logged, and counted there.
  * A draft that may not be issued is refused with its reasons; the others of the chunk go on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from registry import catalogue, departments, licences, numbers, seal_grants, seal_uses, seals
from registry.db import Transaction, reading, transaction
from registry.errors import DraftStateError, OwnDraftError, RegistryError, UnknownLicenceError
from registry.lifecycle import LicenceEvent, next_state
from registry.records import Department, DraftRecord, DraftState, LicenceRecord, LicenceType, Place, Role
from registry.seal_errors import SealError
from registry.seal_records import Occasion, SealGrant, SealObjectRecord, SealUse, UseRequest
from signer.contents import data_set_of
from signer.desk import Desk, Operator, demand
from signer.errors import NotApprovedError, NotEntitledError
from signer.precheck import check_draft
from signer.signing_keys import demand_seal_key, demand_signing_keys
from verify.errors import InvalidFieldsError, YinzhengError
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
    use: SealUse
    data_set: DataSet


@dataclass(frozen=True, slots=True, kw_only=True)
class _Good:
    """A draft that may be issued, and the grant under which it will be sealed."""

    record: DraftRecord
    licence_type: LicenceType
    department: Department
    occasion: Occasion
    grant_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """What registry and trust list say of everything that the drafts of a chunk name."""

    trust: TrustList
    crls: tuple[bytes, ...]
    types: Mapping[str, LicenceType | None]
    offices: Mapping[str, Department | None]
    replaced: Mapping[str, LicenceRecord | None]
    grants: Mapping[Occasion, SealGrant | SealError]
    seals: Mapping[str, SealObjectRecord | None]


def reserve(
    desk: Desk, records: Sequence[DraftRecord], *, operator: Operator, at: datetime
) -> tuple[tuple[Reserved, ...], tuple[RefusedDraft, ...]]:
    """Judge each draft, then reserve places for the good ones in one transaction of its own.

    Raises `ValueError` for more than CHUNK_MAX drafts.
    """
    if len(records) > CHUNK_MAX:
        raise ValueError(f"a chunk has at most {CHUNK_MAX} drafts")
    looked = _look(desk, records, operator=operator, at=at)
    good, refused = [], []
    for record in records:
        try:
            demand(operator, department=record.draft.issuer, roles=ISSUING_ROLES)
            good.append(_judge(desk, record, looked, operator=operator, at=at))
        except YinzhengError as error:
            refused.append(RefusedDraft(draft_id=record.draft_id, error=error))
    desk.after("judged")
    places, refused_later = _places(desk, good, at=at)
    desk.after("reserved")
    reserved = []
    for each in good:
        found = places.get(each.record.draft_id)
        if found is None:
            continue
        place, use = found
        try:
            data_set = data_set_of(each.record.draft, each.department, place, salt=desk.random(SALT_BYTES))
        except YinzhengError as error:
            refused.append(RefusedDraft(draft_id=each.record.draft_id, error=error))
            continue
        reserved.append(
            Reserved(
                record=each.record,
                licence_type=each.licence_type,
                department=each.department,
                place=place,
                use=use,
                data_set=data_set,
            )
        )
    return tuple(reserved), (*refused, *refused_later)


def _look(desk: Desk, records: Sequence[DraftRecord], *, operator: Operator, at: datetime) -> _Looked:
    on = at.astimezone(ISSUER_ZONE).date()
    drafts = [record.draft for record in records]
    trust, crls = desk.trust_list(at=at), desk.revocation()
    with reading(desk.database) as tx:
        types = {code: catalogue.find_type(tx, code, on=on) for code in {each.type_code for each in drafts}}
        occasions = {_occasion(each, types[each.draft.type_code], operator) for each in records}
        grants = {each: _grant(tx, each, at=at) for each in occasions}
        codes = {each.code for each in grants.values() if isinstance(each, SealGrant)}
        return _Looked(
            trust=trust,
            crls=crls,
            types=types,
            grants=grants,
            seals={code: seals.current_object(tx, code) for code in codes},
            offices={uscc: departments.find_department(tx, uscc) for uscc in {each.issuer for each in drafts}},
            replaced={
                each.replaces: licences.find_licence(tx, each.replaces) for each in drafts if each.replaces is not None
            },
        )


def _occasion(record: DraftRecord, licence_type: LicenceType | None, operator: Operator) -> Occasion:
    """Return for what the seal is to be used; a grant names items without what an office adds to their codes."""
    draft = record.draft
    items = () if licence_type is None else licence_type.item_codes
    return Occasion(
        office=draft.issuer,
        person=operator.person_id,
        role=operator.role.value,
        type_code=draft.type_code,
        item_code=next((code for code in items if code in draft.item_code), draft.item_code),
        second_person=record.reviewed_by,
        second_role=None if record.reviewed_by is None else Role.REVIEWER.value,
    )


def _grant(tx: Transaction, occasion: Occasion, *, at: datetime) -> SealGrant | SealError:
    """Return the grant that fits, or why none does: the reason is one draft's, not everybody's."""
    try:
        return seal_grants.find_grant(tx, occasion, at=at)
    except SealError as error:
        return error


def _judge(desk: Desk, record: DraftRecord, looked: _Looked, *, operator: Operator, at: datetime) -> _Good:
    """Refuse a draft that may not be issued, before a number is spent on it.

    1. It is complete, right, and fits page and code. 2. Its state allows it. 3. Somebody else approved it, where its
    type demands that. 4. Its issuer may issue this type, and has keys that may sign. 5. What it replaces stands, and is
    this issuer's and of this type. 6. A grant lets this operator use a seal for it, whose key may sign.
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
    demand_signing_keys(desk, draft.issuer, looked.trust, looked.crls, at=at)
    if draft.replaces is not None:  # (5)
        _demand_replaceable(looked.replaced[draft.replaces], record)
    occasion = _occasion(record, licence_type, operator)
    grant = looked.grants[occasion]  # (6)
    if isinstance(grant, SealError):
        raise grant
    seal = looked.seals[grant.code]
    if seal is not None:
        demand_seal_key(seal, looked.trust, looked.crls, at=at)
    return _Good(
        record=record,
        licence_type=licence_type,
        department=department,
        occasion=occasion,
        grant_id=grant.grant_id,
    )


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
    desk: Desk, chunk: Sequence[_Good], *, at: datetime
) -> tuple[Mapping[str, tuple[Place, SealUse]], tuple[RefusedDraft, ...]]:
    """Reserve places and take uses by draft id; a draft that is refused is left out, and the rest tried again."""
    waiting, refused = list(chunk), list[RefusedDraft]()
    while waiting:
        try:
            return _reserve_all(desk, waiting, at=at), tuple(refused)
        except RegistryError as error:
            draft_id = error.params.get("draft_id")
            if draft_id is None:  # what stops everybody
                raise
            refused.append(RefusedDraft(draft_id=draft_id, error=error))
            waiting = [each for each in waiting if each.record.draft_id != draft_id]
    return {}, tuple(refused)


def _reserve_all(desk: Desk, chunk: Sequence[_Good], *, at: datetime) -> Mapping[str, tuple[Place, SealUse]]:
    """Reserve and take for all in one transaction, or raise what is against one, with its `draft_id`."""
    with transaction(desk.database) as tx:
        places = numbers.reserve(tx, [each.record for each in chunk], random=desk.random, at=at)
        requests = [
            UseRequest(grant_id=each.grant_id, occasion=each.occasion, licence_id=place.licence_id)
            for each, place in zip(chunk, places, strict=True)
        ]
        try:
            uses = seal_uses.take_uses(
                tx, requests, at=at, lease_until=desk.clock() + desk.log.lease, random=desk.random
            )
        except SealError as error:
            of_licence = {place.licence_id: place.draft_id for place in places}
            draft_id = of_licence.get(error.params.get("document", ""))
            raise error if draft_id is None else type(error)(params={"draft_id": draft_id}) from error
    return {place.draft_id: (place, use) for place, use in zip(places, uses, strict=True)}
