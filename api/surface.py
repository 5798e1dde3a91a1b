"""The outermost layer: every answer leaves with a trace id and safe headers, every request leaves a line in the log.

Promises:
  * Nothing that breaks inside reaches a caller as more than "internal" and the trace id; the log has type and places.
  * The log names the operation, never the address that was asked for: no token, no query, no personal data.
  * HEAD is answered wherever GET is, with the same headers and no body (RFC 9110, 9.3.2).
"""

import time
from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.logs import Log, described
from api.problems import internal_problem, set_trace, trace_of

_TRACE_BYTES: Final = 8
_HEAD: Final = "HEAD"
_HEADERS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)
_TRANSPORT: Final = ("Strict-Transport-Security", "max-age=31536000")


class Surface:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp, *, log: Log, random: Callable[[int], bytes], is_https: bool) -> None:
        self.app = app
        self._log = log
        self._random = random
        headers = (*_HEADERS, _TRANSPORT) if is_https else _HEADERS
        self._headers = tuple((name.lower().encode(), value.encode()) for name, value in headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        set_trace(scope, self._random(_TRACE_BYTES).hex())
        started, status, method = time.perf_counter(), 0, scope["method"]
        if method == _HEAD:
            scope = {**scope, "method": "GET"}

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._dress(scope, message)
            elif method == _HEAD:
                message = {**message, "body": b""}
            await send(message)

        try:
            await self.app(scope, receive, dressed)
        except Exception as error:  # noqa: BLE001 - the last place before the server
            self._log.error("fault", trace_id=trace_of(scope), operation=_operation(scope), **described(error))
            if not status:
                await internal_problem(scope)(scope, receive, dressed)
        finally:
            self._note(scope, method, status, time.perf_counter() - started)

    def _dress(self, scope: Scope, message: Message) -> None:
        there = dict(message["headers"])
        missing = [each for each in self._headers if each[0] not in there]
        message["headers"] = [*message["headers"], *missing, (b"trace-id", trace_of(scope).encode())]

    def _note(self, scope: Scope, method: str, status: int, seconds: float) -> None:
        self._log.info(
            "request",
            method=method if method.isalpha() else "?",
            operation=_operation(scope),
            status=status,
            ms=round(seconds * 1000, 1),
            trace_id=trace_of(scope),
            client=scope.get("state", {}).get("client"),
        )


def _operation(scope: Scope) -> str:
    endpoint = scope.get("endpoint")
    return getattr(endpoint, "__name__", "none") if endpoint is not None else "none"
