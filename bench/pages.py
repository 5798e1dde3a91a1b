"""Figures of the pages in Chromium: from the click to the verdict, and how much comes over the wire."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bench.cores import every_core
from bench.figure import LIMIT, Figure
from bench.town_of_bench import found_town
from signer.packs import refresh_pack
from tests.browsers import CHROMIUM, Sent, Visit, film, film_of_paper, qr_picture, served, visiting
from tests.camera_licences import give_pack, licence_signed_with_ed25519, licence_signed_with_sm2
from tests.code_room import NOW
from tests.hall import Hall
from tests.pack_room import PackRoom

LOOKS = 15
_VENDOR = "/vendor/"
_OPENINGS = 9
_RENDERED = ("/", "/sign-in", "/holder", "/report")
_PAINTED = """new Promise(done => new PerformanceObserver(
  list => list.getEntriesByName("first-contentful-paint").forEach(each => done(each.startTime)),
).observe({type: "paint", buffered: true}))"""


def counter_page(folder: Path) -> Iterator[Figure]:
    """The counter page in Chromium, with a fake camera that plays a film of a licence's code. click_to_verdict: from the
    click that opens the camera to the verdict on the page, first frames and all, the network off and the decoder warm;
    median of fifteen, the camera closed in between. click_to_verdict_sm2 and _ed25519: the same of codes that were signed
    by these (ux.md section 12, 7). scan_page: everything that the first visit fetches, compressed, the
    decoder too. repeat_visit: what a second visit fetches of vendor files. public_page: what a phone that opens the
    address of a code fetches until it shows the verdict, before any decoder, with the pack of a town that issued one
    licence (each full status list of a city, with one in twelve ended, adds some 10 KB at the first visit). first_paint: from asking for a page that the
    server renders to the first thing seen, of the slowest of five kinds of pages the median of nine. counter_ready: from
    asking for the counter page, its files kept from before, until it takes a scan; median of nine.
    """
    town = found_town(folder)
    issued, hall = town.issues(town.signboard_draft()), Hall.open(town)
    national = licence_signed_with_sm2(hall)
    town.publishes()
    refresh_pack(town.desk, at=town.now)
    hall.app = sent = Sent(hall.app)
    text = issued.record.token_text
    picture = film(qr_picture(text), folder / "film.mjpeg")
    with every_core(), served(hall) as address, _browser(picture) as browser:
        with visiting(browser, town.now) as visit:
            visit.open(f"{address}/counter")
            visit.wait(lambda: visit.page.evaluate("navigator.serviceWorker.controller !== null"), 30)
            visit.page.wait_for_timeout(3000)
            first = sent.take()
            visit.open(f"{address}/counter")
            visit.page.wait_for_timeout(1500)
            again = {name: size for name, size in sent.take().items() if _VENDOR in name}
            visit.context.set_offline(True)
            seconds = [_click_to_verdict(visit, number) for number in range(1, LOOKS + 1)]
            film(qr_picture(national.record.token_text), picture)
            seconds_sm2 = [_click_to_verdict(visit, number) for number in range(LOOKS + 1, 2 * LOOKS + 1)]
            film(qr_picture(text), picture)
        with visiting(browser, town.now) as visit:
            sent.take()  # what the counter page asked for at its end
            visit.page.goto(f"{address}/v/{text.partition('/v/')[2]}")
            visit.wait(lambda: visit.page.query_selector("[data-verdict='valid']") is not None)
            visit.page.wait_for_timeout(1000)
            public = sent.take()
        with visiting(browser, town.now) as visit:
            paints = {
                path: _first_paint(visit, f"{address}{path}") for path in (*_RENDERED, f"/v/{issued.record.licence_id}")
            }
            ready = statistics.median(_ready(visit, f"{address}/counter") for _ in range(_OPENINGS))
        seconds_ed25519 = _of_ed25519(hall, address, browser, picture)
    kept = f"{len(first)} files"
    yield _most("click_to_verdict", statistics.median(seconds), "s", 0.4, f"slowest {max(seconds):.2f} s")
    yield _most("click_to_verdict_sm2", statistics.median(seconds_sm2), "s", 2.0, f"slowest {max(seconds_sm2):.2f} s")
    slowest_ed25519 = f"slowest {max(seconds_ed25519):.2f} s"
    yield _most("click_to_verdict_ed25519", statistics.median(seconds_ed25519), "s", 2.0, slowest_ed25519)
    yield _most("scan_page", sum(first.values()) / 1000, "KB", 420, kept)
    yield _most("repeat_visit", sum(again.values()), "bytes of vendor files", 0, f"{len(again)} asked for")
    yield _most("public_page", sum(public.values()) / 1000, "KB", 30, f"{len(public)} files")
    slowest = max(paints, key=lambda path: paints[path])
    own = "the page of a code" if slowest.startswith("/v/") else slowest
    yield _most("first_paint", paints[slowest], "s", 0.5, f"slowest: {own}")
    yield _most("counter_ready", ready, "s", 1.0, "repeat visit")


def _of_ed25519(hall: Hall, address: str, browser: Browser, picture: Path) -> list[float]:
    """Return the seconds to the verdict of a licence of an office elsewhere: none of ours signs so."""
    key, printed = licence_signed_with_ed25519()
    give_pack(hall, PackRoom(codes=(key,)))
    film_of_paper(bytes(printed.content), picture)
    with visiting(browser, NOW) as visit:
        for _ in range(2):  # the second time all comes from the service worker
            visit.open(f"{address}/counter")
            visit.wait(lambda: visit.page.evaluate("navigator.serviceWorker.controller !== null"), 30)
            visit.page.wait_for_timeout(1500)
        visit.context.set_offline(True)
        return [_click_to_verdict(visit, number) for number in range(1, LOOKS + 1)]


def _first_paint(visit: Visit, address: str) -> float:
    """Open a page some times, and return the median of the seconds until something of it was seen."""
    seconds = []
    for _ in range(_OPENINGS):
        visit.page.goto(address)
        seconds.append(visit.page.evaluate(_PAINTED) / 1000)
    return statistics.median(seconds)


def _ready(visit: Visit, address: str) -> float:
    """Open the counter page, and return the seconds until it takes a scan."""
    begin = time.perf_counter()
    visit.page.goto(address)
    visit.page.wait_for_selector("html[data-ready]", state="attached")
    return time.perf_counter() - begin


def _click_to_verdict(visit: Visit, number: int) -> float:
    """Look once, and return the seconds until the line of this look is on the page with its verdict."""
    begin = time.perf_counter()
    visit.page.evaluate("document.getElementById('look').click()")
    visit.page.wait_for_selector(f"#rows tr:nth-child({number})", state="attached", timeout=20_000)
    seconds = time.perf_counter() - begin
    if visit.verdict != "valid":
        raise RuntimeError(f"the page says {visit.verdict}")
    visit.page.wait_for_timeout(300)
    return seconds


@contextmanager
def _browser(film_of_camera: Path) -> Iterator[Browser]:
    """Open Chromium with a camera that plays a film and that every page may turn on."""
    camera = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    arguments = ["--no-sandbox", *camera, f"--use-file-for-fake-video-capture={film_of_camera}"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


def _most(name: str, value: float, unit: str, goal: float, own: str) -> Figure:
    return Figure(name=name, value=value, unit=unit, goal=goal, own=own, rival=LIMIT, at_least=False)
