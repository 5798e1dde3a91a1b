"""Batches: saved, approved by somebody else, cut into chunks, issued through crashes and restarts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from registry import drafts, jobs
from registry.db import reading, transaction
from registry.errors import BatchConflictError, LeaseLostError, OwnDraftError, UnknownBatchError
from registry.records import BatchRow, LicenceDraft, Role, RowState
from signer.batch import (
    LEASE,
    MIXED_TYPES,
    approve_batch,
    problems_of,
    progress,
    ready_rows,
    release_batch,
    run_chunk,
    start_batch,
    take_and_run,
)
from signer.errors import NotApprovedError, OtherDepartmentError, RoleError
from signer.recover import recover
from signer.sheet_check import CheckedRow, CheckedSheet
from signer.sheets import Sheet
from tests.town import FOOD, SCHOOLS, SIGNBOARD, Town
from verify.errors import FieldProblem, InvalidFieldsError, MalformedError

REVIEWERS: Mapping[str, int] = {SIGNBOARD: 0, FOOD: 1}
PROBLEM = FieldProblem(field="holder_name", code="field.missing")


def sheet_of(town: Town, drafted: list[LicenceDraft | None]) -> CheckedSheet:
    """Return a checked sheet of these drafts; None stands for a row that could not be read."""
    rows = [
        CheckedRow(
            number=number,
            content_digest=sha256(f"{number} {draft!r} {draft and draft.holder_name}".encode()).digest(),
            application="",
            draft=draft,
            licence_type=None if draft is None else town.types[draft.type_code],
            problems=(PROBLEM,) if draft is None else (),
        )
        for number, draft in enumerate(drafted, 2)
    ]
    return CheckedSheet(sheet=Sheet(headings=("a",), rows=()), rows=tuple(rows))


def signboards(town: Town, count: int) -> list[LicenceDraft | None]:
    return [town.signboard_draft(holder_name=f"示例{number}号店") for number in range(count)]


def starts(town: Town, drafted: list[LicenceDraft | None], batch_id: str | None = None) -> str:
    started = start_batch(
        town.database,
        sheet_of(town, drafted),
        operator=town.officer,
        at=town.now,
        random=town.desk.random,
        batch_id=batch_id,
    )
    return started.batch_id


def releases(town: Town, batch_id: str) -> tuple[int, ...]:
    return release_batch(town.database, batch_id, reviewers=REVIEWERS, at=town.now)


def runs(town: Town, worker: str = "worker-1") -> int:
    count = 0
    while take_and_run(town.desk, worker, clock=town.clock) is not None:
        count += 1
    return count


def rows(town: Town, batch_id: str, state: RowState | None = None) -> tuple[BatchRow, ...]:
    with reading(town.database) as tx:
        return jobs.rows_of_batch(tx, batch_id, state=state)


def test_a_batch_is_issued_chunk_by_chunk(town: Town) -> None:
    batch_id = starts(town, [*signboards(town, 55), None])
    assert releases(town, batch_id) == (0, 1)

    assert runs(town) == 2

    batch = progress(town.database, batch_id)
    assert (batch.rows, batch.issued, batch.bad, batch.refused, batch.state) == (56, 55, 1, 0, "done")
    issued = rows(town, batch_id, RowState.ISSUED)
    assert len({each.licence_id for each in issued}) == 55
    assert batch.type_code == SIGNBOARD
    assert runs(town) == 0


def test_the_same_sheet_twice_is_one_batch_once(town: Town) -> None:
    drafted = signboards(town, 3)
    batch_id = starts(town, drafted)
    again = start_batch(
        town.database,
        sheet_of(town, [*drafted, town.signboard_draft(holder_name="新增")]),
        operator=town.officer,
        at=town.now,
        random=town.desk.random,
        batch_id=batch_id,
    )

    assert (again.good, again.bad, again.new) == (4, 0, 1)
    releases(town, batch_id)
    runs(town)
    assert progress(town.database, batch_id).issued == 4
    assert starts(town, drafted, batch_id) == batch_id
    assert releases(town, batch_id) == ()
    assert runs(town) == 0


def test_a_row_with_another_content_is_refused(sqlite_town: Town) -> None:
    batch_id = starts(sqlite_town, signboards(sqlite_town, 1))

    with pytest.raises(BatchConflictError):
        starts(sqlite_town, [sqlite_town.signboard_draft(holder_name="换了")], batch_id)


def test_two_persons_stand_behind_a_batch_whose_type_demands_it(town: Town) -> None:
    batch_id = starts(town, [town.food_draft(holder_name=f"店{each}") for each in range(2)])
    with pytest.raises(NotApprovedError):
        releases(town, batch_id)
    assert runs(town) == 0

    same_person = replace(town.reviewer, person_id=town.officer.person_id)
    with pytest.raises(OwnDraftError):
        approve_batch(town.database, batch_id, reviewer=same_person)
    for wrong, error in ((town.officer, RoleError), (replace(town.reviewer, department=SCHOOLS), OtherDepartmentError)):
        with pytest.raises(error):
            approve_batch(town.database, batch_id, reviewer=wrong)

    assert approve_batch(town.database, batch_id, reviewer=town.reviewer) == 2
    assert approve_batch(town.database, batch_id, reviewer=town.reviewer) == 0
    releases(town, batch_id)
    runs(town)
    assert progress(town.database, batch_id).issued == 2


def test_a_type_of_which_nothing_is_known_needs_a_reviewer(sqlite_town: Town) -> None:
    batch_id = starts(sqlite_town, signboards(sqlite_town, 1))

    with pytest.raises(NotApprovedError):
        release_batch(sqlite_town.database, batch_id, reviewers={}, at=sqlite_town.now)


def test_a_batch_holds_the_rows_of_the_callers_department_and_those_that_nobody_could_read(sqlite_town: Town) -> None:
    town = sqlite_town
    started = start_batch(
        town.database,
        sheet_of(town, [town.signboard_draft(), town.teacher_draft(), None, town.food_draft()]),
        operator=town.officer,
        at=town.now,
        random=town.desk.random,
    )

    assert (started.good, started.bad, started.new) == (2, 1, 3)
    assert [each.row for each in rows(town, started.batch_id)] == [2, 4, 5]
    assert progress(town.database, started.batch_id).type_code == MIXED_TYPES
    with pytest.raises(RoleError):
        start_batch(
            town.database,
            sheet_of(town, []),
            operator=replace(town.officer, role=Role.COUNTER),
            at=town.now,
            random=town.desk.random,
        )


def test_what_is_refused_at_issue_is_told_and_the_others_go_on(town: Town) -> None:
    """Between check and run a number was used elsewhere, and a term ran out."""
    number = "示城管招字〔2026〕第00077号"
    town.issues(town.signboard_draft(number=number))
    drafted = [town.signboard_draft(number=number, holder_name="晚了"), *signboards(town, 1)]
    batch_id = starts(town, drafted)
    releases(town, batch_id)

    runs(town)

    batch = progress(town.database, batch_id)
    assert (batch.issued, batch.refused, batch.state) == (1, 1, "done")
    (refused,) = rows(town, batch_id, RowState.REFUSED)
    assert [(each.code, "draft_id" in each.params) for each in refused.problems] == [("number.used", False)]


class Cut(BaseException):
    """The worker died here."""


@pytest.mark.parametrize("step", ["reserved", "documents_signed", "kept", "filed", "chunk_issued"])
def test_a_killed_workers_chunk_is_taken_again_and_every_row_is_issued_once(town: Town, step: str) -> None:
    batch_id = starts(town, signboards(town, 3))
    releases(town, batch_id)

    def after(done: str) -> None:
        if done == step:
            raise Cut

    dying = replace(town.desk, after=after)
    with pytest.raises(Cut):
        take_and_run(dying, "dead", clock=town.clock)
    assert take_and_run(town.desk, "other", clock=town.clock) is None, "its lease is not over"

    town.clock.moves(LEASE + timedelta(seconds=1))
    recover(town.desk, at=town.now)
    assert runs(town, "other") == 1

    batch = progress(town.database, batch_id)
    assert (batch.issued, batch.refused, batch.state) == (3, 0, "done")
    issued = rows(town, batch_id, RowState.ISSUED)
    with reading(town.database) as tx:
        found = drafts.find_drafts(tx, [each.draft_id or "" for each in issued])
    assert {each.licence_id for each in found} == {each.licence_id for each in issued}
    assert sorted((each.number or "")[-6:-1] for each in found) == ["00001", "00002", "00003"]


def test_a_worker_that_lost_its_lease_writes_nothing_down(sqlite_town: Town) -> None:
    town = sqlite_town
    batch_id = starts(town, signboards(town, 1))
    releases(town, batch_id)
    with transaction(town.database) as tx:
        slow = jobs.take_chunk(tx, "slow", at=town.now, until=town.now + LEASE)
    assert slow is not None
    town.clock.moves(2 * LEASE)
    assert runs(town, "fast") == 1

    with pytest.raises(LeaseLostError):
        run_chunk(town.desk, slow, at=town.now)

    assert progress(town.database, batch_id).issued == 1


def test_the_named_chunk_is_run(sqlite_town: Town) -> None:
    town = sqlite_town
    batch_id = starts(town, signboards(town, 51))
    releases(town, batch_id)

    chunk = take_and_run(town.desk, "worker-1", of=(batch_id, 1), clock=town.clock)

    assert chunk is not None
    assert chunk.number == 1
    assert progress(town.database, batch_id).issued == 1
    assert take_and_run(town.desk, "worker-1", of=(batch_id, 1), clock=town.clock) is None


def test_ready_rows_come_in_pages_until_none_is_left(sqlite_town: Town) -> None:
    town = sqlite_town
    batch_id = starts(town, signboards(town, 60))

    assert [len(page) for page in ready_rows(town.database, batch_id)] == [50, 10]
    releases(town, batch_id)
    runs(town)
    assert list(ready_rows(town.database, batch_id)) == []


def test_an_unknown_batch_is_named_as_such(sqlite_town: Town) -> None:
    with pytest.raises(UnknownBatchError):
        progress(sqlite_town.database, "none")
    with pytest.raises(UnknownBatchError):
        approve_batch(sqlite_town.database, "none", reviewer=sqlite_town.reviewer)


def test_an_error_becomes_problems_without_our_own_ids() -> None:
    assert problems_of(InvalidFieldsError((PROBLEM,))) == (PROBLEM,)
    error = MalformedError("x", params={"draft_id": "1", "state": "filed"})

    assert problems_of(error) == (FieldProblem(field="", code=error.code, params={"state": "filed"}),)
