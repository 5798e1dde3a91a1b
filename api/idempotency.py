"""Do a request once, however often it is sent: the key in the header, the first answer for every further one.

Promises:
  * A good answer is given again for 72 hours, marked as replayed; another request with the same key is refused.
  * What failed is not kept: nothing was done, so the same key may be tried again, also with a mended body.
  * What is kept can be read by nobody but who sends the request again: the answer, with the personal data that it may
    disclose, lies encrypted under key and body of the request, and of both only hashes are kept.
  * A process that died in between leaves the key running for ten minutes; then the work may be done anew.
"""

import json
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.errors import IdempotencyKeyMissingError, IdempotencyKeyRunningError, IdempotencyKeyUsedError
from registry import requests
from registry.db import Database, transaction

KEY_HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotent-Replayed"
_KEY: Final = re.compile(r"[!-~]{8,128}")
# What a second answer must repeat beside status and body; the rest is added to every answer alike.
_KEPT_HEADERS: Final = ("content-type", "location", "etag", "retry-after", "cache-control")
_NONCE_BYTES: Final = 12
_SECRET_BYTES: Final = 32
_USE: Final = b"yinzheng kept answer\n"

Answering = Callable[[Request], Awaitable[Response]]


async def answer_once(
    request: Request,
    database: Database,
    client: str,
    inner: Answering,
    *,
    clock: Callable[[], datetime],
    random: Callable[[int], bytes],
) -> Response:
    """Answer with the first answer if there is one, else do the work and keep its answer.

    Raises an `Idempotency...Error`, and what the work raises.
    """
    key = request.headers.get(KEY_HEADER, "")
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyMissingError
    asked = _asked(request, key, await request.body())
    name, secret = kept_name(client, key), _secret(client, asked)
    begun = await run_in_threadpool(_begin, database, client, name, sha256(asked).digest(), at=clock())
    if isinstance(begun, requests.Replay):
        return _replayed(begun, secret)
    if isinstance(begun, requests.Conflict):
        raise IdempotencyKeyUsedError
    if isinstance(begun, requests.Running):
        raise IdempotencyKeyRunningError
    try:
        answer = await inner(request)
    except BaseException:
        await run_in_threadpool(_release, database, client, name)
        raise
    nonce = random(_NONCE_BYTES)
    kept = nonce + AESGCM(secret).encrypt(nonce, _envelope(answer), None)
    await run_in_threadpool(_finish, database, client, name, status=answer.status_code, body=kept, at=clock())
    return answer


def draft_key(client: str, key: str, body: bytes) -> str:
    """Return the name under which the draft of such a request is saved, so that it is found after a crash."""
    return "request:" + sha256(f"{client}\n{key}\n".encode() + body).hexdigest()


def kept_name(client: str, key: str) -> str:
    """Return under what name a key is kept: whoever reads the registry must not learn the key from it."""
    return sha256(f"{client}\n{key}".encode()).hexdigest()


def _asked(request: Request, key: str, body: bytes) -> bytes:
    """Return all that a second request must repeat."""
    head = f"{key}\n{request.method} {request.url.path} {request.headers.get('if-match', '')}\n"
    return head.encode() + body


def _secret(client: str, asked: bytes) -> bytes:
    """Return the key under which the answer is kept, made of what only the caller has."""
    return HKDF(SHA256(), _SECRET_BYTES, salt=None, info=_USE + client.encode()).derive(asked)


def _begin(
    database: Database, client: str, key: str, digest: bytes, *, at: datetime
) -> requests.New | requests.Replay | requests.Running | requests.Conflict:
    with transaction(database) as tx:
        return requests.begin(tx, client, key, digest, at=at)


def _finish(database: Database, client: str, key: str, *, status: int, body: bytes, at: datetime) -> None:
    with transaction(database) as tx:
        requests.finish(tx, client, key, status=status, body=body, at=at)


def _release(database: Database, client: str, key: str) -> None:
    with transaction(database) as tx:
        requests.release(tx, client, key)


def _envelope(answer: Response) -> bytes:
    """Return headers and body as they are kept: a line of JSON, then the body."""
    headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
    return json.dumps(headers, separators=(",", ":")).encode() + b"\n" + bytes(answer.body)


def _replayed(kept: requests.Replay, secret: bytes) -> Response:
    envelope = AESGCM(secret).decrypt(kept.body[:_NONCE_BYTES], kept.body[_NONCE_BYTES:], None)
    headers, _, body = envelope.partition(b"\n")
    return Response(body, kept.status, {**json.loads(headers), REPLAYED_HEADER: "true"})
