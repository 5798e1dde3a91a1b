"""Staff upload, look at, approve and seal documents, and send sheets, on pages that work without scripts."""

import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from api.pages.doors import PROOF_AGE_MAX
from registry.records import Role
from tests.hall import Hall, sheet_of, sqlite_hall
from tests.official_office import DOCUMENTS_BASIS, FOOT, plain_ofd, plain_pdf
from tests.seal_office import SealOffice
from tests.staff_browser import PASSWORD, StaffBrowser
from tests.town import BUREAU, SCHOOLS, founded_on_sqlite, sqlite_town

__all__ = ["founded_on_sqlite", "sqlite_hall", "sqlite_town"]

DOCUMENTS, SHEETS = "/office/documents", "/office/sheets"
TITLE = "准予行政许可决定书 <b>"


@pytest.fixture
def officer(sqlite_hall: Hall) -> StaffBrowser:
    """An officer of the bureau, at a browser; the bureau may seal documents, and its reviewer must look first."""
    grant = {"types": frozenset(), "items": {}, "documents_basis": DOCUMENTS_BASIS, "needs_second": True}
    SealOffice(sqlite_hall.town.database).grants(sqlite_hall.town.seal_of(BUREAU), **grant)
    return StaffBrowser(hall=sqlite_hall).arrives("officer-1", Role.ISSUING_OFFICER)


def uploads(browser: StaffBrowser, path: str, content: bytes, **values: Any) -> httpx.Response:
    """Fill in the form for a file as it stands on its page, and follow."""
    browser.opens(path)
    filled = {**browser.form(path), **values}
    for name in ("file", "photos"):
        filled.pop(name, None)
    files = {"file": ("upload", content)} if content else {"file": ("", b"")}
    return browser.follows(browser.asks("POST", f"{path}?lang=en", data=filled, files=files))


def proves_again(browser: StaffBrowser) -> httpx.Response:
    assert "Prove that it is you" in browser.page.text
    return browser.sends("/office/confirmation", password=PASSWORD, digits=browser.digits())


def test_a_document_is_looked_at_approved_by_another_and_sealed(officer: StaffBrowser) -> None:
    hall = officer.hall
    page = uploads(officer, DOCUMENTS, plain_pdf(2), title=TITLE, anchor=FOOT)
    assert page.status_code == 200, page.text
    path = page.url.path
    picture = officer.asks("GET", f"{path}/pages/2")
    with Image.open(BytesIO(picture.content), formats=("PNG",)) as drawn:
        assert max(drawn.getcolors(1 << 24), key=lambda each: each[1][0] - each[1][1])[1][1] < 100, "the seal is red"
    officer.opens(path)
    assert TITLE not in officer.page.text
    assert "Page 2 of 2" in officer.page.text
    assert f"<p>{FOOT}</p>" in officer.page.text, "what the picture shows stands there in words"
    assert f'src="{path}/pages/2" alt="Picture of page 2; its text follows"' in officer.page.text
    assert f"{path}/approval" not in officer.page.text

    alone = officer.sends(f"{path}/seal")
    assert (alone.status_code, 'data-state="prepared"' in alone.text) == (403, True)

    reviewer = StaffBrowser(hall=hall).arrives("reviewer-1", Role.REVIEWER)
    hall.town.clock.moves(PROOF_AGE_MAX + timedelta(seconds=1))
    reviewer.sends(f"{path}/approval", on=path)
    assert proves_again(reviewer).url.path == path
    assert "A second person has approved" in reviewer.sends(f"{path}/approval").text
    assert f"{path}/seal" not in reviewer.page.text

    officer.sends(f"{path}/seal", on=path)
    assert proves_again(officer).url.path == path
    sealed = officer.sends(f"{path}/seal")
    assert 'data-state="sealed"' in sealed.text
    file = officer.asks("GET", f"{path}/file")
    assert file.headers["content-disposition"].startswith("attachment;")
    assert officer.asks("GET", f"{path}/slip").content.startswith(b"%PDF-")
    verdict = hall.ask("POST", "/api/v1/verifications/file", files={"file": ("a.pdf", file.content)}).json()
    assert (verdict["verdict"], verdict["genuine"]) == ("valid", True)
    assert TITLE[:9] in officer.opens(DOCUMENTS).text


SLIPS: tuple[tuple[bytes, dict[str, str], str], ...] = (
    (b"", {"title": "公文", "anchor": FOOT}, "A file, a name and a place"),
    (b"%PDF-", {"title": "", "anchor": FOOT}, "A file, a name and a place"),
    (b"%PDF-", {"title": "公文", "page": "one"}, "A file, a name and a place"),
    (b"not a document", {"title": "公文", "anchor": FOOT}, "neither a PDF nor an OFD"),
)


def test_other_bytes_and_what_is_no_document_are_refused_and_asked_for_again(officer: StaffBrowser) -> None:
    page = uploads(officer, DOCUMENTS, plain_ofd(1), title="公文", anchor=FOOT)
    path = page.url.path
    assert "/pages/1" not in page.text, "of an OFD there is no picture"
    assert FOOT in page.text
    assert "Doc_0/Signs/Sign_0/Seal.esl" in page.text

    other = officer.sends(f"{path}/seal", digest="0" * 64)

    assert other.status_code == 409
    assert 'href="#acts"' in other.text
    for content, values, said in SLIPS:
        page = uploads(officer, DOCUMENTS, content, **values)
        assert page.status_code == 422
        assert said in page.text
        assert f'name="title" type="text" value="{values["title"]}"' in page.text


def test_a_sheet_is_judged_shown_approved_by_another_and_issued(officer: StaffBrowser) -> None:
    hall, town = officer.hall, officer.hall.town
    content = sheet_of(town, [town.signboard_draft(), town.signboard_draft(holder_name="")])

    page = uploads(officer, SHEETS, content)
    path = page.url.path
    assert re.search(r'<th scope="row">\d+</th>', page.text), "the bad row by its number"
    assert "持证主体" in officer.asks("GET", f"{path}/bad-rows").content.decode("utf-8-sig")
    reviewer = StaffBrowser(hall=hall).arrives("reviewer-1", Role.REVIEWER)
    assert reviewer.sends(f"{path}/approval", on=path).status_code == 200
    assert f"{path}/run" in officer.opens(path).text
    running = officer.sends(f"{path}/run")
    assert (running.status_code, f"{path}/run" in running.text) == (200, False)

    none = uploads(officer, SHEETS, b"")
    unreadable = uploads(officer, SHEETS, b"\xff\xfe\x00")
    stranger = StaffBrowser(hall=hall).arrives("teacher", Role.ISSUING_OFFICER, department=SCHOOLS)

    assert (none.status_code, unreadable.status_code) == (422, 422)
    assert stranger.asks("GET", path).status_code == 404
