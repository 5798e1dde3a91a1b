"""Part of an audit: the head of each name that the log had, and the checkpoints that witnesses cosigned.

Promises:
  * Size, root, signed note, right edge and time of each head are those of the entries that were walked through: the
    tree grows from the edge, and a wrong one would be a fork under our own signature.
  * Each kept checkpoint is one that our log signed and that the tree leads to; each kept line is that of its witness,
    under this very checkpoint. Lines of witnesses that the trust list does not name are counted apart.
"""

from dataclasses import dataclass
from datetime import datetime

from registry import cosignatures, leaves
from registry.cosignatures import KeptLine
from registry.db import Database, Transaction, reading
from registry.leaves import LogHead
from signer.audit_columns import different
from signer.audit_entries import entries_at
from signer.audit_report import Findings
from signer.log_files import TileStore
from signer.publish import VERIFIER_KEY
from verify.cosignature import WitnessKey, read_cosignatures
from verify.note import LogVerifier, NoteError, open_checkpoint, parse_signature_line, verifier_key_text
from verify.tiles import CHECKPOINT
from verify.tree import Frontier, Node, root_nodes
from verify.trust import TrustList


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """The tree as the walk made it, and the time of its last entry."""

    frontier: Frontier
    last_at: datetime | None


class HeadAudit:
    """Judges the heads of one log: the one that was read before the walk, and the names before it."""

    def __init__(
        self,
        database: Database,
        verifier: LogVerifier,
        findings: Findings,
        *,
        trust: TrustList | None,
        published: TileStore | None = None,
    ) -> None:
        self._database = database
        self._verifier = verifier
        self._findings = findings
        self._published = published
        self._witnesses: tuple[WitnessKey, ...] = () if trust is None else trust.policy.keys

    def judge(self, head: LogHead, walked: Walked) -> None:
        """Judge the head, the closed names, and what witnesses signed."""
        self._findings.demand(head.root == walked.frontier.root, "audit.root")
        signed = _signed(head, self._verifier)
        self._findings.demand(signed == (head.size, walked.frontier.root), "audit.checkpoint")
        self._judge_columns(head, walked.frontier, walked.last_at)
        with reading(self._database) as tx:
            heads = leaves.all_heads(tx)
            for each in heads:
                if each.is_closed:
                    self._judge_closed(tx, each, head)
                if self._published is not None:
                    self._judge_published(each, {one.origin for one in heads}, self._published)
            for log in {head.log, *cosignatures.logs(tx)}:
                self._judge_cosigned(tx, log, head)

    def _judge_closed(self, tx: Transaction, closed: LogHead, head: LogHead) -> None:
        """Judge the last head of a name that was closed; the tree went on, and has all its nodes."""
        frontier = _frontier(tx, closed.size, head)
        signed = _signed(closed, self._verifier.named(closed.origin))
        agrees = frontier is not None and signed == (closed.size, closed.root) and closed.root == frontier.root
        self._findings.demand(agrees and closed.log == head.log, "audit.closed_log", log=closed.origin)
        if frontier is not None:
            last = entries_at(tx, head.origin, (closed.size - 1,)).get(closed.size - 1)
            self._judge_columns(closed, frontier, None if last is None else last.time)

    def _judge_published(self, head: LogHead, names: set[str], published: TileStore) -> None:
        """Judge a log's published key, and the last checkpoint of a name that is closed; the auditor reads the rest.

        Where the newest name is not published yet, the key is still that of the name before it.
        """
        known = {head.origin} if head.is_closed else names
        keys = {f"{verifier_key_text(name, self._verifier.public)}\n".encode() for name in known}
        path = f"{head.prefix}/{VERIFIER_KEY}"
        self._findings.demand(published.get(path) in {None, *keys}, "audit.published", path=path)
        note = published.get(f"{head.prefix}/{CHECKPOINT}") if head.is_closed else None
        if note is not None:
            agrees = note.startswith(head.note.encode()) and self._are_lines(head, note[len(head.note.encode()) :])
            self._findings.demand(agrees, "audit.published", path=f"{head.prefix}/{CHECKPOINT}")

    def _are_lines(self, head: LogHead, lines: bytes) -> bool:
        """Say whether each line of witnesses under a published checkpoint is kept here, or holds by itself."""
        with reading(self._database) as tx:
            kept = frozenset(cosignatures.lines_of(tx, head.log, head.size))
        try:
            told = lines.decode().splitlines(keepends=True)
            return all(each in kept or len(read_cosignatures(head.note + each, self._witnesses)) == 1 for each in told)
        except (NoteError, UnicodeDecodeError):
            return False

    def _judge_columns(self, head: LogHead, frontier: Frontier, last_at: datetime | None) -> None:
        columns = different({"edge": (head.edge, frontier.edge), "time": (head.time, last_at)})
        self._findings.demand(not columns, "audit.head", log=head.origin, columns=columns)

    def _judge_cosigned(self, tx: Transaction, log: int, head: LogHead) -> None:
        notes = {each.size: each.note for each in cosignatures.cosigned_checkpoints(tx, log)}
        for size, note in notes.items():
            self._findings.count("cosigned_checkpoints")
            if size <= head.size:  # what grew since is the next audit's
                agrees = log == head.log and self._is_ours(tx, size, note, head)
                self._findings.demand(agrees, "audit.cosigned_checkpoint", size=size)
        for line in cosignatures.kept_lines(tx, log):
            agrees = line.size in notes and self._is_theirs(notes[line.size], line)
            self._findings.demand(agrees, "audit.cosignature", size=line.size, witness=line.witness)

    def _is_ours(self, tx: Transaction, size: int, note: str, head: LogHead) -> bool:
        frontier = _frontier(tx, size, head)
        try:
            verifier = self._verifier.named(note.partition("\n")[0])
            signed = open_checkpoint(note, (verifier,))
        except NoteError:
            return False
        return frontier is not None and (signed.size, signed.root) == (size, frontier.root)

    def _is_theirs(self, note: str, kept: KeptLine) -> bool:
        """Say whether a line is its witness's, under this note; one of an unknown witness must only name it."""
        try:
            name, key_id, _ = parse_signature_line(kept.line.removesuffix("\n"))
            found = read_cosignatures(note + kept.line, self._witnesses)
        except NoteError:
            return False
        if kept.witness != f"{name}+{key_id.hex()}":
            return False
        if not found:
            self._findings.count("cosignatures_unchecked")
            return (name, key_id) not in {(each.name, each.key_id) for each in self._witnesses}
        return [each.at for each in found] == [kept.at]


def _signed(head: LogHead, verifier: LogVerifier) -> tuple[int, bytes] | None:
    try:
        signed = open_checkpoint(head.note, (verifier,))
    except NoteError:
        return None
    return signed.size, signed.root


def _frontier(tx: Transaction, size: int, head: LogHead) -> Frontier | None:
    """Return the tree at an earlier size, from its stored nodes, which the walk compared."""
    if not 0 < size <= head.size:
        return None
    wanted: tuple[Node, ...] = root_nodes(size)
    found = leaves.nodes(tx, head.origin, wanted)
    return None if len(found) != len(wanted) else Frontier(size, tuple(found[node] for node in wanted))
