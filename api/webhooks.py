"""Send what waits to the listed addresses of other offices, and note what became of it.

Promises:
  * Only to addresses on the administrator's list; a redirect is not followed, a proxy of the environment not used, and
    nothing of an answer is read but its status.
  * A try ends after half a minute; a slow receiver keeps no other from being told.
  * No transaction is open while a message is on its way.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx

from api.outgoing import outgoing_trust
from api.wiring import Office
from keys.custody import DEPLOYMENT
from keys.time_limits import TimeLimits
from registry import webhooks
from registry.db import transaction
from registry.webhooks import Delivery
from signer.webhooks import signed_headers
from verify.errors import MalformedError
from verify.key_purpose import KeyPurpose

LIMITS: Final = TimeLimits(connect_seconds=5.0, read_seconds=15.0, overall_seconds=30.0)
# So many receivers are waited for at once; a slow one takes one place.
AT_ONCE: Final = 10
ADDRESS_LENGTH_MAX: Final = 500
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_CONTENT: Final = {"content-type": "application/json", "user-agent": "yinzheng-webhook/1"}


class WebhookAddressError(MalformedError):
    """Not an address that messages are sent to: https, or http on this machine."""

    code = "webhook.address"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outgoing:
    """A signed message."""

    delivery: Delivery
    headers: Mapping[str, str]


def check_address(url: str) -> str:
    """Return an address that may be listed. Raises `WebhookAddressError`."""
    try:
        parts = urlsplit(url)
        is_local = parts.scheme == "http" and parts.hostname in _LOOPBACK
        is_fit = (parts.scheme == "https" or is_local) and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_fit = False
    if not is_fit or not url.isascii() or len(url) > ADDRESS_LENGTH_MAX or "@" in url or "#" in url or " " in url:
        raise WebhookAddressError("not https, or with a name, a fragment or a blank in it")
    return url


def send_due(office: Office) -> int:
    """Send the messages whose time has come, and return how many were taken by their receivers.

    Must not be called on the thread of a running event loop. Raises `KeyMissingError` before anything is taken.
    """
    at, custody = office.clock(), office.desk.custody
    custody.newest(KeyPurpose.WEBHOOK, DEPLOYMENT)
    with transaction(office.database) as tx:
        due = webhooks.take_due(tx, at=at)
    if not due:
        return 0
    outgoing = [_Outgoing(delivery=each, headers=signed_headers(custody, each, at=at)) for each in due]
    statuses = asyncio.run(_send_all(outgoing, outgoing_trust(office.settings)))
    at = office.clock()
    with transaction(office.database) as tx:
        for each, status in zip(due, statuses, strict=True):
            webhooks.note_try(tx, each, status=status, at=at)
    return sum(status is not None and httpx.codes.is_success(status) for status in statuses)


async def _send_all(outgoing: Sequence[_Outgoing], trust: ssl.SSLContext | None) -> list[int | None]:
    places = asyncio.Semaphore(AT_ONCE)
    async with LIMITS.client(trust) as client:
        return await asyncio.gather(*(_send(client, places, each) for each in outgoing))


async def _send(client: httpx.AsyncClient, places: asyncio.Semaphore, outgoing: _Outgoing) -> int | None:
    """Send one message and return the status of the answer, None when there was none in time."""
    async with places:
        try:
            async with (
                asyncio.timeout(LIMITS.overall_seconds),
                client.stream(
                    "POST",
                    outgoing.delivery.url,
                    content=outgoing.delivery.body.encode(),
                    headers={**_CONTENT, **outgoing.headers},
                ) as answer,
            ):
                return answer.status_code
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL):
            return None
