"""Several processes at once: what is given out once is given out once."""

from registry.records import DraftState
from tests.faults.world import World


def ids(records: tuple[object, ...]) -> list[str]:
    return [each.draft_id for each in records]  # type: ignore[attr-defined]


def test_two_processes_issue_at_once(world: World) -> None:
    records = world.town.drafts(20)

    workers = [world.starts("issue_many", drafts=ids(part), size=5) for part in (records[:10], records[10:])]
    for worker in workers:
        numbers = worker.said()
        assert len(numbers) == 10
        assert all(each.startswith("JY") for each in numbers)

    world.demand_whole(records)


def test_two_processes_issue_the_same_drafts_at_once_and_each_is_issued_once(world: World) -> None:
    records = world.town.drafts(10)

    workers = [world.starts("issue_many", drafts=ids(records), size=2) for _ in range(2)]
    assert all(worker.said() is not None for worker in workers)

    assert {each.state for each in world.drafts(records)} == {DraftState.FILED}
    world.restarts(())
    world.demand_whole(records)


def test_one_is_killed_while_the_other_goes_on(world: World) -> None:
    records = world.town.drafts(12)

    dying = world.starts("issue_many", drafts=ids(records[:6]), size=3, step="documents_signed")
    living = world.starts("issue_many", drafts=ids(records[6:]), size=3)
    assert dying.said() is None
    assert len(living.said()) == 6

    world.restarts(records)

    world.demand_whole(records)
