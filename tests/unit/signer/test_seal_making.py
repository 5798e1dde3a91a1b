"""Making a seal: the whole way by two people, our own check, renewal; refusals; and killed between any two steps."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from keys.custody import KeyName
from registry import leaves, seals
from registry.db import reading, transaction
from registry.errors import UnknownDepartmentError
from registry.records import Role
from registry.seal_errors import SealCodeUsedError, SealNotAllowedError, SealSamePersonError
from registry.seal_events import events_of_seal
from registry.seal_lifecycle import ObjectState, SealState
from registry.seal_records import SealRecord
from registry.tables import SEAL, SEAL_EVENT, SEAL_OBJECT
from signer.audit import AuditScope, audit
from signer.desk import Operator
from signer.errors import ChangeRefusedError, OtherDepartmentError, RoleError, SealApplicationError, SelfCheckError
from signer.page.errors import SealPictureTextError
from signer.seal_acts import finish_seals
from signer.seal_grounds import Grounds
from signer.seal_making import (
    SealWish,
    apply_for_seal,
    approve_seal,
    file_seal,
    make_seal,
    refuse_seal,
    renew_seal,
)
from tests.town import BUREAU, MARKET, NOW, Town
from verify.key_purpose import KeyPurpose
from verify.report import Outcome
from verify.seal_check import check_seal
from verify.seal_objects import read_seal

GROUNDS = Grounds(reason="启用新印章", legal_basis="国办发〔2025〕33号", reference="例审〔2026〕7号")


class Killed(BaseException):
    """The process dies here."""


def wish(**changes: Any) -> SealWish:
    """Return a wish for a second seal of the bureau."""
    usual = SealWish(owner=BUREAU, use="行政许可专用章", valid_from=NOW, valid_until=NOW + timedelta(days=365))
    return replace(usual, **changes)


def applies(town: Town, **changes: Any) -> SealRecord:
    """Let the bureau's custodian apply."""
    return apply_for_seal(town.desk, wish(**changes), GROUNDS, operator=town.custodian_of(BUREAU), at=town.now)


def goes_on(town: Town, code: str) -> SealRecord:
    """Approve, make and file, from wherever the seal or its renewal stands."""
    approver, custodian = town.approver_of(BUREAU), town.custodian_of(BUREAU)
    with reading(town.database) as tx:
        pending = seals.pending_object(tx, code)
    state = None if pending is None else pending.state
    if state is ObjectState.APPLIED:
        approve_seal(town.desk, code, GROUNDS, operator=approver, at=town.now)
        state = ObjectState.APPROVED
    if state is ObjectState.APPROVED:
        make_seal(town.desk, town.key_desk, code, GROUNDS, operator=custodian, at=town.now)
    return file_seal(town.desk, code, GROUNDS, operator=approver, at=town.now)


def logged(town: Town) -> int:
    """Return how many entries the log has."""
    with reading(town.database) as tx:
        return leaves.head(tx, town.desk.log.origin).size


def report(town: Town) -> Any:
    """Audit the town."""
    desk = town.desk
    scope = AuditScope(
        database=town.database, verifier=desk.log.verifier, trust=desk.trust(), crls=desk.revocation(), vault=desk.vault
    )
    return audit(scope, at=town.now)


def test_a_seal_is_applied_for_approved_by_another_person_made_filed_and_good_to_a_stranger(town: Town) -> None:
    code = applies(town).code
    seal = goes_on(town, code)

    with reading(town.database) as tx:
        made = seals.current_object(tx, code)
        events = events_of_seal(tx, code)
    assert made is not None
    assert made.content is not None
    read = read_seal(made.content)
    found = check_seal(read, town.desk.trust(), town.desk.revocation(), at=town.now)
    assert {each.outcome for each in found} == {Outcome.PASSED}
    assert (read.code, read.name, read.kind, read.warnings) == (code, "示例市行政审批服务局行政许可专用章", 99, ())
    assert (read.picture.kind, read.picture.width_mm, read.picture.height_mm) == ("PNG", 42, 42)
    assert read.certificates == (town.desk.custody.chain(KeyName(KeyPurpose.SEAL, code))[0],)
    assert (seal.state, seal.version) == (SealState.IN_USE, 1)
    assert [each.leaf_index is not None for each in events] == [True] * 4, "each act has its leaf at once"
    assert report(town).discrepancies == ()


CHANGES: dict[str, dict[str, Any]] = {
    "picture": {"picture": b"another picture"},
    "height": {"height_mm": 50},
    "end": {"valid_until": NOW + timedelta(days=700)},
    "beginning": {"valid_from": NOW + timedelta(days=7)},
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("is_approved", [False, True], ids=["applied", "approved"])
def test_the_maker_signs_nothing_that_was_changed_after_it_was_applied_for_or_approved(
    sqlite_town: Town, name: str, *, is_approved: bool
) -> None:
    town, code = sqlite_town, applies(sqlite_town).code
    approver, custodian = town.approver_of(BUREAU), town.custodian_of(BUREAU)
    if is_approved:
        approve_seal(town.desk, code, GROUNDS, operator=approver, at=town.now)
    with transaction(town.database) as tx:
        tx.execute(update(SEAL_OBJECT).where(SEAL_OBJECT.c.code == code).values(CHANGES[name]))
    if not is_approved:
        approve_seal(town.desk, code, GROUNDS, operator=approver, at=town.now)
    size = logged(town)

    with pytest.raises(SelfCheckError, match="approve" if is_approved else "apply"):
        make_seal(town.desk, town.key_desk, code, GROUNDS, operator=custodian, at=town.now)

    assert logged(town) == size, "nothing was logged, so nothing was signed"


def test_a_seal_whose_name_or_whose_approval_was_changed_is_not_made(sqlite_town: Town) -> None:
    town, code = sqlite_town, applies(sqlite_town).code
    approve_seal(town.desk, code, GROUNDS, operator=town.approver_of(BUREAU), at=town.now)
    named = update(SEAL).where(SEAL.c.code == code)
    approval = update(SEAL_EVENT).where(SEAL_EVENT.c.code == code, SEAL_EVENT.c.act == "approve")
    for change in (named.values(name="示例市财政局"), approval.values(record=b"\xa0"), approval.values(act="x")):
        with transaction(town.database) as tx:
            tx.execute(change)
        with pytest.raises(SelfCheckError):
            make_seal(town.desk, town.key_desk, code, GROUNDS, operator=town.custodian_of(BUREAU), at=town.now)


def test_a_renewal_has_a_new_key_and_the_old_one_is_destroyed_when_no_use_is_open(sqlite_town: Town) -> None:
    town, code = sqlite_town, sqlite_town.seal_of(BUREAU)

    longer = wish(use="行政审批专用章", valid_until=NOW + timedelta(days=900))
    renew_seal(town.desk, code, longer, GROUNDS, operator=town.custodian_of(BUREAU), at=town.now)
    renewed = goes_on(town, code)

    with reading(town.database) as tx:
        old, new = seals.objects_of(tx, code)
    assert (renewed.version, old.state, new.state) == (2, ObjectState.REPLACED, ObjectState.FILED)
    assert (old.key, new.key) == (f"seal.{code}-1", f"seal.{code}-2")
    assert finish_seals(town.key_desk, at=town.now) == 1
    assert finish_seals(town.key_desk, at=town.now) == 0, "once"
    names = {key.text for key in town.key_desk.custody.names()}
    assert old.key not in names
    assert new.key in names
    assert report(town).discrepancies == ()


def test_a_refused_seal_ends_and_its_key_with_it(sqlite_town: Town) -> None:
    town, code = sqlite_town, applies(sqlite_town).code
    approve_seal(town.desk, code, GROUNDS, operator=town.approver_of(BUREAU), at=town.now)
    make_seal(town.desk, town.key_desk, code, GROUNDS, operator=town.custodian_of(BUREAU), at=town.now)

    refused = refuse_seal(town.desk, code, GROUNDS, operator=town.approver_of(BUREAU), at=town.now)

    assert refused.state is SealState.REFUSED
    assert finish_seals(town.key_desk, at=town.now) == 1
    with pytest.raises(SealNotAllowedError):
        file_seal(town.desk, code, GROUNDS, operator=town.approver_of(BUREAU), at=town.now)
    assert report(town).discrepancies == ()


BAD: list[tuple[dict[str, Any], type[Exception]]] = [
    ({"kind": 7}, SealApplicationError),
    ({"use": "章" * 100}, SealApplicationError),
    ({"use": "行政\x00章"}, SealApplicationError),
    ({"psb_code": "123"}, SealApplicationError),
    ({"psb_code": "１２３４５６７８９０１２３"}, SealApplicationError),
    ({"valid_until": NOW}, SealApplicationError),
    ({"valid_until": NOW + timedelta(days=1096)}, SealApplicationError),
    ({"use": "很长的名称行政审批专用章（第一分中心）一二三"}, SealPictureTextError),
    ({"use": "𠮷章"}, SealPictureTextError),
    ({"code": "99010000000001"}, SealCodeUsedError),
    ({"owner": MARKET}, OtherDepartmentError),
]


def test_a_bad_application_is_refused_by_name_and_leaves_nothing(sqlite_town: Town) -> None:
    town = sqlite_town
    with reading(town.database) as tx:
        before = seals.seals_of(tx), leaves.head(tx, town.desk.log.origin).size

    for changes, error in BAD:
        with pytest.raises(error):
            applies(town, **changes)
    nowhere = Operator(person_id="x", department="91999999MA00000154", role=Role.SEAL_CUSTODIAN)
    gone = wish(owner=nowhere.department)
    with pytest.raises(UnknownDepartmentError):
        apply_for_seal(town.desk, gone, GROUNDS, operator=nowhere, at=town.now)
    for grounds in (replace(GROUNDS, reason=" "), replace(GROUNDS, legal_basis="法" * 501)):
        with pytest.raises(ChangeRefusedError):
            apply_for_seal(town.desk, wish(), grounds, operator=town.custodian_of(BUREAU), at=town.now)

    with reading(town.database) as tx:
        assert (seals.seals_of(tx), leaves.head(tx, town.desk.log.origin).size) == before


def test_only_those_who_manage_seals_make_them_and_each_does_their_own_part(sqlite_town: Town) -> None:
    town, code = sqlite_town, applies(sqlite_town).code
    custodian, approver = town.custodian_of(BUREAU), town.approver_of(BUREAU)

    for operator in (town.officer, custodian, replace(town.officer, role=Role.AUDITOR)):
        with pytest.raises(RoleError):
            approve_seal(town.desk, code, GROUNDS, operator=operator, at=town.now)
    myself = replace(approver, person_id=custodian.person_id)
    with pytest.raises(SealSamePersonError):
        approve_seal(town.desk, code, GROUNDS, operator=myself, at=town.now)
    with pytest.raises(OtherDepartmentError):
        approve_seal(town.desk, code, GROUNDS, operator=town.approver_of(MARKET), at=town.now)
    with pytest.raises(RoleError):
        apply_for_seal(town.desk, wish(), GROUNDS, operator=approver, at=town.now)
    with pytest.raises(SealNotAllowedError):
        make_seal(town.desk, town.key_desk, code, GROUNDS, operator=custodian, at=town.now)
    with pytest.raises(SealNotAllowedError):
        file_seal(town.desk, code, GROUNDS, operator=approver, at=town.now)


@pytest.mark.parametrize(
    "step", ["seal_applied", "seal_approve", "seal_certified", "seal_logged", "seal_signed", "seal_make", "seal_file"]
)
def test_killed_between_any_two_steps_it_goes_on_when_it_is_done_again(
    sqlite_town: Town, step: str, tmp_path: Path
) -> None:
    def dies(done: str) -> None:
        if done == step:
            raise Killed

    dying = Town.open(sqlite_town.database, tmp_path, after=dies)
    with pytest.raises(Killed):
        goes_on(dying, applies(dying).code)

    town = Town.open(sqlite_town.database, tmp_path)
    with reading(town.database) as tx:
        code = seals.seals_of(tx, BUREAU)[-1].code
        is_filed = seals.demand_seal(tx, code).state is SealState.IN_USE
    seal = None if is_filed else goes_on(town, code)
    town.desk.log.flush_pending()

    assert seal is None or seal.state is SealState.IN_USE
    assert [key.text for key in town.key_desk.custody.names() if key.owner == code] == [f"seal.{code}-1"], "one key"
    assert report(town).discrepancies == ()
