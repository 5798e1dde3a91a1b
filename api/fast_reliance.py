"""The check of a code for a stated purpose, on a way of its own: what other offices' systems ask all day.

Promises:
  * The answer is that of `verify` in `api/v1/verification.py`, with its guard, its rounds and its errors (a test asks
    both). What is out of the ordinary is left to it: no key, an `Idempotency-Key`, a body that the schema refuses, no
    purpose, a time stamp of an outside authority.
  * Rate limit, headers and log line are those of every other request: this stands inside them. Nobody is charged or
    admitted twice: the guard takes over whom it let in here.

Routing, dependencies and body reading of the framework cost as much as everything else but signature and receipt
together; `make bench` has the figure.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.guard import admitted_caller
from api.idempotency import KEY_HEADER
from api.permissions import PERMISSIONS
from api.relying import is_stamped
from api.rounds import Rounds
from api.v1.stated import Stated
from api.v1.verification import ready_answer, verify
from api.v1.verification_schemas import VerifyIn
from api.wiring import Office
from verify.errors import YinzhengError
from verify.strict_json import JsonError, read_json

_ADDRESS: Final = "/api/v1/verifications"
_PERMISSION: Final = PERMISSIONS[verify.__name__]
_JSON: Final = "application/json"

Answering = Callable[[Request, Exception], Awaitable[Response]]


class FastReliance:
    """Answers ordinary questions for a stated purpose itself and hands on everything else.

    `refused` makes the answer for an error, `faulty` that for one of the framework's.
    """

    def __init__(
        self, app: ASGIApp, *, office: Office, rounds: Rounds[Stated, bytes], refused: Answering, faulty: Answering
    ) -> None:
        self.app = app
        self._office = office
        self._rounds = rounds
        self._refused = refused
        self._faulty = faulty

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        if scope.get("path") != _ADDRESS or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        headers = request.headers
        if "authorization" not in headers or KEY_HEADER in headers or headers.get("content-type") != _JSON:
            await self.app(scope, receive, send)
            return
        scope["endpoint"] = verify
        try:
            request.state.caller = await admitted_caller(request, _PERMISSION, headers["authorization"])
            body = await request.body()
            stated = self._stated(request, body)
            if stated is None:
                await self.app(scope, _again(body, receive), send)
                return
            answer = ready_answer(await self._rounds.answer(stated))
        except YinzhengError as error:
            answer = await self._refused(request, error)
        except HTTPException as error:  # too long, or too slow
            answer = await self._faulty(request, error)
        await answer(scope, receive, send)

    def _stated(self, request: Request, body: bytes) -> Stated | None:
        """Return the question with its purpose; nothing for what is to be answered in another way."""
        try:
            asked = VerifyIn.model_validate(read_json(body))
        except (JsonError, ValidationError):
            return None
        reliance, caller = asked.reliance, request.state.caller
        if reliance is None or caller is None or is_stamped(self._office, is_asked_for=reliance.timestamp):
            return None
        return Stated(question=asked.to_question(), reliance=reliance, client=caller.client)


def _again(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read already, and then what really comes."""
    is_given = False

    async def given() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return given
