"""Counts of counted keys: noted by each worker, taken once for the log."""

from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import key_uses
from registry.db import Database, open_database, transaction
from registry.key_uses import DayCount
from registry.schema import upgrade

MONDAY, TUESDAY, WEDNESDAY = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25)
KEY = "status_list.deployment-1"


def note(database: Database, count: int, day: date, worker: str = "worker-1") -> None:
    with transaction(database) as tx:
        key_uses.note(tx, worker, {KEY: count}, day=day)


def take(database: Database, before: date) -> list[tuple[date, int]]:
    with transaction(database) as tx:
        return [(each.day, each.uses) for each in key_uses.take_days(tx, before=before)]


def test_counts_of_all_workers_are_summed_for_each_day_and_taken_once(database: Database) -> None:
    note(database, 3, MONDAY)
    note(database, 5, MONDAY)
    note(database, 2, MONDAY, "worker-2")
    note(database, 9, TUESDAY)

    assert take(database, MONDAY) == []
    assert take(database, WEDNESDAY) == [(MONDAY, 7), (TUESDAY, 4)]
    assert take(database, WEDNESDAY) == []


def test_what_is_noted_again_counts_once_and_what_comes_late_is_taken_later(database: Database) -> None:
    note(database, 3, MONDAY)
    note(database, 3, MONDAY)
    assert take(database, TUESDAY) == [(MONDAY, 3)]

    note(database, 4, MONDAY)

    assert take(database, TUESDAY) == [(MONDAY, 1)]


def test_a_count_knows_its_key(database: Database) -> None:
    note(database, 1, MONDAY)

    with transaction(database) as tx:
        assert key_uses.take_days(tx, before=TUESDAY) == (DayCount(key=KEY, day=MONDAY, uses=1),)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 2), st.sampled_from(["a", "b"]), st.booleans()), max_size=12
    )
)
def test_every_use_is_taken_exactly_once(tmp_path_factory: object, steps: list[tuple[int, int, str, bool]]) -> None:
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('uses')}/uses.sqlite")  # type: ignore[attr-defined]
    upgrade(database)
    totals, taken, day = {"a": 0, "b": 0}, 0, 23
    for uses, later, worker, takes in steps:
        totals[worker] += uses
        day = min(day + later, 29)
        note(database, totals[worker], date(2026, 11, day), worker)
        if takes:
            taken += sum(count for _, count in take(database, date(2026, 11, day)))

    taken += sum(count for _, count in take(database, date(2026, 12, 1)))

    assert taken == sum(totals.values())
    database.close()
