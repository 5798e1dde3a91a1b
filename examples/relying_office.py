"""Client of another office: check licences for a purpose, keep receipts, hear of recalls. Standard library only.

    office = RelyingOffice("https://licences.example.gov.cn", key="counter-1.…")
    answer = office.verify({"text": scanned}, purpose="supervision", legal_basis="《食品安全法》第一百一十条")
    if answer["in_force"]:
        case.keep(answer["receipt"])

Copy this file into your own system; it has no other parts. `python relying_office.py URL KEY TEXT` checks one code.
(Checking the signature of a webhook needs the package `cryptography`.)
"""

# ruff: noqa: INP001 - a file that is copied into other systems, no package

import base64
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# The service answers a code within a tenth of a second; a file of 20 MB over a slow line takes a minute.
TIMEOUT_SECONDS = 90
TRIES = 4
# What is worth trying again: too often, away for now. Everything else is the request's own fault.
TRY_AGAIN = frozenset({429, 502, 503, 504})
# A message older than this was held back by somebody (Standard Webhooks).
WEBHOOK_AGE_SECONDS = 300


class RefusedError(Exception):
    """The service refused a request; `problem` is its problem+json, whose `code` never changes."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status = status
        self.problem = problem


class RelyingOffice:
    """One office's access, with one key."""

    def __init__(self, address: str, key: str) -> None:
        self.address = address.rstrip("/")
        self.key = key

    def verify(self, asked: Mapping[str, str], *, purpose: str, legal_basis: str, **more: str) -> dict[str, Any]:
        """Check one licence: `asked` is {"text": …}, {"id": …} or {"number": …, "holder": …}.

        `more` may be item_code, case_number, operator (a pseudonym in hex), keep_until.
        """
        reliance = {"purpose": purpose, "legal_basis": legal_basis, **more}
        answer: dict[str, Any] = self._ask("POST", "/verifications", {**asked, "reliance": reliance})
        return answer

    def verify_many(
        self, items: Sequence[Mapping[str, str]], *, purpose: str, legal_basis: str, **more: str
    ) -> list[dict[str, Any]]:
        """Check up to a thousand licences; each item may have a `ref` and a `case_number` of its own."""
        reliance = {"purpose": purpose, "legal_basis": legal_basis, **more}
        answer = self._ask("POST", "/verifications/batch", {"items": list(items), "reliance": reliance})
        found: list[dict[str, Any]] = answer["items"]
        return found

    def receipt(self, receipt_id: str) -> dict[str, Any]:
        """Read one of the office's receipts again, with what happened to its licence since."""
        answer: dict[str, Any] = self._ask("GET", f"/verifications/{receipt_id}")
        return answer

    def recalls(self, cursor: str | None = None) -> Iterator[tuple[dict[str, Any], str | None]]:
        """Yield what was recalled since a cursor, each with the cursor to keep when it has been dealt with.

        Within a page that is still the page's own: who stops there is told of the whole page again, and misses none.
        """
        while True:
            query = "" if cursor is None else "?" + urllib.parse.urlencode({"cursor": cursor})
            page = self._ask("GET", f"/recalls{query}")
            if not page["items"]:
                return
            *others, last = page["items"]
            for each in others:
                yield each, cursor
            cursor = page["next"]
            yield last, cursor

    def _ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - whatever the service answers
        """Send a request, again where that is worth it: the same Idempotency-Key makes it count once."""
        headers = {"Authorization": f"Bearer {self.key}", "Accept": "application/json"}
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        if data is not None:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
        request = urllib.request.Request(f"{self.address}/api/v1{path}", data, headers, method=method)  # noqa: S310 - the office's own setting
        for attempt in range(1, TRIES + 1):
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                with error:
                    problem = _problem(error.read())
                if error.code not in TRY_AGAIN or attempt == TRIES:
                    raise RefusedError(error.code, problem) from error
                time.sleep(float(error.headers.get("Retry-After", 2**attempt)))
        raise AssertionError


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
