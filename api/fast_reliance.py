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

from api.guard import Admission
from api.idempotency import KEY_HEADER
from api.identity import Caller
from api.limits import headers_of
from api.permissions import PERMISSIONS
from api.relying import is_stamped
from api.rounds import Rounds
from api.v1.stated import Stated
from api.v1.verification import ready_answer, verify
from api.v1.verification_schemas import VerifyIn
from verify.errors import YinzhengError
from verify.strict_json import JsonError, read_json

_ADDRESS: Final = "/api/v1/verifications"
_PERMISSION: Final = PERMISSIONS[verify.__name__]
_JSON: Final = b"application/json"
_KEY_HEADER: Final = KEY_HEADER.lower().encode()

Answering = Callable[[Request, Exception], Awaitable[Response]]


class FastReliance:
    """Answers ordinary questions for a stated purpose itself and hands on everything else.

    `refused` makes the answer for an error, `faulty` that for one of the framework's.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        admission: Admission,
        rounds: Rounds[Stated, bytes],
        refused: Answering,
        faulty: Answering,
    ) -> None:
        self.app = app
        self._admission = admission
        self._rounds = rounds
        self._refused = refused
        self._faulty = faulty

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        if scope.get("path") != _ADDRESS or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        headers = headers_of(scope)
        key = headers.get(b"authorization")
        if key is None or _KEY_HEADER in headers or headers.get(b"content-type") != _JSON:
            await self.app(scope, receive, send)
            return
        scope["endpoint"] = verify
        try:
            caller = await self._admission.caller(scope, _PERMISSION, key.decode("latin-1"))
            scope["state"]["caller"] = caller  # whom the guard need not let in again
            body = await _body(scope, receive)
            stated = self._stated(caller, body)
            if stated is None:
                whole: Message = {"type": "http.request", "body": body, "more_body": False}
                await self.app(scope, _again(whole, receive), send)
                return
            answer = ready_answer(await self._rounds.answer(stated))
        except YinzhengError as error:
            answer = await self._refused(Request(scope), error)
        except HTTPException as error:  # too long, or too slow
            answer = await self._faulty(Request(scope), error)
        await answer(scope, receive, send)

    def _stated(self, caller: Caller | None, body: bytes) -> Stated | None:
        """Return the question with its purpose; nothing for what is to be answered in another way."""
        try:
            asked = VerifyIn.model_validate(read_json(body))
        except (JsonError, ValidationError):
            return None
        reliance = asked.reliance
        if reliance is None or caller is None or is_stamped(self._admission.office, is_asked_for=reliance.timestamp):
            return None
        return Stated(question=asked.to_question(), reliance=reliance, client=caller.client)


async def _body(scope: Scope, receive: Receive) -> bytes:
    """Return the body of a request, which mostly came in one piece."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        return bytes(message.get("body", b""))
    return await Request(scope, _again(message, receive)).body()


def _again(message: Message, receive: Receive) -> Receive:
    """Give a message that was taken already, and then what really comes."""
    is_given = False

    async def given() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return message

    return given
