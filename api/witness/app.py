"""The HTTP face of a witness: two addresses, and one page that says who it is.

Promises: bodies are capped while they are read and must arrive in time; an answer says nothing of the machine; what a
witness cannot do now is 503, and the log line has the reason's code.
"""

import asyncio
import re
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from api.logs import Log, described
from api.witness.service import PLAIN, Answer, WitnessService
from verify.errors import YinzhengError
from verify.witness_request import ADD_CHECKPOINT, REQUEST_BYTES_MAX

BODY_SECONDS_MAX: Final = 10
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_FRESH: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def witness_app(service: WitnessService, log: Log) -> Starlette:
    """Return the application of a witness."""

    async def add_checkpoint(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return _response(Answer(status=400))
        try:
            answer = await run_in_threadpool(service.add_checkpoint, body)
        except (YinzhengError, OSError) as error:
            log.warning("witness_failed", **described(error))
            answer = Answer(status=503)
        else:
            log.info("witness_answered", status=answer.status)
        return _response(answer)

    async def show_checkpoint(request: Request) -> Response:
        digest = request.path_params["digest"]
        note = await run_in_threadpool(service.store.shown, digest) if _DIGEST.fullmatch(digest) else None
        return _response(Answer(status=404) if note is None else Answer(status=200, body=note))

    async def show_self(_request: Request) -> Response:
        names = "".join(f"log {each.name}\n" for each in await run_in_threadpool(lambda: service.store.logs))
        return _response(Answer(status=200, body=f"{service.store.key.text}\n{names}".encode()))

    return Starlette(
        routes=[
            Route("/", show_self, methods=["GET"]),
            Route(ADD_CHECKPOINT, add_checkpoint, methods=["POST"]),
            Route("/{digest}/checkpoint", show_checkpoint, methods=["GET"]),
        ]
    )


async def _body(request: Request) -> bytes | None:
    """Return the body; None when it is too long or does not arrive in time."""
    received = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            async for piece in request.stream():
                received += piece
                if len(received) > REQUEST_BYTES_MAX:
                    return None
    except (TimeoutError, ClientDisconnect):
        return None
    return bytes(received)


def _response(answer: Answer) -> Response:
    """Return the response; of a type whose value must stand alone, without a character set behind it."""
    headers = _FRESH | {"Content-Type": answer.content_type if answer.body else PLAIN}
    return Response(answer.body, status_code=answer.status, headers=headers)
