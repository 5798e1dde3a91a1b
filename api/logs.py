"""The process's own log: one JSON object a line, without personal data.

Promises:
  * No message of a foreign exception is written, for it may repeat a value: its type and the places it passed are.
  * Nobody's address, token or query string is written; a caller is named by its key id, a licence not at all.
  * The libraries' own lines (uvicorn, asyncio) come through the same door, as text without arguments of requests.
"""

import logging
import sys
import traceback
from collections.abc import Callable, MutableMapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TextIO

import structlog

from verify.errors import YinzhengError

Log = structlog.typing.FilteringBoundLogger
# The innermost places tell where it broke; a recursion would otherwise fill the disk.
FRAMES_MAX: Final = 12


def open_log(clock: Callable[[], datetime], *, out: TextIO | None = None) -> Log:
    """Return a log that writes to `out`, or to stderr."""

    def add_moment(_log: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401 - structlog's own
        event["at"] = clock().isoformat(timespec="milliseconds")
        return event

    log = structlog.wrap_logger(
        structlog.WriteLogger(out or sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            add_moment,
            structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    bound: Log = log.bind()  # what `wrap_logger` returns puts itself together anew at every line
    return bound


def described(error: BaseException) -> dict[str, object]:
    """Return what may be written of an error: its type, our own code and detail, and the places it passed."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    ours = {"code": error.code, "detail": error.detail} if isinstance(error, YinzhengError) else {}
    return {"error": type(error).__name__, **ours, "places": places}


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
