"""The server's side of one connection: who is at its other end, how long he may say nothing, how many he may hold.

Promises:
  * What is told to the application with each request is what the connection itself shows, before any header is read:
    the address of the peer, and the certificate that it proved in the TLS handshake, which OpenSSL checked against the
    authorities of the settings.
  * Whoever connects and does not finish the head of a request in time is cut off: silence keeps no place.
  * One address holds no more than a part of all connections, but for a proxy (uvicorn's `forwarded_allow_ips`), which
    brings everybody's.
"""

import asyncio
import ipaddress
from functools import lru_cache
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

PEER_ADDRESS: Final = "peer_address"
PEER_CERTIFICATE: Final = "peer_certificate"
# A head is some hundred bytes; a line that needs longer for them is not worth a place.
HEAD_SECONDS_MAX: Final = 10.0
# A process may usually have a thousand files and sockets open.
CONNECTIONS_MAX: Final = 800
# An office behind one address has some dozens of browsers, each with up to six connections for a quarter of a minute.
CONNECTIONS_OF_ONE_MAX: Final = 200


class PeerProtocol(H11Protocol):
    """uvicorn's protocol, which notes the peer in the state of the request's scope."""

    head_seconds = HEAD_SECONDS_MAX
    of_one_max = CONNECTIONS_OF_ONE_MAX

    def __init__(self, *args: Any, **values: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **values)
        self._awaited: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note address and certificate (DER, None where none was shown) of a new connection."""
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        self.app_state = {
            **self.app_state,
            PEER_ADDRESS: self.host,
            PEER_CERTIFICATE: None if tls is None else tls.getpeercert(binary_form=True),
        }
        if self._is_one_too_many():
            transport.abort()
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take what came, and wait for the rest of a head no longer than for a whole one."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._await_head()
        else:
            self._await_nothing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._await_nothing()
        super().connection_lost(exc)

    @property
    def host(self) -> str:
        """The address of the peer; empty where there is none."""
        return "" if self.client is None else self.client[0]

    def _is_one_too_many(self) -> bool:
        if len(self.connections) > CONNECTIONS_MAX:
            return True
        here = sum(isinstance(each, PeerProtocol) and each.host == self.host for each in self.connections)
        return here > self.of_one_max and not _is_proxy(self.host, str(self.config.forwarded_allow_ips))

    def _await_head(self) -> None:
        if self._awaited is None:
            self._awaited = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _await_nothing(self) -> None:
        if self._awaited is not None:
            self._awaited.cancel()
            self._awaited = None


@lru_cache(maxsize=1024)
def _is_proxy(host: str, proxies: str) -> bool:
    """Say whether this is one of the proxies that are believed: addresses and networks, or `*` for all."""
    named = [each.strip() for each in proxies.split(",") if each.strip()]
    if "*" in named or host in named:
        return True
    try:
        return any(ipaddress.ip_address(host) in ipaddress.ip_network(each) for each in named if "/" in each)
    except ValueError:
        return False
