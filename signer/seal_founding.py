"""Give each department that issues its first seal, with the usual grants, through the real acts by two persons.

Promises:
  * Done again after a crash it goes on where it stopped; done again after its end it changes nothing.
  * One seal for all approvals: a department's grant names each service item that it decides, with the legal basis of
    each, and the licence types that they lead to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from registry import catalogue, departments, seal_grants, seals
from registry.db import Transaction, reading
from registry.errors import UnknownDepartmentError
from registry.records import Department, Role
from registry.seal_grants import LEGAL_BASIS_LENGTH_MAX
from registry.seal_lifecycle import SealState
from registry.seal_records import GrantTerms, SealRecord
from signer.desk import Desk, Operator
from signer.key_acts import KeyDesk
from signer.seal_granting import grant_seal
from signer.seal_grounds import Grounds
from signer.seal_making import SealWish, apply_for_seal, approve_seal, file_seal, make_seal
from signer.trust_lists import issuing_departments

USE: Final = "行政审批专用章"
_USE_EN: Final = "administrative approval seal"
GROUNDS: Final = Grounds(
    reason="启用电子印章。The electronic seal is put into use.",
    legal_basis="国务院办公厅关于印发《电子印章管理办法》的通知（国办发〔2025〕33号）",
)
DOCUMENTS_BASIS: Final = "党政机关公文处理工作条例"
# A seal's certificate holds three years; the seal is renewed before its end.
TERM: Final = timedelta(days=2 * 365)


@dataclass(frozen=True, slots=True)
class SealPeople:
    """Who manages the seals of a department, by their ids: who applies and grants, and who approves."""

    custodian: str
    approver: str


def found_seals(
    desk: Desk, keys: KeyDesk, people: Callable[[Department], SealPeople], *, at: datetime
) -> Mapping[str, str]:
    """Let each department that issues have one filed seal and its grant; return the seals' codes by department."""
    with reading(desk.database) as tx:
        issuers = issuing_departments(catalogue.all_types(tx))
        offices = [departments.find_department(tx, uscc) for uscc in issuers]
    return {
        office.uscc: found_seal(desk, keys, office, people(office), at=at) for office in offices if office is not None
    }


def found_seal(desk: Desk, keys: KeyDesk, office: Department, people: SealPeople, *, at: datetime) -> str:
    """Let a department have one filed seal and its grant, from wherever it stands; return the seal's code."""
    custodian = Operator(person_id=people.custodian, department=office.uscc, role=Role.SEAL_CUSTODIAN)
    approver = Operator(person_id=people.approver, department=office.uscc, role=Role.SEAL_APPROVER)
    seal = _first(desk, office.uscc)
    if seal is None:
        wish = SealWish(
            owner=office.uscc, use=USE, name_en=f"{office.name_en}, {_USE_EN}", valid_from=at, valid_until=at + TERM
        )
        seal = apply_for_seal(desk, wish, GROUNDS, operator=custodian, at=at)
    if seal.state is SealState.APPLIED:
        seal = approve_seal(desk, seal.code, GROUNDS, operator=approver, at=at)
    if seal.state is SealState.APPROVED:
        seal = make_seal(desk, keys, seal.code, GROUNDS, operator=custodian, at=at)
    if seal.state is SealState.MADE:
        seal = file_seal(desk, seal.code, GROUNDS, operator=approver, at=at)
    with reading(desk.database) as tx:
        has_grant = bool(seal_grants.grants_of(tx, seal.code))
        terms = usual_terms(tx, office.uscc, at=at)
    if not has_grant:
        grant_seal(desk, seal.code, terms, GROUNDS, operator=custodian, at=at)
    return seal.code


def usual_terms(tx: Transaction, office: str, *, at: datetime) -> GrantTerms:
    """Return terms that let a department's staff seal all that it decides: each item with its own legal basis."""
    types = [each for each in catalogue.all_types(tx) if any(code.startswith(office) for code in each.item_codes)]
    if not types:
        raise UnknownDepartmentError
    items = {}
    for licence_type in types:
        for code in licence_type.item_codes:
            if code.startswith(office):
                item = catalogue.find_item(tx, code)
                basis = licence_type.legal_basis if item is None else item.legal_basis
                items[code] = basis[:LEGAL_BASIS_LENGTH_MAX]
    return GrantTerms(
        office=office,
        types=frozenset(each.code for each in types),
        items=items,
        valid_from=at.replace(microsecond=0),
        valid_until=at.replace(microsecond=0) + TERM,
        documents_basis=DOCUMENTS_BASIS,
    )


def _first(desk: Desk, office: str) -> SealRecord | None:
    with reading(desk.database) as tx:
        return next((each for each in seals.seals_of(tx, office) if each.state is not SealState.REFUSED), None)
