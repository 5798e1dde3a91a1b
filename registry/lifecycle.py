"""States of a licence and the acts that change them: one table, nothing else.

Promises:
  * What is not in the table is refused; a property test walks all pairs.
  * ``expired`` and ``not_yet_valid`` follow from dates and are no states; drafts are no licences.
  * Each act of the law keeps its own name: revoked, rescinded, withdrawn and cancelled are never folded into one.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from registry.errors import NotAllowedError
from verify.states import LicenceState
from verify.status import StatusValue

__all__ = ["ALLOWED", "LicenceEvent", "LicenceState", "draw_table", "next_state", "status_value"]


class LicenceEvent(StrEnum):
    """Acts on a licence version."""

    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    REVOKE = "revoke"
    RESCIND = "rescind"
    WITHDRAW = "withdraw"
    CANCEL = "cancel"
    SUPERSEDE = "supersede"


_ENDS: Final[Mapping[LicenceEvent, LicenceState]] = {
    LicenceEvent.REVOKE: LicenceState.REVOKED,
    LicenceEvent.RESCIND: LicenceState.RESCINDED,
    LicenceEvent.WITHDRAW: LicenceState.WITHDRAWN,
    LicenceEvent.CANCEL: LicenceState.CANCELLED,
}

# A suspended licence is not superseded: renewing it would end the suspension by the back door. Reinstate it first.
ALLOWED: Final[Mapping[tuple[LicenceState, LicenceEvent], LicenceState]] = {
    (LicenceState.IN_FORCE, LicenceEvent.SUSPEND): LicenceState.SUSPENDED,
    (LicenceState.SUSPENDED, LicenceEvent.REINSTATE): LicenceState.IN_FORCE,
    (LicenceState.IN_FORCE, LicenceEvent.SUPERSEDE): LicenceState.SUPERSEDED,
    **{
        (state, event): end for state in (LicenceState.IN_FORCE, LicenceState.SUSPENDED) for event, end in _ENDS.items()
    },
    # A permit that should never have been granted is rescinded also after it was replaced or cancelled.
    (LicenceState.SUPERSEDED, LicenceEvent.RESCIND): LicenceState.RESCINDED,
    (LicenceState.CANCELLED, LicenceEvent.RESCIND): LicenceState.RESCINDED,
}

_STATUS: Final[Mapping[LicenceState, StatusValue]] = {
    LicenceState.IN_FORCE: StatusValue.IN_FORCE,
    LicenceState.SUSPENDED: StatusValue.SUSPENDED,
    LicenceState.SUPERSEDED: StatusValue.SUPERSEDED,
}


def next_state(state: LicenceState, event: LicenceEvent) -> LicenceState:
    """Return the state after the event. Raises ``NotAllowedError`` for what the table lacks."""
    try:
        return ALLOWED[state, event]
    except KeyError:
        raise NotAllowedError(params={"state": state.value, "event": event.value}) from None


def status_value(state: LicenceState) -> StatusValue:
    """Return the value in the status list: offline, all ends look alike; which act it was is told online."""
    return _STATUS.get(state, StatusValue.ENDED)


def draw_table() -> str:
    """Return the table as Markdown, a row for each state and a column for each event; the manual shows this text."""
    head = ["state", *(event.value for event in LicenceEvent)]
    rows = [[state.value, *(_cell(state, event) for event in LicenceEvent)] for state in LicenceState]
    lines = (f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))
    return "\n".join(lines)


def _cell(state: LicenceState, event: LicenceEvent) -> str:
    following = ALLOWED.get((state, event))
    return "–" if following is None else following.value
