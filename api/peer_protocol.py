"""The server's side of one connection: who is at its other end, told to the application with each request.

Promises: what is told is what the connection itself shows, before any header is read: the address of the peer, and the
certificate that it proved in the TLS handshake, which OpenSSL checked against the authorities of the settings.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.h11_impl import H11Protocol

PEER_ADDRESS: Final = "peer_address"
PEER_CERTIFICATE: Final = "peer_certificate"


class PeerProtocol(H11Protocol):
    """uvicorn's protocol, which notes the peer in the state of the request's scope."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note address and certificate (DER, None where none was shown) of a new connection."""
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        self.app_state = {
            **self.app_state,
            PEER_ADDRESS: "" if self.client is None else self.client[0],
            PEER_CERTIFICATE: None if tls is None else tls.getpeercert(binary_form=True),
        }
