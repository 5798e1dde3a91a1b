"""Whose a record is, and nothing more of it: what a guard asks before it lets anybody near.

Promises: one query by key for each kind, of one column, whether there is such a record or not; so neither an answer nor
its time tells a stranger which of the two it was.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import BindParameter, Select, bindparam, select

from registry.db import Transaction
from registry.tables import (
    BATCH,
    DRAFT,
    LICENCE,
    OFFICIAL_DOCUMENT,
    PERSON,
    SEAL,
    SEAL_GRANT,
    VERIFICATION_RECEIPT,
)

_ID: Final[BindParameter[str]] = bindparam("id")
_QUERIES: Final[Mapping[str, Select[Any]]] = {
    "licence_id": select(LICENCE.c.issuer).where(LICENCE.c.licence_id == _ID),
    "draft_id": select(DRAFT.c.issuer).where(DRAFT.c.draft_id == _ID),
    "batch_id": select(BATCH.c.issuer).where(BATCH.c.batch_id == _ID),
    "document_id": select(OFFICIAL_DOCUMENT.c.department).where(OFFICIAL_DOCUMENT.c.document_id == _ID),
    "seal_code": select(SEAL.c.owner).where(SEAL.c.code == _ID),
    "grant_id": select(SEAL.c.owner)
    .join(SEAL_GRANT, SEAL_GRANT.c.code == SEAL.c.code)
    .where(SEAL_GRANT.c.grant_id == _ID),
    "person_id": select(PERSON.c.department).where(PERSON.c.person_id == _ID, PERSON.c.is_active),
    "receipt_id": select(VERIFICATION_RECEIPT.c.office).where(VERIFICATION_RECEIPT.c.receipt_id == _ID),
}


def owner_of(tx: Transaction, kind: str, record_id: str) -> str | None:
    """Return whose a record of this kind is, None for no record. A kind is what addresses call its id."""
    owner: str | None = tx.execute(_QUERIES[kind], {"id": record_id}).scalar_one_or_none()
    return owner
