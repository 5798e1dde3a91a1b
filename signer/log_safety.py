"""No fork, no loss: the log's head against what others have seen of it, before anything more is signed.

Promises:
  * A database that is behind what was published, or behind what this process saw committed, signs nothing: it is an
    older copy. The error says which entries are missing (`LogBehindError`).
  * A database that contradicts what was published signs nothing (`LogForkError`): a second deployment writes with the
    same key, or somebody rewrote the log.
  * A head whose hashes do not make its own root is never grown: a flipped byte would be a fork under our own signature.
  * A witness that cannot be asked is no evidence; what is published must be readable, for it is the memory outside the
    database. One that contradicted us when it was last asked for a cosignature, by whichever process, is asked again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from registry import cosignatures, leaves
from registry.db import Database, Transaction, reading
from registry.leaves import LogHead
from signer.errors import LogBehindError, LogForkError, LogMissingError, PublishConflictError
from signer.log_files import TileStore
from signer.log_tree import edge_nodes
from signer.witness_errors import WitnessContradictsError
from verify.note import NOTE_LENGTH_MAX, Checkpoint, LogVerifier, NoteError, open_checkpoint
from verify.tiles import CHECKPOINT
from verify.tree import Frontier, ProofError, check_consistency, combine, consistency_nodes

PUBLISHED: Final = "published"
"""Who has seen it: the published files. A witness is named by its name."""

# A second deployment that writes with the same key shows as soon as it has published, and that takes about as long.
LOOK_SECONDS: Final = 1.0
MEMORY: Final = "memory"
"""Who has seen it: this process itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A checkpoint that our own key signed, and who has it."""

    by: str
    checkpoint: Checkpoint


def nobody(_head: LogHead) -> Sequence[Seen]:
    """Ask no witnesses."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadGuard:
    """Compares the head with the published checkpoint and with what witnesses know."""

    database: Database
    verifier: LogVerifier
    store: TileStore = field(repr=False)
    witnesses: Callable[[LogHead], Sequence[Seen]] = field(default=nobody, repr=False)
    look_seconds: float = LOOK_SECONDS

    def compare(self, *, with_witnesses: bool) -> LogHead:
        """Return the head, which everybody outside agrees with. Raises `LogForkError`, `PublishConflictError`.

        What others know is asked before the head is read, for the log goes on meanwhile. Raises `LogMissingError` where
        there is no log at all, and nothing is published either.
        """
        published = published_checkpoint(self.verifier, self.store, leaves.PREFIX)
        head = self._head()
        if head.is_closed:  # whoever still writes under this name hears of it when he does
            return head
        if published is not None:
            compare_head(self.database, head, Seen(by=PUBLISHED, checkpoint=published))
        if not head.size:
            raise LogMissingError(self.verifier.name)
        demand_own_note(head, self.verifier)
        seen = self.witnesses(head) if with_witnesses or self._is_contradicted(head) else ()
        if seen:
            head = self._head()
        for each in seen:
            compare_head(self.database, head, each)
        return head

    def _is_contradicted(self, head: LogHead) -> bool:
        """Say whether a witness showed, when it was last asked, what our log does not continue."""
        if self.witnesses is nobody:
            return False
        with reading(self.database) as tx:
            answers = cosignatures.last_answers(tx, head.log)
        return any(each.code == WitnessContradictsError.code for each in answers)

    def _head(self) -> LogHead:
        with reading(self.database) as tx:
            return leaves.head(tx, self.verifier.name)


def published_checkpoint(verifier: LogVerifier, store: TileStore, prefix: str) -> Checkpoint | None:
    """Return the checkpoint that is published. Raises `PublishConflictError` when it is not the log's own."""
    path = f"{prefix}/{CHECKPOINT}"
    content = store.get(path)
    return None if content is None else own_checkpoint(verifier, content, path)


def own_checkpoint(verifier: LogVerifier, content: bytes, path: str) -> Checkpoint:
    """Read a checkpoint that our key signed, under any name that the log had. Raises `PublishConflictError`."""
    try:
        note = content[: NOTE_LENGTH_MAX * 4].decode()
        return open_checkpoint(note, (verifier.named(note.partition("\n")[0]),))
    except (NoteError, UnicodeDecodeError) as error:
        raise PublishConflictError(path) from error


def compare_head(database: Database, head: LogHead, seen: Seen) -> None:
    """See that the log grew out of what was seen. Raises `LogBehindError` or `LogForkError`."""
    checkpoint = seen.checkpoint
    if checkpoint.size > head.size:
        raise behind(head.size, checkpoint.size, by=seen.by)
    groups = consistency_nodes(checkpoint.size, head.size)
    with reading(database) as tx:
        nodes = leaves.nodes(tx, head.origin, [node for group in groups for node in group])
    try:
        check_consistency(checkpoint.size, checkpoint.root, head.size, head.root, combine(groups, nodes))
    except (ProofError, KeyError) as error:
        raise LogForkError("the checkpoint contradicts the database", params={"by": seen.by}) from error


def demand_own_note(head: LogHead, verifier: LogVerifier) -> None:
    """See that the head is what its own signed note says. Raises `LogForkError`."""
    try:
        signed = open_checkpoint(head.note, (verifier,))
    except NoteError as error:
        raise LogForkError("the head's own note does not hold") from error
    if (signed.size, signed.root) != (head.size, head.root):
        raise LogForkError("the head is not what its note says")


def demand_own_edge(head: LogHead) -> None:
    """See that the hashes from which the tree is about to grow make the root that was signed. Raises `LogForkError`."""
    try:
        root = Frontier(head.size, head.edge).root
    except ProofError as error:
        raise LogForkError("the tree's edge is not that of its size") from error
    if root != head.root:
        raise LogForkError("the tree's edge does not make its root")


def demand_grown(tx: Transaction, remembered: LogHead | None, head: LogHead) -> None:
    """See that the head grew out of the one that this process saw committed last; the caller holds the head's lock.

    A server that failed over to a copy that was behind has lost entries whose receipts are out.
    """
    if remembered is None or (remembered.size, remembered.root) == (head.size, head.root):
        return
    if remembered.size > head.size:
        raise behind(head.size, remembered.size, by=MEMORY)
    wanted = tuple(edge_nodes(remembered.size))
    found = leaves.nodes(tx, head.origin, wanted)
    if tuple(found.get(node) for node in wanted) != remembered.edge or remembered.size == head.size:
        raise LogForkError("the database contradicts what it committed before", params={"by": MEMORY})


def behind(size: int, seen: int, *, by: str) -> LogBehindError:
    """Return the error for a database that others are ahead of."""
    numbers = {"size": size, "first": size, "last": seen - 1, "missing": seen - size}
    params = {"by": by} | {name: str(number) for name, number in numbers.items()}
    return LogBehindError(f"{by} is ahead of the database by {seen - size} entries", params=params)
