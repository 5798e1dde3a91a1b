"""What each act on a seal has in common: who may do it, how it is recorded, and what follows it.

Promises:
  * The act is one transaction; then its entry is sequenced, and its status list and its history say how it stands.
  * What fails after the transaction is done again by the worker; the caller must not think that the act did not happen.
"""

from contextlib import suppress
from datetime import datetime

from registry import seals
from registry.db import reading, transaction
from registry.records import Role
from registry.seal_records import SealDeed, SealRecord, SealStep
from signer.desk import Desk, Operator, demand
from signer.seal_histories import refresh_seal_histories
from signer.seal_statuses import refresh_seal_lists
from verify.errors import YinzhengError


def demand_manager(desk: Desk, code: str, operator: Operator, roles: frozenset[Role]) -> str:
    """Refuse who does not manage this seal in one of these roles; return the department whose seal it is."""
    with reading(desk.database) as tx:
        owner = seals.demand_seal(tx, code).owner
    demand(operator, department=owner, roles=roles)
    return owner


def record_step(desk: Desk, code: str, step: SealStep, deed: SealDeed, *, at: datetime) -> SealRecord:
    """Do an act on a seal and bring log and status list up to date; `Desk.after` is told `seal_<act>` between."""
    desk.log.demand_clock()
    with transaction(desk.database) as tx:
        seal = seals.act_on_seal(tx, code, step, deed, at=at, random=desk.random)
    desk.after(f"seal_{step.act.value}")
    bring_up_to_date(desk, code, at=at)
    return seal


def bring_up_to_date(desk: Desk, code: str, *, at: datetime) -> None:
    """Sequence what waits, and publish the list that this seal stands in, and its history."""
    with suppress(YinzhengError):
        desk.log.flush_pending()
        refresh_seal_lists(desk, at=at, only=(code,))
        refresh_seal_histories(desk, at=at, only=(code,))
