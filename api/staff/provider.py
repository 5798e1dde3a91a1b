"""The office's identity provider (OpenID Connect Core 1.0): where a browser is sent, and who comes back.

Promises:
  * Code flow with PKCE (RFC 7636, S256); state and nonce are drawn for each visit, good once and for ten minutes, and
    only in the browser that began it.
  * An ID token is believed with the provider's signature by an algorithm of the list, its issuer, us alone as audience,
    our nonce and a time that holds. Nothing in an answer is followed but the addresses of the issuer's own metadata.
  * Answers are short and quick, or not read.
"""

import base64
import json
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api.staff.errors import ProviderAwayError, ProviderError

ALGORITHMS: Final = ("ES256", "PS256", "RS256", "EdDSA")
VISIT_LIFE: Final = timedelta(minutes=10)
# Two clocks that somebody looks after.
DRIFT: Final = timedelta(minutes=2)
METADATA_LIFE: Final = timedelta(hours=1)
# A provider that turned its key is asked again, but not for every forged token.
KEYS_AGAIN_AFTER: Final = timedelta(minutes=1)
SECONDS_MAX: Final = 10.0
ANSWER_BYTES_MAX: Final = 256 * 1024
SUBJECT_LENGTH_MAX: Final = 255
_DRAWN_BYTES: Final = 32
_METADATA: Final = "/.well-known/openid-configuration"
_ADDRESSES: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
# RFC 8176: what says that more than one factor was shown.
_SEVERAL_FACTORS: Final = frozenset({"mfa", "otp", "hwk", "swk", "sc"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What is drawn for one visit; `state` goes to the provider and comes back, the others stay here."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """Whom the provider vouches for."""

    issuer: str
    subject: str
    has_factor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Metadata:
    addresses: Mapping[str, str]
    keys: KeySet
    read_at: datetime


class Provider:
    """One provider. Share one object among the threads of a process."""

    def __init__(
        self, *, issuer: str, client_id: str, secret: str, return_address: str, trust: ssl.SSLContext | None = None
    ) -> None:
        self.issuer = issuer
        self._client_id = client_id
        self._secret = secret
        self._return_address = return_address
        self._trust = trust
        self._known: _Metadata | None = None
        self._lock = threading.Lock()

    def address(self, drawn: Drawn, *, at: datetime) -> str:
        """Return where the browser is sent. Raises `ProviderAwayError`."""
        challenge = _base64url(sha256(drawn.verifier.encode()).digest())
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._return_address,
            "scope": "openid",
            "state": drawn.state,
            "nonce": drawn.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = self._metadata(at=at).addresses["authorization_endpoint"]
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    def vouched(self, code: str, *, nonce: str, verifier: str, at: datetime) -> Vouched:
        """Change the code for an ID token, and return whom it is about. Raises `ProviderError`, `ProviderAwayError`."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._return_address,
            "code_verifier": verifier,
        }
        address = self._metadata(at=at).addresses["token_endpoint"]
        answer = self._asked("POST", address, data=form, auth=(self._client_id, self._secret))
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise ProviderError
        return self.judged(token, nonce=nonce, at=at)

    def judged(self, token: str, *, nonce: str, at: datetime) -> Vouched:
        """Return whom an ID token is about (OpenID Connect Core 1.0, 3.1.3.7). Raises `ProviderError`."""
        claims = self._signed(token, at=at)
        audience = claims.get("aud")
        is_ours = audience in (self._client_id, [self._client_id])
        is_ours = is_ours and claims.get("azp", self._client_id) == self._client_id
        subject = claims.get("sub")
        if (
            claims.get("iss") != self.issuer
            or not is_ours
            or not nonce
            or claims.get("nonce") != nonce
            or not isinstance(subject, str)
            or not 0 < len(subject) <= SUBJECT_LENGTH_MAX
            or not _is_now(claims, at=at)
        ):
            raise ProviderError
        methods = claims.get("amr")
        several = isinstance(methods, list) and bool(_SEVERAL_FACTORS.intersection(map(str, methods)))
        return Vouched(issuer=self.issuer, subject=subject, has_factor=several)

    def _signed(self, token: str, *, at: datetime) -> Mapping[str, Any]:
        """Return the claims under the provider's signature; its keys are asked for again when they do not fit."""
        for patience in (METADATA_LIFE, KEYS_AGAIN_AFTER):
            keys = self._metadata(at=at, older_than=patience).keys
            with suppress(JoseError, ValueError):
                return jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims
        raise ProviderError

    def _metadata(self, *, at: datetime, older_than: timedelta = METADATA_LIFE) -> _Metadata:
        """Return the provider's addresses and keys, asked for anew when they are older."""
        with self._lock:
            known = self._known
            if known is None or at - known.read_at > older_than:
                self._known = known = self._read(at=at)
            return known

    def _read(self, *, at: datetime) -> _Metadata:
        found = self._asked("GET", self.issuer.rstrip("/") + _METADATA)
        addresses = {name: found.get(name) for name in _ADDRESSES}
        if found.get("issuer") != self.issuer or not all(_is_safe(each, self.issuer) for each in addresses.values()):
            raise ProviderAwayError
        texts = {name: str(each) for name, each in addresses.items()}
        try:
            keys = KeySet.import_key_set(self._asked("GET", texts["jwks_uri"]))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise ProviderAwayError from error
        return _Metadata(addresses=texts, keys=keys, read_at=at)

    def _asked(self, method: str, address: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - the library's own
        """Return a JSON object that the provider answers. Raises `ProviderAwayError`, `ProviderError`."""
        try:
            with (
                httpx.Client(
                    timeout=SECONDS_MAX, follow_redirects=False, trust_env=False, verify=self._trust or True
                ) as client,
                client.stream(method, address, headers={"Accept": "application/json"}, **more) as answer,
            ):
                content = b""
                for part in answer.iter_bytes():
                    content += part
                    if len(content) > ANSWER_BYTES_MAX:
                        raise ProviderAwayError
        except httpx.HTTPError as error:
            raise ProviderAwayError from error
        if httpx.codes.is_client_error(answer.status_code) and method == "POST":
            raise ProviderError  # the code was used, is over, or another's
        try:
            value = json.loads(content)
        except ValueError as error:
            raise ProviderAwayError from error
        if answer.status_code != httpx.codes.OK or not isinstance(value, dict):
            raise ProviderAwayError
        return value


def draw(random: Callable[[int], bytes]) -> Drawn:
    """Draw what one visit needs."""
    state, nonce, verifier = (_base64url(random(_DRAWN_BYTES)) for _ in range(3))
    return Drawn(state=state, nonce=nonce, verifier=verifier)


def _is_now(claims: Mapping[str, Any], *, at: datetime) -> bool:
    moment, drift = at.timestamp(), DRIFT.total_seconds()
    ends, issued = claims.get("exp"), claims.get("iat")
    return (
        isinstance(ends, (int, float))
        and isinstance(issued, (int, float))
        and moment - drift < ends
        and moment - VISIT_LIFE.total_seconds() - drift < issued < moment + drift
    )


def _is_safe(address: object, issuer: str) -> bool:
    """Say whether an address is https, or as the issuer's own, which the settings allow on loopback alone."""
    if not isinstance(address, str):
        return False
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme, parts.netloc) == urlsplit(issuer)[:2]


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
