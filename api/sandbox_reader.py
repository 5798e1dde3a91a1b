"""One reader of strangers' files, seen from the server: ask it, believe nothing but the form, keep it or let it end.

Promises:
  * A reader has its time for each file; one that says too much, or ends without a word, is a clear error.
  * What a kept reader says unasked is never taken for the answer about the next file: it is asked no more.
  * A reader that goes on is kept for the line whose files it read, and for nobody else: should a file ever take it
    over, it can lie to nobody but to who sent that file, or shares his address. As many are kept as a small machine
    has memory for.
"""

import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import ClassVar, Final

from api.errors import ApiError
from api.sandbox_jobs import ANSWER_BYTES_MAX, ANSWER_HEAD, REQUEST_HEAD

# A little more than the reader's own end, so that its end is what is seen.
GRACE_SECONDS: Final = 0.5
# Each has 9 MB of its own; so many offices check their piles at the same time.
KEPT_MAX: Final = 16
_PART_BYTES: Final = 1 << 18


class SandboxError(ApiError):
    """Root of what can happen to a reader; never the fault of the licence."""

    code: ClassVar[str] = "sandbox.crashed"


class SandboxTimeoutError(SandboxError):
    """The file takes longer to read than anybody's should."""

    code: ClassVar[str] = "sandbox.timeout"


class SandboxCrashedError(SandboxError):
    """The file broke its reader."""

    code: ClassVar[str] = "sandbox.crashed"


class SandboxBusyError(SandboxError):
    """Too many files are being read; this one may be tried again in a moment."""

    code: ClassVar[str] = "sandbox.busy"


@dataclass(slots=True, eq=False)
class Reader:
    """Our end of the way to one reader; `goes_on` says whether it waits for another file."""

    _connection: socket.socket
    goes_on: bool = field(default=False, init=False)

    def ask(self, request: bytes, document: bytes, *, seconds: int) -> bytes:
        """Return the answer. Raises `SandboxTimeoutError`, or `SandboxCrashedError` for too long an answer or none."""
        self.goes_on = False
        end = time.monotonic() + seconds + GRACE_SECONDS
        try:
            self._send(struct.pack(REQUEST_HEAD, len(request), len(document)) + request, end)
            self._send(document, end)
            goes_on, length = struct.unpack(ANSWER_HEAD, self._received(struct.calcsize(ANSWER_HEAD), end))
            if length > ANSWER_BYTES_MAX:
                raise SandboxCrashedError("too long an answer")
            answer = self._received(length, end)
        except TimeoutError as error:
            raise SandboxTimeoutError(params={"seconds": str(seconds)}) from error
        except OSError as error:
            if time.monotonic() >= end - GRACE_SECONDS:  # the kernel ended it
                raise SandboxTimeoutError(params={"seconds": str(seconds)}) from error
            raise SandboxCrashedError("the reader ended without an answer") from error
        self.goes_on = goes_on
        return answer

    def is_waiting(self) -> bool:
        """Say whether the reader is there, and has said nothing since its last answer."""
        self._connection.setblocking(False)
        try:
            self._connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def _send(self, content: bytes, end: float) -> None:
        self._connection.settimeout(self._left(end))
        self._connection.sendall(content)

    @staticmethod
    def _left(end: float) -> float:
        """Return for how long it may still be waited. Raises `TimeoutError`."""
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _received(self, length: int, end: float) -> bytes:
        content = bytearray()
        while len(content) < length:
            self._connection.settimeout(self._left(end))
            part = self._connection.recv(min(length - len(content), _PART_BYTES))
            if not part:
                raise ConnectionResetError
            content += part
        return bytes(content)

    def close(self) -> None:
        """Let it end."""
        self._connection.close()


@dataclass(slots=True, eq=False)
class KeptReaders:
    """Readers that go on, by line; the one that has waited longest makes way for another."""

    _kept: deque[tuple[str, Reader]] = field(default_factory=deque, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def take(self, line: str) -> Reader | None:
        """Return a reader of this line's files, if one waits; it may end before it is asked."""
        with self._lock:
            found = next((each for each in reversed(self._kept) if each[0] == line), None)
            if found is None:
                return None
            self._kept.remove(found)
        if found[1].is_waiting():
            return found[1]
        found[1].close()
        return None

    def keep(self, line: str, reader: Reader) -> None:
        """Keep a reader for this line if it goes on; else let it end."""
        if not reader.goes_on:
            reader.close()
            return
        with self._lock:
            self._kept.append((line, reader))
            too_many = self._kept.popleft() if len(self._kept) > KEPT_MAX else None
        if too_many is not None:
            too_many[1].close()

    def close(self) -> None:
        """Let all of them end."""
        with self._lock:
            while self._kept:
                self._kept.pop()[1].close()
