"""The desk: who may act, what is made once, and evidence that is refused when it has ended."""

from datetime import timedelta

import pytest

from keys.errors import KeyMissingError
from registry.records import Role
from signer.desk import Operator, demand
from signer.errors import OtherDepartmentError, RoleError
from tests.town import BUREAU, MARKET, Town
from verify.key_purpose import KeyPurpose
from verify.trust import TrustListExpiredError

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


def test_seal_pictures_and_the_parts_of_signatures_are_made_once(sqlite_town: Town) -> None:
    desk = sqlite_town.desk
    key = desk.key(KeyPurpose.DOCUMENT, BUREAU)

    assert desk.seal_picture(sqlite_town.bureau) is desk.seal_picture(sqlite_town.bureau)
    assert desk.seal_picture(sqlite_town.bureau) != desk.seal_picture(sqlite_town.offices[MARKET])
    assert desk.signer_parts(key) is desk.signer_parts(key)


def test_evidence_is_what_a_stranger_has_and_ends_with_the_trust_list(sqlite_town: Town) -> None:
    evidence = sqlite_town.desk.evidence(at=sqlite_town.now)

    assert evidence.trust == sqlite_town.desk.trust()
    assert evidence.crls == sqlite_town.desk.revocation()
    assert evidence.registry is None
    with pytest.raises(TrustListExpiredError):
        sqlite_town.desk.evidence(at=sqlite_town.now + timedelta(days=30))


def test_a_department_without_keys_has_none(sqlite_town: Town) -> None:
    with pytest.raises(KeyMissingError):
        sqlite_town.desk.key(KeyPurpose.CODE, "119999990000000436")
