"""Files that commands read and write.

Promises:
  * A file is measured before it is read: what is larger than the command takes is refused.
  * A file is written whole: under a temporary name beside its own, then renamed.
  * A secret is written into a file that only its owner can read, and never over another file.
"""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from api.cli.errors import FileTooLargeError, NoFileError, NotWrittenError

# The largest document that the service takes (issue: "any file up to 20 MB").
DOCUMENT_BYTES_MAX: Final = 20 * 1024 * 1024
STDIN: Final = "-"
# What looks like the name of a document and is no file is a slip of the finger, not the text of a code.
DOCUMENT_SUFFIXES: Final = frozenset({".pdf", ".ofd"})
_MEGABYTE: Final = 1024 * 1024


def read_file(path: Path, *, bytes_max: int = DOCUMENT_BYTES_MAX) -> bytes:
    """Return a file's content. Raises `NoFileError`, `FileTooLargeError`."""
    try:
        with path.open("rb") as file:
            content = file.read(bytes_max + 1)
    except OSError as error:
        raise NoFileError(params={"name": str(path), "reason": error.strerror or ""}) from error
    return _capped(content, str(path), bytes_max)


def read_input(name: str, *, bytes_max: int = DOCUMENT_BYTES_MAX) -> bytes:
    """Return a file's content, or with ``-`` what stands on standard input."""
    if name != STDIN:
        return read_file(Path(name), bytes_max=bytes_max)
    return _capped(sys.stdin.buffer.read(bytes_max + 1), STDIN, bytes_max)


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole, in place of the old one if there is one. Raises `NotWrittenError`."""
    temporary = path.with_name(f".{secrets.token_hex(8)}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):  # where nothing can be written, there may be nothing to remove
            temporary.unlink()
        raise NotWrittenError(params={"name": str(path), "reason": error.strerror or ""}) from error


def write_secret(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read. Raises `NotWrittenError`, also when there is one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise NotWrittenError(params={"name": str(path), "reason": error.strerror or ""}) from error


def documents_in(folder: Path) -> Iterator[Path]:
    """Yield the PDF and OFD files of a folder and of those below it, by name."""
    yield from sorted(path for path in folder.rglob("*") if path.suffix.lower() in DOCUMENT_SUFFIXES and path.is_file())


def _capped(content: bytes, name: str, bytes_max: int) -> bytes:
    if len(content) > bytes_max:
        raise FileTooLargeError(params={"name": name, "max_mb": str(bytes_max // _MEGABYTE)})
    return content
