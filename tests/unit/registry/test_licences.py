"""Filing and finding licences."""

from datetime import date

import pytest
from sqlalchemy import update

from registry import licences, long_term
from registry.db import reading, transaction
from registry.errors import DraftStateError, IntentAbandonedError, NotLatestVersionError, UnknownLicenceError
from registry.events import Act
from registry.licences import Wanted
from registry.lifecycle import LicenceEvent, LicenceState
from registry.records import DraftState
from registry.tables import DRAFT
from tests.registry_office import AT, BUREAU, FOOD, HOLDER, SIGNBOARD, Office
from verify.licence import HolderKind


def test_a_filed_licence_reads_back_as_it_was_filed(office: Office) -> None:
    (filed,) = office.issues()

    with reading(office.database) as tx:
        assert licences.find_licence(tx, filed.licence_id) == filed
        assert licences.find_licence(tx, "0" * 16) is None
        draft = licences.draft_of(tx, filed.licence_id)
        assert licences.draft_of(tx, "0" * 16) is None
    assert (filed.state, filed.etag, filed.type_version, filed.last_event) == (LicenceState.IN_FORCE, 1, 1, None)
    assert draft is not None
    assert (draft.state, draft.licence_id, draft.draft) == (DraftState.FILED, filed.licence_id, office.draft())


def test_a_record_shows_no_holder_in_its_repr(office: Office) -> None:
    (filed,) = office.issues()

    assert "示例餐饮" not in repr(filed)
    assert HOLDER not in repr(filed)


def test_an_empty_chunk_files_nothing(office: Office) -> None:
    assert office.files([]) == ()


def test_a_chunk_is_filed_whole_or_not_at_all(office: Office) -> None:
    records = office.saves(3)
    places = office.reserves(records)
    first = office.intends(places[:2])
    filings = [
        office.filing(record, place, first.get(place.licence_id, 99))
        for record, place in zip(records, places, strict=True)
    ]

    with pytest.raises(IntentAbandonedError) as refused:
        office.files(filings)

    assert refused.value.params == {"draft_id": records[2].draft_id}
    with reading(office.database) as tx:
        assert licences.list_licences(tx, Wanted(department=BUREAU)) == ()
    assert len(office.files(filings[:2])) == 2, "the caller leaves that one out and files the others"


def test_a_leaf_that_belongs_to_another_attempt_does_not_count(office: Office) -> None:
    records = office.saves(2)
    places = office.reserves(records)
    first = office.intends(places)

    with pytest.raises(IntentAbandonedError):
        office.files([office.filing(records[0], places[0], first[places[1].licence_id])])


def test_a_draft_is_filed_once(office: Office) -> None:
    records = office.saves()
    attempts = [office.reserves(records)[0] for _ in range(2)]
    first = office.intends(attempts)
    office.files([office.filing(records[0], attempts[0], first[attempts[0].licence_id])])

    with pytest.raises(DraftStateError) as refused:
        office.files([office.filing(records[0], attempts[1], first[attempts[1].licence_id])])

    assert refused.value.params == {"draft_id": records[0].draft_id}


def test_a_draft_that_vanished_is_not_filed(office: Office) -> None:
    records = office.saves()
    (place,) = office.reserves(records)
    first = office.intends((place,))
    with transaction(office.database) as tx:
        tx.execute(update(DRAFT).values(state=DraftState.CANCELLED.value))

    with pytest.raises(DraftStateError):
        office.files([office.filing(records[0], place, first[place.licence_id])])


def test_a_renewal_supersedes_in_the_transaction_that_files_it(office: Office) -> None:
    (old,) = office.issues()

    (new,) = office.issues(replaces=old.licence_id, change_kind="renewal")

    with reading(office.database) as tx:
        replaced = licences.find_licence(tx, old.licence_id)
    assert replaced is not None
    assert (replaced.state, replaced.superseded_by) == (LicenceState.SUPERSEDED, new.licence_id)
    assert replaced.last_event is not None
    assert (replaced.last_event.reason, replaced.last_event.reference) == ("renewal", new.identifier)
    assert (new.replaces, new.version, new.number) == (old.licence_id, 2, old.number)


def test_what_was_replaced_or_ended_is_not_replaced_again(office: Office) -> None:
    (old,) = office.issues()
    records = office.saves(2, replaces=old.licence_id, change_kind="renewal")
    places = office.reserves(records)
    first = office.intends(places)
    filings = [
        office.filing(record, place, first[place.licence_id]) for record, place in zip(records, places, strict=True)
    ]
    office.files(filings[:1])

    with pytest.raises(NotLatestVersionError) as refused:
        office.files(filings[1:])

    assert refused.value.params == {"draft_id": records[1].draft_id}


def test_lists_go_by_key_newest_first_page_by_page(office: Office) -> None:
    filed = office.issues(7)

    pages: list[list[str]] = []
    cursor = None
    with reading(office.database) as tx:
        while page := licences.list_licences(tx, Wanted(department=BUREAU), cursor=cursor, limit=3):
            pages.append([each.licence_id for each in page])
            cursor = page[-1].cursor

    assert [len(page) for page in pages] == [3, 3, 1]
    assert [*pages[0], *pages[1], *pages[2]] == [each.licence_id for each in reversed(filed)]


def test_a_list_shows_what_was_asked_for(office: Office) -> None:
    kept, ended = office.issues(2)
    act = Act(
        event=LicenceEvent.REVOKE, effective_on=AT.date(), reason="x", legal_basis="y", reference="", operator_role="z"
    )
    with transaction(office.database) as tx:
        licences.record_event(tx, ended.licence_id, act, at=AT, random=office.random)

    def ids(**wanted: object) -> list[str]:
        with reading(office.database) as tx:
            found = licences.list_licences(tx, Wanted(**({"department": BUREAU} | wanted)))  # type: ignore[arg-type]
        return [each.licence_id for each in found]

    assert ids(state=LicenceState.REVOKED) == [ended.licence_id]
    assert ids(state=LicenceState.IN_FORCE, type_code=SIGNBOARD) == [kept.licence_id]
    assert ids(number=kept.number) == [kept.licence_id]
    assert ids(number=kept.number[:-1]) == []
    assert ids(type_code=FOOD) == []
    assert ids(department="1199999900000006XQ") == []


def test_a_line_of_the_list_names_the_type_in_both_languages(office: Office) -> None:
    (filed,) = office.issues()

    with reading(office.database) as tx:
        (line,) = licences.list_licences(tx, Wanted(department=BUREAU))

    assert (line.number, line.holder_kind, line.state) == (filed.number, HolderKind.ORGANISATION, LicenceState.IN_FORCE)
    assert line.type_name
    assert line.type_name_en
    assert "示例餐饮" not in repr(line)


def test_a_holders_licences_are_found_newest_first(office: Office) -> None:
    filed = office.issues(3)
    office.issues(holder_code="某登记号", holder_code_type="099")

    with reading(office.database) as tx:
        found = licences.find_licences_of_holder(tx, HOLDER, limit=2)

    assert found == (filed[2], filed[1])


def test_a_document_is_named_by_its_licence_and_by_its_sealings(office: Office) -> None:
    (filed,) = office.issues()
    with transaction(office.database) as tx:
        assert long_term.newest(tx, filed.licence_id) is None
        first = long_term.add(tx, filed.licence_id, "a" * 64, at=AT)
        second = long_term.add(tx, filed.licence_id, "b" * 64, at=AT)

    with reading(office.database) as tx:
        assert long_term.newest(tx, filed.licence_id) == second
        assert long_term.sealings(tx, [filed.licence_id, "none"]) == {filed.licence_id: (first, second)}
        named = licences.named_documents(tx, [filed.document_digest, "a" * 64, "b" * 64, "c" * 64])
    assert (first.number, second.number) == (1, 2)
    assert named == {filed.document_digest, "a" * 64, "b" * 64}


def test_what_is_not_filed_is_not_sealed(office: Office) -> None:
    with pytest.raises(UnknownLicenceError), transaction(office.database) as tx:
        long_term.add(tx, "0" * 16, "a" * 64, at=AT)


def test_a_licence_without_end_and_one_of_a_person_are_filed(office: Office) -> None:
    (filed,) = office.issues(valid_until=None, papers_due=date(2026, 12, 1))

    with reading(office.database) as tx:
        found = licences.find_licence(tx, filed.licence_id)
    assert found is not None
    assert (found.valid_until, found.papers_due) == (None, date(2026, 12, 1))
