"""Live codes that were checked: each is good once, and the holder sees when.

Promises:
  * Of two checks of one code, also by two processes at once, exactly one is the first.
  * The second one is told when the first was, and by nobody who: it was somebody with the code on a screen before him.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import select

from registry.db import Transaction
from registry.statements import upsert
from registry.tables import LIVE_CODE_USE

USES_SHOWN_MAX: Final = 50


def redeem(tx: Transaction, one_time: bytes, licence_id: str, *, at: datetime) -> datetime | None:
    """Use a one-time value up; return when it was used before, None for the first use."""
    first = upsert(tx, LIVE_CODE_USE).values(one_time=one_time, licence_id=licence_id, used_at=at)
    first = first.on_conflict_do_nothing()
    if tx.execute(first.returning(LIVE_CODE_USE.c.one_time)).one_or_none() is not None:
        return None
    used = select(LIVE_CODE_USE.c.used_at).where(LIVE_CODE_USE.c.one_time == one_time)
    before: datetime = tx.execute(used).scalar_one()
    return before


def shown_at(tx: Transaction, licence_id: str) -> tuple[datetime, ...]:
    """Return when live codes of a licence were checked, newest first."""
    used = select(LIVE_CODE_USE.c.used_at).where(LIVE_CODE_USE.c.licence_id == licence_id)
    return tuple(tx.execute(used.order_by(LIVE_CODE_USE.c.used_at.desc()).limit(USES_SHOWN_MAX)).scalars())
