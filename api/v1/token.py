"""Tokens for calling systems: OAuth 2.0 client credentials, by what they sign or by the certificate that they show.

Promises:
  * Every refusal is the same `invalid_client`, whoever it is and whatever was wrong; a token is shown once.
  * A token that was got by a certificate is good in connections that show the same one, and in no others.

A signed statement is private_key_jwt (RFC 6749, 7521, 7523), a certificate that of the TLS connection (RFC 8705).
"""

import base64
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Form, Request, Response
from pydantic import BaseModel

from api.client_assertion import ASSERTION_LENGTH_MAX, LIFETIME_MAX, SKEW_MAX, TYPE, check_assertion, read_assertion
from api.guard import TheOffice
from api.v1.answers import NO_STORE, PREFIX, both, router
from api.v1.verification import json_answer
from api.wiring import Office
from registry.client_certificates import client_with_certificate
from registry.client_keys import TOKEN_LIFETIME, find_key, give_token, use_statement
from registry.db import reading, transaction
from verify.algorithms import Algorithm
from verify.errors import MalformedError

tokens: Final = router("clients")
TOKEN_PATH: Final = f"{PREFIX}/token"


class TokenOut(BaseModel):
    """A token for the Authorization header."""

    access_token: str
    token_type: str
    expires_in: int


class TokenError(BaseModel):
    """Why there is none (RFC 6749, 5.2)."""

    error: str


_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": TokenOut},
    400: {"model": TokenError},
    401: {"model": TokenError},
}


@tokens.post("/token", summary=both("换取访问令牌", "Get an access token"), responses=_RESPONSES)
def get_token(
    office: TheOffice,
    request: Request,
    grant_type: Annotated[str, Form(max_length=64)],
    *,
    client_id: Annotated[str, Form(max_length=64)] = "",
    client_assertion_type: Annotated[str, Form(max_length=128)] = "",
    client_assertion: Annotated[str, Form(max_length=ASSERTION_LENGTH_MAX)] = "",
) -> Response:
    """Exchange a statement that the system signed, or the certificate that it shows, for a token of some minutes."""
    if grant_type != "client_credentials":
        return _refused(400, "unsupported_grant_type")
    if client_assertion_type == TYPE:
        token = _exchanged(office, client_assertion, client_id)
    elif client_assertion_type or client_assertion:
        return _refused(401, "invalid_client")
    else:
        token = _certified(office, request, client_id)
    if token is None:
        return _refused(401, "invalid_client")
    seconds = int(TOKEN_LIFETIME.total_seconds())
    return json_answer({"access_token": token, "token_type": "Bearer", "expires_in": seconds})


def _exchanged(office: Office, text: str, client: str) -> str | None:
    """Return a token for a statement that holds, and uses it up; `client` may say whose it is (RFC 7521, 4.2)."""
    at = office.clock()
    try:
        statement = read_assertion(text)
        if client not in {"", statement.client}:
            return None
        with reading(office.database) as tx:
            key = find_key(tx, statement.client, statement.kid)
        if key is None:
            return None
        audience = office.settings.public_address + TOKEN_PATH
        check_assertion(statement, Algorithm(key.algorithm), key.spki, audience=audience, at=at)
    except MalformedError:
        return None
    until = max(at, datetime.fromtimestamp(statement.expires_at, UTC)) + SKEW_MAX + LIFETIME_MAX
    with transaction(office.database) as tx:
        if find_key(tx, statement.client, statement.kid) != key:  # closed while the signature was checked
            return None
        if not use_statement(tx, statement.client, statement.statement_id, until=until):
            return None
        token = give_token(tx, statement.client, at=at, random=office.random)
    return _written(statement.client, token)


def _certified(office: Office, request: Request, client: str) -> str | None:
    """Return a token for the certificate of this connection, and for connections that show it."""
    at = office.clock()
    shown = request.app.state.client_trust.shown(request.scope, at=at)
    if shown is None:
        return None
    with transaction(office.database) as tx:
        if client_with_certificate(tx, client, thumbprint=shown.thumbprint, names=shown.names) is None:
            return None
        token = give_token(tx, client, at=at, random=office.random, certificate=shown.thumbprint)
    return _written(client, token)


def _written(client: str, token: bytes) -> str:
    return f"{client}.{base64.urlsafe_b64encode(token).decode().rstrip('=')}"


def _refused(status: int, error: str) -> Response:
    answer = json_answer({"error": error})
    answer.status_code = status
    answer.headers["Cache-Control"] = NO_STORE
    return answer
