"""Certificates by which calling systems are known in their TLS connections (RFC 8705), as they were registered.

Promises:
  * A system is known by one very certificate, or by the names of issuer and subject together, byte for byte; a subject
    alone is never enough, for another authority may give it to somebody else.
  * Taking a certificate back ends all tokens of its system at once.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, insert, select

from registry.db import Transaction
from registry.people import client_of_row, client_query
from registry.records import ApiClient
from registry.tables import API_CLIENT, CLIENT_CERTIFICATE, CLIENT_TOKEN


class KnownBy(StrEnum):
    """What of a certificate is registered."""

    THUMBPRINT = "thumbprint"
    """The very certificate: the next one has to be registered as well."""
    SUBJECT = "subject"
    """Its issuer and subject: the authority renews it without us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """A registered certificate; ``digest`` is the SHA-256 of what it is known by, ``subject`` its name to read."""

    key_id: str
    digest: bytes
    known_by: KnownBy
    subject: str


def add_certificate(tx: Transaction, certificate: ClientCertificate, *, at: datetime) -> None:
    """Register a certificate. Raises ``ConflictError`` when the system has it already, or there is no such system."""
    values = {
        "key_id": certificate.key_id,
        "digest": certificate.digest,
        "known_by": certificate.known_by.value,
        "subject": certificate.subject,
        "added_at": at,
    }
    tx.execute(insert(CLIENT_CERTIFICATE), values)


def close_certificate(tx: Transaction, key_id: str, digest: bytes) -> bool:
    """Forget a certificate and all tokens of its system, and say whether there was one."""
    mine = (CLIENT_CERTIFICATE.c.key_id == key_id, CLIENT_CERTIFICATE.c.digest == digest)
    tx.execute(delete(CLIENT_TOKEN).where(CLIENT_TOKEN.c.key_id == key_id))
    return bool(tx.execute(delete(CLIENT_CERTIFICATE).where(*mine)).rowcount)


def certificates_of(tx: Transaction, key_id: str) -> tuple[ClientCertificate, ...]:
    """Return the certificates of a system, oldest first."""
    columns = [CLIENT_CERTIFICATE.c[name] for name in ClientCertificate.__slots__]
    query = select(*columns).where(CLIENT_CERTIFICATE.c.key_id == key_id)
    return tuple(
        ClientCertificate(key_id=row.key_id, digest=row.digest, known_by=KnownBy(row.known_by), subject=row.subject)
        for row in tx.execute(query.order_by(CLIENT_CERTIFICATE.c.added_at, CLIENT_CERTIFICATE.c.digest))
    )


def client_with_certificate(tx: Transaction, key_id: str, *, thumbprint: bytes, names: bytes) -> ApiClient | None:
    """Return the system that one of these digests was registered for, while it is not closed."""
    is_known = (
        (CLIENT_CERTIFICATE.c.known_by == KnownBy.THUMBPRINT.value) & (CLIENT_CERTIFICATE.c.digest == thumbprint)
    ) | ((CLIENT_CERTIFICATE.c.known_by == KnownBy.SUBJECT.value) & (CLIENT_CERTIFICATE.c.digest == names))
    query = client_query().join(CLIENT_CERTIFICATE, CLIENT_CERTIFICATE.c.key_id == API_CLIENT.c.key_id)
    row = tx.execute(query.where(API_CLIENT.c.key_id == key_id, is_known, API_CLIENT.c.is_active)).first()
    return None if row is None else client_of_row(row)
