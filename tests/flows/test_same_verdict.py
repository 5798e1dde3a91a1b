"""One verdict object everywhere: public page, command line and HTTP say the same of the same thing, in every field.

The three are asked at the same standing moment, so that not even the time of the check may differ.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import typer
from sqlalchemy import text

from api.cli.checks import verify
from api.cli.program import Session, app
from api.cli.screen import Screen
from api.cli.strangers import altered, foreign
from api.settings import Language
from api.verdicts import LOOKS
from registry.db import open_database
from tests.hall import Hall
from verify.verdict import Verdict

HTML = {"Accept": "text/html"}
LANGUAGES: Final[tuple[tuple[Language, str], ...]] = (("zh", "："), ("en", ": "))
Given = str | bytes


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

    def __init__(self, hall: Hall, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self._hall, self._folder, self._capture = hall, folder, capture

    def verifies(self, given: Given, screen: Screen) -> tuple[int, str]:
        """Return exit code and output."""
        if isinstance(given, bytes):
            path = self._folder / "licence.pdf"
            path.write_bytes(given)
            given = str(path)
        session = Session(screen=screen, data=None)
        session._public = self._hall.office
        context = typer.Context(typer.main.get_command(app), obj=session)
        self._capture.readouterr()
        with pytest.raises(typer.Exit) as ended:
            verify(context, [given])
        return ended.value.exit_code, self._capture.readouterr().out


@pytest.fixture
def command_line(sqlite_hall: Hall, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(sqlite_hall, tmp_path, capsys)


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


def demand_same(hall: Hall, command_line: CommandLine, given: Given, verdict: Verdict) -> None:
    """Ask all three, in both languages, and compare everything that they say."""
    over_http = by_http(hall, given)
    code, line = command_line.verifies(given, Screen(as_json=True))
    on_line = json.loads(line)

    assert over_http["verdict"] == verdict.value
    assert code == LOOKS[verdict].exit_code
    del on_line["input"]
    assert on_line == over_http
    for language, colon in LANGUAGES:
        page = by_page(hall, given, language)
        on_page = said_by_page(page)
        _, output = command_line.verifies(given, Screen(language=language))
        printed = said_by_command_line(output, verdict, on_page, colon)
        assert page.status_code == 200
        assert f'data-verdict="{verdict.value}"' in page.text
        assert without_reference(on_page, page) == printed
        shown = re.findall(r'<li class="(\w+)" data-check="(\w+)">', page.text)
        notices = {each["code"] for each in over_http["checks"]} & set(over_http["also"])
        lines = [(each["result"], each["name"]) for each in over_http["checks"]]
        assert shown == lines or notices
        facts = dict(re.findall(r'data-fact="(\w+)"[^>]*>(.*?)</dd>', page.text))
        for name in {"holder", "number", "mandate_grant", "seal_code"} & facts.keys():
            assert unescape(facts[name]) == over_http["facts"][name]


def without_reference(said: Said, page: httpx.Response) -> Said:
    """Leave out the one thing that a page has and a terminal has not: the reference of its request."""
    trace = page.headers["trace-id"]

    def left(text: str) -> str:
        return re.sub(rf"\s*[（(][^（()）]*{trace}[）)]", "", text)

    return Said(**{**vars_of(said), "sentence": left(said.sentence), "next_step": left(said.next_step)})


def vars_of(said: Said) -> dict[str, Any]:
    return {name: getattr(said, name) for name in Said.__dataclass_fields__}


def after(hall: Hall, act: str, **more: Any) -> dict[str, Any]:
    issued = hall.issues()
    answer = hall.acts(issued["licence_id"], act, **more)
    assert answer.is_success, answer.text
    return issued


def everything_of(hall: Hall, issued: dict[str, Any]) -> Iterator[Given]:
    """Yield all by which a licence can be asked about: its code, its id, its two files."""
    yield issued["code_text"]
    yield issued["licence_id"]
    path = f"/api/v1/licences/{issued['licence_id']}/document"
    for form in ("pdf", "ofd"):
        answer = hall.ask("GET", f"{path}?form={form}", key="officer")
        assert answer.status_code == 200, answer.text
        yield answer.content


@pytest.mark.parametrize(
    ("act", "verdict"),
    [
        ("revoke", Verdict.REVOKED),
        ("rescind", Verdict.RESCINDED),
        ("withdraw", Verdict.WITHDRAWN),
        ("cancel", Verdict.CANCELLED),
        ("suspend", Verdict.SUSPENDED),
    ],
)
def test_an_ended_or_suspended_licence_is_told_alike(
    sqlite_hall: Hall, command_line: CommandLine, act: str, verdict: Verdict
) -> None:
    until = {"until": (sqlite_hall.town.now + timedelta(days=30)).date().isoformat()} if act == "suspend" else {}
    issued = after(sqlite_hall, act, reference="示市监罚字〔2026〕1号", **until)

    for given in everything_of(sqlite_hall, issued):
        demand_same(sqlite_hall, command_line, given, verdict)


def test_a_valid_licence_is_told_alike(sqlite_hall: Hall, command_line: CommandLine) -> None:
    for given in everything_of(sqlite_hall, sqlite_hall.issues()):
        demand_same(sqlite_hall, command_line, given, Verdict.VALID)


def test_a_persons_licence_is_told_alike(sqlite_hall: Hall, command_line: CommandLine) -> None:
    issued = sqlite_hall.town.issues(sqlite_hall.town.teacher_draft())

    for given in (issued.record.licence_id, issued.document):
        demand_same(sqlite_hall, command_line, given, Verdict.VALID)


def test_a_term_that_is_near_its_end_over_or_not_begun_is_told_alike(
    sqlite_hall: Hall, command_line: CommandLine
) -> None:
    today = sqlite_hall.town.now.date()
    near = sqlite_hall.issues(valid_until=today + timedelta(days=5))
    later = sqlite_hall.issues(valid_from=today + timedelta(days=20))

    for issued, verdict in ((near, Verdict.VALID_EXPIRING), (later, Verdict.NOT_YET_VALID)):
        for given in everything_of(sqlite_hall, issued):
            demand_same(sqlite_hall, command_line, given, verdict)
    files = tuple(everything_of(sqlite_hall, near))
    sqlite_hall.town.clock.moves(timedelta(days=6))
    for given in files:
        demand_same(sqlite_hall, command_line, given, Verdict.EXPIRED)


def test_a_version_that_was_replaced_is_told_alike(sqlite_hall: Hall, command_line: CommandLine) -> None:
    old, town = sqlite_hall.issues(), sqlite_hall.town
    until = (town.signboard_draft().valid_until or town.now.date()) + timedelta(days=200)
    body = {"valid_from": town.now.date().replace(year=2027).isoformat(), "valid_until": until.isoformat()}
    path = f"/api/v1/licences/{old['licence_id']}/renew"
    draft = sqlite_hall.ask("POST", path, key="officer", once="renew-it-1", seen='"1"', json=body)
    issue = f"{draft.headers['location']}/issue"
    assert sqlite_hall.ask("POST", issue, key="officer", once="issue-it-1", seen=draft.headers["etag"]).is_success

    for given in everything_of(sqlite_hall, old):
        demand_same(sqlite_hall, command_line, given, Verdict.SUPERSEDED)


def test_forgeries_and_what_is_none_of_ours_are_told_alike(sqlite_hall: Hall, command_line: CommandLine) -> None:
    code, _, pdf, _ = everything_of(sqlite_hall, sqlite_hall.issues())
    assert isinstance(code, str)
    assert isinstance(pdf, bytes)
    digit = "1" if code[-1] != "1" else "2"

    for given, verdict in (
        (f"{code[:-1]}{digit}", Verdict.TAMPERED),
        (altered(pdf), Verdict.TAMPERED),
        (foreign(at=sqlite_hall.town.now), Verdict.UNKNOWN_ISSUER),
        ("0" * 16, Verdict.NOT_FOUND),
        ("https://elsewhere.example/nothing", Verdict.UNREADABLE),
        (b"%PDF-1.7\n" + bytes(500), Verdict.UNREADABLE),
    ):
        demand_same(sqlite_hall, command_line, given, verdict)


@contextmanager
def registry_away(hall: Hall) -> Iterator[None]:
    ours = hall.office.database
    hall.office.database = open_database("sqlite:////nowhere/at/all/registry.db")
    yield
    hall.office.database = ours


def test_an_issuer_that_nobody_can_look_up_is_told_alike(sqlite_hall: Hall, command_line: CommandLine) -> None:
    """Nobody renewed the trust list for half a year."""
    code, _, pdf, ofd = everything_of(sqlite_hall, sqlite_hall.issues())

    sqlite_hall.town.clock.moves(timedelta(days=180))

    for given in (code, pdf, ofd):
        demand_same(sqlite_hall, command_line, given, Verdict.UNREACHABLE)


def test_a_signer_whose_revocation_nobody_can_look_up_is_told_alike(
    sqlite_hall: Hall, command_line: CommandLine
) -> None:
    """The revocation lists are lost."""
    _, _, pdf, ofd = everything_of(sqlite_hall, sqlite_hall.issues())

    with sqlite_hall.office.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM artefact WHERE kind = 'crl'"))

    for given in (pdf, ofd):
        demand_same(sqlite_hall, command_line, given, Verdict.STATUS_UNKNOWN)


def test_what_could_not_be_asked_is_told_alike(sqlite_hall: Hall, command_line: CommandLine) -> None:
    """With a fresh status list a code can be decided without the registry, with an old one it cannot."""
    code, licence_id, _, _ = everything_of(sqlite_hall, sqlite_hall.issues())
    demand_same(sqlite_hall, command_line, code, Verdict.VALID)

    with registry_away(sqlite_hall):
        demand_same(sqlite_hall, command_line, licence_id, Verdict.UNREACHABLE)
        demand_same(sqlite_hall, command_line, code, Verdict.VALID)
        sqlite_hall.town.clock.moves(timedelta(hours=26))
        demand_same(sqlite_hall, command_line, code, Verdict.UNREACHABLE)
