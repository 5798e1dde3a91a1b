"""What a checker found is kept in bounds, and nothing grave is lost by that."""

from verify.log_audit.findings import FINDINGS_MAX, Findings


def test_no_thousand_small_findings_hide_one_of_another_kind() -> None:
    before, findings = Findings(), Findings()
    for index in range(FINDINGS_MAX + 5):
        before.fail("checker.tile_changed", index=index)
    findings.restore(before.state())

    for _ in range(2):
        findings.fail("checker.fork")
        findings.fail("checker.tile_changed")

    assert [each.code for each in findings.found[-2:]] == ["checker.tile_changed", "checker.fork"]
    assert (len(findings.found), findings.counts["failed"]) == (FINDINGS_MAX + 1, FINDINGS_MAX + 9)
