"""The public's pages: the verdict on a licence for whoever scans, types or uploads; looked at in a real browser too."""

import gzip
import re
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.browsers import served
from tests.hall import Hall
from tests.small_pdf import pdf_objects, write_small_pdf

HTML = {"Accept": "text/html"}
ENGLISH = {"Accept": "text/html", "Accept-Language": "en-GB,en;q=0.9"}


def text_of(answer: httpx.Response) -> str:
    """Return the words of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def verdict_of(answer: httpx.Response) -> str:
    found = re.search(r'data-verdict="([a-z_]+)"', answer.text)
    return found[1] if found else ""


def heading_of(answer: httpx.Response) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer.text, re.DOTALL)
    return unescape(found[1]).strip() if found else ""


def title_of(answer: httpx.Response) -> str:
    found = re.search(r"<title>(.*?)</title>", answer.text)
    return unescape(found[1]) if found else ""


def uploads(hall: Hall, content: bytes, **headers: str) -> httpx.Response:
    file = {"file": ("licence.pdf", content, "application/pdf")}
    return hall.ask("POST", "/check/file", files=file, headers={**HTML, **headers})


def test_the_page_of_a_code_says_the_verdict_first(hall: Hall) -> None:
    issued = hall.issues()

    page = hall.ask("GET", f"/v/{issued['licence_id']}", headers=HTML)

    assert page.status_code == 200
    assert heading_of(page) == "有效"
    assert title_of(page) == "有效 – 户外招牌设置许可证"
    words = text_of(page)
    assert "测试证照，不具法律效力" in words
    assert "示例市老城餐饮有限公司" in words
    assert issued["number"] in words
    assert "没有核验签名" in words
    assert "请核对出示人身份" in words


def test_the_page_speaks_the_language_of_the_browser_or_of_the_address(sqlite_hall: Hall) -> None:
    path = f"/v/{sqlite_hall.issues()['licence_id']}"

    by_browser = sqlite_hall.ask("GET", path, headers=ENGLISH)
    by_address = sqlite_hall.ask("GET", f"{path}?lang=en", headers={"Accept-Language": "zh-CN"})
    back = sqlite_hall.ask("GET", f"{path}?lang=zh", headers=ENGLISH)

    assert heading_of(by_browser) == heading_of(by_address) == "Valid"
    assert '<html lang="en">' in by_browser.text
    assert 'lang="zh-CN">示例市老城餐饮有限公司' in by_browser.text
    assert f'href="{path}?lang=zh"' in by_browser.text
    assert heading_of(back) == "有效"
    assert by_browser.headers["content-language"] == "en"
    assert "Accept-Language" in by_browser.headers["vary"]


def test_english_pages_hold_no_chinese_but_names(sqlite_hall: Hall) -> None:
    answer = sqlite_hall.ask("GET", f"/v/{sqlite_hall.issues()['licence_id']}?lang=en", headers=HTML)
    without_data = re.sub(r'<(\w+)[^>]* lang="zh-CN"[^>]*>.*?</\1>', "", answer.text, flags=re.DOTALL)

    assert re.findall(r"[\u4e00-\u9fff]+", without_data) == []


def test_the_page_of_a_code_runs_our_own_module_and_nothing_else(sqlite_hall: Hall) -> None:
    issued = sqlite_hall.issues()

    page = sqlite_hall.ask("GET", f"/v/{issued['licence_id']}", headers=HTML)

    assert page.headers["cache-control"] == "no-store"
    assert "trusted-types yinzheng" in page.headers["content-security-policy"]
    assert "unsafe-inline" not in page.headers["content-security-policy"]
    assert re.findall(r"<script[^>]*>", page.text) == re.findall(
        r'<script type="module" src="/scripts/[0-9a-f]{16}/public\.js">', page.text
    )
    assert not re.search(r"\son[a-z]+=|\sstyle=|javascript:|https?://(?!www\.w3)", page.text)
    assert len(gzip.compress(page.content)) < 8_000


def test_pages_are_kept_by_nobody_and_run_nothing(sqlite_hall: Hall) -> None:
    issued = sqlite_hall.issues()

    for page in (
        sqlite_hall.ask("GET", "/", headers=HTML),
        sqlite_hall.ask("POST", "/check", data={"entry": issued["code_text"]}, headers=HTML),
    ):
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'")
        assert "unsafe" not in policy
        loads = r"<script|\son[a-z]+=|\sstyle=|javascript:|(?<!value=\")https?://(?!www\.w3)"
        assert not re.search(loads, page.text)  # a sample's code is an address, and loads nothing
        assert len(page.content) < 30_000


def test_the_stylesheet_is_small_and_kept_for_good_under_its_hash(sqlite_hall: Hall) -> None:
    home = sqlite_hall.ask("GET", "/", headers=HTML)
    address = re.search(r'href="(/static/app\.css\?v=[0-9a-f]{16})"', home.text)
    assert address is not None

    sheet = sqlite_hall.ask("GET", address[1])

    assert sheet.headers["content-type"].startswith("text/css")
    assert "immutable" in sheet.headers["cache-control"]
    assert len(sheet.content) < 12_000
    for other in ("/static/app.css?v=0123456789abcdef", "/static/app.css?v=", "/static/app.css"):
        answer = sqlite_hall.ask("GET", other)
        assert (answer.content, answer.headers["cache-control"]) == (sheet.content, "no-cache"), other


def test_each_act_has_its_own_word_its_ground_and_its_next_step(sqlite_hall: Hall) -> None:
    revoked, suspended = (sqlite_hall.issues()["licence_id"] for _ in range(2))
    sqlite_hall.acts(revoked, "revoke", reference="示市监罚字〔2026〕1号")
    until = (sqlite_hall.town.now + timedelta(days=30)).date()
    sqlite_hall.acts(suspended, "suspend", until=until.isoformat())

    page = sqlite_hall.ask("GET", f"/v/{revoked}", headers=HTML)
    paused = sqlite_hall.ask("GET", f"/v/{suspended}?lang=en", headers=HTML)

    assert (verdict_of(page), heading_of(page)) == ("revoked", "已吊销")
    assert "作出吊销决定（示市监罚字〔2026〕1号）" in text_of(page)
    assert "不予采信" in text_of(page)
    assert "示例理由" not in text_of(page)
    assert (verdict_of(paused), heading_of(paused)) == ("suspended", "Suspended")
    assert f"to {until.day} December 2026" in text_of(paused)


def test_what_the_registry_lacks_is_answered_with_200(sqlite_hall: Hall) -> None:
    page = sqlite_hall.ask("GET", "/v/0000000000000000", headers=HTML)

    assert (page.status_code, verdict_of(page)) == (200, "not_found")


def test_a_persons_name_is_masked(sqlite_hall: Hall) -> None:
    town = sqlite_hall.town
    issued = town.issues(town.teacher_draft())

    page = sqlite_hall.ask("GET", f"/v/{issued.record.licence_id}", headers=HTML)
    by_file = uploads(sqlite_hall, issued.document)

    for each in (page, by_file):
        assert verdict_of(each) == "valid"
        assert "欧*䶮" in each.text
        assert "欧阳䶮" not in each.text
        assert issued.record.holder_code not in each.text


def test_the_box_takes_a_typed_id_in_any_spelling_and_opens_its_page(sqlite_hall: Hall) -> None:
    issued = sqlite_hall.issues()

    for entry in (issued["typed_id"], issued["typed_id"].lower().replace("-", " "), issued["licence_id"]):
        answer = sqlite_hall.ask("POST", "/check?lang=en", data={"entry": entry}, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/v/{issued['licence_id']}?lang=en")


def test_the_box_takes_the_text_of_a_code_or_its_address(sqlite_hall: Hall) -> None:
    issued = sqlite_hall.issues()
    address = issued["code_text"].partition("#")[0]

    by_code = sqlite_hall.ask("POST", "/check", data={"entry": f" {issued['code_text']}\n"}, headers=HTML)
    by_address = sqlite_hall.ask("POST", "/check", data={"entry": address}, headers=HTML)

    assert verdict_of(by_code) == verdict_of(by_address) == "valid"
    assert "签名与内容相符" in text_of(by_code)
    assert "没有核验签名" in text_of(by_address)


def wide(text: str) -> str:
    """Return a text as an input method in wide letters writes it."""
    return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)


def test_the_box_takes_what_input_methods_scanners_and_browsers_make_of_a_code(sqlite_hall: Hall) -> None:
    issued = sqlite_hall.issues()
    code, licence_id = issued["code_text"], issued["licence_id"]

    by_id = sqlite_hall.ask("POST", "/check", data={"entry": wide(issued["typed_id"])}, headers=HTML)
    pages = {
        entry: sqlite_hall.ask("POST", "/check", data={"entry": entry}, headers=HTML)
        for entry in (
            wide(code),
            code.upper(),
            code.replace("#", "＃"),
            f"]Q1{code}\r\n",
            f"\x02{code}\x03",
            f"{code[:100]}\n{code[100:]}",
            f"http://127.0.0.1/v/{licence_id}?lang=zh",
            f"licences.test.example/v/{licence_id}/",
        )
    }
    by_interface = sqlite_hall.ask("POST", "/api/v1/verifications", json={"text": f" {wide(code)}\r\n"})

    assert by_id.headers["location"].startswith(f"/v/{licence_id}?")
    assert {entry: verdict_of(page) for entry, page in pages.items()} == dict.fromkeys(pages, "valid")
    assert by_interface.json()["verdict"] == "valid"


def test_a_slip_in_wide_letters_is_a_slip(sqlite_hall: Hall) -> None:
    typed = sqlite_hall.issues()["typed_id"]
    slip = ("0" if typed[0] != "0" else "1") + typed[1:]

    page = sqlite_hall.ask("POST", "/check", data={"entry": wide(slip)}, headers=HTML)

    assert page.status_code == 422
    assert "核验码输错了" in text_of(page)


def test_what_an_office_wrote_is_shown_as_text(sqlite_hall: Hall) -> None:
    name = "<img src=x onerror=alert(1)>\"'&{{7*7}}</dd><script>有限公司"
    issued = sqlite_hall.issues(holder_name=name)
    sqlite_hall.acts(issued["licence_id"], "revoke", reference="<b>吊1</b>号")

    page = sqlite_hall.ask("GET", f"/v/{issued['licence_id']}", headers=HTML)

    assert "<img src=x" not in page.text
    assert page.text.count("<script") == page.text.count('<script type="module" src="/scripts/') == 1
    assert "<b>吊1" not in page.text
    assert name in unescape(page.text)


def test_an_altered_code_hides_whose_it_claims_to_be(sqlite_hall: Hall) -> None:
    text = sqlite_hall.issues()["code_text"]
    altered = text[:-3] + ("000" if text[-3:] != "000" else "111")

    page = sqlite_hall.ask("POST", "/check", data={"entry": altered}, headers=HTML)

    assert verdict_of(page) == "tampered"
    assert "示例市老城餐饮有限公司" not in page.text
    assert "留存原件，记录并上报" in text_of(page)


@pytest.mark.parametrize("entry", ["", "  ", "89RB", "not a code at all"])
def test_a_slip_is_told_at_the_field_and_above(sqlite_hall: Hall, entry: str) -> None:
    page = sqlite_hall.ask("POST", "/check", data={"entry": entry}, headers=HTML)

    assert page.status_code == 422
    assert title_of(page).startswith("错误：")
    assert 'aria-invalid="true"' in page.text
    assert 'href="#entry"' in page.text


def test_a_mistyped_address_is_a_slip_too(sqlite_hall: Hall) -> None:
    page = sqlite_hall.ask("GET", "/v/89RB", headers=HTML)

    assert page.status_code == 422
    assert "核验码输错了" in text_of(page)


def test_a_file_is_checked_with_its_signature_and_log_proof(hall: Hall) -> None:
    issued = hall.issues()
    document = hall.ask("GET", f"/api/v1/licences/{issued['licence_id']}/document", key="officer").content

    page = uploads(hall, document)

    assert verdict_of(page) == "valid"
    for words in ("签名与内容相符", "在信任名单中，有权签发", "签发日志中有记录，证明成立", "登记为有效"):
        assert words in text_of(page)
    assert "示例市行政审批服务局" in text_of(page)


def test_an_altered_a_foreign_and_a_broken_file_are_told_apart(sqlite_hall: Hall) -> None:
    issued = sqlite_hall.issues()
    document = sqlite_hall.ask("GET", f"/api/v1/licences/{issued['licence_id']}/document", key="officer").content
    unsigned = bytes(write_small_pdf(pdf_objects()).content)

    altered = uploads(sqlite_hall, document + b"\n% one line more\n")
    strange = uploads(sqlite_hall, unsigned)
    broken = uploads(sqlite_hall, b"%PDF-1.7\n" + bytes(500))

    assert verdict_of(altered) == "tampered"
    assert verdict_of(strange) in {"unreadable", "unknown_issuer", "tampered"}
    assert verdict_of(broken) == "unreadable"
    assert "文件在签名之后被改动" in text_of(altered)
    assert heading_of(broken) == "认不出这个文件"
    assert "这不是证照文件" in text_of(broken)
    assert "请换用发证机关给的原文件" in text_of(broken)
    assert {page.status_code for page in (altered, strange, broken)} == {200}


def test_no_file_and_too_large_a_file_are_told_as_such(sqlite_hall: Hall) -> None:
    none = uploads(sqlite_hall, b"")
    large = uploads(sqlite_hall, bytes(23_000_000))

    assert none.status_code == 422
    assert "请选择一个文件" in text_of(none)
    assert large.status_code == 413
    assert "内容太大" in text_of(large)


def test_forms_with_what_no_database_takes_are_no_fault(hall: Hall) -> None:
    """A zero, half a character: PostgreSQL takes neither, and no form of ours asks it to."""
    for path, fields in (
        ("/check", ("entry",)),
        ("/report", ("reason", "reference", "id", "verdict")),
        ("/sign-in", ("account", "password", "once", "mark", "next")),
        ("/invitation", ("code", "password", "repeated", "once", "mark")),
    ):
        for value in ("a\x00b", "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"), "%00", "a" * 100_000):
            page = hall.ask("POST", path, data=dict.fromkeys(fields, value), headers=HTML)
            assert page.status_code < 500, (path, value[:5])
    for path in (
        "/v/%00",
        "/v/%ff",
        "/v/" + "0" * 5_000,
        "/api/v1/checks/%00",
        "/p/%00",
        "/r/%00",
        "/holder/licences/%00",
        "/holder/licences/%00/code.svg",
        "/static/..%2f..%2fapp.py",
    ):
        assert hall.ask("GET", path, headers=HTML).status_code < 500, path


def test_page_interface_and_reference_show_the_same_verdict(sqlite_hall: Hall) -> None:
    issued = sqlite_hall.issues()
    sqlite_hall.acts(issued["licence_id"], "cancel")

    page = sqlite_hall.ask("POST", "/check", data={"entry": issued["code_text"]}, headers=HTML)
    answer = sqlite_hall.ask("POST", "/api/v1/verifications", json={"text": issued["code_text"]}).json()

    assert verdict_of(page) == answer["verdict"] == "cancelled"
    shown = re.findall(r'<li class="(\w+)" data-check="(\w+)">', page.text)
    assert shown == [(each["result"], each["name"]) for each in answer["checks"]]
    assert page.headers["trace-id"] in page.text


def test_what_somebody_entered_is_not_in_the_log(sqlite_hall: Hall) -> None:
    issued = sqlite_hall.issues()

    sqlite_hall.ask("POST", "/check", data={"entry": issued["code_text"]}, headers=HTML)
    sqlite_hall.ask("GET", f"/v/{issued['licence_id']}", headers=HTML)

    assert issued["licence_id"] not in sqlite_hall.lines.getvalue()
    assert issued["code_text"][-40:] not in sqlite_hall.lines.getvalue()


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@dataclass(kw_only=True)
class Walk:
    """What somebody saw who looked a licence up by its number, one that was revoked, and a file; last without scripts."""

    border: str = ""
    headings: list[str] = field(default_factory=list)
    overflows: list[int] = field(default_factory=list)
    heights: list[float] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def walked(browser: Browser, address: str, ids: tuple[str, str], file: Path, width: int, language: str) -> Walk:
    """Go the way in this width, with a browser that asks for this language."""
    walk, (good, revoked) = Walk(), ids
    locale = {"zh": "zh-CN", "en": "en-GB"}[language]
    context = browser.new_context(viewport={"width": width, "height": 800}, java_script_enabled=True, locale=locale)
    page = context.new_page()
    page.on("console", lambda message: walk.complaints.append(message.text))
    page.on("request", lambda request: walk.complaints.append(request.url) if address not in request.url else None)
    page.goto(f"{address}/")
    walk.overflows.append(overflow(page))
    page.fill("#entry", good)
    page.click("form >> nth=0 >> button")
    walk.border = page.eval_on_selector(".verdict", "each => getComputedStyle(each).borderTopStyle")
    walk.headings.append(page.inner_text("h1"))
    walk.overflows.append(overflow(page))
    walk.heights = page.eval_on_selector_all(
        "header a, a.button, button", "all => all.map(each => each.getBoundingClientRect().height)"
    )
    page.goto(f"{address}/v/{revoked}")
    walk.headings.append(page.inner_text("h1"))
    walk.overflows.append(overflow(page))
    page.goto(f"{address}/")
    page.set_input_files("#file", str(file))
    page.click("form >> nth=1 >> button")
    walk.headings.append(page.inner_text("h1"))
    context.close()
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    sandboxed = context.new_page()
    sandboxed.goto(f"{address}/v/{good}?lang={language}")
    walk.headings.append(sandboxed.inner_text("h1"))
    context.close()
    return walk


@pytest.mark.server
@pytest.mark.peer("chromium")
def test_pages_are_whole_in_a_browser_without_scripts(sqlite_hall: Hall, windowless: Browser, tmp_path: Path) -> None:
    town = sqlite_hall.town
    good = town.issues(town.signboard_draft(holder_name="示例市" + "很长的名字" * 9))
    revoked = sqlite_hall.issues()["licence_id"]
    sqlite_hall.acts(revoked, "revoke", reference="示市监罚字〔2026〕1号")
    file = tmp_path / "licence.pdf"
    file.write_bytes(good.document)
    ids = good.record.licence_id, revoked
    visits = [(width, language) for width in (320, 1280) for language in ("zh", "en")]

    with served(sqlite_hall) as address:
        found = {each: walked(windowless, address, ids, file, *each) for each in visits}

    headings = {
        "zh": ["有效", "已吊销", "有效", "有效"],
        "en": ["Valid", "Revoked (penalty)", "Valid", "Valid"],
    }
    for (width, language), walk in found.items():
        assert walk.headings == headings[language], width
        assert walk.overflows == [0, 0, 0], (width, language)
        assert min(walk.heights) >= 44, (width, language)
        assert walk.border == "solid"
        assert walk.complaints == []
