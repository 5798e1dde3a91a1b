"""Time stamps of an outside authority, asked over HTTP (RFC 3161, 3.4).

Promises:
  * The address comes from the settings; no redirect is followed, no proxy is taken from the environment.
  * A slow, endless or wrong answer ends in an error of its own, never in a hanging caller or in memory without bounds.
  * What is returned is the very token that was received, after status, nonce, imprint, signature and certificate were
    checked with `verify.timestamp_token`.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import httpx
from asn1crypto import cms, tsp

from keys.errors import (
    TimestampAddressError,
    TimestampAnswerError,
    TimestampAwayError,
    TimestampDigestError,
    TimestampRefusedError,
    TimestampSlowError,
    TimestampTooLongError,
)
from keys.time_limits import TimeLimits
from keys.timestamps import DIGEST_BYTES
from verify.der import SEQUENCE, Reader, integer, object_identifier, octet_string, sequence, tlv
from verify.errors import MalformedError, YinzhengError
from verify.timestamp_token import check_timestamp

# A token with a chain of four RSA-4096 certificates has 8 kB.
ANSWER_BYTES_MAX: Final = 65_536
NONCE_BYTES: Final = 8
_GRANTED: Final = frozenset({0, 1})  # granted, granted with modifications: what was changed is checked below
_STATUS_MAX: Final = 5
_SHA_256: Final = sequence(object_identifier("2.16.840.1.101.3.4.2.1"))
_HEADERS: Final = {
    "Content-Type": "application/timestamp-query",
    "Accept": "application/timestamp-reply",
    "Accept-Encoding": "identity",
}
_CONTENT_TYPE: Final = "application/timestamp-reply"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideTimestampClient:
    """Client of one outside time-stamping authority, whose roots (DER) are trusted for stamps.

    `random` returns as many random bytes as it is asked for. Must not be called on the thread of a running event loop.
    """

    url: str
    roots: tuple[bytes, ...]
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    limits: TimeLimits = field(default_factory=TimeLimits)
    trust: ssl.SSLContext | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise TimestampAddressError("not an http or https address")

    def stamp(self, digest: bytes) -> bytes:
        """Return the authority's time stamp over this SHA-256 digest.

        1. Ask. 2. The status says granted. 3. Nonce and imprint are ours. 4. Signature, certificate and purpose hold.
        Raises a `TimestampError`: address, away, slow, too long, refused or answer.
        """
        if len(digest) != DIGEST_BYTES:
            raise TimestampDigestError("a SHA-256 digest has 32 bytes")
        nonce = int.from_bytes(self.random(NONCE_BYTES), "big")
        imprint = sequence(_SHA_256, octet_string(digest))
        request = sequence(integer(1), imprint, integer(nonce), tlv(0x01, b"\xff"))
        return self._accept(asyncio.run(self._ask(request)), digest, nonce)  # (1)

    def _accept(self, answer: bytes, digest: bytes, nonce: int) -> bytes:
        token = _granted_token(answer)  # (2)
        _demand_ours(token, digest, nonce)  # (3)
        try:
            check_timestamp(token, digest, self.roots, at=self.clock())  # (4)
        except YinzhengError as error:
            raise TimestampAnswerError(f"{error.code}: {error.detail}") from error
        return token

    async def _ask(self, request: bytes) -> bytes:
        try:
            async with (
                asyncio.timeout(self.limits.overall_seconds),
                self.limits.client(self.trust) as client,
                client.stream("POST", self.url, content=request, headers=_HEADERS) as answer,
            ):
                return await _read(answer)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise TimestampSlowError("no answer in time") from error
        except httpx.HTTPError as error:
            raise TimestampAwayError(type(error).__name__) from error


async def _read(answer: httpx.Response) -> bytes:
    content_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if answer.status_code != httpx.codes.OK or content_type != _CONTENT_TYPE:
        raise TimestampAnswerError(f"HTTP status {answer.status_code}, or not a time-stamp reply")
    received = bytearray()
    async for piece in answer.aiter_raw():
        received += piece
        if len(received) > ANSWER_BYTES_MAX:
            raise TimestampTooLongError("more bytes than any time stamp has")
    return bytes(received)


def _granted_token(answer: bytes) -> bytes:
    """Return the token of a TimeStampResp as it was received, byte for byte."""
    try:
        frame = Reader(answer)
        fields = Reader(frame.take(SEQUENCE))
        frame.end()
        status = Reader(fields.take(SEQUENCE)).take_integer(value_max=_STATUS_MAX)
        if status not in _GRANTED:
            raise TimestampRefusedError(f"status {status}")
        token = tlv(SEQUENCE, fields.take(SEQUENCE))
        fields.end()
    except MalformedError as error:
        raise TimestampAnswerError("not a time-stamp reply") from error
    return token


def _demand_ours(token: bytes, digest: bytes, nonce: int) -> None:
    try:
        signed = cms.ContentInfo.load(token)["content"]
        stamped = tsp.TSTInfo.load(signed["encap_content_info"]["content"].contents)
        imprint = stamped["message_imprint"]["hashed_message"].native
        repeated = stamped["nonce"].native
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TimestampAnswerError("not a time-stamp token") from error
    if imprint != digest:
        raise TimestampAnswerError("the stamp is over another digest")
    if repeated != nonce:
        raise TimestampAnswerError("the stamp answers another request")
