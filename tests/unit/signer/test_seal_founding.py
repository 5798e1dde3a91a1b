"""The first seals of a deployment: one for each department that issues, by two people, once."""

from datetime import timedelta

import pytest

from registry import catalogue, seal_grants, seals
from registry.db import reading
from registry.errors import UnknownDepartmentError
from registry.records import Department
from registry.seal_events import events_of_seal
from registry.seal_lifecycle import SealState
from signer.desk import Operator
from signer.seal_founding import GROUNDS, USE, SealPeople, found_seal, found_seals
from signer.seal_making import SealWish, apply_for_seal
from tests.town import ISSUERS, Town


def people(office: Department) -> SealPeople:
    """Return who manages the seals of a department of the town."""
    return SealPeople(custodian=f"custodian-{office.uscc}", approver=f"approver-{office.uscc}")


def test_each_department_that_issues_has_one_filed_seal_whose_grant_covers_all_that_it_decides(town: Town) -> None:
    with reading(town.database) as tx:
        types = catalogue.all_types(tx)
        for issuer in ISSUERS:
            (seal,) = seals.seals_of(tx, issuer)
            (grant,) = seal_grants.grants_of(tx, seal.code)
            items = {code for each in types for code in each.item_codes if code.startswith(issuer)}
            persons = {each.act: each.person for each in events_of_seal(tx, seal.code)}
            assert seal.state is SealState.IN_USE
            assert grant.terms.items.keys() == items
            assert all(basis for basis in grant.terms.items.values())
            assert persons["apply"] == f"custodian-{issuer}"
            assert persons["approve"] == f"approver-{issuer}"


def test_founding_seals_again_changes_nothing(sqlite_town: Town) -> None:
    town = sqlite_town
    with reading(town.database) as tx:
        before = seals.seals_of(tx), [events_of_seal(tx, each.code) for each in seals.seals_of(tx)]

    codes = found_seals(town.desk, town.key_desk, people, at=town.clock.moves(timedelta(hours=1)))

    with reading(town.database) as tx:
        assert (seals.seals_of(tx), [events_of_seal(tx, each.code) for each in seals.seals_of(tx)]) == before
    assert codes == {issuer: town.seal_of(issuer) for issuer in ISSUERS}


def test_a_founding_that_was_cut_off_goes_on_from_where_it_stopped(sqlite_town: Town) -> None:
    town = sqlite_town
    office = town.offices["119999990000000436"]
    custodian = Operator(person_id="custodian-x", department=office.uscc, role=town.custodian_of(office.uscc).role)
    wish = SealWish(owner=office.uscc, use=USE, valid_from=town.now, valid_until=town.now + timedelta(days=300))
    begun = apply_for_seal(town.desk, wish, GROUNDS, operator=custodian, at=town.now)
    with reading(town.database) as tx:
        kinds = [each for each in catalogue.all_types(tx) if any(c.startswith(office.uscc) for c in each.item_codes)]
    assert kinds == [], "a district office that decides nothing yet"

    seal = SealPeople(custodian="custodian-x", approver="approver-x")
    with pytest.raises(UnknownDepartmentError):  # it has its seal, and nothing to be granted
        found_seal(town.desk, town.key_desk, office, seal, at=town.now)

    with reading(town.database) as tx:
        assert seals.demand_seal(tx, begun.code).state is SealState.IN_USE
