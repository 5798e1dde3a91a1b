"""Holders who look at their own licences: let in by a code that an office handed them, good once; then by a session.

Promises:
  * A code has 80 random bits and is good once, for some days; of codes and sessions only the digest is kept.
  * A session names a holder and nothing else: what belongs to another holder is never found with it.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import Select, delete, insert, select

from registry.db import Transaction
from registry.tables import DEPARTMENT, HOLDER_ACCESS, LICENCE, VERIFICATION_RECEIPT

CODE_LIFE: Final = timedelta(days=7)
SESSION_LIFE: Final = timedelta(hours=1)
_CODE_BYTES: Final = 10
_SESSION_BYTES: Final = 32
_FORGOTTEN_MAX: Final = 1000
USES_SHOWN_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose licences: the code of the holder and its kind (GB/T 36903, Annex A)."""

    code: str = field(repr=False)
    code_type: str


@dataclass(frozen=True, slots=True)
class LicenceUse:
    """An office that relied on a licence: when, for what purpose, and its names in Chinese and English."""

    made_at: datetime
    purpose: str
    office_name: str
    office_name_en: str


def invite(tx: Transaction, holder: Holder, *, at: datetime, random: Callable[[int], bytes]) -> str:
    """Return a code with which the holder is let in once; it is shown this once."""
    tx.execute(delete(HOLDER_ACCESS).where(HOLDER_ACCESS.c.digest.in_(_old(at))))
    code = base64.b32encode(random(_CODE_BYTES)).decode()
    _keep(tx, code, holder, is_session=False, until=at + CODE_LIFE)
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def accept(tx: Transaction, code: str, *, at: datetime, random: Callable[[int], bytes]) -> str | None:
    """Use a code up and return the secret of a session; None for a code that is not good any more, or never was."""
    holder = _find(tx, code.upper().replace("-", ""), is_session=False, at=at)
    if holder is None:
        return None
    tx.execute(delete(HOLDER_ACCESS).where(HOLDER_ACCESS.c.digest == _digest(code.upper().replace("-", ""))))
    secret = base64.urlsafe_b64encode(random(_SESSION_BYTES)).decode().rstrip("=")
    _keep(tx, secret, holder, is_session=True, until=at + SESSION_LIFE)
    return secret


def holder_of(tx: Transaction, secret: str, *, at: datetime) -> Holder | None:
    """Return whose session this is, while it lasts."""
    return _find(tx, secret, is_session=True, at=at)


def leave(tx: Transaction, secret: str) -> None:
    """End a session."""
    tx.execute(delete(HOLDER_ACCESS).where(HOLDER_ACCESS.c.digest == _digest(secret)))


def find_holder(tx: Transaction, licence_id: str) -> Holder | None:
    """Return whose a licence is."""
    query = select(LICENCE.c.holder_code, LICENCE.c.holder_code_type).where(LICENCE.c.licence_id == licence_id)
    row = tx.execute(query).one_or_none()
    return None if row is None else Holder(*row)


def uses_of(tx: Transaction, licence_id: str) -> tuple[LicenceUse, ...]:
    """Return which offices relied on a licence, when and for what, newest first: what its holder is shown."""
    receipt = VERIFICATION_RECEIPT.c
    query = select(receipt.made_at, receipt.purpose, DEPARTMENT.c.name, DEPARTMENT.c.name_en)
    query = query.join(DEPARTMENT, DEPARTMENT.c.uscc == receipt.office).where(receipt.licence_id == licence_id)
    return tuple(LicenceUse(*row) for row in tx.execute(query.order_by(receipt.leaf.desc()).limit(USES_SHOWN_MAX)))


def _keep(tx: Transaction, secret: str, holder: Holder, *, is_session: bool, until: datetime) -> None:
    values = {
        "digest": _digest(secret),
        "is_session": is_session,
        "holder_code": holder.code,
        "holder_code_type": holder.code_type,
        "ends_at": until,
    }
    tx.execute(insert(HOLDER_ACCESS), values)


def _find(tx: Transaction, secret: str, *, is_session: bool, at: datetime) -> Holder | None:
    query = select(HOLDER_ACCESS.c.holder_code, HOLDER_ACCESS.c.holder_code_type).where(
        HOLDER_ACCESS.c.digest == _digest(secret),
        HOLDER_ACCESS.c.is_session == is_session,
        HOLDER_ACCESS.c.ends_at > at,
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else Holder(row.holder_code, row.holder_code_type)


def _old(at: datetime) -> Select[tuple[bytes]]:
    return select(HOLDER_ACCESS.c.digest).where(HOLDER_ACCESS.c.ends_at <= at).limit(_FORGOTTEN_MAX)


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
