"""The pages for staff hinder nobody: axe finds nothing, the keyboard reaches everything, and pictures have their words."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page

from registry.records import Role
from tests.flows.test_accessible import barriers
from tests.flows.test_public_page import browsing, served
from tests.hall import Hall, sheet_of, sqlite_hall
from tests.official_office import OfficialOffice, plain_ofd, plain_pdf
from tests.peers.programs import axe
from tests.staff_browser import StaffBrowser
from tests.town import founded_on_sqlite, sqlite_town

__all__ = ["founded_on_sqlite", "sqlite_hall", "sqlite_town"]

# What the keyboard stops at on the form for a document, after the navigation.
STOPS = ["file", "title", "anchor", "page", "x", "y", "riding", "slip_page", "item_code"]


@dataclass(frozen=True, kw_only=True)
class Work:
    """What stands on the pages: made before the browser opens."""

    cookies: str
    document: str
    ofd: str
    batch: str
    invitation: str
    changed: bytes

    @classmethod
    def made(cls, hall: Hall) -> "Work":
        """Prepare documents, send a sheet with a bad row, change a licence, invite somebody."""
        officer = StaffBrowser(hall=hall).arrives("officer-1", Role.ISSUING_OFFICER, Role.REVIEWER)
        office, town = OfficialOffice(hall.town), hall.town
        sheet = sheet_of(town, [town.signboard_draft(), town.signboard_draft(holder_name="")])
        batch = hall.ask("POST", "/api/v1/batches", key="officer", files={"file": ("a.csv", sheet)}).json()["batch"]
        return cls(
            cookies="; ".join(f"{name}={value}" for name, value in officer.cookies.items()),
            document=office.prepares(plain_pdf(2)).document_id,
            ofd=office.prepares(plain_ofd(1)).document_id,
            batch=batch["batch_id"],
            invitation=officer.hires("new", Role.COUNTER),
            changed=town.issues(town.signboard_draft()).document + b"\n% more\n",
        )


def visits(work: Work, page: Page, address: str, language: str, folder: Path) -> Iterator[tuple[str, Page]]:
    """Open the pages one after the other."""
    forms = ("/office/documents", f"/office/documents/{work.document}", f"/office/sheets/{work.batch}", "/invitation")
    others = ("/office", "/office/sheets", "/sign-in", f"/office/documents/{work.ofd}")
    for path in (*forms, *(others if language == "zh" else ())):
        page.goto(f"{address}{path}?lang={language}")
        yield path, page
    file = folder / "changed.pdf"
    file.write_bytes(work.changed)
    page.goto(f"{address}/?lang={language}")
    page.set_input_files("#file", str(file))
    page.click("form >> nth=1 >> button")
    assert page.locator("#signed").count() == 1
    yield "what was signed", page


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
def test_no_page_for_staff_hinders_anybody(sqlite_hall: Hall, tmp_path: Path) -> None:
    script, found = axe().read_text(), list[tuple[object, ...]]()
    work = Work.made(sqlite_hall)
    signed_in = {"Cookie": work.cookies}

    with served(sqlite_hall) as address, browsing() as browser:
        for language, width in (("zh", 320), ("en", 1280)):
            page = browser.new_context(
                viewport={"width": width, "height": 800}, extra_http_headers=signed_in
            ).new_page()
            for name, shown in visits(work, page, address, language, tmp_path):
                found += [(language, name, *each) for each in barriers(shown, script)]
        page.goto(f"{address}/office/documents?lang=en")
        reached = stops(page)
        page.goto(f"{address}/office/documents/{work.document}?lang=en")
        drawn = page.eval_on_selector_all("img.page", "all => all.map(each => [each.alt, each.loading])")
        page.locator("summary").first.focus()
        page.keyboard.press("Enter")
        opened = page.locator("details").first.get_attribute("open")
        page.goto(f"{address}/invitation#{work.invitation}")
        page.wait_for_function("document.getElementById('code').value !== ''")
        code, left = page.input_value("#code"), page.evaluate("location.href")

    assert found == []
    assert [each for each in reached if each in STOPS][: len(STOPS)] == STOPS
    assert drawn == [["Picture of page 1; its text follows", "lazy"], ["Picture of page 2; its text follows", "lazy"]]
    assert opened is not None
    assert (code, left) == (work.invitation, f"{address}/invitation"), "taken from behind #, and out of the address"
