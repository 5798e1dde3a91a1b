"""transparency-dev's witness cosigns our log, its client asks our witness, its formats judge our proofs and our tiles."""

import base64
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.witness_client import HttpWitnessClient
from keys.softkeys import create_key
from signer.log_entries import key_event
from signer.log_files import FolderStore
from signer.proofs import prove_witnessed
from signer.publish import publish_log
from signer.witnessing import Witnessing
from tests.databases import sqlite_template, sqlite_url
from tests.key_room import CHECKPOINT, PASSPHRASE
from tests.log_house import LogHouse
from tests.peers.programs import logwitness
from tests.unit.api.test_witness import LEAVES, LOG, PRIVATE, note
from tests.witness_room import found_witness, serving
from verify.algorithms import Algorithm
from verify.cosignature import read_cosignatures
from verify.note import verifier_key_text
from verify.tree import consistency_path
from verify.witness_policy import WitnessPolicy

__all__ = ["sqlite_template", "sqlite_url"]
pytestmark = [pytest.mark.peer("go"), pytest.mark.server]


def go(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(logwitness()), *map(str, words)], capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Seen:
    """A log, and its two witnesses: one of ours and one of theirs; both must have seen a checkpoint."""

    house: LogHouse
    witnessing: Witnessing
    key: str

    def grow(self, count: int) -> int:
        first = self.house.head().size
        self.house.log.append(
            [key_event("made", b"12345678", number.to_bytes(8, "big")) for number in range(first, first + count)]
        )
        return self.house.head().size


@pytest.fixture
def seen(sqlite_url: str, tmp_path: Path) -> Iterator[Seen]:
    create_key(tmp_path / "log-keys", PASSPHRASE, CHECKPOINT, Algorithm.ED25519)
    house = LogHouse.open(sqlite_url, tmp_path / "log-keys")
    house.clock.now = datetime.now(UTC)  # their witness has the machine's clock
    house.log.found()
    key = verifier_key_text(house.log.verifier.name, house.log.verifier.public)
    ours = found_witness(tmp_path / "audit", "audit", house.log.verifier, clock=house.clock)
    theirs = subprocess.Popen(
        [str(logwitness()), "serve", key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert theirs.stdout is not None
    address, witness_key = theirs.stdout.readline().split()
    with serving(ours) as audit:
        policy = WitnessPolicy.parse(
            f"log {key}\nwitness audit {ours.store.key.text} {audit}\nwitness go {witness_key} {address}\n"
            "group both all audit go\nquorum both\n"
        )
        witnessing = Witnessing(
            database=house.database,
            verifier=house.log.verifier,
            policy=policy,
            client=HttpWitnessClient(),
            clock=house.clock,
        )
        yield Seen(house, witnessing, key)
    theirs.communicate("")
    house.database.close()


def test_their_witness_cosigns_our_log_and_their_formats_accept_proof_and_published_files(
    seen: Seen, tmp_path: Path
) -> None:
    house, policy = seen.house, seen.witnessing.policy
    for count in (5, 300):
        seen.grow(count)
        assert [each.error for each in seen.witnessing.collect()] == [None, None]
    assert len(seen.witnessing.seen(house.head())) == 2

    receipt = prove_witnessed(house.database, house.log.origin, 7, policy)
    assert receipt is not None
    (tmp_path / "policy").write_text(f"log {seen.key}\n{policy.witness_text}")
    (tmp_path / "proof").write_text(receipt.to_text())
    judged = go("witnessed", seen.key, tmp_path / "policy", tmp_path / "proof")
    assert judged.stdout == "ok 306\n", judged.stderr
    alone = receipt.to_text().rsplit("\u2014 ", 1)[0]
    (tmp_path / "proof").write_text(alone)
    assert "quorum" in go("witnessed", seen.key, tmp_path / "policy", tmp_path / "proof").stderr
    (tmp_path / "proof").write_text(receipt.to_text().replace("index 7", "index 8"))
    assert go("witnessed", seen.key, tmp_path / "policy", tmp_path / "proof").returncode == 1

    publish_log(house.database, house.log.verifier, FolderStore(tmp_path / "published"))
    folder = tmp_path / "published" / "log"
    assert len(read_cosignatures((folder / "checkpoint").read_text(), policy.keys)) == 2
    judged = go("published", seen.key, folder)
    assert judged.stdout == "ok 306\n", judged.stderr
    for name in ("tile/0/000", "tile/1/000.p/1", "tile/entries/001.p/50", "checkpoint"):
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)
        assert go("published", seen.key, folder).returncode == 1, name
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)


def test_their_client_gets_from_our_witness_what_it_expects(tmp_path: Path) -> None:
    service = found_witness(tmp_path / "audit", "audit", LOG, clock=lambda: datetime.now(UTC))
    texts = {
        "old": note(20),
        "new": note(33),
        "fork": note(33, PRIVATE),
        "path": "\n".join(base64.b64encode(each).decode() for each in consistency_path(LEAVES[:33], 20)),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)

    with serving(service) as address:
        key = verifier_key_text(LOG.name, LOG.public)
        files = [tmp_path / name for name in ("old", "new", "fork", "path")]
        judged = go("climb", address, service.store.key.text, key, *files)

    assert judged.stdout == "ok 33\n", judged.stderr
