"""`kill -9` of real processes while they sequence and publish, on both databases: at each named point, and at any moment."""

import base64
import os
import random
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from api.auditor.files import FolderReader
from registry import artefacts
from registry.db import transaction
from signer.log_files import FolderStore
from signer.log_safety import HeadGuard
from signer.publish import publish
from tests.faults.log_world import LogWorld
from tests.key_room import NOW
from tests.peers.programs import logcheck
from verify.log_audit.claims import Kept
from verify.log_audit.tile_proofs import TileProofs
from verify.note import open_checkpoint, verifier_key_text

SEQUENCING = ("head_safe", "head_locked", "checkpoint_signed", "entries_written", "committed")
PUBLISHING = ("compared", "tiles_published", "artefacts_published", "partials_removed", "checkpoint_published")
# An act of `append`: what waited, three intents; what is filed with these waits for the next commit.
EACH = 4
# A tile is full and one is begun, where one was begun before.
BEFORE, GROWN = 200, 301
FILES_OF_GROWTH = ("0/000", "0/001.p/45", "entries/000", "entries/001.p/45", "1/000.p/1")
REVOKED = "crl", "authority"
KILLS = int(os.environ.get("YINZHENG_TESTS_LOG_KILLS", "3"))
PROCESSES_AT_ONCE = 3


def revokes(world: LogWorld, number: int) -> bytes:
    """Let there be another revocation list, which is one of the files that are published beside the log."""
    content = b"the revocation list %d" % number
    with transaction(world.house.database) as tx:
        artefacts.store(tx, *REVOKED, content, sequence=number, at=NOW)
    return content


def test_these_are_all_the_points(log_world: LogWorld) -> None:
    steps: list[str] = []
    house, store = log_world.house, FolderStore(log_world.public)
    log_world.grows_to(BEFORE)
    publish(house.database, house.log.verifier, store)
    guard = HeadGuard(database=house.database, verifier=house.log.verifier, store=store)
    log = replace(house.log, guard=guard, after=steps.append)
    replace(log_world, house=replace(house, log=log)).grows_to(GROWN)
    assert tuple(steps) == SEQUENCING
    steps.clear()

    publish(house.database, house.log.verifier, store, after=steps.append)

    assert tuple(steps) == PUBLISHING


@pytest.mark.parametrize("step", SEQUENCING)
def test_killed_at_a_point_of_sequencing_no_receipt_is_worth_nothing(log_world: LogWorld, step: str) -> None:
    assert log_world.does("append") is not None
    assert log_world.does("publish") == [str(log_world.size())]
    before = log_world.size()

    assert log_world.does("append", step=step) is None, "it was killed"

    assert log_world.size() - before == (EACH + 3 if step == "committed" else 0), "all of the batch or nothing"
    log_world.demand_whole()
    assert len(log_world.receipts()) == 3, "the dead one had handed out nothing"
    said = log_world.does("append")
    assert said is not None
    assert len(said) == 3
    log_world.demand_all_published()


@pytest.mark.parametrize(
    ("act", "step"),
    [
        *(("publish", step) for step in PUBLISHING),
        ("publish_log", "tiles_published"),
        ("publish_log", "partials_removed"),
    ],
)
def test_killed_at_a_point_of_publishing_every_reader_finds_a_whole_log(
    log_world: LogWorld, act: str, step: str
) -> None:
    log_world.grows_to(BEFORE)
    old_list = revokes(log_world, 1)
    assert log_world.does("publish") == [str(BEFORE)]
    log_world.published()
    log_world.grows_to(GROWN)
    new_list = revokes(log_world, 2)

    assert log_world.does(act, step=step) is None, "it was killed"

    is_out = PUBLISHING.index(step) >= PUBLISHING.index("checkpoint_published")
    assert log_world.published() == (GROWN if is_out else BEFORE)
    is_listed = act == "publish" and step not in {"compared", "tiles_published"}
    assert (log_world.public / "authority.crl").read_bytes() == (new_list if is_listed else old_list)
    assert (log_world.public / "log/tile/0/000").exists() is (step != "compared")
    assert (log_world.public / "log/tile/0/000.p").exists() is (step not in PUBLISHING[3:])
    log_world.demand_whole()
    assert log_world.does("append") is not None, "the office goes on meanwhile"
    log_world.demand_all_published()


def test_killed_before_any_file_has_its_name_nothing_is_half_written(sqlite_log_world: LogWorld) -> None:
    """Each time one file more stands; the last one is the checkpoint."""
    sqlite_log_world.grows_to(BEFORE)
    assert sqlite_log_world.does("publish") == [str(BEFORE)]
    sqlite_log_world.grows_to(GROWN)
    revokes(sqlite_log_world, 1)
    count = 0
    while sqlite_log_world.does("publish", rename=1 if count == 0 else 2) is None:
        count += 1
        assert sqlite_log_world.audits().walk is not None
        assert sqlite_log_world.published() == BEFORE
        assert list(sqlite_log_world.public.rglob(".*.part")), "what it wrote has no name"

    assert count == len(FILES_OF_GROWTH) + 2, "tiles and bundles, the revocation list, the checkpoint"
    assert sqlite_log_world.published() == GROWN
    assert list(sqlite_log_world.public.rglob(".*.part")) == [], "what the dead left is swept"
    sqlite_log_world.demand_all_published()


def test_killed_at_any_moment_under_load(log_world: LogWorld) -> None:
    """Several processes append and publish; again and again one of them is killed and another one takes its place."""
    source = random.Random(KILLS)  # noqa: S311 - moments, no secrets
    assert log_world.does("publish") is not None
    kept: Kept | None = None
    clerks = [log_world.starts("load") for _ in range(PROCESSES_AT_ONCE)]
    for _ in range(KILLS):
        victim = clerks.pop(source.randrange(len(clerks)))
        victim.has_begun()
        time.sleep(source.uniform(0, 0.1))
        victim.child.is_killed()
        size = log_world.size()
        clerks.append(log_world.starts("load"))
        kept = log_world.demand_kept(victim, kept)
        clerks[0].has_begun()
        wait_until_grown(log_world, size)
    (log_world.folder / "stop").touch()
    assert [each.child.said() for each in clerks] == [["stopped"]] * len(clerks)

    log_world.demand_whole()
    log_world.demand_all_published()


def wait_until_grown(world: LogWorld, size: int) -> None:
    """Wait until those who are left have appended something."""
    deadline = time.monotonic() + 120
    while world.size() <= size:
        assert time.monotonic() < deadline, "nobody goes on"
        time.sleep(0.005)


@pytest.mark.peer("go")
def test_go_finds_one_log_through_all_deaths(sqlite_log_world: LogWorld, tmp_path: Path) -> None:
    """Killed five times while sequencing, five times while publishing: Go's modules judge checkpoints and receipts."""
    for sequencing, publishing in zip(SEQUENCING, PUBLISHING, strict=True):
        assert sqlite_log_world.does("append") is not None
        sqlite_log_world.does("publish")
        sqlite_log_world.published()
        sqlite_log_world.does("append", step=sequencing)
        sqlite_log_world.does("publish", step=publishing)
    assert sqlite_log_world.does("publish") == [str(sqlite_log_world.size())]
    size, verifier = sqlite_log_world.published(), sqlite_log_world.house.log.verifier
    newest = open_checkpoint(sqlite_log_world.seen[-1].note, (verifier,))
    proofs = TileProofs(FolderReader(sqlite_log_world.public), "log/", newest)
    judge = [str(logcheck())]

    def asks(what: str, *texts: str) -> str:
        files = [tmp_path / f"judged-{number}" for number in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.write_text(text)
        order = [*judge, what, verifier_key_text(verifier.name, verifier.public), *map(str, files)]
        return subprocess.run(order, capture_output=True, text=True, check=True, timeout=60).stdout

    for shown in sqlite_log_world.seen[:-1]:
        path = proofs.growth(open_checkpoint(shown.note, (verifier,)).size)
        lines = "\n".join(base64.b64encode(each).decode() for each in path)
        assert asks("consistency", shown.note, sqlite_log_world.seen[-1].note, lines) == f"ok {size}\n"
    assert len(sqlite_log_world.seen) > len(PUBLISHING)
    for receipt in sqlite_log_world.receipts():
        asks("proof", receipt.to_text())
        assert asks("proof", proofs.inclusion(receipt.index, receipt.entry).to_text()) == f"ok {size}\n"
