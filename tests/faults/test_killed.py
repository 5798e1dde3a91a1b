"""`kill -9` of a real process between any two steps of issuing, on both databases; then it comes back."""

import random
import time
from dataclasses import replace
from typing import Literal

import pytest

from registry.db import transaction
from registry.records import DraftState
from registry.seal_lifecycle import UseState
from signer.recover import recover
from signer.seal_founding import GROUNDS
from signer.seal_granting import grant_seal, withdraw_seal_grant
from tests.faults.world import LEASE, World
from tests.town import BUREAU, FOOD, Town

Form = Literal["pdf", "ofd"]
STEPS = (
    "judged",
    "reserved",
    "codes_logged",
    "codes_signed",
    "rendered",
    "documents_logged",
    "documents_signed",
    "checked",
    "kept",
    "filed",
)


def test_these_are_all_the_steps(world: World) -> None:
    world.town.issues_all(world.town.drafts(2))

    assert tuple(world.town.steps) == STEPS


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_a_step_nothing_is_lost_or_doubled(world: World, step: str) -> None:
    records = world.town.drafts(3)
    assert world.does("issue", step=step, drafts=[each.draft_id for each in records]) is None, "it was killed"
    world.demand_clean()
    is_filed = step == "filed"
    assert {each.state is DraftState.FILED for each in world.drafts(records)} == {is_filed}
    taken = {"judged": {}, "filed": {UseState.FILED: 3}}.get(step, {UseState.OPEN: 3})
    assert world.uses() == taken
    world.demand_counted()

    world.restarts(records)

    assert world.uses() == {UseState.FILED: 3} | ({UseState.ABANDONED: 3} if UseState.OPEN in taken else {})
    world.demand_whole(records)
    later = world.town.drafts(1)
    world.restarts(later)
    world.demand_whole((*records, *later))


def test_killed_three_times_over_the_same_drafts(world: World) -> None:
    records = world.town.drafts(2)
    for step in ("documents_signed", "reserved", "kept"):
        assert world.does("issue", step=step, drafts=[each.draft_id for each in records]) is None

    world.restarts(records)

    assert world.uses() == {UseState.ABANDONED: 6, UseState.FILED: 2}
    world.demand_whole(records)


def test_killed_with_a_grant_that_has_no_use_to_spare(world: World) -> None:
    """Three uses were granted: what the dead took is given back, and three licences are issued in the end."""
    town, usual = world.town, world.town.grant_of(BUREAU)
    custodian = town.custodian_of(BUREAU)
    withdraw_seal_grant(town.desk, usual.grant_id, GROUNDS, operator=custodian, at=town.now)
    terms = replace(usual.terms, uses_max=3)
    grant_seal(town.desk, usual.code, terms, GROUNDS, operator=custodian, at=town.now)
    records = town.drafts(3)
    for step in ("reserved", "documents_signed", "kept"):
        assert world.does("issue", step=step, drafts=[each.draft_id for each in records]) is None
        assert world.does("issue", drafts=[each.draft_id for each in records]) == ["seal_grant.used_up"] * 3
        town.clock.moves(2 * LEASE)
        recover(town.desk, at=town.now)

    said = world.does("issue", drafts=[each.draft_id for each in records])

    assert all(each.startswith("JY") for each in said)
    assert world.uses() == {UseState.ABANDONED: 9, UseState.FILED: 3}
    assert world.does("issue", drafts=[each.draft_id for each in town.drafts(1)]) == ["seal_grant.used_up"]
    world.demand_clean()


@pytest.mark.parametrize("form", ["pdf", "ofd"])
@pytest.mark.parametrize("step", ["documents_logged", "documents_signed", "kept"])
def test_killed_with_a_type_that_has_one_body(sqlite_town: Town, step: str, form: Form) -> None:
    world = World(sqlite_town, str(sqlite_town.database.engine.url))
    sqlite_town.has_only(FOOD, form)
    records = sqlite_town.drafts(2)
    assert world.does("issue", step=step, drafts=[each.draft_id for each in records]) is None

    world.restarts(records)

    assert {each.state for each in world.drafts(records)} == {DraftState.FILED}
    assert world.uses() == {UseState.ABANDONED: 2, UseState.FILED: 2}
    world.demand_clean()


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_any_moment(world: World, seed: int) -> None:
    """Not between steps but whenever it strikes: while a transaction is open, a file half written, a lock held."""
    source = random.Random(seed)  # noqa: S311 - a moment, no secret
    records = world.town.drafts(12)
    child = world.starts("issue_many", drafts=[each.draft_id for each in records], size=2)
    deadline = time.monotonic() + 120
    while not any(each.state is not DraftState.APPROVED for each in world.drafts(records)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(source.uniform(0, 0.2))
    child.is_killed()

    world.demand_clean()
    world.restarts(records)

    world.demand_whole(records)


def test_killed_while_recovering(world: World) -> None:
    records = world.town.drafts(2)
    world.does("issue", step="documents_signed", drafts=[each.draft_id for each in records])
    world.town.clock.moves(2 * LEASE)
    assert world.does("recover", step="abandoned") is None

    assert recover(world.town.desk, at=world.town.now).abandoned == 0, "the dead one had committed that"
    world.restarts(records)

    world.demand_whole(records)


def test_a_sequencer_that_was_killed_holds_no_lock(world: World) -> None:
    """The log's head is locked by a transaction, which dies with its process."""
    records = world.town.drafts(1)
    world.does("issue", step="codes_logged", drafts=[each.draft_id for each in records])

    with transaction(world.town.database):
        pass
    world.town.issues(world.town.signboard_draft())
    world.demand_clean()
