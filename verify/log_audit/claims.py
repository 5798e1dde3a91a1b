"""Roots that somebody names for a size of the log: each is compared with the one that the entries themselves make.

Promises:
  * A signed checkpoint that does not fit is proof against the operator: both notes belong into the evidence.
  * The names that a log had one after the other are those of one key in the policy. A log of another key is the one
    that was kept only if its entries are; then its names were closed and linked, by which the entries are judged.
  * What cannot be compared is said to be so: a note that others show of another log, or of a longer one.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from verify.log_audit.earlier import Earlier
from verify.log_audit.findings import Findings
from verify.log_audit.records import RecordsManifest
from verify.log_audit.tree_walk import Bundle, TreeWalk
from verify.note import Checkpoint, LogVerifier, NoteError, open_checkpoint
from verify.tiles import TILE_WIDTH
from verify.tree import HASH_BYTES

KEPT: Final = "kept"
UNFINISHED: Final = "unfinished"
REWRITTEN: Final = "checker.rewritten"
KEPT_OTHER: Final = "checker.kept_other"
KEPT_WRONG: Final = "checker.kept_wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A checkpoint that somebody else showed: where it is from, and the signed note."""

    source: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the auditor kept: the note, and how the walk stood where the next one may begin (`TreeWalk.state`).

    Leaves below ``rows`` were compared with rows of the registry. ``left`` is what was still open there
    (`RowJudge.left`), ``before`` what the entries before said (`EntryJudge.before`), ``logged`` where digests asked for
    stood, ``lists`` when the lists beside the log were issued. ``counted`` is what the entries before count, of months
    whose report is not ``judged`` (month: digest in hex).
    """

    note: str
    walk: Mapping[str, object] = field(hash=False)
    rows: int = 0
    left: Mapping[str, object] = field(default_factory=dict, hash=False)
    before: Mapping[str, object] = field(default_factory=dict, hash=False)
    logged: Mapping[str, int] = field(default_factory=dict, hash=False)
    lists: Mapping[str, int] = field(default_factory=dict, hash=False)
    counted: Mapping[str, object] = field(default_factory=dict, hash=False)
    judged: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A root that somebody named for a size, and the finding when it is another."""

    size: int
    root: bytes
    code: str
    source: str


class Claims:
    """Collects roots, and compares each when the walk comes to its size."""

    def __init__(self, checkpoint: Checkpoint, verifiers: Sequence[LogVerifier], findings: Findings) -> None:
        self.compared: list[str] = []
        self._checkpoint = checkpoint
        self._verifiers = verifiers
        self._findings = findings
        self._claims: list[Claim] = []
        self._judged: set[str] = set()
        self._shown: list[tuple[str, Checkpoint]] = []
        self._proven: set[tuple[int, bytes]] = set()
        own = {each.public for each in verifiers if each.name == checkpoint.origin}
        self.names = frozenset(each.name for each in verifiers if each.public in own)

    def state(self) -> dict[str, object]:
        """Return what was compared so far, for JSON."""
        proven = [[size, root.hex()] for size, root in sorted(self._proven)]
        return {"judged": sorted(self._judged), "compared": self.compared, "proven": proven}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what ``state`` gave."""
        self._judged, self.compared = set(state["judged"]), list(state["compared"])
        self._proven = {(size, bytes.fromhex(root)) for size, root in state["proven"]}

    @property
    def sizes(self) -> frozenset[int]:
        """The sizes of the checkpoints that others show."""
        return frozenset(each.size for _, each in self._shown)

    @property
    def proven(self) -> tuple[tuple[str, Checkpoint], ...]:
        """The checkpoints that others show, with where each is from, as far as their roots are the log's."""
        return tuple(each for each in self._shown if (each[1].size, each[1].root) in self._proven)

    def add(self, claim: Claim) -> None:
        """Take in a root of a size that the log has."""
        self._claims.append(claim)

    def add_kept(self, kept: Kept | None) -> Checkpoint | None:
        """Take in what the auditor kept, and return it; a log that is shorter by now has failed already."""
        if kept is None:
            return None
        try:
            found = open_checkpoint(kept.note, self._verifiers)
        except NoteError as error:
            self._findings.fail(KEPT_WRONG, found=error.detail)
            return None
        size, root = self._checkpoint.size, self._checkpoint.root
        if found.size > size and found.origin == self._checkpoint.origin:
            self._findings.fail("checker.shrunk", expected=found.size, found=size)
        elif found.size > size:
            self._findings.fail(KEPT_OTHER, file=KEPT, index=found.size, expected=found.root, found=root)
        else:
            code = REWRITTEN if found.origin in self.names else KEPT_OTHER
            self.add(Claim(size=found.size, root=found.root, code=code, source=KEPT))
        return found

    def add_begun(self, begun: Checkpoint) -> None:
        """Take in the checkpoint under which an interrupted audit began, and which the same source showed then."""
        if (begun.size, begun.root) != (self._checkpoint.size, self._checkpoint.root):
            self.add(Claim(size=begun.size, root=begun.root, code="checker.fork", source=UNFINISHED))

    def add_shown(self, shown: Shown) -> None:
        """Take in a checkpoint that somebody else shows."""
        size = self._checkpoint.size
        try:
            found = open_checkpoint(shown.note, self._verifiers)
        except NoteError as error:
            self._findings.unknown("checker.shown_wrong", file=shown.source, found=error.detail)
            return
        if found.origin not in self.names:
            self._findings.unknown("checker.shown_other", file=shown.source, found=found.origin)
        elif found.size > size:
            self._findings.unknown("checker.shown_ahead", file=shown.source, expected=size, found=found.size)
        else:
            self._shown.append((shown.source, found))
            self.add(Claim(size=found.size, root=found.root, code="checker.fork", source=shown.source))

    def add_manifest(self, manifest: RecordsManifest | None) -> None:
        """Take in the root to which the registry's records belong."""
        if manifest is None:
            return
        if manifest.origin not in self.names:
            self._findings.fail("checker.records_other", expected=self._checkpoint.origin, found=manifest.origin)
        elif manifest.size <= self._checkpoint.size:
            self.add(Claim(size=manifest.size, root=manifest.root, code="checker.records_root", source="records"))

    def judge(self, walk: TreeWalk, bundle: Bundle, kept: Kept | None) -> None:
        """Compare the roots whose sizes lie in this bundle, which is not pushed yet."""
        for claim in self._claims:
            if not bundle.start < claim.size <= bundle.start + bundle.width:
                continue
            if not bundle.leaves:
                self._findings.unknown("checker.not_compared", file=claim.source, index=claim.size)
                continue
            self._compare(claim, walk.root(bundle.leaves[: claim.size - bundle.start]), walk, kept)

    def begin(self, walk: TreeWalk, kept: Kept | None, earlier: Earlier) -> None:
        """Compare the roots of sizes below the place at which the walk is taken up, but those compared already."""
        for claim in self._claims:
            if not 0 < claim.size <= walk.position or _name(claim) in self._judged:
                continue
            root = walk.root() if claim.size == walk.position else earlier.root(claim.size)
            if root is None:
                self._findings.unknown("checker.not_compared", file=claim.source, index=claim.size)
            else:
                self._compare(claim, root, walk, kept)

    def _compare(self, claim: Claim, root: bytes, walk: TreeWalk, kept: Kept | None) -> None:
        self._judged.add(_name(claim))
        if root == claim.root:
            self._proven.add((claim.size, root))
            self.compared.append(claim.source)
            return
        index = _first_rewritten(walk, kept) if claim.code == REWRITTEN else claim.size
        self._findings.fail(claim.code, file=claim.source, index=index, expected=claim.root, found=root)


def _name(claim: Claim) -> str:
    return f"{claim.size} {claim.root.hex()} {claim.code} {claim.source}".encode("utf-8", "backslashreplace").decode()


def _first_rewritten(walk: TreeWalk, kept: Kept | None) -> int:
    """Return the index at which the first bundle begins that is not the one of the kept log."""
    try:
        earlier = base64.b64decode("" if kept is None else str(kept.walk.get("tops", "")))
    except ValueError:
        return 0
    both = min(len(walk.tops), len(earlier))
    for start in range(0, both, HASH_BYTES):
        if walk.tops[start : start + HASH_BYTES] != earlier[start : start + HASH_BYTES]:
            return start // HASH_BYTES * TILE_WIDTH
    return both // HASH_BYTES * TILE_WIDTH
