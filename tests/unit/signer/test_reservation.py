"""Who may be issued: every refusal comes before a number is spent, and concerns one draft alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from registry import drafts, licences
from registry.db import reading, transaction
from registry.errors import (
    ChangedMeanwhileError,
    DatabaseAwayError,
    DraftStateError,
    NotAllowedError,
    NumberUsedError,
    OwnDraftError,
    UnknownLicenceError,
)
from registry.events import Act
from registry.lifecycle import LicenceEvent
from registry.records import DraftRecord, DraftState, Role
from signer.desk import Operator
from signer.errors import NotApprovedError, NotEntitledError, OtherDepartmentError, RoleError
from signer.reservation import CHUNK_MAX, Reserved, reserve
from tests.town import BUREAU, MARKET, NOW, Town
from verify.errors import InvalidFieldsError, YinzhengError
from verify.trust import TrustListExpiredError


def _reserve(town: Town, record: DraftRecord, operator: Operator | None = None) -> Reserved:
    """Reserve one draft, or raise why not."""
    reserved, refused = reserve(town.desk, [record], operator=operator or town.officer, at=town.now)
    if refused:
        raise refused[0].error
    return reserved[0]


def test_a_good_draft_gets_number_id_place_and_a_data_set_with_fresh_salt(town: Town) -> None:
    first, second = (_reserve(town, record) for record in town.drafts(2))

    assert first.place.number != second.place.number
    assert first.data_set.salt != second.data_set.salt
    assert first.data_set.number == first.place.number
    assert first.data_set.licence_id.text == first.place.licence_id
    assert first.data_set.identifier.text == first.place.identifier
    assert first.data_set.fields == first.record.draft.fields
    with reading(town.database) as tx:
        kept = drafts.find_draft(tx, first.record.draft_id)
    assert (kept.state, kept.number) == (DraftState.RESERVED, first.place.number)


def test_a_field_left_empty_is_left_out_and_a_person_has_no_uscc(town: Town) -> None:
    draft = town.teacher_draft()
    fields = {**draft.fields, "KZ_RJXK": ""}
    (record,) = town.saves([replace(draft, fields=fields)])

    reserved = _reserve(town, record, town.officer_of(draft.issuer))

    assert "KZ_RJXK" not in reserved.data_set.fields
    assert reserved.data_set.holder_uscc is None


Change = Callable[[Town, DraftRecord], DraftRecord]
REFUSALS: list[tuple[str, Change, type[YinzhengError]]] = [
    ("not approved", lambda _, record: replace(record, reviewed_by=None), NotApprovedError),
    ("own review", lambda _, record: replace(record, reviewed_by=record.created_by), OwnDraftError),
    ("filed", lambda _, record: replace(record, state=DraftState.FILED), DraftStateError),
    ("withdrawn", lambda _, record: replace(record, state=DraftState.CANCELLED), DraftStateError),
    ("changed meanwhile", lambda _, record: replace(record, version=record.version - 1), ChangedMeanwhileError),
    (
        "a type that is none",
        lambda _, record: replace(record, draft=replace(record.draft, type_code="11999999000000019M099")),
        InvalidFieldsError,
    ),
    (
        "a licence that is none",
        lambda _, record: replace(record, draft=replace(record.draft, replaces="0000000000000000")),
        UnknownLicenceError,
    ),
]


@pytest.mark.parametrize(("change", "error"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_a_draft_that_may_not_be_issued_is_refused_and_gets_no_number(
    town: Town, change: Change, error: type[YinzhengError]
) -> None:
    (record,) = town.drafts(1)

    with pytest.raises(error):
        _reserve(town, change(town, record))

    with reading(town.database) as tx:
        assert drafts.find_draft(tx, record.draft_id).number is None


def test_an_officer_acts_for_their_own_department_and_role(town: Town) -> None:
    (record,) = town.drafts(1)

    with pytest.raises(OtherDepartmentError):
        _reserve(town, record, town.officer_of(MARKET))
    with pytest.raises(RoleError):
        _reserve(town, record, town.reviewer)

    system = Operator(person_id="worker", department=MARKET, role=Role.SYSTEM)
    assert _reserve(town, record, system).department.uscc == BUREAU


def test_a_department_issues_no_type_that_the_trust_list_does_not_give_it(town: Town) -> None:
    draft = town.teacher_draft(issuer=BUREAU)
    (record,) = town.saves([draft])

    with pytest.raises(NotEntitledError):
        _reserve(town, record)


def test_nothing_is_issued_on_a_trust_list_that_has_ended(town: Town) -> None:
    (record,) = town.drafts(1)
    town.clock.moves(timedelta(days=30))

    with pytest.raises(TrustListExpiredError):
        _reserve(town, record)


def test_a_licence_of_another_type_cannot_be_replaced_and_an_ended_one_neither(town: Town) -> None:
    signboard = town.issues(town.signboard_draft()).record
    food = town.issues(town.food_draft()).record
    act = Act(
        event=LicenceEvent.CANCEL,
        effective_on=NOW.date(),
        reason="示例",
        legal_basis="示例",
        reference="1",
        operator_role="issuing_officer",
    )
    with transaction(town.database) as tx:
        licences.record_event(tx, food.licence_id, act, at=town.now, random=town.desk.random)
    renewals = [town.food_draft(replaces=each.licence_id) for each in (signboard, food)]
    of_another, of_ended = town.saves(renewals)

    with pytest.raises(UnknownLicenceError):
        _reserve(town, of_another)
    with pytest.raises(NotAllowedError):
        _reserve(town, of_ended)


def test_the_registry_refuses_one_number_and_the_others_of_the_chunk_go_on(town: Town) -> None:
    taken = town.issues(town.signboard_draft()).record.number
    records = town.saves([town.signboard_draft(number=number) for number in (None, taken, None)])

    reserved, refused = reserve(town.desk, records, operator=town.officer, at=town.now)

    assert [each.record.draft_id for each in reserved] == [records[0].draft_id, records[2].draft_id]
    assert [(each.draft_id, type(each.error)) for each in refused] == [(records[1].draft_id, NumberUsedError)]


def test_when_all_are_refused_nothing_is_reserved(town: Town) -> None:
    taken = town.issues(town.signboard_draft()).record.number
    records = town.saves([town.signboard_draft(number=taken)] * 2)

    reserved, refused = reserve(town.desk, records, operator=town.officer, at=town.now)

    assert reserved == ()
    assert [each.draft_id for each in refused] == [each.draft_id for each in records]


def test_a_database_that_goes_away_stops_everybody(sqlite_town: Town) -> None:
    records = sqlite_town.drafts(2)

    def breaks(step: str) -> None:
        if step == "judged":
            sqlite_town.database.close()
            for path in sqlite_town.folder.glob("registry.sqlite*"):
                path.unlink()
            (sqlite_town.folder / "registry.sqlite").mkdir()

    with pytest.raises(DatabaseAwayError):
        reserve(replace(sqlite_town.desk, after=breaks), records, operator=sqlite_town.officer, at=sqlite_town.now)


def test_a_chunk_has_at_most_fifty_drafts(sqlite_town: Town) -> None:
    (record,) = sqlite_town.drafts(1)

    with pytest.raises(ValueError, match="50"):
        reserve(sqlite_town.desk, [record] * (CHUNK_MAX + 1), operator=sqlite_town.officer, at=sqlite_town.now)
