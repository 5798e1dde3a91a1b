"""Look a licence up by its number and a second fact: its holder's name or code.

Promises: a wrong holder and an unknown number give the same answer by the same way; numbers run in sequence, and alone
they tell nothing.
"""

from sqlalchemy import or_, select

from registry.db import Transaction
from registry.tables import LICENCE


def find_by_number(tx: Transaction, number: str, holder: str, *, type_code: str | None = None) -> str | None:
    """Return the id of the newest licence version with this number and this holder."""
    query = select(LICENCE.c.licence_id).where(
        LICENCE.c.number == number, or_(LICENCE.c.holder_code == holder, LICENCE.c.holder_name == holder)
    )
    if type_code is not None:
        query = query.where(LICENCE.c.type_code == type_code)
    found: str | None = tx.execute(query.order_by(LICENCE.c.document_leaf.desc()).limit(1)).scalar_one_or_none()
    return found
