"""Every page is one that everybody can use: axe-core finds nothing, in any verdict, in zh and en, 320 and 1280 pixels wide.

The pages are made by the hall, those for staff by signing in, and shown one after the other in one browser, for opening one
costs more than judging it. What does not depend on the layout is judged once for each page; what does, in both widths.
"""

import gzip
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from fastapi import Request
from playwright.sync_api import Browser, Page, Route
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.cli.demo_acts import open_door
from api.cli.strangers import altered, foreign
from api.licence_forms import values_of
from api.pages.counter import NO_SCRIPTS
from api.pages.public import _verdict_page
from api.pages.rendering import STATIC, static_file
from api.verdicts import LOOKS
from registry.records import Role
from tests.browsers import served, visiting
from tests.flows.test_counter_page import packed
from tests.flows.test_holder import holder_browser
from tests.flows.test_staff_documents import DOCUMENTS, SHEETS, uploads
from tests.hall import Hall, beside, sheet_of
from tests.official_office import FOOT, OfficialOffice, plain_pdf
from tests.peers.programs import axe
from tests.staff_browser import HTML, PASSWORD, StaffBrowser
from tests.town import SIGNBOARD
from verify.facts import Facts
from verify.licence import HolderKind
from verify.report import Check, Finding, Outcome, Report, SignatureLine, Subject
from verify.report_objects import public_object
from verify.verdict import OF_FAILURE, OF_GAP, Verdict

pytestmark = [pytest.mark.server, pytest.mark.peer("chromium", "npm")]

# ux.md section 12, 1: the levels A and AA of WCAG up to 2.2, and what axe holds for good practice.
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What another width may change: the rest of the rules looks at the document, which is the same.
OF_LAYOUT: Final = ["color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block"]
# And what another language may change.
OF_WORDS: Final = [
    *OF_LAYOUT,
    "button-name",
    "document-title",
    "html-lang-valid",
    "image-alt",
    "label",
    "link-name",
    "valid-lang",
]
# ux.md section 12, 5: what a finger finds; sizes of all that is pressed, which no style of ours makes smaller.
SIZE_MIN: Final = 44
PRESSED: Final = "button, .button, header a, summary, nav a"
# ux.md section 12, 6: the summary has the focus, its link leads to the field, which says the same and is described by it.
POINTS_TO_FIELD: Final = """() => {
  const summary = document.querySelector(".summary"), link = summary.querySelector("a");
  const target = document.getElementById(link.hash.slice(1)), wrong = document.getElementById(`${target.id}-wrong`);
  if (document.activeElement !== summary || !/^(错误：|Error:)/.test(document.title)) return false;
  return !target.matches("input, textarea, select") || (
    wrong.textContent.includes(link.textContent) && target.getAttribute("aria-describedby").includes(wrong.id)
    && target.getAttribute("aria-invalid") === "true");
}"""
# All that is judged in one width, asked for once: each question to a browser costs more than its answer.
JUDGED: Final = f"""async ([place, only, isWide]) => {{
  const root = document.documentElement, isPushed = () => root.scrollWidth > root.clientWidth;
  const {{violations}} = await axe.run(place, {{
    runOnly: only, resultTypes: ["violations"], preload: false, selectors: false,
  }});
  const found = violations.map(each => [each.id, each.nodes.map(node => node.html.slice(0, 160))]);
  if (isPushed()) found.push(["it must be pushed sideways"]);
  for (const each of document.querySelectorAll("{PRESSED}")) {{
    const {{height}} = each.getBoundingClientRect();
    if (height > 0 && height < {SIZE_MIN}) found.push(["too small to be touched", each.outerHTML.slice(0, 90), height]);
  }}
  if (!isWide) return found;
  root.style.fontSize = "36px";  // text twice as large
  if (isPushed()) found.push(["large text must be pushed sideways"]);
  root.style.fontSize = "";
  if (document.querySelectorAll("h1").length !== 1) found.push(["not one first heading"]);
  if (document.querySelector(".summary") && !({POINTS_TO_FIELD})())
    found.push(["the error is not where somebody looks for it"]);
  return found;
}}"""
# ux.md section 12, 16 and 24: nothing in the markup runs or has a style of its own; English pages hold no Chinese but names.
RUNNING: Final = re.compile(
    r"<script(?! type=\"module\" src=\"/scripts/[0-9a-f]{16}/)|<style|\sstyle=|\son[a-z]+=|javascript:"
)
CHINESE: Final = re.compile("[\u4e00-\u9fff]+")
MARKED_CHINESE: Final = re.compile(r'Signed in as \S+|<(\w+)[^>]* lang="zh-CN"[^>]*>.*?</\1>|value="[^"]*"', re.DOTALL)
# ux.md section 12, 17: how many bytes, as they are without compression, and how many requests.
BYTES_MAX: Final = 40_000
LOADS_MAX: Final = 8
WIDTHS: Final = (1280, 320)
HEIGHT: Final = 900
EVERYTHING: Final = {"type": "tag", "values": TAGS}
# The one language is judged whole; of another width, and of the other language, what differs.
RULES: Final = {
    "zh": (EVERYTHING, {"type": "rule", "values": OF_LAYOUT}),
    "en": ({"type": "rule", "values": OF_WORDS}, {"type": "rule", "values": OF_LAYOUT}),
}
LANGUAGES: Final = ("zh", "en")
SHOTS: Final = os.environ.get("YINZHENG_SHOTS", "")


@dataclass
class Judge:
    """Judges what a page shows, in both widths, and writes down what would hinder somebody."""

    page: Page
    found: list[tuple[object, ...]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    widths: tuple[int, ...] = WIDTHS

    def __post_init__(self) -> None:
        """Bring the program into every page that is opened from now on."""
        self.page.context.add_init_script(path=axe())

    def judges(self, name: str, language: str, place: str = "html") -> None:
        """Judge the page, or a place in it of which the rest was judged before."""
        name = f"{name} {language}"
        self.seen.append(name)
        for width in self.widths:
            self._has_width(width)
            only = RULES[language][WIDTHS.index(width)]
            judged = self.page.evaluate(JUDGED, [place, only, width == max(WIDTHS)])
            self.found += [(name, width, *each) for each in judged]
            if SHOTS:
                path = Path(SHOTS) / f"{re.sub(r'[^a-z0-9]+', '-', name)}-{width}.png"
                self.page.screenshot(path=str(path), full_page=True)
        self.widths = self.widths[::-1]  # the next page begins in the width in which this one ended

    def _has_width(self, width: int) -> None:
        if self.page.viewport_size != {"width": width, "height": HEIGHT}:
            self.page.set_viewport_size({"width": width, "height": HEIGHT})


PICTURE: Final = '<svg xmlns="http://www.w3.org/2000/svg" width="600" height="800"/>'
Shown = Iterator[tuple[str, httpx.Response]]


def in_both(make: Callable[[str], httpx.Response], name: str) -> Shown:
    """Yield an answer in each language; `make` gets the end of an address."""
    for language in LANGUAGES:
        yield f"{name} {language}", make(f"?lang={language}")


def recalled_receipt(hall: Hall) -> str:
    """Return the id of a receipt with a time stamp, whose licence was revoked since."""
    licence_id = hall.issues()["licence_id"]
    stated = {"purpose": "supervision", "legal_basis": "食品安全法第一百一十条", "timestamp": True}
    body = {"id": licence_id, "reliance": stated}
    receipt: dict[str, str] = hall.ask("POST", "/api/v1/verifications", key="counter", json=body).json()["receipt"]
    assert hall.acts(licence_id, "revoke").is_success
    return receipt["receipt_id"]


def public_pages(hall: Hall) -> Shown:
    """Yield each page of the public by name: the first page and its slips, files, an error, what is reported."""
    good = hall.town.issues(hall.town.teacher_draft())
    office = OfficialOffice(hall.town)
    sealed = office.seals(office.approves(office.prepares(plain_pdf())))
    addresses = {
        "home": "/",
        "no such page": "/nothing/here",
        "valid by id": f"/v/{good.record.licence_id}",
        "live code": f"/p/{good.record.licence_id}",
        "encryption": "/encryption",
        "report": "/report",
        "official document": f"/v/{sealed.document_id}",
        "holder": "/holder",
        "receipt recalled": f"/r/{recalled_receipt(hall)}",
    }
    files = {
        "no file": b"",
        "valid by file": good.document,
        "altered file": altered(good.document),
        "strange file": beside(lambda: foreign(at=hall.town.now)),
        "unreadable file": b"%PDF-1.7\n" + bytes(500),
        "official file": office.document(sealed),
    }
    for name, path in addresses.items():
        yield from in_both(lambda end, path=path: hall.ask("GET", f"{path}{end}", headers=HTML), name)
    for name, content in files.items():
        file = {"file": ("licence.pdf", content)}
        yield from in_both(lambda end, file=file: hall.ask("POST", f"/check/file{end}", files=file, headers=HTML), name)
    for name, path, form in (
        ("slip in the box", "/check", {"entry": "89RB"}),
        ("reported", "/report", {"reason": "forged"}),
        ("holder refused", "/holder", {"code": "AAAA"}),
    ):
        yield from in_both(
            lambda end, path=path, form=form: hall.ask("POST", f"{path}{end}", data=form, headers=HTML), name
        )


def holder_pages(hall: Hall) -> Shown:
    """Yield the pages of a holder who has come in."""
    licence_id = hall.issues()["licence_id"]
    holder = holder_browser(hall, licence_id)
    for name, path in (("cards", "/holder"), ("card", f"/holder/licences/{licence_id}")):
        yield from in_both(lambda end, path=path: holder.opens(f"{path}{end}"), name)


def staff_pages(hall: Hall) -> Shown:
    """Yield each page for staff by name, from the invitation on, as one person sees them who has many roles."""
    staff, issued = StaffBrowser(hall=hall), hall.issues()

    def opened(name: str, path: str) -> Shown:
        yield from in_both(lambda end: staff.opens(f"{path}{end}"), name)

    def sent(name: str, action: str, page: str, **values: str) -> Shown:
        for staff.language in LANGUAGES:
            yield f"{name} {staff.language}", staff.sends(action, on=f"{page}?lang={staff.language}", **values)

    yield from opened("sign-in", "/sign-in")
    yield from sent("sign-in refused", "/sign-in", "/sign-in", account="nobody", password="wrong")
    invitation = staff.hires("somebody", Role.COUNTER, Role.AUDITOR, Role.ADMINISTRATOR)
    for staff.language in LANGUAGES:
        path = f"/invitation?code={invitation}&lang={staff.language}"
        yield f"invitation {staff.language}", staff.opens(path)
        yield (
            f"invitation refused {staff.language}",
            staff.sends("/invitation", on=path, password="short", repeated="short"),
        )
    staff.accepts(invitation)
    yield from opened("authenticator", "/sign-in/authenticator")
    staff.opens("/sign-in/authenticator")
    staff.enrols()
    for name in ("account", "people", "confirmation", "log", "desk"):
        yield from opened(name, f"/office/{name}")
    yield from opened("office", "/office")
    yield from sent("recovery codes", "/office/account/recovery-codes", "/office/account")
    yield from sent("log compared", "/office/log", "/office/log", kept="nothing kept")
    yield from sent("desk refused", "/office/desk", "/office/desk", entry="89RB")
    wished = {"purpose": "supervision", "basis": "行政许可法第六十一条"}
    yield from sent("desk with purpose", "/office/desk", "/office/desk", entry=issued["typed_id"], **wished)
    hall.acts(issued["licence_id"], "revoke")
    yield from opened("receipts", "/office/receipts")
    staff.sends("/sign-out", on="/office")
    staff.signs_in("somebody", PASSWORD)
    yield from opened("second factor", "/sign-in/second-factor")


def officer_pages(hall: Hall) -> Shown:
    """Yield the pages of an officer: documents to be sealed, sheets, licences one by one, and the demonstration's door."""
    officer = StaffBrowser(hall=hall).arrives("officer-1", Role.ISSUING_OFFICER)
    document = uploads(officer, DOCUMENTS, plain_pdf(), title="公文", anchor=FOOT).url.path
    place, drafted = f"/office/licences/new/{SIGNBOARD}", values_of(hall.town.signboard_draft())
    draft = officer.sends(place, on=place, **drafted).url.path
    drafts = [hall.town.signboard_draft(), hall.town.signboard_draft(holder_name="")]
    sheet = uploads(officer, SHEETS, sheet_of(hall.town, drafts)).url.path
    licence = f"/office/licences/{hall.issues()['licence_id']}"
    addresses = {
        "documents": DOCUMENTS,
        "document": document,
        "sheets": SHEETS,
        "sheet": sheet,
        "licences": "/office/licences",
        "licence form": place,
        "application": draft,
        "licence": licence,
    }
    for name, path in addresses.items():
        yield from in_both(lambda end, path=path: officer.opens(f"{path}{end}"), name)
    for officer.language in LANGUAGES:
        yield f"licence form refused {officer.language}", officer.sends(place, on=f"{place}?lang={officer.language}")
    open_door(hall.office)
    yield from in_both(lambda end: StaffBrowser(hall=hall).opens(f"/demonstration{end}"), "demonstration")
    yield from in_both(lambda end: hall.ask("GET", f"/{end}", headers=HTML), "home of the demonstration")
    hall.office.demonstration = None


PASSED: Final = (
    "form.code", "signature.good", "issuer.trusted", "contents.registry_agrees", "term.in_term", "status.in_force",
    "log.recorded", "clock.good",
)  # fmt: skip
PARAMS: Final = {
    "date": "2026-12-01", "days": "3", "hours": "25", "leaf": "7", "minutes": "12", "signer": "示例市行政审批服务局",
    "at": "2026-11-24T01:59:00+00:00", "authority": "示例市行政审批服务局", "reference": "示市监罚字〔2026〕1号",
}  # fmt: skip
GAPS: Final = {Verdict.STATUS_UNKNOWN: "status.stale", Verdict.UNREACHABLE: "status.unreachable"}


def report_of(verdict: Verdict, hall: Hall) -> Report:
    """Return a report whose findings mean this verdict."""
    at = hall.town.now
    failures = [code for code, meant in OF_FAILURE.items() if meant is verdict]
    wrong = GAPS.get(verdict) or next(iter(failures), "")
    outcome = Outcome.UNKNOWN if wrong in OF_GAP else Outcome.FAILED
    others = [code for code in PASSED if code.partition(".")[0] != wrong.partition(".")[0]]
    findings = [_finding(code, Outcome.PASSED) for code in others] + ([_finding(wrong, outcome)] if wrong else [])
    order = list(Check)
    days = 10 if verdict is Verdict.VALID_EXPIRING else 900
    facts = Facts(
        licence_id="0" * 16,
        type_code="11999999000000019M007",
        type_name="户外招牌设置许可证",
        type_name_en="Signboard permit",
        number="ZP99999900000018",
        holder="示例市" + "很长的名字" * 9,
        holder_kind=HolderKind.ORGANISATION,
        issuer="119999990000000511",
        issuer_name="示例市行政审批服务局",
        issuer_name_en="Approval Service Bureau of Sample City",
        valid_from=date(2026, 1, 1),
        valid_until=(at + timedelta(days=days)).date(),
    )
    return Report(
        subject=Subject.TEXT,
        findings=tuple(sorted(findings, key=lambda each: order.index(each.check))),
        at=at,
        valid_until=facts.valid_until,
        test=True,
        facts_source=facts,
        signatures=(SignatureLine(signer="示例市行政审批服务局", signed_at=at, outcome=Outcome.PASSED),),
    )


def _finding(code: str, outcome: Outcome) -> Finding:
    return Finding(Check(code.partition(".")[0]), code, outcome, source="code", params=PARAMS)


class Shown:
    """The hall with answers that it gave before, by number, and a picture for those that only who is signed in may see."""

    def __init__(self, app: ASGIApp, answers: Iterable[httpx.Response]) -> None:
        self._app, self._answers = app, list(answers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with what was answered, or with the picture, or ask the hall."""
        place, _, name = scope.get("path", "").rpartition("/")
        answer: ASGIApp = self._app
        if place == "/shown":
            given = self._answers[int(name)]
            kept = ("content-type", "content-security-policy")
            answer = Response(given.content, headers={each: given.headers[each] for each in kept})
        elif place.endswith("/pages") or name == "code.svg":
            answer = Response(PICTURE, media_type="image/svg+xml")
        await answer(scope, receive, send)


MAKERS: Final = (public_pages, holder_pages, staff_pages, officer_pages)


def test_no_page_hinders_anybody(sqlite_hall: Hall, windowless: Browser) -> None:
    packed(sqlite_hall)
    answers = {name: page for pages in MAKERS for name, page in pages(sqlite_hall)}
    sqlite_hall.app = Shown(sqlite_hall.app, answers.values())  # from here on served, not asked

    with served(sqlite_hall) as address, visiting(windowless, sqlite_hall.town.now) as visit:
        judge = Judge(visit.page)
        for number, (name, answer) in enumerate(answers.items()):
            assert name.startswith("no such") or answer.status_code in {200, 401, 413, 422}, (name, answer.status_code)
            visit.page.goto(f"{address}/shown/{number}")
            judge.judges(*name.rsplit(" ", 1))
        complaints = [each for each in visit.complaints if "[DOM]" not in each]  # advice to whoever writes pages
        visit.page.goto("about:blank")  # our own pages take no HTML from a script
        visit.page.set_content(
            '<font color="#cccccc">pale</font><img src="x"><button>x</button><p style="width:40rem">wide'
            '<p class="summary"><a href="#x">x</a><p id="x">'
        )
        blind = Judge(visit.page)
        blind.judges("barriers", "zh")

    assert judge.found == []
    assert len(judge.seen) == len(answers) == 2 * 48
    assert {name: len(answer.content) for name, answer in answers.items() if not is_light(answer)} == {}
    assert [name for name, answer in answers.items() if RUNNING.search(answer.text)] == []
    english = {name: MARKED_CHINESE.sub("", answer.text) for name, answer in answers.items() if name.endswith("en")}
    assert {name: found for name, text in english.items() if (found := CHINESE.findall(text))} == {}
    assert {
        "color-contrast",
        "image-alt",
        "html-has-lang",
        "it must be pushed sideways",
        "too small to be touched",
        "large text must be pushed sideways",
        "not one first heading",
        "the error is not where somebody looks for it",
    } <= {each[2] for each in blind.found if len(each) > 2}, "the judge sees barriers where there are some"
    assert complaints == []


def is_light(answer: httpx.Response) -> bool:
    """Say whether a page is light with what it loads; what scripts load is weighed in `test_light_pages`."""
    loaded = sum(len(gzip.compress(static_file(name))) for name in STATIC if name != "counter.css")
    loads = re.findall(r'<(?:link rel="(?:stylesheet|icon)"|script|img)[^>]*', answer.text)
    return len(answer.content) + loaded <= BYTES_MAX and 1 + len(loads) <= LOADS_MAX


def shown_on(page: str, language: str) -> Iterable[Verdict]:
    """Return what is shown on a page: all verdicts on each page and in each language, and of the rest one of each family.

    What a verdict looks like is one template, which takes the words of either language.
    """
    if (page, language) in {("public", "zh"), ("counter", "en")}:
        return Verdict
    return {look.tone: verdict for verdict, look in LOOKS.items()}.values()


def answered(value: object, route: Route) -> None:
    """Answer a request of the page with this value."""
    route.fulfill(json=value)


def border_of(page: Page, forced: Any) -> str:
    """Return the border of a verdict, which tells its family where there are no colours."""
    page.emulate_media(forced_colors=forced)
    style: str = page.eval_on_selector("#result .verdict", "each => getComputedStyle(each).borderTopStyle")
    page.emulate_media(forced_colors="none")  # what is judged next is judged in the colours that most people see
    return style


def test_no_verdict_hinders_anybody_on_the_publics_page_or_at_the_counter(
    sqlite_hall: Hall, windowless: Browser
) -> None:
    def show(request: Request, verdict: str) -> Response:
        return _verdict_page(request, report_of(Verdict(verdict), sqlite_hall), own=NO_SCRIPTS)

    packed(sqlite_hall)
    sqlite_hall.app.add_api_route("/shown/{verdict}", show)
    reports = {each: report_of(each, sqlite_hall) for each in Verdict}
    borders: dict[str, tuple[str, ...]] = {}

    with served(sqlite_hall) as address, visiting(windowless, sqlite_hall.town.now) as visit:
        page = visit.page
        judge = Judge(page)
        for language in LANGUAGES:
            for verdict in shown_on("public", language):
                page.goto(f"{address}/shown/{verdict}?lang={language}")
                judge.judges(f"public {verdict}", language, "main")
            visit.open(f"{address}{'/counter' if language == 'zh' else '/en/counter'}")
            judge.judges("counter", language)
            for verdict in shown_on("counter", language):
                page.route("**/verifications", partial(answered, public_object(reports[verdict])))
                page.fill("#entry", "0" * 16)
                page.press("#entry", "Enter")
                visit.waits_for(verdict)
                judge.judges(f"counter {verdict}", language, "#result")
                borders[verdict] = tuple(border_of(page, forced) for forced in ("none", "active"))
                page.unroute("**/verifications")
                page.clock.run_for(5_000)  # the same entry again at once is one entry
            page.click("#settings summary")
            page.check("#elder")
            judge.judges("counter in large print", language)
            page.uncheck("#elder")

    assert judge.found == []
    assert [each for each, report in reports.items() if report.verdict is not each] == []
    assert borders == {verdict: (look.border, look.border) for verdict, look in LOOKS.items()}
    assert visit.complaints == []
