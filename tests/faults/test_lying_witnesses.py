"""Witnesses as processes of their own that lie, dawdle or forget: issuing goes on, nothing forks, and it is told."""

import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.witness_client import HttpWitnessClient
from keys.softkeys import create_key
from keys.time_limits import TimeLimits
from registry.db import reading
from signer.errors import LogBehindError
from signer.log import SigningLog
from signer.log_entries import key_event
from signer.log_files import FolderStore
from signer.log_safety import HeadGuard
from signer.publish import publish_log
from signer.witnessing import WitnessAnswer, Witnessing, newest_witnessed, standings
from tests.key_room import CHECKPOINT, PASSPHRASE
from tests.log_house import LogHouse
from tests.witness_room import CITY, found_witness, serving
from verify.algorithms import Algorithm
from verify.log_audit.audit import LogAudit
from verify.log_audit.scope import AuditScope
from verify.note import verifier_key_text
from verify.witness_policy import WitnessPolicy
from verify.witnessed import MERGE_DELAY

pytestmark = pytest.mark.server
ROOT = Path(__file__).parents[2]
# Slow is who does not answer within this; the office's own limits are five seconds and ten.
LIMITS = TimeLimits(connect_seconds=5.0, read_seconds=3.0, overall_seconds=6.0)
LIES = {
    "stranger": "witness.no_line",
    "forger": "witness.bad_signature",
    "other-root": "witness.bad_signature",
    "other-size": "witness.bad_signature",
    "slow": "witness.slow",
    "ahead": "witness.claims_ahead",
    "refuser": "witness.refuses_proof",
}


@dataclass(frozen=True)
class Office:
    """A log that is published and guarded, with two honest witnesses and a third one at any address."""

    house: LogHouse
    honest: str
    store: FolderStore

    def policy(self, third: str, quorum: str = "2") -> WitnessPolicy:
        """Return the policy that names the third one at this address."""
        verifier = self.house.log.verifier
        return WitnessPolicy.parse(
            f"log {verifier_key_text(verifier.name, verifier.public)}\n{self.honest}"
            f"witness city {CITY.key.text} {third}\n"
            f"group heads {quorum} audit archive city\nquorum heads\n"
        )

    def witnessing(self, policy: WitnessPolicy) -> Witnessing:
        """Return what speaks to these witnesses."""
        house = self.house
        return Witnessing(
            database=house.database,
            verifier=house.log.verifier,
            policy=policy,
            client=HttpWitnessClient(limits=LIMITS),
            clock=house.clock,
        )

    def log(self, witnessing: Witnessing) -> SigningLog:
        """Return the log as a process opens it that asks everybody before its first entry."""
        verifier, database = self.house.log.verifier, self.house.database
        guard = HeadGuard(database=database, verifier=verifier, store=self.store, witnesses=witnessing.seen)
        return replace(self.house.log, guard=guard)

    def demand_clean(self, policy: WitnessPolicy, *, witnessed: bool = True) -> None:
        """Publish, and read all of it again as a stranger does."""
        publish_log(self.house.database, self.house.log.verifier, self.store)
        scope = AuditScope(verifiers=(self.house.log.verifier,), roots=(), at=self.house.clock(), policy=policy)
        result = LogAudit(scope, self.store).run(progress=lambda _done, _all: None, save=lambda _state: None)
        expected = ["checker.records_none"] if witnessed else ["checker.records_none", "checker.witness_few"]
        assert [each.code for each in result.findings.found] == expected
        assert result.is_complete


def grows(log: SigningLog, count: int) -> None:
    """Append so many entries, each with its own checkpoint and commit."""
    for _ in range(count):
        log.append([key_event("made", b"12345678", time.monotonic_ns().to_bytes(8, "big"))])


def codes(answers: Sequence[WitnessAnswer]) -> dict[str, str]:
    return {each.witness.name: "" if each.error is None else each.error.code for each in answers}


@contextmanager
def process(*words: object) -> Iterator[subprocess.Popen[str]]:
    """Run a module of these tests as a process of its own, and kill it at the end."""
    started = subprocess.Popen(
        [sys.executable, "-m", *map(str, words)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


@pytest.fixture(scope="module")
def liar() -> Iterator[str]:
    """A process that lies in every way, each at an address below this one."""
    with process("tests.faults.lying_witness") as started:
        assert started.stdout is not None
        yield f"http://127.0.0.1:{started.stdout.readline().strip()}"


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path) -> Iterator[Office]:
    create_key(tmp_path / "log-keys", PASSPHRASE, CHECKPOINT, Algorithm.ED25519)
    house = LogHouse.open(sqlite_url, tmp_path / "log-keys")
    house.clock.now = datetime.now(UTC).replace(microsecond=0)  # the witnesses have the machine's clock
    house.log.found()
    services = {
        name: found_witness(tmp_path / name, name, house.log.verifier, clock=house.clock)
        for name in ("audit", "archive")
    }
    with serving(services["audit"]) as audit, serving(services["archive"]) as archive, closing(house.database):
        lines = f"witness audit {services['audit'].store.key.text} {audit}\n"
        lines += f"witness archive {services['archive'].store.key.text} {archive}\n"
        yield Office(house, lines, FolderStore(tmp_path / "published"))


def test_whatever_one_of_three_witnesses_answers_entries_go_on_and_the_log_stays_whole(
    office: Office, liar: str
) -> None:
    for way, code in LIES.items():
        policy = office.policy(f"{liar}/{way}")
        witnessing = office.witnessing(policy)
        log, before, answers = office.log(witnessing), office.house.head().size, list[WitnessAnswer]()
        collecting = threading.Thread(target=lambda mine=witnessing, to=answers: to.extend(mine.collect()))
        collecting.start()

        grows(log, 2)

        if way == "slow":
            assert collecting.is_alive(), "entries were written while it was waited for"
        collecting.join()
        assert codes(answers)["city"] == code
        assert office.house.head().size == before + 2
        assert codes(witnessing.collect())["city"] == code
        (standing,) = standings(office.house.database, policy)
        assert (standing.witnessed, standing.waiting_since) == (before + 2, None), way
        assert code in {each.code for each in standing.answers}, way
        office.demand_clean(policy)


def test_a_quorum_that_needs_the_liar_is_missed_until_the_alarm_and_no_entry_waits_for_it(
    office: Office, liar: str
) -> None:
    needs_all = office.policy(f"{liar}/other-root", quorum="all")
    witnessing = office.witnessing(needs_all)
    log = office.log(witnessing)
    grows(log, 2)
    witnessing.collect()
    (standing,) = standings(office.house.database, needs_all)
    in_time = office.house.clock() + MERGE_DELAY
    assert (standing.witnessed, standing.is_overdue(in_time)) == (0, False)
    assert standing.is_overdue(in_time + timedelta(seconds=1)), "an alarm"

    grows(log, 1)
    office.demand_clean(needs_all, witnessed=False)
    reformed = office.policy(f"{liar}/reformed", quorum="all")
    assert codes(office.witnessing(reformed).collect()) == {"audit": "", "archive": "", "city": ""}

    (standing,) = standings(office.house.database, reformed)
    assert (standing.witnessed, standing.waiting_since) == (office.house.head().size, None)
    office.demand_clean(reformed)


def listens(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(600):
        with suppress(OSError):
            return socket.create_connection(("127.0.0.1", port)).close()
        time.sleep(0.05)
    raise AssertionError("nobody listens")


def test_a_witness_that_was_restored_from_an_older_store_is_led_on_and_forks_nothing(
    office: Office, tmp_path: Path
) -> None:
    house, folder, old = office.house, tmp_path / "third", tmp_path / "third-before"
    third = found_witness(folder, "third", house.log.verifier, clock=house.clock)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    verifier = house.log.verifier
    policy = WitnessPolicy.parse(
        f"log {verifier_key_text(verifier.name, verifier.public)}\n{office.honest}"
        f"witness third {third.store.key.text} http://127.0.0.1:{port}\n"
        "group heads all audit archive third\nquorum heads\n"
    )
    witnessing = office.witnessing(policy)
    log = office.log(witnessing)
    with process("tests.faults.honest_witness", folder, port):
        listens(port)
        assert set(codes(witnessing.collect()).values()) == {""}
        shutil.copytree(folder, old)
        house.database.close()
        shutil.copy(house.url.removeprefix("sqlite:///"), tmp_path / "before.sqlite")
        grows(log, 5)
        assert set(codes(witnessing.collect()).values()) == {""}
    shutil.rmtree(folder)
    old.rename(folder)  # killed, and restored from a copy that is behind

    with process("tests.faults.honest_witness", folder, port):
        listens(port)
        grows(log, 3)
        assert set(codes(witnessing.collect()).values()) == {""}
        with reading(house.database) as tx:
            found = newest_witnessed(tx, house.head(), policy)
        assert found is not None
        assert (found.size, found.names) == (house.head().size, ("audit", "archive", "third"))
        office.demand_clean(policy)

        # A database that is restored as far back is convicted by what any of them shows under our own signature.
        behind = LogHouse.open(f"sqlite:///{tmp_path / 'before.sqlite'}", house.folder)
        with closing(behind.database):
            alone = replace(office, house=behind, store=FolderStore(tmp_path / "nothing-published"))
            with pytest.raises(LogBehindError) as refused:
                grows(alone.log(alone.witnessing(policy)), 1)
            assert refused.value.params["missing"] == "8"
            assert behind.head().size == 1
