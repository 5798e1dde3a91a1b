"""The holder's pages: let in once, own licences only, a live code that ages, and a record of who checked."""

from datetime import timedelta
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser

from registry import holder_access
from registry.db import transaction
from tests.browsers import served, visiting
from tests.hall import Hall
from tests.staff_browser import StaffBrowser


def access_code(hall: Hall, licence_id: str) -> str:
    """Return a code for the holder of a licence, as an office hands it out."""
    with transaction(hall.office.database) as tx:
        record = holder_access.find_holder(tx, licence_id)
        assert record is not None
        return holder_access.invite(tx, record, at=hall.town.now, random=hall.office.random)


def holder_browser(hall: Hall, licence_id: str) -> StaffBrowser:
    """Return a browser in which the holder has come in."""
    browser = StaffBrowser(hall=hall)
    browser.sends("/holder", on="/holder", code=access_code(hall, licence_id).lower())
    assert "My licences" in browser.page.text
    return browser


def test_a_code_lets_its_holder_in_once_and_to_their_own_licences_alone(sqlite_hall: Hall) -> None:
    mine, theirs = sqlite_hall.issues(), sqlite_hall.town.issues(sqlite_hall.town.teacher_draft()).record
    code = access_code(sqlite_hall, mine["licence_id"])
    path = f"/holder/licences/{theirs.licence_id}"

    browser = StaffBrowser(hall=sqlite_hall)
    stranger = browser.opens(f"/holder/licences/{mine['licence_id']}")
    cards = browser.sends("/holder", on="/holder", code=code)
    foreign = [browser.asks("GET", each).status_code for each in (path, f"{path}/code.svg", "/holder/licences/0")]
    again = StaffBrowser(hall=sqlite_hall).sends("/holder", on="/holder", code=code)
    sqlite_hall.town.clock.moves(holder_access.SESSION_LIFE)
    over = browser.opens("/holder")

    assert stranger.status_code == 404
    assert mine["number"] in cards.text
    assert theirs.number not in cards.text
    assert foreign == [404, 404, 404]
    assert again.status_code == 422
    assert "was used" in again.text
    assert mine["number"] not in over.text


def test_a_code_is_over_after_some_days_and_leaving_ends_the_session(sqlite_hall: Hall) -> None:
    mine = sqlite_hall.issues()["licence_id"]
    code = access_code(sqlite_hall, mine)
    browser = holder_browser(sqlite_hall, mine)

    left = browser.sends("/holder/leave", on="/holder")
    sqlite_hall.town.clock.moves(holder_access.CODE_LIFE)
    late = StaffBrowser(hall=sqlite_hall).sends("/holder", on="/holder", code=code)

    assert "Access code" in left.text
    assert late.status_code == 422


def test_what_is_not_in_force_is_not_shown_live(sqlite_hall: Hall) -> None:
    mine = sqlite_hall.issues()["licence_id"]
    sqlite_hall.acts(mine, "revoke", reference="示市监罚字〔2026〕1号")

    page = holder_browser(sqlite_hall, mine).opens(f"/holder/licences/{mine}")

    assert "Revoked (penalty)" in page.text
    assert "code.svg" not in page.text


@pytest.mark.server
@pytest.mark.peer("chromium")
def test_the_live_code_changes_within_its_minute_and_the_record_shows_the_check(
    sqlite_hall: Hall, browser: Browser
) -> None:
    town, mine = sqlite_hall.town, sqlite_hall.issues()["licence_id"]
    code = access_code(sqlite_hall, mine)
    office = {"purpose": "supervision", "legal_basis": "行政许可法第六十一条"}

    def checks(text: str, **more: object) -> str:
        answer = sqlite_hall.ask("POST", "/api/v1/verifications", json={"text": text, **more}, key="counter")
        verdict: str = answer.json()["verdict"]
        return verdict

    with served(sqlite_hall) as address, visiting(browser, town.now, locale="en-GB") as visit:
        page = visit.page

        def shown() -> str:
            visit.wait(lambda: page.evaluate("document.getElementById('code').naturalWidth") > 0)
            picture = Image.open(BytesIO(page.locator("#code").screenshot()))
            (found,) = zxingcpp.read_barcodes(picture)
            return str(found.text)

        page.goto(f"{address}/holder")
        page.fill("#code", code)
        page.keyboard.press("Enter")
        page.click("a.button")
        screenshot = shown()
        asked: list[str] = []
        page.on("response", lambda answer: asked.append(answer.url))
        town.clock.moves(timedelta(seconds=50))
        page.clock.run_for(50_000)
        visit.wait(lambda: any("n=1" in each for each in asked))
        visit.wait(lambda: shown() != screenshot)
        fresh = shown()
        town.clock.moves(timedelta(seconds=20))
        verdicts = [checks(screenshot), checks(fresh, reliance=office)]
        page.reload()
        record = page.inner_text("section[aria-labelledby=uses]")
        complaints = visit.complaints

    assert verdicts == ["show_code_expired", "valid"]
    assert record.count("2026") == 2
    assert "live code checked" in record
    assert "Sample City Administrative Approval Bureau Supervision" in record
    assert complaints == []
