"""Files of custody: written whole or not at all, readable by one user of the machine only.

Promises:
  * A file is written under a temporary name, flushed to the disk, given its name, and the folder is flushed: after a
    power cut there is the old file or the new one.
  * `write_new` never replaces a file, also when two processes try at once.
  * Folder 0700, files 0600; a folder or file that others can reach is refused, not silently mended.
"""

import os
import secrets
from pathlib import Path
from typing import Final

from keys.errors import CustodyAccessError, CustodyStorageError, KeyExistsError

FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600
_OTHERS: Final = 0o077


def prepare_folder(folder: Path) -> None:
    """Make the folder when it is missing, and refuse one that other users can reach."""
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        mode = folder.stat().st_mode
    except OSError as error:
        raise CustodyStorageError(_reason(error)) from error
    if mode & _OTHERS:
        raise CustodyAccessError("the folder of custody is open to other users; use mode 0700")


def read_file(path: Path, *, bytes_max: int) -> bytes:
    """Return the content of a file that nobody else can reach; raises `FileNotFoundError` when there is none."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS:
                raise CustodyAccessError(f"{path.name} is open to other users; use mode 0600")
            return file.read(bytes_max + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CustodyStorageError(_reason(error)) from error


def write_new(path: Path, content: bytes) -> None:
    """Write a file that must not exist yet. Raises `KeyExistsError` when it does."""
    temporary = _write_temporary(path, content)
    try:
        path.hardlink_to(temporary)
    except FileExistsError as error:
        raise KeyExistsError(path.stem) from error
    except OSError as error:
        raise CustodyStorageError(_reason(error)) from error
    finally:
        temporary.unlink()
    _flush_folder(path.parent)


def write_over(path: Path, content: bytes) -> None:
    """Write a file, in place of the old one if there is one."""
    temporary = _write_temporary(path, content)
    try:
        temporary.replace(path)
    except OSError as error:
        temporary.unlink()
        raise CustodyStorageError(_reason(error)) from error
    _flush_folder(path.parent)


def overwrite_and_remove(path: Path) -> None:
    """Overwrite a file in place with random bytes, flush it, and remove it.

    A journaling file system, a snapshot or the disk's own wear levelling may keep the old blocks: what is left there is
    encrypted, and the promise is no stronger than the passphrase.
    """
    try:
        with path.open("r+b") as file:
            size = os.fstat(file.fileno()).st_size
            file.write(secrets.token_bytes(size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except OSError as error:
        raise CustodyStorageError(_reason(error)) from error
    _flush_folder(path.parent)


def _write_temporary(path: Path, content: bytes) -> Path:
    temporary = path.with_name(f".{secrets.token_hex(8)}.new")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise CustodyStorageError(_reason(error)) from error
    return temporary


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: OSError) -> str:
    """Return what went wrong without the path, which names the owner."""
    return error.strerror or type(error).__name__
