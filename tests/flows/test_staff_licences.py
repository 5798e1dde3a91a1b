"""Licences one by one on pages without scripts: an officer enters one, another person approves it, the officer issues it."""

from collections.abc import Iterator
from datetime import timedelta

import pypdfium2
import pytest
import zxingcpp

from api.cli.demo_acts import open_door
from api.licence_forms import values_of
from api.pages.doors import PROOF_AGE_MAX
from registry.records import LicenceDraft, Role
from signer.draft_preview import CODE_WORDS
from tests.hall import Hall, own_hall
from tests.staff_browser import HTML, PASSWORD, StaffBrowser
from tests.town import BUREAU, FOOD, SCHOOLS, SIGNBOARD, TEACHER, FoundedTown

LICENCES = "/office/licences"


@pytest.fixture(scope="module")
def hall(founded_on_sqlite: FoundedTown, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """One hall for the tests of this file, which reads only what is its own."""
    with own_hall(founded_on_sqlite, tmp_path_factory.mktemp("licences")) as opened:
        yield opened


@pytest.fixture(scope="module")
def officer(hall: Hall) -> StaffBrowser:
    """An officer of the bureau."""
    return StaffBrowser(hall=hall).arrives("officer-1", Role.ISSUING_OFFICER)


@pytest.fixture(scope="module")
def reviewer(hall: Hall) -> StaffBrowser:
    """A reviewer of the bureau."""
    return StaffBrowser(hall=hall).arrives("reviewer-1", Role.REVIEWER)


def bureaus(draft: LicenceDraft) -> dict[str, str]:
    """Return what an officer of the bureau enters for a draft."""
    return {name: text for name, text in values_of(draft).items() if name != "item_code"}


def enters(officer: StaffBrowser, code: str, **values: str) -> str:
    """Fill in the form for a kind of licence, and return the path that this leads to."""
    place = f"{LICENCES}/new/{code}"
    return officer.sends(place, on=place, **values).url.path


def presses(browser: StaffBrowser, path: str, act: str) -> str:
    """Press a button on the page of an application; prove again who it is, where that is asked for."""
    browser.sends(f"{path}/{act}", on=path)
    if "Prove that it is you" in browser.page.text:
        browser.sends("/office/confirmation", password=PASSWORD, digits=browser.digits())
        browser.sends(f"{path}/{act}", on=path)
    return browser.page.text


def test_an_application_is_entered_returned_changed_approved_by_another_and_issued(
    hall: Hall, officer: StaffBrowser, reviewer: StaffBrowser
) -> None:
    values = bureaus(hall.town.food_draft(issuer=BUREAU))
    path = enters(officer, FOOD, **values)
    assert 'data-state="submitted"' in officer.page.text
    assert f"{path}/issue" not in officer.page.text, "not before another person has approved it"
    assert f"{path}/approval" not in officer.page.text

    assert path in reviewer.opens(LICENCES).text, "it waits for the reviewer"
    assert values["holder_name"] in reviewer.opens(path).text
    presses(reviewer, path, "return")
    officer.sends(f"{path}/change", on=f"{path}/change", holder_name="示例市新名餐饮有限公司")
    assert 'data-state="submitted"' in officer.page.text
    hall.town.clock.moves(PROOF_AGE_MAX + timedelta(seconds=1))
    assert "示例市新名餐饮有限公司" in reviewer.opens(path).text
    assert 'data-state="approved"' in presses(reviewer, path, "approval")
    assert f"{path}/issue" not in reviewer.page.text, "who approves does not use the seal"
    issued = presses(officer, path, "issue")

    assert "Food business licence – in force" in issued
    shown = officer.page.url.path
    assert officer.opens(path).url.path == shown, "an application that was issued leads to its licence"
    file = officer.asks("GET", f"{shown}/file/ofd")
    assert file.headers["content-disposition"].startswith("attachment;")
    verdict = hall.ask("POST", "/api/v1/verifications/file", files={"file": ("a.ofd", file.content)}).json()
    assert (verdict["verdict"], verdict["genuine"]) == ("valid", True)
    assert officer.asks("GET", f"{shown}/file/exe").status_code == 404
    assert shown in officer.opens(LICENCES).text, "it is among the newest"


def test_all_that_is_wrong_is_said_at_once_and_what_was_entered_stays(hall: Hall, officer: StaffBrowser) -> None:
    wrong = {**bureaus(hall.town.signboard_draft()), "holder_code": "91", "KZ_SZDD": "", "KZ_ZPNR": "<b>老城"}

    enters(officer, SIGNBOARD, **wrong)

    page = officer.page
    assert page.status_code == 422
    for name in ("holder_code", "KZ_SZDD"):
        assert f'href="#{name}"' in page.text
        assert f'id="{name}-wrong"' in page.text
    assert "<title>Error: " in page.text
    assert 'value="&lt;b&gt;老城"' in page.text


def test_one_tab_is_told_what_another_did_and_nobody_approves_their_own(hall: Hall, officer: StaffBrowser) -> None:
    path = enters(officer, SIGNBOARD, **bureaus(hall.town.signboard_draft()))
    old = dict(officer.form(f"{path}/withdrawal"))
    officer.sends(f"{path}/change", on=f"{path}/change", KZ_SL="2")

    stale = officer.asks("POST", f"{path}/withdrawal?lang=en", data={**officer.fresh_form(), "version": old["version"]})
    assert (stale.status_code, 'href="#acts"' in stale.text) == (412, True)
    gone = officer.sends(f"{path}/withdrawal", on=path)
    assert 'data-state="cancelled"' in gone.text
    assert f"{path}/change" not in gone.text
    assert officer.opens(f"{path}/change").status_code == 409

    both = StaffBrowser(hall=hall).arrives("both", Role.ISSUING_OFFICER, Role.REVIEWER)
    own = enters(both, FOOD, **bureaus(hall.town.food_draft(issuer=BUREAU)))
    answer = both.asks("POST", f"{own}/approval?lang=en", data={**both.fresh_form(), "version": "2"})
    assert (answer.status_code, "Nobody approves what they wrote" in answer.text) == (403, True)


def test_a_photo_is_shown_to_who_approves_and_only_own_kinds_are_offered(hall: Hall, officer: StaffBrowser) -> None:
    draft = hall.town.teacher_draft()
    teacher = StaffBrowser(hall=hall).arrives("teacher", Role.ISSUING_OFFICER, department=SCHOOLS)
    place = f"{LICENCES}/new/{TEACHER}"
    teacher.opens(place)
    filled = {**teacher.form(place), **values_of(draft)}
    filled.pop("photo", None)

    without = teacher.asks("POST", f"{place}?lang=en", data=filled)
    again = {**filled, **teacher.fresh_form()}
    teacher.follows(teacher.asks("POST", f"{place}?lang=en", data=again, files={"photo": ("a.jpg", draft.photo)}))

    assert (without.status_code, 'href="#photo"' in without.text) == (422, True)
    path = teacher.page.url.path
    assert {f'src="{path}/{name}"' in teacher.page.text for name in ("photo", "page")} == {True}
    assert teacher.asks("GET", f"{path}/photo").content.startswith(b"\xff\xd8\xff")
    assert officer.asks("GET", f"{path}/photo").status_code == 404
    page, whole = (teacher.asks("GET", f"{path}/{name}").content for name in ("page", "preview"))
    document = pypdfium2.PdfDocument(whole)
    words = "".join(document[0].get_textpage().get_text_range().split())
    picture = document[0].render(scale=200 / 72).to_pil()
    document.close()
    (code,) = zxingcpp.read_barcodes(picture)
    assert page.startswith(b"\x89PNG")
    assert draft.holder_name in words
    assert code.text.startswith(CODE_WORDS), "a reader of codes is told that it is no licence"
    assert b"/ByteRange" not in whole
    assert b"/EmbeddedFile" not in whole
    assert {officer.asks("GET", f"{path}/{name}").status_code for name in ("page", "preview")} == {404}
    assert officer.asks("GET", f"{place}?lang=en").status_code == 404
    assert TEACHER not in officer.opens(LICENCES).text


def test_only_a_demonstration_lets_in_without_a_password(hall: Hall) -> None:
    officer = f"officer-{BUREAU}"
    stranger = StaffBrowser(hall=hall)
    assert stranger.asks("GET", "/demonstration").status_code == 404
    assert stranger.asks("POST", "/demonstration", data={**stranger.fresh_form(), "person": officer}).status_code in {
        403,
        404,
    }
    assert "/demonstration" not in hall.ask("GET", "/", headers=HTML).text

    open_door(hall.office)
    try:
        stranger.opens("/demonstration")
        nobody = stranger.sends("/demonstration", person="officer-1")
        entered = stranger.sends("/demonstration", on="/demonstration", person=officer)
    finally:
        hall.office.demonstration = None

    assert nobody.status_code == 404, "only the people of the demonstration"
    assert (entered.status_code, entered.url.path) == (200, LICENCES)
