"""Combined trade licences: one paper in place of several permits, each of which keeps a state of its own.

Promises:
  * The states are asked of the permits themselves at this moment; nothing is copied when the combined one is issued.
  * Only permits of the same holder count, by the numbers that stand in the signed list of permits.
  * A line that names no licence of this registry says nothing: it is for whoever issued that permit to tell.
"""

import re
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import select

from registry.db import Database, Transaction, reading
from registry.lifecycle import LicenceState
from registry.records import PublicLicence
from registry.tables import LICENCE
from verify.evidence import EndedPart
from verify.licence import DataSet, law_day

PARTS_FIELD: Final = "KZ_XKSX"
"""The field of a combined licence that lists its permits, one a line: name, number, last day."""
EXPIRED: Final = "expired"
# The field has 1,500 characters; nobody combines more permits than a trade needs.
PARTS_MAX: Final = 64
_SEPARATORS: Final = re.compile(r"[\s，,；;：:]+")


def with_ended_parts(database: Database, answer: PublicLicence, *, at: datetime) -> PublicLicence:
    """Return the answer with those of a combined licence's permits that are not in force."""
    with reading(database) as tx:
        return replace(answer, ended_parts=_ended(tx, answer.licence_id, at=at))


def _ended(tx: Transaction, licence_id: str, *, at: datetime) -> tuple[EndedPart, ...]:
    query = select(LICENCE.c.data_set, LICENCE.c.holder_code).where(LICENCE.c.licence_id == licence_id)
    row = tx.execute(query).one()
    lines = DataSet.decode(row.data_set).fields.get(PARTS_FIELD, "").split("\n")[:PARTS_MAX]
    words = {line: _SEPARATORS.split(line) for line in lines}
    reasons = _reasons(tx, {word for each in words.values() for word in each}, row.holder_code, at=at)
    ended = []
    for line in lines:
        number = next((word for word in words[line] if reasons.get(word)), None)
        if number is not None:
            name = line[: line.index(number) + len(number)].strip()
            ended.append(EndedPart(name=name, reason=reasons[number]))
    return tuple(ended)


def _reasons(tx: Transaction, numbers: set[str], holder_code: str, *, at: datetime) -> dict[str, str]:
    """Return why the newest version under each number is not in force; "" for one that is."""
    query = (
        select(LICENCE.c.number, LICENCE.c.state, LICENCE.c.valid_until)
        .where(LICENCE.c.number.in_(sorted(numbers - {""})), LICENCE.c.holder_code == holder_code)
        .order_by(LICENCE.c.document_leaf)
    )
    today, found = law_day(at), dict[str, str]()
    for row in tx.execute(query):
        is_over = row.valid_until is not None and row.valid_until < today
        in_force = EXPIRED if is_over else ""
        found[row.number] = in_force if row.state == LicenceState.IN_FORCE.value else row.state
    return found
