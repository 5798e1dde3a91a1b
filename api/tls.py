"""TLS of our own server: the office's certificate, or one by the deployment's authority.

Promises:
  * A certificate that ended, is of another key, or names another host than the public address stops the start.
  * The private key lies in a file that nobody else can read; ours is made beside the registry and never leaves it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509 import (
    Certificate,
    DNSName,
    ExtensionNotFound,
    IPAddress,
    SubjectAlternativeName,
    load_pem_x509_certificates,
)

from api.environment import PREFIX
from api.settings import Settings, SettingsError
from api.wiring import Office
from keys.errors import CustodyAccessError, CustodyStorageError
from keys.folder import prepare_folder, read_file, write_over
from keys.installation import encode_pem_chain
from signer.server_certificates import certify_server
from verify.algorithms import Algorithm, PublicKey

# Long enough for somebody to see in the log that it could not be renewed.
RENEWED_BEFORE: Final = timedelta(days=60)
_FILE_BYTES_MAX: Final = 256 * 1024
_LOOPBACK: Final = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """The two files, in PEM, that a server needs: the chain with its own certificate first, and the key.

    `is_ours` says that our own authority made the certificate, and makes the next.
    """

    certificate: Path
    key: Path
    is_ours: bool = False


def office_tls(settings: Settings, *, at: datetime) -> TlsFiles | None:
    """Return the files that the settings name, None when they name none. Raises `SettingsError`."""
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    files = TlsFiles(certificate=settings.tls_certificate, key=settings.tls_key)
    demand_fit(files, settings, at=at)
    return files


def demand_fit(files: TlsFiles, settings: Settings, *, at: datetime) -> Certificate:
    """Return the certificate of files that a server may use now. Raises `SettingsError`."""
    certificate = _read(files)
    if not certificate.not_valid_before_utc <= at < certificate.not_valid_after_utc:
        raise _wrong("TLS_CERTIFICATE", "tls_ended")
    if _host(settings) not in _names(certificate):
        raise _wrong("TLS_CERTIFICATE", "tls_host")
    return certificate


def own_tls(office: Office) -> TlsFiles:
    """Return files with a certificate by our own authority; make them when there are none or they end soon.

    Raises what opening the keys raises, and `SettingsError`.
    """
    folder = office.settings.data / "tls"
    prepare_folder(folder)
    files = TlsFiles(certificate=folder / "server.pem", key=folder / "server.key", is_ours=True)
    at = office.clock()
    if files.certificate.is_file() and files.key.is_file():
        certificate = _read(files)
        if at + RENEWED_BEFORE < certificate.not_valid_after_utc and _host(office.settings) in _names(certificate):
            return files
    names = tuple(dict.fromkeys((_host(office.settings), *_LOOPBACK)))
    private = generate_private_key(SECP256R1())
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    chain = certify_server(office.key_desk, PublicKey(public, Algorithm.ES256), names, at=at)
    write_over(files.key, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_over(files.certificate, encode_pem_chain(chain))
    return files


def _read(files: TlsFiles) -> Certificate:
    """Return the server's certificate. Raises `SettingsError` for a key of others or that others can read."""
    try:
        certificates = load_pem_x509_certificates(files.certificate.read_bytes()[:_FILE_BYTES_MAX])
    except (OSError, ValueError) as error:
        raise _wrong("TLS_CERTIFICATE", "unreadable") from error
    try:
        key = load_pem_private_key(read_file(files.key, bytes_max=_FILE_BYTES_MAX), password=None)
    except CustodyAccessError as error:
        raise _wrong("TLS_KEY", "open") from error
    except (CustodyStorageError, OSError, ValueError, TypeError) as error:
        raise _wrong("TLS_KEY", "unreadable") from error
    if key.public_key() != certificates[0].public_key():
        raise _wrong("TLS_KEY", "tls_key")
    return certificates[0]


def _names(certificate: Certificate) -> Sequence[str]:
    try:
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        return ()
    return (*names.get_values_for_type(DNSName), *(str(each) for each in names.get_values_for_type(IPAddress)))


def _host(settings: Settings) -> str:
    host = urlsplit(settings.public_address).hostname or ""
    try:
        return str(ip_address(host))
    except ValueError:
        return host


def _wrong(name: str, cause: str) -> SettingsError:
    return SettingsError(f"{PREFIX}{name}: {cause}", params={"name": f"{PREFIX}{name}", "cause": cause})
