"""What lies in the published folder half written, where a disk is full, or a clock went back: refused by name, then mended."""

import shutil
from collections.abc import Callable
from pathlib import Path

from signer.log_files import FolderStore
from signer.publish import publish
from tests.faults.log_world import LogWorld, public_files

BEFORE, GROWN = 200, 301
# Full and partial, hashes and entries, and one of a higher level.
FULL = ("log/tile/0/000", "log/tile/entries/000")
PARTIAL = ("log/tile/0/001.p/45", "log/tile/entries/001.p/45", "log/tile/1/000.p/1")
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut short": lambda content: content[: len(content) // 2 + 1],
    "empty": lambda _content: b"",
    "nothing but zeros": lambda content: bytes(len(content)),
}


def damaged(world: LogWorld, act: Callable[[str], None]) -> None:
    """Damage one file after the other, each in every way, and do something while it is so."""
    for name in FULL + PARTIAL:
        path = world.public / name
        good = path.read_bytes()
        for damage in DAMAGES.values():
            path.write_bytes(damage(good))
            act(name)
            assert path.read_bytes() == damage(good), "what conflicts is never written over"
        path.write_bytes(good)


def test_a_half_written_tile_that_no_checkpoint_promises_stops_the_publisher_and_is_named(
    sqlite_log_world: LogWorld,
) -> None:
    """As a machine leaves it that dies while it writes, with a disk that does not keep its word about a flush."""
    sqlite_log_world.grows_to(BEFORE)
    assert sqlite_log_world.does("publish") == [str(BEFORE)]
    sqlite_log_world.grows_to(GROWN)
    assert sqlite_log_world.does("publish", step="tiles_published") is None

    def is_refused(name: str) -> None:
        assert sqlite_log_world.does("publish_log") == ["publish.conflict", name]
        assert sqlite_log_world.published() == BEFORE

    damaged(sqlite_log_world, is_refused)
    sqlite_log_world.audits()
    bad = sqlite_log_world.public / FULL[0]
    bad.write_bytes(b"")
    said = sqlite_log_world.does("append")
    assert said is not None
    assert len(said) == 3, "issuing goes on"
    bad.unlink()  # what the handbook says
    sqlite_log_world.demand_all_published()


def test_a_half_written_tile_that_is_promised_is_named_by_the_checker_and_put_right_by_a_copy(
    sqlite_log_world: LogWorld, tmp_path: Path
) -> None:
    sqlite_log_world.grows_to(GROWN)
    assert sqlite_log_world.does("publish") == [str(GROWN)]
    sqlite_log_world.audits()

    def is_named(name: str) -> None:
        ((code, file),) = sqlite_log_world.finds()
        assert file == name
        assert code in {"checker.tile_malformed", "checker.tile_changed", "checker.bundle_malformed"}

    damaged(sqlite_log_world, is_named)
    for name in (FULL[0], PARTIAL[0]):
        (sqlite_log_world.public / name).write_bytes(b"half")
    assert sqlite_log_world.does("publish") == [str(GROWN)], "what is published already is not read again"
    sqlite_log_world.grows_to(GROWN + 1)
    assert sqlite_log_world.does("publish") == [str(GROWN + 1)]
    assert {file for _code, file in sqlite_log_world.finds()} == {FULL[0]}, "a longer part takes the place of a part"
    house, exported = sqlite_log_world.house, tmp_path / "exported"
    publish(house.database, house.log.verifier, FolderStore(exported))
    shutil.copy(exported / FULL[0], sqlite_log_world.public / FULL[0])
    (sqlite_log_world.public / PARTIAL[0]).unlink()
    sqlite_log_world.demand_all_published()


def test_a_full_disk_under_the_published_files(small_log_world: LogWorld) -> None:
    world = small_log_world
    world.grows_to(BEFORE)
    assert world.does("publish") == [str(BEFORE)]
    world.published()
    world.grows_to(GROWN)
    before = public_files(world.public)

    assert world.does("fill_store", is_mended=False) == ["disk.full"]

    assert public_files(world.public) == before
    assert list(world.public.rglob(".*.part")) == []
    assert world.does("fill_store", is_mended=True) == ["disk.full", str(GROWN + 3)]
    assert len(world.receipts()) == 2, "who issues is not stopped by it"
    world.demand_all_published()


def test_a_full_disk_under_the_logs_rows(small_log_world: LogWorld) -> None:
    world = small_log_world
    assert world.does("publish") is not None
    world.published()

    said = world.does("fill_database")

    assert said is not None
    refused, went_well, _receipt = said
    assert refused == "disk.full"
    assert len(world.receipts()) == 3 * int(went_well) + 1
    world.demand_whole()
    assert world.does("append") is not None
    world.demand_all_published()


def test_a_clock_set_back_between_two_batches_signs_nothing_until_it_is_right(log_world: LogWorld) -> None:
    assert log_world.does("publish") is not None

    assert log_world.does("set_back") == ["log.clock_behind", "nothing signed", "", "signed"]

    assert len(log_world.receipts()) == 6
    log_world.demand_all_published()
