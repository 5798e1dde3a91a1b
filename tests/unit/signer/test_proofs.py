"""Proofs out of the stored log are those of RFC 6962, under the newest checkpoint and under one that was witnessed."""

from pathlib import Path

from registry import leaves
from registry.db import reading
from signer.log_entries import key_event
from signer.proofs import prove_inclusion, prove_witnessed
from signer.witnessing import Witnessing
from tests.key_room import ORIGIN
from tests.log_house import LogHouse
from tests.witness_room import NearWitnesses, found_witness
from verify.log_proof import check_receipt
from verify.note import verifier_key_text
from verify.tree import combine, inclusion_nodes
from verify.witness_policy import WitnessPolicy

# Complete subtrees of many heights: 64, 16, 4 and 2 leaves, and 128, 8 and 2.
WITNESSED = 86
SIZE = 138
# So many leaves lie between two that are proven; it is odd, so that they are left and right children of all heights.
EACH = 5


def test_each_leaf_is_proven_under_the_newest_and_under_an_older_checkpoint(founded: LogHouse, tmp_path: Path) -> None:
    verifier = founded.log.verifier
    audit = found_witness(tmp_path / "audit", "audit", verifier, clock=founded.clock)
    key = verifier_key_text(verifier.name, verifier.public)
    policy = WitnessPolicy.parse(f"log {key}\nwitness audit {audit.store.key.text} http://audit\nquorum audit")
    client = NearWitnesses({"http://audit": audit})
    _grow(founded, WITNESSED)
    Witnessing(
        database=founded.database, verifier=verifier, policy=policy, client=client, clock=founded.clock
    ).collect()
    _grow(founded, SIZE)

    for index in range(SIZE - 1, -1, -EACH):
        receipt = prove_inclusion(founded.database, ORIGIN, index)
        assert receipt is not None
        assert check_receipt(receipt, (verifier,)).size == SIZE
        assert receipt.path == _path(founded, index, SIZE)
    for index in range(WITNESSED - 1, -1, -EACH):
        receipt = prove_witnessed(founded.database, ORIGIN, index, policy)
        assert receipt is not None
        assert check_receipt(receipt, (verifier,)).size == WITNESSED
    for prove in (
        prove_inclusion(founded.database, ORIGIN, SIZE),
        prove_inclusion(founded.database, ORIGIN, -1),
        prove_inclusion(founded.database, "another.log", 0),
        prove_witnessed(founded.database, ORIGIN, WITNESSED, policy),
    ):
        assert prove is None


def _grow(house: LogHouse, size: int) -> None:
    house.log.append([key_event("made", b"12345678", b"%d" % each) for each in range(house.head().size, size)])


def _path(house: LogHouse, index: int, size: int) -> tuple[bytes, ...]:
    groups = inclusion_nodes(index, size)
    with reading(house.database) as tx:
        return combine(groups, leaves.nodes(tx, ORIGIN, [node for group in groups for node in group]))
