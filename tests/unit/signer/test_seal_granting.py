"""Grants given by custodians: only what the catalogue knows, only to those who do not manage seals."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from registry import people, seal_grants
from registry.db import reading, transaction
from registry.records import Person, Role
from registry.seal_errors import GrantTermsError, GrantWithdrawnError, RolesMixedError, SealError, SealSamePersonError
from registry.seal_history import grant_at, seal_at
from registry.seal_lifecycle import GrantState
from registry.seal_records import GrantTerms, Occasion
from signer.errors import OtherDepartmentError, RoleError
from signer.seal_founding import usual_terms
from signer.seal_granting import grant_seal, withdraw_seal_grant
from signer.seal_grounds import Grounds
from tests.town import BUREAU, FOOD, MARKET, SIGNBOARD, Town

GROUNDS = Grounds(reason="授权签发人员用印", legal_basis="国办发〔2025〕33号")
SIGNBOARD_ITEM = "1199999900000005113000117015000"
FOOD_ITEM = "1199999900000005113000131012000"


def terms(town: Town, **changes: Any) -> GrantTerms:
    """Return terms for signboard permits, for a month."""
    usual = GrantTerms(
        office=BUREAU,
        types=frozenset({SIGNBOARD}),
        items={SIGNBOARD_ITEM: "城市市容和环境卫生管理条例 第十一条"},
        valid_from=town.now,
        valid_until=town.now + timedelta(days=30),
    )
    return replace(usual, **changes)


def test_one_seal_for_all_approvals_names_each_item_with_its_own_legal_basis(town: Town) -> None:
    code = town.seal_of(BUREAU)
    with reading(town.database) as tx:
        (grant,) = seal_grants.grants_of(tx, code)
        usual = usual_terms(tx, BUREAU, at=town.now)

    assert grant.terms == usual
    assert len(usual.items) == 9
    assert all(item.startswith(BUREAU) for item in usual.items)
    assert usual.items[FOOD_ITEM] == "《食品安全法》第三十五条"
    assert usual.items[SIGNBOARD_ITEM] == "《城市市容和环境卫生管理条例》第十一条"
    for type_code, item in ((FOOD, FOOD_ITEM), (SIGNBOARD, SIGNBOARD_ITEM)):
        occasion = Occasion(
            office=BUREAU, person="officer-1", role="issuing_officer", type_code=type_code, item_code=item
        )
        with reading(town.database) as tx:
            assert seal_grants.find_grant(tx, occasion, at=town.now).grant_id == grant.grant_id


def test_a_custodian_gives_and_withdraws_and_both_are_dated(sqlite_town: Town) -> None:
    town, code = sqlite_town, sqlite_town.seal_of(BUREAU)
    custodian = town.custodian_of(BUREAU)

    grant = grant_seal(town.desk, code, terms(town, uses_max=3), GROUNDS, operator=custodian, at=town.now)
    given_at = town.now
    gone_at = town.clock.moves(timedelta(hours=1))
    gone = withdraw_seal_grant(town.desk, grant.grant_id, GROUNDS, operator=town.approver_of(BUREAU), at=gone_at)

    assert gone.state is GrantState.WITHDRAWN
    with reading(town.database) as tx:
        assert grant.grant_id in {each.grant_id for each in seal_at(tx, code, given_at).grants}
        assert grant.grant_id not in {each.grant_id for each in seal_at(tx, code, gone_at).grants}
        assert grant_at(tx, grant.grant_id, given_at).standing == "granted"
        assert grant_at(tx, grant.grant_id, gone_at).standing == "withdrawn"
    with pytest.raises(GrantWithdrawnError):
        withdraw_seal_grant(town.desk, grant.grant_id, GROUNDS, operator=custodian, at=town.now)


BAD: list[tuple[dict[str, Any], type[SealError]]] = [
    ({"types": frozenset({"11999999000000019M999"})}, GrantTermsError),
    ({"items": {FOOD_ITEM: "食品安全法"}}, GrantTermsError),
    ({"person": "nobody"}, GrantTermsError),
    ({"person": f"officer-{MARKET}"}, GrantTermsError),
    ({"person": f"custodian-{BUREAU}"}, SealSamePersonError),
    ({"uses_max": 0}, GrantTermsError),
]


def test_bad_terms_are_refused_and_leave_nothing(sqlite_town: Town) -> None:
    town, code = sqlite_town, sqlite_town.seal_of(BUREAU)
    for changes, error in BAD:
        with pytest.raises(error):
            grant_seal(
                town.desk, code, terms(town, **changes), GROUNDS, operator=town.custodian_of(BUREAU), at=town.now
            )
    for operator, refusal in (
        (town.officer, RoleError),
        (town.approver_of(BUREAU), RoleError),
        (town.custodian_of(MARKET), OtherDepartmentError),
    ):
        with pytest.raises(refusal):
            grant_seal(town.desk, code, terms(town), GROUNDS, operator=operator, at=town.now)

    with reading(town.database) as tx:
        assert len(seal_grants.grants_of(tx, code)) == 1


@pytest.mark.parametrize("mixed", [Role.ISSUING_OFFICER, Role.REVIEWER, Role.AUDITOR])
@pytest.mark.parametrize("manager", [Role.SEAL_CUSTODIAN, Role.SEAL_APPROVER])
def test_managing_using_and_auditing_seals_are_never_one_persons(sqlite_town: Town, manager: Role, mixed: Role) -> None:
    roles = frozenset({manager, mixed})
    with pytest.raises(RolesMixedError), transaction(sqlite_town.database) as tx:
        people.add_person(tx, Person(person_id="both", department=BUREAU, name="示例", roles=roles))
    with pytest.raises(RolesMixedError), transaction(sqlite_town.database) as tx:
        people.change_roles(tx, f"officer-{BUREAU}", roles)
