"""Public keys of calling systems, the tokens that they were given, and the statements that they have used up.

Promises:
  * A token is 32 random bytes known to its owner, good for some minutes; we keep its SHA-256.
  * A system with a key or a certificate of its own is let in by no lasting secret.
  * A signed statement is used once: the second one of the same id is refused, also by another process.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Select, bindparam, delete, insert, select

from registry.db import Database, Transaction
from registry.people import SECRET_BYTES, client_of_row, client_query
from registry.prepared import Prepared
from registry.records import ApiClient
from registry.statements import upsert
from registry.tables import API_CLIENT, CLIENT_KEY, CLIENT_STATEMENT, CLIENT_TOKEN

TOKEN_LIFETIME: Final = timedelta(minutes=15)
FORGOTTEN_MAX: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKey:
    """A public key that a system signs its statements with."""

    key_id: str
    kid: str
    algorithm: str
    spki: bytes = field(repr=False)


def add_key(tx: Transaction, key: ClientKey, *, at: datetime) -> None:
    """Register a key. Raises ``ConflictError`` when the system has one of this id, or there is no such system."""
    values = {"key_id": key.key_id, "kid": key.kid, "algorithm": key.algorithm, "spki": key.spki, "added_at": at}
    tx.execute(insert(CLIENT_KEY), values)


def close_key(tx: Transaction, key_id: str, kid: str) -> bool:
    """Forget a key and all tokens of its system, and say whether there was one."""
    mine = (CLIENT_KEY.c.key_id == key_id, CLIENT_KEY.c.kid == kid)
    tx.execute(delete(CLIENT_TOKEN).where(CLIENT_TOKEN.c.key_id == key_id))
    return bool(tx.execute(delete(CLIENT_KEY).where(*mine)).rowcount)


def find_key(tx: Transaction, key_id: str, kid: str) -> ClientKey | None:
    """Return a key of a system that is not closed."""
    columns = (CLIENT_KEY.c.key_id, CLIENT_KEY.c.kid, CLIENT_KEY.c.algorithm, CLIENT_KEY.c.spki)
    query = select(*columns).join_from(CLIENT_KEY, API_CLIENT, API_CLIENT.c.key_id == CLIENT_KEY.c.key_id)
    query = query.where(CLIENT_KEY.c.key_id == key_id, CLIENT_KEY.c.kid == kid, API_CLIENT.c.is_active)
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else ClientKey(**row)


def use_statement(tx: Transaction, key_id: str, statement_id: str, *, until: datetime) -> bool:
    """Use a statement up, and say whether it was new; it is remembered until nobody would take it any more."""
    digest = sha256(f"{key_id}\n{statement_id}".encode()).digest()
    statement = upsert(tx, CLIENT_STATEMENT).values(digest=digest, expires_at=until).on_conflict_do_nothing()
    return tx.execute(statement.returning(CLIENT_STATEMENT.c.digest)).one_or_none() is not None


def give_token(
    tx: Transaction, key_id: str, *, at: datetime, random: Callable[[int], bytes], certificate: bytes | None = None
) -> bytes:
    """Give a system a token, which is shown this once; with the digest of a certificate, for its connections alone."""
    token = random(SECRET_BYTES)
    values = {
        "digest": sha256(token).digest(),
        "key_id": key_id,
        "certificate": certificate,
        "expires_at": at + TOKEN_LIFETIME,
    }
    tx.execute(insert(CLIENT_TOKEN), values)
    return token


def client_with_token(
    database: Database, key_id: str, token: bytes, *, at: datetime, certificate: bytes | None = None
) -> ApiClient | None:
    """Return the system whose token this is, while it is good and the system is not closed.

    A token that was got by a certificate is good in connections with that very one: ``certificate`` is the SHA-256 of
    what this connection showed.
    """
    digest = sha256(token).digest()
    row = _WITH_TOKEN.first(database, {"digest": digest, "at": at})
    if row is None:
        return None
    client, (kept, bound_to) = client_of_row(row), row[-2:]
    if client.key_id != key_id or not hmac.compare_digest(kept, digest):
        return None
    return client if bound_to is None or bound_to == certificate else None


def _with_token() -> Select[Any]:
    query = client_query(CLIENT_TOKEN.c.digest, CLIENT_TOKEN.c.certificate)
    query = query.join(CLIENT_TOKEN, CLIENT_TOKEN.c.key_id == API_CLIENT.c.key_id)
    is_good = CLIENT_TOKEN.c.expires_at > bindparam("at")
    return query.where(CLIENT_TOKEN.c.digest == bindparam("digest"), is_good, API_CLIENT.c.is_active)


_WITH_TOKEN: Final = Prepared(_with_token)


def forget_old(tx: Transaction, *, at: datetime) -> None:
    """Forget tokens and statements whose time is over."""
    for table, key in ((CLIENT_TOKEN, CLIENT_TOKEN.c.digest), (CLIENT_STATEMENT, CLIENT_STATEMENT.c.digest)):
        old = select(key).where(table.c.expires_at <= at).limit(FORGOTTEN_MAX)
        tx.execute(delete(table).where(key.in_(old)))
