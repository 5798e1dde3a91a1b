"""The pages for staff hinder nobody: axe finds nothing, the keyboard reaches everything, and pictures have their words.

Most pages are judged in `test_accessible`; here are those with pictures of documents, and one that a changed file leads to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from registry.records import Role
from tests.browsers import served, visiting
from tests.flows.test_accessible import Judge
from tests.hall import Hall
from tests.official_office import OfficialOffice, plain_ofd, plain_pdf
from tests.staff_browser import StaffBrowser

# What the keyboard stops at on the form for a document, after the navigation.
STOPS = ["file", "title", "anchor", "page", "x", "y", "riding", "slip_page", "item_code"]


@dataclass(frozen=True, kw_only=True)
class Work:
    """What stands on the pages: made before the browser opens."""

    cookies: str
    document: str
    ofd: str
    invitation: str
    changed: bytes

    @classmethod
    def made(cls, hall: Hall) -> "Work":
        """Prepare documents, change a licence, invite somebody."""
        officer = StaffBrowser(hall=hall).arrives("officer-1", Role.ISSUING_OFFICER, Role.REVIEWER)
        office, town = OfficialOffice(hall.town), hall.town
        return cls(
            cookies="; ".join(f"{name}={value}" for name, value in officer.cookies.items()),
            document=office.prepares(plain_pdf(2)).document_id,
            ofd=office.prepares(plain_ofd(1)).document_id,
            invitation=officer.hires("new", Role.COUNTER),
            changed=town.issues(town.signboard_draft()).document + b"\n% more\n",
        )


def shown(work: Work, page: Page, address: str, language: str, folder: Path) -> Iterator[str]:
    """Open the pages one after the other, with pictures drawn by the server; yield their names."""
    for path in (f"/office/documents/{work.document}", f"/office/documents/{work.ofd}", "/invitation"):
        page.goto(f"{address}{path}?lang={language}")
        yield path
    file = folder / "changed.pdf"
    file.write_bytes(work.changed)
    page.goto(f"{address}/?lang={language}")
    page.set_input_files("#file", str(file))
    page.click("form >> nth=1 >> button")
    assert page.locator("#signed").count() == 1
    yield "what was signed"


def stops(page: Page) -> list[str]:
    """Press Tab through the page and return where it stops."""
    found: list[str] = []
    for _ in range(30):
        page.keyboard.press("Tab")
        name = str(page.evaluate("document.activeElement.id"))
        found += [name] if name else []
    return found


@pytest.mark.server
@pytest.mark.peer("chromium", "npm")
def test_no_page_for_staff_hinders_anybody(sqlite_hall: Hall, windowless: Browser, tmp_path: Path) -> None:
    work = Work.made(sqlite_hall)
    signed_in = {"Cookie": work.cookies}

    with (
        served(sqlite_hall) as address,
        visiting(windowless, sqlite_hall.town.now, extra_http_headers=signed_in) as visit,
    ):
        page = visit.page
        judge = Judge(page)
        for language in ("zh", "en"):
            for name in shown(work, page, address, language, tmp_path):
                judge.judges(name, language)
        page.goto(f"{address}/office/documents?lang=en")
        reached = stops(page)
        page.goto(f"{address}/office/documents/{work.document}?lang=en")
        drawn = page.eval_on_selector_all("img.page", "all => all.map(each => [each.alt, each.loading])")
        page.locator("summary").first.focus()
        page.keyboard.press("Enter")
        opened = page.locator("details").first.get_attribute("open")
        page.goto(f"{address}/invitation#{work.invitation}")
        visit.wait(lambda: page.input_value("#code") != "")
        code, left = page.input_value("#code"), page.evaluate("location.href")

    assert judge.found == []
    assert len(judge.seen) == 2 * 4
    assert [each for each in reached if each in STOPS][: len(STOPS)] == STOPS
    assert drawn == [["Picture of page 1; its text follows", "lazy"], ["Picture of page 2; its text follows", "lazy"]]
    assert opened is not None
    assert (code, left) == (work.invitation, f"{address}/invitation"), "taken from behind #, and out of the address"
