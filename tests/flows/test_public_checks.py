"""The public's page of a code with scripts on: what stands behind `#` is checked in the browser; samples for newcomers."""

import pytest
from playwright.sync_api import Browser

from api.cli.demo_acts import open_door
from api.compression import squeezed
from api.pages.public import altered
from api.pages.scripts import scripts
from signer.packs import refresh_pack
from signer.statuses import refresh_status_lists
from tests.browsers import Visit, served, visiting
from tests.hall import Hall
from tests.town import SIGNBOARD

pytestmark = [pytest.mark.server, pytest.mark.peer("chromium")]

# ux.md section 12, 29: from the first page to a licence that one issued oneself.
PRESSES_MAX = 6


def opens(visit: Visit, address: str, text: str) -> str:
    """Open the page of a code, as a phone that scanned it does, and return the heading."""
    _, _, path = text.partition("/v/")
    visit.page.goto("about:blank")
    visit.page.goto(f"{address}/v/{path}")
    visit.page.wait_for_selector("html[data-ready]", state="attached")
    return visit.page.inner_text("h1")


def test_the_signature_is_checked_where_a_script_runs_and_the_digits_never_leave_by_the_address(
    sqlite_hall: Hall,
    browser: Browser,
) -> None:
    code = sqlite_hall.issues()["code_text"]
    refresh_status_lists(sqlite_hall.town.desk, at=sqlite_hall.town.now)
    refresh_pack(sqlite_hall.town.desk, at=sqlite_hall.town.now)
    asked: list[str] = []

    now = sqlite_hall.town.now
    with served(sqlite_hall) as address, visiting(browser, now, locale="zh-CN") as visit:
        visit.page.on("request", lambda request: asked.append(request.url))
        good = opens(visit, address, code)
        signature = visit.page.inner_text("[data-check=signature]")
        bad = opens(visit, address, altered(code))
        facts = visit.page.inner_text("#result")
        visit.page.route("**/api/**", lambda route: route.abort())
        alone = opens(visit, address, altered(code))
        title = visit.page.title()

    assert (good, bad, alone) == ("有效", "内容被改动", "内容被改动")
    assert "通过" in signature
    assert "示例市老城" not in facts
    assert title.startswith("内容被改动")
    assert not any(code[-40:] in url.partition("#")[0] for url in asked)
    assert [each for each in visit.complaints if "ERR_FAILED" not in each] == []


def test_a_newcomer_reaches_a_verdict_on_a_sample_with_one_press(sqlite_hall: Hall, browser: Browser) -> None:
    sqlite_hall.issues()
    revoked = sqlite_hall.issues()["licence_id"]
    sqlite_hall.acts(revoked, "revoke", reference="示市监罚字〔2026〕1号")
    headings = []

    with served(sqlite_hall) as address, visiting(browser, sqlite_hall.town.now) as visit:
        for place in range(3):
            visit.page.goto(f"{address}/?lang=en")
            visit.page.locator(".sample button").nth(place).click()
            headings.append(visit.page.inner_text("h1"))
        test = visit.page.locator(".test").count()

    assert headings == ["Valid", "Revoked (penalty)", "Contents altered"]
    assert test in {0, 1}
    assert visit.complaints == []


def test_an_office_in_service_offers_no_samples(sqlite_hall: Hall) -> None:
    sqlite_hall.issues()
    sqlite_hall.office.settings = sqlite_hall.office.settings.model_copy(update={"test": False})

    assert "sample" not in sqlite_hall.ask("GET", "/", headers={"Accept": "text/html"}).text


def test_the_public_page_is_light_before_any_decoder() -> None:
    needed = scripts()["public.js"], scripts()["words-zh.js"]

    assert sum(len(squeezed(each.plain)) for each in needed) < 22_000


def test_a_newcomer_issues_a_licence_of_the_demonstration_in_five_presses(sqlite_hall: Hall, browser: Browser) -> None:
    hall = sqlite_hall
    hall.town.issues(hall.town.signboard_draft(holder_name="示例市例子商行"))
    open_door(hall.office)
    ways = ("a[href^='/demonstration']", "form button", f"a[href*='{SIGNBOARD}']", "form[enctype] button")

    with served(hall) as address, visiting(browser, hall.town.now) as visit:
        page = visit.page
        page.goto(f"{address}/?lang=zh")
        for each in (*ways, "form[action*='/issue'] button"):
            page.locator(f"main {each}").first.click()
        heading, holder = page.inner_text("h1"), page.inner_text("main dl")
        page.locator("main a[href^='/v/']").click()
        visit.waits_for("valid")
        verdict = page.inner_text("h1")

    assert heading == "户外招牌设置许可证 – 有效"
    assert "示例市例子商行" in holder
    assert verdict == "有效"
    assert len(ways) + 1 <= PRESSES_MAX
    assert visit.complaints == []
