"""Read a stranger's file in another process, and believe of its answer nothing but its form.

Promises:
  * The reader has no key, no socket and no registry, and is bounded in memory, time and files (`api/sandbox_child.py`).
  * A file that breaks its reader, or takes too long, is a clear error; the next file gets a new reader.
  * A file gets a reader that has read nothing, or nothing but documents of the same line that stand, whole, under the
    signature of an issuer of the trust list: who checks a pile of licences waits for one start.
  * A reader is forked from a warm process, so that a usual file is answered in some milliseconds. The process begins
    with what our own documents need; what any other file may need is loaded at the first one, or by `warm_up`.
  * One line (an address, a client) holds at most half of the readers: a pile of slow files keeps nobody else waiting.
"""

import pickle
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from api.sandbox_jobs import (
    LOAD_ALL,
    NEEDS_ALL,
    READY,
    SECONDS,
    AnswerError,
    Examine,
    Job,
    Picture,
    Prepare,
    ReadCode,
    TakeInventory,
    open_answer,
    prepared_of,
)
from api.sandbox_reader import KeptReaders, Reader, SandboxBusyError, SandboxCrashedError, SandboxError
from api.turns import NoTurnError, Turns
from verify.errors import MalformedError
from verify.evidence import Evidence
from verify.report import Report
from verify.report_objects import report_from_object

if TYPE_CHECKING:
    from signer.official.inventory import Inventory
    from signer.official.wishes import PreparedFile, SealWish

ROOT: Final = Path(__file__).parent.parent
# As many readers at once as a small machine has memory for; the others wait their turn.
READERS_MAX: Final = 4
# Half of them, so that who sends hostile files from one address leaves a reader free for everybody else.
LINE_READERS_MAX: Final = 2
TURN_SECONDS: Final = 10.0
# An office behind one address sends a pile at once; usual files are read in milliseconds.
LINE_WAITING_MAX: Final = 8
# Each waits in a thread of the server's forty; the rest is left to who uploads nothing.
WAITING_MAX: Final = 24
# What this process itself wants read: the command line.
OWN_LINE: Final = ""
# To load all takes a second; a machine that is busy with much else needs many times that, and is not told of a crash.
START_SECONDS: Final = 60.0


@dataclass(slots=True, kw_only=True, eq=False)
class Sandbox:
    """The warm process, started at the first file and again when it has ended."""

    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _channel: socket.socket | None = field(default=None, init=False)
    _has_all: bool = field(default=False, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _kept: KeptReaders = field(default_factory=KeptReaders, init=False)
    _turns: Turns = field(
        default_factory=lambda: Turns(
            count=READERS_MAX,
            share=LINE_READERS_MAX,
            line_waiting_max=LINE_WAITING_MAX,
            waiting_max=WAITING_MAX,
        ),
        init=False,
    )

    def examine(self, document: bytes, evidence: Evidence, *, at: datetime, line: str = OWN_LINE) -> Report:
        """Return the report of a file, without the registry. Raises a `SandboxError`."""
        value, _ = self._do(Examine(evidence=evidence, at=at), document, line)
        try:
            return report_from_object(value)
        except MalformedError as error:
            raise SandboxCrashedError("no report came back") from error

    def prepare(self, upload: bytes, wish: "SealWish", *, line: str = OWN_LINE) -> "PreparedFile":
        """Return an upload prepared for its seal. Raises `OfficialError`, `PlaceError`, `SandboxError`."""
        value, content = self._do(Prepare(wish=wish), upload, line)
        try:
            return prepared_of(value, content, upload)
        except AnswerError as error:
            raise SandboxCrashedError("no prepared file came back") from error

    def picture(self, document: bytes, page: int, *, line: str = OWN_LINE) -> bytes:
        """Return a page of a file as PNG. Raises `OfficialError`, `SandboxError`."""
        return self._do(Picture(page=page), document, line)[1]

    def inventory(self, document: bytes, *, line: str = OWN_LINE) -> "Inventory":
        """Return what the pages of a file show, as a list. Raises `OfficialError`, `SandboxError`."""
        from signer.official.inventory import Inventory
        from signer.official.wishes import LayoutError

        _, content = self._do(TakeInventory(), document, line)
        try:
            return Inventory.decode(content)
        except LayoutError as error:
            raise SandboxCrashedError("no list came back") from error

    def code(self, picture: bytes, *, line: str = OWN_LINE) -> str:
        """Return the text of the QR code in a photo, empty when there is none. Raises a `SandboxError`."""
        text = self._do(ReadCode(), picture, line)[0].get("text")
        if not isinstance(text, str):
            raise SandboxCrashedError("no text came back")
        return text

    def _do(self, job: Job, document: bytes, line: str) -> tuple[dict[str, Any], bytes]:
        try:
            with self._turns.turn(line, seconds=TURN_SECONDS):
                answer = self._answer(job, document, line)
        except NoTurnError as error:
            raise SandboxBusyError from error
        try:
            return open_answer(answer)
        except AnswerError as error:
            raise SandboxCrashedError("no answer came back") from error

    def _answer(self, job: Job, document: bytes, line: str) -> bytes:
        """Return the answer of a reader that was forked when all was there that this job needs."""
        if not isinstance(job, Examine):
            self.start()
        request, seconds = pickle.dumps(job), SECONDS[type(job)]
        answer = b""
        if isinstance(job, Examine) and (kept := self._kept.take(line)) is not None:
            # It may have ended while it waited; a file that breaks it breaks the next one too.
            with suppress(SandboxCrashedError):
                answer = self._asked(kept, request, document, seconds=seconds, line=line)
        answer = answer or self._asked(self._new_reader(), request, document, seconds=seconds, line=line)
        if answer == NEEDS_ALL:
            self.start()
            answer = self._asked(self._new_reader(), request, document, seconds=seconds, line=line)
        return answer

    def _asked(self, reader: Reader, request: bytes, document: bytes, *, seconds: int, line: str) -> bytes:
        try:
            return reader.ask(request, document, seconds=seconds)
        finally:
            self._kept.keep(line, reader)

    def start(self) -> None:
        """Load all that any file may need, so that no file waits for it. Raises `SandboxCrashedError`."""
        with self._lock:
            channel = self._channel or self._start()
            if not self._has_all:
                try:
                    channel.sendall(LOAD_ALL)
                except OSError:  # it has ended
                    self._end()
                    channel = self._start()
                    channel.sendall(LOAD_ALL)
                self._greet(channel)
                self._has_all = True

    def close(self) -> None:
        """End the warm process, and the readers that wait for more."""
        self._kept.close()
        with self._lock:
            self._end()

    def _new_reader(self) -> Reader:
        ours, theirs = socket.socketpair()
        with theirs:
            self._send(theirs.fileno())
        return Reader(ours)

    def _send(self, descriptor: int) -> None:
        with self._lock:
            for _ in range(2):  # a process that has ended is seen when something is sent to it
                channel = self._channel or self._start()
                try:
                    socket.send_fds(channel, [b"x"], [descriptor])
                except OSError:
                    self._end()
                else:
                    return
        raise SandboxCrashedError("the warm process cannot be reached")

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            program = (
                f"import gc, sys; gc.disable(); sys.path.insert(0, {str(ROOT)!r}); "
                f"from api.sandbox_child import serve; serve({theirs.fileno()})"
            )
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and program, nothing from outside
                [sys.executable, "-I", "-c", program],
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
        ours.settimeout(START_SECONDS)
        self._channel = ours
        self._greet(ours)
        return ours

    def _greet(self, channel: socket.socket) -> None:
        """Wait until the warm process is ready."""
        try:
            greeting = channel.recv(len(READY))
        except OSError as error:
            self._end()
            raise SandboxCrashedError("the warm process did not start") from error
        if not greeting:
            self._end()
            raise SandboxCrashedError("the warm process ended at once")

    def _end(self) -> None:
        if self._channel is not None:
            self._channel.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._channel = self._process = None
        self._has_all = False


_OURS: Final = Sandbox()


def warm_up() -> None:
    """Start this process's reader in the background; should that fail, the first file tries again and tells."""

    def start() -> None:
        with suppress(SandboxError):
            _OURS.start()

    threading.Thread(target=start, name="reader", daemon=True).start()


def examine_file(document: bytes, evidence: Evidence, *, at: datetime, line: str = OWN_LINE) -> Report:
    """Return the report of a file, without the registry; the warm process is one for this process."""
    return _OURS.examine(document, evidence, at=at, line=line)


def code_in_file(picture: bytes, *, line: str = OWN_LINE) -> str:
    """Return the text of the QR code in a photo, empty when there is none. Raises a `SandboxError`."""
    return _OURS.code(picture, line=line)


def prepare_file(upload: bytes, wish: "SealWish", *, line: str = OWN_LINE) -> "PreparedFile":
    """Return an upload prepared for its seal. Raises `OfficialError`, `PlaceError`, `SandboxError`."""
    return _OURS.prepare(upload, wish, line=line)


def inventory_of_file(document: bytes, *, line: str = OWN_LINE) -> "Inventory":
    """Return what the pages of a file show, as a list. Raises `OfficialError`, `SandboxError`."""
    return _OURS.inventory(document, line=line)


def picture_of_page(document: bytes, page: int, *, line: str = OWN_LINE) -> bytes:
    """Return a page of a file, from 1, as PNG. Raises `OfficialError`, `SandboxError`."""
    return _OURS.picture(document, page, line=line)
