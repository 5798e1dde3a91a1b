"""Reports: the verdict follows from the findings by the rules of the table, and from nothing else."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.facts import Facts
from verify.report import Check, Finding, Outcome, Report, Subject, judge, merged
from verify.verdict import OF_FAILURE, OF_GAP, Verdict

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
PASSED = (
    Finding(check=Check.FORM, code="form.code", outcome=Outcome.PASSED),
    Finding(check=Check.SIGNATURE, code="signature.good", outcome=Outcome.PASSED),
    Finding(check=Check.ISSUER, code="issuer.trusted", outcome=Outcome.PASSED),
    Finding(check=Check.TERM, code="term.in_term", outcome=Outcome.PASSED),
    Finding(check=Check.STATUS, code="status.in_force", outcome=Outcome.PASSED),
)


def failed(code: str) -> Finding:
    return Finding(check=Check(code.split(".", maxsplit=1)[0]), code=code, outcome=Outcome.FAILED)


def unknown(code: str) -> Finding:
    return Finding(check=Check(code.split(".", maxsplit=1)[0]), code=code, outcome=Outcome.UNKNOWN)


def replaced(finding: Finding) -> tuple[Finding, ...]:
    return tuple(finding if each.check is finding.check else each for each in PASSED)


def report(*findings: Finding, facts: Facts = Facts()) -> Report:  # noqa: B008 - immutable
    return Report(subject=Subject.TEXT, findings=findings, at=AT, valid_until=facts.valid_until, facts_source=facts)


def test_all_passed_is_valid() -> None:
    assert report(*PASSED).verdict is Verdict.VALID
    assert report(*PASSED).is_genuine is True
    assert report(*PASSED).headline is None
    assert report(*PASSED).also == ()


def test_a_licence_is_valid_expiring_from_the_thirtieth_day_before_its_end() -> None:
    assert judge(PASSED, valid_until=date(2026, 12, 24), at=AT) is Verdict.VALID
    assert judge(PASSED, valid_until=date(2026, 12, 23), at=AT) is Verdict.VALID_EXPIRING
    assert judge(PASSED, valid_until=date(2026, 11, 24), at=AT) is Verdict.VALID_EXPIRING


@pytest.mark.parametrize(("code", "verdict"), OF_FAILURE.items())
def test_each_failure_gives_its_verdict(code: str, verdict: Verdict) -> None:
    assert judge((*PASSED, failed(code)), valid_until=None, at=AT) is verdict


@pytest.mark.parametrize(("code", "verdict"), [(code, each) for code, each in OF_GAP.items() if each is not None])
def test_each_gap_gives_its_verdict(code: str, verdict: Verdict) -> None:
    assert judge((*replaced(unknown(code)), unknown(code)), valid_until=None, at=AT) is verdict


def test_another_verdict_than_that_of_the_findings_cannot_be_slipped_in() -> None:
    good = report(*PASSED)

    assert good._replace(findings=(*PASSED, failed("status.revoked"))).verdict is Verdict.REVOKED
    assert Report._make((*good[:-1], Verdict.REVOKED)).verdict is Verdict.VALID
    with pytest.raises(ValueError, match="verdict"):
        good._replace(verdict=Verdict.REVOKED)


def test_reports_are_equal_when_they_say_the_same_however_their_facts_are_made() -> None:
    facts = Facts(number="1")
    one, other = report(*PASSED, facts=facts), report(*PASSED)._replace(facts_source=lambda: facts)

    assert one == other
    assert not one != other  # noqa: SIM202 - another method than the one above
    assert one != report(*PASSED)
    assert one != tuple(one)


@pytest.mark.parametrize("code", [code for code, each in OF_GAP.items() if each is None])
def test_what_stands_in_nobody_s_way_when_it_was_not_asked_does_when_it_failed(code: str) -> None:
    assert judge((*PASSED, unknown(code)), valid_until=None, at=AT) is Verdict.VALID
    assert judge((*PASSED, failed(code)), valid_until=None, at=AT) is Verdict.TAMPERED


def test_genuine_is_never_said_of_a_signature_that_was_not_checked() -> None:
    gap = replaced(unknown("signature.not_asked"))

    assert judge((*gap, unknown("status.stale")), valid_until=None, at=AT) is Verdict.UNREACHABLE
    assert report(*gap).is_genuine is None


@pytest.mark.parametrize("code", ["log.missing", "log.wrong", "log.cut_off"])
def test_genuine_is_never_said_of_a_signature_that_nobody_logged(code: str) -> None:
    stolen = report(*PASSED, failed(code))

    assert stolen.verdict is Verdict.NOT_IN_LOG
    assert stolen.is_genuine is None


@pytest.mark.parametrize("check", [each.check for each in PASSED])
def test_nothing_is_valid_without_each_check_that_counts(check: Check) -> None:
    assert report(*(each for each in PASSED if each.check is not check)).verdict is Verdict.UNREACHABLE


def test_no_findings_are_no_verdict_of_the_licence() -> None:
    assert report().verdict is Verdict.UNREACHABLE
    assert report().is_genuine is None


@given(st.lists(st.sampled_from([failed(code) for code in OF_FAILURE] + [unknown(code) for code in OF_GAP])))
def test_one_more_thing_wrong_never_makes_it_better(wrong: list[Finding]) -> None:
    order = list(Verdict)
    before = judge((*PASSED, *wrong), valid_until=None, at=AT)

    for code in OF_FAILURE:
        after = judge((*PASSED, *wrong, failed(code)), valid_until=None, at=AT)
        is_by_clock = code == "clock.wrong" and after is Verdict.CLOCK_WRONG
        assert order.index(after) <= order.index(before) or is_by_clock
        assert after not in {Verdict.VALID, Verdict.VALID_EXPIRING}


def test_the_headline_is_the_worst_and_the_rest_are_lines() -> None:
    found = report(*PASSED, failed("status.revoked"), failed("term.expired"), unknown("log.not_asked"))

    assert found.verdict is Verdict.REVOKED
    assert found.headline is not None
    assert found.headline.code == "status.revoked"
    assert [each.code for each in found.also] == ["term.expired"]


def test_a_check_is_shown_by_its_worst_finding() -> None:
    found = report(*PASSED, failed("status.revoked"))

    worst = found.finding(Check.STATUS)
    assert worst is not None
    assert worst.code == "status.revoked"
    assert found.finding(Check.LOG) is None


def test_merged_keeps_the_order_of_the_checks_and_all_failures() -> None:
    findings = (
        failed("contents.other_token"),
        PASSED[1],
        unknown("signature.not_asked"),
        failed("signature.bad"),
        failed("contents.missing"),
        failed("contents.missing"),
        PASSED[0],
    )

    assert [each.code for each in merged(findings)] == [
        "form.code",
        "signature.bad",
        "contents.other_token",
        "contents.missing",
    ]


def test_merged_lets_what_was_not_asked_give_way_to_whatever_was() -> None:
    proven = Finding(check=Check.LOG, code="log.proven", outcome=Outcome.PASSED)

    assert merged((unknown("log.not_asked"), proven)) == (proven,)
    assert merged((proven, unknown("log.cut_off"))) == (unknown("log.cut_off"),)
    assert merged((unknown("log.not_asked"), unknown("log.not_asked"))) == (unknown("log.not_asked"),)


def test_notices_stand_beside_what_their_check_found_and_among_what_else_is_told() -> None:
    notice = Finding(check=Check.FORM, code="form.foreign_host", outcome=Outcome.PASSED, params={"host": "x.example"})

    assert merged((notice, *PASSED[:2], notice)) == (PASSED[0], notice, PASSED[1])
    assert merged((notice, failed("form.unreadable"))) == (failed("form.unreadable"), notice)
    assert merged((notice,)) == (notice,)
    assert report(*PASSED, notice).verdict is report(*PASSED).verdict
    assert report(*PASSED, notice).also == (notice,)


def test_a_report_shows_no_holder_in_its_repr() -> None:
    assert "欧阳" not in repr(report(*PASSED, facts=Facts(licence_id="X", holder="欧阳䶮")))
