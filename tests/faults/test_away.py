"""Database away, disk full, clock set back: refused with a sentence, nothing lost, and it goes on by itself."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from registry.db import transaction
from registry.errors import DatabaseAwayError, DiskFullError, RegistryError
from registry.public_answers import public_answer
from registry.records import DraftRecord, DraftState
from signer.errors import LogClockError
from signer.issue import IssuedLicence
from tests.faults.world import AwayWorld, World
from tests.town import Town
from verify.errors import YinzhengError


def demand_sentence(error: YinzhengError, code: str) -> None:
    """Demand the stable code that has its sentence in zh and en, and a docstring that says what to do."""
    assert error.code == code
    assert type(error).__doc__


def test_postgresql_stops_and_comes_back_and_the_same_process_goes_on(away_world: AwayWorld) -> None:
    world, server = away_world.world, away_world.server
    first, second = world.town.drafts(2), world.town.drafts(2)
    (filed, _) = world.town.issues_all(first)
    assert isinstance(filed, IssuedLicence)

    server.stops()
    with pytest.raises(DatabaseAwayError):
        public_answer(world.town.database, filed.record.licence_id)
    for _ in range(2):
        with pytest.raises(DatabaseAwayError) as refused:
            world.town.issues_all(second)
        demand_sentence(refused.value, "database.away")
    server.starts()

    assert public_answer(world.town.database, filed.record.licence_id) is not None
    world.town.issues_all(second)
    world.demand_whole((*first, *second))


@pytest.mark.parametrize("step", ["reserved", "codes_signed", "documents_signed", "kept"])
def test_postgresql_stops_between_two_steps(away_world: AwayWorld, step: str) -> None:
    world, server = away_world.world, away_world.server
    records = world.town.drafts(2)

    def after(done: str) -> None:
        if done == step:
            server.stops()

    town = replace(world.town, desk=replace(world.town.desk, after=after))
    with pytest.raises(DatabaseAwayError):
        town.issues_all(records)
    server.starts()

    world.demand_clean()
    world.restarts(records)
    world.demand_whole(records)


def test_a_sqlite_file_that_cannot_be_reached_and_then_can(sqlite_town: Town) -> None:
    """The folder of the database is away, as with a share that is not mounted."""
    world = World(sqlite_town, str(sqlite_town.database.engine.url))
    records = sqlite_town.drafts(2)
    sqlite_town.database.close()
    here, away = sqlite_town.folder, sqlite_town.folder.with_name("away")

    here.rename(away)
    with pytest.raises(DatabaseAwayError) as refused:
        sqlite_town.issues_all(records)
    demand_sentence(refused.value, "database.away")
    away.rename(here)

    sqlite_town.issues_all(records)
    world.demand_whole(records)


def test_a_sqlite_file_that_lost_its_head_is_away_and_not_overwritten(sqlite_town: Town) -> None:
    world = World(sqlite_town, str(sqlite_town.database.engine.url))
    records = sqlite_town.drafts(1)
    sqlite_town.database.close()
    path = sqlite_town.folder / "registry.sqlite"
    content = path.read_bytes()

    path.write_bytes(b"not SQLite at all" + content[17:])
    with pytest.raises(DatabaseAwayError):
        sqlite_town.issues_all(records)
    path.write_bytes(content)

    sqlite_town.issues_all(records)
    world.demand_whole(records)


@pytest.fixture
def full_sqlite(sqlite_town: Town) -> tuple[Town, Any]:
    """A town whose SQLite file may not grow while the switch is on; SQLite itself answers "full"."""
    switch = {"on": False}

    def connect(connection: Any, _record: object) -> None:
        limit = connection.execute("PRAGMA page_count").fetchone()[0] if switch["on"] else 1 << 30
        connection.execute(f"PRAGMA max_page_count={limit}")

    sqlite_town.database.close()
    event.listen(sqlite_town.database.engine, "connect", connect)

    def set_to(is_on: bool) -> None:  # noqa: FBT001 - a switch
        switch["on"] = is_on
        sqlite_town.database.close()

    return sqlite_town, set_to


def issues_until_full(town: Town, records: list[DraftRecord]) -> None:
    """Issue on and on; the first ones still find room in pages that are not full."""
    while len(records) < 400:
        town.issues_all(records[-20:])
        records += town.drafts(20)


def test_a_full_disk_under_sqlite(full_sqlite: tuple[Town, Any]) -> None:
    town, set_to = full_sqlite
    world = World(town, str(town.database.engine.url))
    records = list(town.drafts(20))

    set_to(True)
    with pytest.raises(DiskFullError) as refused:
        issues_until_full(town, records)
    demand_sentence(refused.value, "disk.full")
    set_to(False)

    world.demand_clean()
    left = [each for each in world.drafts(records) if each.state is not DraftState.FILED]
    for start in range(0, len(left), 50):
        world.restarts(left[start : start + 50])
    world.demand_clean()
    assert {each.state for each in world.drafts(records)} == {DraftState.FILED}


@pytest.mark.parametrize("table", ["place", "log_entry", "licence"])
def test_a_full_disk_under_postgresql(postgresql_town: Town, table: str) -> None:
    """The server answers "no room" (SQLSTATE 53100) where a row of this table is to be written."""
    town = postgresql_town
    world = World(town, town.database.engine.url.render_as_string(hide_password=False))
    records = town.drafts(2)
    with transaction(town.database) as tx:
        tx.execute(
            text(
                "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"
            )
        )
        tx.execute(text(f"CREATE TRIGGER no_room BEFORE INSERT ON {table} EXECUTE FUNCTION no_room()"))

    with pytest.raises(DiskFullError) as refused:
        town.issues_all(records)
    demand_sentence(refused.value, "disk.full")
    with transaction(town.database) as tx:
        tx.execute(text(f"DROP TRIGGER no_room ON {table}"))

    world.demand_clean()
    world.restarts(records)
    world.demand_whole(records)


def test_a_full_disk_under_the_documents(world: World) -> None:
    records = world.town.drafts(3)

    said = world.does("fill_disk", drafts=[each.draft_id for each in records])

    assert said[0] == "disk.full"
    assert len(said) == 4
    assert not list((world.town.folder / "vault").rglob("*.part"))
    world.restarts(records)
    world.demand_whole(records)


def test_a_clock_set_back_stops_issuing_until_it_is_mended(world: World) -> None:
    town = world.town
    town.clock.moves(timedelta(hours=1))  # the seal's grant holds since the town was founded, and no longer
    first, second = town.drafts(1), town.drafts(2)
    town.issues_all(first)

    town.clock.moves(timedelta(seconds=-61))
    with pytest.raises(LogClockError) as refused:
        town.issues_all(second)
    demand_sentence(refused.value, "log.clock_behind")
    town.clock.moves(timedelta(seconds=61))

    town.issues_all(second)
    world.demand_whole((*first, *second))


def test_a_clock_a_little_behind_stops_nobody(world: World) -> None:
    town = world.town
    town.clock.moves(timedelta(hours=1))
    records = town.drafts(2)
    town.issues_all(records[:1])

    town.clock.moves(timedelta(seconds=-30))
    town.issues_all(records[1:])

    town.clock.moves(timedelta(seconds=30))
    world.demand_whole(records)


def test_every_such_error_is_one_of_ours() -> None:
    assert issubclass(DatabaseAwayError, RegistryError)
    assert issubclass(DiskFullError, RegistryError)
    assert issubclass(LogClockError, YinzhengError)
