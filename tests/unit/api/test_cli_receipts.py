"""`verify receipt` reads each form in which offices keep a receipt, and says what holds."""

import base64
import json
from pathlib import Path

import pytest

from api.cli.receipts import check_receipts
from api.cli.screen import Screen
from tests.flows.test_reliance import STAMPED, SUPERVISION, answered, text_of
from tests.hall import Hall
from tests.mutations import last_bit_changed
from verify.evidence import Evidence


def test_the_command_line_reads_each_form_of_a_receipt(
    sqlite_hall: Hall, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = answered(sqlite_hall, text=text_of(sqlite_hall, sqlite_hall.issues()), reliance=STAMPED)
    other = answered(sqlite_hall, text=text_of(sqlite_hall, sqlite_hall.issues()), reliance=STAMPED)["receipt"]
    receipt = body["receipt"]
    page = sqlite_hall.ask("GET", f"/api/v1/verifications/{receipt['receipt_id']}/page", key="counter")
    cose = base64.b64decode(receipt["cose"])
    files = {
        "answer.json": json.dumps(body).encode(),
        "member.json": json.dumps(receipt).encode(),
        "page.pdf": page.content,
        "beside.cose": cose,
        "beside.tlog-proof": receipt["proof"].encode(),
        "beside.tst": base64.b64decode(receipt["timestamp"]),
        "alone.cose": cose,
        "altered.cose": last_bit_changed(cose),
        "altered.tlog-proof": receipt["proof"].encode(),
        "stamped.json": json.dumps(receipt | {"timestamp": other["timestamp"]}).encode(),
        "broken.pdf": page.content[:-900],
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    names = [
        "answer.json", "member.json", "page.pdf", "beside.cose", "alone.cose", "altered.cose", "stamped.json", "broken.pdf",
    ]  # fmt: skip
    known, at = sqlite_hall.office.evidence(), sqlite_hall.town.now

    for language, words in (("zh", "时间戳由"), ("en", "The receipt existed at 2026-11-24 02:00:00 UTC")):
        codes = check_receipts(Screen(language=language), known, [str(tmp_path / each) for each in names], at=at)
        out = capsys.readouterr().out
        assert codes == [0, 0, 0, 0, 4, 5, 5, 2]
        assert SUPERVISION["case_number"] in out
        assert out.count(words) == 4
    offline = check_receipts(Screen(as_json=True), Evidence(trust=None), [str(tmp_path / "page.pdf")], at=at)

    assert offline == [4]
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["good"] is False
