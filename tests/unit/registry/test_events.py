"""Acts on filed licences: state, status list, log entry and record are one."""

from datetime import date, timedelta
from hashlib import sha256

import pytest

from registry import leaves, licences, numbers, statuses
from registry.db import reading, transaction
from registry.errors import ChangedMeanwhileError, NotAllowedError, UnknownLicenceError
from registry.events import Act, due_reinstatements, overdue_papers
from registry.lifecycle import LicenceEvent, LicenceState
from registry.records import EventRecord, LicenceRecord
from tests.registry_office import AT, ORIGIN, Office
from verify import cbor
from verify.log_entry import EntryKind
from verify.status import StatusValue

DAY = date(2026, 11, 24)


def act(event: LicenceEvent, until: date | None = None) -> Act:
    return Act(
        event=event,
        effective_on=DAY,
        reason="检查发现问题",
        legal_basis="行政许可法第六十九条",
        reference="示撤〔2026〕1号",
        operator_role="issuing_officer",
        until=until,
    )


def do(
    office: Office,
    licence: LicenceRecord,
    event: LicenceEvent,
    *,
    until: date | None = None,
    if_match: int | None = None,
) -> EventRecord:
    with transaction(office.database) as tx:
        return licences.record_event(
            tx, licence.licence_id, act(event, until), at=AT, random=office.random, if_match=if_match
        )


def read(office: Office, licence: LicenceRecord) -> LicenceRecord:
    with reading(office.database) as tx:
        found = licences.find_licence(tx, licence.licence_id)
    assert found is not None
    return found


def test_a_suspension_changes_state_end_status_and_etag_and_waits_for_the_log(office: Office) -> None:
    (licence,) = office.issues()

    event = do(office, licence, LicenceEvent.SUSPEND, until=date(2026, 12, 31))

    found = read(office, licence)
    assert (found.state, found.suspended_until, found.etag) == (LicenceState.SUSPENDED, date(2026, 12, 31), 2)
    assert found.last_event == event
    assert event.leaf_index is None
    with reading(office.database) as tx:
        (waiting,) = leaves.take_pending(tx)
        record = licences.record_of_event(tx, event.event_id)
        assert statuses.values(tx, licence.status_list) == {licence.status_index: StatusValue.SUSPENDED}
    assert record is not None
    assert (waiting.kind, waiting.digest) == (EntryKind.STATE, sha256(record).digest())
    assert waiting.detail == {1: "licence", 2: "suspend"}


def test_the_record_says_all_and_its_salt_hides_it(office: Office) -> None:
    first, second = office.issues(2)
    events = [do(office, each, LicenceEvent.REVOKE) for each in (first, second)]

    with reading(office.database) as tx:
        records = [licences.record_of_event(tx, each.event_id) or b"" for each in events]
    read_back = cbor.decode(records[0], bytes_max=4096)
    assert isinstance(read_back, dict)
    assert read_back == {
        0: read_back[0],
        1: first.licence_id,
        2: "revoke",
        3: int(AT.timestamp()),
        4: "2026-11-24",
        5: "检查发现问题",
        6: "行政许可法第六十九条",
        7: "示撤〔2026〕1号",
        9: "issuing_officer",
    }
    assert len(read_back[0]) == 16
    assert cbor.decode(records[1], bytes_max=4096)[0] != read_back[0]  # type: ignore[index]


def test_a_reinstatement_ends_the_suspension_and_leaves_the_status_list(office: Office) -> None:
    (licence,) = office.issues()
    do(office, licence, LicenceEvent.SUSPEND, until=date(2026, 12, 31))

    do(office, licence, LicenceEvent.REINSTATE, until=date(2027, 1, 1))

    found = read(office, licence)
    assert (found.state, found.suspended_until) == (LicenceState.IN_FORCE, None)
    with reading(office.database) as tx:
        assert statuses.values(tx, licence.status_list) == {}
        assert [each.event for each in licences.events_of(tx, licence.licence_id)] == ["suspend", "reinstate"]


def test_what_the_table_lacks_is_refused_and_leaves_nothing_behind(office: Office) -> None:
    (licence,) = office.issues()
    do(office, licence, LicenceEvent.REVOKE)

    with pytest.raises(NotAllowedError):
        do(office, licence, LicenceEvent.REINSTATE)

    assert read(office, licence).etag == 2
    with reading(office.database) as tx:
        assert len(licences.events_of(tx, licence.licence_id)) == 1


def test_who_saw_an_older_state_decides_anew(office: Office) -> None:
    (licence,) = office.issues()
    do(office, licence, LicenceEvent.SUSPEND, if_match=1)

    with pytest.raises(ChangedMeanwhileError):
        do(office, licence, LicenceEvent.REVOKE, if_match=1)

    do(office, licence, LicenceEvent.REVOKE, if_match=2)


def test_an_unknown_licence_is_not_changed(office: Office) -> None:
    with pytest.raises(UnknownLicenceError), transaction(office.database) as tx:
        licences.record_event(tx, "0" * 16, act(LicenceEvent.REVOKE), at=AT, random=office.random)


def test_an_act_learns_its_leaf_when_the_entry_is_sequenced(office: Office) -> None:
    (licence,) = office.issues()
    event = do(office, licence, LicenceEvent.WITHDRAW)
    with transaction(office.database) as tx:
        (waiting,) = leaves.take_pending(tx)
        index = office.logs(tx, [b"entry"])
        leaves.pending_sequenced(tx, {waiting.pending_id: index})

    with reading(office.database) as tx:
        (told,) = licences.events_of(tx, licence.licence_id)
        assert leaves.take_pending(tx) == ()
        assert leaves.head(tx, ORIGIN).size == index + 1
    assert (told.event_id, told.leaf_index) == (event.event_id, index)


def test_a_destroyed_record_is_none(office: Office) -> None:
    with reading(office.database) as tx:
        assert licences.record_of_event(tx, 4711) is None


def test_a_suspension_is_due_on_the_day_after_its_last_day(office: Office) -> None:
    ends, stays = office.issues(2)
    do(office, ends, LicenceEvent.SUSPEND, until=DAY)
    do(office, stays, LicenceEvent.SUSPEND)

    with reading(office.database) as tx:
        assert due_reinstatements(tx, DAY) == ()
        assert due_reinstatements(tx, DAY + timedelta(days=1)) == (ends.licence_id,)
    do(office, ends, LicenceEvent.CANCEL)
    with reading(office.database) as tx:
        assert due_reinstatements(tx, DAY + timedelta(days=1)) == ()


def test_papers_are_overdue_on_the_day_after_they_were_due(office: Office) -> None:
    (licence,) = office.issues(papers_due=DAY)
    office.issues()

    with reading(office.database) as tx:
        assert overdue_papers(tx, DAY) == ()
        assert overdue_papers(tx, DAY + timedelta(days=1)) == (licence.licence_id,)
    do(office, licence, LicenceEvent.SUSPEND)
    with reading(office.database) as tx:
        assert overdue_papers(tx, DAY + timedelta(days=1)) == ()


def test_the_places_of_abandoned_attempts_say_ended(office: Office) -> None:
    place, other = office.reserves(office.saves(2))
    with transaction(office.database) as tx:
        numbers.end_places(tx, [place.licence_id])
        numbers.end_places(tx, [])

    with reading(office.database) as tx:
        assert statuses.values(tx, place.status_list) == {place.status_index: StatusValue.ENDED}
        assert statuses.lists_of(tx, [place.licence_id, other.licence_id]) == {1}
        assert statuses.list_numbers(tx) == (1,)
