"""The desk: who may act, what is made once, and evidence that is refused when it has ended."""

import pytest

from registry import seal_uses
from registry.db import reading
from registry.records import Role
from signer.desk import Operator, demand
from signer.errors import OtherDepartmentError, RoleError
from tests.town import BUREAU, MARKET, Town
from verify.key_purpose import KeyPurpose

ROLES = frozenset({Role.ISSUING_OFFICER, Role.SYSTEM})


def test_an_operator_has_the_role_and_is_of_the_department() -> None:
    officer = Operator(person_id="p", department=BUREAU, role=Role.ISSUING_OFFICER)

    demand(officer, department=BUREAU, roles=ROLES)
    with pytest.raises(OtherDepartmentError):
        demand(officer, department=MARKET, roles=ROLES)
    with pytest.raises(RoleError):
        demand(officer, department=BUREAU, roles=frozenset({Role.REVIEWER}))


def test_the_systems_own_jobs_act_for_every_department() -> None:
    demand(Operator(person_id="worker", department=BUREAU, role=Role.SYSTEM), department=MARKET, roles=ROLES)


def test_a_seal_and_the_parts_of_signatures_are_read_once(sqlite_town: Town) -> None:
    desk = sqlite_town.desk
    key = desk.key(KeyPurpose.DOCUMENT, BUREAU)
    licences = [sqlite_town.issues(sqlite_town.signboard_draft()) for _ in range(2)]
    with reading(desk.database) as tx:
        first, second = (seal_uses.uses_of_licence(tx, each.record.licence_id)[0] for each in licences)

    assert desk.seal(first) is desk.seal(second)
    assert desk.seal(first).key.owner == sqlite_town.seal_of(BUREAU)
    assert desk.signer_parts(key) is desk.signer_parts(key)
