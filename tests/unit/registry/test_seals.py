"""Seals in the registry: the whole way, each state tried for each act, codes, renewals, and places in status lists."""

from dataclasses import replace
from datetime import timedelta

import pytest

from registry import leaves, seals
from registry.db import Database, reading, transaction
from registry.errors import ChangedMeanwhileError, UnknownDepartmentError
from registry.seal_errors import (
    SealCodeError,
    SealCodeUsedError,
    SealNotAllowedError,
    SealSamePersonError,
    UnknownSealError,
)
from registry.seal_events import events_of_seal
from registry.seal_lifecycle import ALLOWED, ObjectState, SealAct, SealState
from registry.seal_records import SealStep
from tests.seal_office import APPROVER, AT, BUREAU, CUSTODIAN, MARKET, SealOffice
from verify.status import StatusValue

# How a seal gets into each state.
WAYS: dict[SealState, tuple[SealAct, ...]] = {
    SealState.APPLIED: (),
    SealState.APPROVED: (SealAct.APPROVE,),
    SealState.REFUSED: (SealAct.REFUSE,),
    SealState.MADE: (SealAct.APPROVE, SealAct.MAKE),
    SealState.IN_USE: (SealAct.APPROVE, SealAct.MAKE, SealAct.FILE),
    SealState.SUSPENDED: (SealAct.APPROVE, SealAct.MAKE, SealAct.FILE, SealAct.SUSPEND),
    SealState.CALLED_IN: (SealAct.APPROVE, SealAct.MAKE, SealAct.FILE, SealAct.CALL_IN),
    SealState.DESTROYED: (SealAct.APPROVE, SealAct.MAKE, SealAct.FILE, SealAct.DESTROY),
}
# Renewing is another function; applying makes a seal; these four need an object that is on its way.
ACTS = [act for act in SealAct if act not in {SealAct.APPLY, SealAct.RENEW}]
OF_OBJECTS = {SealAct.APPROVE, SealAct.REFUSE, SealAct.MAKE, SealAct.FILE}


@pytest.fixture
def seal_office(sample: Database) -> SealOffice:
    """The bureau with its seals, on a fresh database of each kind."""
    return SealOffice(sample)


def snapshot(office: SealOffice, code: str) -> tuple[object, ...]:
    """Return all that an act could change."""
    with reading(office.database) as tx:
        waiting = leaves.count_pending(tx)
        return seals.find_seal(tx, code), seals.objects_of(tx, code), events_of_seal(tx, code), waiting


def test_a_seal_goes_the_whole_way_and_each_act_leaves_one_entry_for_the_log(seal_office: SealOffice) -> None:
    code = seal_office.has_seal()

    with reading(seal_office.database) as tx:
        seal, (made,) = seals.demand_seal(tx, code), seals.objects_of(tx, code)
        events, waiting = events_of_seal(tx, code), leaves.count_pending(tx)
    assert (seal.state, seal.version, seal.owner) == (SealState.IN_USE, 1, BUREAU)
    assert (made.state, made.applied_by, made.approved_by) == (ObjectState.FILED, "custodian-1", "approver-1")
    assert [(each.act, each.state) for each in events] == [
        ("apply", "applied"),
        ("approve", "approved"),
        ("make", "made"),
        ("file", "in_use"),
    ]
    assert waiting == len(events)


@pytest.mark.parametrize("state", SealState)
def test_each_act_is_tried_in_each_state_and_a_refused_one_leaves_nothing(
    seal_office: SealOffice, state: SealState
) -> None:
    for act in ACTS:
        code = seal_office.applies().code
        for step in WAYS[state]:
            seal_office.does(code, step)
        before = snapshot(seal_office, code)

        nothing_on_its_way = act in OF_OBJECTS and state is SealState.IN_USE
        if (state, act) in ALLOWED and not nothing_on_its_way:
            assert seal_office.does(code, act).state is ALLOWED[state, act]
            continue
        with pytest.raises(SealNotAllowedError):
            seal_office.does(code, act)
        assert snapshot(seal_office, code) == before, act


def test_nobody_approves_what_they_applied_for(seal_office: SealOffice) -> None:
    code = seal_office.applies().code
    before = snapshot(seal_office, code)

    with pytest.raises(SealSamePersonError):
        seal_office.does(code, SealAct.APPROVE, deed=replace(APPROVER, person=CUSTODIAN.person))

    assert snapshot(seal_office, code) == before


def test_a_renewed_seal_stays_in_use_with_its_old_object_until_the_new_one_is_filed(seal_office: SealOffice) -> None:
    code = seal_office.has_seal()
    later = AT + timedelta(days=300)

    seal_office.renews(code, at=later, valid_until=AT + timedelta(days=700))
    for act in (SealAct.APPROVE, SealAct.MAKE):
        assert seal_office.does(code, act, at=later).version == 1
    renewed = seal_office.does(code, SealAct.FILE, at=later)

    with reading(seal_office.database) as tx:
        old, new = seals.objects_of(tx, code)
    assert (renewed.state, renewed.version) == (SealState.IN_USE, 2)
    assert (old.state, old.replaced_at, new.state, new.filed_at) == (
        ObjectState.REPLACED,
        later,
        ObjectState.FILED,
        later,
    )


def test_one_renewal_at_a_time_and_none_for_a_suspended_seal(seal_office: SealOffice) -> None:
    code = seal_office.has_seal()
    seal_office.renews(code)

    with pytest.raises(SealNotAllowedError):
        seal_office.renews(code)
    seal_office.does(code, SealAct.SUSPEND)
    with pytest.raises(SealNotAllowedError):
        seal_office.does(code, SealAct.APPROVE)

    seal_office.does(code, SealAct.DESTROY)
    with reading(seal_office.database) as tx:
        assert seals.pending_object(tx, code) is None, "what was on its way ends with the seal"
        assert [each.state for each in seals.objects_of(tx, code)] == [ObjectState.FILED, ObjectState.REFUSED]


def test_codes_count_up_within_a_division_and_pass_over_those_that_were_given(seal_office: SealOffice) -> None:
    first = seal_office.applies().code
    given = seal_office.applies(code="99010000000003").code
    rest = [seal_office.applies(owner=MARKET).code for _ in range(2)]

    assert (first, given, rest) == ("99010000000001", "99010000000003", ["99010000000002", "99010000000004"])
    with pytest.raises(SealCodeUsedError):
        seal_office.applies(code=given)


@pytest.mark.parametrize(
    "code", ["", "1234567890123", "123456789012345", "1234567890123x", "１２３４５６７８９０１２３４"]
)
def test_a_code_is_fourteen_digits(seal_office: SealOffice, code: str) -> None:
    with pytest.raises(SealCodeError):
        seal_office.applies(code=code)


def test_an_unknown_owner_an_unknown_seal_and_an_old_etag_are_refused(seal_office: SealOffice) -> None:
    seal = seal_office.applies()
    with pytest.raises(UnknownDepartmentError):
        seal_office.applies(owner="91999999MA00000154")
    with pytest.raises(UnknownSealError):
        seal_office.does("99010000000099", SealAct.APPROVE)
    step = SealStep(act=SealAct.APPROVE, if_match=seal.etag + 1)
    with pytest.raises(ChangedMeanwhileError), transaction(seal_office.database) as tx:
        seals.act_on_seal(tx, seal.code, step, APPROVER, at=AT, random=seal_office.random)


def test_what_make_brings_must_be_there_and_nowhere_else(seal_office: SealOffice) -> None:
    code = seal_office.applies().code
    for step in (SealStep(act=SealAct.MAKE), SealStep(act=SealAct.APPROVE, made=seal_office.made(code))):
        with pytest.raises(SealNotAllowedError), transaction(seal_office.database) as tx:
            seals.act_on_seal(tx, code, step, APPROVER, at=AT, random=seal_office.random)


def test_the_place_in_a_status_list_follows_from_the_code_and_its_value_from_the_state(
    seal_office: SealOffice,
) -> None:
    used, applied, far = seal_office.has_seal(), seal_office.applies().code, seal_office.applies(code="99010000131073")
    stopped = seal_office.has_seal()
    seal_office.does(stopped, SealAct.SUSPEND)

    with reading(seal_office.database) as tx:
        lists = seals.seal_statuses(tx)

    assert (seals.status_place(used), seals.status_place(far.code)) == (("990100-0", 1), ("990100-1", 1))
    assert lists == {
        "990100-0": {int(applied[6:]): StatusValue.ENDED, int(stopped[6:]): StatusValue.SUSPENDED},
        "990100-1": {1: StatusValue.ENDED},
    }
    with reading(seal_office.database) as tx:
        assert [each.code for each in seals.seals_of(tx, BUREAU)] == sorted([used, applied, far.code, stopped])
        assert seals.seals_of(tx, MARKET) == ()
        assert [each.code for each in seals.seals_of(tx)] == sorted([used, applied, far.code, stopped])
        current = seals.current_object(tx, used)
        assert current is not None
        assert current.state is ObjectState.FILED
        assert seals.current_object(tx, applied) is None
