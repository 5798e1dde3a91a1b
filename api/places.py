"""How many requests are in hand at once: whoever comes beyond them is told at once to come back, in the usual form."""

from collections.abc import Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import ServerFullError
from verify.errors import YinzhengError


class Places:
    """Lets so many requests in at once; `refused` makes the answer for the others."""

    def __init__(self, app: ASGIApp, *, most: int, refused: Callable[[YinzhengError, Scope], Response]) -> None:
        self.app = app
        self._most = most
        self._refused = refused
        self._taken = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, or refuse before anything is read."""
        if self._taken >= self._most:
            await self._refused(ServerFullError(), scope)(scope, receive, send)
            return
        self._taken += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._taken -= 1
