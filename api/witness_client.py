"""Speaks HTTP to witnesses, for `signer/witnessing.py`.

Promises:
  * Addresses come from the office's policy; no redirect is followed, no proxy is taken from the environment.
  * A slow, endless or broken answer ends in an error of its own, never in a hanging caller or in memory without bounds.
"""

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx

from keys.time_limits import TimeLimits
from signer.witness_calls import Reply
from signer.witness_errors import (
    WitnessAddressError,
    WitnessAwayError,
    WitnessError,
    WitnessMalformedError,
    WitnessSlowError,
    WitnessTooLongError,
)
from verify.note import NOTE_LENGTH_MAX

ANSWER_BYTES_MAX: Final = NOTE_LENGTH_MAX
_HEADERS: Final = {"Content-Type": "text/plain; charset=utf-8", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpWitnessClient:
    """Client of any witness. Must not be called on the thread of a running event loop."""

    limits: TimeLimits = field(default_factory=TimeLimits)
    trust: ssl.SSLContext | None = field(default=None, repr=False)

    def post(self, address: str, body: bytes) -> Reply:
        """Send a body. Raises a `WitnessError`."""
        return asyncio.run(self._ask("POST", address, body))

    def get(self, address: str) -> Reply:
        """Ask. Raises a `WitnessError`."""
        return asyncio.run(self._ask("GET", address, b""))

    async def _ask(self, method: str, address: str, body: bytes) -> Reply:
        _demand_address(address)
        try:
            async with (
                asyncio.timeout(self.limits.overall_seconds),
                self.limits.client(self.trust) as client,
                client.stream(method, address, content=body, headers=_HEADERS) as answer,
            ):
                return await _read(answer)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise WitnessSlowError from error
        except (httpx.InvalidURL, UnicodeError) as error:  # UnicodeError: a host that no name of the DNS can be
            raise WitnessAddressError from error
        except httpx.HTTPError as error:
            raise _named(error) from error


def _demand_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise WitnessAddressError


async def _read(answer: httpx.Response) -> Reply:
    received = bytearray()
    async for piece in answer.aiter_raw():
        received += piece
        if len(received) > ANSWER_BYTES_MAX:
            raise WitnessTooLongError
    content_type = answer.headers.get("Content-Type", "").strip()
    return Reply(status=answer.status_code, content_type=content_type, body=bytes(received))


def _named(error: httpx.HTTPError) -> WitnessError:
    return WitnessMalformedError() if isinstance(error, httpx.ProtocolError) else WitnessAwayError()
