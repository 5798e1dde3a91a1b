"""States of a seal and of the objects made for it, and the acts that change them: two tables, nothing else.

Promises:
  * What is not in the tables is refused; a property test walks all pairs.
  * ``expired`` and ``not yet valid`` follow from the term of the filed object and are no states.
  * A renewal makes a second object while the first one goes on: the seal stays in use, and the new object has to go the
    whole way (applied, approved, made, filed) like the first.

An act needs a row in the seal's table; one of ``OBJECT_ACTS`` needs one in the table of the object at hand as well.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from registry.seal_errors import SealNotAllowedError
from verify.status import StatusValue


class SealState(StrEnum):
    """States of a seal."""

    APPLIED = "applied"
    APPROVED = "approved"
    REFUSED = "refused"
    MADE = "made"
    IN_USE = "in_use"
    SUSPENDED = "suspended"
    CALLED_IN = "called_in"
    DESTROYED = "destroyed"


class ObjectState(StrEnum):
    """States of one made object of a seal."""

    APPLIED = "applied"
    APPROVED = "approved"
    REFUSED = "refused"
    MADE = "made"
    FILED = "filed"
    REPLACED = "replaced"


class SealAct(StrEnum):
    """Acts on a seal. ``apply`` makes the seal, ``renew`` is an application for its next object."""

    APPLY = "apply"
    APPROVE = "approve"
    REFUSE = "refuse"
    MAKE = "make"
    FILE = "file"
    RENEW = "renew"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    CALL_IN = "call_in"
    DESTROY = "destroy"


class GrantState(StrEnum):
    """States of a grant; that its term is over or its uses are spent follows from its terms."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


class UseState(StrEnum):
    """What became of a use."""

    OPEN = "open"
    FILED = "filed"
    ABANDONED = "abandoned"


# A suspended seal is not renewed: reinstate it first, or call it in. A called-in seal is destroyed at last.
ALLOWED: Final[Mapping[tuple[SealState, SealAct], SealState]] = {
    (SealState.APPLIED, SealAct.APPROVE): SealState.APPROVED,
    (SealState.APPLIED, SealAct.REFUSE): SealState.REFUSED,
    (SealState.APPROVED, SealAct.REFUSE): SealState.REFUSED,
    (SealState.APPROVED, SealAct.MAKE): SealState.MADE,
    (SealState.MADE, SealAct.REFUSE): SealState.REFUSED,
    (SealState.MADE, SealAct.FILE): SealState.IN_USE,
    (SealState.MADE, SealAct.DESTROY): SealState.DESTROYED,
    (SealState.IN_USE, SealAct.RENEW): SealState.IN_USE,
    (SealState.IN_USE, SealAct.APPROVE): SealState.IN_USE,
    (SealState.IN_USE, SealAct.REFUSE): SealState.IN_USE,
    (SealState.IN_USE, SealAct.MAKE): SealState.IN_USE,
    (SealState.IN_USE, SealAct.FILE): SealState.IN_USE,
    (SealState.IN_USE, SealAct.SUSPEND): SealState.SUSPENDED,
    (SealState.IN_USE, SealAct.CALL_IN): SealState.CALLED_IN,
    (SealState.IN_USE, SealAct.DESTROY): SealState.DESTROYED,
    (SealState.SUSPENDED, SealAct.REINSTATE): SealState.IN_USE,
    (SealState.SUSPENDED, SealAct.CALL_IN): SealState.CALLED_IN,
    (SealState.SUSPENDED, SealAct.DESTROY): SealState.DESTROYED,
    (SealState.CALLED_IN, SealAct.DESTROY): SealState.DESTROYED,
}

OBJECT_ALLOWED: Final[Mapping[tuple[ObjectState, SealAct], ObjectState]] = {
    (ObjectState.APPLIED, SealAct.APPROVE): ObjectState.APPROVED,
    (ObjectState.APPLIED, SealAct.REFUSE): ObjectState.REFUSED,
    (ObjectState.APPROVED, SealAct.REFUSE): ObjectState.REFUSED,
    (ObjectState.APPROVED, SealAct.MAKE): ObjectState.MADE,
    (ObjectState.MADE, SealAct.REFUSE): ObjectState.REFUSED,
    (ObjectState.MADE, SealAct.FILE): ObjectState.FILED,
}

OBJECT_ACTS: Final = frozenset({SealAct.APPROVE, SealAct.REFUSE, SealAct.MAKE, SealAct.FILE})
"""Acts on the object that is on its way; the first of a seal, or that of a renewal."""

ENDS: Final = frozenset({SealAct.CALL_IN, SealAct.DESTROY})
"""Acts after which nothing is sealed any more; an object on its way is refused with them."""

_STATUS: Final[Mapping[SealState, StatusValue]] = {
    SealState.IN_USE: StatusValue.IN_FORCE,
    SealState.SUSPENDED: StatusValue.SUSPENDED,
}


def next_state(state: SealState, act: SealAct) -> SealState:
    """Return the seal's state after the act. Raises ``SealNotAllowedError`` for what the table lacks."""
    try:
        return ALLOWED[state, act]
    except KeyError:
        raise SealNotAllowedError(params={"state": state.value, "act": act.value}) from None


def next_object_state(state: ObjectState | None, act: SealAct) -> ObjectState | None:
    """Return the state of the object on its way after the act; None means that there is none, before or after.

    A renewal begins one, and needs that there is none; the end of a seal is that of its object on the way. Raises
    ``SealNotAllowedError``.
    """
    if act is SealAct.RENEW and state is None:
        return ObjectState.APPLIED
    if act in ENDS:
        return None if state is None else ObjectState.REFUSED
    if act in OBJECT_ACTS and state is not None and (state, act) in OBJECT_ALLOWED:
        return OBJECT_ALLOWED[state, act]
    if act in OBJECT_ACTS or act in {SealAct.RENEW, SealAct.APPLY}:
        raise SealNotAllowedError(params={"state": "none" if state is None else state.value, "act": act.value})
    return state


def status_value(state: SealState) -> StatusValue:
    """Return the value in the status list; what was not filed yet says "ended" as well."""
    return _STATUS.get(state, StatusValue.ENDED)


def draw_table() -> str:
    """Return the seal's table as Markdown, a row for each state and a column for each act; the README shows it."""
    acts = [act for act in SealAct if act is not SealAct.APPLY]
    head = ["state", *(act.value for act in acts)]
    rows = [[state.value, *(_cell(state, act) for act in acts)] for state in SealState]
    lines = (f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))
    return "\n".join(lines)


def _cell(state: SealState, act: SealAct) -> str:
    following = ALLOWED.get((state, act))
    return "–" if following is None else following.value
