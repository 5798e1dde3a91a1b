"""What of a seal decides whether it may be used, read in one query, locked against its acts if wished.

Promises: seals are locked in one order everywhere; readers of facts do not wait for each other, only for an act on the
seal itself.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import RowMapping, select

from registry.db import Transaction
from registry.seal_judging import SealFacts
from registry.seal_lifecycle import SealState
from registry.tables import SEAL, SEAL_OBJECT


def seal_facts(tx: Transaction, codes: Collection[str], *, lock: bool = False) -> dict[str, SealFacts]:
    """Return the facts of these seals by code; `lock` keeps their states as they are until the transaction ends."""
    if not codes:
        return {}
    if lock:
        tx.execute(
            select(SEAL.c.code).where(SEAL.c.code.in_(codes)).order_by(SEAL.c.code).with_for_update(read=True)
        ).all()
    filed = (SEAL_OBJECT.c.code == SEAL.c.code) & (SEAL_OBJECT.c.version == SEAL.c.version)
    query = (
        select(
            SEAL.c.code,
            SEAL.c.state,
            SEAL.c.version,
            SEAL_OBJECT.c.key,
            SEAL_OBJECT.c.valid_from,
            SEAL_OBJECT.c.valid_until,
            SEAL_OBJECT.c.certificate_from,
            SEAL_OBJECT.c.certificate_until,
            SEAL_OBJECT.c.applied_by,
            SEAL_OBJECT.c.approved_by,
        )
        .select_from(SEAL.outerjoin(SEAL_OBJECT, filed))
        .where(SEAL.c.code.in_(codes))
    )
    return {row["code"]: _facts(row) for row in tx.execute(query).mappings()}


def _facts(row: RowMapping) -> SealFacts:
    values: dict[str, Any] = {**row}
    managers = {values.pop("applied_by"), values.pop("approved_by")} - {None}
    values["state"] = SealState(values["state"])
    return SealFacts(**values, managers=frozenset(managers))
