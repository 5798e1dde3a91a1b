"""The process's own log: one JSON object a line, without personal data.

Promises:
  * No message of a foreign exception is written, for it may repeat a value: its type and the places it passed are.
  * Nobody's address, token or query string is written; a caller is named by its key id, a licence not at all.
  * The libraries' own lines (uvicorn, asyncio) come through the same door, as text without arguments of requests.
"""

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol, TextIO

from api.json_writer import canonical_json
from verify.errors import YinzhengError

# The innermost places tell where it broke; a recursion would otherwise fill the disk.
FRAMES_MAX: Final = 12


class Log(Protocol):
    """Where lines are written."""

    def info(self, event: str, **values: object) -> None:
        """Write what happened."""
        ...

    def warning(self, event: str, **values: object) -> None:
        """Write what somebody should look at."""
        ...

    def error(self, event: str, **values: object) -> None:
        """Write what does not work."""
        ...


# What lasts is said when it begins, and again this much later for who reads only the newest lines.
SAID_AGAIN_SECONDS: Final = 3600.0
# What is written as it is; everything else shows no more than its repr.
_PLAIN: Final = frozenset({str, int, bool, float, type(None)})


@dataclass(frozen=True, slots=True)
class _Lines:
    """A log that writes each line at once: what a process did last is there when it was killed."""

    clock: Callable[[], datetime]
    out: TextIO

    def info(self, event: str, **values: object) -> None:
        self._write("info", event, values)

    def warning(self, event: str, **values: object) -> None:
        self._write("warning", event, values)

    def error(self, event: str, **values: object) -> None:
        self._write("error", event, values)

    def _write(self, level: str, event: str, values: dict[str, object]) -> None:
        at = self.clock().isoformat(timespec="milliseconds")
        line = _written({**values, "at": at, "event": event, "level": level})
        self.out.write(f"{line}\n")  # in one piece, for several threads write
        self.out.flush()


def _written(content: dict[str, object]) -> str:
    shown = {name: _shown(value) for name, value in content.items()}
    try:
        return canonical_json(shown).decode()
    except UnicodeEncodeError:  # half a sign, in what a library says
        return json.dumps(shown, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _shown(value: object) -> object:
    """Return what may be written: of whatever is no plain value, its repr, also of a tuple with names."""
    if type(value) in _PLAIN:
        return value
    return [_shown(each) for each in value] if isinstance(value, list) else repr(value)


def open_log(clock: Callable[[], datetime], *, out: TextIO | None = None) -> Log:
    """Return a log that writes to `out`, or to stderr."""
    return _Lines(clock, out or sys.stderr)


def described(error: BaseException) -> dict[str, object]:
    """Return what may be written of an error: its type, our own code and detail, and the places it passed."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    ours = {"code": error.code, "detail": error.detail} if isinstance(error, YinzhengError) else {}
    return {"error": type(error).__name__, **ours, "places": places}


@dataclass(slots=True, eq=False)
class News:
    """Knows what was said of things that last, so that one line tells of each and not one a second."""

    monotonic: Callable[[], float] = time.monotonic
    _said: dict[str, tuple[str, float]] = field(default_factory=dict, init=False, repr=False)

    def is_new(self, about: str, words: str) -> bool:
        """Say whether this is to be said: something else was said last, or the same an hour ago."""
        said, at = self._said.get(about, ("", 0.0))
        now = self.monotonic()
        if said == words and now - at < SAID_AGAIN_SECONDS:
            return False
        self._said[about] = (words, now)
        return True

    def is_over(self, about: str) -> bool:
        """Forget what was said, and say whether there was anything."""
        return self._said.pop(about, None) is not None


class _Forwarder(logging.Handler):
    """Hands lines of the standard library's logging on."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line's fixed text; its arguments may come from a request."""
        error = record.exc_info[1] if record.exc_info else None
        more = described(error) if error is not None else {}
        self._log.warning("library", logger=record.name, text=str(record.msg), **more)


def forward_libraries(log: Log) -> None:
    """Let the libraries' warnings and errors come out of this log, and nowhere else."""
    for name in ("uvicorn", "uvicorn.error", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [_Forwarder(log)]
        logger.propagate = False
