"""Our witness: what it cosigns, what it refuses, and what it never forgets."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.witness.errors import WitnessClockError, WitnessNameError, WitnessStoreError
from api.witness.service import Answer, WitnessService
from api.witness.store import WitnessStore
from keys.errors import KeyExistsError
from tests.key_room import NOW
from tests.witness_room import found_witness, serving
from verify.cosignature import read_cosignatures
from verify.note import LogVerifier, checkpoint_body, note_key_id, parse_verifier_key, signature_line
from verify.tree import consistency_path, leaf_hash, root_of
from verify.witness_policy import WitnessPolicyError
from verify.witness_request import REQUEST_BYTES_MAX, SIZE_CONTENT_TYPE, WitnessRequest, monitoring_path

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "tlog.json").read_text())
NOTES = VECTORS["notes"]
LOG = parse_verifier_key(NOTES["log_vkey"])
KEY = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(NOTES["log_seed_hex"]))
LEAVES = [leaf_hash(f"entry-{number}".encode()) for number in range(40)]
PRIVATE = [*LEAVES[:20], *(leaf_hash(b"private") for _ in range(20))]


def note(size: int, leaves: list[bytes] = LEAVES) -> str:
    body = checkpoint_body(LOG.name, size, root_of(leaves[:size])).decode()
    return f"{body}\n{signature_line(LOG.name, LOG.key_id, KEY.sign(body.encode()))}"


def request(old: int, size: int, leaves: list[bytes] = LEAVES) -> WitnessRequest:
    path = consistency_path(leaves[:size], old) if 0 < old <= size else ()
    return WitnessRequest(old_size=old, path=path, note=note(size, leaves))


@dataclass
class House:
    """A witness with a clock that is moved by hand."""

    service: WitnessService
    now: datetime = NOW

    @classmethod
    def found(cls, folder: Path) -> "House":
        house = cls.__new__(cls)
        house.now = NOW
        house.service = found_witness(folder, "audit", LOG, clock=lambda: house.now)
        return house

    def send(self, sent: WitnessRequest) -> Answer:
        return self.service.add_checkpoint(sent.encode())

    def again(self) -> "House":
        """The same witness after a restart: nothing but its folder is left."""
        store = WitnessStore.open(self.service.store.folder)
        other = House(service=self.service, now=self.now)
        other.service = WitnessService(store=store, clock=lambda: other.now)
        return other


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House.found(tmp_path / "witness")


def sized(size: int) -> Answer:
    return Answer(status=409, body=f"{size}\n".encode(), content_type=SIZE_CONTENT_TYPE)


def test_it_cosigns_what_continues_and_shows_it(house: House) -> None:
    for old, size in ((0, 5), (5, 5), (5, 20), (20, 33)):
        house.now += timedelta(seconds=1)
        sent = request(old, size)

        answer = house.send(sent)

        (found,) = read_cosignatures(sent.note + answer.body.decode(), (house.service.store.key,))
        assert (answer.status, found.at) == (200, house.now)
        shown = house.service.store.shown(monitoring_path(LOG.name).split("/")[1])
        assert shown is not None
        assert shown.decode() == sent.note + answer.body.decode()


def test_the_request_of_the_vectors_is_answered_as_there(tmp_path: Path) -> None:
    example = VECTORS["witness_example"]
    at = datetime.fromtimestamp(NOTES["checkpoints"][0]["cosign_time"], NOW.tzinfo)
    service = found_witness(tmp_path / "w", "audit", LOG, clock=lambda: at)
    first = WitnessRequest(old_size=0, path=(), note=NOTES["checkpoints"][2]["signed_note"])

    assert service.add_checkpoint(first.encode()).status == 200
    assert (
        service.add_checkpoint(first.encode()).body.decode()
        == example["conflict_409_body_when_witness_is_at_64_and_old_is_0"]
    )
    answer = service.add_checkpoint(example["request_body"].encode())
    assert (answer.status, len(answer.body.split(b" ")[2])) == (200, len(example["response_200_body"].split(" ")[2]))
    assert service.add_checkpoint(replace(first, old_size=64, note=NOTES["fork_of_size_64"]).encode()) == sized(300)


def test_a_witness_from_a_backup_learns_from_the_published_checkpoint_what_it_cosigned_since(house: House) -> None:
    house.send(request(0, 20))
    folder = house.service.store.folder
    before = {path: path.read_bytes() for path in folder.glob("*/checkpoint")}
    line = house.send(request(20, 30)).body.decode()
    for path, content in before.items():
        path.write_bytes(content)
    restored = house.again()

    assert restored.service.remember(note(30) + line)
    assert not restored.service.remember(note(30) + line), "known by now"
    assert restored.send(request(20, 40, PRIVATE)) == sized(30), "it is not led away from what it cosigned"
    assert restored.send(request(30, 40)).status == 200
    for forged in (note(39), note(39) + line, note(39).replace(LOG.name, "other.example/log"), "nothing"):
        with pytest.raises(WitnessStoreError):
            restored.service.remember(forged)


def test_each_refusal_has_the_status_of_the_standard(house: House) -> None:
    house.send(request(0, 20))
    foreign = replace(request(20, 30), note=note(30).replace(LOG.name, "other.example/log"))
    forged = replace(request(20, 30), note=note(30) + signature_line(LOG.name, LOG.key_id, bytes(64)))
    stranger = replace(request(20, 30), note=note(30).replace(f"— {LOG.name}", "— stranger"))
    not_empty = checkpoint_body(LOG.name, 0, bytes(32)).decode()
    empty = replace(
        request(0, 5), note=f"{not_empty}\n{signature_line(LOG.name, LOG.key_id, KEY.sign(not_empty.encode()))}"
    )

    assert house.service.add_checkpoint(b"old 20\n").status == 400
    assert house.send(replace(request(20, 30), old_size=31)).status == 400
    assert house.send(foreign).status == 404
    assert house.send(forged).status == 403
    assert house.send(stranger).status == 403
    assert house.send(request(0, 30)) == sized(20)
    assert house.send(request(19, 30)) == sized(20)
    assert house.send(request(0, 5)) == sized(20)
    assert house.send(replace(request(20, 30), path=())).status == 422
    assert house.send(replace(request(20, 20), path=(bytes(32),))).status == 422
    assert house.send(request(20, 30, [leaf_hash(b"x"), *LEAVES[1:]])).status == 422
    assert house.send(empty).status == 422
    assert house.send(request(20, 30)).status == 200


def test_a_fork_of_one_size_is_refused_and_kept_as_proof(house: House) -> None:
    house.send(request(0, 30))

    for _ in range(2):
        assert house.send(request(30, 30, PRIVATE)).status == 422

    (kept,) = house.service.store.folder.glob("*/conflict-*")
    assert kept.read_text() == note(30, PRIVATE)
    assert house.send(request(30, 30)).status == 200


def test_after_a_restart_nothing_is_rolled_back_and_what_is_gone_is_missed(house: House) -> None:
    house.send(request(0, 30))
    again = house.again()

    assert again.send(request(0, 20)) == sized(30)
    assert again.send(request(0, 30, PRIVATE)) == sized(30)
    assert again.send(request(30, 35)).status == 200
    (held,) = house.service.store.folder.glob("*/checkpoint")
    good = held.read_bytes()
    for bad in (good.replace(b"\n35\n", b"\n34\n"), note(35).encode(), b"", b"\xff"):
        held.write_bytes(bad)
        with pytest.raises(WitnessStoreError):
            house.again().send(request(35, 36))
    held.unlink()
    with pytest.raises(WitnessStoreError):
        house.again().send(request(0, 10, PRIVATE))


def test_a_clock_that_went_back_cosigns_nothing(house: House) -> None:
    house.send(request(0, 30))
    house.now -= timedelta(seconds=1)

    with pytest.raises(WitnessClockError):
        house.send(request(30, 35))

    house.now += timedelta(seconds=1)
    assert house.send(request(30, 35)).status == 200


def test_of_many_at_once_from_two_processes_each_continues_the_one_before(house: House) -> None:
    """Two stores over one folder stand for two processes: they share nothing but the folder's lock."""
    house.send(request(0, 1))
    services = (house.service, house.again().service)

    def climb(number: int) -> list[int]:
        steps = [request(old, size) for size in range(2, 12) for old in range(1, size)]
        answers = [(services[number % 2].add_checkpoint(each.encode()), each.checkpoint[1]) for each in steps]
        return [size for answer, size in answers if answer.status == 200]

    with ThreadPoolExecutor(4) as pool:
        reached = [size for each in pool.map(climb, range(4)) for size in each]

    assert len(reached) == len(set(reached))  # nobody's step was taken twice
    assert house.send(request(0, 1)) == sized(max(reached))


def test_only_the_log_s_own_lines_are_kept(house: House) -> None:
    sent = replace(request(0, 5), note=note(5) + signature_line("stranger", bytes(4), bytes(64)))

    assert house.send(sent).status == 200
    (held,) = house.service.store.folder.glob("*/checkpoint")
    assert "stranger" not in held.read_text()


def test_a_folder_is_founded_once_and_a_name_can_stand_in_a_note(house: House, tmp_path: Path) -> None:
    with pytest.raises(KeyExistsError):
        WitnessStore.found(house.service.store.folder, "audit.test.example/w", b"passphrase")
    with pytest.raises(WitnessNameError):
        WitnessStore.found(tmp_path / "other", "a b", b"passphrase")
    with pytest.raises(WitnessStoreError):
        WitnessStore.open(tmp_path / "nothing")


@pytest.mark.server
def test_over_http_it_answers_as_the_standard_says_and_reads_no_more_than_it_must(house: House) -> None:
    sent = request(0, 30)
    with serving(house.service) as address, httpx.Client(base_url=address) as client:
        good = client.post("/add-checkpoint", content=sent.encode())
        stale = client.post("/add-checkpoint", content=sent.encode())
        long = client.post("/add-checkpoint", content=b"x" * (REQUEST_BYTES_MAX + 1))
        shown = client.get(monitoring_path(LOG.name))
        unknown = [client.get(path) for path in (f"/{'0' * 64}/checkpoint", "/../checkpoint", "/keys/checkpoint")]
        itself = client.get("/")
        house.now -= timedelta(days=1)
        away = client.post("/add-checkpoint", content=request(30, 31).encode())

    assert (good.status_code, stale.status_code, long.status_code, away.status_code) == (200, 409, 400, 503)
    assert stale.headers["Content-Type"] == SIZE_CONTENT_TYPE
    assert stale.text == "30\n"
    assert shown.text == sent.note + good.text
    assert [each.status_code for each in unknown] == [404, 404, 404]
    assert itself.text.startswith(house.service.store.key.text)


def test_a_second_key_under_one_name_leaves_the_list_as_it_was(house: House) -> None:
    store = house.service.store
    logs = store.logs
    other = LogVerifier(logs[0].name, note_key_id(logs[0].name, 1, bytes(32)), bytes(32))

    with pytest.raises(WitnessPolicyError):
        store.watch(other)

    assert store.logs == logs == (LOG,)
