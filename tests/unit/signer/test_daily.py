"""What becomes due by the calendar."""

from datetime import date, timedelta
from hashlib import sha256

import pytest

from keys.custody import DEPLOYMENT, KeyName
from registry import leaves, licences, log_records, requests
from registry.db import reading, transaction
from registry.lifecycle import LicenceEvent, LicenceState
from registry.records import LicenceRecord
from registry.requests import New
from signer.change import Change, change
from signer.daily import PAPERS_OVERDUE, SUSPENSION_OVER, Day, log_counts, note_uses, run_daily
from signer.errors import LogClockError
from signer.public_lists import newest_trust_list
from tests.town import ORIGIN, Town
from verify import cbor
from verify.key_purpose import KeyPurpose
from verify.licence import ISSUER_ZONE
from verify.log_entry import EntryKind, LogEntry

DAY = timedelta(days=1)
TODAY = date(2026, 11, 24)


def runs(town: Town) -> Day:
    return run_daily(town.desk, town.key_desk, at=town.now)


def read(town: Town, licence: LicenceRecord) -> LicenceRecord:
    with reading(town.database) as tx:
        found = licences.find_licence(tx, licence.licence_id)
    assert found is not None
    return found


def key_events(town: Town, event: str) -> list[LogEntry]:
    with reading(town.database) as tx:
        head = leaves.head(tx, ORIGIN)
        entries = [LogEntry.decode(each.entry) for each in leaves.entries(tx, ORIGIN, 0, head.size)]
    return [each for each in entries if each.kind is EntryKind.KEY and (each.detail or {})[1] == event]


def test_a_suspension_ends_the_day_after_its_last_day(town: Town) -> None:
    licence = town.issues(town.signboard_draft()).record
    suspension = Change(event=LicenceEvent.SUSPEND, reason="理由", legal_basis="食品安全法", until=TODAY + DAY)
    change(town.desk, licence.licence_id, suspension, operator=town.officer, at=town.now)
    town.clock.moves(DAY)
    assert runs(town).reinstated == 0
    assert read(town, licence).state is LicenceState.SUSPENDED

    town.clock.moves(DAY)
    assert runs(town).reinstated == 1
    assert runs(town).reinstated == 0

    back = read(town, licence)
    assert (back.state, back.suspended_until) == (LicenceState.IN_FORCE, None)
    event = back.last_event
    assert event is not None
    assert (event.reason, event.legal_basis, event.operator_role) == (SUSPENSION_OVER, "食品安全法", "system")
    assert event.leaf_index is not None


def test_a_law_day_ends_at_midnight_in_the_issuers_zone(sqlite_town: Town) -> None:
    town = sqlite_town
    licence = town.issues(town.signboard_draft()).record
    suspension = Change(event=LicenceEvent.SUSPEND, reason="理由", legal_basis="依据", until=TODAY)
    change(town.desk, licence.licence_id, suspension, operator=town.officer, at=town.now)

    town.clock.moves(timedelta(hours=13, minutes=59))
    assert town.now.astimezone(ISSUER_ZONE).date() == TODAY
    assert runs(town).reinstated == 0
    town.clock.moves(timedelta(minutes=1))
    assert runs(town).reinstated == 1


def test_a_licence_whose_papers_are_overdue_is_suspended_once(town: Town) -> None:
    licence = town.issues(town.signboard_draft(papers_due=TODAY + DAY)).record
    other = town.issues(town.signboard_draft()).record
    assert runs(town).suspended == 0

    town.clock.moves(2 * DAY)
    assert runs(town).suspended == 1
    assert runs(town).suspended == 0

    found = read(town, licence)
    assert (found.state, found.suspended_until) == (LicenceState.SUSPENDED, None)
    assert found.last_event is not None
    assert found.last_event.reason == PAPERS_OVERDUE
    assert found.last_event.legal_basis == town.types[licence.type_code].legal_basis
    assert read(town, other).state is LicenceState.IN_FORCE


def test_one_that_cannot_be_changed_does_not_keep_the_others_waiting(sqlite_town: Town) -> None:
    """A suspension without a legal basis, as only a hand in the database can make it."""
    town = sqlite_town
    stuck, good = (town.issues(town.signboard_draft()).record for _ in range(2))
    for licence, basis in ((stuck, ""), (good, "依据")):
        act = licences.Act(
            event=LicenceEvent.SUSPEND,
            effective_on=TODAY,
            reason="x",
            legal_basis=basis,
            reference="",
            operator_role="z",
            until=TODAY,
        )
        with transaction(town.database) as tx:
            licences.record_event(tx, licence.licence_id, act, at=town.now, random=town.desk.random)

    town.clock.moves(DAY)

    assert runs(town).reinstated == 1
    assert read(town, good).state is LicenceState.IN_FORCE
    assert read(town, stuck).state is LicenceState.SUSPENDED


def test_each_days_count_of_each_counted_key_is_logged_once(town: Town) -> None:
    for _ in range(2):
        town.issues(town.signboard_draft())
    stamps = town.desk.custody.counts()[KeyName(KeyPurpose.TIMESTAMP, DEPLOYMENT).text]
    note_uses(town.desk, at=town.now)
    assert log_counts(town.desk, at=town.now) == 0, "the day is not over"

    logged = log_counts(town.desk, at=town.clock.moves(DAY))

    entries = key_events(town, "count")
    assert len(entries) == logged
    assert log_counts(town.desk, at=town.now) == 0
    kid = town.desk.custody.public_key(KeyName(KeyPurpose.TIMESTAMP, DEPLOYMENT)).kid
    (of_stamps,) = [each for each in entries if (each.detail or {})[2] == kid]
    with reading(town.database) as tx:
        record = log_records.find(tx, of_stamps.digest)
    assert record is not None
    assert of_stamps.digest == sha256(record).digest()
    content = cbor.decode(record, bytes_max=4096)
    assert isinstance(content, dict)
    assert (content["uses"], content["day"], content["event"]) == (stamps, TODAY.isoformat(), "count")


def test_trust_list_and_revocation_lists_are_renewed_after_a_day(town: Town) -> None:
    first = newest_trust_list(town.database)
    assert not runs(town).trust_list

    town.clock.moves(DAY)
    day = runs(town)

    assert (day.trust_list, day.revocation_lists) == (True, 2)
    renewed = newest_trust_list(town.database)
    assert (renewed.sequence, renewed.issued_at) == (first.sequence + 1, town.now)
    again = runs(town)
    assert (again.trust_list, again.revocation_lists) == (False, 0)
    assert town.issues(town.signboard_draft()).record.state is LicenceState.IN_FORCE


def test_a_process_without_those_keys_does_the_rest(sqlite_town: Town) -> None:
    town = sqlite_town
    town.issues(town.signboard_draft())
    town.clock.moves(DAY)

    day = run_daily(town.desk, None, at=town.now)

    assert (day.trust_list, day.revocation_lists, day.status_lists) == (False, 0, (1,))


def test_old_requests_are_forgotten(sqlite_town: Town) -> None:
    town = sqlite_town
    with transaction(town.database) as tx:
        requests.begin(tx, "client", "key", b"body", at=town.now)

    town.clock.moves(DAY)
    runs(town)

    with transaction(town.database) as tx:
        assert requests.begin(tx, "client", "key", b"another", at=town.now - DAY) == New()


def test_a_clock_set_back_stops_it_before_anything_is_done(sqlite_town: Town) -> None:
    town = sqlite_town
    licence = town.issues(town.signboard_draft(papers_due=TODAY)).record
    town.clock.moves(-timedelta(minutes=2))

    with pytest.raises(LogClockError):
        run_daily(town.desk, town.key_desk, at=town.now + 5 * DAY)

    assert read(town, licence).state is LicenceState.IN_FORCE
