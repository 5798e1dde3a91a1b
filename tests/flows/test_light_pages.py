"""Every page is light and keeps still: what the server sends for it, how many requests, and what jumps while it is put up.

Weights are the bodies as they go over the wire, counted where the server sends them, so that those of workers count too.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page

from api.pages.rendering import STATIC, static_file
from registry.records import Role
from tests.browsers import Sent, served, visiting
from tests.flows.test_accessible import recalled_receipt
from tests.flows.test_counter_page import packed
from tests.flows.test_holder import holder_browser
from tests.flows.test_staff_documents import DOCUMENTS, SHEETS, uploads
from tests.hall import Hall, sheet_of
from tests.official_office import FOOT, plain_pdf
from tests.staff_browser import StaffBrowser
from tests.town import SIGNBOARD

pytestmark = [pytest.mark.server, pytest.mark.peer("chromium", "npm")]

# ux.md section 12, 17: for any page of staff, for the public's before any decoder, for the counter's with it.
STAFF_BYTES_MAX: Final = 40_000
PUBLIC_BYTES_MAX: Final = 30_000
COUNTER_BYTES_MAX: Final = 420_000
STYLE_BYTES_MAX: Final = 8_000
REQUESTS_MAX: Final = 8
# Lighter, it would be no page with a decoder.
DECODER_BYTES_MIN: Final = 300_000
# ux.md section 12, 18: what moved although nobody did anything; each line names the element and by how much.
JUMPED: Final = """new Promise(done => {
  new PerformanceObserver(list => done(list.getEntries().map(each => [
    each.value, ...each.sources.map(source => source.node?.outerHTML?.slice(0, 120)),
  ]))).observe({type: "layout-shift", buffered: true});
  setTimeout(done, 200, []);
})"""


@dataclass
class Scales:
    """Opens pages and writes down what each weighs, and what jumped."""

    page: Page
    sent: Sent
    weights: dict[str, dict[str, int]] = field(default_factory=dict)
    jumps: list[tuple[str, Any]] = field(default_factory=list)

    def opens(self, name: str, address: str, *, wait_ms: int = 0) -> None:
        """Open a page as somebody does who was never here, and wait until all is there."""
        self.page.goto("about:blank")
        self.page.context.new_cdp_session(self.page).send("Network.clearBrowserCache")
        self.sent.take()
        self.page.goto(address)
        self.page.wait_for_load_state("load")
        self.page.wait_for_timeout(wait_ms)
        self.jumps += [(name, each) for each in self.page.evaluate(JUMPED)]
        # Pictures of documents are no part of a page: they weigh what the document weighs.
        self.weights[name] = {path: size for path, size in self.sent.take().items() if "/pages/" not in path}


def public_pages(hall: Hall) -> Iterator[tuple[str, str]]:
    """Yield the pages of the public by name."""
    place, _, digits = hall.issues()["code_text"].partition("/v/")[2].partition("#")
    for language in ("zh", "en"):
        yield f"code {language}", f"/v/{place}?lang={language}#{digits}"
        yield f"live code {language}", f"/p/{place}?lang={language}"
    yield "id", f"/v/{place}"
    yield "home", "/"
    yield "receipt", f"/r/{recalled_receipt(hall)}"
    yield "holder", "/holder"
    yield "report", "/report"
    yield "encryption", "/encryption"
    yield "sign-in", "/sign-in"


def officer_pages(hall: Hall, officer: StaffBrowser) -> Iterator[tuple[str, str]]:
    """Yield the pages of an officer by name."""
    place = f"/office/licences/new/{SIGNBOARD}"
    draft = hall.town.signboard_draft()
    yield "office", "/office"
    yield "licences", "/office/licences"
    yield "licence form", place
    yield "licence", f"/office/licences/{hall.issues()['licence_id']}"
    yield "documents", DOCUMENTS
    yield "document", uploads(officer, DOCUMENTS, plain_pdf(3), title="公文", anchor=FOOT).url.path
    yield "sheets", SHEETS
    yield (
        "sheet",
        uploads(officer, SHEETS, sheet_of(hall.town, [draft, hall.town.signboard_draft(holder_name="")])).url.path,
    )
    yield "account", "/office/account"


def test_every_page_is_light_and_nothing_jumps(sqlite_hall: Hall, browser: Browser) -> None:
    hall = packed(sqlite_hall)
    officer = StaffBrowser(hall=hall).arrives("officer-1", Role.ISSUING_OFFICER, Role.COUNTER)
    auditor = StaffBrowser(hall=hall).arrives("auditor-1", Role.AUDITOR, Role.ADMINISTRATOR, Role.COUNTER)
    licence_id = hall.issues()["licence_id"]
    holder = holder_browser(hall, licence_id)
    public = dict(public_pages(hall))
    sides = (
        (officer, dict(officer_pages(hall, officer))),
        (auditor, {"log": "/office/log", "desk": "/office/desk", "people": "/office/people"}),
        (holder, {"card": f"/holder/licences/{licence_id}", "cards": "/holder"}),
    )
    hall.app = sent = Sent(hall.app)

    with served(hall) as address, visiting(browser, hall.town.now) as visit:
        scales = Scales(visit.page, sent)
        for name, path in public.items():
            scales.opens(name, f"{address}{path}", wait_ms=400 if "#" in path else 0)
        for who, pages in sides:
            cookies = "; ".join(f"{name}={value}" for name, value in who.cookies.items())
            visit.context.clear_cookies()  # a cookie of the browser's own would be sent in the place of these
            visit.page.set_extra_http_headers({"Cookie": cookies})
            for name, path in pages.items():
                scales.opens(name, f"{address}{path}?lang=en", wait_ms=1_000 if name == "document" else 0)
        visit.page.set_extra_http_headers({})
        scales.opens("counter", f"{address}/counter", wait_ms=2_500)
        visit.page.set_viewport_size({"width": 320, "height": 640})
        for name, path in (("code", public["code en"]), ("counter", "/en/counter")):
            scales.opens(f"{name} on a phone", f"{address}{path}", wait_ms=400)
        visit.page.evaluate("document.body.prepend(document.createElement('hr'))")
        seen = visit.page.evaluate(JUMPED)

    weights, staff = scales.weights, [name for _, pages in sides[:2] for name in pages]
    whole = {name: sum(each.values()) for name, each in weights.items()}
    counted = [name for name in weights if not name.startswith("counter")]
    assert scales.jumps == []
    assert seen, "what jumps is seen"
    assert {name: whole[name] for name in staff if whole[name] > STAFF_BYTES_MAX} == {}
    assert {name: whole[name] for name in public if whole[name] > PUBLIC_BYTES_MAX} == {}
    assert {name: weights[name] for name in counted if len(weights[name]) > REQUESTS_MAX} == {}
    assert DECODER_BYTES_MIN < whole["counter"] <= COUNTER_BYTES_MAX, weights["counter"]
    assert sum(len(gzip.compress(static_file(name))) for name in STATIC if name.endswith(".css")) <= STYLE_BYTES_MAX
    assert [name for name in staff if not any(path.startswith("/office") for path in weights[name])] == []
    assert len(staff) + len(public) == 23
