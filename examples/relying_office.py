"""Client of another office: check licences for a purpose, keep receipts, hear of recalls. Standard library only.

    office = RelyingOffice("https://licences.example.gov.cn", key="counter-1.…")
    answer = office.verify({"text": scanned}, purpose="supervision", legal_basis="《食品安全法》第一百一十条")
    if answer["in_force"]:
        case.keep(answer["receipt"])

In service there is no shared secret: `key=SigningKey(address, client="food-inspection", kid="…", private_key=pem)`
signs for a token, and for a new one when it is nearly over. Copy this file into your own system; it has no other parts.
`python relying_office.py URL KEY TEXT` checks one code. (To sign, and to check the signature of a webhook, needs the
package `cryptography`.)
"""

# ruff: noqa: INP001 - a file that is copied into other systems, no package

import base64
import http.client
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

# The service answers a code within a tenth of a second; a file of 20 MB over a slow line takes a minute.
TIMEOUT_SECONDS = 90
TRIES = 4
# What is worth trying again: too often, away for now. Everything else is the request's own fault.
TRY_AGAIN = frozenset({429, 502, 503, 504})
# So is a request whose connection broke, where it counts once; the first may still be at work when the next comes.
BROKEN = (OSError, http.client.HTTPException)
STILL_RUNNING = "idempotency.running"
BROKEN_WAIT_SECONDS = 0.5
# A message older than this was held back by somebody (Standard Webhooks).
WEBHOOK_AGE_SECONDS = 300
# A statement is exchanged at once; a token is not used to its last second.
STATEMENT_SECONDS = 60
TOKEN_SPARE_SECONDS = 60
STATEMENT_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class RefusedError(Exception):
    """The service refused a request; `problem` is its problem+json, whose `code` never changes."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: str = "") -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status = status
        self.problem = problem
        self.retry_after = retry_after

    @property
    def is_for_now(self) -> bool:
        """Say whether the same request may be answered a little later."""
        return self.status in TRY_AGAIN or self.problem.get("code") == STILL_RUNNING


class SigningKey:
    """A system's own key, P-256 or Ed25519, in PEM: signs for tokens of some minutes (OAuth 2.0, private_key_jwt).

    `audience` is the public address of `/api/v1/token`, where that is not the one that is called.
    """

    def __init__(
        self,
        address: str,
        *,
        client: str,
        kid: str,
        private_key: bytes,
        audience: str = "",
        clock: Callable[[], float] = time.time,  # noqa: TID251 - no part of the service
    ) -> None:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        self.address = f"{address.rstrip('/')}/api/v1/token"
        self.client, self.kid, self.clock = client, kid, clock
        self.audience = audience or self.address
        self._private: Any = load_pem_private_key(private_key, None)
        self._token, self._until = "", 0.0

    def __call__(self) -> str:
        """Return a token that is good for a while, an old one as long as it is."""
        if self.clock() >= self._until - TOKEN_SPARE_SECONDS:
            form = {
                "grant_type": "client_credentials",
                "client_assertion_type": STATEMENT_TYPE,
                "client_assertion": self.statement(),
            }
            request = urllib.request.Request(self.address, urllib.parse.urlencode(form).encode())  # noqa: S310 - the office's own setting
            answer = _sent(request)
            self._token, self._until = answer["access_token"], self.clock() + answer["expires_in"]
        return self._token

    def statement(self) -> str:
        """Return a signed statement of who asks, for this service, for the next minute, to be used once (RFC 7523)."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        is_edwards = isinstance(self._private, Ed25519PrivateKey)
        header = {"alg": "EdDSA" if is_edwards else "ES256", "kid": self.kid, "typ": "JWT"}
        claims = {
            "iss": self.client,
            "sub": self.client,
            "aud": self.audience,
            "exp": int(self.clock()) + STATEMENT_SECONDS,
            "jti": uuid.uuid4().hex,
        }
        signed = ".".join(_base64url(json.dumps(each).encode()) for each in (header, claims))
        signature = self._private.sign(signed.encode()) if is_edwards else self._sign_p256(signed.encode())
        return f"{signed}.{_base64url(signature)}"

    def _sign_p256(self, content: bytes) -> bytes:
        """Return both numbers of the signature, 32 bytes each (RFC 7518, 3.4)."""
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
        from cryptography.hazmat.primitives.hashes import SHA256

        numbers = decode_dss_signature(self._private.sign(content, ECDSA(SHA256())))
        return b"".join(each.to_bytes(32) for each in numbers)


class RelyingOffice:
    """One office's access, with a key of the sandbox, or with what gives tokens: a `SigningKey`.

    Every request may raise `RefusedError`, or an error of the connection that stayed broken (`BROKEN`).
    """

    def __init__(self, address: str, key: str | Callable[[], str]) -> None:
        self.address = address.rstrip("/")
        self._key = key if callable(key) else lambda: key

    def verify(self, asked: Mapping[str, str], *, purpose: str, legal_basis: str, **more: str) -> dict[str, Any]:
        """Check one licence: `asked` is {"text": …}, {"id": …} or {"number": …, "holder": …}.

        `more` may be item_code, case_number, operator (a pseudonym in hex), keep_until.
        """
        reliance = {"purpose": purpose, "legal_basis": legal_basis, **more}
        answer: dict[str, Any] = self._ask("/verifications", {**asked, "reliance": reliance})
        return answer

    def verify_file(self, content: bytes, *, purpose: str, legal_basis: str, **more: str) -> dict[str, Any]:
        """Check a PDF or OFD of at most 20 MB, ours or another office's: the answer is that of `verify`."""
        reliance = json.dumps({"purpose": purpose, "legal_basis": legal_basis, **more}, ensure_ascii=False)
        line = uuid.uuid4().hex
        part = f"--{line}\r\nContent-Disposition: form-data; name="
        before = f'{part}"reliance"\r\n\r\n{reliance}\r\n{part}"file"; filename="file"\r\n\r\n'
        body = b"".join((before.encode(), content, f"\r\n--{line}--\r\n".encode()))
        answer: dict[str, Any] = self._send("/verifications/file", body, f"multipart/form-data; boundary={line}")
        return answer

    def verify_many(
        self, items: Sequence[Mapping[str, str]], *, purpose: str, legal_basis: str, **more: str
    ) -> list[dict[str, Any]]:
        """Check up to a thousand licences; each item may have a `ref` and a `case_number` of its own."""
        reliance = {"purpose": purpose, "legal_basis": legal_basis, **more}
        answer = self._ask("/verifications/batch", {"items": list(items), "reliance": reliance})
        found: list[dict[str, Any]] = answer["items"]
        return found

    def receipt(self, receipt_id: str) -> dict[str, Any]:
        """Read one of the office's receipts again, with what happened to its licence since."""
        answer: dict[str, Any] = self._ask(f"/verifications/{receipt_id}")
        return answer

    def recalls(self, cursor: str | None = None) -> Iterator[tuple[dict[str, Any], str | None]]:
        """Yield what was recalled since a cursor, each with the cursor to keep when it has been dealt with.

        Within a page that is still the page's own: who stops there is told of the whole page again, and misses none.
        """
        while True:
            query = "" if cursor is None else "?" + urllib.parse.urlencode({"cursor": cursor})
            page = self._ask(f"/recalls{query}")
            if not page["items"]:
                return
            *others, last = page["items"]
            for each in others:
                yield each, cursor
            cursor = page["next"]
            yield last, cursor

    def _ask(self, path: str, body: object = None) -> Any:  # noqa: ANN401 - whatever the service answers
        """Send JSON, or ask for something."""
        if body is not None:
            return self._send(path, json.dumps(body, ensure_ascii=False).encode(), "application/json")
        return _sent(urllib.request.Request(f"{self.address}/api/v1{path}", headers=self._headers()))  # noqa: S310 - the office's own setting

    def _send(self, path: str, body: bytes, kind: str) -> Any:  # noqa: ANN401 - whatever the service answers
        """Send a body; where it is sent again, the same Idempotency-Key makes it count once."""
        headers = self._headers() | {"Content-Type": kind, "Idempotency-Key": uuid.uuid4().hex}
        return _sent(urllib.request.Request(f"{self.address}/api/v1{path}", body, headers, method="POST"))  # noqa: S310 - the office's own setting

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key()}", "Accept": "application/json"}


def _sent(request: urllib.request.Request) -> Any:  # noqa: ANN401 - whatever the service answers
    """Send a request, again where that is worth it, and return the answer. Raises `RefusedError`, `BROKEN`.

    Whether a request came through whose connection broke, nobody knows: what would count twice is not sent again.
    """
    counts_once = request.get_method() == "GET" or request.has_header("Idempotency-key")
    for attempt in range(1, TRIES):
        try:
            return _answer(request)
        except RefusedError as error:
            if not error.is_for_now:
                raise
            time.sleep(int(error.retry_after) if error.retry_after.isdecimal() else 2**attempt)
        except BROKEN:
            if not counts_once:
                raise
            time.sleep(BROKEN_WAIT_SECONDS * 4 ** (attempt - 1))
    return _answer(request)


def _answer(request: urllib.request.Request) -> Any:  # noqa: ANN401 - whatever the service answers
    """Send a request once. Raises `RefusedError`, `BROKEN`."""
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - the office's own setting
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            problem = _problem(error.read())
        raise RefusedError(error.code, problem, error.headers.get("Retry-After", "")) from error


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _problem(content: bytes) -> dict[str, Any]:
    """Return the problem that the service tells; a proxy before it answers with a page, which tells nothing."""
    try:
        problem = json.loads(content)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def receipt_answer(answer: Mapping[str, Any]) -> bytes:
    """Return the bytes whose SHA-256 is claim 12 of the receipt: the answer without it, as canonical JSON."""
    shown = {name: value for name, value in answer.items() if name != "receipt"}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def check_webhook(headers: Mapping[str, str], body: bytes, keys: Sequence[str], *, now: float) -> None:
    """Refuse a message that is not signed with one of the keys of `GET /api/v1/webhooks/keys`, or is old.

    `headers` by their names in small letters. Raises ValueError. Deal with each `webhook-id` once.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    number, moment, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if abs(now - int(moment)) > WEBHOOK_AGE_SECONDS:
        raise ValueError("too old, or from the future")
    signed = f"{number}.{moment}.".encode() + body
    for signature in signatures.split():
        scheme, _, text = signature.partition(",")
        for key in keys if scheme == "v1a" else ():
            try:
                public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.removeprefix("whpk_")))
                public.verify(base64.b64decode(text), signed)
            except InvalidSignature:
                continue
            return
    raise ValueError("no signature of the service")


def main() -> int:
    """Check one code from the command line."""
    address, key, text = sys.argv[1:4]
    office = RelyingOffice(address, key)
    answer = office.verify({"text": text}, purpose="supervision", legal_basis="示例依据")
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2) + "\n")
    return 0 if answer["in_force"] else 3


if __name__ == "__main__":
    sys.exit(main())
