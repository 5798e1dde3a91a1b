"""How often and how much: token buckets in memory, and a cap on every body before it is parsed.

Promises:
  * Memory is bounded: the buckets that were used longest ago are forgotten first, full ones lose nothing by it.
  * A body that says it is too long is refused before a byte is read; one that does not say is cut off at the limit.
  * A key in the header does not help around the limit: wrong keys have a bucket of their own for each address, which
    keeps nobody out who has a right one.
  * A body that trickles in is given up after two minutes: nobody holds a place in the server for longer.
  * A file counts as ten requests, a batch as many as it has checks, for clients as for addresses. Who is out of tokens
    is refused before the body is read; a batch may overdraw the bucket once, and what is owed flows in first.
  * Every limited answer says how much is left, also the one that refuses (draft-ietf-httpapi-ratelimit-headers-10).
"""

import asyncio
import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import RequestTooLargeError, TooManyRequestsError
from verify.errors import YinzhengError

# Any file of 20 MB is examined (issue 3); the form around it takes some hundred bytes.
UPLOAD_BYTES_MAX: Final = 20 * 1024 * 1024
FORM_BYTES_MAX: Final = UPLOAD_BYTES_MAX + 64 * 1024
# A draft with a photo of 2 MiB, which base64 makes a third longer.
BODY_BYTES_MAX: Final = 4 * 1024 * 1024
# 300 bytes each: twenty megabytes when an attacker uses that many addresses.
BUCKETS_MAX: Final = 65_536
# A page with its pictures, or a clerk who scans a pile, comes in a burst.
BURST_SECONDS: Final = 5.0
# Guessing a secret of 32 bytes is hopeless; this keeps the log and the database quiet.
WRONG_KEYS_PER_SECOND: Final = 0.5
WRONG_KEYS_BURST: Final = 20.0
# A file of 20 MB takes so long over a line of a megabit and a half.
BODY_SECONDS_MAX: Final = 120.0
# A file goes through a child process with a second or more of work; it counts like so many other requests, also when
# it is one of ours: what it is is known when the work is done.
UPLOAD_COST: Final = 10.0
# A kept connection, or a proxy, asks again and again.
LINES_REMEMBERED: Final = 1024
_GUARDED: Final = "/api/v1/"
# What no guard stands before, so that a key shown there is looked at by nobody: the interface's description.
OPENAPI_PATH: Final = "/api/v1/openapi.json"
# What the limits are called in answers.
ADDRESS_LIMIT: Final = "address"
CLIENT_LIMIT: Final = "client"


@dataclass(slots=True, eq=False)
class Buckets:
    """A bucket of tokens for each key; `per_second` flow in, up to `burst`. With 0 a second there is no limit."""

    per_second: float
    burst: float
    size_max: int = BUCKETS_MAX
    monotonic: Callable[[], float] = time.monotonic
    _levels: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def wait_seconds(self, key: str, cost: float = 1.0) -> float:
        """Take tokens and return 0, or take none and return after how many seconds there will be enough."""
        if not self.per_second:
            return 0.0
        cost = min(cost, self.burst)
        now = self.monotonic()
        with self._lock:
            level, since = self._levels.pop(key, (self.burst, now))
            level = min(self.burst, level + (now - since) * self.per_second)
            wait = 0.0 if level >= cost else (cost - level) / self.per_second
            self._levels[key] = (level if wait else level - cost, now)
            if len(self._levels) > self.size_max:
                self._levels.popitem(last=False)
        return wait

    def headers(self, name: str, key: str) -> tuple[tuple[bytes, bytes], ...]:
        """Return the headers on the limit called `name`: what a full bucket holds, what is left, when it is full again.

        With no limit there are none. A bucket is full again after its burst divided by its flow: that is the window.
        """
        if not self.per_second:
            return ()
        now = self.monotonic()
        with self._lock:
            level, since = self._levels.get(key, (self.burst, now))
        level = min(self.burst, level + (now - since) * self.per_second)  # below nothing while something is owed
        window, full_in = (math.ceil(each / self.per_second) for each in (self.burst, self.burst - level))
        return (
            (b"ratelimit-policy", f'"{name}";q={int(self.burst)};w={window}'.encode()),
            (b"ratelimit", f'"{name}";r={max(int(level), 0)};t={full_in}'.encode()),
        )

    def demand(self, key: str) -> None:
        """Raise `TooManyRequestsError` when not one token is left; take none."""
        level, since = self._levels.get(key, (self.burst, math.inf))  # one look, which needs no lock
        if level >= 1.0 or not self.per_second:
            return  # more than that flowed in since
        level += max(self.monotonic() - since, 0.0) * self.per_second
        if level < 1.0:
            raise TooManyRequestsError(params={"seconds": str(int((1.0 - level) / self.per_second) + 1)})

    def give_back(self, key: str) -> None:
        """Give back a token that was taken for what turned out to be right."""
        self.wait_seconds(key, -1.0)

    def owe(self, key: str, cost: float) -> None:
        """Charge what turned out to be more work than was paid for: the bucket may be overdrawn by it, once.

        A bucket that must be full first would starve who asks steadily. Raises `TooManyRequestsError`, and charges
        nothing, while something is owed already.
        """
        if not self.per_second:
            return
        now = self.monotonic()
        with self._lock:
            level, since = self._levels.get(key, (self.burst, now))
            level = min(self.burst, level + (now - since) * self.per_second)
            if level >= 0:
                self._levels[key] = (level - cost, now)
                return
        raise TooManyRequestsError(params={"seconds": str(int((1.0 - level) / self.per_second) + 1)})

    def take(self, key: str, cost: float = 1.0) -> None:
        """Take tokens. Raises `TooManyRequestsError`."""
        wait = self.wait_seconds(key, cost)
        if wait:
            raise TooManyRequestsError(params={"seconds": str(int(wait) + 1)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The buckets of one process: addresses without a key, addresses with a wrong one, clients."""

    anonymous: Buckets
    wrong_keys: Buckets
    clients: Buckets

    @classmethod
    def of(cls, *, anonymous_per_second: float, client_per_second: float) -> "Limits":
        """Make empty buckets for these rates."""
        return cls(
            anonymous=Buckets(anonymous_per_second, anonymous_per_second * BURST_SECONDS),
            wrong_keys=Buckets(WRONG_KEYS_PER_SECOND, WRONG_KEYS_BURST),
            clients=Buckets(client_per_second, client_per_second * BURST_SECONDS),
        )


def address_of(scope: Scope) -> str:
    """Return what stands for the caller's line: the address, or for IPv6 the network that one subscriber gets."""
    client = scope.get("client")
    return _line_of(client[0] if client else "")


@lru_cache(maxsize=LINES_REMEMBERED)
def _line_of(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:  # as a proxy that listens for both writes it: all of them are one network
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host


class Gate:
    """The first thing that a request meets: rate and size, before routing and before anything is read.

    `refused` makes the answer: a page for who wants one, else a problem.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Limits,
        refused: Callable[[YinzhengError, Scope], ASGIApp],
        body_seconds: float = BODY_SECONDS_MAX,
    ) -> None:
        self.app = app
        self.limits = limits
        self._refused = refused
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or let the request on with its body counted."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = headers_of(scope)
        refusal: YinzhengError | None = self._too_many(scope, headers)
        bytes_max = FORM_BYTES_MAX if _is_form(headers) else BODY_BYTES_MAX
        is_too_long = _declared(headers) > bytes_max
        if refusal is None and is_too_long and scope["path"].startswith("/api/"):
            refusal = RequestTooLargeError(params={"max_mb": str(bytes_max // 1024**2)})
        told = self._telling(scope, send)
        if refusal is not None:
            await self._refused(refusal, scope)(scope, receive, told)
            return
        await self.app(scope, _counted(receive, 0 if is_too_long else bytes_max, self._body_seconds), told)

    def _telling(self, scope: Scope, send: Send) -> Send:
        """Let the answer say what is left to the caller: the client that the guard came to know, else the address."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                left = self._left(scope)
                message = {**message, "headers": [*message["headers"], *left]} if left else message
            await send(message)

        return told

    def _left(self, scope: Scope) -> tuple[tuple[bytes, bytes], ...]:
        client: str | None = scope.get("state", {}).get("client")
        if client is not None:
            return self.limits.clients.headers(CLIENT_LIMIT, client)
        if _shows_key(headers_of(scope), scope):
            return ()  # a key that is none: what is left of tries is nobody's to know
        return self.limits.anonymous.headers(ADDRESS_LIMIT, address_of(scope))

    def _too_many(self, scope: Scope, headers: Mapping[bytes, bytes]) -> TooManyRequestsError | None:
        """Charge who shows no key; who shows one is charged when it is known whose it is: the guard looks there."""
        if _shows_key(headers, scope):
            return None
        try:
            self.limits.anonymous.take(address_of(scope), cost_of(headers))
        except TooManyRequestsError as error:
            return error
        return None


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """Return the headers of a request by their names in small letters; of those that stand twice the first one."""
    return dict(reversed(scope["headers"]))


def _shows_key(headers: Mapping[bytes, bytes], scope: Scope) -> bool:
    return b"authorization" in headers and scope["path"].startswith(_GUARDED) and scope["path"] != OPENAPI_PATH


def cost_of(headers: Mapping[bytes, bytes]) -> float:
    """Return how many requests this one counts as, by what can be known before its body is read."""
    return UPLOAD_COST if _is_form(headers) else 1.0


def _is_form(headers: Mapping[bytes, bytes]) -> bool:
    return headers.get(b"content-type", b"").lower().startswith(b"multipart/")  # as who reads it takes it


def _declared(headers: Mapping[bytes, bytes]) -> int:
    length = headers.get(b"content-length", b"")
    return int(length) if length.isdigit() and len(length) < 20 else 0


def _counted(receive: Receive, bytes_max: int, seconds: float) -> Receive:
    """Count what comes in, and how long it takes; with 0 bytes nothing is read, and a page says so in its own way."""
    received, is_whole, end = 0, False, time.monotonic() + seconds

    async def counted() -> Message:
        nonlocal received, is_whole
        if not bytes_max:
            raise HTTPException(413)
        if is_whole:  # what comes now is the caller's leaving
            return await receive()
        try:
            async with asyncio.timeout(max(end - time.monotonic(), 0)):  # which, unlike `wait_for`, makes no task
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, headers={"Connection": "close"}) from None
        is_whole = not message.get("more_body", False)
        received += len(message.get("body", b""))
        if received > bytes_max:
            raise HTTPException(413)  # the framework lets its own errors pass while it reads a body
        return message

    return counted
