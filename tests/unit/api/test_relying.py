"""Questions of one round: each is answered as it would be by itself, though the registry is asked for all at once."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from api.relying import Found, Question, answer_each
from registry.purposes import Purpose
from signer.receipts import Reliance
from tests.hall import Hall
from tests.town import BUREAU
from verify.errors import MalformedError
from verify.receipt import read_receipt
from verify.verdict import Verdict

AT = datetime(2036, 11, 24, 16, tzinfo=UTC)
RELIANCE = Reliance(
    office=BUREAU,
    client="counter",
    purpose=Purpose.SUPERVISION,
    legal_basis="《食品安全法》第一百一十条",
    delete_after=AT,
)


def said(answer: Found | MalformedError) -> object:
    """Return what an answer says, but for its moment and its receipt's id."""
    if isinstance(answer, MalformedError):
        return answer.code
    receipt = None if answer.receipt is None else read_receipt(answer.receipt.record.content)
    fixed: dict[str, Any] = {"receipt_id": bytes(16), "made_at": AT, "answer": bytes(32)}
    findings = [each._replace(as_of=None) for each in answer.report.findings]
    kept = None if receipt is None else replace(receipt, **fixed)
    return answer.report.facts, findings, answer.content["fields"], kept


def test_each_question_of_a_round_is_answered_as_by_itself(hall: Hall) -> None:
    issued = [hall.issues(holder_name=f"示例市第{each}餐饮有限公司") for each in "一二三"]
    assert hall.acts(issued[1]["licence_id"], "suspend", until="2027-01-31").is_success
    texts = [each["code_text"] for each in issued]
    other_id = texts[0].partition("#")[0] + "#" + texts[2].partition("#")[2]
    changed = texts[0][:-1] + str(9 - int(texts[0][-1]))
    questions = [
        *(Question(text=each) for each in (*texts, texts[0], other_id, changed, "none of ours")),
        Question(typed=issued[2]["typed_id"]),
        Question(typed="not an id!"),
        Question(number=issued[0]["number"], holder="示例市第一餐饮有限公司"),
        Question(number=issued[0]["number"], holder="somebody else"),
    ]
    purposes = [(each, RELIANCE._replace(purpose=purpose)) for each in questions for purpose in tuple(Purpose)[:2]]

    together = answer_each(hall.office, purposes)

    assert list(map(said, together)) == [said(answer_each(hall.office, (each,))[0]) for each in purposes]
    verdicts = [each.report.verdict for each in together[::2] if isinstance(each, Found)]
    assert verdicts == [
        Verdict.VALID, Verdict.SUSPENDED, Verdict.VALID, Verdict.VALID, Verdict.TAMPERED, Verdict.TAMPERED,
        Verdict.UNREADABLE, Verdict.VALID, Verdict.VALID, Verdict.NOT_FOUND,
    ]  # fmt: skip
    assert answer_each(hall.office, ()) == ()
