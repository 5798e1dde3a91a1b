"""The counter page in a real browser: scanner, camera and files, online and with the server dead."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import Browser, Route

from registry import artefacts
from registry.db import transaction
from signer.packs import PACK, PACK_NAME, SINCE, refresh_pack
from signer.public_lists import TRUST_ROOT, TRUST_ROOT_NAME
from signer.statuses import refresh_status_lists
from tests.browsers import Visit, served, visiting
from tests.code_room import NOW, CodeRoom
from tests.flows.test_served import OFFICE_SERVER
from tests.hall import Hall
from tests.pack_room import PackRoom
from tests.town import HOST
from verify.qr_token import ShortStatus

pytestmark = [pytest.mark.server, pytest.mark.peer("chromium")]
CHINESE_VERDICTS = {"valid": "有效", "revoked": "已吊销", "tampered": "内容被改动"}


def packed(hall: Hall) -> Hall:
    """Publish the hall's status lists and its pack."""
    refresh_status_lists(hall.town.desk, at=hall.town.now)
    refresh_pack(hall.town.desk, at=hall.town.now)
    return hall


def words_of(content: bytes) -> str:
    """Return what stands on the first page of a document, without spaces."""
    document = pypdfium2.PdfDocument(content)
    words: str = document[0].get_textpage().get_text_range()
    document.close()
    return "".join(words.split())


def altered(text: str) -> str:
    """Return the code with other digits in the last block, which is part of the signature."""
    return text[:-3] + ("123" if text[-3:] != "123" else "124")


def test_a_stack_is_checked_by_the_scanner_alone(sqlite_hall: Hall, browser: Browser) -> None:
    good, revoked = sqlite_hall.issues(), sqlite_hall.issues()
    sqlite_hall.acts(revoked["licence_id"], "revoke", reference="示市监罚字〔2026〕1号")
    packed(sqlite_hall)

    with served(sqlite_hall) as address, visiting(browser, sqlite_hall.town.now) as visit:
        page = visit.page
        visit.open(f"{address}/counter")
        for text, verdict in (
            (good["code_text"], "valid"),
            (revoked["code_text"], "revoked"),
            (altered(good["code_text"]), "tampered"),
        ):
            visit.scans(text)
            visit.waits_for(verdict)
            assert page.title().startswith(CHINESE_VERDICTS[verdict])
            assert page.inner_text("h1") == CHINESE_VERDICTS[verdict]
            assert page.inner_text("#announce").startswith(CHINESE_VERDICTS[verdict])
            assert page.evaluate("document.activeElement.id") == "entry"
        rows = page.locator("#rows tr").all_inner_texts()
        facts = page.locator("[data-fact]").count()

    assert [each.split("\t")[-1] for each in rows] == ["内容被改动", "已吊销", "有效"]
    assert facts == 0 or "示例市老城" not in rows[0]
    assert visit.complaints == []


def test_a_scan_is_caught_wherever_the_focus_is_however_fast_it_comes_and_however_it_ends(
    sqlite_hall: Hall, browser: Browser
) -> None:
    first, second = (sqlite_hall.issues() for _ in range(2))
    packed(sqlite_hall)
    # With caps lock on, a scanner's letters come out the other way round.
    ids = [first["typed_id"], second["typed_id"].swapcase()]

    with served(sqlite_hall) as address, visiting(browser, sqlite_hall.town.now) as visit:
        page = visit.page
        visit.open(f"{address}/en/counter")
        page.evaluate("document.activeElement.blur()")
        visit.scans(first["code_text"], suffix="")
        visit.waits_for("valid")
        heading = page.inner_text("h1")
        for number, (delay, suffix) in enumerate(((0, "Tab"), (5, "Enter"), (15, ""), (15, "Enter")), start=2):
            page.evaluate("document.activeElement.blur()")
            visit.scans(ids[number % 2], delay_ms=delay, suffix=suffix)
            visit.wait(lambda number=number: page.locator("#rows tr").count() == number)
        numbers = [each.split("\t")[1] for each in page.locator("#rows tr").all_inner_texts()]

    assert heading == "Valid"
    assert numbers == [each["number"] for each in (second, first, second, first, first)]
    assert visit.complaints == []


def packed_code(hall: Hall) -> str:
    text: str = hall.issues()["code_text"]
    packed(hall)
    return text


def test_fifty_scans_in_a_row_are_fifty_lines(sqlite_hall: Hall, browser: Browser) -> None:
    issued = [sqlite_hall.issues() for _ in range(2)]
    packed(sqlite_hall)
    strange = [f"https://shop.example/{number}" for number in range(2)]
    # Ids, here and there a whole code, and codes of other things among them: papers lie in no order.
    pile = [issued[number % 2]["licence_id"] for number in range(50)]
    pile[5::32] = [issued[number]["code_text"] for number in range(2)]
    pile[7::8] = [strange[number % 2] for number in range(6)]

    with served(sqlite_hall) as address, visiting(browser, sqlite_hall.town.now) as visit:
        visit.open(f"{address}/counter")
        for text in pile:
            visit.scans(text)
        visit.wait(lambda: visit.page.locator("#rows tr").count() == 50, 60)
        visit.page.wait_for_timeout(300)
        rows = [each.split("\t") for each in visit.page.locator("#rows tr").all_inner_texts()]

    # What a busy machine does not answer in time bears the id that was scanned.
    names = {each[key]: {each["number"], each["licence_id"]} for each in issued for key in ("licence_id", "code_text")}
    seen = [
        row[1] in names.get(text, ()) or row[1:] == ["–", "–", "认不出这个码"]
        for row, text in zip(rows[::-1], pile, strict=True)
    ]
    assert seen == [True] * 50
    assert sum(row[-1] == "认不出这个码" for row in rows) == 6


def test_an_input_method_garbles_nothing(sqlite_hall: Hall, browser: Browser) -> None:
    text = packed_code(sqlite_hall)

    with served(sqlite_hall) as address, visiting(browser, sqlite_hall.town.now) as visit:
        visit.open(f"{address}/counter")
        types_under_an_input_method(visit, text)
        visit.waits_for("valid")
        told = visit.page.inner_text("#entry-wrong")

    assert told == "输入法打乱了扫码内容，已自动还原。"


def types_under_an_input_method(visit: Visit, text: str) -> None:
    """Press the scanner's keys as a browser reports them under an input method, which puts other signs into the box."""
    client = visit.context.new_cdp_session(visit.page)
    signs = {":": ("Semicolon", 8), "/": ("Slash", 0), "#": ("Digit3", 8), ".": ("Period", 0), "-": ("Minus", 0)}
    for each in text:
        code, shift = signs.get(each) or (
            (f"Digit{each}", 0) if each.isdigit() else (f"Key{each.upper()}", 8 if each.isupper() else 0)
        )
        key = {"key": "Process", "code": code, "windowsVirtualKeyCode": 229, "modifiers": shift}
        client.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **key})
    client.send("Input.insertText", {"text": "雅昨一。饿。啊不"})
    client.send(
        "Input.dispatchKeyEvent", {"type": "keyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
    )


def test_a_slip_is_told_at_the_box_and_caps_and_wide_letters_are_forgiven(sqlite_hall: Hall, browser: Browser) -> None:
    issued = sqlite_hall.issues()
    packed(sqlite_hall)
    typed = issued["licence_id"]
    wide = "".join(chr(ord(each) + 0xFEE0) for each in typed)

    with served(sqlite_hall) as address, visiting(browser, sqlite_hall.town.now) as visit:
        page = visit.page
        visit.open(f"{address}/en/counter")
        page.fill("#entry", typed[:-1])
        page.click("#scan button")
        visit.wait(lambda: page.is_visible("#entry-wrong"))
        slip = (page.inner_text("#entry-wrong"), page.get_attribute("#entry", "aria-invalid"))
        page.fill("#entry", wide)
        page.click("#scan button")
        visit.waits_for("valid")
        page.fill("#entry", issued["code_text"].swapcase())
        page.click("#scan button")
        visit.wait(lambda: page.locator("#rows tr").count() == 2)
        verdict = visit.verdict

    assert slip == ("Error: This id cannot have been printed: check what you typed.", "true")
    assert verdict == "valid"


# ---- without the server ----------------------------------------------------------------------------------------------


@contextmanager
def serving_process(hall: Hall) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Serve the hall's deployment by a process of its own, which a test may kill."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = hall.office.settings
    arguments = [str(settings.data), settings.database, settings.host, str(port), hall.town.now.isoformat()]
    command = [sys.executable, "-c", OFFICE_SERVER, *arguments]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[2])
    for _ in range(600):
        try:
            httpx.get(f"http://127.0.0.1:{port}/api/v1/healthz")
            break
        except httpx.TransportError:
            assert server.poll() is None
            time.sleep(0.1)
    try:
        yield f"http://127.0.0.1:{port}", server
    finally:
        server.kill()
        server.wait()


def test_after_one_visit_it_works_with_the_server_dead_and_names_the_age(sqlite_hall: Hall, browser: Browser) -> None:
    good, revoked = sqlite_hall.issues(), sqlite_hall.issues()
    sqlite_hall.acts(revoked["licence_id"], "revoke", reference="示市监罚字〔2026〕1号")
    packed(sqlite_hall)
    now = sqlite_hall.town.now

    with serving_process(sqlite_hall) as (address, server), visiting(browser, now) as visit:
        page = visit.page
        visit.open(f"{address}/counter")
        visit.wait(lambda: page.get_attribute("html", "data-pack") is not None)
        visit.wait(lambda: page.evaluate("navigator.serviceWorker.controller !== null"), 30)
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        page.clock.set_fixed_time(now + timedelta(hours=3, minutes=1))
        visit.open(f"{address}/counter")
        shown = {}
        for name, text in (("good", good["code_text"]), ("revoked", revoked["code_text"])):
            before = page.locator("#rows tr").count()
            visit.scans(text)
            visit.wait(lambda before=before: page.locator("#rows tr").count() == before + 1)
            shown[name] = (visit.verdict, page.inner_text("#age"), page.inner_text("#online"))
        paper = words_of(page.pdf(prefer_css_page_size=True))
        page.clock.set_fixed_time(now + timedelta(hours=25))
        visit.scans(altered(good["code_text"]))
        visit.waits_for("tampered")
        visit.scans(good["code_text"])
        visit.waits_for("status_unknown")
        stale = page.inner_text("#result")
        page.clock.set_fixed_time(now + timedelta(days=8))
        page.wait_for_timeout(100)
        visit.scans(revoked["code_text"])
        visit.waits_for("status_unknown")
        too_old = page.inner_text("#age")
        waiting = page.inner_text("#waiting")

    assert "脱机核验，无回执编号" in paper, "no code is on it, and it says so"
    assert shown == {
        "good": ("valid", "状态数据 10:00（3 小时前）", "脱机"),
        "revoked": ("ended", "状态数据 10:00（3 小时前）", "脱机"),
    }
    assert "25" in stale
    assert too_old == "状态名单已 8 天未更新，脱机核验已停用。"
    assert waiting == "3 件待联机复核"


def refusing(status: int, told: list[int]) -> Callable[[Route], None]:
    """Return what answers with this status, and notes that it did."""

    def refuse(route: Route) -> None:
        route.fulfill(status=status, body="{}")
        told.append(status)

    return refuse


def test_offline_checks_are_made_again_online_and_what_changed_is_named(sqlite_hall: Hall, browser: Browser) -> None:
    issued, other = sqlite_hall.issues(), sqlite_hall.issues()
    packed(sqlite_hall)
    sqlite_hall.acts(issued["licence_id"], "revoke", reference="示市监罚字〔2026〕1号")

    with served(sqlite_hall) as address, visiting(browser, sqlite_hall.town.now) as visit:
        page = visit.page
        visit.open(f"{address}/en/counter")
        visit.wait(lambda: page.get_attribute("html", "data-pack") is not None)
        page.route("**/api/**", lambda route: route.abort())
        page.route("**/pack/**", lambda route: route.abort())
        for each in (issued, other):
            visit.scans(each["code_text"])
            visit.waits_for("valid")
            visit.wait(lambda each=each: each["number"] in page.inner_text("#rows tr >> nth=0"))
        waiting = page.inner_text("#waiting")
        page.unroute_all()
        refused: list[int] = []
        for status in (429, 503):  # nobody looked: the check waits on
            page.route("**/api/**", refusing(status, refused))
            page.evaluate("window.dispatchEvent(new Event('online'))")
            visit.wait(lambda status=status: status in refused)
            page.unroute_all()
        page.evaluate("window.dispatchEvent(new Event('online'))")
        visit.wait(lambda: page.locator(".change").count() == 1)
        visit.wait(lambda: page.inner_text("#waiting") == "")
        change = page.inner_text(".change")

    assert waiting == "2 wait to be checked again online"
    assert issued["number"] in change
    assert "Checked offline at 10:00: Valid; online now: Revoked (penalty)." in change


def test_a_clock_that_is_off_is_named_and_no_code_is_blamed(sqlite_hall: Hall, browser: Browser) -> None:
    text = packed_code(sqlite_hall)
    now = sqlite_hall.town.now
    later = now + timedelta(hours=2)

    with served(sqlite_hall, date=later) as address, visiting(browser, now) as visit:
        visit.open(f"{address}/counter")
        visit.page.route("**/api/**", lambda route: route.fulfill(status=503, body="{}", headers={}))
        visit.scans(text)
        visit.waits_for("clock_wrong")
        words = visit.page.inner_text("#result")

    assert "120" in words


# ---- on paper --------------------------------------------------------------------------------------------------------


def test_the_receipt_is_one_page_with_the_verdict_its_code_and_nothing_to_press(
    sqlite_hall: Hall, browser: Browser
) -> None:
    issued = sqlite_hall.town.issues(sqlite_hall.town.teacher_draft()).record  # a person's
    packed(sqlite_hall)
    printed = {}

    with served(sqlite_hall) as address, visiting(browser, sqlite_hall.town.now) as visit:
        visit.open(f"{address}/counter")
        visit.page.click("#settings summary")
        visit.scans(issued.token_text)
        visit.waits_for("valid")
        visit.page.evaluate("document.documentElement.dataset.printing = 'receipt'")
        for paper, width in (("a4", 210), ("strip", 80)):
            visit.page.select_option("#paper", paper)
            printed[width] = visit.page.pdf(prefer_css_page_size=True)
        unprinted = visit.page.is_hidden("[data-act=code]")

    for width, content in printed.items():
        document = pypdfium2.PdfDocument(content)
        words = "".join(document[0].get_textpage().get_text_range().split())
        pages, shown = len(document), round(document[0].get_width() / 72 * 25.4)
        picture = document[0].render(scale=200 / 72).to_pil()
        document.close()
        (code,) = zxingcpp.read_barcodes(picture)
        assert code.text == f"https://{HOST}/v/{issued.licence_id}", "it leads to today's verdict"
        assert (pages, shown) == (1, width)
        for each in ("有效", issued.number, "欧*䶮", "核验时间", "参考号", "以扫码结果为准", "签发日志", "登记状态"):
            assert each in words
        for each in (
            "打印核验回执",
            "用摄像头扫",
            "English",
            "本次已核验",
            "无回执编号",
            issued.holder_name,
            issued.holder_code,
        ):
            assert each not in words
    assert unprinted, "on the screen the code would be in the way"


# ---- weight and strictness -------------------------------------------------------------------------------------------


def test_the_page_is_light_and_the_second_visit_fetches_no_module(sqlite_hall: Hall, browser: Browser) -> None:
    packed(sqlite_hall)
    received: dict[str, int] = {}

    with served(sqlite_hall) as address, visiting(browser, sqlite_hall.town.now) as visit:
        client = visit.context.new_cdp_session(visit.page)
        client.send("Network.enable")
        names: dict[str, str] = {}
        client.on(
            "Network.requestWillBeSent", lambda event: names.update({event["requestId"]: event["request"]["url"]})
        )
        client.on(
            "Network.loadingFinished",
            lambda event: received.update({names[event["requestId"]]: event["encodedDataLength"]}),
        )
        visit.open(f"{address}/counter")
        visit.wait(lambda: visit.page.evaluate("navigator.serviceWorker.controller !== null"), 30)
        first = sum(received.values())
        # What stands before the decoder, which comes when nothing else happens: the service worker asks for itself.
        before_decoder = [name for name in received if not re.search(r"/vendor/|decoder\.js|/sw\.js", name)]
        received.clear()
        visit.open(f"{address}/counter")
        second = {name: size for name, size in received.items() if "/scripts/" in name or "/vendor/" in name}

    assert 10_000 < first < 420_000
    assert len(before_decoder) <= 8, before_decoder
    assert sum(second.values()) == 0


def test_the_policy_is_strict_and_no_markup_runs(sqlite_hall: Hall) -> None:
    for path in ("/counter", "/en/counter"):
        answer = sqlite_hall.ask("GET", path, headers={"Accept": "text/html"})
        policy = answer.headers["content-security-policy"]

        assert policy.startswith("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';")
        assert "require-trusted-types-for 'script'; trusted-types yinzheng" in policy
        assert "unsafe-inline" not in policy
        assert "'unsafe-eval'" not in policy
        assert answer.headers["permissions-policy"].startswith("camera=(self)")
        assert answer.text.count("<script") == 1
        for word in (" onclick=", " style=", "javascript:", "<style"):
            assert word not in answer.text


def test_modules_are_kept_for_good_and_the_service_worker_never(sqlite_hall: Hall) -> None:
    page = sqlite_hall.ask("GET", "/counter").text
    scripts = page.partition('data-scripts="')[2].partition('"')[0]

    module = sqlite_hall.ask("GET", f"{scripts}public.js", headers={"Accept-Encoding": "gzip"})
    worker = sqlite_hall.ask("GET", "/sw.js")
    other = sqlite_hall.ask("GET", "/scripts/0000000000000000/public.js")
    escape = sqlite_hall.ask("GET", f"{scripts}..%2F..%2Fsettings.py")

    assert "immutable" in module.headers["cache-control"]
    assert module.headers["content-encoding"] == "gzip"
    for path in ("/counter", "/sw.js", "/static/app.css", "/v/89RBVZ9NYCEFXWTS"):
        small, plain = (
            sqlite_hall.ask("GET", path, headers={"Accept-Encoding": each}) for each in ("gzip", "identity")
        )
        assert (small.headers["content-encoding"], plain.headers.get("content-encoding")) == ("gzip", None)
        assert int(small.headers["content-length"]) < int(plain.headers["content-length"]) / 2
        assert "Accept-Encoding" in plain.headers["vary"]
    assert worker.headers["cache-control"] == "no-cache"
    assert worker.headers["content-type"].startswith("text/javascript")
    assert (other.status_code, escape.status_code) == (404, 404)


def test_what_is_reported_leaves_a_line_with_its_reference(sqlite_hall: Hall) -> None:
    licence_id = sqlite_hall.issues()["licence_id"]
    form = {"verdict": "tampered", "reference": "a77e436e62df28f7", "id": licence_id, "reason": "forged"}
    odd = {"verdict": "<b>", "reference": "x\n{", "id": "../", "reason": "王小明"}

    shown = sqlite_hall.ask("GET", "/report", params=form, headers={"Accept": "text/html"})
    done = sqlite_hall.ask("POST", "/report", data=form, headers={"Accept": "text/html"})
    strange = sqlite_hall.ask("POST", "/report", data=odd, headers={"Accept": "text/html"})
    lines = sqlite_hall.lines.getvalue()

    assert (shown.status_code, done.status_code, strange.status_code) == (200, 200, 200)
    assert "已记录" in done.text
    assert done.headers["trace-id"] in done.text
    assert '"reason": "forged"' in lines or "forged" in lines
    assert licence_id in lines
    assert "王小明" not in lines


def give_pack(hall: Hall, room: PackRoom) -> None:
    """Let the hall hand out the room's pack, under the room's root."""
    with transaction(hall.town.database) as tx:
        artefacts.store(tx, TRUST_ROOT, TRUST_ROOT_NAME, room.root.spki, sequence=1_000, at=NOW)
        artefacts.store(tx, PACK, PACK_NAME, room.pack(), sequence=1_000, at=NOW)


def test_status_of_another_place_is_what_the_list_says(sqlite_hall: Hall, browser: Browser) -> None:
    room = PackRoom()
    give_pack(sqlite_hall, room)
    code = CodeRoom().code(status=ShortStatus(1, 77))
    with transaction(sqlite_hall.town.database) as tx:
        artefacts.store(tx, PACK, PACK_NAME, room.pack({77: 2}, sequence=10), sequence=1_001, at=NOW)
        artefacts.store(tx, SINCE, "9", room.pack({77: 2}, sequence=10), sequence=1_001, at=NOW)

    with served(sqlite_hall) as address, visiting(browser, NOW) as visit:
        visit.open(f"{address}/counter")
        visit.page.route("**/api/**", lambda route: route.abort())
        visit.scans(code)
        visit.waits_for("suspended")
