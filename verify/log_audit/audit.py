"""The auditor's checker: from a published log, and what else the auditor has, to a list of what does not hold.

Promises:
  * Nothing is believed because the operator says so but the pinned keys; every hash is made anew from the entries.
  * Never raises for bad input: what cannot be read is a finding with its place. Three answers: it holds, it does not,
    it could not be checked.
  * What it knows can be saved and taken up again, also when the log grew meanwhile: the newer checkpoint must then
    continue the one under which the audit began. Memory hardly grows with the log, also with a hostile one.

1. The checkpoint: signed. 2. What it must agree with: the kept one, those that others show, the roots in
reports and records. 3. Each bundle: entries against tiles, tiles against tiles, entries by themselves, leaves against
rows and applications. 4. The root. 5. The monthly reports. 6. What was still open, and who witnessed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from verify.errors import MalformedError
from verify.log_audit.checkpoints import EarlierNames, Quorum, Witnessed
from verify.log_audit.claims import Claims
from verify.log_audit.counted import Counted
from verify.log_audit.earlier import Bundles, Earlier
from verify.log_audit.ending import Ending
from verify.log_audit.entry_judge import EntryJudge
from verify.log_audit.findings import Findings
from verify.log_audit.hours import Sample
from verify.log_audit.index_set import IndexSet
from verify.log_audit.records import Row, Rows
from verify.log_audit.reports import Reports
from verify.log_audit.row_judge import LICENCE_PURPOSES, RowJudge
from verify.log_audit.scope import AuditScope
from verify.log_audit.statuses import PublishedLists
from verify.log_audit.tree_walk import Bundle, Reader, TreeWalk
from verify.log_entry import EntryKind, LogEntry
from verify.note import NOTE_LENGTH_MAX, Checkpoint, NoteError, open_checkpoint
from verify.tiles import CHECKPOINT, TILE_WIDTH
from verify.usual_entry import EntryReader

# Between two savings some seconds of work, and a file of a megabyte or two.
SAVE_EVERY: Final = 128 * TILE_WIDTH
STATE_FORMAT: Final = 4

Progress = Callable[[int, int], None]
Save = Callable[[Mapping[str, object]], None]


@dataclass(slots=True, kw_only=True)
class AuditResult:
    """What was audited, and everything that was found; ``first`` is where the walk began.

    ``begun`` is the checkpoint under which the audit began, from whose root the sample was drawn. Leaves below
    ``rows_until`` were compared with rows, now or before; ``next_place`` is how everything stood there. ``counted`` is
    what audits before this one counted, ``judged`` the reports held against all counts.
    """

    checkpoint: Checkpoint | None
    findings: Findings
    judge: EntryJudge
    walk: TreeWalk | None = None
    first: int = 0
    begun: Checkpoint | None = None
    kept: Checkpoint | None = None
    compared: tuple[str, ...] = ()
    reports: Mapping[str, bytes] = field(default_factory=dict)
    rows_compared: int = 0
    rows_until: int = 0
    counted: Counted = field(default_factory=lambda: Counted(None, 0))
    judged: Mapping[str, str] = field(default_factory=dict)
    next_place: Mapping[str, Any] = field(default_factory=dict)
    witnessed: Witnessed = field(default_factory=Witnessed)
    lists: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Say whether the walk came to its end."""
        return self.walk is not None and self.walk.position == self.walk.size


class LogAudit:
    """One audit. ``open_rows`` opens the records of ``scope.manifest`` at a place of their file, in bytes."""

    def __init__(
        self, scope: AuditScope, reader: Reader, open_rows: Callable[[int], Rows | None] | None = None
    ) -> None:
        self._scope = scope
        self._reader = reader
        self._open_rows = open_rows or (lambda _place: None)
        self._rows: Rows | None = None
        self._findings = Findings()
        self._bound = scope.bound(STATE_FORMAT)
        self._bundles = Bundles(reader, scope.prefix)
        self._rows_compared = 0
        self._uncovered = 0
        self._next_place: Mapping[str, Any] = {}
        self._begun: Checkpoint | None = None
        self._unsearched: frozenset[bytes] = frozenset()
        self._file = scope.prefix + CHECKPOINT
        self._quorum = Quorum(self._file, scope.policy, self._findings)
        self._names = EarlierNames(reader, scope.prefix, scope.verifiers, self._findings)
        trust, self._lists = scope.trust, None
        if trust is not None:
            self._lists = PublishedLists(reader, trust, self._findings, at=scope.at)
        self._resumed: Mapping[str, Any] | None = None

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on where ``state`` was saved; one of other arguments (`AuditScope.bound`) is left alone, wholly."""
        self._resumed = state

    def run(self, *, progress: Progress, save: Save) -> AuditResult:
        """Do it; ``progress`` is told how many entries of how many are done, ``save`` gets a state for JSON."""
        checkpoint = self._checkpoint()  # (1)
        self._begun = begun = self._begin_under(checkpoint)
        sample = Sample(self._scope.seed, b"" if begun is None else begun.root, self._scope.sample_size)
        at, limits, trust = int(self._scope.at.timestamp()), self._scope.limits, self._scope.trust
        judge = EntryJudge(self._findings, hours=self._scope.hours, sample=sample, at=at, limits=limits, trust=trust)
        if checkpoint is None or begun is None:
            return AuditResult(checkpoint=None, findings=self._findings, judge=judge)
        claims, kept = self._claims(checkpoint, begun)  # (2)
        reports = Reports(self._reader, checkpoint, self._scope.roots, self._findings)
        logged = reports.fetch(self._first_time(checkpoint.size), self._scope.at, claims)
        judge.wanted |= dict.fromkeys(self._scope.wanted | logged)
        walk = TreeWalk(self._reader, self._scope.prefix, (checkpoint.size, checkpoint.root), self._findings)
        first = self._begin(walk, kept if kept is not None and kept.origin in claims.names else None)
        known, counted = self._rows_known(first), Counted(self._scope.kept, first)
        row_judge = RowJudge(self._findings, judge, self._lists)
        if self._lists is not None:
            self._lists.fetch({} if self._scope.kept is None else self._scope.kept.lists)
        self._findings.begin()
        self._rows = self._opened(row_judge)
        earlier = self._take_up(walk, judge, row_judge, claims, first)
        claims.begin(walk, self._scope.kept, earlier)
        self._quorum.begin(claims)
        self._walk(walk, judge, row_judge, claims, (progress, save))  # (3)
        self._search(judge, earlier)
        if walk.position == walk.size and walk.root() != checkpoint.root:  # (4)
            self._findings.fail("checker.root_other", file=self._file, expected=checkpoint.root, found=walk.root())
        rows_until = 0 if self._rows is None or self._scope.manifest is None else self._scope.manifest.size
        covered = walk.size if rows_until and not self._uncovered else min(rows_until, walk.size)
        reports.judge(judge.tally, counted, judge.wanted, rows_until=covered, at=self._scope.at)  # (5)
        ending = Ending(
            findings=self._findings,
            judge=judge,
            row_judge=row_judge,
            entry=partial(self._entry, checkpoint.size, first, earlier),
            counted=counted,
            size=checkpoint.size,
        )
        ending.judge_rows(self._scope.manifest, self._rows, partial(self._open_rows, 0), at=at)  # (6)
        self._compare_whole(judge, checkpoint)
        return AuditResult(
            checkpoint=checkpoint,
            findings=self._findings,
            judge=judge,
            walk=walk,
            first=first,
            begun=begun,
            kept=kept,
            compared=tuple(claims.compared),
            reports={month: each.content for month, each in reports.read.items()},
            rows_compared=self._rows_compared,
            rows_until=known if self._rows is None or first > known else min(rows_until, checkpoint.size),
            counted=counted,
            judged=reports.judged,
            next_place=self._next_place or self._place(walk, judge, row_judge),
            witnessed=self._quorum.judge(checkpoint, claims, earlier, at=self._scope.at),
            lists={} if self._lists is None else self._lists.issued,
        )

    def entry(self, index: int, size: int) -> bytes | None:
        """Return one entry of a log of this size, from the bundles read last or anew; None where it cannot be read."""
        return self._bundles.entry(index, size)

    def _entry(self, size: int, first: int, earlier: Earlier, index: int) -> bytes:
        return earlier.entry(index) if index < first else self.entry(index, size) or b""

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

    def _claims(self, checkpoint: Checkpoint, begun: Checkpoint) -> tuple[Claims, Checkpoint | None]:
        """Return the roots that the log must agree with, and the checkpoint that was kept."""
        claims = Claims(checkpoint, self._scope.verifiers, self._findings)
        kept = claims.add_kept(self._scope.kept)
        for shown in self._scope.shown:
            claims.add_shown(shown)
        claims.add_manifest(self._scope.manifest)
        claims.add_begun(begun)
        return claims, kept

    def _begin_under(self, checkpoint: Checkpoint | None) -> Checkpoint | None:
        """Return the checkpoint under which the audit begins, or began before it was interrupted."""
        state = self._resumed
        if checkpoint is None or state is None or state.get("of") != self._bound:
            self._resumed = None
            return checkpoint
        try:
            begun = open_checkpoint(str(state["begun"]), self._scope.verifiers)
        except NoteError:
            begun = None
        if begun is not None and begun.size > checkpoint.size:
            self._findings.fail("checker.shrunk", expected=begun.size, found=checkpoint.size)
        if begun is None or begun.size > checkpoint.size:
            self._resumed = None
            return checkpoint
        return begun

    def _opened(self, row_judge: RowJudge) -> Rows | None:
        """Open the records where they are taken up: what an interrupted audit consumed of them counts with all else."""
        if self._scope.manifest is None:
            return None
        rows = self._open_rows(0 if self._resumed is None else int(self._resumed["consumed"]))
        if rows is not None:
            row_judge.watch(rows, self._scope.manifest, partial(self._open_rows, 0))
        return rows

    def _take_up(self, walk: TreeWalk, judge: EntryJudge, row_judge: RowJudge, claims: Claims, first: int) -> Earlier:
        """Take up what an interrupted audit had found, or what was kept of the one before; return what lies below."""
        state, kept, searched = self._resumed, self._scope.kept, set[bytes]()
        if state is not None:
            self._findings.restore(state["findings"])
            walk.restore(state["walk"])
            judge.restore(state["judge"])
            row_judge.restore(state["rows"])
            claims.restore(state["claims"])
            if self._lists is not None:
                self._lists.restore(state["lists"])
            self._rows_compared, self._uncovered = state["rows_compared"], state["uncovered"]
            self._next_place = state["next_place"]
            searched = {bytes.fromhex(each) for each in state["searched"]}
        earlier = Earlier(walk, self._bundles, self._scope.prefix, self._findings)
        if state is None and first and kept is not None:
            judge.begin(kept.before, kept.logged)
            row_judge.begin(kept.left)
            self._follow(row_judge, earlier)
        self._unsearched = frozenset(judge.wanted) - searched if walk.position else frozenset()
        return earlier

    def _follow(self, row_judge: RowJudge, earlier: Earlier) -> None:
        """Ask what became of the intents that were open when the audit before this one ended."""
        for index in list(row_judge.carried) if self._rows is not None else ():
            row = self._row(index)
            try:
                found = EntryReader().read(earlier.entry(index))
            except MalformedError:
                self._findings.unknown("checker.intent_unread", index=index)
                continue
            if self._rows is not None:
                row_judge.follow(index, found, row)

    def _search(self, judge: EntryJudge, earlier: Earlier) -> None:
        """Look for digests among the entries that were gone through before anybody asked for them."""
        missing = frozenset(each for each in self._unsearched if judge.wanted.get(each) is None)
        if missing:
            judge.wanted |= dict(earlier.find(missing))

    def _walk(
        self, walk: TreeWalk, judge: EntryJudge, row_judge: RowJudge, claims: Claims, told: tuple[Progress, Save]
    ) -> None:
        progress, save = told
        manifest = self._scope.manifest
        end = walk.size if manifest is None else manifest.size
        while (bundle := walk.read()) is not None:
            claims.judge(walk, bundle, self._scope.kept)
            if bundle.start == end - end % TILE_WIDTH:  # the next audit begins where the rows end, not behind them
                self._next_place = self._place(walk, judge, row_judge)
            self._judge_bundle(bundle, walk, judge, row_judge)
            self._names.judge(bundle, walk, judge.links)
            self._quorum.pass_by(bundle)
            walk.push(bundle)
            progress(walk.position, walk.size)
            if walk.position % SAVE_EVERY == 0:
                state = {"walk": walk.state(), "judge": judge.state(), "rows": row_judge.state()}
                save(state | self._state(judge) | {"claims": claims.state()})

    def _judge_bundle(self, bundle: Bundle, walk: TreeWalk, judge: EntryJudge, row_judge: RowJudge) -> None:
        manifest = self._scope.manifest
        end = 0 if manifest is None else manifest.size
        for index, found in judge.judge(bundle, lambda place: self.entry(place, walk.size)):
            if self._rows is None or index >= end:
                self._uncovered += found.shape.first in LICENCE_PURPOSES or found.shape.kind is EntryKind.STATE
                continue
            row = self._row(index)
            if self._rows is not None:
                self._rows_compared += 1
                row_judge.judge(index, found, row)

    def _row(self, index: int) -> Row | None:
        """Return the row of a leaf; records that cannot be read are said to be so, once."""
        try:
            return None if self._rows is None else self._rows.row(index)
        except MalformedError as error:
            self._findings.fail("checker.records_malformed", index=index, found=error.detail)
            self._rows = None
            return None

    def _compare_whole(self, judge: EntryJudge, checkpoint: Checkpoint) -> None:
        """Compare what only the end of the log tells: its name, its lists."""
        if judge.name not in {"", checkpoint.origin}:
            self._findings.fail("checker.name_other", file=self._file, expected=judge.name, found=checkpoint.origin)
        if self._rows is not None:
            manifest = self._scope.manifest
            if manifest is not None and manifest.size < checkpoint.size and self._uncovered:
                self._findings.unknown("checker.records_short", expected=checkpoint.size, found=manifest.size)
            if self._lists is not None:
                self._lists.judge(judge.last_time)

    def _place(self, walk: TreeWalk, judge: EntryJudge, row_judge: RowJudge) -> dict[str, object]:
        """Return how everything stands, for an audit that begins here."""
        left = row_judge.left(judge.given_up if self._rows is not None else IndexSet())
        return {"walk": walk.state(), "before": judge.before(), "left": left, "tally": judge.tally.state()}

    def _state(self, judge: EntryJudge) -> dict[str, object]:
        return {
            "of": self._bound,
            "seed": self._scope.seed,
            "begun": "" if self._begun is None else self._begun.note,
            "findings": self._findings.state(),
            "searched": [each.hex() for each in judge.wanted if each not in self._unsearched],
            "next_place": self._next_place,
            "lists": {} if self._lists is None else self._lists.state(),
            "rows_compared": self._rows_compared,
            "uncovered": self._uncovered,
            "consumed": 0 if self._rows is None else self._rows.consumed,
        }
