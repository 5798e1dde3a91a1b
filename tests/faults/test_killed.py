"""`kill -9` of a real process between any two steps of issuing, on both databases; then it comes back."""

import random
import time

import pytest

from registry.db import transaction
from registry.records import DraftState
from signer.recover import recover
from tests.faults.world import LEASE, World

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

    world.restarts(records)

    world.demand_whole(records)
    later = world.town.drafts(1)
    world.restarts(later)
    world.demand_whole((*records, *later))


def test_killed_three_times_over_the_same_drafts(world: World) -> None:
    records = world.town.drafts(2)
    for step in ("documents_signed", "reserved", "kept"):
        assert world.does("issue", step=step, drafts=[each.draft_id for each in records]) is None

    world.restarts(records)

    world.demand_whole(records)


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
    time.sleep(source.uniform(0, 0.4))
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
