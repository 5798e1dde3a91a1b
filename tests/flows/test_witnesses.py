"""Witnesses from end to end: an office with two of them, the proof of a licence upgraded, and the command that is one."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
import typer

from api.auditor.checking import check
from api.auditor.request import AuditRequest
from api.checking import check_file, check_text
from api.cli.checks import PROOF_SUFFIX, verify
from api.cli.doctor import _witnesses
from api.cli.logs import log
from api.cli.offline import encode_public_key
from api.cli.program import Session, app
from api.cli.screen import Screen
from api.cli.start import load
from api.errors import NotWitnessedError
from api.publishing import LogPublisher
from api.witnessed_proofs import receipt_of_leaf
from api.work import Workshop
from keys.custody import DEPLOYMENT
from registry.db import reading
from registry.licences import find_licence
from registry.records import Role
from signer.audit_records import write_records
from signer.desk import Operator
from signer.errors import ProofUpgradeError
from signer.proof_upgrade import with_better_proof
from signer.publish import publish
from signer.trust_lists import renew_trust_list
from signer.witness_calls import Reply, WitnessClient
from tests.hall import Hall
from tests.official_office import OfficialOffice, plain_ofd
from tests.town import BUREAU, Town
from tests.unit.api.test_witness import LOG, request
from tests.witness_room import found_witness, serving
from verify.brought_proof import with_proof
from verify.cosignature import read_cosignatures
from verify.document import read_document
from verify.examine import examine
from verify.key_purpose import KeyPurpose
from verify.log_proof import LogReceipt, check_receipt
from verify.note import verifier_key_text
from verify.qr_token import decode_token
from verify.report import Check, Report
from verify.verdict import Verdict
from verify.witnessed import MERGE_DELAY

pytestmark = pytest.mark.server
ROOT = Path(__file__).parents[2]


@dataclass
class Watched:
    """A hall with two witnesses that are there and one that is not; two make the quorum."""

    hall: Hall

    def works(self) -> None:
        """Do once what the worker does all the time."""
        Workshop(self.hall.office, takes_parts=False).run(threading.Event(), until_idle=True)


@pytest.fixture
def watched(sqlite_town: Town, tmp_path: Path) -> Iterator[Watched]:
    verifier = sqlite_town.desk.log.verifier
    services = [
        found_witness(tmp_path / name, name, verifier, clock=sqlite_town.clock) for name in ("audit", "archive")
    ]
    with (
        serving(services[0]) as audit,
        serving(services[1]) as archive,
        socket.create_server(("127.0.0.1", 0)) as nobody,
    ):
        silent = found_witness(tmp_path / "city", "city", clock=sqlite_town.clock).store.key.text
        policy = tmp_path / "witnesses.txt"
        policy.write_text(
            f"witness audit-office {services[0].store.key.text} {audit}\n"
            f"witness archive {services[1].store.key.text} {archive}/\n"
            f"witness next-city {silent} http://127.0.0.1:{nobody.getsockname()[1]}\n"
            "group heads 2 audit-office archive next-city\nquorum heads\n"
        )
        nobody.close()
        hall = Hall.open(sqlite_town, witnesses=policy)
        renew_trust_list(hall.office.key_desk, at=sqlite_town.now)
        yield Watched(hall)
        hall.office.close()


def said(report: Report) -> list[tuple[str, str]]:
    return [(each.code, each.params.get("witnesses", "")) for each in report.findings if each.check is Check.LOG]


def test_a_licence_is_witnessed_later_and_everybody_can_say_so(
    watched: Watched, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hall = watched.hall
    issued = hall.issues()
    with reading(hall.office.database) as tx:
        licence = find_licence(tx, issued["licence_id"])
    assert licence is not None
    document = hall.office.vault.get(licence.document_digest)
    digest = sha256(decode_token(issued["code_text"]).to_be_signed).hexdigest()
    address = f"/api/v1/log/proofs/by-digest/{digest}"

    before = hall.ask("GET", f"{address}?witnessed=true")
    assert (before.status_code, before.json()["code"]) == (404, "log.not_witnessed")
    assert said(check_file(hall.office, document)) == [("log.not_yet_witnessed", "")]
    assert said(check_text(hall.office, issued["code_text"])) == [("log.recorded", "")]

    watched.works()

    of_code = LogReceipt.from_text(hall.ask("GET", f"{address}?witnessed=true").text)
    trust = hall.office.evidence().trust
    assert trust is not None
    checkpoint = check_receipt(of_code, trust.verifiers)
    assert trust.policy.is_met(read_cosignatures(of_code.note, trust.policy.keys))
    both = ("log.witnessed", "audit-office, archive")
    assert said(check_file(hall.office, document)) == said(check_text(hall.office, issued["code_text"])) == [both]
    assert check_file(hall.office, document).verdict is Verdict.VALID
    hall.office.witnessing.collect()  # the worker's own acts were logged meanwhile
    head = hall.ask("GET", "/log/checkpoint").text
    assert int(head.split("\n")[1]) >= checkpoint.size
    assert len(read_cosignatures(head, trust.policy.keys)) == 2
    publishes(hall)
    assert hall.office.published.get("log/checkpoint") == head.encode()
    assert hall.office.published.get("log/checkpoint.witnessed") == head.encode()

    # The proof lies beside the file, whose bytes nobody touched: a stranger who asks nobody reads it.
    proof = hall.ask("GET", f"/api/v1/log/proofs/{licence.document_leaf}?witnessed=true").text
    path = tmp_path / "licence.pdf"
    path.write_bytes(document)
    path.with_name(f"{path.name}{PROOF_SUFFIX}").write_text(proof)
    session = Session(screen=Screen(language="en", as_json=False, is_quiet=True, no_colour=True), data=None)
    session._public = hall.office
    capsys.readouterr()
    with pytest.raises(typer.Exit) as ended:
        verify(typer.Context(typer.main.get_command(app), obj=session), [str(path)])
    assert (ended.value.exit_code, "witnessed by audit-office, archive" in capsys.readouterr().out) == (0, True)
    upgraded = with_better_proof(document, LogReceipt.from_text(proof))  # or inside it, where nothing is signed
    path.write_bytes(upgraded)
    assert len(upgraded) == len(document)
    assert (
        said(check_file(hall.office, upgraded))
        == said(examine(upgraded, hall.office.evidence(), at=hall.town.now))
        == [both]
    )
    assert check_file(hall.office, upgraded).verdict is Verdict.VALID
    ofd = hall.office.vault.get(licence.ofd_digest or "")
    own = read_document(ofd, None, (), at=hall.town.now).receipt
    assert own is not None
    better = receipt_of_leaf(hall.office, own, trust.policy)
    assert better is not None
    assert said(check_file(hall.office, with_better_proof(ofd, better))) == [both]
    alone = check_file(hall.office, document)._replace(findings=())
    assert said(with_proof(alone, proof, trust, at=hall.town.now)) == [both]


def publishes(hall: Hall) -> None:
    office = hall.office
    publish(office.database, office.desk.log.verifier, office.published, policy=office.witness_policy)


@dataclass
class Busy:
    """A client of witnesses; while they are asked for the first time, the office does something."""

    client: WitnessClient
    act: Callable[[], None]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def post(self, address: str, body: bytes) -> Reply:
        with self.lock:
            act, self.act = self.act, lambda: None
            act()
        return self.client.post(address, body)

    def get(self, address: str) -> Reply:
        return self.client.get(address)


def test_an_office_whose_log_is_in_use_shows_its_quorum_and_an_auditor_finds_nothing(
    watched: Watched, tmp_path: Path
) -> None:
    hall, root = watched.hall, tmp_path / "root.pem"
    office = hall.office
    root.write_bytes(
        encode_public_key(office.desk.custody.public_key(office.desk.key(KeyPurpose.TRUST_LIST, DEPLOYMENT)).spki)
    )
    publisher = LogPublisher(office)

    def goes_on() -> None:
        hall.issues()
        publisher.look()

    for _ in range(2):  # every head that is published is younger than what the witnesses have seen
        goes_on()
        busy = Busy(office.witnessing.client, goes_on)
        replace(office.witnessing, client=busy).collect()
        publisher.look()
    trust, records = office.evidence().trust, tmp_path / "records.jsonl"
    assert trust is not None
    newest = office.published.get("log/checkpoint") or b""
    seen = office.published.get("log/checkpoint.witnessed") or b""
    assert trust.policy.is_met(read_cosignatures(seen.decode(), trust.policy.keys))
    assert not trust.policy.is_met(read_cosignatures(newest.decode(), trust.policy.keys))
    answer = hall.ask("GET", "/log/checkpoint.witnessed")
    assert (answer.content, answer.headers["Cache-Control"]) == (seen, "public, max-age=2, stale-if-error=86400")
    auditor = Operator(person_id="auditor-7", department=BUREAU, role=Role.AUDITOR)
    with records.open("wb") as file:
        write_records(office.key_desk, file.write, auditor=auditor, at=hall.town.now, progress=lambda *_: None)
    publishes(hall)
    request = AuditRequest(source=str(office.settings.published_folder), roots=(root,), records=records)

    def audited(request: AuditRequest, days: int = 0) -> tuple[int, int, set[str]]:
        checked = check(request, at=hall.town.now + timedelta(days=days), progress=lambda *_: None)
        return checked.exit_code, checked.result.witnessed.size, {each.code for each in checked.result.findings.found}

    size = int(seen.split(b"\n")[1])
    assert audited(request) == (0, size, set())
    assert audited(request, days=2)[1:] == (size, {"checker.witness_late"})

    (office.settings.published_folder / "log/checkpoint.witnessed").unlink()
    assert audited(request) == (4, 0, {"checker.witness_few"})
    asked = replace(request, ask_witnesses=True)  # what the witnesses show is a quorum in hand
    assert audited(asked) == (4, size, {"checker.witness_away"})


def test_a_witness_that_is_away_is_told_about_and_an_entry_that_waits_too_long_is_an_alarm(watched: Watched) -> None:
    hall = watched.hall
    watched.works()
    assert '"witness":"next-city"' in hall.lines.getvalue()
    assert '"code":"witness.away"' in hall.lines.getvalue()
    assert _witnesses(hall.office).is_good
    hall.issues()
    hall.town.clock.moves(MERGE_DELAY + timedelta(minutes=1))

    hall.app.state.health.look_seconds = 0
    assert not _witnesses(hall.office).is_good
    told = hall.ask("GET", "/api/v1/healthz", headers={"Accept-Language": "en"})
    assert (told.status_code, told.json()["status"]) == (200, "degraded"), "it goes on issuing"
    (witnesses,) = (each for each in told.json()["parts"] if each["part"] == "witnesses")
    assert (witnesses["result"], witnesses["code"]) == ("failed", "health.unwitnessed")
    assert "longer than the stated delay" in witnesses["detail"]
    assert hall.issues()["licence_id"]

    watched.works()
    assert _witnesses(hall.office).is_good
    assert hall.ask("GET", "/api/v1/healthz").json()["status"] == "ok"


def calls(hall: Hall, *words: str) -> int:
    """Run a command of `yinzheng log` in this process, on the hall's office; return its exit code."""
    load(["log"])
    screen = Screen(language="en", as_json=False, is_quiet=False, no_colour=True)
    session = Session(screen=screen, data=None, built=hall.office)
    session._public = hall.office
    code: int = typer.main.get_command(log).main(list(words), obj=session, standalone_mode=False) or 0
    return code


def test_the_command_line_tells_how_the_log_stands_and_puts_the_witnessed_proof_into_official_documents(
    watched: Watched, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hall, office = watched.hall, OfficialOffice(watched.hall.town)
    once = office.document(office.seals(office.prepares()))
    twice = office.document(office.seals(office.prepares(once)))
    sealed = {"pdf": once, "twice.pdf": twice, "ofd": office.document(office.seals(office.prepares(plain_ofd())))}
    for name, document in sealed.items():
        (tmp_path / name).write_bytes(document)
    with pytest.raises(NotWitnessedError):
        calls(hall, "upgrade", str(tmp_path / "pdf"), "-o", str(tmp_path / "out"))
    hall.town.clock.moves(MERGE_DELAY + timedelta(minutes=1))
    evidence = hall.office.evidence()

    assert (calls(hall, "witnesses"), "not asked yet" in capsys.readouterr().out) == (5, True)
    assert calls(hall, "witnesses", "--ask") == 0
    told = capsys.readouterr().out
    assert ("✔ audit-office" in told, "[witness.away]" in told) == (True, True)

    for name, document in sealed.items():
        out = tmp_path / f"out-{name}"
        assert calls(hall, "upgrade", str(tmp_path / name), "-o", str(out)) == 0
        better, own = out.read_bytes(), read_document(document, None, (), at=hall.town.now).receipt
        before, after = (examine(each, evidence, at=hall.office.clock()) for each in (document, better))
        assert (said(before), said(after)) == (
            [("log.unwitnessed", "")],
            [("log.witnessed", "audit-office, archive")],
        ), name
        assert [each for each in before.findings if each.check is not Check.LOG] == [
            each for each in after.findings if each.check is not Check.LOG
        ]
        assert [each.outcome for each in after.signatures] == [each.outcome for each in before.signatures]
        assert check_file(hall.office, better).verdict is Verdict.VALID
        assert own is not None
        assert with_better_proof(better, own) == document, "nothing else was changed, so it can be undone to the byte"
    with pytest.raises(ProofUpgradeError):  # the second seal is over the first one's proof
        with_better_proof(twice, LogReceipt.from_text(check_file(hall.office, once).log.proof))


@contextmanager
def running(folder: Path, port: int, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `yinzheng witness` as a process of its own until it answers, and kill it at the end."""
    command = [sys.executable, "-c", "from api.cli import main; main()", "witness", str(folder), "--port", str(port)]
    process = subprocess.Popen([*command, *words], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.wait()


def test_the_command_is_a_witness_and_after_kill_9_it_goes_on_from_what_it_held(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/add-checkpoint"
    folder, key = tmp_path / "witness", verifier_key_text(LOG.name, LOG.public)

    with running(folder, port, "--name", "audit.test.example/w", "--log", key):
        assert httpx.post(url, content=request(0, 30).encode()).status_code == 200  # and killed at once

    with running(folder, port):
        again = httpx.post(url, content=request(0, 20).encode())
        assert (again.status_code, again.text) == (409, "30\n")
        assert httpx.post(url, content=request(30, 33).encode()).status_code == 200

        with ExitStack() as held:  # whoever begins to ask and says no more keeps nobody out
            for _ in range(70):
                opened = socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.2", 0))
                held.enter_context(opened).sendall(b"POST /a")
            last = socket.create_connection(("127.0.0.1", port), timeout=5, source_address=("127.0.0.2", 0))
            assert ended(held.enter_context(last)), "one address holds no more than its part"
            for _ in range(70):  # a proxy on this machine may hold more, and not all
                held.enter_context(socket.create_connection(("127.0.0.1", port))).sendall(b"POST /a")
            assert httpx.post(url, content=request(33, 35).encode()).status_code == 200


def ended(opened: socket.socket) -> bool:
    """Say whether the other end gave up the connection."""
    try:
        return opened.recv(1) == b""
    except ConnectionResetError:
        return True
