"""Grants: given, found, withdrawn; their terms; and what is said where none fits."""

from datetime import timedelta
from typing import Any

import pytest

from registry import seal_grants
from registry.db import Database, reading
from registry.errors import UnknownDepartmentError
from registry.seal_errors import (
    GrantItemError,
    GrantTermsError,
    GrantWithdrawnError,
    NoGrantError,
    SealNotAllowedError,
    SealSuspendedError,
    UnknownGrantError,
    UnknownSealError,
)
from registry.seal_events import events_of_seal
from registry.seal_lifecycle import GrantState, SealAct
from registry.seal_records import SealGrant
from tests.seal_office import AT, FOOD, FOOD_BASIS, FOOD_ITEM, MARKET, SIGNBOARD, SIGNBOARD_ITEM, SealOffice


def found(seals: SealOffice, **changes: Any) -> SealGrant:
    """Look for the grant for a signboard permit."""
    with reading(seals.database) as tx:
        return seal_grants.find_grant(tx, seals.occasion(**changes), at=AT)


def test_a_grant_is_numbered_by_its_seal_and_dated_and_withdrawn_for_good(sample: Database) -> None:
    office = SealOffice(sample)
    code = office.has_seal()

    first, second = office.grants(code), office.grants(code, uses_max=5)
    gone = office.withdraws(first, at=AT + timedelta(hours=1))

    assert (first.grant_id, second.grant_id) == (f"{code}-0001", f"{code}-0002")
    assert (gone.state, gone.withdrawn_at) == (GrantState.WITHDRAWN, AT + timedelta(hours=1))
    assert second.terms == office.terms(uses_max=5)
    with pytest.raises(GrantWithdrawnError):
        office.withdraws(first)
    with reading(sample) as tx:
        acts = [(each.grant_id, each.act) for each in events_of_seal(tx, code) if each.grant_id]
        assert [each.grant_id for each in seal_grants.grants_of(tx, code)] == [first.grant_id, second.grant_id]
    assert acts == [(first.grant_id, "grant"), (second.grant_id, "grant"), (first.grant_id, "withdraw")]


BAD_TERMS: list[dict[str, Any]] = [
    {"types": frozenset(), "items": {}},
    {"types": frozenset({FOOD}), "items": {}},
    {"types": frozenset(), "items": {FOOD_ITEM: FOOD_BASIS}},
    {"items": {FOOD_ITEM: " "}},
    {"items": {FOOD_ITEM: "法" * 201}},
    {"documents_basis": ""},
    {"valid_until": AT},
    {"uses_max": 0},
]


@pytest.mark.parametrize("changes", BAD_TERMS)
def test_terms_that_cover_nothing_or_have_no_basis_are_refused(sample: Database, changes: dict[str, Any]) -> None:
    office = SealOffice(sample)
    code = office.has_seal()

    with pytest.raises(GrantTermsError):
        office.grants(code, **changes)

    with reading(sample) as tx:
        assert seal_grants.grants_of(tx, code) == ()


def test_no_grant_for_a_seal_that_is_not_filed_or_not_there_or_to_nobody(sample: Database) -> None:
    office = SealOffice(sample)
    with pytest.raises(SealNotAllowedError):
        office.grants(office.applies().code)
    with pytest.raises(UnknownSealError):
        office.grants("99010000000099")
    with pytest.raises(UnknownDepartmentError):
        office.grants(office.has_seal(), office="91999999MA00000154")
    with pytest.raises(UnknownGrantError), reading(sample) as tx:
        seal_grants.lock_grants(tx, ["99010000000002-0001"])


def test_the_narrowest_grant_that_fits_is_found(sample: Database) -> None:
    office = SealOffice(sample)
    code = office.has_seal()
    wide = office.grants(code)
    narrow = office.grants(code, types=frozenset({SIGNBOARD}), items={SIGNBOARD_ITEM: "依据"})
    role = office.grants(code, role="issuing_officer")
    mine = office.grants(code, person="officer-1")

    assert found(office).grant_id == mine.grant_id
    assert found(office, person="officer-2").grant_id == role.grant_id
    assert found(office, person="officer-2", role="reviewer").grant_id == narrow.grant_id
    assert found(office, role="reviewer", person="x", type_code=FOOD, item_code=FOOD_ITEM).grant_id == wide.grant_id


def test_where_none_fits_the_nearest_says_what_it_lacks(sample: Database) -> None:
    office = SealOffice(sample)
    code = office.has_seal()
    with pytest.raises(NoGrantError):
        found(office)

    office.grants(code, types=frozenset({SIGNBOARD, FOOD}), items={FOOD_ITEM: FOOD_BASIS})
    with pytest.raises(GrantItemError):
        found(office)
    fitting = office.grants(code)
    office.does(code, SealAct.SUSPEND)
    with pytest.raises(SealSuspendedError):
        found(office)
    office.does(code, SealAct.REINSTATE)
    office.withdraws(fitting)
    with pytest.raises(GrantWithdrawnError):
        found(office)
    with pytest.raises(NoGrantError):
        found(office, office=MARKET)
