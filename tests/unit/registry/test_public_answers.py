"""The public check of one licence, in one query."""

from pathlib import Path

import pytest
from sqlalchemy import text

from registry import licences
from registry.db import open_database, reading, transaction
from registry.errors import DatabaseSchemaError
from registry.events import Act
from registry.lifecycle import LicenceEvent, LicenceState
from registry.public_answers import public_answer, public_answers
from tests.registry_office import AT, BUREAU, HOLDER, Office
from verify.licence import HolderKind


def test_it_says_what_the_licence_says(office: Office) -> None:
    (filed,) = office.issues()

    answer = public_answer(office.database, filed.licence_id)

    assert answer is not None
    for name in ("identifier", "number", "type_code", "valid_from", "valid_until", "state", "etag", "issued_at"):
        assert getattr(answer, name) == getattr(filed, name)
    for name in ("document_digest", "status_list", "status_index", "code_leaf", "document_leaf", "holder_name"):
        assert getattr(answer, name) == getattr(filed, name)
    assert (answer.issuer, answer.issuer_name) == (BUREAU, "示例市行政审批服务局")
    assert (answer.holder_kind, answer.holder_uscc) == (HolderKind.ORGANISATION, HOLDER)
    assert (answer.event, answer.superseded_by, answer.suspended_until) == (None, None, None)
    assert answer.type_name_en
    assert answer.issuer_name_en
    assert answer.offline_hours > 0
    assert "示例餐饮" not in repr(answer)


def test_nobodys_licence_is_none(office: Office) -> None:
    assert public_answer(office.database, "0" * 16) is None


def test_several_are_answered_as_each_by_itself_and_what_is_not_there_is_left_out(office: Office) -> None:
    filed = [office.issues()[0].licence_id for _ in range(3)]
    asked = [*filed, "0" * 16, "'),(\"\\", "许可证"]

    answers = public_answers(office.database, asked)

    assert answers == {each: public_answer(office.database, each) for each in filed}
    assert public_answers(office.database, asked[2:4]) == {filed[2]: answers[filed[2]]}
    assert public_answers(office.database, asked[:1]) == {filed[0]: answers[filed[0]]}
    assert public_answers(office.database, asked[3:4]) == public_answers(office.database, ()) == {}


def test_an_act_is_seen_at_once_with_its_grounds(office: Office) -> None:
    (filed,) = office.issues()
    public_answer(office.database, filed.licence_id)
    act = Act(
        event=LicenceEvent.SUSPEND,
        effective_on=AT.date(),
        reason="卫生条件不合格",
        legal_basis="食品安全法第一百二十六条",
        reference="示停〔2026〕3号",
        operator_role="issuing_officer",
        until=AT.date(),
    )
    with transaction(office.database) as tx:
        licences.record_event(tx, filed.licence_id, act, at=AT, random=office.random)

    answer = public_answer(office.database, filed.licence_id)

    assert answer is not None
    assert (answer.state, answer.event, answer.etag) == (LicenceState.SUSPENDED, LicenceEvent.SUSPEND, 2)
    assert (answer.event_reason, answer.event_legal_basis) == (act.reason, act.legal_basis)
    assert (answer.event_reference, answer.event_effective_on) == (act.reference, AT.date())
    assert answer.suspended_until == AT.date()


def test_a_replaced_licence_names_the_one_in_its_place(office: Office) -> None:
    (old,) = office.issues()
    (new,) = office.issues(replaces=old.licence_id, change_kind="change", number="示城管招字〔1998〕第00777号")

    answer = public_answer(office.database, old.licence_id)

    assert answer is not None
    assert (answer.superseded_by, answer.superseded_by_number) == (new.licence_id, "示城管招字〔1998〕第00777号")


def test_the_code_of_a_person_is_never_shown(office: Office) -> None:
    (person,) = office.issues(
        holder_kind=HolderKind.PERSON, holder_code="999999199003070032", holder_code_type="111", holder_name="王五"
    )
    (other,) = office.issues(holder_code="某登记号", holder_code_type="099")

    for licence in (person, other):
        answer = public_answer(office.database, licence.licence_id)
        assert answer is not None
        assert answer.holder_uscc is None


def test_a_connection_that_was_cut_is_replaced_at_the_next_question(postgresql_office: Office) -> None:
    """The server ends all our connections, as when it was restarted: the next question opens a new one."""
    office = postgresql_office
    (filed,) = office.issues()
    assert public_answer(office.database, filed.licence_id) is not None
    public_answers(office.database, (filed.licence_id, "0" * 16))
    with reading(office.database) as tx:
        ours = "pid <> pg_backend_pid() AND datname = current_database()"
        tx.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}"))  # noqa: S608 - a test's

    for _ in range(2):
        assert public_answer(office.database, filed.licence_id) is not None
        assert list(public_answers(office.database, (filed.licence_id, "0" * 16))) == [filed.licence_id]


def test_a_database_without_tables_is_named_as_such(tmp_path: Path) -> None:
    empty = open_database(f"sqlite:///{tmp_path}/empty.sqlite")

    with pytest.raises(DatabaseSchemaError):
        public_answer(empty, "0" * 16)
    with pytest.raises(DatabaseSchemaError):
        public_answers(empty, ("0" * 16, "1" * 16))
    empty.close()


@pytest.mark.parametrize("definition", ["", "{", "[1]", "{}", '{"template": 7}', "null"])
def test_a_damaged_definition_spoils_no_check(office: Office, definition: str) -> None:
    filed = [office.issues()[0].licence_id for _ in range(2)]
    with transaction(office.database) as tx:
        tx.execute(text("UPDATE licence_type SET definition = :definition"), {"definition": definition})

    answers = public_answers(office.database, filed)

    assert [answers[each].is_combined for each in filed] == [False, False]
    assert public_answer(office.database, filed[0]) == answers[filed[0]]
