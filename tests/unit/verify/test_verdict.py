"""The table of verdicts: its order, what each finding means, and that nothing unknown is ever good."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.verdict import OF_FAILURE, OF_GAP, Verdict, meaning, worst

ORDER = list(Verdict)


@given(st.lists(st.sampled_from(ORDER), min_size=1))
def test_the_worst_is_the_first_of_the_table(verdicts: list[Verdict]) -> None:
    assert worst(verdicts, is_clock_wrong=False) is min(verdicts, key=ORDER.index)


def test_a_wrong_clock_outranks_what_depends_on_it_and_nothing_else() -> None:
    assert worst([Verdict.EXPIRED, Verdict.CLOCK_WRONG], is_clock_wrong=True) is Verdict.CLOCK_WRONG
    assert worst([Verdict.NOT_YET_VALID, Verdict.CLOCK_WRONG], is_clock_wrong=True) is Verdict.CLOCK_WRONG
    assert worst([Verdict.REVOKED, Verdict.CLOCK_WRONG], is_clock_wrong=True) is Verdict.REVOKED
    assert worst([Verdict.TAMPERED, Verdict.CLOCK_WRONG], is_clock_wrong=True) is Verdict.TAMPERED


@given(st.text(max_size=20))
def test_what_the_table_does_not_know_is_never_good(code: str) -> None:
    assert OF_FAILURE.get(code, Verdict.TAMPERED) is meaning(code, is_failure=True)
    if code not in OF_GAP:
        assert meaning(code, is_failure=False) is Verdict.STATUS_UNKNOWN


def test_no_failure_means_valid() -> None:
    assert not {Verdict.VALID, Verdict.VALID_EXPIRING} & set(OF_FAILURE.values())


@pytest.mark.parametrize("code", [code for code, verdict in OF_GAP.items() if verdict is None])
def test_only_what_was_not_to_be_checked_stands_in_nobodys_way(code: str) -> None:
    # What nobody witnessed yet, and a proof of something else that was brought, take nothing away from what was found.
    assert code.endswith(".not_asked") or code in {"log.unwitnessed", "log.proof_of_no_use"}
    assert not code.startswith("status.")


def test_in_force_is_said_of_three_verdicts_and_left_open_for_six() -> None:
    assert {each for each in Verdict if each.is_in_force} == {
        Verdict.VALID,
        Verdict.VALID_EXPIRING,
        Verdict.PARTLY_VALID,
    }
    assert {each.value for each in Verdict if each.is_in_force is None} == {
        "unreadable",
        "show_code_expired",
        "show_code_used",
        "clock_wrong",
        "status_unknown",
        "unreachable",
    }


def test_a_revoked_licence_is_genuine_and_a_forged_one_is_not() -> None:
    assert not Verdict.REVOKED.is_not_genuine
    assert [each.value for each in Verdict if each.is_not_genuine] == [
        "tampered",
        "wrong_issuer",
        "unknown_issuer",
        "not_found",
    ]


def test_receipt_numbers_never_fold_two_acts_into_one() -> None:
    numbers = {each: each.receipt_number for each in Verdict if each.receipt_number is not None}

    assert numbers[Verdict.VALID] == numbers[Verdict.VALID_EXPIRING] == 0
    others = [number for verdict, number in numbers.items() if verdict is not Verdict.VALID_EXPIRING]
    assert len(others) == len(set(others))
    assert 1 not in others
    assert {each for each in Verdict if each.receipt_number is None} == {
        Verdict.UNREADABLE,
        Verdict.UNREACHABLE,
        Verdict.CLOCK_WRONG,
    }
