"""The checkpoint that an auditor keeps, and the hashes of the leaves below it.

Promises:
  * A log that does not begin with what was kept is refused, and the first leaf that differs is named.
  * What is kept is replaced only by what has been found to continue it.

Two files: the signed note itself, and beside it `<name>.leaves`, the 32-byte leaf hashes one after the other. Without
the second one a rewritten log is still found; only which leaf came first to differ cannot be said.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.cli.errors import LogRewrittenError, LogShrunkError
from api.cli.files import read_file, write_file
from verify.note import NOTE_LENGTH_MAX, Checkpoint, LogVerifier, NoteError, open_checkpoint
from verify.tree import HASH_BYTES, root_of

# Sixteen million leaves: half a gigabyte, read in one go.
_LEAVES_BYTES_MAX: Final = 512 * 1024 * 1024
_LEAVES: Final = ".leaves"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A checkpoint from an earlier time, and its leaf hashes when they were kept with it."""

    checkpoint: Checkpoint
    leaves: tuple[bytes, ...]


def read_kept(path: Path, verifiers: tuple[LogVerifier, ...]) -> Kept | None:
    """Return what was kept there, or None for nothing yet. Raises `NoteError` for what the log did not sign."""
    if not path.exists():
        return None
    try:
        note = read_file(path, bytes_max=NOTE_LENGTH_MAX).decode()
    except UnicodeDecodeError as error:
        raise NoteError("not a signed note") from error
    checkpoint = open_checkpoint(note, verifiers)
    leaves = _read_leaves(path.with_name(path.name + _LEAVES))
    if len(leaves) != checkpoint.size or root_of(leaves) != checkpoint.root:
        leaves = ()
    return Kept(checkpoint=checkpoint, leaves=leaves)


def demand_continued(kept: Kept, leaves: tuple[bytes, ...]) -> None:
    """Refuse a log whose leaves do not begin with the kept ones. Raises `LogRewrittenError`, `LogShrunkError`."""
    size = kept.checkpoint.size
    if len(leaves) < size:
        raise LogShrunkError(params={"kept": str(size), "size": str(len(leaves))})
    if root_of(leaves[:size]) != kept.checkpoint.root:
        first = next(
            (index for index, (ours, theirs) in enumerate(zip(kept.leaves, leaves, strict=False)) if ours != theirs),
            None,
        )
        raise LogRewrittenError(params={"kept": str(size), "leaf": "?" if first is None else str(first)})


def keep(path: Path, note: str, leaves: tuple[bytes, ...]) -> None:
    """Keep a checkpoint and its leaf hashes: hashes first, for a checkpoint without fitting ones is still good."""
    write_file(path.with_name(path.name + _LEAVES), b"".join(leaves))
    write_file(path, note.encode())


def _read_leaves(path: Path) -> tuple[bytes, ...]:
    if not path.exists():
        return ()
    content = read_file(path, bytes_max=_LEAVES_BYTES_MAX)
    return tuple(content[start : start + HASH_BYTES] for start in range(0, len(content), HASH_BYTES))
