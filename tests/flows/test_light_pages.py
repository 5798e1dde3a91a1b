"""Pages are light and keep still: what the server sends for them, how many requests, and what jumps while one is put up.

Pages without scripts and pictures are weighed in `test_accessible`, where all are made; here is what a browser must load.
The browser is a whole one, of which what it draws is measured. Weights are the bodies as they go over the wire, counted where the server sends them, so that those of workers count too.
"""

import gzip
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from playwright.sync_api import Page

from api.pages.rendering import STATIC, static_file
from registry.records import Role
from tests.browsers import PLAIN_HOST, FilmedBrowser, Sent, served, visiting
from tests.flows.test_counter_page import packed
from tests.flows.test_holder import holder_browser
from tests.flows.test_staff_documents import DOCUMENTS, uploads
from tests.hall import Hall
from tests.official_office import FOOT, plain_pdf
from tests.staff_browser import StaffBrowser

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


def test_a_page_with_scripts_or_pictures_is_light_and_nothing_jumps(sqlite_hall: Hall, filmed: FilmedBrowser) -> None:
    hall = packed(sqlite_hall)
    officer = StaffBrowser(hall=hall).arrives("officer-1", Role.ISSUING_OFFICER)
    document = uploads(officer, DOCUMENTS, plain_pdf(3), title="公文", anchor=FOOT).url.path
    issued = hall.issues()
    place, _, digits = issued["code_text"].partition("/v/")[2].partition("#")
    card = f"/holder/licences/{issued['licence_id']}"
    public = {
        "home": "/",
        "code zh": f"/v/{place}?lang=zh#{digits}",
        "code en": f"/v/{place}?lang=en#{digits}",
        "live code": f"/p/{place}?lang=zh",
    }
    sides = ((officer, "document", document), (holder_browser(hall, issued["licence_id"]), "card", card))
    hall.app = sent = Sent(hall.app)

    with served(hall) as address, visiting(filmed.opened, hall.town.now) as visit:
        scales = Scales(visit.page, sent)
        for name, path in public.items():
            scales.opens(name, f"{address}{path}", wait_ms=400)
        for who, name, path in sides:
            cookies = "; ".join(f"{key}={value}" for key, value in who.cookies.items())
            visit.context.clear_cookies()  # a cookie of the browser's own would be sent in the place of these
            visit.page.set_extra_http_headers({"Cookie": cookies})
            scales.opens(name, f"{address}{path}?lang=en", wait_ms=1_000)
        visit.page.set_extra_http_headers({})
        scales.opens("counter", f"{address}/counter", wait_ms=1_000)
        # The service worker has all that it keeps before it takes the page over.
        visit.wait(lambda: visit.page.evaluate("navigator.serviceWorker.controller !== null"), 60)
        visit.page.wait_for_timeout(1_000)
        kept = sent.take()
        visit.page.set_viewport_size({"width": 320, "height": 640})
        for name, path in (("code", public["code en"]), ("counter", "/en/counter")):
            scales.opens(f"{name} on a phone", f"{address}{path}", wait_ms=400)
        plain = address.replace("127.0.0.1", PLAIN_HOST)
        scales.opens("counter without encryption", f"{plain}/en/counter", wait_ms=400)
        assert visit.page.is_visible("#insecure")
        visit.page.evaluate("document.body.prepend(document.createElement('hr'))")
        seen = visit.page.evaluate(JUMPED)

    weights = scales.weights
    whole = {name: sum(each.values()) for name, each in weights.items()}
    assert scales.jumps == []
    assert seen, "what jumps is seen"
    assert document in weights["document"]
    assert f"{card}/code.svg" in weights["card"]
    assert {name: whole[name] for name in ("document", "card") if whole[name] > STAFF_BYTES_MAX} == {}
    assert {name: weights[name] for name in public if whole[name] > PUBLIC_BYTES_MAX} == {}
    assert {name: each for name, each in weights.items() if "counter" not in name and len(each) > REQUESTS_MAX} == {}
    assert DECODER_BYTES_MIN < whole["counter"] + sum(kept.values()) <= COUNTER_BYTES_MAX, (weights["counter"], kept)
    assert sum(len(gzip.compress(static_file(name))) for name in STATIC if name.endswith(".css")) <= STYLE_BYTES_MAX
