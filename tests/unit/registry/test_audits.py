"""What an audit reads, page by page."""

from registry import audits, leaves, licences
from registry.db import reading, transaction
from registry.events import Act
from registry.lifecycle import LicenceEvent, LicenceState
from registry.records import DraftState
from tests.registry_office import AT, Office
from verify.status import StatusValue


def test_licences_are_read_in_pages_with_draft_and_place(office: Office) -> None:
    filed = {each.licence_id: each for each in office.issues(5)}

    found, after = [], ""
    with reading(office.database) as tx:
        while page := audits.licence_page(tx, after=after, limit=2):
            found += page
            after = page[-1].licence_id
        by_id = audits.licences_by_id(tx, [*filed, "none"])

    assert [each.licence_id for each in found] == sorted(filed)
    assert by_id == {each.licence_id: each for each in found}
    for each in found:
        assert (each.standing.state, each.standing.place_status) == (LicenceState.IN_FORCE, StatusValue.IN_FORCE)
        assert (each.draft_state, each.draft_licence_id) == (DraftState.FILED, each.licence_id)
        assert each.data_set == filed[each.licence_id].data_set
        assert "示例餐饮" not in repr(each)


def test_acts_say_whether_the_log_has_them(office: Office) -> None:
    first, second = office.issues(2)
    act = Act(
        event=LicenceEvent.REVOKE, effective_on=AT.date(), reason="x", legal_basis="y", reference="", operator_role="z"
    )
    for licence in (first, second):
        with transaction(office.database) as tx:
            licences.record_event(tx, licence.licence_id, act, at=AT, random=office.random)
    with transaction(office.database) as tx:
        waiting = leaves.take_pending(tx)[0]
        assert audits.pending_digests(tx, [waiting.digest, bytes(32)]) == {waiting.digest}
        index = office.logs(tx, [b"entry"])
        leaves.pending_sequenced(tx, {waiting.pending_id: index})

    with reading(office.database) as tx:
        (logged,) = audits.event_page(tx, after=0, limit=1)
        (waits,) = audits.event_page(tx, after=logged.event_id)
        assert audits.events_by_leaf(tx, [index, index + 1]) == {index: logged}

    assert (logged.licence_id, logged.leaf_index, logged.waits) == (first.licence_id, index, False)
    assert (waits.licence_id, waits.leaf_index, waits.waits) == (second.licence_id, None, True)
