"""Ends of seals on their way: proposed by a custodian, confirmed by an approver, where the two do not meet.

Promises:
  * A proposal changes nothing about the seal. It is void as soon as anything else happened to the seal since, and a
    later one takes its place.
  * It stands beside the acts and is none: what ends a seal is the act, with both persons behind it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select

from registry.db import Transaction
from registry.seal_errors import NoEndingError, SealNotAllowedError
from registry.seal_lifecycle import ENDS, SealAct, next_state
from registry.seal_records import SealDeed, SealRecord
from registry.seals import demand_seal
from registry.statements import upsert
from registry.tables import SEAL_ENDING

_COLUMNS: Final = tuple(SEAL_ENDING.c)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealEnding:
    """A proposed end, and the seal's etag for which it holds."""

    code: str
    act: SealAct
    etag: int
    proposed_by: str = field(repr=False)
    proposed_at: datetime
    reason: str = field(repr=False)
    legal_basis: str
    reference: str = field(repr=False)


def propose_ending(tx: Transaction, seal: SealRecord, act: SealAct, deed: SealDeed, *, at: datetime) -> SealEnding:
    """Keep a proposal. Raises ``SealNotAllowedError`` when the seal is in no state that this act could end."""
    if act not in ENDS:
        raise SealNotAllowedError(params={"state": seal.state.value, "act": act.value})
    next_state(seal.state, act)
    values = {
        "code": seal.code,
        "act": act.value,
        "etag": seal.etag,
        "proposed_by": deed.person,
        "proposed_at": at,
        "reason": deed.reason,
        "legal_basis": deed.legal_basis,
        "reference": deed.reference,
    }
    statement = upsert(tx, SEAL_ENDING).values(values)
    tx.execute(statement.on_conflict_do_update(index_elements=[SEAL_ENDING.c.code], set_=values))
    return demand_ending(tx, seal.code, act)


def find_ending(tx: Transaction, code: str) -> SealEnding | None:
    """Return the proposal that holds for a seal as it stands."""
    row = tx.execute(select(*_COLUMNS).where(SEAL_ENDING.c.code == code)).mappings().one_or_none()
    if row is None or row["etag"] != demand_seal(tx, code).etag:
        return None
    return SealEnding(**{**row, "act": SealAct(row["act"])})


def demand_ending(tx: Transaction, code: str, act: SealAct) -> SealEnding:
    """Return the proposal of this act. Raises ``UnknownSealError``, ``NoEndingError``."""
    demand_seal(tx, code)
    ending = find_ending(tx, code)
    if ending is None or ending.act is not act:
        raise NoEndingError
    return ending
