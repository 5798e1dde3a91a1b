"""Publish what the public needs to check a licence, as files that any web server carries.

Promises:
  * A file is whole or absent, also after a power cut: temporary file, fsync, rename, fsync of the folder. The
    checkpoint comes last, so it never promises a tile that is not there (C2SP tlog-tiles).
  * Running again changes nothing; a crash is mended by running again. A tile that stands there with other bytes stops
    everything: one of the two is a lie.
  * A checkpoint never goes back. A database that is behind the published one, or contradicts it, is an old copy or
    worse: `LogForkError`, and nothing is written. `demand_no_fork` asks the same at start, before a key is used.
  * No key is used; two processes that publish at once wait for each other at a lock file.

    checkpoint tile/… log.vkey (in log/) · trust-list.cbor · status/<n> · status/seal-<division>-<n> ·
    seal-history/<code> · pack/counter · pack/since-<place> · authority.crl · national.crl · certificates/<name>.cer
"""

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from registry import artefacts, leaves
from registry.db import Database, reading
from registry.errors import DiskFullError
from registry.leaves import LogHead
from registry.vault import flush
from signer.errors import LogForkError, LogMissingError, PublishConflictError, PublishFolderError
from verify.note import NOTE_LENGTH_MAX, Checkpoint, LogVerifier, NoteError, open_checkpoint, verifier_key_text
from verify.tiles import encode_bundle, entries_path, tile_nodes, tile_path, tiles_of_growth
from verify.tree import ProofError, check_consistency, combine, consistency_nodes

LOG: Final = "log"
CHECKPOINT: Final = f"{LOG}/checkpoint"
VERIFIER_KEY: Final = f"{LOG}/log.vkey"
PATHS: Final = (
    ("certificate", "certificates/{}.cer"),
    ("crl", "{}.crl"),
    ("trust_list", "{}.cbor"),
    ("status_list", "status/{}"),
    ("seal_status_list", "status/seal-{}"),
    ("seal_history", "seal-history/{}"),
    ("pack", "pack/{}"),
    ("pack_since", "pack/since-{}"),
)
"""Kinds of artefact and where each stands, by its name; certificates first, for the others lead to them."""

_LOCK: Final = ".lock"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FILE_MODE: Final = 0o644
_FOLDER_MODE: Final = 0o755


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """How large the published log is now, and how many files were written."""

    size: int
    files: int


def publish(database: Database, verifier: LogVerifier, folder: Path) -> Published:
    """Bring the folder up to date.

    1. Compare the published checkpoint with the log. 2. Write the tiles and bundles between the two. 3. Write the
    newest signed files. 4. Write the checkpoint.

    Raises `LogForkError`, `PublishConflictError`, `PublishFolderError`, `DiskFullError`, and what the database raises.
    """
    with _translated():
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        with _only_one(folder):
            writer = _Writer(folder)
            head = _head(database, verifier)
            before = _compare(database, verifier, head, folder)  # (1)
            _write_tiles(database, head, before, writer)  # (2)
            _write_artefacts(database, writer)  # (3)
            writer.flush_folders()
            writer.replace(VERIFIER_KEY, (verifier_key_text(verifier.name, verifier.public) + "\n").encode())
            writer.replace(CHECKPOINT, head.note.encode())  # (4)
            writer.flush_folders()
    return Published(size=head.size, files=writer.written)


def demand_no_fork(database: Database, verifier: LogVerifier, folder: Path) -> None:
    """Compare the log with the published checkpoint, if there is one. Raises `LogForkError`; call it before signing."""
    with _translated():
        _compare(database, verifier, _head(database, verifier), folder)


def published_checkpoint(verifier: LogVerifier, folder: Path) -> Checkpoint | None:
    """Return the checkpoint that stands in the folder. Raises `PublishConflictError` when it is not the log's own."""
    try:
        content = (folder / CHECKPOINT).read_bytes()[: NOTE_LENGTH_MAX * 4 + 1]
    except FileNotFoundError:
        return None
    try:
        return open_checkpoint(content.decode(), (verifier,))
    except (NoteError, UnicodeDecodeError) as error:
        raise PublishConflictError(CHECKPOINT) from error


class _Writer:
    """Writes files into the folder and remembers which subfolders are to be flushed."""

    def __init__(self, folder: Path) -> None:
        self.written = 0
        self._folder = folder
        self._touched: set[Path] = set()

    def replace(self, name: str, content: bytes) -> None:
        """Write a file that may change; nothing happens when it has this content."""
        if self._content(name) != content:
            self._write(name, content)

    def keep(self, name: str, content: bytes) -> None:
        """Write a file that never changes. Raises `PublishConflictError` when it stands there with other bytes."""
        there = self._content(name)
        if there is None:
            self._write(name, content)
        elif there != content:
            raise PublishConflictError(name)

    def flush_folders(self) -> None:
        """Wait until the names of all files written so far are on the disk."""
        for folder in sorted(self._touched):
            flush(folder)
        self._touched.clear()

    def _content(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def _write(self, name: str, content: bytes) -> None:
        path = self._folder / name
        self._make(path.parent)
        part = path.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        self._touched.add(path.parent)
        self.written += 1

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make(folder.parent)
            folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
            self._touched.add(folder.parent)


def _head(database: Database, verifier: LogVerifier) -> LogHead:
    """Return the log's head, after its own note was checked against it."""
    with reading(database) as tx:
        head = leaves.head(tx, verifier.name)
    if not head.size:
        raise LogMissingError(verifier.name)
    try:
        signed = open_checkpoint(head.note, (verifier,))
    except NoteError as error:
        raise LogForkError("the head's own note does not hold") from error
    if (signed.size, signed.root) != (head.size, head.root):
        raise LogForkError("the head is not what its note says")
    return head


def _compare(database: Database, verifier: LogVerifier, head: LogHead, folder: Path) -> int:
    """Return the published size. Raises `LogForkError` unless the log grew out of what is published."""
    published = published_checkpoint(verifier, folder)
    if published is None:
        return 0
    if published.size > head.size:
        raise LogForkError("the published checkpoint is ahead of the database")
    groups = consistency_nodes(published.size, head.size)
    with reading(database) as tx:
        nodes = leaves.nodes(tx, head.origin, [node for group in groups for node in group])
    try:
        check_consistency(published.size, published.root, head.size, head.root, combine(groups, nodes))
    except (ProofError, KeyError) as error:
        raise LogForkError("the published checkpoint contradicts the database") from error
    return published.size


def _write_tiles(database: Database, head: LogHead, before: int, writer: _Writer) -> None:
    for level, index, width in tiles_of_growth(before, head.size):
        wanted = tile_nodes(level, index, width)
        with reading(database) as tx:
            found = leaves.nodes(tx, head.origin, wanted)
            entries = leaves.entries(tx, head.origin, wanted[0][1], wanted[-1][1] + 1) if level == 0 else ()
        writer.keep(f"{LOG}/{tile_path(level, index, width)}", b"".join(found[node] for node in wanted))
        if entries:
            bundle = encode_bundle([each.entry for each in entries])
            writer.keep(f"{LOG}/{entries_path(index, width)}", bundle)


def _write_artefacts(database: Database, writer: _Writer) -> None:
    for kind, path in PATHS:
        with reading(database) as tx:
            newest = artefacts.all_latest(tx, kind)
        for name, content in newest:
            writer.replace(path.format(name), content)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the system frees it when the process dies."""
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFullError from error
        raise PublishFolderError(error.strerror or type(error).__name__) from error
