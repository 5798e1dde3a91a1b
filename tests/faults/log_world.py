"""What the fault tests of the log share: a house with its published folder, the driver's processes in it, and the re-reading.

What must hold after whatever happened: no entry is lost of which somebody has a receipt, none stands twice, what is filed with
an entry stands or falls with it, nothing forked, every published checkpoint is continued by the next, and what is published
is what the database says. All of it is made anew from bytes: by the auditor's checker from the published files, and here
from the database's rows.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from api.auditor.files import FolderReader
from registry import leaves
from registry.db import reading
from registry.tables import LOG_NODE
from signer.log_entries import EntryDraft
from signer.log_files import FolderStore
from signer.publish import publish
from tests.faults import log_driver
from tests.faults.log_driver import filed_with
from tests.faults.world import PROCESSES, SECONDS_MAX, Child
from tests.key_room import NOW, ORIGIN
from tests.log_house import LogHouse
from verify.log_audit.audit import AuditResult, LogAudit
from verify.log_audit.claims import Kept, Shown
from verify.log_audit.kept import kept_of, read_kept
from verify.log_audit.scope import AuditScope
from verify.log_entry import EntryKind, LogEntry
from verify.log_proof import LogReceipt, check_receipt
from verify.note import open_checkpoint
from verify.tree import Frontier, leaf_hash

# Nobody is asked for records or witnesses here.
EXPECTED = {"checker.records_none", "checker.witness_none"}


@dataclass(frozen=True, slots=True)
class Clerk:
    """A process of the driver, and where it writes down what was handed out."""

    child: Child
    told: Path

    def has_begun(self) -> None:
        """Wait until it has handed something out."""
        deadline = time.monotonic() + SECONDS_MAX
        while not self.told.exists() or not self.told.stat().st_size:
            assert self.child.process.is_alive() and time.monotonic() < deadline  # noqa: PT018 - one thing to wait for
            time.sleep(0.005)


@dataclass(slots=True)
class LogWorld:
    """A log that is published into a folder, and that other processes can open too."""

    house: LogHouse
    folder: Path
    disk: Path | None = None
    seen: list[Shown] = field(default_factory=list)
    _begun: int = 0

    @property
    def public(self) -> Path:
        """The published folder; it lies on the small disk where there is one."""
        return (self.disk or self.folder) / "public"

    def starts(self, act: str, **order: Any) -> Clerk:
        """Start one process that does an act in this house."""
        self._begun += 1
        told = self.folder / f"told-{self._begun}"
        order |= {"url": self.house.url, "keys": str(self.house.folder), "public": str(self.public), "act": act}
        order |= {"told": str(told), "stop": str(self.folder / "stop"), "disk": self.disk and str(self.disk)}
        here, there = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(target=log_driver.main, args=(order, there))
        process.start()
        there.close()
        return Clerk(Child(process, here), told)

    def does(self, act: str, **order: Any) -> list[str] | None:
        """Let one process do an act to its end, and return what it said; None when it was killed."""
        said: list[str] | None = self.starts(act, **order).child.said()
        return said

    def size(self) -> int:
        """Return how many entries the database has."""
        return self.house.head().size

    def published(self) -> int:
        """Return how large the published log is, and remember the checkpoint that says so."""
        note = (self.public / "log/checkpoint").read_text()
        if not self.seen or self.seen[-1].note != note:
            self.seen.append(Shown(source=f"seen {len(self.seen)}", note=note))
        return open_checkpoint(note, (self.house.log.verifier,)).size

    def grows_to(self, size: int) -> None:
        """Append until the log has this size, and nothing waits."""
        missing = range(size - self.size())
        self.house.log.append([EntryDraft(kind=EntryKind.RECEIPT, digest=os.urandom(32)) for _ in missing])
        assert self.size() == size

    def receipts(self, told: Path | None = None) -> tuple[LogReceipt, ...]:
        """Return the receipts that were handed out, to one process or to all."""
        return tuple(LogReceipt.from_text(text) for each in self._told(told) for text in each.get("receipts", ()))

    def audits(self, kept: Kept | None = None) -> AuditResult:
        """Let the auditor's checker read the published files, and demand that it finds nothing."""
        size = self.published()
        scope = AuditScope(
            verifiers=(self.house.log.verifier,),
            roots=(),
            at=NOW + timedelta(hours=1),
            kept=kept,
            shown=() if kept is not None else tuple(self.seen),
            only_new=kept is not None,
        )
        audit = LogAudit(scope, FolderReader(self.public))
        result = audit.run(progress=lambda _done, _all: None, save=lambda _state: None)
        found = [each for each in result.findings.found if each.code not in EXPECTED]
        assert not found, found
        assert result.is_complete
        assert result.checkpoint is not None
        assert result.checkpoint.size >= size
        assert len(result.compared) == (1 if kept is not None else len(self.seen)), "each was the beginning of this one"
        return result

    def finds(self) -> set[tuple[str, str]]:
        """Return what the auditor's checker finds in the published files: code and file."""
        scope = AuditScope(verifiers=(self.house.log.verifier,), roots=(), at=NOW + timedelta(hours=1))
        result = LogAudit(scope, FolderReader(self.public)).run(progress=lambda *_: None, save=lambda _: None)
        return {(each.code, each.params["file"]) for each in result.findings.found if each.code not in EXPECTED}

    def demand_kept(self, clerk: Clerk, kept: Kept | None) -> Kept:
        """While others go on: what this one handed out stands, and what is published continues what was kept."""
        receipts = self.receipts(clerk.told)
        with reading(self.house.database) as tx:
            stored = leaves.entries_at(tx, ORIGIN, [each.index for each in receipts])
        assert stored == {each.index: each.entry for each in receipts}
        return read_kept(kept_of(self.audits(kept)))

    def demand_whole(self) -> None:
        """Read everything anew, when nobody is at work: all that is promised above."""
        self.house.log.flush_pending()
        entries, roots = self._read_again()
        decoded = [LogEntry.decode(each) for each in entries]
        digests = Counter(each.digest for each in decoded)
        assert max(digests.values()) == 1, "an entry stands twice"
        intents = {index: each for index, each in enumerate(decoded) if each.kind is EntryKind.INTENT}
        filed = {filed_with(each.digest) for each in intents.values()}
        assert filed <= digests.keys(), "what was filed with an entry is lost"
        with reading(self.house.database) as tx:
            opened = [each.leaf_index for each in leaves.all_intents(tx, ORIGIN, limit=len(entries))]
        assert opened == list(intents)
        waited = {bytes.fromhex(each["waits"]) for each in self._told() if "waits" in each}
        assert waited <= digests.keys(), "an act that waited for the log is lost"
        for each in self.receipts():
            assert entries[each.index] == each.entry
            checkpoint = check_receipt(each, (self.house.log.verifier,))
            assert roots[checkpoint.size] == checkpoint.root, "a receipt was handed out for another log"
        if self.public.exists():
            found = self.audits().checkpoint
            assert found is not None
            assert roots[found.size] == found.root

    def demand_all_published(self) -> None:
        """Publish, and demand that nothing else stands there than what the database alone gives, and true old parts."""
        said = self.does("publish")
        assert said == [str(self.size())]
        publish(self.house.database, self.house.log.verifier, FolderStore(self.folder / "anew"))
        ours, anew = public_files(self.public), public_files(self.folder / "anew")
        assert {name: ours.get(name) for name in anew} == anew
        for name in ours.keys() - anew.keys():
            whole, is_partial, _width = name.partition(".p/")
            assert is_partial, f"nobody made {name}"
            assert whole not in ours, f"{name} is needless: the whole one stands there"
            longer = max(anew[each] for each in anew if each.startswith(f"{whole}.p/"))
            assert longer.startswith(ours[name]), f"{name} is not the beginning of what came later"
        self.demand_whole()

    def _read_again(self) -> tuple[tuple[bytes, ...], dict[int, bytes]]:
        """Make tree and roots anew from the entries of the database, and compare all rows of the log with them."""
        head, stored = self.house.head(), self.house.entries()
        assert [each.index for each in stored] == list(range(head.size))
        frontier, nodes, roots = Frontier(), {}, {}
        for each in stored:
            assert each.leaf_hash == leaf_hash(each.entry)
            frontier, complete = frontier.grow([each.leaf_hash])
            nodes |= complete
            roots[frontier.size] = frontier.root
        signed = open_checkpoint(head.note, (self.house.log.verifier,))
        assert (signed.size, signed.root, head.root) == (head.size, roots[head.size], roots[head.size])
        assert head.edge == frontier.edge
        inner = [node for node in nodes if node[0]]
        with reading(self.house.database) as tx:
            assert leaves.nodes(tx, ORIGIN, inner) == {node: nodes[node] for node in inner}
            assert tx.execute(select(func.count()).select_from(LOG_NODE)).scalar_one() == len(inner)
            assert leaves.count_pending(tx) == 0
        return tuple(each.entry for each in stored), roots

    def _told(self, told: Path | None = None) -> Iterator[dict[str, Any]]:
        for path in [told] if told is not None else sorted(self.folder.glob("told-*")):
            lines = path.read_bytes().split(b"\n") if path.exists() else [b""]
            yield from map(json.loads, lines[:-1])


def public_files(folder: Path) -> dict[str, bytes]:
    """Return what a web server would give: no hidden files."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
