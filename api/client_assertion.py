"""Signed statements by which systems say who they are: private_key_jwt (RFC 7523), read strictly.

Promises:
  * ES256 and EdDSA (Ed25519) only, and the algorithm is that of the registered key, not that of the header.
  * Lives five minutes at most, names this very service, and is its client's own. Using it once is the caller's.
  * Nothing of a statement is repeated in an error.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from verify.algorithms import Algorithm, SignatureError, check_cose_signature
from verify.errors import MalformedError
from verify.strict_json import JsonError, read_json

# Header, a dozen claims and a signature of 64 bytes take some 500 characters.
ASSERTION_LENGTH_MAX: Final = 4000
LIFETIME_MAX: Final = timedelta(minutes=5)
# How far the clocks of two offices may be apart.
SKEW_MAX: Final = timedelta(seconds=60)
TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_FORM: Final = re.compile(r"([A-Za-z0-9_-]{1,2000})\.([A-Za-z0-9_-]{1,3000})\.([A-Za-z0-9_-]{86})")
_NAMES: Final = {"ES256": Algorithm.ES256, "EdDSA": Algorithm.ED25519, "Ed25519": Algorithm.ED25519}
_ID: Final = re.compile(r"[!-~]{8,128}")
_SECONDS_MAX: Final = 253_402_300_799


class StatementError(MalformedError):
    """Not a statement that this client signed for this service just now."""

    code = "assertion.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """A statement as it was read; its signature is not checked yet."""

    client: str
    kid: str
    algorithm: Algorithm
    statement_id: str
    audience: str
    expires_at: int
    begins_at: int
    to_be_signed: bytes
    signature: bytes


def read_assertion(text: str) -> Assertion:
    """Read a statement. Raises `StatementError`."""
    found = _FORM.fullmatch(text) if len(text) <= ASSERTION_LENGTH_MAX else None
    if found is None:
        raise StatementError("not a compact JWS with a signature of 64 bytes")
    header, claims = _object(found[1]), _object(found[2])
    if header.keys() - {"alg", "kid", "typ"} or header.get("typ", "JWT") not in {"JWT", "client-authentication+jwt"}:
        raise StatementError("a header with more than algorithm, key and type")
    algorithm = _NAMES.get(_text(header.get("alg")))
    client = _text(claims.get("iss"))
    if algorithm is None or claims.get("sub") != client:
        raise StatementError("another algorithm, or issuer and subject differ")
    if not _ID.fullmatch(_text(claims.get("jti"))):
        raise StatementError("no id of its own")
    return Assertion(
        client=client,
        kid=_text(header.get("kid")),
        algorithm=algorithm,
        statement_id=_text(claims.get("jti")),
        audience=_audience(claims.get("aud")),
        expires_at=_seconds(claims.get("exp")),
        begins_at=max(_seconds(claims.get("iat", 0)), _seconds(claims.get("nbf", 0))),
        to_be_signed=f"{found[1]}.{found[2]}".encode(),
        signature=_decoded(found[3]),
    )


def check_assertion(assertion: Assertion, algorithm: Algorithm, spki: bytes, *, audience: str, at: datetime) -> None:
    """Refuse a statement that is not this key's, for this service, and of now. Raises `StatementError`."""
    if assertion.algorithm is not algorithm or assertion.audience != audience:
        raise StatementError("for another key or another service")
    now = at.timestamp()
    if not now - SKEW_MAX.total_seconds() < assertion.expires_at <= now + (LIFETIME_MAX + SKEW_MAX).total_seconds():
        raise StatementError("over, or made for too long")
    if assertion.begins_at > now + SKEW_MAX.total_seconds():
        raise StatementError("not begun")
    try:
        check_cose_signature(algorithm, spki, assertion.to_be_signed, assertion.signature)
    except SignatureError as error:
        raise StatementError("the signature does not fit") from error


def _object(text: str) -> Mapping[str, Any]:
    """Read a part: a JSON object whose names stand once."""
    try:
        value = read_json(_decoded(text))
    except JsonError as error:
        raise StatementError("not JSON") from error
    if not isinstance(value, dict):
        raise StatementError("not an object")
    return value


def _decoded(text: str) -> bytes:
    """Decode base64url without padding, in its one spelling."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise StatementError("not base64url") from error
    if base64.urlsafe_b64encode(data).decode().rstrip("=") != text:
        raise StatementError("a second spelling of base64url")
    return data


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 256:
        raise StatementError("a text is missing")
    return value


def _audience(value: object) -> str:
    return _text(value[0] if isinstance(value, list) and len(value) == 1 else value)


def _seconds(value: object) -> int:
    if type(value) not in {int, float} or not 0 <= value <= _SECONDS_MAX:  # type: ignore[operator]
        raise StatementError("not a time")
    return int(value)  # type: ignore[call-overload, no-any-return]
