"""The auditor's checker: from a published log, and what else the auditor has, to a list of what does not hold.

Promises:
  * Nothing is believed because the operator says so but the pinned keys; every hash is made anew from the entries.
  * Never raises for bad input: what cannot be read is a finding with its place. Three answers: it holds, it does not,
    it could not be checked.
  * What it knows after any bundle can be saved and taken up again; memory does not grow with the log.

1. The checkpoint: signed. 2. What it must agree with: the kept one, those that others show, the roots in
reports and records. 3. Each bundle: entries against tiles, tiles against tiles, entries by themselves, leaves against
rows and applications. 4. The root. 5. The monthly reports. 6. What was still open, and who witnessed.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from verify.cosignature import read_cosignatures
from verify.errors import MalformedError
from verify.log_audit.claims import Claims, Kept, Shown
from verify.log_audit.entry_judge import EntryJudge
from verify.log_audit.findings import Findings
from verify.log_audit.hours import OfficeHours, Sample
from verify.log_audit.records import RecordsManifest, Rows
from verify.log_audit.reports import Reports
from verify.log_audit.row_judge import LICENCE_PURPOSES, RowJudge
from verify.log_audit.tree_walk import Bundle, Reader, TreeWalk
from verify.log_entry import EntryKind, LogEntry
from verify.note import NOTE_LENGTH_MAX, Checkpoint, LogVerifier, NoteError, open_checkpoint
from verify.tiles import TILE_WIDTH, TileError, decode_bundle, entries_path
from verify.witness_policy import WitnessPolicy

CHECKPOINT: Final = "checkpoint"
# The merge delay of decisions.md: within a day of its entries every checkpoint is witnessed.
MERGE_DELAY: Final = timedelta(hours=24)
# Between two savings some seconds of work, and a file of a megabyte or two.
SAVE_EVERY: Final = 128 * TILE_WIDTH
STATE_FORMAT: Final = 1
_WAIT_MAX: Final = timedelta(days=1)
_BUNDLES_KEPT: Final = 16

Progress = Callable[[int, int], None]
Save = Callable[[Mapping[str, object]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditScope:
    """What is audited, and by what: ``roots`` are pinned keys of the trust list, ``at`` the moment of the audit.

    ``wanted`` are digests of signed bytes whose place in the log is asked for. ``only_new`` begins at the kept place.
    ``policy`` says which witnesses must have cosigned; ``prefix`` is where the log stands among the published files.
    """

    verifiers: tuple[LogVerifier, ...]
    roots: tuple[bytes, ...]
    at: datetime
    kept: Kept | None = None
    shown: tuple[Shown, ...] = ()
    manifest: RecordsManifest | None = None
    wanted: frozenset[bytes] = frozenset()
    hours: OfficeHours = field(default_factory=OfficeHours)
    seed: str = ""
    sample_size: int = 0
    only_new: bool = False
    prefix: str = "log/"
    policy: WitnessPolicy = field(default_factory=WitnessPolicy)


@dataclass(slots=True, kw_only=True)
class AuditResult:
    """What was audited, and everything that was found; ``first`` is where the walk began.

    Leaves below ``rows_until`` were compared with rows, now or before; ``row_walk`` is how the walk stood there.
    """

    checkpoint: Checkpoint | None
    findings: Findings
    judge: EntryJudge
    walk: TreeWalk | None = None
    first: int = 0
    kept: Checkpoint | None = None
    compared: tuple[str, ...] = ()
    reports: Mapping[str, bytes] = field(default_factory=dict)
    rows_compared: int = 0
    rows_until: int = 0
    row_walk: Mapping[str, object] | None = None
    witnesses: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Say whether the walk came to its end."""
        return self.walk is not None and self.walk.position == self.walk.size


class LogAudit:
    """One audit. ``rows`` are the registry's records, opened by the caller and belonging to ``scope.manifest``."""

    def __init__(self, scope: AuditScope, reader: Reader, rows: Rows | None = None) -> None:
        self._scope = scope
        self._reader = reader
        self._rows = None if scope.manifest is None else rows
        self._findings = Findings()
        self._bundles: OrderedDict[int, tuple[bytes, ...]] = OrderedDict()
        self._rows_compared = 0
        self._compared: list[str] = []
        self._uncovered = 0
        self._claimed = ""
        self._row_walk: Mapping[str, object] | None = None
        self._file = scope.prefix + CHECKPOINT
        self._resumed: Mapping[str, Any] | None = None

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on where ``state`` was saved; one of another checkpoint, other records, roots or draw is left alone."""
        self._resumed = state

    def run(self, *, progress: Progress, save: Save) -> AuditResult:
        """Do it; ``progress`` is told how many entries of how many are done, ``save`` gets a state for JSON."""
        checkpoint = self._checkpoint()  # (1)
        root = b"" if checkpoint is None else checkpoint.root
        sample = Sample(self._scope.seed, root, self._scope.sample_size)
        at = int(self._scope.at.timestamp())
        judge = EntryJudge(self._findings, hours=self._scope.hours, sample=sample, at=at)
        if checkpoint is None:
            return AuditResult(checkpoint=None, findings=self._findings, judge=judge)
        claims = Claims(checkpoint, self._scope.verifiers, self._findings)  # (2)
        kept = claims.add_kept(self._scope.kept)
        for shown in self._scope.shown:
            claims.add_shown(shown)
        claims.add_manifest(self._scope.manifest)
        reports = Reports(self._reader, checkpoint, self._scope.roots, self._findings)
        logged = reports.fetch(self._first_time(checkpoint.size), self._scope.at, claims)
        judge.wanted |= dict.fromkeys(self._scope.wanted | logged)
        walk = TreeWalk(self._reader, self._scope.prefix, (checkpoint.size, checkpoint.root), self._findings)
        first = self._begin(walk, kept)
        if first:
            claims.begin(walk, self._scope.kept)
        known = self._rows_known(first)
        row_judge = RowJudge(self._findings, judge)
        self._claimed = claims.fingerprint
        self._take_up(walk, judge, row_judge)
        self._walk(walk, judge, row_judge, claims, (progress, save))  # (3)
        if walk.position == walk.size and walk.root() != checkpoint.root:  # (4)
            self._findings.fail("checker.root_other", file=self._file, expected=checkpoint.root, found=walk.root())
        rows_until = 0 if self._rows is None or self._scope.manifest is None else self._scope.manifest.size
        reports.judge(judge.tally, judge.wanted, first=first, rows_until=rows_until, at=self._scope.at)  # (5)
        self._finish(judge, row_judge, checkpoint, first)  # (6)
        witnesses = self._witnesses(checkpoint, judge.last_time)
        return AuditResult(
            checkpoint=checkpoint,
            findings=self._findings,
            judge=judge,
            walk=walk,
            first=first,
            kept=kept,
            compared=(*self._compared, *claims.compared),
            reports={month: each.content for month, each in reports.read.items()},
            rows_compared=self._rows_compared,
            rows_until=known if self._rows is None or first > known else min(rows_until, checkpoint.size),
            row_walk=self._row_walk,
            witnesses=witnesses,
        )

    def entry(self, index: int, size: int) -> bytes | None:
        """Return one entry of a log of this size, from the bundles read last or anew; None where it cannot be read."""
        number = index // TILE_WIDTH
        if number not in self._bundles:
            width = min(TILE_WIDTH, size - number * TILE_WIDTH)
            content = self._reader.get(self._scope.prefix + entries_path(number, width))
            if content is None and width < TILE_WIDTH:
                content = self._reader.get(self._scope.prefix + entries_path(number, TILE_WIDTH))
            try:
                self._bundles[number] = decode_bundle(content or b"")
            except TileError:
                self._bundles[number] = ()
            if len(self._bundles) > _BUNDLES_KEPT:
                self._bundles.popitem(last=False)
        entries, place = self._bundles[number], index % TILE_WIDTH
        return entries[place] if place < len(entries) else None

    def _checkpoint(self) -> Checkpoint | None:
        content = self._reader.get(self._file)
        if content is None:
            self._findings.fail("checker.file_missing", file=self._file, index=0)
            return None
        try:
            return open_checkpoint(content[: NOTE_LENGTH_MAX * 4].decode(), self._scope.verifiers)
        except (NoteError, UnicodeDecodeError) as error:
            detail = error.detail if isinstance(error, NoteError) else "not UTF-8"
            self._findings.fail("checker.checkpoint_wrong", file=self._file, found=detail)
            return None

    def _witnesses(self, checkpoint: Checkpoint, last_time: int) -> tuple[str, ...]:
        """Return who cosigned the checkpoint; a quorum that is missing a day after the last entry has failed."""
        policy = self._scope.policy
        try:
            found = read_cosignatures(checkpoint.note, policy.keys)
        except NoteError as error:
            self._findings.fail("checker.cosignature_wrong", file=self._file, found=error.detail)
            return ()
        names = policy.names(found)
        if not policy.has_quorum:
            self._findings.unknown("checker.witness_none", file=self._file)
        elif not policy.is_met(found):
            is_late = self._scope.at.timestamp() - last_time > MERGE_DELAY.total_seconds()
            note = self._findings.fail if is_late else self._findings.unknown
            note("checker.witness_few", file=self._file, expected=policy.quorum, found=" ".join(names))
        return names

    def _first_time(self, size: int) -> datetime:
        """Return the time of the first entry, or now where it cannot be read or lies ahead."""
        try:
            return min(LogEntry.decode(self.entry(0, size) or b"").time, self._scope.at)
        except MalformedError:
            return self._scope.at

    def _begin(self, walk: TreeWalk, kept: Checkpoint | None) -> int:
        """Begin at the kept place where that is wanted and there is one; return it."""
        if not self._scope.only_new or kept is None or self._scope.kept is None or kept.size > walk.size:
            return 0
        try:
            walk.restore(self._scope.kept.walk)
        except (TypeError, KeyError, ValueError):
            self._findings.unknown("checker.kept_place")
            return 0
        return walk.position

    def _rows_known(self, first: int) -> int:
        """Return below which entry leaves were compared with rows before; say so where this audit leaves a gap."""
        kept, known = self._scope.kept, 0
        if first and kept is not None:
            known = kept.rows
        if first > known and self._scope.manifest is not None:
            self._findings.unknown("checker.records_gap", index=known, expected=first)
        return known

    def _take_up(self, walk: TreeWalk, judge: EntryJudge, row_judge: RowJudge) -> None:
        """Take up what an interrupted audit of the same things had found."""
        state = self._resumed
        if state is None or state.get("of") != self._of(walk):
            return
        self._findings.restore(state["findings"])
        walk.restore(state["walk"])
        judge.restore(state["judge"])
        row_judge.restore(state["rows"])
        self._rows_compared = state["rows_compared"]
        self._uncovered = state["uncovered"]
        self._compared = list(state["compared"])

    def _walk(
        self, walk: TreeWalk, judge: EntryJudge, row_judge: RowJudge, claims: Claims, told: tuple[Progress, Save]
    ) -> None:
        progress, save = told
        manifest = self._scope.manifest
        end = walk.size if manifest is None else manifest.size
        while (bundle := walk.read()) is not None:
            claims.judge(walk, bundle, self._scope.kept)
            self._judge_bundle(bundle, walk, judge, row_judge)
            self._judge_links(bundle, walk, judge)
            if bundle.start == end - end % TILE_WIDTH:  # the next audit begins where the rows end, not behind them
                self._row_walk = walk.state()
            walk.push(bundle)
            progress(walk.position, walk.size)
            if walk.position % SAVE_EVERY == 0:
                state = {"walk": walk.state(), "judge": judge.state(), "rows": row_judge.state()}
                save(state | self._state(walk) | {"compared": [*self._compared, *claims.compared]})

    def _judge_bundle(self, bundle: Bundle, walk: TreeWalk, judge: EntryJudge, row_judge: RowJudge) -> None:
        manifest = self._scope.manifest
        end = 0 if manifest is None else manifest.size
        for index, found in judge.judge(bundle, lambda place: self.entry(place, walk.size)):
            if self._rows is None or index >= end:
                self._uncovered += found.shape.first in LICENCE_PURPOSES or found.shape.kind is EntryKind.STATE
                continue
            try:
                row = self._rows.row(index)
            except MalformedError as error:
                self._findings.fail("checker.records_malformed", index=index, found=error.detail)
                self._rows = None
                continue
            self._rows_compared += 1
            row_judge.judge(index, found, row)

    def _judge_links(self, bundle: Bundle, walk: TreeWalk, judge: EntryJudge) -> None:
        """Compare what names say of the log before them with what it was."""
        for link in judge.links:
            before = bundle.leaves[: link.place - bundle.start]
            root = walk.root(before) if bundle.leaves else b""
            if (link.size, link.root) != (link.place, root):
                self._findings.fail(
                    "checker.link_wrong", file=bundle.file, index=link.place, expected=root, found=link.root
                )
        judge.links.clear()

    def _finish(self, judge: EntryJudge, row_judge: RowJudge, checkpoint: Checkpoint, first: int) -> None:
        manifest, rows = self._scope.manifest, self._rows
        if judge.name not in {"", checkpoint.origin}:
            self._findings.fail("checker.name_other", file=self._file, expected=judge.name, found=checkpoint.origin)
        if manifest is None:
            self._findings.unknown("checker.records_none")
        if manifest is None or rows is None:
            return
        until = int((manifest.made_at - _WAIT_MAX).timestamp())
        row_judge.finish(judge.given_up, until=until, compared=range(first, manifest.size))
        try:
            for each in rows.waiting():
                self._waits(each.get("of"), each.get("at"), manifest.made_at)
        except MalformedError as error:
            self._findings.fail("checker.records_malformed", index=checkpoint.size, found=error.detail)
        if manifest.size < checkpoint.size and self._uncovered:
            self._findings.unknown("checker.records_short", expected=checkpoint.size, found=manifest.size)
        if manifest.size <= checkpoint.size and not self._scope.only_new:
            row_judge.demand_all(manifest.totals)

    def _waits(self, what: object, at: object, made_at: datetime) -> None:
        since = datetime.fromtimestamp(at, UTC) if isinstance(at, int) and 0 <= at < 1 << 33 else None
        if since is None or made_at - since > _WAIT_MAX:
            self._findings.fail("checker.row_unlogged", what=what, found=at)
        else:
            self._findings.list("waiting", what=what, time=at)

    def _of(self, walk: TreeWalk) -> list[object]:
        """Return what a saved state must be of."""
        scope = self._scope
        digest = None if scope.manifest is None else scope.manifest.digest.hex()
        wanted = sorted(each.hex() for each in scope.wanted)
        root = walk.root_wanted.hex()
        return [
            STATE_FORMAT,
            scope.prefix,
            walk.size,
            root,
            digest,
            scope.seed,
            scope.sample_size,
            scope.only_new,
            wanted,
            self._claimed,
            [scope.hours.opens, scope.hours.closes],
            [sorted(map(str, each)) for each in (scope.hours.holidays, scope.hours.work)],
        ]

    def _state(self, walk: TreeWalk) -> dict[str, object]:
        return {
            "of": self._of(walk),
            "findings": self._findings.state(),
            "rows_compared": self._rows_compared,
            "uncovered": self._uncovered,
            "consumed": 0 if self._rows is None else self._rows.consumed,
        }


def kept_of(result: AuditResult) -> dict[str, object]:
    """Return what an auditor keeps after an audit in which nothing failed, for JSON."""
    if result.checkpoint is None or result.walk is None:
        raise TypeError("there is nothing to keep")
    told = {"format": STATE_FORMAT, "note": result.checkpoint.note, "rows": result.rows_until}
    return {**told, "walk": result.row_walk or result.walk.state()}


def read_kept(state: Mapping[str, object]) -> Kept:
    """Read what was kept. Raises ``MalformedError``."""
    note, walk, rows = state.get("note"), state.get("walk"), state.get("rows", 0)
    if state.get("format") != STATE_FORMAT or not isinstance(note, str) or not isinstance(walk, dict):
        raise MalformedError("not what a checker keeps")
    return Kept(note=note, walk=walk, rows=rows if isinstance(rows, int) else 0)
