"""What the status lists say, read fast for publishing.

Promises: only places that do not say "in force" are read; the others are the rule and need no row. Places of abandoned
attempts say "ended", for their codes may have been signed, and those of licences that a restore lost say what was
published of them last.
"""

from collections.abc import Sequence

from sqlalchemy import select

from registry.db import Transaction
from registry.permutation import LIST_SIZE
from registry.tables import KEPT_STATUS, PLACE, STATUS_LIST
from verify.status import StatusValue

__all__ = ["LIST_SIZE", "list_numbers", "lists_of", "values"]


def list_numbers(tx: Transaction) -> tuple[int, ...]:
    """Return the numbers of all status lists that have a place given out."""
    return tuple(tx.execute(select(STATUS_LIST.c.number).order_by(STATUS_LIST.c.number)).scalars())


def values(tx: Transaction, list_number: int) -> dict[int, StatusValue]:
    """Return the places of a list that are not "in force", by index; a list has ``LIST_SIZE`` places."""
    kept = select(KEPT_STATUS.c.status_index, KEPT_STATUS.c.status).where(KEPT_STATUS.c.status_list == list_number)
    query = select(PLACE.c.status_index, PLACE.c.status).where(PLACE.c.status_list == list_number, PLACE.c.status > 0)
    return {row.status_index: StatusValue(row.status) for each in (kept, query) for row in tx.execute(each)}


def lists_of(tx: Transaction, licence_ids: Sequence[str]) -> frozenset[int]:
    """Return the numbers of the lists in which these licences have their places."""
    return frozenset(tx.execute(select(PLACE.c.status_list).where(PLACE.c.licence_id.in_(licence_ids))).scalars())
