"""Serve an application over HTTP on this machine, with a worker beside it where the registry is a file.

Promises: the server says nothing about itself, logs through our log only, and closes cleanly; addresses behind a proxy
are believed from loopback alone.
"""

import gc
import ssl
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from socket import socket
from typing import Final

import uvicorn
from starlette.concurrency import run_in_threadpool

from api.app import create_app
from api.beside import beside
from api.client_revocation import RevocationWatch
from api.errors import ListenError
from api.logs import forward_libraries
from api.peer_protocol import PeerProtocol
from api.sandbox import warm_up
from api.settings import SettingsError
from api.tls import TlsFiles, demand_fit
from api.tls_reload import CertificateWatch, RenewableContext
from api.wiring import Office
from api.work import Workshop

KEEP_ALIVE_SECONDS: Final = 15
CLOSING_SECONDS_MAX: Final = 30
# Ten seconds: whoever renews a certificate does so weeks before its end.
LOOK_EVERY: Final = 100
# Python's own five milliseconds add up over the ten waits of a request.
TURN_SECONDS: Final = 0.001


def server_of(
    office: Office, *, public: bool, host: str | None = None, port: int | None = None, tls: TlsFiles | None = None
) -> "Server":
    """Return the server, ready to run; host and port are those of the settings unless given."""
    forward_libraries(office.log)
    clients = office.settings.tls_client_ca
    app = create_app(office, public=public)
    config = uvicorn.Config(
        app,
        http=PeerProtocol,
        host=host or office.settings.listen_host,
        port=office.settings.listen_port if port is None else port,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=CLOSING_SECONDS_MAX,
        ssl_certfile=None if tls is None else tls.certificate,
        ssl_keyfile=None if tls is None else tls.key,
        ssl_ca_certs=None if tls is None else clients,
        ssl_cert_reqs=ssl.CERT_NONE if clients is None else ssl.CERT_OPTIONAL,
    )
    return Server(config, office=office, tls=tls, revocation=app.state.client_trust.revocation)


class Server(uvicorn.Server):
    """Tells when the port answers, and never before: a port that another process has ends the start.

    While it serves it takes a certificate anew that was renewed, and a newer revocation list of systems' certificates;
    `look_every` counts ticks of a tenth of a second.
    """

    def __init__(
        self, config: uvicorn.Config, *, office: Office, tls: TlsFiles | None, revocation: RevocationWatch | None = None
    ) -> None:
        super().__init__(config)
        self.tell: Callable[[], None] = lambda: None
        self.look_every = LOOK_EVERY
        self._office, self._files = office, tls
        self._revocation = revocation
        self._watch: CertificateWatch | None = None

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Open the port, then tell. Raises `ListenError` where uvicorn would end the process."""
        if self._revocation is not None and self.config.ssl is not None:
            self._revocation.harden(self.config.ssl)
            self.config.ssl = RenewableContext.of(self.config.ssl)
        try:
            await super().startup(sockets=sockets)
        except SystemExit as error:
            raise ListenError(params={"address": f"{self.config.host}:{self.config.port}"}) from error
        if self.started:
            if self._files is not None and self.config.ssl is not None:
                self._watch = CertificateWatch(office=self._office, files=self._files, context=self.config.ssl)
            self.tell()

    async def on_tick(self, counter: int) -> bool:
        """Look at the files of certificate and revocation lists now and then."""
        if counter % self.look_every == 0:
            if self._watch is not None:
                await run_in_threadpool(self._watch.look)
            if self._revocation is not None and await run_in_threadpool(self._revocation.look):
                await run_in_threadpool(self._renew_lists)
        return await super().on_tick(counter)

    def _renew_lists(self) -> None:
        """Let the handshake refuse what the newest lists name, by these alone.

        Where the certificate's files do not fit just now, by these and the ones before.
        """
        context = self.config.ssl
        if self._revocation is None or self._files is None or not isinstance(context, RenewableContext):
            return
        try:
            demand_fit(self._files, self._office.settings, at=self._office.clock())
            edition = self._edition(self._files)
        except (SettingsError, OSError):  # the watch over the files tells of it
            edition = context.edition
        self._revocation.harden(edition)
        context.edition = edition

    def _edition(self, files: TlsFiles) -> ssl.SSLContext:
        """Return a context as the server began with it."""
        config = self.config
        return uvicorn.config.create_ssl_context(
            files.certificate,
            files.key,
            None,
            config.ssl_version,
            config.ssl_cert_reqs,
            config.ssl_ca_certs,
            config.ssl_ciphers,
        )


def serve(
    office: Office,
    *,
    public: bool = False,
    host: str | None = None,
    port: int | None = None,
    tls: TlsFiles | None = None,
    tell: Callable[[], None] = lambda: None,
) -> None:
    """Serve until the process is told to stop; `tell` is called when the port answers. Raises `ListenError`."""
    server = server_of(office, public=public, host=host, port=port, tls=tls)
    server.tell = tell
    warm_up()  # now, for what is installed now is what this process runs
    settle()
    with nullcontext() if public else _worker_beside(office):
        server.run()


def settle() -> None:
    """Prepare this process for many requests, when all is loaded.

    Nobody looks for garbage in what was loaded, which would stop all requests for a twentieth of a second. Threads take
    turns in a millisecond: one that comes from the disk or the network with a few steps to go waits no longer for one
    that computes.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(TURN_SECONDS)


def _worker_beside(office: Office) -> AbstractContextManager[None]:
    """Do what is due in a thread; on SQLite it is also the one worker that takes parts (decisions.md section 6)."""
    workshop = Workshop(office, takes_parts=not office.settings.is_postgresql)
    return beside(workshop.run, name="worker", seconds_max=CLOSING_SECONDS_MAX)
