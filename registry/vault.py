"""Documents by their hash, in a folder.

Promises:
  * What ``put`` returned is on the disk, whole, under the SHA-256 of its bytes, also after a power cut: temporary file,
    fsync, rename, fsync of the folder.
  * What ``get`` returns has that hash; damage is noticed.
  * A document is put before the row that names it is committed; a file that no row names is swept later, never earlier.
"""

import errno
import math
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from registry.errors import DatabaseAwayError, DiskFullError, DocumentDamagedError, UnknownDocumentError

# A licence with photo and fonts has 90 kB; the largest decision with tables stays far below.
DOCUMENT_BYTES_MAX: Final = 64 * 1024 * 1024
# One question to the registry for so many files.
SWEPT_AT_ONCE: Final = 500
# Fifty documents: 3.2 ms each one after the other, 0.5 ms with so many threads; with more it gets no better.
FLUSHED_AT_ONCE: Final = 16
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_TEMPORARY: Final = ".part"


@dataclass(frozen=True, slots=True)
class FolderVault:
    """A folder of documents in 256 subfolders; processes may share it."""

    folder: Path

    def put(self, content: bytes) -> str:
        """Keep a document and return its SHA-256 in hex. Raises ``DiskFullError``; then no part of it is left."""
        return self.put_all((content,))[0]

    def put_all(self, contents: Sequence[bytes]) -> tuple[str, ...]:
        """Keep several documents: all are written, then all flushed, so that the disk is waited for once."""
        if any(len(content) > DOCUMENT_BYTES_MAX for content in contents):
            raise ValueError("no document is that long")
        digests = tuple(sha256(content).hexdigest() for content in contents)
        new = {self._path(digest): content for digest, content in zip(digests, contents, strict=True)}
        with _translated():
            self._write_all({path: content for path, content in new.items() if not _is_there(path)})
        return digests

    def get(self, digest: str) -> bytes:
        """Return a document. Raises ``UnknownDocumentError``, ``DocumentDamagedError``."""
        with _translated():
            try:
                content = self._path(digest).read_bytes()
            except FileNotFoundError:
                raise UnknownDocumentError from None
        if sha256(content).hexdigest() != digest:
            raise DocumentDamagedError
        return content

    def has(self, digest: str) -> bool:
        """Say whether the vault holds a document of this digest."""
        return self._path(digest).is_file()

    def digests(self) -> Iterator[str]:
        """Return the digests of all documents, in no order."""
        with _translated():
            yield from (path.name for path in self.folder.glob("??/*") if _DIGEST.fullmatch(path.name))

    def sweep(self, known: Callable[[Sequence[str]], AbstractSet[str]], *, older_than: float) -> int:
        """Remove documents that no row names, and leftovers of crashed writers; return how many.

        ``known`` says which of some digests a row names. Only files last changed before ``older_than`` (seconds since
        1970) are judged: younger ones may belong to a chunk that is not filed yet.
        """
        removed = 0
        with _translated():
            old = (path for path in self.folder.glob("??/*") if _changed_at(path) < older_than)
            for paths in iter(lambda: list(islice(old, SWEPT_AT_ONCE)), []):
                named = known([path.name for path in paths if path.suffix != _TEMPORARY])
                for path in paths:
                    if path.name not in named:
                        path.unlink(missing_ok=True)
                        removed += 1
        return removed

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise UnknownDocumentError
        return self.folder / digest[:2] / digest

    def _write_all(self, new: Mapping[Path, bytes]) -> None:
        parts: dict[Path, Path] = {}
        folders = {path.parent for path in new}
        touched = folders | {above for folder in folders for above in self._make_folder(folder)}
        try:
            for path, content in new.items():
                parts[path] = _write_part(path, content)
            flush_all(parts.values())
            for path, part in parts.items():
                part.replace(path)
            flush_all(touched)
        except BaseException:
            for part in parts.values():
                part.unlink(missing_ok=True)
            raise

    def _make_folder(self, folder: Path) -> tuple[Path, ...]:
        """Make a folder where it is missing, and return the folders whose lists of names changed."""
        missing = tuple(each for each in (self.folder, folder) if not each.is_dir())
        folder.mkdir(parents=True, exist_ok=True)
        return tuple(each.parent for each in missing)


def _is_there(path: Path) -> bool:
    """Say whether the file is there; if so it counts as new, so that no sweep takes it before its row is committed."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _changed_at(path: Path) -> float:
    """Return when the file was last changed; a part that its writer renamed meanwhile counts as new."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return math.inf


def _write_part(path: Path, content: bytes) -> Path:
    """Write the bytes beside their place; two writers of one document do not meet."""
    with NamedTemporaryFile(dir=path.parent, suffix=_TEMPORARY, delete=False) as file:
        try:
            file.write(content)
            file.flush()
        except BaseException:
            with suppress(OSError):
                file.close()
            Path(file.name).unlink(missing_ok=True)
            raise
    return Path(file.name)


def flush_all(paths: Collection[Path]) -> None:
    """Wait until all are on the disk. Asked for at once, many share one write of the file system's journal."""
    if len(paths) < 2:
        for path in paths:
            flush(path)
        return
    with ThreadPoolExecutor(min(FLUSHED_AT_ONCE, len(paths))) as pool:
        for _ in pool.map(flush, paths):
            pass


def flush(path: Path) -> None:
    """Wait until file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFullError from error
        raise DatabaseAwayError("the vault's folder cannot be used") from error
