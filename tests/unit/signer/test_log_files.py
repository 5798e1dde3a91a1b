"""Where published files lie: a folder and storage that speaks S3 keep the same promises; S3 is asked over HTTP."""

import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import obstore
import pytest

from keys.softkeys import create_key
from signer.errors import PublishConflictError, PublishFolderError, PublishUnconditionalError
from signer.log_files import FolderStore, TileStore
from signer.log_objects import ObjectStore
from signer.publish import publish_log
from tests.key_room import CHECKPOINT, PASSPHRASE
from tests.log_house import LogHouse
from tests.storage_between import between
from tests.unit.signer.test_publish import files, grows
from verify.algorithms import Algorithm

KEY = ("an-id", "a-secret")


@pytest.fixture(scope="module")
def storage() -> Iterator[str]:
    """The address of a server that speaks S3, with one bucket."""
    from moto.server import ThreadedMotoServer  # half a second, which every worker would pay while it collects

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    httpx.put(f"{address}/public", timeout=30).raise_for_status()
    yield address
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> TileStore:
    if request.param == "folder":
        return FolderStore(tmp_path / "public")
    return opened(request.getfixturevalue("storage"), request.node.name[:20].replace("[", "-"))


@pytest.fixture
def sqlite_founded(sqlite_url: str, tmp_path: Path) -> Iterator[LogHouse]:
    create_key(tmp_path / "log-keys", PASSPHRASE, CHECKPOINT, Algorithm.ED25519)
    house = LogHouse.open(sqlite_url, tmp_path / "log-keys")
    house.log.found()
    yield house
    house.database.close()


def opened(endpoint: str, prefix: str) -> ObjectStore:
    return ObjectStore.open(f"s3://public/{prefix}", endpoint=endpoint, region="us-east-1", credentials=KEY)


def test_what_never_changes_is_written_once_and_never_over_other_bytes(store: TileStore) -> None:
    with store.alone():
        assert store.get("log/tile/0/000") is None
        assert store.put_all({"log/tile/0/000": b"one", "log/tile/0/001": b"two"}) == 2
        assert store.put_all({"log/tile/0/000": b"one", "log/tile/0/002": b"three"}) == 1
        assert store.put_all({"log/tile/0/000": b"one"}) == 0
        with pytest.raises(PublishConflictError) as refused:
            store.put_all({"log/tile/0/003": b"four", "log/tile/0/001": b"another truth"})
        store.flush()

    assert refused.value.detail == "log/tile/0/001"
    assert [store.get(f"log/tile/0/00{number}") for number in range(3)] == [b"one", b"two", b"three"]


def test_what_may_change_is_replaced_only_while_it_is_what_was_seen(store: TileStore) -> None:
    with store.alone():
        assert store.replace("log/checkpoint", b"size 1", expected=None)
        assert not store.replace("log/checkpoint", b"size 1", expected=b"size 1")
        assert store.replace("log/checkpoint", b"size 2", expected=b"size 1")
        for late in (None, b"size 1"):
            with pytest.raises(PublishConflictError):
                store.replace("log/checkpoint", b"size 1 of another", expected=late)
        store.flush()

    assert store.get("log/checkpoint") == b"size 2"


def test_partial_tiles_are_dropped_with_their_folder_and_nothing_else(store: TileStore) -> None:
    with store.alone():
        store.put_all({f"log/tile/0/000.p/{width}": b"x" for width in (1, 7)} | {"log/tile/0/000": b"y"})
        store.drop("log/tile/0/000.p")
        store.drop("log/tile/0/001.p")
        store.flush()

    assert [store.get(f"log/tile/0/{name}") for name in ("000.p/1", "000.p/7", "000")] == [None, None, b"y"]


def test_a_log_is_published_into_storage_with_the_headers_that_it_needs(founded: LogHouse, storage: str) -> None:
    kind = "pg" if founded.database.is_postgresql else "lite"
    store = opened(storage, kind)
    assert publish_log(founded.database, founded.log.verifier, store).size == 1
    grows(founded, 299)

    published = publish_log(founded.database, founded.log.verifier, store)

    assert (published.size, publish_log(founded.database, founded.log.verifier, store).files) == (300, 0)
    heads = {}
    for name in ("checkpoint", "tile/0/000", "tile/entries/001.p/44"):
        attributes = obstore.get(store.store, f"log/{name}").attributes
        heads[name] = (attributes["Content-Type"], attributes["Cache-Control"])
    forever = ("application/octet-stream", "public, max-age=31536000, immutable")
    assert heads["checkpoint"] == ("text/plain; charset=utf-8", "public, max-age=2")
    assert heads["tile/0/000"] == heads["tile/entries/001.p/44"] == forever
    assert store.get("log/tile/0/000.p/1") is None
    assert store.get("log/checkpoint") == founded.head().note.encode()


def test_storage_that_ignores_conditions_is_published_to_by_nobody(storage: str) -> None:
    with between(storage) as way:
        with opened(way.address, "kept").alone():
            pass
        way.strips = True
        store = opened(way.address, "ignored")
        for _ in range(2):  # the second time as well
            with pytest.raises(PublishUnconditionalError), store.alone():
                pytest.fail("nobody comes here")
        assert [each for page in obstore.list(store.store) for each in page] == [], "the trial leaves nothing behind"


def test_storage_that_fails_half_way_has_everything_in_the_end_and_no_byte_else(
    sqlite_founded: LogHouse, storage: str, tmp_path: Path
) -> None:
    founded, whole, stopped = sqlite_founded, FolderStore(tmp_path / "whole"), 0
    with between(storage) as way:
        store = opened(way.address, "failing")
        store.demand_conditions()
        way.fails = 0.5
        for _ in range(6):
            grows(founded, 60)
            try:
                publish_log(founded.database, founded.log.verifier, store)
            except (PublishFolderError, PublishConflictError):
                stopped += 1
        assert (way.failed > 20, stopped > 0) == (True, True)
        way.fails = 0.0
        publish_log(founded.database, founded.log.verifier, store)
        publish_log(founded.database, founded.log.verifier, whole)
        there = {each["path"]: store.get(each["path"]) for page in obstore.list(store.store) for each in page}
    wanted = {name: content for name, content in files(tmp_path / "whole").items() if name != ".lock"}
    assert {name: there.pop(name, None) for name in wanted} == wanted
    for name, content in there.items():  # a partial tile that a smaller checkpoint had, or would have had
        (longer,) = (each for each in wanted if each.startswith(name[: name.index(".p/") + 3]))
        assert wanted[longer].startswith(content or b"none")


def test_storage_that_is_away_is_not_taken_for_empty() -> None:
    store = opened("http://127.0.0.1:9", "away")

    with pytest.raises(PublishFolderError) as refused:
        store.get("log/checkpoint")
    assert "secret" not in str(refused.value)


def test_what_a_killed_publisher_left_half_written_goes_and_files_may_be_read_by_a_web_server(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    (tmp_path / "log/tile/0").mkdir(parents=True)
    (tmp_path / "log/tile/0/.0123456789abcdef.part").write_bytes(b"hal")

    with store.alone():
        store.put_all({"log/tile/0/000": b"whole"})
        store.flush()

    assert [path.name for path in (tmp_path / "log/tile/0").iterdir()] == ["000"]
    assert stat.S_IMODE((tmp_path / "log/tile/0/000").stat().st_mode) & 0o400


def test_a_folder_whose_place_a_file_has_cannot_be_told_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"")

    with pytest.raises(PublishFolderError):
        FolderStore(tmp_path).get("log/checkpoint")
