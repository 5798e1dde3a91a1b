"""The camera of the counter page, and pictures: whole licences as they are printed, of offices that sign by any algorithm.

What the camera sees is a film of rendered sheets; the registry is cut off, so that the page itself says what it found.
"""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from api.pages.public import altered
from registry.licences import public_answer
from signer.live_codes import make_live_code
from tests.browsers import (
    PLAIN_HOST,
    FilmedBrowser,
    Visit,
    film,
    film_of_paper,
    photo_of_paper,
    qr_picture,
    served,
    visiting,
)
from tests.camera_licences import give_pack, licence_signed_with_ed25519, licence_signed_with_sm2
from tests.code_room import CLAIMS, NOW
from tests.flows.test_counter_page import packed
from tests.hall import Hall
from tests.pack_room import PackRoom

pytestmark = [pytest.mark.server, pytest.mark.peer("chromium")]


def looks(visit: Visit) -> tuple[str, str, str, str]:
    """Turn the camera on and off, and return the verdict, the number found, where the focus is, and how it was checked."""
    page = visit.page
    page.click("#look")
    visit.wait(lambda: page.is_hidden("#camera") and page.evaluate("document.activeElement.id") == "headline", 30)
    number = page.inner_text("[data-fact=number]") if page.locator("[data-fact=number]").count() else ""
    return visit.verdict, number, page.title(), page.inner_text(".reference")


def test_the_camera_reads_whole_licences_of_the_towns_offices_by_both_algorithms(
    sqlite_hall: Hall, filmed: FilmedBrowser
) -> None:
    town = sqlite_hall.town
    usual = town.issues(town.signboard_draft())
    national = licence_signed_with_sm2(sqlite_hall)
    shown = public_answer(town.database, usual.record.licence_id)
    assert shown is not None
    live = make_live_code(town.desk, shown, at=town.now)
    packed(sqlite_hall)
    seen = []
    asked: list[str] = []

    with (
        served(sqlite_hall) as address,
        visiting(filmed.opened, town.now, has_camera=True) as visit,
    ):
        visit.open(f"{address}/counter")
        visit.wait(lambda: visit.page.get_attribute("html", "data-pack") is not None)
        visit.page.route("**/api/**", lambda route: route.abort())
        visit.page.on("request", lambda request: asked.append(request.url))
        for issued in (usual, national):
            film_of_paper(issued.document, filmed.film)
            verdict, number, title, how = looks(visit)
            seen.append((verdict, number, title.partition(" ")[0], "脱机核验" in how))
            # The second one on a second visit, when all comes from what the service worker kept.
            visit.wait(lambda: visit.page.evaluate("navigator.serviceWorker.controller !== null"), 60)
            visit.open(f"{address}/counter")
        film(qr_picture(altered(national.record.token_text), module=6), filmed.film)
        forged = looks(visit)[0]
        film(qr_picture(live, module=6), filmed.film)
        alone = looks(visit)[0]
        visit.page.unroute_all()
        online = [looks(visit)[0] for _ in range(2)]
        row = visit.page.inner_text("#rows tr >> nth=0")
        read = [each for each in asked if each.endswith("/codes/read")]

    assert seen == [("valid", each.record.number, "有效", True) for each in (usual, national)]
    assert forged == "tampered"
    assert (alone, online) == ("status_unknown", ["valid", "show_code_used"])
    assert usual.record.number in row
    assert read == [], "no picture leaves the device"
    assert [each for each in visit.complaints if "ERR_FAILED" not in each] == []


def test_the_camera_reads_a_whole_licence_that_was_signed_with_ed25519(
    sqlite_hall: Hall, filmed: FilmedBrowser
) -> None:
    key, printed = licence_signed_with_ed25519()
    give_pack(sqlite_hall, PackRoom(codes=(key,)))
    film_of_paper(bytes(printed.content), filmed.film)

    with served(sqlite_hall) as address, visiting(filmed.opened, NOW, has_camera=True) as visit:
        visit.open(f"{address}/en/counter")
        visit.wait(lambda: visit.page.evaluate("navigator.serviceWorker.controller !== null"), 30)
        for elsewhere in ("**/api/**", "**/pack/**"):
            visit.page.route(elsewhere, lambda route: route.abort())
        visit.open(f"{address}/en/counter")  # the second time all scripts come from the service worker
        verdict, number, title, how = looks(visit)

    assert (verdict, number, title.partition(" ")[0]) == ("valid", CLAIMS.number, "Valid")
    assert "offline" in how.lower()
    assert [each for each in visit.complaints if "ERR_FAILED" not in each] == []


def test_photos_are_read_here_or_by_the_server_alike_and_documents_by_the_server(
    sqlite_hall: Hall, browser: Browser, tmp_path: Path
) -> None:
    town = sqlite_hall.town
    issued = town.issues(town.signboard_draft())
    packed(sqlite_hall)
    photo, document = tmp_path / "photo.jpg", tmp_path / "licence.pdf"
    # As a sheet that was printed, copied, scanned askew and squeezed for a messenger.
    photo_of_paper(issued.document, dots_per_inch=150, rotated=5).save(photo, quality=60)
    document.write_bytes(issued.document)
    asked: list[str] = []
    found: list[Any] = []
    complaints: list[str] = []

    with served(sqlite_hall) as address:
        for is_blocked in (True, False):
            with visiting(browser, town.now, service_workers="block") as visit:
                page = visit.page
                if is_blocked:
                    visit.context.route("**/*.wasm", lambda route: route.abort())
                page.on("request", lambda request: asked.append(request.url.partition("/api/v1")[2]))
                page.on(
                    "response", lambda answer: found.append(answer) if answer.url.endswith("/verifications") else None
                )
                visit.open(f"{address}/counter")
                page.set_input_files("#file", str(photo))
                visit.waits_for("valid", seconds=120)
                found[-1] = {**found[-1].json(), "as_of": page.inner_text("h1")}
                if not is_blocked:
                    page.set_input_files("#file", str(document))
                    visit.wait(lambda page=page: page.locator("#rows tr").count() == 2, 120)  # the reader starts first
                    assert visit.verdict == "valid"
                    offers = page.locator("[data-act=signed]").count()
                    document.write_bytes(issued.document + b"\n% one line more\n")
                    page.set_input_files("#file", str(document))
                    visit.waits_for("tampered", seconds=120)
                    with page.expect_download() as download:
                        page.click("[data-act=signed]")
                    saved = Path(download.value.path()).read_bytes()
                    complaints += [each for each in visit.complaints if "blocked by Playwright" not in each]

    assert len(found) == 2
    assert found[0] == found[1]
    assert asked.count("/codes/read") == 1
    assert offers == 0
    assert saved == issued.document, "what was signed, cut out in the browser"
    assert complaints == []


def test_without_a_camera_the_page_says_why_and_the_other_ways_work(
    sqlite_hall: Hall, browser: Browser, filmed: FilmedBrowser
) -> None:
    code = sqlite_hall.issues()["code_text"]
    packed(sqlite_hall)
    film(qr_picture(code), filmed.film)
    ways = {
        "浏览器未允许使用摄像头。可改用扫码枪、选照片，或在地址栏左侧的图标里允许。": (
            filmed.opened,
            False,
            "127.0.0.1",
        ),
        "本机没有摄像头。": (browser, True, "127.0.0.1"),
        "本页不是加密连接，摄像头不可用。": (browser, False, PLAIN_HOST),
    }
    said = []

    with served(sqlite_hall) as address:
        for opened, has_camera, host in ways.values():
            with visiting(opened, sqlite_hall.town.now, has_camera=has_camera) as visit:
                visit.open(f"{address.replace('127.0.0.1', host)}/counter")
                visit.page.click("#look")
                visit.wait(lambda visit=visit: visit.page.locator("#result .verdict p").count() == 1)
                said.append(visit.page.inner_text("#result .verdict p"))
                warned = visit.page.is_visible("#insecure")
                visit.scans(code)
                visit.waits_for("valid")

    assert said == list(ways)
    assert warned
