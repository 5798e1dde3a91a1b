"""What stands on the counter page is about the last thing that was done at it: a verdict, that it is checked, or why not."""

import base64
import re
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route

from registry.licences import public_answer
from signer.live_codes import make_live_code
from tests.browsers import Visit, qr_picture, served, visiting
from tests.flows.test_counter_page import packed
from tests.hall import Hall

pytestmark = [pytest.mark.server, pytest.mark.peer("chromium")]
STRANGE = "https://zhengzhao.example.cn/licence/view?id=1234567890abcdef"
TRADE_ITEM = "6901234567892"
# Hand files to the page as a mouse drops them there.
DROP = """files => {
  const carried = new DataTransfer();
  for (const [name, type, content] of files)
    carried.items.add(new File([Uint8Array.from(atob(content), each => each.charCodeAt(0))], name, { type }));
  document.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
}"""
BLIND_PICTURE = base64.b64encode(b"no picture").decode()


def pdf(name: str, content: bytes) -> tuple[str, str, str]:
    return name, "application/pdf", base64.b64encode(content).decode()


def shown(visit: Visit) -> tuple[str, str, str, int, str]:
    """Return verdict, heading, title's beginning, number of buttons that print a verdict, and the tone of the card."""
    page = visit.page
    card = page.query_selector("#result .verdict")
    tone = "" if card is None else re.findall(r"tone-[a-z-]+", card.get_attribute("class") or "")[0]
    return visit.verdict, page.inner_text("h1"), page.title(), page.locator("[data-act=print]").count(), tone


def types(visit: Visit, text: str) -> None:
    """Enter a text by hand: how fast a test's keys come depends on the machine, and fast ones are a scanner's."""
    visit.page.fill("#entry", text)
    visit.page.click("#scan button")


def answering(status: int, headers: dict[str, str] | None = None) -> Callable[[Route], None]:
    return lambda route: route.fulfill(status=status, body="{}", headers=headers or {})


def holding(held: list[Route]) -> Callable[[Route], None]:
    """Return what keeps the server waiting until the test lets each question go on."""

    def hold(route: Route) -> None:
        held.append(route)

    return hold


def test_whatever_is_no_check_takes_the_verdict_of_the_paper_before_away(
    sqlite_hall: Hall, browser: Browser, tmp_path: Path
) -> None:
    good = sqlite_hall.issues()
    packed(sqlite_hall)
    said: dict[str, tuple[Any, ...]] = {}
    photo, document = tmp_path / "空白.png", tmp_path / "licence.pdf"
    qr_picture("x").crop((0, 0, 8, 8)).save(photo)
    document.write_bytes(b"%PDF-1.7")
    nothing = ("", "未核验", "未核验", 0, "tone-unread")

    with served(sqlite_hall) as address, visiting(browser, sqlite_hall.town.now, service_workers="block") as visit:
        page = visit.page

        def after_a_good_one(name: str, act: Callable[[], object], told: str) -> None:
            types(visit, good["licence_id"])
            visit.waits_for("valid")
            act()
            visit.wait(lambda: told in page.inner_text("#result"), 60)
            focus = page.evaluate("document.activeElement.id")
            said[name] = (shown(visit), focus, told in page.inner_text("#announce"))
            page.clock.fast_forward(4000)  # the same once more is no news within three seconds

        visit.open(f"{address}/counter")
        after_a_good_one("slip", lambda: types(visit, good["licence_id"][:-1]), "核验码输入有误，请对照证照检查。")
        wrong = (page.inner_text("#entry-wrong"), page.get_attribute("#entry", "aria-invalid"))
        after_a_good_one("empty", lambda: types(visit, ""), "请扫码")
        after_a_good_one("photo", lambda: page.set_input_files("#file", str(photo)), "照片里没有找到二维码。")
        for status, told in ((413, "文件太大"), (429, "服务器正忙"), (503, "服务器正忙"), (422, "没有接受这个文件")):
            page.route("**/verifications/file", answering(status))
            after_a_good_one(str(status), lambda: page.set_input_files("#file", str(document)), told)
            page.unroute_all()
        page.route("**/verifications/file", lambda route: route.abort())
        after_a_good_one("away", lambda: page.set_input_files("#file", str(document)), "现在连不上服务器。")
        after_a_good_one("camera", lambda: page.click("#look"), "本机没有摄像头。")
        waiting = page.locator("#rows tr").all_inner_texts()

    assert said["slip"] == (nothing, "entry", True)
    assert wrong == ("错误： 核验码输入有误，请对照证照检查。", "true")
    assert said["empty"][0] == ("", "请扫码", "窗口核验", 0, "")
    for name in ("photo", "413", "429", "503", "422", "away", "camera"):
        assert said[name] == (nothing, "headline", True), name
    assert sum("licence.pdf" in each and "未核验" in each for each in waiting) == 5, (
        "a file that was not checked is listed"
    )


def test_a_scanned_code_that_is_not_ours_is_answered_wherever_the_focus_is(sqlite_hall: Hall, browser: Browser) -> None:
    good = sqlite_hall.issues()
    packed(sqlite_hall)
    seen = []

    with served(sqlite_hall) as address, visiting(browser, sqlite_hall.town.now) as visit:
        page = visit.page
        visit.open(f"{address}/counter")
        page.evaluate("window.print = () => (window.printed = true)")
        for place in ("#headline", "#entry", "#look", "[data-act=print]"):
            for text, suffix in ((f"{STRANGE} 2 3", "Enter"), (TRADE_ITEM, "Tab")):
                types(visit, good["licence_id"])
                visit.waits_for("valid")
                until = time.monotonic() + 60
                while visit.verdict != "unreadable":  # a busy machine may press keys as slowly as a hand
                    assert time.monotonic() < until, (place, text, page.inner_text("body"))
                    page.fill("#entry", "")
                    page.evaluate("where => { window.printed = false; document.querySelector(where)?.focus(); }", place)
                    visit.scans(text, suffix=suffix)
                    page.wait_for_timeout(300)
                seen.append((shown(visit)[1:], page.is_visible("#camera"), page.evaluate("window.printed === true")))
                page.clock.fast_forward(4000)
        types(visit, good["licence_id"])
        visit.waits_for("valid")
        has_begun = False
        until = time.monotonic() + 60
        while visit.verdict != "unreadable":  # of a scanner that ends with nothing
            assert time.monotonic() < until, page.inner_text("body")
            page.fill("#entry", "")
            visit.scans(STRANGE, suffix="")
            has_begun |= page.inner_text("h1") == "正在核验…"
            page.wait_for_timeout(2500)
        listed = page.locator("#rows tr").count()

    assert set(seen) == {(("认不出这个码", "认不出这个码", 1, "tone-unread"), False, False)}
    assert has_begun, "the verdict of the paper before is gone while the next one is read"
    assert listed >= 2 * len(seen) + 2
    assert visit.complaints == []


def test_files_stand_in_the_same_row_each_is_named_and_no_late_answer_replaces_a_newer_verdict(
    sqlite_hall: Hall, browser: Browser
) -> None:
    town = sqlite_hall.town
    good, ended = (town.issues(town.signboard_draft()) for _ in range(2))
    sqlite_hall.acts(ended.record.licence_id, "revoke", reference="示市监罚字〔2026〕1号")
    packed(sqlite_hall)
    (kept, gone) = good.document, ended.document

    with served(sqlite_hall) as address, visiting(browser, town.now, service_workers="block") as visit:
        page = visit.page
        visit.open(f"{address}/counter")
        held: list[Route] = []
        page.route("**/verifications/file", holding(held))
        page.evaluate(DROP, [pdf("甲.pdf", kept)])
        visit.wait(lambda: page.inner_text("h1") == "正在核验…")
        while_checked = (page.inner_text("#result .subject"), page.title(), page.inner_text("#announce"))
        types(visit, ended.record.licence_id)
        page.wait_for_timeout(300)
        meanwhile = shown(visit)[:2]
        held.pop().continue_()
        visit.waits_for("revoked", seconds=60)
        page.wait_for_timeout(300)
        last = visit.verdict
        order = [each.split("\t")[-1] for each in page.locator("#rows tr").all_inner_texts()]
        page.unroute_all()
        blind = ("丙.png", "image/png", BLIND_PICTURE)
        busy_first = {"count": 0}

        def busy(route: Route) -> None:
            busy_first["count"] += 1
            route.fulfill(status=429, body="{}", headers={"retry-after": "1"}) if busy_first[
                "count"
            ] == 1 else route.continue_()

        page.route("**/verifications/file", busy)
        page.evaluate(DROP, [pdf("甲\u202e.pdf", kept), blind, pdf("乙.pdf", gone)])
        visit.wait(lambda: "后面还有 2 件。" in page.inner_text("#result"))
        visit.wait(lambda: page.locator("#rows tr").count() == 5, 60)
        visit.waits_for("revoked")
        named = page.inner_text("#result .verdict .subject")
        rows = [each.split("\t") for each in page.locator("#rows tr").all_inner_texts()[:3]]
        page.evaluate(DROP, [pdf(f"{number}.pdf", kept) for number in range(21)])
        visit.wait(lambda: "一次最多核验 20 个文件" in page.inner_text("#result"))
        many = page.locator("#rows tr").count()

    assert while_checked == ("甲.pdf", "正在核验…", "正在核验… 甲.pdf")
    assert meanwhile == ("", "正在核验…")
    assert last == "revoked"
    assert order == ["已吊销", "有效"]
    assert named == "乙.pdf"
    assert [(row[1].split()[-1], row[-1]) for row in rows] == [
        ("乙.pdf", "已吊销"), ("丙.png", "未核验"), ("甲.pdf", "有效"),
    ]  # fmt: skip
    assert many == 5


def live_code(hall: Hall, licence_id: str) -> str:
    answer = public_answer(hall.town.database, licence_id)
    assert answer is not None
    text: str = make_live_code(hall.town.desk, answer, at=hall.town.now)
    return text


def test_a_live_code_is_waited_for_and_who_showed_it_is_not_suspected_for_a_slow_line(
    sqlite_hall: Hall, browser: Browser
) -> None:
    issued = sqlite_hall.issues()
    packed(sqlite_hall)
    slow, lost = (live_code(sqlite_hall, issued["licence_id"]) for _ in range(2))

    with served(sqlite_hall) as address, visiting(browser, sqlite_hall.town.now, service_workers="block") as visit:
        page = visit.page
        visit.open(f"{address}/counter")
        held: list[Route] = []
        page.route("**/api/v1/verifications", holding(held))
        types(visit, slow)
        page.wait_for_timeout(2500)
        held.pop().continue_()
        visit.waits_for("valid")
        page.unroute_all()

        def lose(route: Route) -> None:
            route.fetch()  # the registry has answered, and the line broke
            route.abort()

        page.route("**/api/v1/verifications", lose)
        types(visit, lost)
        visit.waits_for("status_unknown")
        without = page.inner_text("#result .verdict")
        waiting = page.inner_text("#waiting")
        page.unroute_all()
        page.clock.fast_forward(4000)
        types(visit, lost)
        visit.waits_for("show_code_used")
        again = page.inner_text("#result .verdict")
        types(visit, slow)
        visit.wait(lambda: page.locator("#rows tr").count() == 4)
        really = page.inner_text("#result .verdict")

    assert "没有收到登记簿的答复，这个出示码可能已经用掉。" in without
    assert "请持证人刷新" in without
    assert waiting == "", "it is not asked again later"
    assert re.search("本机 10:0[0-9] 送核过这个出示码，没有收到答复", again)
    assert "上报" not in again
    assert "再次出现请上报" in really, "that one had its answer"


def test_a_wrong_clock_is_named_online_and_counts_offline_until_it_is_set(sqlite_hall: Hall, browser: Browser) -> None:
    good, ended = sqlite_hall.issues(), sqlite_hall.issues()
    sqlite_hall.acts(ended["licence_id"], "revoke", reference="示市监罚字〔2026〕1号")
    packed(sqlite_hall)
    now = sqlite_hall.town.now

    def cut(visit: Visit) -> None:
        for each in ("**/api/**", "**/pack/**"):
            visit.page.route(each, lambda route: route.abort())

    with (
        served(sqlite_hall, date=now) as address,
        visiting(browser, now + timedelta(hours=2), service_workers="block") as visit,
    ):
        page = visit.page
        visit.open(f"{address}/counter")
        types(visit, good["code_text"])
        visit.waits_for("valid")
        online = (page.inner_text("#clock"), page.inner_text("#age"))
        cut(visit)
        types(visit, ended["code_text"])
        visit.waits_for("ended")
        page.clock.fast_forward(4000)
        types(visit, good["code_text"])
        visit.waits_for("clock_wrong")
        visit.open(f"{address}/counter")  # the same tab, loaded again
        types(visit, good["code_text"])
        visit.waits_for("clock_wrong")
        offline = page.inner_text("#result .verdict")
        page.clock.set_fixed_time(now)  # somebody has set it
        types(visit, good["code_text"])
        visit.waits_for("valid")
        put_right = page.inner_text("#clock")

    assert online == ("本机时间快 120 分钟，请校正", "状态数据 10:00（0 分钟前）")
    assert "120 分钟" in offline
    assert put_right == ""


def test_waiting_checks_are_seen_after_a_reload_and_without_a_store_it_is_said_that_they_are_lost(
    sqlite_hall: Hall, browser: Browser
) -> None:
    issued = [sqlite_hall.issues() for _ in range(2)]
    packed(sqlite_hall)
    refused = "Object.defineProperty(window, 'indexedDB', { value: { open() { throw new DOMException('', 'SecurityError') } } })"
    told = []

    with served(sqlite_hall) as address:
        for script in ("", refused):
            with visiting(browser, sqlite_hall.town.now, service_workers="block") as visit:
                page = visit.page
                if script:
                    page.add_init_script(script)
                visit.open(f"{address}/counter")
                page.route("**/api/**", lambda route: route.abort())
                for place, each in enumerate(issued, start=1):
                    types(visit, each["licence_id"])
                    visit.wait(lambda page=page, place=place: page.locator("#rows tr").count() == place)
                visit.wait(lambda page=page: page.inner_text("#waiting").startswith("2 "))
                first = page.inner_text("#waiting")
                visit.open(f"{address}/counter")
                page.wait_for_timeout(300)
                told.append((first, page.inner_text("#waiting"), page.is_visible("#waiting")))

    assert told[0] == ("2 件待联机复核", "2 件待联机复核", True)
    assert told[1][:2] == ("2 件待联机复核；浏览器不能保存，请勿关闭本页", "")
