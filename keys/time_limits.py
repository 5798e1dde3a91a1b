"""How an answer from outside is waited for, and how long: of a time-stamping authority, a witness, another office."""

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """How long to wait, in seconds: for the connection, for each piece of the answer, for all of it."""

    connect_seconds: float = 3.0
    read_seconds: float = 5.0
    overall_seconds: float = 10.0

    def client(self, trust: ssl.SSLContext | None) -> "httpx.AsyncClient":
        """Return a client that waits so long, follows nobody elsewhere and heeds no proxy of the environment.

        It believes the authorities in `trust`, without it the public ones. The time for all is the caller's to keep.
        """
        import httpx  # who states limits may never ask anybody

        timeout = httpx.Timeout(self.read_seconds, connect=self.connect_seconds)
        return httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False, verify=trust or True)
