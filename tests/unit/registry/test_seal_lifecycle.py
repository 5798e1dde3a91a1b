"""The tables of seals and of their objects: all pairs, any order of acts, and what the README shows of them."""

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.seal_errors import SealNotAllowedError
from registry.seal_lifecycle import (
    ALLOWED,
    ENDS,
    OBJECT_ACTS,
    OBJECT_ALLOWED,
    ObjectState,
    SealAct,
    SealState,
    draw_table,
    next_object_state,
    next_state,
    status_value,
)
from verify.status import StatusValue

PAIRS = list(product(SealState, SealAct))
OBJECT_PAIRS = list(product([None, *ObjectState], SealAct))
FINAL = {SealState.REFUSED, SealState.DESTROYED}
ON_ITS_WAY = {ObjectState.APPLIED, ObjectState.APPROVED, ObjectState.MADE}


@pytest.mark.parametrize(("state", "act"), PAIRS, ids=[f"{state}-{act}" for state, act in PAIRS])
def test_each_pair_is_in_the_table_or_is_refused_by_name(state: SealState, act: SealAct) -> None:
    if (state, act) in ALLOWED:
        assert next_state(state, act) is ALLOWED[state, act]
        return
    with pytest.raises(SealNotAllowedError) as refused:
        next_state(state, act)
    assert refused.value.params == {"state": state.value, "act": act.value}


@pytest.mark.parametrize(("state", "act"), OBJECT_PAIRS, ids=[f"{state}-{act}" for state, act in OBJECT_PAIRS])
def test_an_object_on_its_way_goes_step_by_step_and_no_other_act_moves_it(
    state: ObjectState | None, act: SealAct
) -> None:
    if state is not None and (state, act) in OBJECT_ALLOWED:
        assert next_object_state(state, act) is OBJECT_ALLOWED[state, act]
    elif act is SealAct.RENEW and state is None:
        assert next_object_state(state, act) is ObjectState.APPLIED
    elif act in ENDS:
        assert next_object_state(state, act) is (None if state is None else ObjectState.REFUSED)
    elif act in OBJECT_ACTS or act in {SealAct.RENEW, SealAct.APPLY}:
        with pytest.raises(SealNotAllowedError):
            next_object_state(state, act)
    else:
        assert next_object_state(state, act) is state


def test_only_filing_and_reinstating_bring_a_seal_into_use() -> None:
    into_use = {act for (state, act), after in ALLOWED.items() if after is SealState.IN_USE is not state}

    assert into_use == {SealAct.FILE, SealAct.REINSTATE}


def test_a_seal_is_in_use_only_after_it_was_approved_made_and_filed() -> None:
    assert [state for (state, act) in ALLOWED if act is SealAct.FILE] == [SealState.MADE, SealState.IN_USE]
    assert [state for (state, act) in ALLOWED if act is SealAct.MAKE] == [SealState.APPROVED, SealState.IN_USE]


@given(st.lists(st.sampled_from(SealAct), max_size=14))
def test_whatever_is_tried_in_whatever_order_a_seal_that_ended_never_comes_into_use(acts: list[SealAct]) -> None:
    state, has_ended, pending = SealState.APPLIED, False, ObjectState.APPLIED
    now: ObjectState | None = pending
    for act in acts:
        try:
            state, now = next_state(state, act), next_object_state(now, act)
        except SealNotAllowedError:
            continue
        now = now if now in ON_ITS_WAY else None
        has_ended = has_ended or state in {*FINAL, SealState.CALLED_IN}
        assert not (has_ended and status_value(state) is not StatusValue.ENDED)
        assert not (state in FINAL and now is not None), "nothing is on its way for a seal that has ended"


@pytest.mark.parametrize("state", SealState)
def test_only_a_seal_in_use_is_in_force_and_only_a_suspended_one_is_suspended(state: SealState) -> None:
    own = {SealState.IN_USE: StatusValue.IN_FORCE, SealState.SUSPENDED: StatusValue.SUSPENDED}

    assert status_value(state) is own.get(state, StatusValue.ENDED)


def test_the_drawn_table_has_a_cell_for_each_pair_and_stands_in_the_readme(repository: Path) -> None:
    head, _line, *rows = draw_table().splitlines()

    cells = [row.strip("| ").split(" | ") for row in rows]
    acts = head.strip("| ").split(" | ")[1:]
    assert {(row[0], act): cell for row in cells for act, cell in zip(acts, row[1:], strict=True)} == {
        (state.value, act.value): getattr(ALLOWED.get((state, act)), "value", "–")
        for state, act in PAIRS
        if act is not SealAct.APPLY
    }
    assert draw_table() in (repository / "registry" / "README.md").read_text(encoding="utf-8")
