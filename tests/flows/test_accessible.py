"""Every public page is one that everybody can use: axe-core finds nothing in a real browser, narrow or wide, zh or en."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page

from api.cli.strangers import altered, foreign
from signer.issue import IssuedLicence
from tests.flows.test_public_page import browsing, overflow, served
from tests.hall import Hall
from tests.peers.programs import axe

# ux.md section 12, 1: the levels A and AA of WCAG up to 2.2, and what axe holds for good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
JUDGED = "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})"
SMALLEST = "all => Math.min(...all.map(each => each.getBoundingClientRect().height))"
# ux.md section 12, 5: what a finger finds.
SIZE_MIN = 44


class Visitor:
    """Somebody with a browser who opens one page after the other."""

    def __init__(self, page: Page, address: str, language: str, folder: Path) -> None:
        self._page, self._address, self._folder = page, address, folder
        self._language = f"?lang={language}"

    def opens(self, path: str) -> Page:
        self._page.goto(f"{self._address}{path}{self._language}")
        return self._page

    def types(self, entry: str) -> Page:
        self.opens("/").fill("#entry", entry)
        self._page.click("form >> nth=0 >> button")
        return self._page

    def uploads(self, content: bytes) -> Page:
        self.opens("/")
        if content:
            file = self._folder / "licence.pdf"
            file.write_bytes(content)
            self._page.set_input_files("#file", str(file))
        self._page.click("form >> nth=1 >> button")
        return self._page


@dataclass(frozen=True, kw_only=True)
class Things:
    """What is checked: made before the browser opens, for beside its loop no other may run."""

    good: IssuedLicence
    foreign: bytes
    revoked: str
    suspended: str

    @classmethod
    def made(cls, hall: Hall) -> "Things":
        """Issue, revoke and suspend over HTTP."""
        until = (hall.town.now + timedelta(days=30)).date().isoformat()
        revoked, suspended = (hall.issues()["licence_id"] for _ in range(2))
        assert hall.acts(revoked, "revoke", reference="示市监罚字〔2026〕1号").is_success
        assert hall.acts(suspended, "suspend", until=until).is_success
        good = hall.town.issues(hall.town.teacher_draft())
        return cls(good=good, foreign=foreign(at=hall.town.now), revoked=revoked, suspended=suspended)


def visits(things: Things, visitor: Visitor) -> Iterator[tuple[str, Page]]:
    """Yield each page of the public by name: the first page and its slips, each family of verdicts, an error."""
    good = things.good
    yield "home", visitor.opens("/")
    yield "slip in the box", visitor.types("89RB")
    yield "no file", visitor.uploads(b"")
    yield "no such page", visitor.opens("/nothing/here")
    yield "valid by id", visitor.opens(f"/v/{good.record.licence_id}")
    yield "valid by code", visitor.types(good.record.token_text)
    yield "valid by file", visitor.uploads(good.document)
    yield "revoked", visitor.opens(f"/v/{things.revoked}")
    yield "suspended", visitor.opens(f"/v/{things.suspended}")
    yield "altered", visitor.uploads(altered(good.document))
    yield "foreign", visitor.uploads(things.foreign)
    yield "unreadable", visitor.uploads(b"%PDF-1.7\n" + bytes(500))
    yield "not found", visitor.opens(f"/v/{'0' * 16}")


def barriers(page: Page, script: str) -> Iterator[tuple[object, ...]]:
    """Yield what would hinder somebody on this page."""
    page.evaluate(script)
    for each in page.evaluate(JUDGED, RULES)["violations"]:
        yield each["id"], [node["html"] for node in each["nodes"]]
    if overflow(page) > 0:
        yield ("it must be pushed sideways",)
    if page.eval_on_selector_all("button, a.button, header a", SMALLEST) < SIZE_MIN:
        yield ("too small to be touched",)
    if page.locator("h1").count() != 1:
        yield ("not one first heading",)


@pytest.mark.server
@pytest.mark.peer("chromium", "npm")
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [320, 1280])
def test_no_public_page_hinders_anybody(sqlite_hall: Hall, width: int, language: str, tmp_path: Path) -> None:
    script, found, seen = axe().read_text(), list[tuple[object, ...]](), list[str]()
    things = Things.made(sqlite_hall)

    with served(sqlite_hall) as address, browsing() as browser:
        page = browser.new_context(viewport={"width": width, "height": 800}).new_page()
        for name, shown in visits(things, Visitor(page, address, language, tmp_path)):
            seen.append(shown.title())
            shown.screenshot(path=tmp_path / f"{name}.png", full_page=True)
            found += [(name, *each) for each in barriers(shown, script)]
        page.goto("about:blank")  # our own pages take no HTML from a script
        page.set_content('<font color="#cccccc">pale</font><img src="x"><button>x</button>')
        missed = {"color-contrast", "image-alt", "html-has-lang"} - {each[0] for each in barriers(page, script)}

    assert found == []
    assert missed == set(), "the judge sees barriers where there are some"
    assert len(set(seen)) > 8, "they are different pages"
