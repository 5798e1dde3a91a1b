"""The verdict object: written and read back, believed in its form only, and public in what everybody may see."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.code_room import CLAIMS, ID, NOW, CodeRoom, Signer
from verify.errors import MalformedError
from verify.evidence import Evidence
from verify.examine import examine_id, examine_text
from verify.licence import HolderKind
from verify.report import LogPlaces, Outcome, Report, SignatureLine, Subject
from verify.report_objects import ReportError, public_object, report_from_object, report_object, staff_object
from verify.verdict import Verdict

ROOM = CodeRoom()
TEXT = ROOM.code()
PERSON = ROOM.code(holder="欧*䶮", holder_uscc=None)
WHOLE = Report(
    subject=Subject.DOCUMENT,
    findings=examine_text(TEXT, ROOM.evidence(), at=NOW).findings,
    at=NOW,
    valid_until=CLAIMS.valid_until,
    facts_source=examine_text(TEXT, ROOM.evidence(), at=NOW).facts,
    test=True,
    claimed_source=examine_text(TEXT, ROOM.evidence(), at=NOW).claimed,
    log=LogPlaces(code_leaf=0, document_leaf=1, tree_size=2, proof="proof"),
    signatures=(
        SignatureLine(signer="示例市行政审批服务局", signed_at=NOW, outcome=Outcome.PASSED),
        SignatureLine(signer="?", signed_at=None, outcome=Outcome.UNKNOWN),
    ),
    document_digest="ab" * 32,
)


@pytest.mark.parametrize(
    "report",
    [
        WHOLE,
        examine_text("nothing", ROOM.evidence(), at=NOW),
        examine_text(TEXT, ROOM.evidence(registry=ROOM.answer(TEXT)), at=NOW + timedelta(microseconds=5)),
        examine_text(ROOM.code(valid_until=None, expires_at=None), ROOM.evidence(), at=NOW),
        examine_id(ID, Evidence(trust=None), at=NOW),
    ],
    ids=lambda report: report.verdict.value,
)
def test_a_report_is_read_back_as_it_was_written(report: Report) -> None:
    assert report_from_object(json.loads(json.dumps(report_object(report)))) == report


def test_a_better_verdict_cannot_be_slipped_in() -> None:
    entries = report_object(examine_text(ROOM.code(signer=Signer(8)), ROOM.evidence(), at=NOW))

    report = report_from_object(entries | {"verdict": "valid", "genuine": True, "in_force": True})

    assert report.verdict is Verdict.TAMPERED


def test_the_object_says_what_pages_interface_and_command_line_show() -> None:
    entries = public_object(examine_text(TEXT, ROOM.evidence(registry=ROOM.answer(TEXT)), at=NOW))

    assert list(entries) == [
        "verdict",
        "in_force",
        "genuine",
        "test",
        "checks",
        "as_of",
        "log",
        "also",
        "signatures",
        "facts",
    ]
    assert (entries["verdict"], entries["in_force"], entries["genuine"], entries["test"]) == ("valid", True, True, True)
    assert entries["log"] == {"code_leaf": 40, "document_leaf": 41}
    checks = entries["checks"]
    assert isinstance(checks, list)
    assert checks[5] == {
        "name": "status",
        "result": "passed",
        "code": "status.in_force",
        "detail": "",
        "source": "registry",
        "as_of": NOW.isoformat(),
        "params": {},
    }


def test_the_public_never_gets_a_persons_name_and_staff_does() -> None:
    answer = ROOM.answer(PERSON, holder_name="欧阳䶮", holder_kind=HolderKind.PERSON, holder_uscc=None)
    report = examine_text(PERSON, ROOM.evidence(registry=answer), at=NOW)

    assert "欧阳䶮" not in json.dumps(public_object(report), ensure_ascii=False)
    assert "欧阳䶮" in json.dumps(staff_object(report), ensure_ascii=False)
    assert "claimed" not in staff_object(report)


def test_of_a_forgery_the_public_object_hides_whose_it_claims_to_be() -> None:
    text = ROOM.code(signer=Signer(8), holder="冒名餐饮有限公司")

    entries = public_object(examine_text(text, ROOM.evidence(), at=NOW))

    assert "冒名" not in json.dumps(entries, ensure_ascii=False)
    assert "JY2" not in json.dumps(entries, ensure_ascii=False)


BROKEN: list[dict[str, Any]] = [
    {"subject": "ghost"},
    {"checks": None},
    {"checks": [{}] * 65},
    {"checks": [{"name": "form"}]},
    {"as_of": "2026-11-24T02:00:00"},
    {"as_of": "now"},
    {"as_of": 7},
    {"facts": {"password": "x"}},
    {"claimed": {}},
    {"claimed": []},
    {"log": {"code_leaf": -1}},
    {"log": {"code_leaf": True}},
    {"log": {"proof": 1}},
    {"signatures": [{"signer": "x" * 100_001, "signed_at": None, "outcome": "passed"}]},
    {"document_digest": None},
]


@pytest.mark.parametrize("wrong", BROKEN, ids=str)
def test_what_is_no_report_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        report_from_object(report_object(WHOLE) | wrong)


@pytest.mark.parametrize("value", [None, [], "x", {}, {1: 2}, {"verdict": "valid"}])
def test_what_is_no_object_is_refused(value: object) -> None:
    with pytest.raises(ReportError):
        report_from_object(value)
