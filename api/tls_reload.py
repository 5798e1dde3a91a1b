"""Take a server's certificate anew while it serves: nobody restarts a service because a certificate was renewed.

Promises:
  * What is taken fits first: key and certificate belong together, the term has begun and not ended, the host is named.
    Else the one before goes on, and the log says why.
  * What a context was told once, such as a revocation list, it cannot forget: newer lists get a context of their own.
  * Connections that are open go on under the certificate with which they began.
  * A certificate by our own authority is renewed in time, also in a process that runs for months.
"""

import ssl
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self

from api.settings import SettingsError
from api.tls import TlsFiles, demand_fit, own_tls
from api.wiring import Office
from verify.errors import YinzhengError

# Sixty days are left when it is first tried.
_RENEWAL_TRIED_EVERY: Final = timedelta(hours=6)


class RenewableContext(ssl.SSLContext):
    """A server's context that gives each new connection its newest edition; open ones keep the one they began with."""

    edition: ssl.SSLContext

    @classmethod
    def of(cls, edition: ssl.SSLContext) -> Self:
        """Return one that begins with this edition."""
        made = cls(ssl.PROTOCOL_TLS_SERVER)
        made.edition = edition
        return made

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - the library's own form
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Begin a connection."""
        return self.edition.wrap_bio(incoming, outgoing, server_side, server_hostname, session)


def edition_of(context: ssl.SSLContext) -> ssl.SSLContext:
    """Return the context from which the next connection is made."""
    return context.edition if isinstance(context, RenewableContext) else context


@dataclass(slots=True, kw_only=True, eq=False)
class CertificateWatch:
    """Looks at the two files of a server, and gives its context what they hold when they were changed."""

    office: Office
    files: TlsFiles
    context: ssl.SSLContext
    _seen: tuple[object, ...] = field(init=False)
    _renewal_tried_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._seen = _stamp(self.files)
        self._renewal_tried_at = self.office.clock()

    def look(self) -> bool:
        """Take the certificate that lies there now, if it is another one and fits; say whether it was taken."""
        if self.files.is_ours:
            self._renew()
        stamp = _stamp(self.files)
        if stamp == self._seen:
            return False
        self._seen = stamp
        files, at = self.files, self.office.clock()
        try:
            ends_at = demand_fit(files, self.office.settings, at=at).not_valid_after_utc
            # On trial: a pair that does not fit would leave the server's own context without any.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.certificate, files.key)
            edition_of(self.context).load_cert_chain(files.certificate, files.key)
        except (SettingsError, OSError) as error:
            self._tell("certificate_not_taken", error)
            return False
        self.office.log.info("certificate_taken", ends_at=ends_at.isoformat())
        return True

    def _renew(self) -> None:
        at = self.office.clock()
        if at < self._renewal_tried_at + _RENEWAL_TRIED_EVERY:
            return
        self._renewal_tried_at = at
        try:
            own_tls(self.office)
        except (YinzhengError, OSError) as error:
            self._tell("certificate_not_renewed", error)

    def _tell(self, event: str, error: YinzhengError | OSError) -> None:
        """Say in the log what went wrong, by its stable name."""
        cause = error.params.get("cause", error.code) if isinstance(error, YinzhengError) else type(error).__name__
        self.office.log.error(event, cause=cause)


def _stamp(files: TlsFiles) -> tuple[object, ...]:
    """Return what changes whenever one of the files does; a file that is away for a moment counts as changed."""
    found: list[object] = []
    for path in (files.certificate, files.key):
        try:
            read = path.stat()
        except OSError:
            found.append(None)
        else:
            found.append((read.st_mtime_ns, read.st_size, read.st_ino))
    return tuple(found)
