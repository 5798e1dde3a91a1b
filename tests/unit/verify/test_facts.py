"""Facts: who may see how many of them, and their JSON values."""

from datetime import date
from typing import Any

import pytest

from verify.facts import Facts, FactsError, facts_from_object, facts_object
from verify.licence import HolderKind
from verify.states import LicenceState

WHOLE = Facts(
    licence_id="0008108420C081G7",
    identifier="1.2.156.3005.2.x",
    type_code="11999999000000019M009",
    type_name="教师资格证",
    type_name_en="Teacher's certificate",
    number="20263399990000001",
    holder="欧阳䶮",
    holder_kind=HolderKind.PERSON,
    holder_uscc="91999999MA00000154",
    issuer="11999999000000078Q",
    issuer_name="示例市教育局",
    issuer_name_en="Education Bureau",
    valid_from=date(2026, 9, 25),
    valid_until=date(2031, 9, 24),
    long_term=True,
    state=LicenceState.REVOKED,
    state_since=date(2026, 10, 1),
    state_reason="伪造学历",
    state_legal_basis="教师资格条例 第十九条",
    state_reference="示教罚〔2026〕1号",
    suspended_until=date(2026, 12, 1),
    papers_due=date(2026, 12, 2),
    superseded_by="X",
    superseded_by_number="Y",
)


def test_the_public_sees_a_masked_person_and_no_code_and_no_reason() -> None:
    public = WHOLE.public()

    assert public.holder == "欧*䶮"
    assert public.holder_uscc == ""
    assert public.state_reason == ""
    assert public.number == WHOLE.number
    assert public.public() == public


def test_the_public_sees_an_organisation_in_full() -> None:
    assert WHOLE._replace(holder_kind=HolderKind.ORGANISATION).public().holder == "欧阳䶮"


def test_of_what_is_not_genuine_only_kind_and_issuer_are_left() -> None:
    assert facts_object(WHOLE.of_no_licence()).keys() == {
        "type_code",
        "type_name",
        "type_name_en",
        "issuer",
        "issuer_name",
        "issuer_name_en",
    }


def test_json_values_and_facts_are_inverse() -> None:
    assert facts_from_object(facts_object(WHOLE)) == WHOLE
    assert facts_from_object(facts_object(Facts())) == Facts()
    assert facts_object(Facts()) == {}


@pytest.mark.parametrize(
    "entries",
    [
        None,
        [],
        {"password": "x"},
        {"number": 7},
        {"number": ""},
        {"number": "x" * 4001},
        {"valid_from": "yesterday"},
        {"holder_kind": "ghost"},
        {"state": "asleep"},
    ],
)
def test_what_is_no_fact_is_refused(entries: Any) -> None:
    with pytest.raises(FactsError):
        facts_from_object(entries)


def test_a_repr_names_the_version_and_no_holder() -> None:
    assert repr(WHOLE) == "Facts(0008108420C081G7)"
