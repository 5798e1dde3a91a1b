"""Staff and calling systems: who they are, which roles they have, and the proof that it is they.

Promises:
  * A secret is 32 random bytes known to its owner; we keep its SHA-256 and compare in constant time. (A slow hash
    protects guessable secrets; this one is not.)
  * An unknown key, a wrong secret and a closed account give the same answer and take the same way.
  * A lasting secret is for trying only: a system in service has none, and one that has a key or a certificate is let in
    by those alone.
  * Nobody may manage seals and use or audit them as well: such a mix of roles is refused.
"""

import hmac
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Column, Row, Select, Table, bindparam, exists, insert, select, update

from registry.db import Database, Transaction
from registry.prepared import Prepared
from registry.records import SANDBOX, ApiClient, Person, Role
from registry.seal_errors import RolesMixedError
from registry.tables import API_CLIENT, CLIENT_CERTIFICATE, CLIENT_KEY, PERSON

SECRET_BYTES: Final = 32
_NOBODYS_DIGEST: Final = sha256(b"nobody").digest()
# No SHA-256 is empty: nothing fits.
_NO_SECRET: Final = b""
PERSON_COLUMNS: Final = (PERSON.c.person_id, PERSON.c.department, PERSON.c.name, PERSON.c.roles)
_CLIENT: Final = (
    API_CLIENT.c.key_id,
    API_CLIENT.c.department,
    API_CLIENT.c.name,
    API_CLIENT.c.roles,
    API_CLIENT.c.environment,
)


# Manage, use and audit of a seal are never one person's (decisions.md section 11).
APART: Final = (
    frozenset({Role.SEAL_CUSTODIAN, Role.SEAL_APPROVER}),
    frozenset({Role.ISSUING_OFFICER, Role.REVIEWER}),
    frozenset({Role.AUDITOR}),
)


def demand_apart(roles: frozenset[Role]) -> None:
    """Refuse roles that let one person manage seals and use or audit them. Raises ``RolesMixedError``."""
    if roles & APART[0] and roles & (APART[1] | APART[2]):
        raise RolesMixedError


def add_person(tx: Transaction, person: Person) -> None:
    """Add a member of staff. Raises ``ConflictError`` when the id exists or the department does not."""
    demand_apart(person.roles)
    values = {
        "person_id": person.person_id,
        "department": person.department,
        "name": person.name,
        "roles": _roles_text(person.roles),
        "is_active": True,
    }
    tx.execute(insert(PERSON), values)


def find_person(tx: Transaction, person_id: str) -> Person | None:
    """Return a member of staff whose account is open."""
    query = select(*PERSON_COLUMNS).where(PERSON.c.person_id == person_id, PERSON.c.is_active)
    row = tx.execute(query).one_or_none()
    return None if row is None else person_of_row(row)


def people_of(tx: Transaction, department: str) -> tuple[Person, ...]:
    """Return the staff of a department."""
    query = select(*PERSON_COLUMNS).where(PERSON.c.department == department, PERSON.c.is_active)
    return tuple(person_of_row(row) for row in tx.execute(query.order_by(PERSON.c.person_id)))


def change_roles(tx: Transaction, person_id: str, roles: frozenset[Role]) -> None:
    """Give a member of staff these roles and no others. Raises ``RolesMixedError``."""
    demand_apart(roles)
    tx.execute(update(PERSON).where(PERSON.c.person_id == person_id).values(roles=_roles_text(roles)))


def give_secret(tx: Transaction, person_id: str, *, random: Callable[[int], bytes]) -> bytes:
    """Give a member of staff a new secret, which is shown this once; the one before is void."""
    secret = random(SECRET_BYTES)
    tx.execute(update(PERSON).where(PERSON.c.person_id == person_id).values(secret_digest=sha256(secret).digest()))
    return secret


def authenticate_person(tx: Transaction, person_id: str, secret: bytes) -> Person | None:
    """Return the member of staff if the secret is theirs and the account is open."""
    query = select(*PERSON_COLUMNS, PERSON.c.secret_digest).where(PERSON.c.person_id == person_id, PERSON.c.is_active)
    row = tx.execute(query).one_or_none()
    return person_of_row(row) if _fits(row, secret) and row is not None else None


def close_person(tx: Transaction, person_id: str) -> None:
    """Close an account; its records stay."""
    _close(tx, PERSON, "person_id", person_id)


def add_client(tx: Transaction, client: ApiClient, *, random: Callable[[int], bytes]) -> bytes:
    """Add a system for trying and return its secret, which is shown this once. Raises ``RolesMixedError``."""
    if client.environment != SANDBOX:
        raise ValueError("a system in service has no secret")
    secret = random(SECRET_BYTES)
    _insert_client(tx, client, sha256(secret).digest())
    return secret


def add_client_in_service(tx: Transaction, client: ApiClient) -> None:
    """Add a system that is let in by a key or a certificate of its own. Raises ``RolesMixedError``."""
    _insert_client(tx, client, _NO_SECRET)


def authenticate_client(database: Database, key_id: str, secret: bytes) -> ApiClient | None:
    """Return the calling system if the secret is its own and not closed; only one for trying has a lasting secret."""
    row = _WITH_SECRET.first(database, {"key_id": key_id})
    return client_of_row(row) if _fits(row, secret) and row is not None else None


def _with_secret() -> Select[Any]:
    return select(*_CLIENT, API_CLIENT.c.secret_digest).where(
        API_CLIENT.c.key_id == bindparam("key_id"),
        API_CLIENT.c.is_active,
        API_CLIENT.c.environment == SANDBOX,
        ~exists().where(CLIENT_KEY.c.key_id == API_CLIENT.c.key_id),
        ~exists().where(CLIENT_CERTIFICATE.c.key_id == API_CLIENT.c.key_id),
    )


_WITH_SECRET: Final = Prepared(_with_secret)


def _insert_client(tx: Transaction, client: ApiClient, secret_digest: bytes) -> None:
    demand_apart(client.roles)
    values = {
        "key_id": client.key_id,
        "department": client.department,
        "name": client.name,
        "roles": _roles_text(client.roles),
        "environment": client.environment,
        "secret_digest": secret_digest,
        "is_active": True,
    }
    tx.execute(insert(API_CLIENT), values)


def client_query(*more: Column[Any]) -> Select[Any]:
    """Return a query of calling systems with these further columns, for the module that knows their tokens."""
    return select(*_CLIENT, *more).select_from(API_CLIENT)


def client_of_row(row: Sequence[Any]) -> ApiClient:
    """Return the calling system of such a row."""
    key_id, department, name, roles, environment = row[: len(_CLIENT)]
    return ApiClient(key_id=key_id, department=department, name=name, roles=_roles(roles), environment=environment)


def clients_of(tx: Transaction, department: str) -> tuple[ApiClient, ...]:
    """Return the open keys of a department."""
    query = select(*_CLIENT).where(API_CLIENT.c.department == department, API_CLIENT.c.is_active)
    return tuple(client_of_row(row) for row in tx.execute(query.order_by(API_CLIENT.c.key_id)))


def close_client(tx: Transaction, key_id: str) -> None:
    """Close a key for good."""
    _close(tx, API_CLIENT, "key_id", key_id)


def _close(tx: Transaction, table: Table, key: str, value: str) -> None:
    tx.execute(update(table).where(table.c[key] == value).values(is_active=False))


def _fits(row: Sequence[Any] | None, secret: bytes) -> bool:
    """Say whether the digest at the end of the row is that of the secret."""
    kept = _NOBODYS_DIGEST if row is None or row[-1] is None else row[-1]
    return hmac.compare_digest(kept, sha256(secret).digest()) and kept is not _NOBODYS_DIGEST


def _roles_text(roles: Iterable[Role]) -> str:
    return " ".join(sorted(role.value for role in roles))


def _roles(text: str) -> frozenset[Role]:
    return frozenset(Role(each) for each in text.split())


def person_of_row(row: Row[Any]) -> Person:
    """Return the member of staff in a row with ``PERSON_COLUMNS``."""
    return Person(person_id=row.person_id, department=row.department, name=row.name, roles=_roles(row.roles))
