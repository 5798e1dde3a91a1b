"""By keys alone: an officer issues what a reviewer approved, a clerk checks and compares the log, a counter checks a paper.

Every stop of the Tab key is looked at: it is seen, and it comes in the order in which the page is read.
"""

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from api.licence_forms import values_of
from registry.records import Role
from tests.browsers import FilmedBrowser, Visit, film, served, visiting
from tests.flows.test_counter_page import packed
from tests.hall import Hall
from tests.staff_browser import PASSWORD, StaffBrowser
from tests.town import FOOD

pytestmark = [pytest.mark.server, pytest.mark.peer("chromium")]

# More stops than any page has: who has not come by then never will.
STOPS_MAX = 60
# Where the focus is: what names it, whether it is seen, and whether it stands behind the stop before.
STOP = """() => {
  const here = document.activeElement, style = getComputedStyle(here.labels?.[0]?.matches(".button") ? here.labels[0] : here);
  const before = window.stopBefore, isBehind = !before || Boolean(before.compareDocumentPosition(here) & 4);
  window.stopBefore = here;
  return [here.matches("body"), parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== "none", isBehind, here.outerHTML.slice(0, 80)];
}"""


def tabs_to(page: Page, selector: str) -> None:
    """Press Tab until something has the focus; each stop on the way is seen, and in reading order."""
    page.evaluate("window.stopBefore = null")
    for _ in range(STOPS_MAX):
        page.keyboard.press("Tab")
        is_body, is_seen, is_behind, what = page.evaluate(STOP)
        assert not is_body, f"the page ended before {selector}"
        assert is_seen, what
        assert is_behind, what
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"never came to {selector}")


def presses(page: Page, selector: str, *, key: str = "Enter") -> None:
    """Go to a button or a link and press it."""
    tabs_to(page, selector)
    with page.expect_navigation():
        page.keyboard.press(key)


def test_a_clerk_comes_in_checks_for_a_purpose_and_compares_the_log(sqlite_hall: Hall, browser: Browser) -> None:
    issued = sqlite_hall.issues()
    invitation = StaffBrowser(hall=sqlite_hall).hires("clerk", Role.COUNTER, Role.AUDITOR)

    with served(sqlite_hall) as address, visiting(browser, sqlite_hall.town.now) as visit:
        page = visit.page
        page.goto(f"{address}/invitation?lang=en#{invitation}")
        for field in ("#password", "#repeated"):
            tabs_to(page, field)
            page.keyboard.type(PASSWORD)
        presses(page, "button")
        assert "/office" in page.url, page.inner_text("main")
        presses(page, "nav a[href^='/office/desk']")
        tabs_to(page, "#entry")
        page.keyboard.type(issued["typed_id"])
        tabs_to(page, "#purpose")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        tabs_to(page, "#basis")
        page.keyboard.type("Article 61")
        presses(page, "main form button")
        verdict, receipt = page.inner_text("h1"), page.locator("[data-receipt]").count()
        presses(page, "a[href^='/office/desk']")
        presses(page, "nav a[href^='/office/log']")
        note = page.inner_text("pre")
        tabs_to(page, "#kept")
        page.keyboard.insert_text(note)
        presses(page, "main form button")
        found = page.inner_text("[role=status]")

    assert (verdict, receipt) == ("Valid", 1)
    assert "Append-only" in found
    assert visit.complaints == []


def sits_down(visit: Visit, staff: StaffBrowser) -> None:
    """Go on in this browser with the session of somebody who came in elsewhere."""
    kept = [{"name": name, "value": value, "url": "https://127.0.0.1/"} for name, value in staff.cookies.items()]
    visit.context.add_cookies(kept)  # type: ignore[arg-type]  # dictionaries of texts


def leaves(page: Page) -> None:
    """Press Tab until the page is left: nothing on it keeps the focus for itself."""
    page.evaluate("window.stopBefore = null")
    for _ in range(STOPS_MAX):
        page.keyboard.press("Tab")
        if page.evaluate(STOP)[0]:
            return
    raise AssertionError(page.url)


def enters(page: Page, values: dict[str, str]) -> None:
    """Fill in a form from top to bottom: what is there already stays, of a list the first entry is taken."""
    for name, text in values.items():
        if page.input_value(f"#{name}") == "":
            tabs_to(page, f"#{name}")
            is_list = page.evaluate("document.activeElement.matches('select')")
            page.keyboard.press("ArrowDown") if is_list else page.keyboard.insert_text(text)


def test_an_officer_issues_what_a_reviewer_approved(sqlite_hall: Hall, browser: Browser) -> None:
    hall = sqlite_hall
    draft = values_of(hall.town.food_draft())
    writer, reader = (
        StaffBrowser(hall=hall).arrives(name, role)
        for name, role in (("writer", Role.ISSUING_OFFICER), ("reader", Role.REVIEWER))
    )

    with (
        served(hall) as address,
        visiting(browser, hall.town.now) as writing,
        visiting(browser, hall.town.now) as reading,
    ):
        sits_down(writing, writer)
        sits_down(reading, reader)
        page = writing.page
        page.goto(f"{address}/office?lang=en")
        presses(page, "nav a[href^='/office/licences']")
        presses(page, f"a[href*='{FOOD}']")
        form, values = page.locator("main form").first, draft | {"holder_code": "91"}
        enters(page, {name: text for name, text in values.items() if form.locator(f"#{name}").count()})
        presses(page, "form[enctype] button")
        slip = page.evaluate("[document.activeElement.className, document.querySelector('.wrong').textContent]")
        tabs_to(page, ".summary a")
        page.keyboard.press("Enter")
        mended = page.evaluate("document.activeElement.id")
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(draft["holder_code"])
        presses(page, "form[enctype] button")
        waiting, application = page.locator("[data-state]").inner_text(), page.url
        leaves(page)

        other = reading.page
        other.goto(f"{address}/office/licences?lang=en")
        presses(other, "main table a[href*='/office/drafts/']")
        presses(other, "form[action*='/approval'] button")
        approved = other.locator("[data-state]").inner_text()
        leaves(other)

        page.goto(application)
        presses(page, "form[action*='/issue'] button")
        number = page.locator("[data-number]").inner_text()
        presses(page, "main a[href^='/v/']")
        writing.waits_for("valid")
        verdict = page.inner_text("h1")

    assert (slip[0], mended) == ("summary", "holder_code")
    assert slip[1].startswith("Error: Holder code")
    assert (waiting, approved) == ("waiting for approval", "approved")
    assert (number != "", verdict) == (True, "Valid")
    assert [each for each in writing.complaints + reading.complaints if "422" not in each] == []


def test_a_paper_is_checked_and_compared_at_the_counter_and_the_camera_is_left(
    sqlite_hall: Hall, filmed: FilmedBrowser
) -> None:
    issued = sqlite_hall.issues()
    packed(sqlite_hall)
    film(Image.new("RGB", (200, 200)), filmed.film)

    with served(sqlite_hall) as address, visiting(filmed.opened, sqlite_hall.town.now, has_camera=True) as visit:
        page = visit.page
        visit.open(f"{address}/en/counter")
        tabs_to(page, "#look")
        page.keyboard.press("Enter")
        visit.wait(
            lambda: page.is_visible("#camera") and page.evaluate("document.getElementById('video').readyState") >= 2
        )
        page.clock.run_for(8_500)
        visit.wait(lambda: page.is_visible("#tip"))
        page.keyboard.press("Escape")
        left = page.is_hidden("#camera"), page.evaluate("document.activeElement.id")
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Shift+Tab")
        page.keyboard.type(issued["typed_id"])
        page.keyboard.press("Enter")
        visit.waits_for("valid")
        tabs_to(page, "#compared-number")
        page.keyboard.press("Space")
        compared = page.is_checked("#compared-number")
        tabs_to(page, "#settings summary")
        page.keyboard.press("Enter")
        visit.wait(lambda: page.is_visible("#elder"))
        tabs_to(page, "#elder")
        page.keyboard.press("Space")
        elder = page.get_attribute("html", "data-elder")

    assert left == (True, "look")
    assert (compared, elder) == (True, "true")
    assert visit.complaints == []
