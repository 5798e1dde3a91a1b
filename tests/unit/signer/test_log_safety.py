"""No fork: what others have seen of the log, and what this process saw itself, stops a head that is not theirs."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from keys.softkeys import create_key
from registry.db import open_database, transaction
from registry.leaves import LogHead
from registry.tables import LOG_HEAD
from signer.errors import LogBehindError, LogClockError, LogForkError, LogMissingError, PublishConflictError
from signer.log import SigningLog
from signer.log_files import FolderStore
from signer.log_safety import LOOK_SECONDS, HeadGuard, Seen
from signer.publish import publish, publish_log
from tests.key_room import CHECKPOINT, PASSPHRASE
from tests.log_house import LogHouse
from tests.unit.signer.test_publish import goes_back, grows
from verify.algorithms import Algorithm
from verify.note import open_checkpoint


@dataclass
class Witness:
    """Somebody who keeps the checkpoint that he was shown, and counts how often he is asked."""

    kept: list[Seen] = field(default_factory=list)
    asked: int = 0

    def sees(self, head: LogHead, house: LogHouse) -> None:
        self.kept = [Seen(by="w1", checkpoint=open_checkpoint(head.note, (house.log.verifier,)))]

    def __call__(self, _head: LogHead) -> Sequence[Seen]:
        self.asked += 1
        return self.kept


def guarded(house: LogHouse, store: FolderStore, witness: Witness | None = None) -> SigningLog:
    """Return the log as one more process opens it, with a guard."""
    guard = HeadGuard(database=house.database, verifier=house.log.verifier, store=store, witnesses=witness or Witness())
    return replace(house.log, guard=guard)


def test_a_process_whose_database_went_back_or_aside_signs_nothing_more(founded: LogHouse) -> None:
    """As when a server fails over to a standby that was behind; nothing was published yet."""
    old = founded.head()
    grows(founded, 5)
    goes_back(founded, old)

    with pytest.raises(LogBehindError) as refused:
        grows(founded, 1)
    assert (refused.value.params["by"], refused.value.params["missing"]) == ("memory", "5")
    for others in (5, 9):  # another process, which has no memory, wrote as much and more
        goes_back(founded, old)
        grows(replace(founded, log=replace(founded.log)), others)
        with pytest.raises(LogForkError) as refused_too:
            grows(founded, 1)
        assert refused_too.value.params["by"] == "memory"
    goes_back(founded, old)
    grows(replace(founded, log=replace(founded.log)), 3)  # and a process without memory goes on


def test_an_edge_that_does_not_make_the_root_is_never_grown(founded: LogHouse) -> None:
    """The tree grows from the hashes of its edge: one flipped byte there would be a fork under our own signature."""
    grows(founded, 4)
    before = founded.head()
    spoilt = bytearray(b"".join(before.edge))
    spoilt[40] ^= 1
    for edge in (bytes(spoilt), bytes(spoilt[:32])):
        with transaction(founded.database) as tx:
            tx.execute(update(LOG_HEAD).values(edge=edge))

        with pytest.raises(LogForkError):  # also in a process that remembers nothing
            grows(replace(founded, log=replace(founded.log)), 1)

    goes_back(founded, before)
    grows(founded, 1)
    assert founded.head().size == before.size + 3, "and what waited meanwhile came in too"


def test_other_processes_that_append_disturb_nobody(founded: LogHouse) -> None:
    other = replace(founded, log=replace(founded.log))
    for count in (1, 2, 300):
        grows(founded, count)
        grows(other, count)

    assert founded.head().size == 1 + 2 * 303


def test_the_published_checkpoint_and_the_witnesses_are_asked_at_the_start_and_after_trouble(
    founded: LogHouse, tmp_path: Path
) -> None:
    store, witness = FolderStore(tmp_path / "public"), Witness()
    old = founded.head()
    publish(founded.database, founded.log.verifier, store)
    log = guarded(founded, store, witness)
    house = replace(founded, log=log)

    grows(house, 1)
    grows(house, 1)
    assert witness.asked == 1, "at the start, and not again while all is well"
    house.clock.moves(timedelta(hours=-1))
    with pytest.raises(LogClockError):
        grows(house, 1)
    house.clock.moves(timedelta(hours=1))
    grows(house, 1)
    assert witness.asked == 2, "something went wrong in between"

    witness.sees(house.head(), house)
    goes_back(house, old)
    with pytest.raises(LogBehindError) as refused:
        grows(replace(house, log=guarded(founded, store, witness)), 1)
    assert (refused.value.params["by"], refused.value.params["last"]) == ("w1", "4")
    (tmp_path / "public/log/checkpoint").write_bytes(b"none of ours\n")
    with pytest.raises(PublishConflictError):
        guarded(founded, store).demand_safe()


def test_a_log_that_is_not_there_while_it_was_published_is_missing_all(house: LogHouse, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "public")
    with pytest.raises(LogMissingError):
        guarded(house, store).demand_safe()
    empty = house.head()
    house.log.found()
    publish(house.database, house.log.verifier, store)
    goes_back(house, empty)

    with pytest.raises(LogBehindError) as refused:
        guarded(house, store).demand_safe()

    assert (refused.value.params["first"], refused.value.params["last"]) == ("0", "0")


def test_of_two_deployments_with_one_key_one_stops(sqlite_url: str, tmp_path: Path) -> None:
    """The second one is a copy of the first, as a cloned machine is; both publish into one place."""
    founded = house_of(sqlite_url, tmp_path)
    store = FolderStore(tmp_path / "public")
    publish(founded.database, founded.log.verifier, store)
    founded.database.close()
    shutil.copy(tmp_path / "registry.sqlite", tmp_path / "clone.sqlite")
    first = replace(founded, log=guarded(founded, store))
    copied = replace(founded, database=open_database(f"sqlite:///{tmp_path}/clone.sqlite"))
    copied = replace(copied, log=replace(founded.log, database=copied.database))
    second = replace(copied, log=guarded(copied, store))
    grows(second, 1)  # both stand where the published checkpoint stands
    grows(first, 1)

    publish_log(first.database, first.log.verifier, store)

    with pytest.raises(LogForkError):
        publish_log(second.database, second.log.verifier, store)
    with pytest.raises(LogForkError):
        second.log.demand_safe()
    with pytest.raises(LogForkError):
        grows(second, 1)
    grows(first, 1)
    publish_log(first.database, first.log.verifier, store)
    assert LOOK_SECONDS <= 1, "a running one finds out as soon"


def house_of(url: str, folder: Path) -> LogHouse:
    create_key(folder / "log-keys", PASSPHRASE, CHECKPOINT, Algorithm.ED25519)
    house = LogHouse.open(url, folder / "log-keys")
    house.log.found()
    return house
