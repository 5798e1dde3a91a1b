"""Collecting cosignatures: real witnesses of ours, and every answer that a hostile one may give."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from keys.softkeys import create_key
from registry import cosignatures
from registry.db import reading
from signer.errors import LogBehindError, LogForkError, PublishConflictError
from signer.log_entries import key_event
from signer.log_files import FolderStore
from signer.log_safety import HeadGuard, compare_head
from signer.log_turn import turn_log
from signer.publish import publish_log
from signer.witness_calls import Reply
from signer.witnessing import WAITING_MAX, Witnessing, cosigned, newest_witnessed, standings
from tests.key_room import CHECKPOINT, PASSPHRASE
from tests.log_house import LogHouse
from tests.witness_room import ARCHIVE, AUDIT, CITY, NearWitnesses, TestWitness, found_witness
from verify.algorithms import Algorithm
from verify.cosignature import read_cosignatures
from verify.note import open_checkpoint, verifier_key_text
from verify.witness_policy import WitnessPolicy
from verify.witness_request import SIZE_CONTENT_TYPE, WitnessRequest
from verify.witnessed import MERGE_DELAY

PLAIN = "text/plain"
CURRENT = "log/checkpoint"


@pytest.fixture
def founded(sqlite_url: str, tmp_path: Path) -> Iterator[LogHouse]:
    """A log with its genesis entry; what is kept of witnesses is the registry's, and tested there on both databases."""
    create_key(tmp_path / "log-keys", PASSPHRASE, CHECKPOINT, Algorithm.ED25519)
    opened = LogHouse.open(sqlite_url, tmp_path / "log-keys")
    opened.log.found()
    yield opened
    opened.database.close()


class Town:
    """A log and three witnesses of ours, two of which make the quorum."""

    def __init__(self, house: LogHouse, folder: Path) -> None:
        self.house = house
        names = ("audit", "archive", "city")
        self.services = {
            name: found_witness(folder / name, name, house.log.verifier, clock=house.clock) for name in names
        }
        self.near = NearWitnesses({f"http://{name}": service for name, service in self.services.items()})
        lines = [f"witness {name} {each.store.key.text} http://{name}" for name, each in self.services.items()]
        log = f"log {verifier_key_text(house.log.verifier.name, house.log.verifier.public)}"
        self.policy = WitnessPolicy.parse("\n".join([log, *lines, "group heads 2 audit archive city", "quorum heads"]))

    def witnessing(self, house: LogHouse | None = None, **changes: object) -> Witnessing:
        own = house or self.house
        made = Witnessing(
            database=own.database, verifier=own.log.verifier, policy=self.policy, client=self.near, clock=own.clock
        )
        return replace(made, **changes)  # type: ignore[arg-type]  # what a test changes

    def grow(self, count: int = 1) -> None:
        for number in range(count):
            self.house.log.append([key_event("made", b"12345678", f"{self.house.head().size}/{number}".encode())])

    def witnessed(self) -> tuple[int, tuple[str, ...]]:
        with reading(self.house.database) as tx:
            found = newest_witnessed(tx, self.house.head(), self.policy)
        return (0, ()) if found is None else (found.size, found.names)


@pytest.fixture
def town(founded: LogHouse, tmp_path: Path) -> Town:
    return Town(founded, tmp_path)


def codes(town: Town) -> dict[str, str]:
    answers = town.witnessing().collect()
    return {each.witness.name: "" if each.error is None else each.error.code for each in answers}


def test_each_checkpoint_is_sent_to_all_once_and_its_lines_are_kept_with_it(town: Town) -> None:
    assert codes(town) == {"audit": "", "archive": "", "city": ""}
    assert codes(town) == {}  # nothing is missing, so nobody is asked
    town.grow(3)
    assert town.witnessed() == (1, ("audit", "archive", "city"))
    town.near.asked.clear()

    assert codes(town) == {"audit": "", "archive": "", "city": ""}

    assert town.witnessed() == (4, ("audit", "archive", "city"))
    assert [method for method, _, _ in town.near.asked] == ["POST"] * 3  # sizes were known: one call each
    with reading(town.house.database) as tx:
        note = cosigned(tx, town.house.head())
        assert [each.size for each in cosignatures.cosigned_checkpoints(tx, town.house.head().log)] == [4]
    assert len(read_cosignatures(note, town.policy.keys)) == 3


def test_a_log_that_goes_on_shows_its_newest_witnessed_checkpoint_which_never_goes_back(
    town: Town, tmp_path: Path
) -> None:
    store, verifier, path = FolderStore(tmp_path / "public"), town.house.log.verifier, "log/checkpoint.witnessed"

    def published() -> tuple[int, int, int]:
        steps: list[str] = []
        publish_log(town.house.database, verifier, store, policy=town.policy, after=steps.append)
        newest, seen = (open_checkpoint((store.get(each) or b"").decode(), (verifier,)) for each in (CURRENT, path))
        assert town.policy.is_met(read_cosignatures(seen.note, town.policy.keys))
        return newest.size, seen.size, steps.count("witnessed_published")

    publish_log(town.house.database, verifier, store, policy=town.policy)
    assert store.get(path) is None, "nobody has seen anything yet"
    for size in (1, 2, 3):
        town.witnessing().collect()
        town.grow()
        assert published() == (size + 1, size, 1)
    assert published() == (4, 3, 0)

    whole, newer = store.get(path) or b"", town.house.head().note
    (tmp_path / "public" / path).write_bytes(whole.rpartition(b"\xe2")[0])  # the third line came later
    assert (published(), store.get(path)) == ((4, 3, 1), whole)

    lines = "".join(each.line(newer, town.house.clock()) for each in (AUDIT, CITY))
    (tmp_path / "public" / path).write_text(newer + lines)  # another publisher knows of a later one
    publish_log(town.house.database, verifier, store, policy=town.policy)
    assert store.get(path) == (newer + lines).encode()


@pytest.mark.parametrize("content", [b"no note\n", b""])
def test_a_witnessed_checkpoint_that_is_not_the_logs_own_stops_the_publisher(
    town: Town, tmp_path: Path, content: bytes
) -> None:
    store, verifier = FolderStore(tmp_path / "public"), town.house.log.verifier
    town.witnessing().collect()
    publish_log(town.house.database, verifier, store, policy=town.policy)
    (tmp_path / "public/log/checkpoint.witnessed").write_bytes(content)

    with pytest.raises(PublishConflictError):
        publish_log(town.house.database, verifier, store, policy=town.policy)


def test_a_witness_that_knows_more_than_we_remember_tells_its_size_and_gets_the_proof(town: Town) -> None:
    for service in town.services.values():
        assert (
            service.add_checkpoint(WitnessRequest(old_size=0, path=(), note=town.house.head().note).encode()).status
            == 200
        )
    town.grow(6)

    assert set(codes(town).values()) == {""}
    assert town.witnessed()[0] == 7


def refusing(status: int, body: bytes = b"", content_type: str = PLAIN) -> Callable[[str, bytes], Reply]:
    return lambda _path, _body: Reply(status=status, content_type=content_type, body=body)


def signing(witness: TestWitness, town: Town, later: timedelta) -> Callable[[str, bytes], Reply]:
    """A hostile witness with a good key: it states another time."""
    return lambda _path, body: Reply(
        status=200,
        content_type=PLAIN,
        body=witness.line(WitnessRequest.decode(body).note, town.house.clock() + later).encode(),
    )


def test_each_bad_answer_has_a_name_and_keeps_no_other_witness_from_cosigning(town: Town) -> None:
    keyed = WitnessPolicy.parse(
        "\n".join(
            [
                *(f"witness {each.name} {each.key.text} http://{each.name}" for each in (AUDIT, ARCHIVE, CITY)),
                "quorum audit",
            ]
        )
    )
    note = town.house.head().note
    good = AUDIT.line(note, town.house.clock())
    other = AUDIT.line(note.replace("\n1\n", "\n2\n"), town.house.clock())
    hostile: dict[str, Callable[[str, bytes], Reply]] = {
        "witness.no_line": refusing(200, CITY.line(note, town.house.clock()).encode()),
        "witness.bad_signature": refusing(200, other.encode()),
        "witness.malformed": refusing(200, b"\n" + good.encode()),
        "witness.unknown_log": refusing(404),
        "witness.refused": refusing(403),
        "witness.status": refusing(302),
        "witness.wrong_time": signing(AUDIT, town, timedelta(minutes=6)),
        "witness.loop": refusing(409, b"0\n", SIZE_CONTENT_TYPE),
        "witness.claims_ahead": refusing(409, b"1000000\n", SIZE_CONTENT_TYPE),
        "witness.refuses_proof": refusing(422),
    }
    again = [
        ("witness.no_line", refusing(200)),
        ("witness.malformed", refusing(200, good.encode()[:-1])),
        ("witness.malformed", refusing(200, b"\xff" * 100)),
        ("witness.malformed", refusing(400)),
        ("witness.status", refusing(500, b"x" * 1000)),
        ("witness.wrong_time", signing(AUDIT, town, timedelta(minutes=-6))),
        ("witness.refuses_proof", refusing(409, b"64\n", PLAIN)),
        ("witness.refuses_proof", refusing(409, b"-1\n", SIZE_CONTENT_TYPE)),
    ]
    for code, answer in (*hostile.items(), *again):
        near = NearWitnesses({"http://audit": answer, "http://archive": refusing(404), "http://city": refusing(404)})
        answers = town.witnessing(policy=keyed, client=near).collect()
        assert {each.witness.name: each.error.code for each in answers if each.error} == {
            "audit": code,
            "archive": "witness.unknown_log",
            "city": "witness.unknown_log",
        }
        with reading(town.house.database) as tx:
            kept = {each.witness.partition(".")[0]: each.code for each in cosignatures.last_answers(tx, 1)}
            assert cosignatures.cosigned_checkpoints(tx, 1) == ()
        assert kept["audit"] == code
        town.grow(0)
    near = NearWitnesses({"http://audit": refusing(200, good.encode()), "http://archive": hostile["witness.loop"]})
    silent = replace(keyed.witnesses[2], address="")
    mixed = replace(keyed, witnesses=(*keyed.witnesses[:2], silent))
    assert [each.error and each.error.code for each in town.witnessing(policy=mixed, client=near).collect()] == [
        None,
        "witness.loop",
        "witness.address",
    ]


def test_a_witness_that_never_answers_delays_no_entry_of_the_log(town: Town) -> None:
    let_go, reached = threading.Event(), threading.Event()

    def hang(_path: str, _body: bytes) -> Reply:
        reached.set()
        let_go.wait(30)
        return Reply(status=500, content_type=PLAIN, body=b"")

    town.near.by_address["http://city"] = hang
    collecting = threading.Thread(target=town.witnessing().collect)
    collecting.start()
    assert reached.wait(30)

    town.grow(3)  # each of these takes the write lock of the database, and its own checkpoint

    assert collecting.is_alive()
    assert town.house.head().size == 4
    let_go.set()
    collecting.join()
    assert town.witnessed() == (1, ("audit", "archive"))


def test_a_database_that_was_set_back_is_convicted_by_what_the_witness_shows(town: Town, tmp_path: Path) -> None:
    town.grow(2)
    old = tmp_path / "old.sqlite"
    town.house.database.close()
    shutil.copy(town.house.url.removeprefix("sqlite:///"), old)
    town.grow(5)
    assert set(codes(town).values()) == {""}
    set_back = LogHouse.open(f"sqlite:///{old}", town.house.folder)
    with closing(set_back.database):
        (seen, *_) = found = town.witnessing(set_back).seen(set_back.head())

        assert {each.by: each.checkpoint.size for each in found} == {"audit": 8, "archive": 8, "city": 8}
        with pytest.raises(LogBehindError):
            compare_head(set_back.database, set_back.head(), seen)
        assert {each.error.code for each in town.witnessing(set_back).collect() if each.error} == {
            "witness.contradicts"
        }
        for number in range(5):  # now as long as what the witnesses hold, and another branch
            set_back.log.append([key_event("made", b"12345678", f"branch {number}".encode())])
        answers = town.witnessing(set_back).collect()
        assert [each.error and each.error.code for each in answers] == ["witness.contradicts"] * 3
        with reading(set_back.database) as tx:
            assert newest_witnessed(tx, set_back.head(), town.policy) is None

        # What is published beside it is its own, and says nothing; the witnesses' word stops it all the same.
        store = FolderStore(tmp_path / "published of the branch")
        publish_log(set_back.database, set_back.log.verifier, store)
        guard = HeadGuard(database=set_back.database, verifier=set_back.log.verifier, store=store)
        assert guard.compare(with_witnesses=False).size == 8
        with pytest.raises(LogForkError):
            replace(guard, witnesses=town.witnessing(set_back).seen).compare(with_witnesses=False)


def test_what_a_witness_shows_counts_only_under_our_own_signature(town: Town) -> None:
    assert set(codes(town).values()) == {""}
    shown = town.services["audit"].store.shown(sha256(town.house.log.origin.encode()).hexdigest())
    assert shown is not None
    town.near.by_address = {
        "http://audit": refusing(200, shown.replace(b"\n1\n", b"\n9\n")),
        "http://archive": refusing(200, b"no note"),
        "http://city": refusing(500, shown),
    }

    assert town.witnessing().seen(town.house.head()) == ()


def test_an_entry_that_waits_too_long_raises_the_alarm_until_it_is_witnessed(town: Town) -> None:
    begun = town.house.clock()
    assert [each.waiting_since for each in standings(town.house.database, town.policy)] == [begun]
    town.witnessing().collect()
    town.house.clock.moves(timedelta(hours=1))
    town.grow(2)
    town.near.by_address |= {"http://audit": refusing(500), "http://city": refusing(500)}
    town.witnessing().collect()

    (standing,) = standings(town.house.database, town.policy)

    assert (standing.size, standing.witnessed, standing.waiting_since) == (3, 1, town.house.clock())
    assert not standing.is_overdue(town.house.clock() + MERGE_DELAY)
    assert standing.is_overdue(town.house.clock() + MERGE_DELAY + timedelta(seconds=1))
    assert sorted(each.code for each in standing.answers) == ["", "witness.status", "witness.status"]
    town.near.by_address["http://audit"] = town.services["audit"]
    town.witnessing().collect()
    (standing,) = standings(town.house.database, town.policy)
    assert (standing.witnessed, standing.waiting_since) == (3, None)
    assert not standing.is_overdue(town.house.clock() + timedelta(days=365))
    assert standings(town.house.database, WitnessPolicy()) == ()


def test_checkpoints_that_wait_for_their_quorum_are_few(town: Town) -> None:
    town.near.by_address |= {"http://audit": refusing(500), "http://city": refusing(500)}
    for _ in range(WAITING_MAX + 3):
        town.grow()
        town.witnessing().collect()

    with reading(town.house.database) as tx:
        kept = cosignatures.cosigned_checkpoints(tx, town.house.head().log)
    assert len(kept) == WAITING_MAX
    assert kept[0].size == town.house.head().size
    assert town.witnessed() == (0, ())


def test_a_log_that_got_its_next_name_is_witnessed_under_it_and_the_closed_one_is_left_alone(
    town: Town, tmp_path: Path
) -> None:
    assert set(codes(town).values()) == {""}
    following = turn_log(town.house.log, f"{town.house.log.origin}-next")
    after, store = replace(town.house, log=following), FolderStore(tmp_path / "public")

    def published() -> list[str]:
        publish_log(town.house.database, following.verifier, store, policy=town.policy)
        return (store.get("log/checkpoint.witnessed") or b"").decode().split("\n")[:2]

    assert published() == [town.house.log.origin, "1"], "the tree goes on: what was seen under the old name is of it"
    assert {each.error.code for each in town.witnessing(after).collect() if each.error} == {"witness.unknown_log"}
    for service in town.services.values():
        service.store.watch(following.verifier)

    assert all(each.error is None for each in town.witnessing(after).collect())

    assert town.witnessing(after).collect() == ()  # neither name is asked about again
    assert published() == [following.origin, "3"]
    assert {
        (each.size, each.witnessed, each.waiting_since) for each in standings(town.house.database, town.policy)
    } == {
        (2, 2, None),
        (3, 3, None),
    }
