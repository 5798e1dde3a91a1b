"""What the public gets as files: whole, never backwards, and never beside a fork."""

import os
import resource
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Table, delete, update

from registry import artefacts, leaves
from registry.db import reading, transaction
from registry.leaves import LogHead
from registry.tables import CLOSED_LOG, LOG_ENTRY, LOG_HEAD, LOG_NODE
from signer.errors import LogBehindError, LogForkError, LogMissingError, PublishConflictError, PublishFolderError
from signer.log import log_verifier
from signer.log_files import FolderStore
from signer.log_safety import HeadGuard, published_checkpoint
from signer.publish import publish, publish_log
from tests.log_house import LogHouse
from tests.town import ORIGIN, Town
from verify.log_entry import EntryKind
from verify.note import open_checkpoint, parse_verifier_key
from verify.tiles import decode_bundle, split_tile
from verify.tree import leaf_hash, root_of

AT_ONCE = 700
CHECKPOINT = "log/checkpoint"
VERIFIER_KEY = "log/log.vkey"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def grows(house: LogHouse, count: int) -> None:
    """Let so many receipts' hashes wait, and sequence them."""
    at = house.log.clock()
    with transaction(house.database) as tx:
        for number in range(count):
            digest = os.urandom(32)
            leaves.add_pending(tx, EntryKind.RECEIPT, digest, None, at=at, key=f"receipt:{digest.hex()}:{number}")
    house.log.flush_pending()


def entries_of(folder: Path, size: int) -> list[bytes]:
    """Read all entries from the published bundles, as an auditor does."""
    found: list[bytes] = []
    for index in range(-(-size // 256)):
        width = min(256, size - 256 * index)
        name = f"{index:03}" if width == 256 else f"{index:03}.p/{width}"
        found += decode_bundle((folder / "log/tile/entries" / name).read_bytes())
    return found


def test_a_stranger_recomputes_the_log_from_the_files(founded: LogHouse, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    grows(founded, AT_ONCE - 1)

    published = publish(founded.database, founded.log.verifier, FolderStore(folder))

    verifier = parse_verifier_key((folder / VERIFIER_KEY).read_text().strip())
    checkpoint = open_checkpoint((folder / CHECKPOINT).read_text(), (verifier,))
    entries = entries_of(folder, checkpoint.size)
    assert published.size == checkpoint.size == len(entries) == AT_ONCE
    assert root_of([leaf_hash(each) for each in entries]) == checkpoint.root
    tile = split_tile((folder / "log/tile/0/001").read_bytes())
    assert tile == tuple(leaf_hash(each) for each in entries[256:512])
    assert split_tile((folder / "log/tile/1/000.p/2").read_bytes())[0] == root_of(tile_leaves(entries, 0))


def tile_leaves(entries: list[bytes], index: int) -> list[bytes]:
    return [leaf_hash(each) for each in entries[256 * index : 256 * index + 256]]


def test_publishing_again_changes_nothing_and_growth_only_adds(founded: LogHouse, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    publish(founded.database, founded.log.verifier, FolderStore(folder))
    before = files(folder)
    assert publish(founded.database, founded.log.verifier, FolderStore(folder)).files == 0
    assert files(folder) == before

    grows(founded, 300)
    publish(founded.database, founded.log.verifier, FolderStore(folder))

    after = files(folder)
    gone = {"log/tile/0/000.p/1", "log/tile/entries/000.p/1"}
    assert {name: after.get(name) for name in before.keys() - gone - {CHECKPOINT}} == {
        name: content for name, content in before.items() if name not in gone | {CHECKPOINT}
    }
    assert not gone & after.keys(), "a full tile took their place"
    assert {"log/tile/0/001.p/45", "log/tile/entries/001.p/45", "log/tile/1/000.p/1"} <= after.keys()
    assert entries_of(folder, 301)


def test_the_newest_signed_files_stand_where_they_are_looked_for(town: Town, tmp_path: Path) -> None:
    town.issues(town.signboard_draft())

    publish(town.database, town.desk.log.verifier, FolderStore(tmp_path))

    found = files(tmp_path)
    with reading(town.database) as tx:
        assert found["trust-list.cbor"] == artefacts.latest(tx, "trust_list", "trust-list")
        assert found["authority.crl"] == artefacts.latest(tx, "crl", "authority")
        assert found["national.crl"] == artefacts.latest(tx, "crl", "national")
        assert found["status/1"] == artefacts.latest(tx, "status_list", "1")
        certificates = artefacts.all_latest(tx, "certificate")
    assert {name.removeprefix("certificates/") for name in found if name.startswith("certificates/")} == {
        f"{name}.cer" for name, _ in certificates
    }
    assert not [name for name in found if "key." in name], "the register of keys is nobody's business"
    assert oct((tmp_path / "trust-list.cbor").stat().st_mode)[-3:] in {"644", "640", "600"}


class _Shared(FolderStore):
    """A place that no lock keeps others out of, as storage is; `meanwhile` happens when a file is first asked for."""

    meanwhile: Callable[[], None] | None = None

    def alone(self) -> AbstractContextManager[None]:
        return nullcontext()

    def get(self, path: str) -> bytes | None:
        if path == "trust-list.cbor" and self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            act()
        return super().get(path)


def test_of_two_publishers_the_slower_one_puts_no_older_list_over_a_newer_one(
    founded: LogHouse, tmp_path: Path
) -> None:
    slow, verifier, path = _Shared(tmp_path), founded.log.verifier, tmp_path / "trust-list.cbor"

    def renews(number: int) -> None:
        with transaction(founded.database) as tx:
            list_ = b"list %d" % number
            artefacts.store(tx, "trust_list", "trust-list", list_, sequence=number, at=founded.clock())

    def faster() -> None:
        renews(2)
        publish(founded.database, verifier, _Shared(tmp_path))

    renews(1)
    publish(founded.database, verifier, slow)
    slow.meanwhile = faster
    publish(founded.database, verifier, slow)

    assert path.read_bytes() == b"list 2"
    slow.meanwhile = lambda: renews(3)
    publish(founded.database, verifier, slow)
    assert path.read_bytes() == b"list 3"


def test_a_tile_with_other_bytes_stops_everything(founded: LogHouse, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    publish(founded.database, founded.log.verifier, FolderStore(folder))
    grows(founded, 300)
    (folder / "log/tile/0/000").write_bytes(b"another truth")

    with pytest.raises(PublishConflictError) as refused:
        publish(founded.database, founded.log.verifier, FolderStore(folder))

    assert refused.value.detail == "log/tile/0/000"
    published = published_checkpoint(founded.log.verifier, FolderStore(folder), "log")
    assert published is not None
    assert published.size == 1, "the checkpoint did not move on"


@pytest.mark.parametrize("table", [LOG_ENTRY, LOG_NODE])
def test_a_database_that_lacks_a_part_of_its_log_publishes_no_shorter_tile(
    founded: LogHouse, tmp_path: Path, table: Table
) -> None:
    grows(founded, 300)
    with transaction(founded.database) as tx:
        tx.execute(delete(table).where(table.c.idx == 0))

    with pytest.raises(LogForkError):
        publish_log(founded.database, founded.log.verifier, FolderStore(tmp_path))

    assert not (tmp_path / "log/checkpoint").exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"no note\n"])
def test_a_checkpoint_that_is_none_stops_everything(founded: LogHouse, tmp_path: Path, content: bytes) -> None:
    publish(founded.database, founded.log.verifier, FolderStore(tmp_path))
    (tmp_path / CHECKPOINT).write_bytes(content)

    with pytest.raises(PublishConflictError):
        publish(founded.database, founded.log.verifier, FolderStore(tmp_path))


def goes_back(house: LogHouse, old: LogHead) -> None:
    """Let the database hold what it held once, as when an older copy of it is restored."""
    with transaction(house.database) as tx:
        tx.execute(delete(LOG_ENTRY).where(LOG_ENTRY.c.idx >= old.size))
        for level in range(1, 20):
            tx.execute(delete(LOG_NODE).where(LOG_NODE.c.level == level, LOG_NODE.c.idx >= old.size >> level))
        tx.execute(delete(CLOSED_LOG))
        values = {"size": old.size, "root": old.root, "edge": b"".join(old.edge), "note": old.note, "time": old.time}
        tx.execute(update(LOG_HEAD).values(origin=old.origin, **values))


def test_a_database_that_is_behind_what_is_published_signs_nothing(founded: LogHouse, tmp_path: Path) -> None:
    """The folder was published from a longer branch than the database now holds."""
    store = FolderStore(tmp_path / "public")
    guard = HeadGuard(database=founded.database, verifier=founded.log.verifier, store=store)
    assert guard.compare(with_witnesses=True).size == 1
    old = founded.head()
    grows(founded, 10)
    publish(founded.database, founded.log.verifier, store)
    goes_back(founded, old)

    acts = (
        lambda: guard.compare(with_witnesses=False),
        lambda: publish(founded.database, founded.log.verifier, store),
        lambda: publish_log(founded.database, founded.log.verifier, store),
    )
    for act in acts:
        with pytest.raises(LogBehindError, match="ahead") as refused:
            act()
        assert refused.value.params == {"by": "published", "size": "1", "first": "1", "last": "10", "missing": "10"}

    unguarded = replace(founded.log)  # another process, which has no memory
    grows(replace(founded, log=unguarded), 10)  # a fork of the same size
    with pytest.raises(LogForkError, match="contradicts"):
        guard.compare(with_witnesses=False)
    grows(replace(founded, log=unguarded), 5)  # and one that is longer
    with pytest.raises(LogForkError, match="contradicts"):
        publish(founded.database, founded.log.verifier, store)


@pytest.mark.parametrize("values", [{"note": "no note"}, {"size": 2}])
def test_a_head_that_is_not_what_its_note_says_is_no_head(
    founded: LogHouse, tmp_path: Path, values: dict[str, object]
) -> None:
    with transaction(founded.database) as tx:
        tx.execute(update(LOG_HEAD).values(**values))

    with pytest.raises(LogForkError):
        publish(founded.database, founded.log.verifier, FolderStore(tmp_path))


def test_a_log_without_a_beginning_is_not_published(house: LogHouse, tmp_path: Path) -> None:
    with pytest.raises(LogMissingError):
        publish(house.database, house.log.verifier, FolderStore(tmp_path))


def test_a_folder_that_cannot_be_written_is_named_as_such(founded: LogHouse, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(PublishFolderError):
        publish(founded.database, founded.log.verifier, FolderStore(tmp_path / "file"))


def test_a_disk_that_fills_half_way_leaves_whole_files_and_the_old_checkpoint(
    sqlite_town: Town, tmp_path: Path
) -> None:
    """A child of ours may write no file beyond 200 bytes: certificates fail, as on a full disk."""
    town = sqlite_town
    program = textwrap.dedent(
        """
        import resource, sys
        from pathlib import Path
        from registry.db import open_database
        from registry.errors import DiskFullError
        from signer.log_files import FolderStore
        from signer.publish import publish
        from verify.note import parse_verifier_key
        database = open_database(sys.argv[1])
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
        try:
            publish(database, parse_verifier_key(sys.argv[2]), FolderStore(Path(sys.argv[3])))
        except DiskFullError as error:
            print(error.code)
        """
    )
    verifier = town.desk.log.verifier
    publish(town.database, verifier, FolderStore(tmp_path / "whole"))
    key = (tmp_path / "whole" / VERIFIER_KEY).read_text().strip()
    folder = tmp_path / "public"

    child = subprocess.run(
        [sys.executable, "-c", program, f"sqlite:///{tmp_path}/registry.sqlite", key, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert child.stdout == "disk.full\n"
    assert published_checkpoint(verifier, FolderStore(folder), "log") is None
    assert not [name for name in files(folder) if name.endswith(".part")]
    assert publish(town.database, verifier, FolderStore(folder)).size == published_size(town)
    assert files(folder) | {".lock": b""} == files(tmp_path / "whole") | {".lock": b""}
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def published_size(town: Town) -> int:
    with reading(town.database) as tx:
        return leaves.head(tx, ORIGIN).size


def test_the_verifier_of_another_log_finds_nothing(founded: LogHouse, tmp_path: Path) -> None:
    other = log_verifier("another.example/log", founded.log.custody.public_key(founded.log.key))
    with pytest.raises(LogMissingError):
        publish(founded.database, other, FolderStore(tmp_path))
