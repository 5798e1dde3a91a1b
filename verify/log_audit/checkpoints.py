"""Up to which entry witnesses have seen the log, and the last checkpoints under the names that the log had before.

Promises:
  * The newest checkpoint of a log in use is younger than any cosignature. So every note in hand counts whose root is
    the one that the entries make at its size: the published ones, those that were brought, those that witnesses show.
  * Whoever cosigned a longer log has seen the shorter one in it; the quorum may lie under several notes.
  * An entry that the quorum has not seen a day after its time is a failure, however young the last entry is. What is
    younger waits, and that is no fault; a log of which the quorum has seen nothing at all could not be checked.
  * What a name says of the log before it is held against the entries and against the signed checkpoint that stands
    beside the log; where none stands there, that could not be checked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from verify.cosignature import Cosignature, read_cosignatures
from verify.errors import MalformedError
from verify.log_audit.claims import Claims
from verify.log_audit.earlier import Earlier
from verify.log_audit.entry_judge import Link
from verify.log_audit.findings import Findings
from verify.log_audit.tree_walk import Bundle, Reader, TreeWalk
from verify.log_entry import LogEntry
from verify.note import NOTE_LENGTH_MAX, Checkpoint, LogVerifier, NoteError, open_checkpoint
from verify.tiles import CHECKPOINT, WITNESSED_CHECKPOINT
from verify.witness_policy import WitnessPolicy
from verify.witnessed import MERGE_DELAY

CLOSED: Final = "closed/{}/checkpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """How far the quorum has seen the log, 0 for not at all, and the names of who has (without it: of who cosigned)."""

    size: int = 0
    names: tuple[str, ...] = ()


class Quorum:
    """Counts who has seen the log, and since when the first entry waits that the quorum has not seen.

    Times are those of the walk's own entries, not read again: a second answer of the same source could be another one.
    """

    def __init__(self, file: str, policy: WitnessPolicy, findings: Findings) -> None:
        self._file = file
        self._policy = policy
        self._findings = findings
        self._sizes = frozenset({0})
        self._times: dict[int, datetime] = {}

    def begin(self, claims: Claims) -> None:
        """Take in which checkpoints others show, before the walk."""
        self._sizes |= claims.sizes

    def pass_by(self, bundle: Bundle) -> None:
        """Take in a bundle on the way: the first entry behind each checkpoint."""
        for size in self._sizes:
            place = size - bundle.start
            if 0 <= place < len(bundle.entries):
                self._keep(size, bundle.entries[place])

    def judge(self, checkpoint: Checkpoint, claims: Claims, earlier: Earlier, *, at: datetime) -> Witnessed:
        """Return how far the quorum has seen the log; say so where an entry waits for too long."""
        witnessed = self._witnessed(((self._file, checkpoint), *claims.proven))
        if not self._policy.has_quorum:
            self._findings.unknown("checker.witness_none", file=self._file)
        elif witnessed.size < checkpoint.size:
            self._judge_delay(witnessed, earlier, at)
        return witnessed

    def _witnessed(self, notes: Sequence[tuple[str, Checkpoint]]) -> Witnessed:
        found: list[tuple[int, Cosignature]] = []
        for file, checkpoint in notes:
            try:
                signed = read_cosignatures(checkpoint.note, self._policy.keys)
            except NoteError as error:
                is_own = file in {self._file, f"{self._file.removesuffix(CHECKPOINT)}{WITNESSED_CHECKPOINT}"}
                note = self._findings.fail if is_own else self._findings.unknown
                note("checker.cosignature_wrong", file=file, found=error.detail)
                continue
            found += [(checkpoint.size, each) for each in signed]
        for size in sorted({size for size, _ in found}, reverse=True):
            seen = [each for longer, each in found if longer >= size]
            if self._policy.is_met(seen):
                return Witnessed(size=size, names=self._policy.names(seen))
        return Witnessed(names=self._policy.names(each for _, each in found))

    def _judge_delay(self, witnessed: Witnessed, earlier: Earlier, at: datetime) -> None:
        size = witnessed.size
        if size not in self._times and size < earlier.end:
            self._keep(size, earlier.entry(size))
        since = self._times.get(size)
        is_late = since is not None and at - since > MERGE_DELAY
        note = self._findings.fail if is_late else self._findings.unknown
        told = {"file": self._file, "index": size, "expected": self._policy.quorum}
        if not size:
            note("checker.witness_few", **told, found=" ".join(witnessed.names))
        elif is_late or since is None:
            note("checker.witness_late", **told, found="?" if since is None else since.isoformat())

    def _keep(self, size: int, entry: bytes) -> None:
        try:
            self._times[size] = LogEntry.decode(entry).time
        except MalformedError:  # it was found when it was read
            return


class EarlierNames:
    """Judges each link to the log under an earlier name."""

    def __init__(self, reader: Reader, prefix: str, verifiers: Sequence[LogVerifier], findings: Findings) -> None:
        self._reader = reader
        self._prefix = prefix
        self._verifiers = verifiers
        self._findings = findings

    def judge(self, bundle: Bundle, walk: TreeWalk, links: list[Link]) -> None:
        """Compare what names in this bundle say of the log before them with what it was; then forget them."""
        for link in links:
            before = bundle.leaves[: link.place - bundle.start]
            root = walk.root(before) if bundle.leaves else b""
            if (link.size, link.root) != (link.place, root):
                self._findings.fail(
                    "checker.link_wrong", file=bundle.file, index=link.place, expected=root, found=link.root
                )
            self._closed(link, root)
        links.clear()

    def _closed(self, link: Link, root: bytes) -> None:
        """Compare the last checkpoint under the earlier name, which stands beside the log."""
        file = self._prefix + CLOSED.format(link.place)
        content = self._reader.get(file)
        if content is None:
            self._findings.unknown("checker.closed_missing", file=file, index=link.place, expected=link.name)
            return
        try:
            found = open_checkpoint(content[: NOTE_LENGTH_MAX * 4].decode(), self._verifiers)
        except (NoteError, UnicodeDecodeError) as error:
            detail = error.detail if isinstance(error, NoteError) else "not UTF-8"
            self._findings.fail("checker.closed_wrong", file=file, expected=link.name, found=detail)
            return
        if (found.origin, found.size, found.root) != (link.name, link.place, root):
            told = f"{found.origin} {found.size} {found.root.hex()}"
            expected = f"{link.name} {link.place} {root.hex()}"
            self._findings.fail("checker.closed_wrong", file=file, expected=expected, found=told)
