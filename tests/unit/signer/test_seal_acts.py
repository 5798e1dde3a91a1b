"""Suspend, reinstate, call in, destroy: the status list follows at once, certificate and key come to their end."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from keys.custody import KeyName
from keys.errors import KeyMissingError, TwoPersonsError
from registry import artefacts, seal_uses, seals
from registry.db import reading, transaction
from registry.errors import ChangedMeanwhileError
from registry.records import Role
from registry.seal_errors import SealDestroyedError, SealNotAllowedError
from registry.seal_grants import grants_of
from registry.seal_lifecycle import SealAct, SealState
from registry.seal_records import Occasion, SealStep, UseRequest
from signer.daily import run_daily
from signer.desk import Operator
from signer.errors import OtherDepartmentError, RoleError
from signer.log_files import FolderStore
from signer.publish import publish
from signer.recover import recover
from signer.seal_acts import call_in_seal, destroy_seal, finish_seals, reinstate_seal, suspend_seal
from signer.seal_grounds import Grounds, deed_of
from signer.seal_statuses import KIND, refresh_seal_lists, seal_list_address
from tests.town import BUREAU, MARKET, SETTINGS, SIGNBOARD, Town
from verify.certificates import read_certificate
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.revocation import read_revocation_list
from verify.status import StatusValue, open_status_list

GROUNDS = Grounds(reason="智能密码钥匙遗失", legal_basis="国办发〔2025〕33号")
ITEM = "1199999900000005113000117015000"


def status(town: Town, code: str) -> StatusValue:
    """Return what the published list says of a seal, opened as a stranger would."""
    name, index = seals.status_place(code)
    with reading(town.database) as tx:
        content = artefacts.latest(tx, KIND, name)
    assert content is not None
    trust, use = town.desk.trust(), TRUST_LIST_USE[KeyPurpose.STATUS_LIST]
    address = seal_list_address(SETTINGS.status_prefix, name)
    opened = open_status_list(content, uri=address, keys=lambda kid: [key for _, key in trust.keys_for(kid, use)])
    return opened.value(index)


def two(town: Town) -> tuple[Operator, Operator]:
    """Return custodian and approver of the bureau's seals."""
    return town.custodian_of(BUREAU), town.approver_of(BUREAU)


def is_revoked(town: Town, code: str) -> bool:
    """Say whether the certificate of a seal stands in a revocation list of ours."""
    with reading(town.database) as tx:
        made = seals.current_object(tx, code)
    assert made is not None
    assert made.certificate is not None
    serial = read_certificate(made.certificate).serial_number
    return any(serial in read_revocation_list(each).revoked for each in town.desk.revocation())


def test_a_suspended_seal_says_so_at_once_and_again_when_it_is_reinstated(town: Town) -> None:
    code = town.seal_of(BUREAU)
    assert status(town, code) is StatusValue.IN_FORCE

    suspend_seal(town.desk, code, GROUNDS, operator=town.approver_of(BUREAU), at=town.now)
    assert status(town, code) is StatusValue.SUSPENDED
    assert status(town, town.seal_of(MARKET)) is StatusValue.IN_FORCE
    with pytest.raises(SealNotAllowedError):
        suspend_seal(town.desk, code, GROUNDS, operator=town.custodian_of(BUREAU), at=town.now)

    reinstate_seal(town.desk, code, GROUNDS, operator=town.custodian_of(BUREAU), at=town.now)
    assert status(town, code) is StatusValue.IN_FORCE


def test_only_those_who_manage_it_act_on_a_seal_and_only_on_what_they_saw(sqlite_town: Town) -> None:
    town, code = sqlite_town, sqlite_town.seal_of(BUREAU)

    for operator in (town.officer, town.reviewer, replace(town.officer, role=Role.AUDITOR)):
        with pytest.raises(RoleError):
            suspend_seal(town.desk, code, GROUNDS, operator=operator, at=town.now)
    with pytest.raises(OtherDepartmentError):
        suspend_seal(town.desk, code, GROUNDS, operator=town.custodian_of(MARKET), at=town.now)
    with pytest.raises(ChangedMeanwhileError):
        suspend_seal(town.desk, code, GROUNDS, operator=town.custodian_of(BUREAU), at=town.now, if_match=1)
    assert status(town, code) is StatusValue.IN_FORCE


def test_a_seal_is_called_in_and_destroyed_by_two_persons_for_good(town: Town) -> None:
    code, key = town.seal_of(BUREAU), KeyName(KeyPurpose.SEAL, town.seal_of(BUREAU))
    custodian, approver = two(town)
    for wrong in ((approver, custodian), (custodian, custodian), (custodian, town.approver_of(MARKET))):
        with pytest.raises((RoleError, TwoPersonsError, OtherDepartmentError)):
            destroy_seal(town.desk, town.key_desk, code, GROUNDS, two=wrong, at=town.now)
    assert not is_revoked(town, code)

    called_in = call_in_seal(town.desk, town.key_desk, code, GROUNDS, two=(custodian, approver), at=town.now)
    assert (called_in.state, status(town, code)) == (SealState.CALLED_IN, StatusValue.ENDED)
    assert is_revoked(town, code)
    assert town.desk.custody.public_key(key), "a called-in seal still has its key, under lock"

    destroyed = destroy_seal(town.desk, town.key_desk, code, GROUNDS, two=(custodian, approver), at=town.now)
    assert (destroyed.state, status(town, code)) == (SealState.DESTROYED, StatusValue.ENDED)
    with pytest.raises(KeyMissingError):
        town.key_desk.custody.public_key(key)
    assert finish_seals(town.key_desk, at=town.now) == 0


def test_a_key_is_not_destroyed_while_a_use_is_open(sqlite_town: Town) -> None:
    town, code = sqlite_town, sqlite_town.seal_of(BUREAU)
    occasion = Occasion(office=BUREAU, person="officer-1", role="issuing_officer", type_code=SIGNBOARD, item_code=ITEM)
    later = town.now + timedelta(minutes=10)
    with transaction(town.database) as tx:
        (grant,) = grants_of(tx, code)
        request = UseRequest(grant_id=grant.grant_id, occasion=occasion, licence_id="0123456789abcdef")
        use = seal_uses.take_use(tx, request, at=town.now, lease_until=later, random=town.desk.random)

    destroy_seal(town.desk, town.key_desk, code, GROUNDS, two=two(town), at=town.now)

    key = KeyName(KeyPurpose.SEAL, code)
    assert key in town.key_desk.custody.names()
    with pytest.raises(SealDestroyedError), transaction(town.database) as tx:
        seal_uses.take_use(tx, request, at=town.now, lease_until=later, random=town.desk.random)
    recover(town.desk, at=later + timedelta(seconds=1))
    run_daily(town.desk, town.key_desk, at=later + timedelta(seconds=1))
    assert key not in town.key_desk.custody.names()
    with reading(town.database) as tx:
        found = seal_uses.find_use(tx, use.use_id)
    assert found is not None
    assert found.state.value == "abandoned"


def test_killed_after_the_act_the_rest_is_finished_later_and_once(sqlite_town: Town) -> None:
    town, code = sqlite_town, sqlite_town.seal_of(BUREAU)
    custodian, _approver = two(town)
    with transaction(town.database) as tx:  # the act alone, as if the process had died behind it
        deed = deed_of(GROUNDS, custodian)
        seals.act_on_seal(tx, code, SealStep(act=SealAct.DESTROY), deed, at=town.now, random=town.desk.random)
    town.key_desk.custody.destroy(KeyName(KeyPurpose.SEAL, code))  # and once more, behind the key's end

    assert finish_seals(town.key_desk, at=town.now) >= 1
    refresh_seal_lists(town.desk, at=town.now)

    assert finish_seals(town.key_desk, at=town.now) == 0
    assert status(town, code) is StatusValue.ENDED


def test_the_lists_of_seals_are_published_with_the_others(sqlite_town: Town, tmp_path: Path) -> None:
    town = sqlite_town

    assert refresh_seal_lists(town.desk, at=town.now) == (), "nothing changed since the founding"
    publish(town.database, town.desk.log.verifier, FolderStore(tmp_path / "public"))

    assert (tmp_path / "public" / "status" / "seal-990100-0").is_file()
