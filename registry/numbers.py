"""Give out what exists once: licence numbers, ids, versions and places in the status lists.

Promises:
  * Nothing is given out twice and no number is lost, whatever crashes: all of it is rows of one transaction, and the
    counters are locked until it ends.
  * A draft keeps its number and identifier for ever; each attempt to issue it gets a new id and a new place in a list.
  * A chunk of drafts takes a fixed number of statements, but for given numbers and replacements.

An error that concerns one draft names it in ``params["draft_id"]``: leave that one out and reserve for the others.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, insert, select, update

from registry import catalogue
from registry.claims import Claim, Wanted, claim_numbers
from registry.db import Transaction
from registry.errors import (
    CatalogueError,
    ChangedMeanwhileError,
    DraftStateError,
    RegistryError,
    UnknownDepartmentError,
    UnknownDraftError,
)
from registry.number_format import NumberValues, parse_number_format
from registry.permutation import KEY_BYTES, LIST_SIZE, permute
from registry.records import DraftRecord, DraftState, LicenceType, Place
from registry.statements import advance, upsert
from registry.tables import DEPARTMENT, DRAFT, PLACE, STATUS_LIST
from verify.licence import ISSUER_ZONE
from verify.status import StatusValue
from verify.values import LICENCE_ID_BYTES, LicenceId, LicenceIdentifier, LicenceTypeCode, Uscc

_STATUS_COUNTER: Final = "status"
_MAY_BE_RESERVED: Final = frozenset(
    {DraftState.DRAFT.value, DraftState.SUBMITTED.value, DraftState.APPROVED.value, DraftState.RESERVED.value}
)


def reserve(
    tx: Transaction, drafts: Sequence[DraftRecord], *, random: Callable[[int], bytes], at: datetime
) -> tuple[Place, ...]:
    """Reserve a place for each draft, in their order, and set the drafts to ``reserved``.

    1. Lock the drafts and see that they are as the caller saw them. 2. Number those that have none. 3. Give each a new
    id and a new place in a status list.
    """
    if not drafts:
        return ()
    on = at.astimezone(ISSUER_ZONE).date()
    codes = {each.draft.type_code for each in drafts}
    types = {code: found for code in codes if (found := catalogue.find_type(tx, code, on=on)) is not None}
    locked = _lock(tx, drafts, types)  # (1)
    claims = {row.draft_id: _claim_of(row) for row in locked.values() if row.number is not None}
    divisions = _divisions(tx, drafts)
    wanted = [
        _wanted(record, types[record.draft.type_code], divisions, year=on.year)
        for record in drafts
        if record.draft_id not in claims
    ]
    claims |= {claim.draft_id: claim for claim in claim_numbers(tx, wanted, random)}  # (2)
    _save_claims(tx, [claims[record.draft_id] for record in drafts], drafts, types)
    licence_ids = [LicenceId(random(LICENCE_ID_BYTES)).text for _ in drafts]
    indexes = _status_indexes(tx, len(drafts), random)  # (3)
    places = tuple(
        _place(record, claims[record.draft_id], licence_id, index)
        for record, licence_id, index in zip(drafts, licence_ids, indexes, strict=True)
    )
    tx.execute(insert(PLACE), [_place_values(place, at) for place in places])
    return places


def end_places(tx: Transaction, licence_ids: Sequence[str]) -> None:
    """Let the status list say "ended" at the places of abandoned attempts, for their codes may have been signed."""
    if licence_ids:
        ended = update(PLACE).where(PLACE.c.licence_id.in_(licence_ids)).values(status=int(StatusValue.ENDED))
        tx.execute(ended)


def _lock(tx: Transaction, drafts: Sequence[DraftRecord], types: Mapping[str, LicenceType]) -> dict[str, Row[Any]]:
    columns = (DRAFT.c.draft_id, DRAFT.c.state, DRAFT.c.version, DRAFT.c.reviewed_by, DRAFT.c.number)
    query = select(*columns, DRAFT.c.lineage, DRAFT.c.lineage_version).where(
        DRAFT.c.draft_id.in_([record.draft_id for record in drafts])
    )
    rows = {row.draft_id: row for row in tx.execute(query.order_by(DRAFT.c.draft_id).with_for_update())}
    for record in drafts:
        error = _obstacle(record, rows.get(record.draft_id), types.get(record.draft.type_code))
        if error is not None:
            raise error
    return rows


def _obstacle(record: DraftRecord, row: Row[Any] | None, licence_type: LicenceType | None) -> RegistryError | None:
    params = {"draft_id": record.draft_id}
    if row is None:
        return UnknownDraftError(params=params)
    if licence_type is None:
        return CatalogueError("no such licence type in force", params=params)
    if row.state not in _MAY_BE_RESERVED or (licence_type.reviewers and row.reviewed_by is None):
        return DraftStateError(params={**params, "state": row.state})
    return ChangedMeanwhileError(params=params) if _has_changed(record, row) else None


def _has_changed(record: DraftRecord, row: Row[Any]) -> bool:
    """Say whether the draft was changed since it was read; being reserved is no change."""
    return bool(row.version != record.version)


def _claim_of(row: Row[Any]) -> Claim:
    return Claim(draft_id=row.draft_id, number=row.number, lineage=row.lineage, version=row.lineage_version)


def _divisions(tx: Transaction, drafts: Sequence[DraftRecord]) -> dict[str, str]:
    issuers = {record.draft.issuer for record in drafts}
    rows = tx.execute(select(DEPARTMENT.c.uscc, DEPARTMENT.c.division).where(DEPARTMENT.c.uscc.in_(issuers)))
    return {row.uscc: row.division for row in rows}


def _wanted(record: DraftRecord, licence_type: LicenceType, divisions: Mapping[str, str], *, year: int) -> Wanted:
    draft, params = record.draft, {"draft_id": record.draft_id}
    if draft.issuer not in divisions:
        raise UnknownDepartmentError(params=params)
    choices = {each.short_name: each.choices for each in licence_type.fields}
    places: dict[str, int] = {}
    for name in parse_number_format(licence_type.number_format).fields:
        value = draft.fields.get(name, "")
        if value not in choices[name]:
            raise CatalogueError("a field that enters the number is not chosen", params=params)
        places[name] = choices[name].index(value) + 1
    values = NumberValues(year=year, division=divisions[draft.issuer], places=places)
    return Wanted(record=record, number_format=licence_type.number_format, values=values)


def _save_claims(
    tx: Transaction, claims: Sequence[Claim], drafts: Sequence[DraftRecord], types: Mapping[str, LicenceType]
) -> None:
    values = {
        "number": bindparam("claim_number"),
        "lineage": bindparam("claim_lineage"),
        "lineage_version": bindparam("claim_version"),
        "type_version": bindparam("claim_type_version"),
        "state": DraftState.RESERVED.value,
    }
    tx.execute(
        update(DRAFT).where(DRAFT.c.draft_id == bindparam("claim_draft")).values(values),
        [
            {
                "claim_draft": claim.draft_id,
                "claim_number": claim.number,
                "claim_lineage": claim.lineage,
                "claim_version": claim.version,
                "claim_type_version": types[record.draft.type_code].version,
            }
            for claim, record in zip(claims, drafts, strict=True)
        ],
    )


def _status_indexes(tx: Transaction, count: int, random: Callable[[int], bytes]) -> list[tuple[int, int]]:
    """Return list number and index for so many licences; a list that is full is followed by a new one."""
    first = advance(tx, _STATUS_COUNTER, count)
    counters = range(first, first + count)
    numbers = sorted({counter // LIST_SIZE + 1 for counter in counters})
    new = [{"number": number, "key": random(KEY_BYTES)} for number in numbers]
    tx.execute(upsert(tx, STATUS_LIST).on_conflict_do_nothing(), new)
    rows = tx.execute(select(STATUS_LIST.c.number, STATUS_LIST.c.key).where(STATUS_LIST.c.number.in_(numbers)))
    keys = {row.number: row.key for row in rows}
    return [
        (counter // LIST_SIZE + 1, permute(keys[counter // LIST_SIZE + 1], counter % LIST_SIZE)) for counter in counters
    ]


def _place(record: DraftRecord, claim: Claim, licence_id: str, index: tuple[int, int]) -> Place:
    draft = record.draft
    identifier = LicenceIdentifier.make(
        LicenceTypeCode(draft.type_code), Uscc(draft.issuer), claim.lineage, claim.version
    )
    return Place(
        draft_id=record.draft_id,
        licence_id=licence_id,
        number=claim.number,
        identifier=identifier.text,
        status_list=index[0],
        status_index=index[1],
        lineage=claim.lineage,
        version=claim.version,
    )


def _place_values(place: Place, at: datetime) -> dict[str, Any]:
    return {
        "licence_id": place.licence_id,
        "draft_id": place.draft_id,
        "status_list": place.status_list,
        "status_index": place.status_index,
        "status": int(StatusValue.IN_FORCE),
        "reserved_at": at,
    }
