"""The public's page of a code with scripts: never a green word about a signature that was not checked."""

from playwright.sync_api import Browser, Page, Route, expect

from signer.packs import refresh_pack
from tests.browsers import served, visiting
from tests.hall import Hall

VALID, ALTERED, UNREADABLE = "有效", "内容被改动", "认不出这个码"
CHECKING, UNCHECKED = "正在核对二维码的签名…", "二维码的签名未能核对：请刷新页面再试"


def packed(hall: Hall) -> None:
    """Publish what browsers check with."""
    hall.town.publishes()
    refresh_pack(hall.town.desk, at=hall.town.now)


def forged(digits: str) -> str:
    return digits[:-3] + ("123" if digits[-3:] != "123" else "124")


def shown(page: Page) -> str:
    """Return the verdict that can be read on the page; empty while none can."""
    heading = page.locator("#result h1")
    return heading.inner_text() if heading.is_visible() else ""


def is_ready(page: Page) -> None:
    expect(page.locator("html[data-ready]")).to_be_attached(timeout=20_000)


def test_the_word_of_the_registry_is_no_verdict_while_or_unless_the_signature_is_checked(
    sqlite_hall: Hall, windowless: Browser
) -> None:
    issued, other = sqlite_hall.issues(), sqlite_hall.issues()
    (path, digits), (_, of_other) = (each["code_text"].split("#") for each in (issued, other))
    path = path[path.index("/v/") :]
    packed(sqlite_hall)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    with served(sqlite_hall) as address, visiting(windowless, sqlite_hall.town.now, locale="zh-CN") as visit:
        page = visit.page
        page.route("**/api/v1/verifications", hold)  # the registry takes its time
        page.goto(f"{address}{path}#{digits}", wait_until="commit")
        expect(page).to_have_title(CHECKING)
        page.wait_for_function("() => document.documentElement.dataset.ready === undefined")
        assert (shown(page), page.locator("html[data-ready]").count()) == ("", 0)
        for each in held:
            each.continue_()
        is_ready(page)
        assert shown(page) == VALID

        page.evaluate("(hash) => { location.hash = hash; }", forged(digits))  # in the same tab, and nobody answers
        expect(page.locator("#result h1")).to_have_text(ALTERED, timeout=20_000)

        for changed, verdict in ((f"{digits}x", UNREADABLE), (f"{digits}%20", UNREADABLE), (of_other, None)):
            page.goto("about:blank")
            page.goto(f"{address}{path}#{changed}")
            is_ready(page)
            assert shown(page) != VALID
            assert verdict is None or shown(page) == verdict

        page.unroute("**/api/v1/verifications")
        page.route("**/api/v1/verifications", lambda route: route.fulfill(status=503, body="{}"))
        page.goto("about:blank")
        page.goto(f"{address}{path}#{digits}")
        is_ready(page)
        assert shown(page) == VALID
        assert "脱机核验，状态数据" in page.locator("#result").inner_text()

        page.route("**/words-*.js", lambda route: route.abort())
        page.goto("about:blank")
        page.goto(f"{address}{path}#{digits}")
        is_ready(page)
        assert (shown(page), page.title()) == ("", UNCHECKED)
