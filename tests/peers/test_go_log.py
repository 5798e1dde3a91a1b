"""Go's signed-note and transparency-log modules judge our checkpoints, receipts and consistency proofs."""

import base64
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.key_room import KeyRoom
from tests.peers.programs import logcheck
from verify.log_entry import EntryKind
from verify.log_proof import LogReceipt
from verify.note import open_checkpoint, verifier_key_text
from verify.tree import consistency_path, leaf_hash

pytestmark = pytest.mark.peer("go")

LOG_SIZE = 34


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> KeyRoom:
    """A key room whose log holds the genesis entry."""
    return KeyRoom.found(tmp_path_factory.mktemp("log") / "keys")


@pytest.fixture(scope="module")
def receipts(room: KeyRoom) -> tuple[LogReceipt, ...]:
    """The receipts of the entries that follow, each under the checkpoint of its own size."""
    return tuple(
        room.append(EntryKind.ADMIN, number.to_bytes(32, "big"), {1: "entry"}) for number in range(1, LOG_SIZE)
    )


def _judge(room: KeyRoom, what: str, *files: Path) -> subprocess.CompletedProcess[str]:
    vkey = verifier_key_text(room.verifier.name, room.verifier.public)
    return subprocess.run([str(logcheck()), what, vkey, *map(str, files)], capture_output=True, text=True, check=False)


def test_go_accepts_the_receipt_of_every_entry(room: KeyRoom, receipts: tuple[LogReceipt, ...], tmp_path: Path) -> None:
    for receipt in receipts:
        (tmp_path / "receipt").write_text(receipt.to_text())

        judged = _judge(room, "proof", tmp_path / "receipt")

        assert judged.stdout == f"ok {receipt.index + 1}\n", judged.stderr


def test_go_refuses_a_receipt_for_another_entry(
    room: KeyRoom, receipts: tuple[LogReceipt, ...], tmp_path: Path
) -> None:
    forged = replace(receipts[-1], entry=receipts[-2].entry)
    (tmp_path / "receipt").write_text(forged.to_text())

    judged = _judge(room, "proof", tmp_path / "receipt")

    assert judged.returncode == 1
    assert judged.stdout == ""


def test_go_refuses_a_checkpoint_of_another_size(
    room: KeyRoom, receipts: tuple[LogReceipt, ...], tmp_path: Path
) -> None:
    text = receipts[-1].to_text()
    (tmp_path / "receipt").write_text(text.replace(f"\n{LOG_SIZE}\n", f"\n{LOG_SIZE + 1}\n"))

    judged = _judge(room, "proof", tmp_path / "receipt")

    assert judged.returncode == 1
    assert judged.stdout == ""


@pytest.mark.parametrize("old_size", [2, 3, 7, 8, 21, 32, 33])
def test_go_accepts_that_the_log_only_grew(
    room: KeyRoom, receipts: tuple[LogReceipt, ...], tmp_path: Path, old_size: int
) -> None:
    leaves = [leaf_hash(entry) for entry in room.entries[:LOG_SIZE]]
    notes = {open_checkpoint(each.note, (room.verifier,)).size: each.note for each in receipts}
    files = [tmp_path / name for name in ("old", "new", "proof")]
    files[0].write_text(notes[old_size])
    files[1].write_text(receipts[-1].note)
    proof = consistency_path(leaves, old_size)
    files[2].write_text("\n".join(base64.b64encode(each).decode() for each in proof))

    judged = _judge(room, "consistency", *files)

    assert judged.stdout == f"ok {LOG_SIZE}\n", judged.stderr


def test_go_refuses_a_proof_with_one_hash_changed(
    room: KeyRoom, receipts: tuple[LogReceipt, ...], tmp_path: Path
) -> None:
    leaves = [leaf_hash(entry) for entry in room.entries[:LOG_SIZE]]
    proof = list(consistency_path(leaves, 21))
    proof[1] = bytes(32)
    files = [tmp_path / name for name in ("old", "new", "proof")]
    files[0].write_text(receipts[19].note)
    files[1].write_text(receipts[-1].note)
    files[2].write_text("\n".join(base64.b64encode(each).decode() for each in proof))

    judged = _judge(room, "consistency", *files)

    assert judged.returncode == 1
    assert judged.stdout == ""
