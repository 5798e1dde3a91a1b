"""One id for each verdict, in deployments without legal effect and nowhere else."""

import re
from pathlib import Path

from api.checking import check_id
from api.sample_verdicts import sample_id, sample_report
from api.texts import UNKNOWN
from api.verdicts import verdict_words
from tests.code_room import NOW
from tests.hall import Hall
from verify.values import LicenceId
from verify.verdict import Verdict

PAGE = Path(__file__).parents[3] / "docs/for-other-offices.md"


def test_each_sample_gets_its_verdict_and_lacks_no_word_in_either_language() -> None:
    for verdict in Verdict:
        report = sample_report(sample_id(verdict), at=NOW)
        assert report is not None
        assert (report.verdict, report.test, "form.sample" in {each.code for each in report.also}) == (
            verdict,
            True,
            True,
        )
        for words in (verdict_words(report, "zh"), verdict_words(report, "en")):
            said = (words.headline, words.sentence, *words.also, *(each.found for each in words.checks))
            assert not any(UNKNOWN in each for each in said), said


def test_no_other_id_is_a_sample() -> None:
    behind = LicenceId(b"sample\x00\x00\x00" + bytes([len(Verdict)]))

    for other in (LicenceId(bytes(10)), behind, LicenceId(b"sample\x00\x00\x01\x00")):
        assert sample_report(other, at=NOW) is None


def test_the_developers_page_lists_them_all() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| `([0-9A-Z-]{21})` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))

    assert rows == {each.value: sample_id(each).typed for each in Verdict}


def test_they_are_known_to_a_test_deployment_alone(sqlite_hall: Hall) -> None:
    revoked = sample_id(Verdict.REVOKED)
    assert check_id(sqlite_hall.office, revoked.typed).verdict is Verdict.REVOKED
    asked = {"id": revoked.typed, "reliance": {"purpose": "supervision", "legal_basis": "示例依据"}}

    relied = sqlite_hall.ask("POST", "/api/v1/verifications", key="counter", json=asked).json()
    page = sqlite_hall.ask("GET", f"/v/{revoked.text}", headers={"Accept": "text/html"})
    sqlite_hall.office.settings = sqlite_hall.office.settings.model_copy(update={"test": False})

    assert (relied["verdict"], relied["fields"], relied["receipt"] is None) == ("revoked", [], False)
    assert 'data-verdict="revoked"' in page.text
    assert check_id(sqlite_hall.office, revoked.typed).verdict is Verdict.NOT_FOUND
