"""Proofs with witnesses, inside a document and brought beside it: what each adds to a report, and what nothing adds."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.code_room import NOW, CodeRoom
from tests.key_room import NOW as OFFICE_NOW
from tests.small_ofd import OfdRoom
from tests.witness_room import ARCHIVE, AUDIT, CITY, TestWitness, policy_text
from verify.brought_proof import with_proof
from verify.cosignature import cosignature_line
from verify.evidence import Evidence
from verify.examine import examine, examine_text
from verify.log_entry import EntryKind, LogEntry
from verify.log_proof import LogReceipt
from verify.note import LogVerifier, checkpoint_body, note_key_id, signature_line
from verify.report import Check, Report, Subject
from verify.tree import inclusion_path, leaf_hash, root_of
from verify.trust import TrustList
from verify.verdict import Verdict
from verify.witnessed import MERGE_DELAY

ORIGIN = "log.test.example/2026"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
LOG = LogVerifier(
    ORIGIN,
    note_key_id(ORIGIN, 1, KEY.public_key().public_bytes_raw()),
    KEY.public_key().public_bytes_raw(),
)
SEEN = NOW + timedelta(hours=1)


@dataclass
class Log:
    """A log in memory, under the one key above; two of them are a fork."""

    entries: list[bytes] = field(default_factory=list)

    def add(self, kind: EntryKind, digest: bytes, detail: dict[int, object]) -> int:
        self.entries.append(LogEntry(kind=kind, time=NOW, digest=digest, detail=detail).encode())
        return len(self.entries) - 1

    def proof(self, index: int, *witnesses: TestWitness, at: datetime = SEEN, name: str = ORIGIN) -> str:
        leaves = [leaf_hash(each) for each in self.entries]
        body = checkpoint_body(name, len(leaves), root_of(leaves)).decode()
        note = f"{body}\n{signature_line(name, LOG.named(name).key_id, KEY.sign(body.encode()))}"
        note += "".join(each.line(note, at) for each in witnesses)
        return LogReceipt(
            entry=self.entries[index], index=index, path=inclusion_path(leaves, index), note=note
        ).to_text()


ROOM = CodeRoom()
TEXT = ROOM.code()


def trust(quorum: str = "2", cut_off: tuple[str, int] | None = None) -> TrustList:
    """The room's trust list with our log and three witnesses, and with the code key cut off there."""
    known = ROOM.trust()
    issuers = known.issuers
    if cut_off is not None:
        issuers = tuple(
            replace(each, keys=tuple(replace(key, cut_off=cut_off) if key.use == 1 else key for key in each.keys))
            for each in issuers
        )
    return replace(known, issuers=issuers, log_policy=policy_text(LOG, quorum=quorum))


def of_code(believed: TrustList) -> Report:
    return examine_text(TEXT, replace(ROOM.evidence(status=0), trust=believed), at=NOW)


@pytest.fixture(scope="module")
def log() -> Log:
    """A log whose second leaf announces the room's code."""
    made = Log()
    made.add(EntryKind.GENESIS, bytes(32), {1: ORIGIN})
    claimed = of_code(trust()).claimed
    assert claimed is not None
    made.add(
        EntryKind.INTENT,
        bytes.fromhex(claimed.token_digest),
        {1: "code", 2: bytes.fromhex(claimed.token_kid), 3: bytes(32)},
    )
    made.add(EntryKind.ADMIN, bytes(32), {1: "other"})
    return made


def of_document(log: Log) -> Report:
    """A report on a document that carries the proof of the log's second leaf."""
    base = of_code(trust())
    return Report(
        subject=Subject.DOCUMENT,
        findings=tuple(each for each in base.findings if each.check is not Check.LOG),
        at=NOW,
        log=replace(base.log, document_leaf=1, proof=log.proof(1)),
    )


def said(report: Report) -> list[str]:
    return [each.code for each in report.findings if each.check is Check.LOG]


def test_a_code_with_a_witnessed_proof_tells_when_it_was_logged_and_who_witnessed(log: Log) -> None:
    proof = log.proof(1, AUDIT, CITY)

    report = with_proof(of_code(trust()), proof, trust(), at=NOW)

    (finding,) = [each for each in report.findings if each.check is Check.LOG]
    assert finding.code == "log.witnessed"
    assert finding.params == {
        "logged_at": NOW.isoformat(),
        "witnesses": "audit, city",
        "witnessed_at": SEEN.isoformat(),
    }
    assert (report.log.code_leaf, report.log.tree_size, report.log.proof) == (1, 3, proof)
    assert report.verdict is Verdict.VALID


def test_one_witness_whose_clock_is_wrong_moves_nothing(log: Log) -> None:
    proof = LogReceipt.from_text(log.proof(1, AUDIT, CITY))
    late = ARCHIVE.line(proof.note, SEEN + timedelta(days=3_000))

    report = with_proof(of_code(trust()), replace(proof, note=proof.note + late).to_text(), trust(), at=NOW)

    (finding,) = [each for each in report.findings if each.check is Check.LOG]
    assert finding.params["witnesses"] == "audit, archive, city"
    assert finding.params["witnessed_at"] == SEEN.isoformat()


@pytest.mark.parametrize(
    ("quorum", "witnesses", "age", "code"),
    [
        ("2", (AUDIT,), MERGE_DELAY, "log.not_yet_witnessed"),
        ("2", (AUDIT,), MERGE_DELAY + timedelta(seconds=1), "log.unwitnessed"),
        ("2", (), timedelta(0), "log.not_yet_witnessed"),
        ("all", (AUDIT, CITY), timedelta(days=2), "log.unwitnessed"),
        ("all", (AUDIT, CITY, ARCHIVE), timedelta(days=2), "log.witnessed"),
    ],
)
def test_a_quorum_that_is_not_there_is_no_witness_and_no_fault(
    quorum: str, witnesses: tuple[TestWitness, ...], age: timedelta, code: str, log: Log
) -> None:
    believed = trust(quorum)

    report = with_proof(of_code(believed), log.proof(1, *witnesses), believed, at=NOW + age)

    assert said(report) == [code]
    assert report.verdict is Verdict.VALID


def test_a_stolen_code_key_is_closed_by_a_proof_below_its_cut_off_and_failed_by_one_above(log: Log) -> None:
    below, above = trust(cut_off=(ORIGIN, 2)), trust(cut_off=(ORIGIN, 1))
    proof = log.proof(1, AUDIT, CITY)

    assert (said(of_code(below)), of_code(below).verdict) == (["log.cut_off"], Verdict.STATUS_UNKNOWN)
    assert said(with_proof(of_code(below), proof, below, at=NOW)) == ["log.witnessed"]
    assert with_proof(of_code(below), proof, below, at=NOW).verdict is Verdict.VALID
    assert with_proof(of_code(above), proof, above, at=NOW).verdict is Verdict.NOT_IN_LOG
    for age in (timedelta(0), timedelta(days=30)):
        unseen = with_proof(of_code(below), log.proof(1, AUDIT), below, at=NOW + age)
        assert (said(unseen), unseen.verdict) == (["log.cut_off_unwitnessed"], Verdict.STATUS_UNKNOWN)
    elsewhere = trust(cut_off=("log.test.example/2025", 9))
    assert with_proof(of_code(elsewhere), proof, elsewhere, at=NOW).verdict is Verdict.NOT_IN_LOG


def test_a_proof_of_something_else_adds_nothing_and_is_said_to_be_of_no_use(log: Log) -> None:
    forged = log.proof(1, AUDIT) + cosignature_line(CITY.key, 1, bytes(64))
    report = of_code(trust())

    for proof in (log.proof(2, AUDIT, CITY), log.proof(0), "", "no proof", log.proof(1).replace("\n3\n", "\n4\n")):
        useless = with_proof(report, proof, trust(), at=NOW)
        assert said(useless) == ["log.not_asked", "log.proof_of_no_use"]
        assert [each.code for each in useless.also] == ["log.proof_of_no_use"]
        assert useless.verdict is Verdict.VALID
    assert said(with_proof(report, forged, trust(), at=NOW)) == ["log.wrong"]
    assert with_proof(report, log.proof(1, AUDIT, CITY), None, at=NOW) == report
    stolen = trust(cut_off=(ORIGIN, 2))
    assert said(with_proof(of_code(stolen), log.proof(2), stolen, at=NOW)) == ["log.cut_off", "log.proof_of_no_use"]


def document(room: OfdRoom) -> tuple[TrustList, LogVerifier]:
    return replace(room.trust, log_policy=policy_text(room.office.verifier)), room.office.verifier


def test_an_old_document_is_said_to_be_unwitnessed_until_the_proof_is_brought(
    ofd_room: OfdRoom, sealed_ofd: bytes
) -> None:
    believed, _ = document(ofd_room)
    evidence = Evidence(trust=believed, crls=(ofd_room.crl(),))
    report = examine(sealed_ofd, evidence, at=OFFICE_NOW + timedelta(days=3))
    own = LogReceipt.from_text(report.log.proof)
    lines = "".join(each.line(own.note, OFFICE_NOW) for each in (AUDIT, ARCHIVE))
    better = replace(own, note=own.note + lines).to_text()

    brought = with_proof(report, better, believed, at=report.at)

    assert said(examine(sealed_ofd, evidence, at=OFFICE_NOW)) == ["log.not_yet_witnessed"]
    assert said(report) == ["log.unwitnessed"]
    assert report.verdict is brought.verdict
    assert said(brought) == ["log.witnessed"]
    assert (brought.log.document_leaf, brought.log.proof) == (report.log.document_leaf, better)
    assert said(with_proof(brought, own.to_text(), believed, at=report.at)) == ["log.witnessed"]
    assert said(examine(sealed_ofd, Evidence(trust=ofd_room.trust), at=report.at)) == ["log.proven"]


def test_two_branches_under_one_key_are_proof_of_a_fork_whoever_brings_it(log: Log) -> None:
    """The private branch holds another leaf in the same place, or the same leaf in another tree of the same size."""
    branch, other_tree, longer = Log(log.entries[:1]), Log(log.entries[:2]), Log(log.entries[:])
    branch.add(EntryKind.ADMIN, bytes(32), {1: "private"})
    other_tree.add(EntryKind.ADMIN, bytes(32), {1: "private"})
    longer.add(EntryKind.ADMIN, bytes(32), {1: "later"})
    shown = of_document(log)

    assert with_proof(shown, branch.proof(1), trust(), at=NOW).verdict is Verdict.LOG_INCONSISTENT
    assert with_proof(shown, other_tree.proof(1, AUDIT, CITY), trust(), at=NOW).verdict is Verdict.LOG_INCONSISTENT
    assert said(with_proof(shown, longer.proof(1, AUDIT, CITY), trust(), at=NOW)) == ["log.witnessed"]
    failed = with_proof(shown, branch.proof(1), trust(), at=NOW)
    assert with_proof(failed, log.proof(1, AUDIT, CITY), trust(), at=NOW) == failed


def test_a_branch_under_the_next_years_name_is_as_much_a_fork(log: Log) -> None:
    """The tree goes on under a new name, so that a place holds one leaf for good."""
    following = "log.test.example/2027"
    believed = replace(trust(), log_policy=policy_text(LOG, LOG.named(following)))
    branch, longer = Log(log.entries[:1]), Log(log.entries[:])
    branch.add(EntryKind.ADMIN, bytes(32), {1: "private"})
    longer.add(EntryKind.ADMIN, bytes(32), {1: "later"})
    shown = of_document(log)

    failed = with_proof(shown, branch.proof(1, name=following), believed, at=NOW)

    assert failed.verdict is Verdict.LOG_INCONSISTENT
    assert said(with_proof(shown, longer.proof(1, AUDIT, CITY, name=following), believed, at=NOW)) == ["log.witnessed"]
