"""Where the checker reads from and what it keeps: folders, servers, the file of records, its own state.

Promises:
  * A server is asked for paths of the published layout alone; no redirect is followed, and lengths are capped.
  * What the checker keeps is written whole: under a temporary name, flushed, then renamed.
"""

import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from verify.errors import YinzhengError
from verify.log_audit.records import LINE_BYTES_MAX, MANIFEST_LINE_MAX
from verify.log_audit.tree_walk import Reader

# A bundle of 256 entries of 65,535 bytes; everything else that is published is smaller.
FILE_BYTES_MAX: Final = 17 << 20
STATE_BYTES_MAX: Final = 256 << 20
SECONDS: Final = 30.0
# A whole file, however it drips in; a bundle of 256 entries comes over a line of a megabit in one second.
FILE_SECONDS: Final = 120.0
_TRIES: Final = 3
_NOT_THERE: Final = frozenset({404, 410})


class ReadError(YinzhengError):
    """A file or an address cannot be read, so that nothing can be said of it; a missing file is another matter."""

    code = "auditor.read"


class WriteError(YinzhengError):
    """What the checker keeps cannot be written there."""

    code = "auditor.write"


class FolderReader:
    """Reads a copy of the published folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, path: str) -> bytes | None:
        """Return a file; None when it is not there. Raises `ReadError`."""
        try:
            with (self._folder / path).open("rb") as file:
                content = file.read(FILE_BYTES_MAX + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ReadError(params={"name": path, "reason": error.strerror or ""}) from error
        return _capped(content, path)


class HttpReader:
    """Reads from a server, over one connection that is kept open; no file may take longer than `file_seconds`."""

    def __init__(self, address: str, *, file_seconds: float = FILE_SECONDS) -> None:
        problem = ReadError(params={"name": address, "reason": "http:// | https://"})
        try:
            parts = urlsplit(address)
            is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError as error:
            raise problem from error
        if not is_address:
            raise problem
        self._parts = parts
        self._file_seconds = file_seconds
        self._connection: HTTPConnection | None = None

    def get(self, path: str) -> bytes | None:
        """Return what is published there; None for 404. Raises `ReadError` after three tries."""
        last: Exception | None = None
        for _ in range(_TRIES):
            try:
                return self._ask(path)
            except (OSError, HTTPException, UnicodeError) as error:
                last = error
                self.close()
        raise ReadError(params={"name": path, "reason": type(last).__name__}) from last

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, path: str) -> bytes | None:
        connection = self._connection or self._connected()
        prefix = self._parts.path.rstrip("/")
        begun = time.monotonic()
        if connection.sock is None:
            connection.connect()
        late = threading.Timer(self._file_seconds, _hang_up, (connection.sock,))
        late.start()
        try:
            connection.request("GET", f"{prefix}/{path}", headers={"Accept-Encoding": "identity"})
            with connection.getresponse() as answer:
                content = answer.read(FILE_BYTES_MAX + 1)
        finally:
            late.cancel()
        if time.monotonic() - begun >= self._file_seconds:
            raise TimeoutError  # what came may be a part
        if answer.status in _NOT_THERE:
            return None
        if answer.status != 200:
            raise HTTPException(f"status {answer.status}")
        return _capped(content, path)

    def _connected(self) -> HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            connection: HTTPConnection = HTTPSConnection(
                host, port, timeout=SECONDS, context=ssl.create_default_context()
            )
        else:
            connection = HTTPConnection(host, port, timeout=SECONDS)
        self._connection = connection
        return connection


def _hang_up(connection: socket.socket) -> None:
    """Wake whoever waits for a server that drips."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def open_source(source: str) -> Reader:
    """Return the reader of a folder or an address. Raises `ReadError`."""
    if "://" in source:
        return HttpReader(source)
    folder = Path(source)
    if not folder.is_dir():
        raise ReadError(params={"name": source, "reason": "not a folder"})
    return FolderReader(folder)


def close_source(reader: Reader) -> None:
    """Close the connection to a server; asked again, it is opened anew."""
    if isinstance(reader, HttpReader):
        reader.close()


def read_capped(path: Path, bytes_max: int = FILE_BYTES_MAX) -> bytes:
    """Return a file's content. Raises `ReadError`."""
    try:
        with path.open("rb") as file:
            return _capped(file.read(bytes_max + 1), str(path), bytes_max)
    except OSError as error:
        raise ReadError(params={"name": str(path), "reason": error.strerror or ""}) from error


def manifest_place(path: Path) -> tuple[bytes, int]:
    """Return the last line of a file of records, and where it begins. Raises `ReadError`."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(size - MANIFEST_LINE_MAX, 0)
            file.seek(start)
            tail = file.read()
    except OSError as error:
        raise ReadError(params={"name": str(path), "reason": error.strerror or ""}) from error
    cut = tail.rstrip(b"\n").rfind(b"\n") + 1
    return tail[cut:], start + cut


def chunks(path: Path, end: int) -> Iterator[bytes]:
    """Yield a file's bytes up to a place. Raises `ReadError`."""
    try:
        with path.open("rb") as file:
            while end > 0 and (chunk := file.read(min(1 << 20, end))):
                end -= len(chunk)
                yield chunk
    except OSError as error:
        raise ReadError(params={"name": str(path), "reason": error.strerror or ""}) from error


def lines(path: Path, start: int, end: int) -> Iterator[bytes]:
    """Yield the lines between two places of a file. Raises `ReadError`."""
    try:
        with path.open("rb") as file:
            file.seek(start)
            while start < end and (line := file.readline(LINE_BYTES_MAX + 1)):
                start += len(line)
                yield line
    except OSError as error:
        raise ReadError(params={"name": str(path), "reason": error.strerror or ""}) from error


def load_state(path: Path) -> Mapping[str, Any] | None:
    """Return what was kept in a file of JSON; None where there is none, or none that can be read."""
    if not path.is_file():
        return None
    try:
        state = json.loads(read_capped(path, STATE_BYTES_MAX))
    except (ValueError, RecursionError):
        return None
    return state if isinstance(state, dict) else None


def save_state(path: Path, state: Mapping[str, object]) -> None:
    """Keep something as JSON. Raises `WriteError`."""
    write_whole(path, json.dumps(state, separators=(",", ":")).encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole, in place of the old one. Raises `WriteError`."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise WriteError(params={"name": str(path), "reason": error.strerror or ""}) from error


def _capped(content: bytes, name: str, bytes_max: int = FILE_BYTES_MAX) -> bytes:
    if len(content) > bytes_max:
        raise ReadError(params={"name": name, "reason": f"> {bytes_max} B"})
    return content
