"""Drafts, from the first keystroke to the filed licence."""

from datetime import timedelta

import pytest

from registry import drafts
from registry.db import reading, transaction
from registry.errors import ChangedMeanwhileError, ConflictError, DraftStateError, OwnDraftError, UnknownDraftError
from registry.records import DraftRecord, DraftState
from tests.registry_office import AT, BUREAU, Office


def submitted(office: Office) -> DraftRecord:
    (record,) = office.saves()
    with transaction(office.database) as tx:
        return drafts.submit_draft(tx, record.draft_id, version=1)


def approved(office: Office) -> DraftRecord:
    record = submitted(office)
    with transaction(office.database) as tx:
        return drafts.approve_draft(tx, record.draft_id, reviewer="reviewer", version=2)


def test_a_saved_draft_reads_back_as_it_was(office: Office) -> None:
    draft = office.draft(photo=b"\xff\xd8", papers_due=AT.date(), holder_name="阿依古丽·买买提 𬭎")
    with transaction(office.database) as tx:
        saved = drafts.add_draft(tx, draft, created_by="officer", at=AT, random=office.random)

    with reading(office.database) as tx:
        found = drafts.find_draft(tx, saved.draft_id)
    assert found == saved
    assert found.draft == draft
    assert found.draft.fields == draft.fields


def test_a_draft_shows_no_person_in_its_repr(office: Office) -> None:
    assert "示例餐饮" not in repr(office.draft())


def test_no_drafts_are_saved_without_a_word(office: Office) -> None:
    with transaction(office.database) as tx:
        assert drafts.add_drafts(tx, (), created_by="officer", at=AT, random=office.random) == ()


def test_a_draft_of_an_unknown_office_is_refused(office: Office) -> None:
    with pytest.raises(ConflictError):
        office.saves(issuer="91999999MA00000154")


def test_drafts_are_found_in_the_order_asked_for(office: Office) -> None:
    first, second = office.saves(2)

    with reading(office.database) as tx:
        found = drafts.find_drafts(tx, [second.draft_id, "none", first.draft_id])
        with pytest.raises(UnknownDraftError):
            drafts.find_draft(tx, "none")

    assert [each.draft_id for each in found] == [second.draft_id, first.draft_id]


def test_a_batch_key_stands_once_and_finds_its_draft(office: Office) -> None:
    (saved,) = office.saves(batch_key="batch:7")

    with reading(office.database) as tx:
        assert drafts.find_by_batch_key(tx, "batch:7") == saved
        assert drafts.find_by_batch_key(tx, "batch:8") is None
    with pytest.raises(ConflictError):
        office.saves(batch_key="batch:7")
    office.saves(2, batch_key=None)


def test_the_way_of_a_draft_is_submit_review_approve(office: Office) -> None:
    record = approved(office)

    assert (record.state, record.reviewed_by, record.version) == (DraftState.APPROVED, "reviewer", 3)


def test_nobody_approves_the_draft_that_they_wrote(office: Office) -> None:
    record = submitted(office)

    with pytest.raises(OwnDraftError), transaction(office.database) as tx:
        drafts.approve_draft(tx, record.draft_id, reviewer="officer", version=2)


def test_nobody_approves_the_draft_of_another_that_they_wrote_anew(office: Office) -> None:
    (record,) = office.saves()
    with transaction(office.database) as tx:
        drafts.change_draft(tx, record.draft_id, office.draft(holder_name="甲"), changed_by="second", version=1)
        drafts.change_draft(tx, record.draft_id, office.draft(holder_name="乙"), changed_by="third", version=2)
        submitted = drafts.submit_draft(tx, record.draft_id, version=3)

    assert submitted.authors == {"officer", "second", "third"}
    for author in submitted.authors:
        with pytest.raises(OwnDraftError), transaction(office.database) as tx:
            drafts.approve_draft(tx, record.draft_id, reviewer=author, version=4)
    with transaction(office.database) as tx:
        assert drafts.approve_draft(tx, record.draft_id, reviewer="reviewer", version=4).reviewed_by == "reviewer"


def test_what_was_given_back_needs_a_new_approval(office: Office) -> None:
    record = approved(office)
    with transaction(office.database) as tx:
        back = drafts.return_draft(tx, record.draft_id, version=3)
        again = drafts.change_draft(
            tx, record.draft_id, office.draft(holder_name="别的公司"), changed_by="officer", version=4
        )

    assert (back.state, back.reviewed_by) == (DraftState.DRAFT, None)
    assert again.draft.holder_name == "别的公司"
    with pytest.raises(DraftStateError), transaction(office.database) as tx:
        drafts.approve_draft(tx, record.draft_id, reviewer="reviewer", version=5)


def test_a_submitted_draft_is_not_changed(office: Office) -> None:
    record = submitted(office)

    with pytest.raises(DraftStateError) as refused, transaction(office.database) as tx:
        drafts.change_draft(tx, record.draft_id, office.draft(), changed_by="officer", version=2)

    assert refused.value.params == {"state": "submitted"}


@pytest.mark.parametrize("changes", [{"issuer": "1199999900000006XQ"}, {"batch_key": "stolen"}])
def test_issuer_and_batch_row_stay_what_they_were(office: Office, changes: dict[str, str]) -> None:
    (record,) = office.saves()

    with pytest.raises(DraftStateError), transaction(office.database) as tx:
        drafts.change_draft(tx, record.draft_id, office.draft(**changes), changed_by="officer", version=1)


def test_who_saw_an_older_version_decides_anew(office: Office) -> None:
    record = submitted(office)

    for act in (drafts.submit_draft, drafts.return_draft, drafts.withdraw_draft):
        with pytest.raises(ChangedMeanwhileError), transaction(office.database) as tx:
            act(tx, record.draft_id, version=1)
    with pytest.raises(UnknownDraftError), transaction(office.database) as tx:
        drafts.withdraw_draft(tx, "none", version=1)


def test_a_draft_with_a_number_is_not_withdrawn(office: Office) -> None:
    records = office.saves(2)
    office.reserves(records[:1])

    with transaction(office.database) as tx:
        assert drafts.withdraw_draft(tx, records[1].draft_id, version=1).state is DraftState.CANCELLED
    with pytest.raises(DraftStateError), transaction(office.database) as tx:
        drafts.withdraw_draft(tx, records[0].draft_id, version=1)


def test_a_filed_draft_knows_number_and_licence(office: Office) -> None:
    (licence,) = office.issues()

    with reading(office.database) as tx:
        (filed,) = drafts.list_drafts(tx, BUREAU, state=DraftState.FILED)
    assert (filed.number, filed.licence_id) == (licence.number, licence.licence_id)


def test_drafts_are_listed_by_state_oldest_first_page_by_page(office: Office) -> None:
    saved = []
    for minute in range(5):
        with transaction(office.database) as tx:
            at = AT + timedelta(minutes=minute // 2)  # two of one moment
            saved.append(drafts.add_draft(tx, office.draft(), created_by="x", at=at, random=office.random).draft_id)
    with transaction(office.database) as tx:
        drafts.submit_draft(tx, saved.pop(), version=1)

    pages, after = [], None
    with reading(office.database) as tx:
        while page := drafts.list_drafts(tx, BUREAU, state=DraftState.DRAFT, after=after, limit=3):
            pages.append([each.draft_id for each in page])
            after = pages[-1][-1]

    assert [len(page) for page in pages] == [3, 1]
    assert sorted(pages[0] + pages[1]) == sorted(saved)
    assert set(pages[0][:2]) == set(saved[:2])
