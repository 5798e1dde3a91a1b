"""A witnessed proof inside the document: no signed byte changes, every reader finds it, and what cannot be is refused."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from signer.errors import ProofUpgradeError
from signer.proof_upgrade import with_better_proof
from tests.key_room import NOW, KeyRoom
from tests.small_ofd import OfdRoom
from tests.small_pdf import SealingRoom
from tests.witness_room import ARCHIVE, AUDIT, CITY, policy_text
from verify.document import read_document
from verify.evidence import Evidence
from verify.examine import examine
from verify.log_entry import EntryKind
from verify.log_proof import LogReceipt
from verify.ofd_package import read_package
from verify.own_pdf import find_rooms
from verify.report import Check, Finding
from verify.tree import inclusion_path, leaf_hash
from verify.trust import TrustList


class Office:
    """An office whose log grew after two small documents were signed."""

    def __init__(self, folder: Path) -> None:
        self.keys = KeyRoom.found(folder / "keys").open_office()
        self.pdf_room, self.ofd_room = SealingRoom(office=self.keys), OfdRoom.found(self.keys)
        self.documents = {"pdf": self.pdf_room.seal(), "ofd": self.ofd_room.seal_up()}
        self.crl = self.ofd_room.crl()
        for number in range(5):
            self.newest = self.keys.append(EntryKind.ADMIN, bytes([number]) * 32, {1: "later"})

    def trust(self, kind: str) -> TrustList:
        room = self.pdf_room if kind == "pdf" else self.ofd_room
        return replace(room.trust, log_policy=policy_text(self.keys.verifier))

    def better(self, document: bytes) -> LogReceipt:
        """The same leaf under the newest checkpoint, with three witnesses."""
        own = read_document(document, None, (), at=NOW).receipt
        assert own is not None
        leaves = [leaf_hash(each) for each in self.keys.entries]
        lines = "".join(each.line(self.newest.note, NOW + timedelta(hours=1)) for each in (AUDIT, ARCHIVE, CITY))
        return replace(own, path=inclusion_path(leaves, own.index), note=self.newest.note + lines)

    def finds(self, kind: str, document: bytes) -> tuple[list[Finding], list[str]]:
        """What a stranger says after three days: all but the log, and of the log."""
        evidence = Evidence(trust=self.trust(kind), crls=(self.crl,))
        report = examine(document, evidence, at=NOW + timedelta(days=3))
        others = [each for each in report.findings if each.check is not Check.LOG]
        return others, [each.code for each in report.findings if each.check is Check.LOG]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("office"))


@pytest.mark.parametrize("kind", ["pdf", "ofd"])
def test_the_upgraded_document_says_who_witnessed_it_and_everything_else_as_before(office: Office, kind: str) -> None:
    document = office.documents[kind]

    better = with_better_proof(document, office.better(document))

    before, of_log = office.finds(kind, document)
    after, of_better_log = office.finds(kind, better)
    assert (of_log, of_better_log) == (["log.unwitnessed"], ["log.witnessed"])
    assert before == after
    assert with_better_proof(better, office.better(document)) == better
    own = read_document(document, None, (), at=NOW).receipt
    assert own is not None
    assert with_better_proof(better, own) == document  # nothing else was changed, so it can be undone to the byte


def test_no_signed_byte_of_either_changes(office: Office) -> None:
    pdf, ofd = office.documents["pdf"], office.documents["ofd"]
    (room,) = find_rooms(pdf)
    (same_room,) = find_rooms(better := with_better_proof(pdf, office.better(pdf)))
    files, better_files = (dict(read_package(each).files) for each in (ofd, with_better_proof(ofd, office.better(ofd))))

    assert (len(better), same_room.digest(better)) == (len(pdf), room.digest(pdf))
    assert {name for name, content in files.items() if better_files[name] != content} == {
        "Doc_0/Signs/Sign_0/receipt.tlog-proof"
    }
    assert list(files) == list(better_files)


def test_another_leaf_and_what_was_added_to_are_refused(office: Office) -> None:
    pdf, ofd = office.documents["pdf"], office.documents["ofd"]

    for document in (pdf, ofd):
        with pytest.raises(ProofUpgradeError):
            with_better_proof(document, office.newest)
    with pytest.raises(ProofUpgradeError):
        with_better_proof(ofd[:-30], office.better(ofd))
    with pytest.raises(ProofUpgradeError):
        with_better_proof(pdf + b"\n%%EOF", office.better(pdf))
    with pytest.raises(ProofUpgradeError):
        with_better_proof(b"no document", office.better(pdf))
