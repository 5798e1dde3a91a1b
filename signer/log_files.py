"""Where published files lie: a folder of this machine here, storage that speaks S3 in `log_objects`.

Promises:
  * A file is whole or absent, also after a power cut: temporary file, fsync, rename, fsync of the folder. What
    `flush` returned for is on the disk by name and content.
  * `put` is for files that never change: byte-equal to what stands there, or `PublishConflictError`. One of the two is
    a lie then, and nothing is overwritten.
  * `replace` is for the few that do; `expected` makes it a compare-and-set, so that no older one takes a newer one's
    place.
  * One publisher at a time works in a folder; what a killed one left half written is removed by the next.
"""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from registry.errors import DiskFullError
from registry.vault import flush, flush_all
from signer.errors import PublishConflictError, PublishFolderError

# The largest published file is a pack for counters; a checkpoint or tile stays far below.
FILE_BYTES_MAX: Final = 512 * 1024 * 1024
_LOCK: Final = ".lock"
_PART: Final = ".part"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FILE_MODE: Final = 0o644
_FOLDER_MODE: Final = 0o755


class TileStore(Protocol):
    """A place for published files, by their paths with forward slashes; none begins with one or holds dots alone."""

    def get(self, path: str) -> bytes | None:
        """Return a file, None where there is none. Raises `PublishFolderError` when that cannot be told."""
        ...

    def put_all(self, files: Mapping[str, bytes]) -> int:
        """Write files that never change, and return how many were new. Raises `PublishConflictError`."""
        ...

    def replace(self, path: str, content: bytes, *, expected: bytes | None) -> bool:
        """Write a file that may change and that was `expected` until now; say whether it had other bytes.

        Raises `PublishConflictError` when somebody else changed it meanwhile.
        """
        ...

    def drop(self, folder: str) -> None:
        """Remove the files below a path, as far as there are any."""
        ...

    def flush(self) -> None:
        """Wait until all that was written is there for good."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Keep other publishers of this machine out until the block ends."""
        ...


@dataclass(slots=True, eq=False)
class FolderStore:
    """A folder. Objects of other processes may work in it too, one after the other."""

    folder: Path
    _touched: set[Path] = field(default_factory=set, init=False, repr=False)
    _swept: set[Path] = field(default_factory=set, init=False, repr=False)

    def get(self, path: str) -> bytes | None:
        """Return a file, None where there is none."""
        with _translated():
            try:
                with (self.folder / path).open("rb") as file:
                    content = file.read(FILE_BYTES_MAX + 1)
            except FileNotFoundError:
                return None
        if len(content) > FILE_BYTES_MAX:
            raise PublishConflictError(path)
        return content

    def put_all(self, files: Mapping[str, bytes]) -> int:
        """Write all, then flush all, so that the disk is waited for once."""
        new = {path: content for path, content in files.items() if not self._stands(path, content)}
        parts: dict[Path, Path] = {}
        with _translated():
            try:
                for path, content in new.items():
                    place = self.folder / path
                    parts[place] = self._write_part(place, content)
                flush_all(tuple(parts.values()))
                for place, part in parts.items():
                    part.replace(place)
                    self._touched.add(place.parent)
            except BaseException:
                for part in parts.values():
                    part.unlink(missing_ok=True)
                raise
        return len(new)

    def replace(self, path: str, content: bytes, *, expected: bytes | None) -> bool:
        """Write a file that may change; the folder's lock is what makes it a compare-and-set."""
        there = self.get(path)
        if there != expected:
            raise PublishConflictError(path)
        if there == content:
            return False
        with _translated():
            place = self.folder / path
            part = self._write_part(place, content)
            try:
                flush(part)
                part.replace(place)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
            self._touched.add(place.parent)
        return True

    def drop(self, folder: str) -> None:
        """Remove a folder with its files."""
        with _translated():
            place = self.folder / folder
            if place.is_dir():
                shutil.rmtree(place)
                self._touched.add(place.parent)

    def flush(self) -> None:
        """Wait until the names of all files written so far are on the disk."""
        with _translated():
            flush_all(tuple(sorted(each for each in self._touched if each.is_dir())))
        self._touched.clear()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder's lock; the system frees it when the process dies."""
        with _translated():
            self.folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            descriptor = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            with _translated():
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._swept.clear()
            yield
        finally:
            os.close(descriptor)

    def _stands(self, path: str, content: bytes) -> bool:
        there = self.get(path)
        if there is not None and there != content:
            raise PublishConflictError(path)
        return there is not None

    def _write_part(self, place: Path, content: bytes) -> Path:
        self._make(place.parent)
        self._sweep(place.parent)
        part = place.with_name(f".{secrets.token_hex(8)}{_PART}")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE), "wb") as file:
                file.write(content)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return part

    def _sweep(self, folder: Path) -> None:
        """Remove what a killed publisher left half written: whoever holds the lock is the only one who writes."""
        if folder not in self._swept:
            for left in folder.glob(f".*{_PART}"):
                left.unlink(missing_ok=True)
            self._swept.add(folder)

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make(folder.parent)
            folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
            self._touched.add(folder.parent)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFullError from error
        raise PublishFolderError(error.strerror or type(error).__name__) from error
