"""Acts on filed licences, and the drafts of their next versions."""

from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256

import pytest

from registry import artefacts, leaves, licences
from registry.db import reading
from registry.errors import ChangedMeanwhileError, NotAllowedError, UnknownLicenceError
from registry.lifecycle import LicenceEvent, LicenceState
from registry.records import DraftState, LicenceRecord, Role
from signer.change import Change, Revision, change, revise
from signer.daily import run_daily
from signer.desk import Operator
from signer.errors import ChangeRefusedError, LogClockError, OtherDepartmentError, RoleError
from signer.issue import issue_saved
from signer.statuses import status_list_address
from tests.town import ORIGIN, SCHOOLS, Town
from verify.errors import YinzhengError
from verify.licence import ISSUER_ZONE
from verify.log_entry import EntryKind, LogEntry
from verify.status import StatusValue, open_status_list

GROUNDS = Change(
    event=LicenceEvent.SUSPEND,
    reason="卫生条件不合格",
    legal_basis="食品安全法第一百二十六条",
    reference="示停〔2026〕3号",
)


def act(event: LicenceEvent, **changes: object) -> Change:
    return replace(GROUNDS, event=event, **changes)  # type: ignore[arg-type]


def issued(town: Town) -> LicenceRecord:
    return town.issues(town.signboard_draft()).record


def read(town: Town, licence_id: str) -> LicenceRecord:
    with reading(town.database) as tx:
        found = licences.find_licence(tx, licence_id)
    assert found is not None
    return found


def published_value(town: Town, licence: LicenceRecord) -> StatusValue:
    """Return what the published status list says, as a stranger reads it."""
    with reading(town.database) as tx:
        content = artefacts.latest(tx, "status_list", str(licence.status_list))
    assert content is not None
    trust = town.desk.trust()
    address = status_list_address(trust.issuers[0].status_prefix, licence.status_list)
    keys = [key for issuer in trust.issuers for key in issuer.keys if key.use == 2]
    opened = open_status_list(content, uri=address, keys=lambda kid: [key for key in keys if key.kid == kid])
    return opened.value(licence.status_index)


@pytest.mark.parametrize(
    ("event", "state", "value"),
    [
        (LicenceEvent.SUSPEND, LicenceState.SUSPENDED, StatusValue.SUSPENDED),
        (LicenceEvent.REVOKE, LicenceState.REVOKED, StatusValue.ENDED),
        (LicenceEvent.RESCIND, LicenceState.RESCINDED, StatusValue.ENDED),
        (LicenceEvent.WITHDRAW, LicenceState.WITHDRAWN, StatusValue.ENDED),
        (LicenceEvent.CANCEL, LicenceState.CANCELLED, StatusValue.ENDED),
    ],
)
def test_an_act_is_recorded_logged_and_published(
    town: Town, event: LicenceEvent, state: LicenceState, value: StatusValue
) -> None:
    licence = issued(town)
    assert published_value(town, licence) is StatusValue.IN_FORCE

    changed = change(town.desk, licence.licence_id, act(event), operator=town.officer, at=town.now)

    assert (changed.state, changed.etag) == (state, 2)
    event_record = changed.last_event
    assert event_record is not None
    assert (event_record.reason, event_record.legal_basis) == (GROUNDS.reason, GROUNDS.legal_basis)
    assert (event_record.reference, event_record.operator_role) == (GROUNDS.reference, "issuing_officer")
    assert event_record.leaf_index is not None
    with reading(town.database) as tx:
        (stored,) = leaves.entries(tx, ORIGIN, event_record.leaf_index, event_record.leaf_index + 1)
        record = licences.record_of_event(tx, event_record.event_id)
    entry = LogEntry.decode(stored.entry)
    assert record is not None
    assert (entry.kind, entry.digest, entry.detail) == (
        EntryKind.STATE,
        sha256(record).digest(),
        {1: "licence", 2: event.value},
    )
    assert published_value(town, licence) is value


def test_a_suspension_with_an_end_is_lifted_by_reinstatement(sqlite_town: Town) -> None:
    town = sqlite_town
    licence = issued(town)
    until = town.now.date() + timedelta(days=30)

    suspended = change(
        town.desk, licence.licence_id, act(LicenceEvent.SUSPEND, until=until), operator=town.officer, at=town.now
    )
    back = change(town.desk, licence.licence_id, act(LicenceEvent.REINSTATE), operator=town.officer, at=town.now)

    assert suspended.suspended_until == until
    assert (back.state, back.suspended_until) == (LicenceState.IN_FORCE, None)
    assert published_value(town, licence) is StatusValue.IN_FORCE


TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"reason": "长" * 2001}, "reason"),
        ({"reason": "a\x00b"}, "reason"),
        ({"legal_basis": ""}, "legal_basis"),
        ({"legal_basis": "长" * 501}, "legal_basis"),
        ({"reference": "长" * 201}, "reference"),
        ({"effective_on": TODAY + timedelta(days=1)}, "effective_on"),
        ({"effective_on": TODAY - timedelta(days=1)}, "effective_on"),
        ({"until": TODAY - timedelta(days=1)}, "until"),
        ({"event": LicenceEvent.REVOKE, "until": TODAY + timedelta(days=1)}, "until"),
        ({"event": LicenceEvent.SUPERSEDE}, "event"),
    ],
)
def test_grounds_that_are_missing_or_wrong_are_named_and_nothing_is_done(
    sqlite_town: Town, wrong: dict[str, object], field: str
) -> None:
    town = sqlite_town
    licence = issued(town)

    with pytest.raises(ChangeRefusedError) as refused:
        change(town.desk, licence.licence_id, replace(GROUNDS, **wrong), operator=town.officer, at=town.now)  # type: ignore[arg-type]

    assert refused.value.params == {"field": field}
    assert read(town, licence.licence_id) == licence


def test_a_decision_may_be_older_than_its_record_but_not_than_the_licence(sqlite_town: Town) -> None:
    town = sqlite_town
    first = TODAY - timedelta(days=10)
    licence = town.issues(town.signboard_draft(valid_from=first, valid_until=TODAY + timedelta(days=300))).record
    town.clock.moves(timedelta(days=3))

    changed = change(
        town.desk,
        licence.licence_id,
        act(LicenceEvent.RESCIND, effective_on=licence.valid_from, reference=" "),
        operator=town.officer,
        at=town.now,
    )

    assert changed.last_event is not None
    assert (changed.last_event.effective_on, changed.last_event.reference) == (licence.valid_from, "")


def test_only_the_issuing_offices_officers_and_the_systems_jobs_may(sqlite_town: Town) -> None:
    town = sqlite_town
    licence = issued(town)
    for operator, error in (
        (town.officer_of(SCHOOLS), OtherDepartmentError),
        (town.reviewer, RoleError),
        (replace(town.officer, role=Role.AUDITOR), RoleError),
    ):
        with pytest.raises(error):
            change(town.desk, licence.licence_id, GROUNDS, operator=operator, at=town.now)

    system = Operator(person_id="system", department=SCHOOLS, role=Role.SYSTEM)
    assert change(town.desk, licence.licence_id, GROUNDS, operator=system, at=town.now).etag == 2


def test_an_unknown_licence_a_wrong_state_and_an_old_etag_are_refused(town: Town) -> None:
    licence = issued(town)
    with pytest.raises(UnknownLicenceError):
        change(town.desk, "0" * 16, GROUNDS, operator=town.officer, at=town.now)
    with pytest.raises(NotAllowedError):
        change(town.desk, licence.licence_id, act(LicenceEvent.REINSTATE), operator=town.officer, at=town.now)
    with pytest.raises(ChangedMeanwhileError):
        change(town.desk, licence.licence_id, GROUNDS, operator=town.officer, at=town.now, if_match=7)

    assert read(town, licence.licence_id) == licence


def test_a_clock_set_back_refuses_before_anything_is_done(town: Town) -> None:
    licence = issued(town)
    town.clock.moves(timedelta(minutes=-5))

    with pytest.raises(LogClockError):
        change(town.desk, licence.licence_id, GROUNDS, operator=town.officer, at=town.now)
    assert read(town, licence.licence_id) == licence

    town.clock.moves(timedelta(minutes=5))
    assert change(town.desk, licence.licence_id, GROUNDS, operator=town.officer, at=town.now).etag == 2


def test_an_act_stands_when_what_follows_it_fails(town: Town) -> None:
    """The key that signs checkpoints vanishes between the act's commit and the log's: the act is not undone."""
    licence = issued(town)
    key = next((town.folder / "keys").glob("checkpoint*.key"))
    hidden = key.with_suffix(".hidden")
    loses_its_key = replace(town.desk, after=lambda _step: key.rename(hidden) and None)

    changed = change(loses_its_key, licence.licence_id, GROUNDS, operator=town.officer, at=town.now)
    hidden.rename(key)

    assert changed.state is LicenceState.SUSPENDED
    assert changed.last_event is not None
    assert changed.last_event.leaf_index is None
    town.desk.log.flush_pending()
    told = read(town, licence.licence_id).last_event
    assert told is not None
    assert told.leaf_index is not None


def test_a_renewal_has_the_same_content_number_and_lineage_and_a_new_term(town: Town) -> None:
    old = issued(town)
    town.clock.moves(timedelta(days=400))
    run_daily(town.desk, town.key_desk, at=town.now)
    until = (old.valid_until or TODAY) + timedelta(days=365)

    draft = revise(
        town.desk, old.licence_id, Revision(kind="renewal", valid_until=until), operator=town.officer, at=town.now
    )
    new = issue_saved(town.desk, draft, operator=town.officer, at=town.now).record

    assert (new.number, new.lineage, new.version, new.replaces) == (old.number, old.lineage, 2, old.licence_id)
    assert (new.valid_from, new.valid_until) == (town.now.astimezone(ISSUER_ZONE).date(), until)
    assert draft.draft.fields == town.signboard_draft().fields
    assert read(town, old.licence_id).state is LicenceState.SUPERSEDED
    assert published_value(town, old) is StatusValue.SUPERSEDED
    assert published_value(town, new) is StatusValue.IN_FORCE


def test_a_change_changes_what_it_names_and_a_person_keeps_the_photo(sqlite_town: Town) -> None:
    town = sqlite_town
    old = town.issues(town.teacher_draft()).record
    with reading(town.database) as tx:
        filed = licences.draft_of(tx, old.licence_id)
    assert filed is not None
    name = next(iter(filed.draft.fields))

    draft = revise(
        town.desk,
        old.licence_id,
        Revision(kind="change", holder_name="欧阳新䶮", fields={name: ""}),
        operator=town.officer_of(old.issuer),
        at=town.now,
    )

    assert draft.state is DraftState.SUBMITTED
    assert draft.draft.holder_name == "欧阳新䶮"
    assert name not in draft.draft.fields
    assert draft.draft.photo == filed.draft.photo
    assert draft.draft.replaces == old.licence_id


def test_papers_brought_in_make_a_version_without_a_deadline(sqlite_town: Town) -> None:
    town = sqlite_town
    old = town.issues(town.signboard_draft(papers_due=TODAY + timedelta(days=20))).record

    draft = revise(town.desk, old.licence_id, Revision(kind="change"), operator=town.officer, at=town.now)
    new = issue_saved(town.desk, draft, operator=town.officer, at=town.now).record

    assert (old.papers_due, new.papers_due) == (TODAY + timedelta(days=20), None)
    assert new.valid_until == old.valid_until


def test_a_replacement_of_a_lost_one_changes_nothing_but_the_version(sqlite_town: Town) -> None:
    town = sqlite_town
    old = issued(town)

    draft = revise(town.desk, old.licence_id, Revision(kind="replacement"), operator=town.officer, at=town.now)
    new = issue_saved(town.desk, draft, operator=town.officer, at=town.now).record

    assert (new.number, new.valid_from, new.valid_until) == (old.number, old.valid_from, old.valid_until)
    assert new.change_kind == "replacement"


@pytest.mark.parametrize(
    ("revision", "field"),
    [
        (Revision(kind="new"), "change_kind"),
        (Revision(kind="renewal"), "valid_until"),
        (Revision(kind="renewal", valid_until=TODAY), "valid_until"),
        (Revision(kind="change"), "fields"),
        (Revision(kind="replacement", holder_name="别人"), "fields"),
        (Revision(kind="replacement", valid_from=TODAY), "valid_from"),
        (Revision(kind="replacement", valid_until=date(2030, 1, 1)), "valid_until"),
    ],
)
def test_a_revision_that_does_not_fit_its_kind_is_refused(sqlite_town: Town, revision: Revision, field: str) -> None:
    town = sqlite_town
    licence = issued(town)

    with pytest.raises(ChangeRefusedError) as refused:
        revise(town.desk, licence.licence_id, revision, operator=town.officer, at=town.now)

    assert refused.value.params == {"field": field}


def test_a_suspended_licence_is_not_revised_nor_another_offices_nor_nobodys(sqlite_town: Town) -> None:
    town = sqlite_town
    licence = issued(town)
    replacement = Revision(kind="replacement")
    with pytest.raises(UnknownLicenceError):
        revise(town.desk, "0" * 16, replacement, operator=town.officer, at=town.now)
    with pytest.raises(OtherDepartmentError):
        revise(town.desk, licence.licence_id, replacement, operator=town.officer_of(SCHOOLS), at=town.now)
    change(town.desk, licence.licence_id, GROUNDS, operator=town.officer, at=town.now)

    with pytest.raises(NotAllowedError):
        revise(town.desk, licence.licence_id, replacement, operator=town.officer, at=town.now)


def test_of_two_drafts_of_one_next_version_the_second_is_refused(sqlite_town: Town) -> None:
    town = sqlite_town
    old = issued(town)
    first, second = (
        revise(town.desk, old.licence_id, Revision(kind="replacement"), operator=town.officer, at=town.now)
        for _ in range(2)
    )
    issue_saved(town.desk, first, operator=town.officer, at=town.now)

    with pytest.raises(YinzhengError) as refused:
        issue_saved(town.desk, second, operator=town.officer, at=town.now)

    assert refused.value.code in {"licence.not_latest", "licence.not_allowed"}
