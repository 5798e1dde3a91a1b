"""Give and withdraw grants of a seal: the custodian's act, with reason and legal basis, dated, with a leaf.

Promises: a grant names only licence types and items of the catalogue, items that belong to its types, and an office and
a person that exist; nobody gets a grant who manages seals.
"""

from datetime import datetime

from registry import catalogue, people, seal_grants, seals
from registry.db import Transaction, reading, transaction
from registry.seal_errors import GrantTermsError, SealSamePersonError
from registry.seal_records import GrantTerms, SealGrant
from signer.desk import Desk, Operator, demand
from signer.seal_after import bring_up_to_date
from signer.seal_grounds import CUSTODIANS, MANAGERS, Grounds, deed_of


def grant_seal(
    desk: Desk, code: str, terms: GrantTerms, grounds: Grounds, *, operator: Operator, at: datetime
) -> SealGrant:
    """Give a grant for a seal of the custodian's department.

    Raises `RoleError`, `OtherDepartmentError`, `ChangeRefusedError`, `GrantTermsError`, `SealSamePersonError`,
    `SealNotAllowedError`, `UnknownSealError`, `UnknownDepartmentError`.
    """
    with reading(desk.database) as tx:
        seal = seals.demand_seal(tx, code)
        demand(operator, department=seal.owner, roles=CUSTODIANS)
        _demand_known(tx, terms)
    deed = deed_of(grounds, operator)
    desk.log.demand_clock()
    with transaction(desk.database) as tx:
        grant = seal_grants.add_grant(tx, code, terms, deed, at=at, random=desk.random)
    desk.after("seal_granted")
    bring_up_to_date(desk, code, at=at)
    return grant


def withdraw_seal_grant(desk: Desk, grant_id: str, grounds: Grounds, *, operator: Operator, at: datetime) -> SealGrant:
    """Withdraw a grant for good; either of those who manage the seal may do so."""
    with reading(desk.database) as tx:
        grant = seal_grants.demand_grant(tx, grant_id)
        owner = seals.demand_seal(tx, grant.code).owner
    demand(operator, department=owner, roles=MANAGERS)
    deed = deed_of(grounds, operator)
    desk.log.demand_clock()
    with transaction(desk.database) as tx:
        grant = seal_grants.withdraw_grant(tx, grant_id, deed, at=at, random=desk.random)
    desk.after("seal_grant_withdrawn")
    bring_up_to_date(desk, grant.code, at=at)
    return grant


def _demand_known(tx: Transaction, terms: GrantTerms) -> None:
    types = [catalogue.find_type(tx, each) for each in sorted(terms.types)]
    known = {code for each in types if each is not None for code in each.item_codes}
    if None in types or not terms.items.keys() <= known:
        raise GrantTermsError
    if terms.person is None:
        return
    person = people.find_person(tx, terms.person)
    if person is None or person.department != terms.office:
        raise GrantTermsError
    if person.roles & MANAGERS:
        raise SealSamePersonError
