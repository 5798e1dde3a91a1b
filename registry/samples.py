"""Licences without legal effect that a newcomer may try a check on: one for each state that a test deployment has."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import select

from registry.db import Transaction
from registry.tables import LICENCE
from verify.states import LicenceState
from verify.token_check import TEST_DIVISION

STATES: Final = (LicenceState.IN_FORCE, LicenceState.REVOKED)


def samples(tx: Transaction) -> Mapping[LicenceState, tuple[str, str]]:
    """Return id and code of the newest test licence in each of these states, as far as there is one."""
    found = {}
    for state in STATES:
        query = (
            select(LICENCE.c.licence_id, LICENCE.c.token_text)
            .where(LICENCE.c.state == state.value, LICENCE.c.issuer.like(f"__{TEST_DIVISION}%"))
            .order_by(LICENCE.c.issued_at.desc(), LICENCE.c.licence_id)
            .limit(1)
        )
        row = tx.execute(query).one_or_none()
        if row is not None:
            found[state] = (row.licence_id, row.token_text)
    return found
