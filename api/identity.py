"""Who calls: systems with a key id and a secret, or a token of some minutes. People sign in on the pages.

Promises:
  * `Authorization: Bearer <key id>.<secret>`, the secret 32 bytes in base64url without padding; nothing else is read.
    A token (`api/v1/token.py`) has the same form; one that was got by a certificate wants that certificate beside it.
  * An unknown key, a closed one, a wrong secret and a header of another form are answered alike, in like time.
  * A caller acts in the name of its key's department, with a role that its key has; never as the system itself.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.errors import CallerUnknownError
from registry.client_keys import client_with_token
from registry.db import Database
from registry.people import SECRET_BYTES, authenticate_client
from registry.records import ApiClient, Role
from signer.desk import Operator

_HEADER: Final = re.compile(r"[Bb]earer ([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{43})")
_NO_SECRET: Final = bytes(SECRET_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A known client, and the operator that it is in this request."""

    client: ApiClient
    operator: Operator


def authenticated(
    database: Database, authorization: str, *, at: datetime, certificate: bytes | None = None
) -> ApiClient:
    """Return the client that the header proves, by its secret or its token. Raises `CallerUnknownError`.

    `certificate` is the SHA-256 of the certificate that the connection showed.
    """
    key_id, secret = _parsed(authorization)
    client = authenticate_client(database, key_id, secret)
    client = client or client_with_token(database, key_id, secret, at=at, certificate=certificate)
    if client is None:
        raise CallerUnknownError
    return client


def credential(key_id: str, secret: bytes) -> str:
    """Return the value of the Authorization header for a key: what a client is told when its key is made."""
    return f"Bearer {key_id}.{base64.urlsafe_b64encode(secret).decode().rstrip('=')}"


def operator_of(client: ApiClient, role: Role) -> Operator:
    """Return the operator that stands in records for what this client does."""
    return Operator(person_id=client.key_id, department=client.department, role=role)


def _parsed(authorization: str) -> tuple[str, bytes]:
    """Return key id and secret; for another form, those of nobody, so that the answer takes the same way."""
    match = _HEADER.fullmatch(authorization)
    if match is None:
        return "", _NO_SECRET
    try:
        return match[1], base64.b64decode(match[2] + "=", altchars=b"-_", validate=True)
    except binascii.Error:
        return match[1], _NO_SECRET
