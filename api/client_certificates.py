"""Certificates that calling systems show: in their own TLS connection, or by the word of a proxy that is trusted.

Promises:
  * Without authorities in the settings (`tls_client_ca`) no certificate counts, whoever shows one.
  * The header `Client-Cert` is read from connections of the configured proxies alone, and from those nothing else is:
    what a stranger writes there is nothing.
  * A certificate counts within its period, for the client's side of TLS, by one of the authorities, and where there are
    revocation lists while its issuer's does not name it: what a proxy tells is checked again here.

The header has the form of RFC 9440 (`:base64 of the DER:`), or is PEM with `%`, as nginx writes it.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import (
    Certificate,
    ExtendedKeyUsage,
    ExtensionNotFound,
    load_der_x509_certificate,
    load_pem_x509_certificate,
    load_pem_x509_certificates,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from starlette.types import Scope

from api.client_revocation import RevocationWatch
from api.environment import PREFIX
from api.logs import Log
from api.peer_protocol import PEER_ADDRESS, PEER_CERTIFICATE
from api.settings import Settings, SettingsError

HEADER: Final = b"client-cert"
# A certificate with a key of RSA-4096 and many names has some 3 kB, in PEM with `%` a half more.
HEADER_BYTES_MAX: Final = 16_384
# Some offices' systems call again and again.
REMEMBERED: Final = 256
_FILE_BYTES_MAX: Final = 256 * 1024
_CLIENT_USES: Final = frozenset({ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCertificate:
    """A certificate as systems are known by it: SHA-256 of the whole, and of issuer and subject; its name to read."""

    thumbprint: bytes
    names: bytes
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTrust:
    """Whose certificates count, and which proxies may tell of them."""

    authorities: tuple[Certificate, ...] = field(default=(), repr=False)
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    revocation: RevocationWatch | None = None

    @classmethod
    def of(cls, settings: Settings, *, log: Log | None = None) -> Self:
        """Read what the settings name. Raises `SettingsError` for a file that holds no certificates, or no lists."""
        path = settings.tls_client_crl
        if settings.tls_client_ca is None:
            if path is not None:
                name = f"{PREFIX}TLS_CLIENT_CRL"
                raise SettingsError(f"{name}: no authority", params={"name": name, "cause": "tls_crl"})
            return cls()
        named = settings.tls_client_proxies
        authorities = _read_authorities(settings.tls_client_ca)
        return cls(
            authorities=authorities,
            proxies=tuple(ip_network(each.strip()) for each in named.split(",") if each.strip()),
            revocation=None if path is None else RevocationWatch(path=path, authorities=authorities, log=log),
        )

    def shown(self, scope: Scope, *, at: datetime) -> ShownCertificate | None:
        """Return the certificate of who sent a request, None where none was shown that counts now."""
        if not self.authorities:
            return None
        state = scope.get("state", {})
        if self._is_proxy(state.get(PEER_ADDRESS, "")):
            certificate = self._told([value for name, value in scope["headers"] if name == HEADER])
        else:
            content: bytes | None = state.get(PEER_CERTIFICATE)
            certificate = None if content is None else _parsed(content)
        if certificate is None or not _counts(certificate, at=at) or self.is_revoked(certificate, at=at):
            return None
        return described(certificate)

    def is_revoked(self, certificate: Certificate, *, at: datetime) -> bool:
        """Say whether a certificate is named by its issuer's list, or that list is missing or over."""
        if self.revocation is None:
            return False
        lists = self.revocation.lists
        issuers = (place for place, each in enumerate(self.authorities) if _is_issued_by(certificate, each))
        return not any(place in lists and lists[place].clears(certificate, at=at) for place in issuers)

    def is_issued(self, certificate: Certificate) -> bool:
        """Say whether one of the authorities issued a certificate itself."""
        return any(_is_issued_by(certificate, each) for each in self.authorities)

    def _is_proxy(self, address: str) -> bool:
        try:
            return any(ip_address(address) in each for each in self.proxies)
        except ValueError:
            return False

    def _told(self, values: Sequence[bytes]) -> Certificate | None:
        """Return the certificate in the one header; two of them are two opinions, and none counts."""
        if len(values) != 1 or len(values[0]) > HEADER_BYTES_MAX:
            return None
        certificate = _from_header(values[0])
        return certificate if certificate is not None and self.is_issued(certificate) else None


def described(certificate: Certificate) -> ShownCertificate:
    """Return what a certificate is known by."""
    names = certificate.issuer.public_bytes() + certificate.subject.public_bytes()
    return ShownCertificate(
        thumbprint=sha256(certificate.public_bytes(Encoding.DER)).digest(),
        names=sha256(names).digest(),
        subject=certificate.subject.rfc4514_string(),
    )


def _counts(certificate: Certificate, *, at: datetime) -> bool:
    """Say whether a certificate is in its period, and not for something else than the client's side of TLS."""
    if not certificate.not_valid_before_utc <= at < certificate.not_valid_after_utc:
        return False
    try:
        uses = certificate.extensions.get_extension_for_class(ExtendedKeyUsage).value
    except ExtensionNotFound:
        return True
    except ValueError:
        return False
    return not _CLIENT_USES.isdisjoint(uses)


@lru_cache(maxsize=REMEMBERED)
def _parsed(content: bytes) -> Certificate | None:
    """Read DER that the TLS library has read already."""
    try:
        return load_der_x509_certificate(content)
    except ValueError:
        return None


@lru_cache(maxsize=REMEMBERED)
def _from_header(value: bytes) -> Certificate | None:
    try:
        if value[:1] == value[-1:] == b":":
            return load_der_x509_certificate(base64.b64decode(value[1:-1], validate=True))
        return load_pem_x509_certificate(unquote(value.decode("ascii"), errors="strict").encode())
    except (ValueError, binascii.Error):
        return None


@lru_cache(maxsize=REMEMBERED)
def _is_issued_by(certificate: Certificate, authority: Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _read_authorities(path: Path) -> tuple[Certificate, ...]:
    try:
        return tuple(load_pem_x509_certificates(path.read_bytes()[:_FILE_BYTES_MAX]))
    except (OSError, ValueError) as error:
        name = f"{PREFIX}TLS_CLIENT_CA"
        raise SettingsError(f"{name}: unreadable", params={"name": name, "cause": "unreadable"}) from error
