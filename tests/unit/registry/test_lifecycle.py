"""The table of states and acts: all pairs, and what the manual shows of it."""

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import NotAllowedError
from registry.lifecycle import ALLOWED, LicenceEvent, LicenceState, draw_table, next_state, status_value
from verify.status import StatusValue

PAIRS = list(product(LicenceState, LicenceEvent))
ENDS = {LicenceState.REVOKED, LicenceState.RESCINDED, LicenceState.WITHDRAWN, LicenceState.CANCELLED}
ACTS = {
    LicenceEvent.SUSPEND: LicenceState.SUSPENDED,
    LicenceEvent.REINSTATE: LicenceState.IN_FORCE,
    LicenceEvent.REVOKE: LicenceState.REVOKED,
    LicenceEvent.RESCIND: LicenceState.RESCINDED,
    LicenceEvent.WITHDRAW: LicenceState.WITHDRAWN,
    LicenceEvent.CANCEL: LicenceState.CANCELLED,
    LicenceEvent.SUPERSEDE: LicenceState.SUPERSEDED,
}


@pytest.mark.parametrize(("state", "event"), PAIRS, ids=[f"{state}-{event}" for state, event in PAIRS])
def test_each_pair_is_in_the_table_or_is_refused_by_name(state: LicenceState, event: LicenceEvent) -> None:
    if (state, event) in ALLOWED:
        assert next_state(state, event) is ACTS[event], "an act of the law leads to the state of its own name"
        return
    with pytest.raises(NotAllowedError) as refused:
        next_state(state, event)
    assert refused.value.params == {"state": state.value, "event": event.value}


def test_an_end_is_the_end_but_for_a_rescission_after_a_cancellation() -> None:
    after_the_end = {(state, event) for state, event in ALLOWED if state in ENDS | {LicenceState.SUPERSEDED}}

    assert after_the_end == {
        (LicenceState.CANCELLED, LicenceEvent.RESCIND),
        (LicenceState.SUPERSEDED, LicenceEvent.RESCIND),
    }


def test_only_a_licence_in_force_is_superseded() -> None:
    assert [state for state, event in ALLOWED if event is LicenceEvent.SUPERSEDE] == [LicenceState.IN_FORCE]


@given(st.lists(st.sampled_from(LicenceEvent), max_size=12))
def test_whatever_is_tried_in_whatever_order_an_ended_licence_never_comes_into_force(
    events: list[LicenceEvent],
) -> None:
    state, has_ended = LicenceState.IN_FORCE, False
    for event in events:
        try:
            state = next_state(state, event)
        except NotAllowedError:
            continue
        has_ended = has_ended or state in ENDS | {LicenceState.SUPERSEDED}
        assert not (has_ended and status_value(state) in {StatusValue.IN_FORCE, StatusValue.SUSPENDED})


@pytest.mark.parametrize("state", LicenceState)
def test_offline_all_ends_look_alike(state: LicenceState) -> None:
    own = {
        LicenceState.IN_FORCE: StatusValue.IN_FORCE,
        LicenceState.SUSPENDED: StatusValue.SUSPENDED,
        LicenceState.SUPERSEDED: StatusValue.SUPERSEDED,
    }

    assert status_value(state) is own.get(state, StatusValue.ENDED)


def test_the_drawn_table_has_a_cell_for_each_pair() -> None:
    head, line, *rows = draw_table().splitlines()

    cells = [row.strip("| ").split(" | ") for row in rows]
    events = head.strip("| ").split(" | ")[1:]
    assert line.count("---") == len(LicenceEvent) + 1
    assert {(row[0], event): cell for row in cells for event, cell in zip(events, row[1:], strict=True)} == {
        (state.value, event.value): getattr(ALLOWED.get((state, event)), "value", "–") for state, event in PAIRS
    }


def test_the_readme_shows_this_table(repository: Path) -> None:
    assert draw_table() in (repository / "registry" / "README.md").read_text(encoding="utf-8")
