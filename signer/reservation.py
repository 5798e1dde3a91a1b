"""Step 1 of issuing: decide which drafts may be issued, and reserve number, id and status index for each.

Promises:
  * What is reserved is never given out again, also when the process dies after this step.
  * A draft that may not be issued is refused with its reasons; the others of the chunk go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from registry import catalogue, departments, licences, numbers
from registry.db import Transaction, reading, transaction
from registry.lifecycle import LicenceEvent, next_state
from registry.records import Department, DraftRecord, DraftState, LicenceType, Place, Role
from signer.desk import Desk, Operator, demand
from signer.errors import DraftStateError, NotApprovedError, OwnReviewError, UnknownLicenceError
from signer.precheck import CODE_TYPE_USCC, check_draft
from verify.errors import FieldProblem, InvalidFieldsError, YinzhengError
from verify.licence import DataSet
from verify.values import LicenceId, LicenceIdentifier

ISSUING_ROLES: Final = frozenset({Role.ISSUING_OFFICER, Role.SYSTEM})
# One transaction, two log commits and one filing for so many licences (decisions.md section 6).
CHUNK_MAX: Final = 50
SALT_BYTES: Final = 16


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


def reserve(
    desk: Desk, records: Sequence[DraftRecord], *, operator: Operator, at: datetime
) -> tuple[tuple[Reserved, ...], tuple[RefusedDraft, ...]]:
    """Judge each draft, then reserve places for the good ones in one transaction of its own.

    Raises `ValueError` for more than CHUNK_MAX drafts.
    """
    if len(records) > CHUNK_MAX:
        raise ValueError(f"a chunk has at most {CHUNK_MAX} drafts")
    with reading(desk.database) as tx:
        types = {code: catalogue.find_type(tx, code) for code in {each.draft.type_code for each in records}}
        offices = {uscc: departments.find_department(tx, uscc) for uscc in {each.draft.issuer for each in records}}
    good, refused = [], []
    for record in records:
        try:
            demand(operator, department=record.draft.issuer, roles=ISSUING_ROLES)
            _judge(desk, record, types[record.draft.type_code], at=at)
        except YinzhengError as error:
            refused.append(RefusedDraft(draft_id=record.draft_id, error=error))
        else:
            good.append(record)
    if not good:
        return (), tuple(refused)
    with transaction(desk.database) as tx:
        places = numbers.reserve(tx, good, random=desk.random, at=at)
    return tuple(
        _with_data_set(record, types[record.draft.type_code], offices[record.draft.issuer], place, desk)
        for record, place in zip(good, places, strict=True)
    ), tuple(refused)
