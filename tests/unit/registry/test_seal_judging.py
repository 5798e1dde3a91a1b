"""Each reason against the use of a seal, one at a time: its own error, and the step from allowed to refused."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from registry.seal_errors import (
    GrantEndedError,
    GrantItemError,
    GrantNotBegunError,
    GrantOfficeError,
    GrantPersonError,
    GrantRoleError,
    GrantTypeError,
    GrantUsedUpError,
    GrantWithdrawnError,
    SealCalledInError,
    SealCertificateError,
    SealDestroyedError,
    SealEndedError,
    SealError,
    SealNotBegunError,
    SealNotFiledError,
    SealRefusedError,
    SealSamePersonError,
    SealSuspendedError,
    SecondPersonError,
)
from registry.seal_judging import SealFacts, judge
from registry.seal_lifecycle import GrantState, SealState
from registry.seal_records import GrantTerms, Occasion, SealGrant
from tests.seal_office import (
    AT,
    BUREAU,
    FOOD,
    FOOD_BASIS,
    FOOD_ITEM,
    MARKET,
    SIGNBOARD,
    SIGNBOARD_BASIS,
    SIGNBOARD_ITEM,
)

YEAR = timedelta(days=365)
SECOND = timedelta(seconds=1)
SEAL = SealFacts(
    code="99010000000001",
    state=SealState.IN_USE,
    version=1,
    key="seal.99010000000001-1",
    valid_from=AT,
    valid_until=AT + YEAR,
    certificate_from=AT,
    certificate_until=AT + YEAR,
    managers=frozenset({"custodian-1", "approver-1"}),
)
TERMS = GrantTerms(
    office=BUREAU,
    types=frozenset({SIGNBOARD, FOOD}),
    items={SIGNBOARD_ITEM: SIGNBOARD_BASIS, FOOD_ITEM: FOOD_BASIS},
    valid_from=AT,
    valid_until=AT + timedelta(days=30),
)
OCCASION = Occasion(
    office=BUREAU, person="officer-1", role="issuing_officer", type_code=SIGNBOARD, item_code=SIGNBOARD_ITEM
)


def granted(**changes: Any) -> SealGrant:
    """Return a grant with these terms changed."""
    return SealGrant(
        grant_id="99010000000001-0001",
        code=SEAL.code,
        terms=replace(TERMS, **changes),
        uses_taken=0,
        state=GrantState.GRANTED,
        granted_by="custodian-2",
        granted_at=AT,
        withdrawn_at=None,
    )


def test_the_legal_basis_is_that_of_the_item() -> None:
    food = replace(OCCASION, type_code=FOOD, item_code=FOOD_ITEM)

    assert judge(SEAL, granted(), OCCASION, at=AT) == SIGNBOARD_BASIS
    assert judge(SEAL, granted(), food, at=AT) == FOOD_BASIS


STATES: list[tuple[SealState, type[SealError]]] = [
    (SealState.APPLIED, SealNotFiledError),
    (SealState.APPROVED, SealNotFiledError),
    (SealState.MADE, SealNotFiledError),
    (SealState.REFUSED, SealRefusedError),
    (SealState.SUSPENDED, SealSuspendedError),
    (SealState.CALLED_IN, SealCalledInError),
    (SealState.DESTROYED, SealDestroyedError),
]


@pytest.mark.parametrize(("state", "error"), STATES)
def test_only_a_seal_in_use_is_used(state: SealState, error: type[SealError]) -> None:
    with pytest.raises(error):
        judge(replace(SEAL, state=state), granted(), OCCASION, at=AT)


def test_every_state_but_in_use_has_its_reason() -> None:
    assert {state for state, _ in STATES} == set(SealState) - {SealState.IN_USE}


TIMES: list[tuple[dict[str, Any], dict[str, Any], timedelta, type[SealError]]] = [
    ({}, {}, -SECOND, SealNotBegunError),
    ({"valid_until": AT + SECOND}, {}, 2 * SECOND, SealEndedError),
    ({"certificate_from": AT + SECOND}, {}, timedelta(0), SealCertificateError),
    ({"certificate_until": AT + SECOND}, {}, 2 * SECOND, SealCertificateError),
    ({"valid_from": None}, {}, timedelta(0), SealNotFiledError),
    ({"certificate_until": None}, {}, timedelta(0), SealNotFiledError),
    ({}, {"valid_from": AT + SECOND}, timedelta(0), GrantNotBegunError),
    ({}, {"valid_until": AT + SECOND}, SECOND, GrantEndedError),
]


@pytest.mark.parametrize(("of_seal", "of_terms", "later", "error"), TIMES)
def test_terms_of_seal_certificate_and_grant_are_judged_at_the_moment_of_use(
    of_seal: dict[str, Any], of_terms: dict[str, Any], later: timedelta, error: type[SealError]
) -> None:
    with pytest.raises(error):
        judge(replace(SEAL, **of_seal), granted(**of_terms), OCCASION, at=AT + later)


def test_the_last_moment_of_a_seal_is_good_and_that_of_a_grant_is_the_one_before_its_end() -> None:
    seal = replace(SEAL, valid_until=AT + SECOND, certificate_until=AT + SECOND)

    assert judge(seal, granted(valid_until=AT + 2 * SECOND), OCCASION, at=AT + SECOND)


OCCASIONS: list[tuple[dict[str, Any], dict[str, Any], type[SealError]]] = [
    ({}, {"office": MARKET}, GrantOfficeError),
    ({"person": "officer-2"}, {}, GrantPersonError),
    ({"role": "reviewer"}, {}, GrantRoleError),
    ({"types": frozenset({FOOD})}, {}, GrantTypeError),
    ({"items": {FOOD_ITEM: FOOD_BASIS}}, {}, GrantItemError),
    ({}, {"item_code": None}, GrantItemError),
    ({}, {"type_code": None}, GrantTypeError),
    ({}, {"type_code": None, "item_code": None}, GrantTypeError),
    ({"documents_basis": "公文处理条例"}, {"type_code": None, "item_code": "x"}, GrantItemError),
    ({"needs_second": True}, {}, SecondPersonError),
    ({"needs_second": True}, {"second_person": "officer-1"}, SecondPersonError),
    ({}, {"second_person": "officer-1"}, SecondPersonError),
    ({}, {"person": "custodian-1"}, SealSamePersonError),
    ({}, {"person": "approver-1"}, SealSamePersonError),
    ({}, {"person": "custodian-2"}, SealSamePersonError),
    ({"needs_second": True}, {"second_person": "custodian-2"}, SealSamePersonError),
]


@pytest.mark.parametrize(("terms", "occasion", "error"), OCCASIONS)
def test_who_and_what_must_be_as_granted(
    terms: dict[str, Any], occasion: dict[str, Any], error: type[SealError]
) -> None:
    with pytest.raises(error):
        judge(SEAL, granted(**terms), replace(OCCASION, **occasion), at=AT)


def test_documents_that_are_no_licence_have_a_basis_of_their_own() -> None:
    grant = granted(documents_basis="党政机关公文处理工作条例")

    assert judge(SEAL, grant, replace(OCCASION, type_code=None, item_code=None), at=AT) == "党政机关公文处理工作条例"
    assert judge(SEAL, grant, replace(OCCASION, type_code=None), at=AT) == SIGNBOARD_BASIS


def test_a_withdrawn_grant_and_one_that_is_used_up_are_refused() -> None:
    with pytest.raises(GrantWithdrawnError):
        judge(SEAL, replace(granted(), state=GrantState.WITHDRAWN), OCCASION, at=AT)
    with pytest.raises(GrantUsedUpError):
        judge(SEAL, replace(granted(uses_max=2), uses_taken=2), OCCASION, at=AT)
    assert judge(SEAL, replace(granted(uses_max=2), uses_taken=1), OCCASION, at=AT)


def test_a_second_person_of_the_office_makes_it_good() -> None:
    occasion = replace(OCCASION, second_person="reviewer-1", second_role="reviewer")

    assert judge(SEAL, granted(needs_second=True), occasion, at=AT) == SIGNBOARD_BASIS
