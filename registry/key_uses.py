"""How often the counted keys were used: each worker notes its custody's counts, the daily job logs the sums.

Promises:
  * A worker's counts only grow, so noting them again, or late, never counts a use twice; what was noted after midnight
    belongs to the new day.
  * A use is logged once: what is added to a day that was logged already is logged as a second sum.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, update

from registry.db import Transaction
from registry.statements import upsert
from registry.tables import KEY_USE


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    """How often a key was used on a day, as far as no entry of the log tells."""

    key: str
    day: date
    uses: int


def note(tx: Transaction, worker: str, counts: Mapping[str, int], *, day: date) -> None:
    """Note what a worker's custody has counted since it was opened; a worker's name is never used again."""
    query = select(KEY_USE.c.key, func.sum(KEY_USE.c.uses).label("uses")).where(KEY_USE.c.worker == worker)
    noted = {row.key: int(row.uses) for row in tx.execute(query.group_by(KEY_USE.c.key))}
    for key in sorted(counts):
        new = counts[key] - noted.get(key, 0)
        if new > 0:
            statement = upsert(tx, KEY_USE).values(worker=worker, key=key, day=day, uses=new, logged=0)
            tx.execute(
                statement.on_conflict_do_update(
                    index_elements=[KEY_USE.c.worker, KEY_USE.c.key, KEY_USE.c.day],
                    set_={"uses": KEY_USE.c.uses + statement.excluded.uses},
                )
            )


def take_days(tx: Transaction, *, before: date) -> tuple[DayCount, ...]:
    """Return the counts of all days before this one that are not logged, and mark them as logged.

    The caller leaves the log's entries in the same transaction.
    """
    open_rows = (KEY_USE.c.day < before, KEY_USE.c.uses > KEY_USE.c.logged)
    query = select(KEY_USE.c.worker, KEY_USE.c.key, KEY_USE.c.day, KEY_USE.c.uses, KEY_USE.c.logged).where(*open_rows)
    sums: dict[tuple[date, str], int] = defaultdict(int)
    for row in tx.execute(query.order_by(KEY_USE.c.worker, KEY_USE.c.key, KEY_USE.c.day).with_for_update()).all():
        sums[row.day, row.key] += row.uses - row.logged
        here = (KEY_USE.c.worker == row.worker, KEY_USE.c.key == row.key, KEY_USE.c.day == row.day)
        tx.execute(update(KEY_USE).where(*here).values(logged=row.uses))
    return tuple(DayCount(key=key, day=day, uses=sums[day, key]) for day, key in sorted(sums))
