"""The public check by id, on a way of its own: the address that a phone camera opens, asked by everybody, all day.

Promises:
  * The answer is that of `check_licence` in `api/v1/verification.py`, byte for byte (a test compares them); what is out
    of the ordinary (another method, a key, an id of another form) is left to it.
  * Rate limit, headers and log line are those of every other request: this stands inside them.
  * On SQLite the one query runs on the loop, which takes less than handing it to a thread; on PostgreSQL in a thread.

Routing, dependencies and validation of the framework cost four times the query; `make bench` has the figure.
"""

import re
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.checking import check_licence_id
from api.v1.verification import verdict_answer
from api.wiring import Office
from verify.values import LicenceId

_ADDRESS: Final = re.compile(r"/api/v1/checks/([0-9A-HJKMNP-TV-Z]{16})")


def check_licence(office: Office, licence_id: str) -> Response:
    """Answer the check of one id."""
    return verdict_answer(check_licence_id(office, LicenceId.parse(licence_id)))


class FastChecks:
    """Answers plain checks by id itself and hands on everything else."""

    def __init__(self, app: ASGIApp, *, office: Office) -> None:
        self.app = app
        self.office = office

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        match = _ADDRESS.fullmatch(scope.get("path", "")) if scope.get("method") == "GET" else None
        if match is None or any(name == b"authorization" for name, _ in scope["headers"]):
            await self.app(scope, receive, send)
            return
        scope["endpoint"] = check_licence
        if self.office.database.is_postgresql:
            answer = await run_in_threadpool(check_licence, self.office, match[1])
        else:
            answer = check_licence(self.office, match[1])
        await answer(scope, receive, send)
