"""One verdict object everywhere: all 25, by page, print, HTTP, receipt, command line, webhook and the page's own script.

Each input is asked about by all ways at the same standing moment, in both languages; everything that they say is compared:
headline, sentence, next step, facts, each check, exit code. A way by which a verdict cannot come stands in a table with
the reason.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any, Final

import httpx
import pypdfium2
import pytest
import typer
from playwright.sync_api import Browser

from api.cli.checks import verify
from api.cli.program import Session, app
from api.cli.screen import Screen
from api.environment import Language
from api.verdicts import LOOKS, headline_later
from registry import webhooks
from registry.db import transaction
from registry.webhooks import WebhookTarget
from tests.browsers import served, visiting
from tests.every_verdict import ACTS, Case, Given, Prepared, change, every_verdict, prepare
from tests.hall import Hall, own_hall
from tests.page_scripts import answers
from tests.town import BUREAU, FoundedTown
from verify.receipt import read_receipt
from verify.values import LicenceId
from verify.verdict import Verdict

HTML = {"Accept": "text/html"}
LANGUAGES: Final[tuple[tuple[Language, str], ...]] = (("zh", "："), ("en", ": "))
RELIANCE: Final = {"purpose": "supervision", "legal_basis": "《食品安全法》第一百一十条"}
NO_RECEIPT: Final[Mapping[Verdict, str]] = {
    Verdict.UNREADABLE: "nothing was read that an office could rely on",
    Verdict.UNREACHABLE: "nobody was reached who could say anything",
    Verdict.CLOCK_WRONG: "the moment, which a receipt is about, is not known",
}
TOLD_OF: Final = frozenset({*ACTS, Verdict.SUPERSEDED})
"""The acts that a recall is about. All other verdicts come of what was shown, of time or of keys: there is no act to tell."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one face says in words: no more than the page shows, and no less."""

    headline: str
    sentence: str
    test_notice: str
    next_step: str
    facts: tuple[tuple[str, str], ...]
    checks: tuple[tuple[str, str], ...]


def by_page(hall: Hall, given: Given, language: Language) -> httpx.Response:
    if isinstance(given, bytes):
        file = {"file": ("licence.pdf", given, "application/pdf")}
        return hall.ask("POST", f"/check/file?lang={language}", files=file, headers=HTML)
    if "#" in given or "/" in given:
        return hall.ask("POST", f"/check?lang={language}", data={"entry": given}, headers=HTML)
    return hall.ask("GET", f"/v/{given}?lang={language}", headers=HTML)


def by_http(hall: Hall, given: Given) -> dict[str, Any]:
    if isinstance(given, bytes):
        answer = hall.ask("POST", "/api/v1/verifications/file", files={"file": ("a.pdf", given, "application/pdf")})
    elif "#" in given or "/" in given:
        answer = hall.ask("POST", "/api/v1/verifications", json={"text": given})
    else:
        answer = hall.ask("GET", f"/api/v1/checks/{given}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


class CommandLine:
    """`yinzheng verify` on the hall's own office, which has the town's clock."""

    def __init__(self, hall: Hall, folder: Path) -> None:
        self._hall, self._folder = hall, folder

    def verifies(self, given: Given, screen: Screen) -> tuple[int, str]:
        """Return exit code and output."""
        if isinstance(given, bytes):
            path = self._folder / "licence.pdf"
            path.write_bytes(given)
            given = str(path)
        session = Session(screen=screen, data=None)
        session._public = self._hall.office
        context = typer.Context(typer.main.get_command(app), obj=session)
        with redirect_stdout(StringIO()) as written, pytest.raises(typer.Exit) as ended:
            verify(context, [given])
        return ended.value.exit_code, written.getvalue()


def said_by_page(page: httpx.Response) -> Said:
    """Read a page of a verdict, tag by tag."""
    shown = re.sub(r"<template\b.*?</template>", "", page.text, flags=re.DOTALL)  # what a script may put up later

    def found(pattern: str) -> list[Any]:
        return [_plain(each) for each in re.findall(pattern, shown, re.DOTALL)]

    box = re.search(r"<section class=\"verdict.*?</section>", shown, re.DOTALL)
    assert box is not None
    sentences = [_plain(each) for each in re.findall(r"<p>(?!<a)(.*?)</p>", box[0], re.DOTALL)]
    (next_step,) = found(r'<p class="next"><b>[^<]*</b> (.*?)</p>')
    return Said(
        headline=found(r"<h1>(.*?)</h1>")[0],
        sentence="".join(sentences),
        test_notice="".join(found(r'<p class="test">(.*?)</p>')),
        next_step=next_step,
        facts=tuple(found(r"<dt>(.*?)</dt><dd[^>]*>(.*?)</dd>")),
        checks=tuple(found(r'<li class="\w+" data-check="\w+">.*?<b>(.*?)</b> <span class="found">(.*?)</span>')),
    )


def _plain(text: Any) -> Any:
    if isinstance(text, tuple):
        return tuple(_plain(each) for each in text)
    return unescape(re.sub(r"<[^>]+>", "", text)).strip()


def said_by_command_line(text: str, verdict: Verdict, page: Said, colon: str) -> Said:
    """Read what the command line printed; how many lines each part has is known from its indentation."""
    head, *lines = text.rstrip("\n").split("\n")
    headline = head.removeprefix(f"{LOOKS[verdict].mark} ").split("  ")[0]
    steps = [index for index, line in enumerate(lines) if line.startswith("  → ")]
    above = [line.strip() for line in lines[: steps[0]] if not line.startswith("  ! ")]
    below = lines[steps[0] + 1 :]
    checks = [line.strip() for line in below if line.startswith("    ")]
    facts = [line.strip() for line in below if not line.startswith("    ")]
    return Said(
        headline=headline,
        test_notice=above[0] if page.test_notice else "",
        sentence="".join(above[bool(page.test_notice) :]),
        next_step=lines[steps[0]].removeprefix("  → "),
        facts=tuple(_parted(each, colon) for each in facts),
        checks=tuple(_parted(each.split(" ", 1)[1], colon) for each in checks),
    )


def _parted(line: str, colon: str) -> tuple[str, str]:
    name, _, value = line.partition(colon)
    return name, value


def without_reference(said: Said, page: httpx.Response) -> Said:
    """Leave out the one thing that a page has and a terminal has not: the reference of its request."""
    trace = page.headers["trace-id"]

    def left(text: str) -> str:
        return re.sub(rf"\s*[（(][^（()）]*{trace}[）)]", "", text)

    return Said(**{**vars_of(said), "sentence": left(said.sentence), "next_step": left(said.next_step)})


def vars_of(said: Said) -> dict[str, Any]:
    return {name: getattr(said, name) for name in Said.__dataclass_fields__}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What every way said of one input."""

    case: Case
    given: Given
    over_http: dict[str, Any]
    on_line: dict[str, Any]
    exit_code: int
    pages: dict[Language, Said]
    lines: dict[Language, Said]
    relied: dict[str, Any] | None
    printed: str

    @property
    def verdict(self) -> Verdict:
        return self.case.verdict


@dataclass(kw_only=True)
class Walk:
    """One walk through all cases; `messages` are the bodies that wait for another office's address."""

    hall: Hall
    told: list[Told] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)


def told_of(hall: Hall, command_line: CommandLine, case: Case, given: Given, *, is_first: bool) -> Told:
    """Ask about one input by all ways."""
    over_http = by_http(hall, given)
    exit_code, line = command_line.verifies(given, Screen(as_json=True))
    on_line = json.loads(line)
    del on_line["input"]
    pages, lines = {}, {}
    for language, colon in LANGUAGES if is_first else LANGUAGES[:1]:
        page = by_page(hall, given, language)
        assert page.status_code == 200
        assert f'data-verdict="{case.verdict.value}"' in page.text
        pages[language] = without_reference(said_by_page(page), page)
        _, output = command_line.verifies(given, Screen(language=language))
        lines[language] = said_by_command_line(output, case.verdict, pages[language], colon)
    relied = None if case.no_receipt else by_receipt(hall, given)
    return Told(
        case=case,
        given=given,
        over_http=over_http,
        on_line=on_line,
        exit_code=exit_code,
        pages=pages,
        lines=lines,
        relied=relied,
        printed=on_paper(hall, relied) if is_first else "",
    )


def by_receipt(hall: Hall, given: Given) -> dict[str, Any]:
    """Ask for a stated purpose."""
    if isinstance(given, bytes):
        sent: dict[str, Any] = {"files": {"file": ("a.pdf", given)}, "data": {"reliance": json.dumps(RELIANCE)}}
        answer = hall.ask("POST", "/api/v1/verifications/file", key="counter", **sent)
    else:
        asked = {"text" if "#" in given or "/" in given else "id": given, "reliance": RELIANCE}
        answer = hall.ask("POST", "/api/v1/verifications", key="counter", json=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def on_paper(hall: Hall, relied: dict[str, Any] | None) -> str:
    """Return the words of the printed receipt, without spaces; none when no receipt was made."""
    if relied is None or relied["receipt"] is None:
        return ""
    path = f"/api/v1/verifications/{relied['receipt']['receipt_id']}/page"
    page = pypdfium2.PdfDocument(hall.ask("GET", path, key="counter").content)[0]
    return "".join(page.get_textpage().get_text_range().split())


@pytest.fixture(scope="module")
def walk(founded_on_sqlite: FoundedTown, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """A town of its own, walked through once."""
    with own_hall(founded_on_sqlite, tmp_path_factory.mktemp("walk")) as hall:
        made = prepare(hall)
        walked = Walk(hall=hall)
        _rely_on_what_will_end(made)
        change(made)
        with transaction(hall.office.database) as tx:
            walked.messages = [json.loads(each.body) for each in webhooks.take_due(tx, at=hall.town.now)]
        command_line = CommandLine(hall, tmp_path_factory.mktemp("line"))
        seen: set[Verdict] = set()
        for case in every_verdict(made):
            for given in case.given:
                walked.told.append(told_of(hall, command_line, case, given, is_first=case.verdict not in seen))
                seen.add(case.verdict)
        yield walked


def _rely_on_what_will_end(made: Prepared) -> None:
    """Let an office with a listed address rely on each licence that an act will end."""
    hall = made.hall
    target = WebhookTarget(
        target_id="t1", office=BUREAU, url="https://office.example/recalls", is_active=True, added_at=hall.town.now
    )
    with transaction(hall.office.database) as tx:
        webhooks.add_target(tx, target)
    for name in (*ACTS, "old"):
        assert by_receipt(hall, made.ids[name])["receipt"]


def test_every_verdict_is_reached(walk: Walk) -> None:
    assert {each.verdict for each in walk.told} == set(Verdict)


def test_http_and_command_line_give_the_same_object_and_the_exit_code_of_the_table(walk: Walk) -> None:
    for each in walk.told:
        assert each.over_http["verdict"] == each.verdict.value
        assert each.on_line == each.over_http, each.verdict
        assert each.exit_code == LOOKS[each.verdict].exit_code


def test_page_and_command_line_say_the_same_words_in_both_languages(walk: Walk) -> None:
    for each in walk.told:
        assert each.pages == each.lines, each.verdict
        facts = each.over_http["facts"]
        shown = {value for _, value in each.pages["zh"].facts}
        assert not facts.get("holder") or facts["holder"] in shown


def test_a_stated_purpose_gets_the_same_object_and_a_receipt_that_says_its_number(walk: Walk) -> None:
    for each in walk.told:
        if each.relied is None:
            assert each.case.no_receipt
            continue
        said = dict(each.relied)
        receipt, _ = said.pop("receipt"), said.pop("fields")
        assert said == each.over_http, each.verdict
        assert (receipt is None) is (each.verdict in NO_RECEIPT), each.verdict
        if receipt is not None:
            kept = read_receipt(base64.b64decode(receipt["cose"]))
            assert kept.result == each.verdict.receipt_number


def test_the_printed_receipt_has_the_headline_and_each_check(walk: Walk) -> None:
    for each in walk.told:
        if each.printed:
            words = each.pages["zh"]
            assert _dense(headline_later(each.verdict, "zh")) in each.printed, each.verdict
            assert all(_dense(name) in each.printed for name, _ in words.checks), each.verdict
    on_file = {each.verdict for each in walk.told if not each.case.no_receipt} - NO_RECEIPT.keys()
    assert {each.verdict for each in walk.told if each.printed} == on_file
    assert set(Verdict) - on_file - NO_RECEIPT.keys() == {
        Verdict.ENDED
    }  # what the list says while the registry is away


def _dense(words: str) -> str:
    return "".join(words.split())


def test_a_recall_tells_the_verdict_that_the_licence_has_now(walk: Walk) -> None:
    told = {each["data"]["licence_id"]: each["data"]["verdict"] for each in walk.messages}
    now = {
        each.given: each.verdict.value
        for each in walk.told
        if each.verdict in TOLD_OF and isinstance(each.given, str) and "/" not in each.given
    }

    assert told == now
    assert set(now.values()) == {each.value for each in TOLD_OF}


def test_the_pages_script_says_the_same_words(walk: Walk, tmp_path: Path) -> None:
    cases = [
        {
            "kind": "report",
            "report": each.over_http,
            "isFile": isinstance(each.given, bytes),
            "language": language,
        }
        for each in walk.told
        for language in each.pages
    ]
    expected = [(each.verdict, language, words) for each in walk.told for language, words in each.pages.items()]

    said = answers(tmp_path, cases)

    for (verdict, language, words), answer in zip(expected, said, strict=True):
        assert said_by_script(answer) == words, (verdict, language)


def said_by_script(answer: dict[str, Any]) -> Said:
    """Return what the script's words are."""
    return Said(
        headline=answer["headline"],
        sentence=answer["sentence"],
        test_notice=answer["test"],
        next_step=answer["next"],
        facts=tuple((each["name"], each["value"]) for each in answer["facts"]),
        checks=tuple((each["name"], each["found"]) for each in answer["checks"]),
    )


@pytest.mark.server
@pytest.mark.peer("chromium")
def test_the_counter_prints_what_it_was_answered(walk: Walk, browser: Browser) -> None:
    """The page asks and shows each answer that was given above; then it is looked at as a printer would."""
    first = {each.verdict: each for each in reversed(walk.told)}
    answering: list[str] = []

    with served(walk.hall) as address, visiting(browser, walk.hall.town.now) as visit:
        page = visit.page
        visit.open(f"{address}/counter")
        page.route("**/api/v1/verifications", lambda route: route.fulfill(status=200, body=answering[-1]))
        page.evaluate("document.documentElement.dataset.printing = 'receipt'")
        for number, (verdict, each) in enumerate(first.items()):
            answering.append(json.dumps(each.over_http))
            page.emulate_media(media="screen")
            page.fill("#entry", LicenceId(bytes([number] * 10)).text)
            page.evaluate("document.getElementById('scan').requestSubmit()")
            visit.waits_for(verdict.value)
            page.emulate_media(media="print")
            paper, words = page.inner_text("body"), each.pages["zh"]
            assert words.headline in paper
            assert words.next_step in paper
            assert all(name in paper and found in paper for name, found in words.checks)
