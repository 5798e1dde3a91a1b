"""Revocation lists of the authorities whose certificates calling systems show: whose certificate counts no more.

Promises:
  * With lists in the settings (`tls_client_crl`) a certificate counts only by a list of its own issuer that holds now
    and does not name it: without such a list, or when it is over, it does not count.
  * A list is believed by the signature of an authority of the settings. A newer one is taken without a restart; an
    older one, a broken one or a stranger's never takes its place, and the log says why.
  * The handshake refuses what is revoked; each request is looked at as well, for connections stay open, sessions of
    TLS are resumed, and a proxy may know older lists.
"""

import re
import ssl
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import (
    Certificate,
    CertificateRevocationList,
    load_der_x509_crl,
    load_pem_x509_crl,
)

from api.environment import PREFIX
from api.logs import Log
from api.settings import SettingsError

# A hundred thousand certificates that were taken back; a list that was taken stays in memory beside the next one.
FILE_BYTES_MAX: Final = 4 * 1024 * 1024
_PEM: Final = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)
_NAME: Final = f"{PREFIX}TLS_CLIENT_CRL"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationList:
    """A list that an authority signed, and the serial numbers in it."""

    crl: CertificateRevocationList = field(repr=False)
    begins_at: datetime
    ends_at: datetime
    serials: frozenset[int] = field(repr=False)

    @classmethod
    def of(cls, crl: CertificateRevocationList) -> Self | None:
        """Return what a list says; None for one in parts or with rules that we do not know: it may leave things out."""
        ends_at = crl.next_update_utc
        if ends_at is None or any(each.critical for each in crl.extensions):
            return None
        serials = frozenset(each.serial_number for each in crl)
        return cls(crl=crl, begins_at=crl.last_update_utc, ends_at=ends_at, serials=serials)

    def clears(self, certificate: Certificate, *, at: datetime) -> bool:
        """Say whether the list holds now and does not name this certificate."""
        return self.begins_at <= at < self.ends_at and certificate.serial_number not in self.serials


@dataclass(slots=True, kw_only=True, eq=False)
class RevocationWatch:
    """The newest list of each authority, by the place that it has among the authorities of the settings."""

    path: Path
    authorities: Sequence[Certificate] = field(repr=False)
    log: Log | None = None
    lists: Mapping[int, RevocationList] = field(init=False)
    _seen: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._seen = self._stamp()
        self.lists = self._read()

    def look(self) -> bool:
        """Take the lists that lie there now, if they are other ones; say whether any was taken."""
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            found = self._read()
        except SettingsError as error:
            self._tell("client_crl_not_taken", cause=error.params["cause"])
            return False
        newer = {
            place: each
            for place, each in found.items()
            if place not in self.lists or each.begins_at > self.lists[place].begins_at
        }
        self.lists = {**self.lists, **newer}
        for place in found.keys() - newer.keys():
            self._tell("client_crl_not_taken", cause="older", authority=place)
        for place, each in newer.items():
            self._tell("client_crl_taken", authority=place, ends_at=each.ends_at.isoformat())
        return bool(newer)

    def is_over(self, *, at: datetime) -> bool:
        """Say whether certificates of an authority do not count now because its list is over."""
        return any(not at < each.ends_at for each in self.lists.values())

    def harden(self, context: ssl.SSLContext) -> None:
        """Let a server's context refuse in the handshake what the lists name, and lists that it got before."""
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:  # the library reads lists from files alone
            file.write(b"".join(each.crl.public_bytes(Encoding.PEM) for each in self.lists.values()))
            file.flush()
            context.load_verify_locations(cafile=file.name)

    def _read(self) -> Mapping[int, RevocationList]:
        """Return the newest list of each authority. Raises `SettingsError` when there is none by any of them."""
        found: dict[int, RevocationList] = {}
        try:
            with self.path.open("rb") as file:
                content = file.read(FILE_BYTES_MAX + 1)
            parsed = _parsed(content) if len(content) <= FILE_BYTES_MAX else ()
            for crl in sorted(parsed, key=lambda each: each.last_update_utc):
                place = self._signer(crl)
                read = None if place is None else RevocationList.of(crl)
                if place is not None and read is not None:
                    found[place] = read
        except (OSError, ValueError) as error:
            raise SettingsError(f"{_NAME}: unreadable", params={"name": _NAME, "cause": "unreadable"}) from error
        if not found:
            raise SettingsError(f"{_NAME}: none by an authority", params={"name": _NAME, "cause": "tls_crl"})
        return found

    def _signer(self, crl: CertificateRevocationList) -> int | None:
        """Return the place of the authority that signed a list."""
        for place, authority in enumerate(self.authorities):
            try:
                if crl.issuer == authority.subject and crl.is_signature_valid(authority.public_key()):  # type: ignore[arg-type]
                    return place
            except (TypeError, ValueError, UnsupportedAlgorithm):
                continue
        return None

    def _stamp(self) -> tuple[int, ...]:
        try:
            read = self.path.stat()
        except OSError:
            return ()
        return (read.st_mtime_ns, read.st_size, read.st_ino)

    def _tell(self, event: str, **more: object) -> None:
        if self.log is not None:
            (self.log.info if event == "client_crl_taken" else self.log.error)(event, **more)


def _parsed(content: bytes) -> tuple[CertificateRevocationList, ...]:
    """Read one list in DER, or any number in PEM. Raises `ValueError`."""
    blocks = _PEM.findall(content)
    if blocks:
        return tuple(load_pem_x509_crl(each) for each in blocks)
    return (load_der_x509_crl(content),)
