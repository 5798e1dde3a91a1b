"""Recovery: what was begun and never filed is given up, and nothing else is."""

import os
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from registry import leaves, statuses
from registry.db import reading
from registry.errors import IntentAbandonedError
from registry.records import DraftRecord, IntentState
from registry.seal_errors import GrantUsedUpError
from registry.seal_lifecycle import UseState
from signer.audit import AuditScope, audit
from signer.issue import IssuedLicence
from signer.recover import recover
from signer.reservation import RefusedDraft
from signer.seal_founding import GROUNDS
from signer.seal_granting import grant_seal, withdraw_seal_grant
from tests.town import BUREAU, ORIGIN, Town
from verify.log_entry import EntryKind, LogEntry
from verify.status import StatusValue

LEASE = timedelta(minutes=10)


class Cut(BaseException):
    """The process died here; no handler of ours may catch it."""


def dies_after(town: Town, step: str) -> Town:
    """Return the town as one more process sees it, which dies after a step."""

    def after(done: str) -> None:
        if done == step:
            raise Cut

    return replace(town, desk=replace(town.desk, after=after))


def begins(town: Town, records: tuple[DraftRecord, ...], step: str) -> None:
    with pytest.raises(Cut):
        dies_after(town, step).issues_all(records)


def intents(town: Town) -> list[IntentState]:
    with reading(town.database) as tx:
        return [each.state for each in leaves.all_intents(tx, ORIGIN)]


def uses(town: Town) -> list[UseState]:
    return [each.state for each in town.uses_of(BUREAU)]


def abandoned_entries(town: Town) -> list[LogEntry]:
    with reading(town.database) as tx:
        head = leaves.head(tx, ORIGIN)
        entries = [LogEntry.decode(each.entry) for each in leaves.entries(tx, ORIGIN, 0, head.size)]
    return [each for each in entries if each.kind is EntryKind.ABANDONED]


def is_clean(town: Town) -> bool:
    scope = AuditScope(
        database=town.database,
        verifier=town.desk.log.verifier,
        trust=town.desk.trust(),
        crls=town.desk.revocation(),
        vault=town.desk.vault,
    )
    report = audit(scope, at=town.now)
    assert report.discrepancies == ()
    return report.is_clean


def test_a_town_without_crashes_has_nothing_to_recover(town: Town) -> None:
    town.issues(town.signboard_draft())

    found = recover(town.desk, at=town.clock.moves(2 * LEASE))

    assert (found.abandoned, found.sequenced, found.swept) == (0, 1, 0), "the entry of the seal's use waited"
    assert recover(town.desk, at=town.now).sequenced == 0
    assert intents(town) == [IntentState.FILED] * 3
    assert uses(town) == [UseState.FILED]
    assert is_clean(town)


def test_a_live_workers_attempts_are_left_alone(sqlite_town: Town) -> None:
    town = sqlite_town
    begins(town, town.drafts(2), "documents_signed")

    assert recover(town.desk, at=town.clock.moves(LEASE)).abandoned == 0
    assert set(intents(town)) == {IntentState.OPEN}
    assert uses(town) == [UseState.OPEN] * 2
    assert town.grant_of(BUREAU).uses_taken == 2
    assert recover(town.desk, at=town.clock.moves(timedelta(seconds=1))).abandoned == 2
    assert uses(town) == [UseState.ABANDONED] * 2
    assert town.grant_of(BUREAU).uses_taken == 0


@pytest.mark.parametrize(("step", "each"), [("codes_logged", 1), ("documents_signed", 3)])
def test_a_dead_workers_attempts_are_logged_once_and_end_in_the_status_list(town: Town, step: str, each: int) -> None:
    records = town.drafts(3)
    begins(town, records, step)
    with reading(town.database) as tx:
        open_ones = leaves.all_intents(tx, ORIGIN)
        entries = leaves.entries_at(tx, ORIGIN, [intent.leaf_index for intent in open_ones])

    found = recover(town.desk, at=town.clock.moves(2 * LEASE))

    assert (found.abandoned, found.sequenced, found.lists) == (3, 3 * each, (1,))
    logged = {(entry.digest, (entry.detail or {})[1]) for entry in abandoned_entries(town)}
    assert logged == {(sha256(entries[i.leaf_index]).digest(), i.leaf_index) for i in open_ones}
    with reading(town.database) as tx:
        assert list(statuses.values(tx, 1).values()) == [StatusValue.ENDED] * 3
    again = recover(town.desk, at=town.now)
    assert (again.abandoned, again.sequenced, again.lists) == (0, 0, ())
    assert len(abandoned_entries(town)) == 3 * each
    assert is_clean(town)


@pytest.mark.parametrize("step", ["reserved", "codes_logged", "documents_signed", "kept"])
def test_a_dead_workers_uses_of_the_seal_are_given_back_once(town: Town, step: str) -> None:
    town.issues(town.signboard_draft())
    records = town.drafts(3)
    begins(town, records, step)
    assert town.grant_of(BUREAU).uses_taken == 4

    for _ in range(2):
        recover(town.desk, at=town.clock.moves(2 * LEASE))
        assert town.grant_of(BUREAU).uses_taken == 1
        assert Counter(uses(town)) == {UseState.FILED: 1, UseState.ABANDONED: 3}

    issued = [each.record for each in town.issues_all(records) if isinstance(each, IssuedLicence)]
    assert len(issued) == 3
    assert town.grant_of(BUREAU).uses_taken == 4
    filed = {use.licence_id: use.bodies for use in town.uses_of(BUREAU) if use.state is UseState.FILED}
    for each in issued:
        assert filed[each.licence_id] == (
            (each.document_digest, each.document_leaf),
            (each.ofd_digest, each.ofd_leaf),
        )
    assert is_clean(town)


def test_a_limit_of_uses_is_not_eaten_up_by_crashes(sqlite_town: Town) -> None:
    town, usual = sqlite_town, sqlite_town.grant_of(BUREAU)
    custodian = town.custodian_of(BUREAU)
    withdraw_seal_grant(town.desk, usual.grant_id, GROUNDS, operator=custodian, at=town.now)
    limited = replace(usual.terms, uses_max=2)
    grant = grant_seal(town.desk, usual.code, limited, GROUNDS, operator=custodian, at=town.now)
    records = town.drafts(3)
    begins(town, records[:2], "documents_signed")
    (refused,) = town.issues_all(records[2:])
    assert isinstance(getattr(refused, "error", None), GrantUsedUpError), "the dead worker's uses still count"

    recover(town.desk, at=town.clock.moves(2 * LEASE))

    outcomes = town.issues_all(records)
    assert [type(each) for each in outcomes] == [IssuedLicence, IssuedLicence, RefusedDraft]
    assert isinstance(getattr(outcomes[2], "error", None), GrantUsedUpError)
    assert Counter(each.state for each in town.uses_of(BUREAU) if each.grant_id == grant.grant_id) == {
        UseState.FILED: 2,
        UseState.ABANDONED: 2,
    }
    assert is_clean(town)


def test_the_drafts_go_the_whole_way_again_with_their_numbers_and_new_ids(town: Town) -> None:
    records = town.drafts(2)
    begins(town, records, "checked")
    with reading(town.database) as tx:
        first_ids = {each.licence_id for each in leaves.all_intents(tx, ORIGIN)}
    recover(town.desk, at=town.clock.moves(2 * LEASE))

    outcomes = town.issues_all(records)

    issued = [each.record for each in outcomes if isinstance(each, IssuedLicence)]
    assert len(issued) == 2
    assert sorted(each.number[-4:-1] for each in issued) == sorted({each.number[-4:-1] for each in issued})
    assert not first_ids & {each.licence_id for each in issued}
    assert {each.version for each in issued} == {1}
    assert is_clean(town)


def test_who_was_given_up_while_still_at_work_files_nothing(town: Town) -> None:
    """A worker sleeps between signing and filing, longer than its lease; recovery runs; the worker wakes up."""
    records = town.drafts(1)

    def after(step: str) -> None:
        if step == "kept":
            town.clock.moves(2 * LEASE)
            recover(town.desk, at=town.now)

    sleeper = replace(town, desk=replace(town.desk, after=after))
    (outcome,) = sleeper.issues_all(records)

    assert isinstance(getattr(outcome, "error", None), IntentAbandonedError)
    assert set(intents(town)) == {IntentState.ABANDONED}
    assert uses(town) == [UseState.ABANDONED]
    assert isinstance(town.issues_all(records)[0], IssuedLicence)
    assert town.grant_of(BUREAU).uses_taken == 1
    assert is_clean(town)


def age(folder: Path, *, to: float) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (to, to))


def test_documents_that_no_row_names_are_swept_and_the_filed_ones_stay(town: Town) -> None:
    filed = town.issues(town.signboard_draft())
    begins(town, town.drafts(2), "kept")
    age(town.folder / "vault", to=town.now.timestamp())

    assert recover(town.desk, at=town.now + 2 * LEASE).swept == 0, "younger than any lease may be old"
    assert recover(town.desk, at=town.now + 4 * LEASE).swept == 4

    assert all(town.desk.vault.has(each) for each in filed.record.bodies.values())
    assert sum(path.is_file() for path in (town.folder / "vault").rglob("*")) == len(filed.record.bodies) == 2


def test_recovery_that_dies_half_way_is_finished_by_the_next_one(town: Town) -> None:
    begins(town, town.drafts(2), "documents_logged")
    town.clock.moves(2 * LEASE)
    with pytest.raises(Cut):
        recover(dies_after(town, "abandoned").desk, at=town.now)

    found = recover(town.desk, at=town.now)

    assert (found.abandoned, found.sequenced) == (0, 6)
    assert len(abandoned_entries(town)) == 6
    assert town.grant_of(BUREAU).uses_taken == 0
    assert is_clean(town)


def test_two_recoveries_at_once_do_no_more_than_one(town: Town) -> None:
    begins(town, town.drafts(4), "documents_signed")
    town.clock.moves(2 * LEASE)

    def in_between(_step: str) -> None:
        recover(town.desk, at=town.now)

    found = recover(replace(town.desk, after=in_between), at=town.now)

    assert found.abandoned == 4
    assert len(abandoned_entries(town)) == 12
    assert set(intents(town)) == {IntentState.ABANDONED}
    assert town.grant_of(BUREAU).uses_taken == 0
    assert is_clean(town)
