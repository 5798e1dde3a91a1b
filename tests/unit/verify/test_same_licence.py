"""Several things that were checked: one licence, several versions, several licences, or not to be compared."""

from datetime import date

import pytest

from tests.key_room import NOW
from verify.report import Check, Claimed, Finding, Outcome, Report, Subject
from verify.same_licence import same_licence

CLAIMED = Claimed(
    licence_id="HAYM8PFX5C6QT540",
    issuer="11999999MB2867521H",
    type_code="11100000MB03271699001",
    number="JY13205080123456",
    holder="王*国",
    valid_from=date(2026, 3, 18),
    valid_until=None,
    token_kid="00" * 8,
    token_digest="11" * 32,
)
GOOD = tuple(Finding(check=check, code=f"{check}.good", outcome=Outcome.PASSED) for check in Check)
BAD = Finding(check=Check.SIGNATURE, code="signature.bad", outcome=Outcome.FAILED)


def report(claimed: Claimed | None = CLAIMED, findings: tuple[Finding, ...] = GOOD) -> Report:
    return Report(subject=Subject.DOCUMENT, findings=findings, at=NOW, claimed_source=claimed)


NEWER = CLAIMED._replace(licence_id="000000000000000A", token_digest="22" * 32)
OTHER = NEWER._replace(number="JY2")


@pytest.mark.parametrize(
    ("reports", "code", "outcome"),
    [
        ([report(), report()], "contents.same_licence", Outcome.PASSED),
        ([report(), report(), report()], "contents.same_licence", Outcome.PASSED),
        ([report(), report(NEWER)], "contents.other_version", Outcome.FAILED),
        ([report(), report(CLAIMED._replace(token_digest="33" * 32))], "contents.other_version", Outcome.FAILED),
        ([report(), report(), report(OTHER)], "contents.other_licence", Outcome.FAILED),
        ([report(), report(NEWER._replace(issuer="x"))], "contents.other_licence", Outcome.FAILED),
        ([report(), report(findings=(*GOOD[2:], BAD))], "contents.not_compared", Outcome.UNKNOWN),
        ([report(), report(None)], "contents.not_compared", Outcome.UNKNOWN),
        ([report(), report(findings=())], "contents.not_compared", Outcome.UNKNOWN),
        ([report()], "contents.not_compared", Outcome.UNKNOWN),
        ([], "contents.not_compared", Outcome.UNKNOWN),
    ],
)
def test_only_what_is_genuine_and_bears_one_code_is_one_licence(
    reports: list[Report], code: str, outcome: Outcome
) -> None:
    found = same_licence(reports)

    assert (found.check, found.code, found.outcome) == (Check.CONTENTS, code, outcome)
    assert found.params == {"count": str(len(reports))}


def test_what_has_ended_since_is_still_the_same_licence() -> None:
    revoked = Finding(check=Check.STATUS, code="status.revoked", outcome=Outcome.FAILED)

    assert same_licence([report(), report(findings=(*GOOD, revoked))]).code == "contents.same_licence"
