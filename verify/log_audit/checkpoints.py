"""The checkpoint that is audited and its witnesses, and the last checkpoints under the names that the log had before.

Promises:
  * A quorum that is missing a day after the last entry has failed; before that it could not be checked.
  * What a name says of the log before it is held against the entries and against the signed checkpoint that stands
    beside the log; where none stands there, that could not be checked.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from verify.cosignature import read_cosignatures
from verify.log_audit.entry_judge import Link
from verify.log_audit.findings import Findings
from verify.log_audit.tree_walk import Bundle, Reader, TreeWalk
from verify.note import NOTE_LENGTH_MAX, Checkpoint, LogVerifier, NoteError, open_checkpoint
from verify.witness_policy import WitnessPolicy

# The merge delay of decisions.md: within a day of its entries every checkpoint is witnessed.
MERGE_DELAY: Final = timedelta(hours=24)
CLOSED: Final = "closed/{}/checkpoint"


def judge_witnesses(
    told: tuple[str, Checkpoint], policy: WitnessPolicy, findings: Findings, *, at: datetime, last_time: int
) -> tuple[str, ...]:
    """Return who cosigned the checkpoint of a file."""
    file, checkpoint = told
    try:
        found = read_cosignatures(checkpoint.note, policy.keys)
    except NoteError as error:
        findings.fail("checker.cosignature_wrong", file=file, found=error.detail)
        return ()
    names = policy.names(found)
    if not policy.has_quorum:
        findings.unknown("checker.witness_none", file=file)
    elif not policy.is_met(found):
        is_late = at.timestamp() - last_time > MERGE_DELAY.total_seconds()
        note = findings.fail if is_late else findings.unknown
        note("checker.witness_few", file=file, expected=policy.quorum, found=" ".join(names))
    return names


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
