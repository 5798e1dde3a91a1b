"""The rows for people: every page, every way of not being the right person; a key of a system is none of them."""

import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from fastapi import APIRouter

from api.pages.doors import PROOF_AGE_MAX, StaffRoute
from api.permissions import PERMISSIONS, Audience, Permission, Scope
from registry.records import Role
from registry.sessions import IDLE_MAX
from tests.hall import Hall, sheet_of
from tests.official_office import OfficialOffice
from tests.staff_browser import StaffBrowser
from tests.town import SCHOOLS
from tests.unit.api.test_permissions import ROLES, routes_of

STAFF_ROLES = frozenset({Role.ADMINISTRATOR, Role.AUDITOR, Role.COUNTER})


@pytest.fixture
def pages(sqlite_hall: Hall) -> dict[str, tuple[str, str, Permission]]:
    """Method, path and row of each page that wants somebody signed in; the person in addresses is one of the bureau."""
    StaffBrowser(hall=sqlite_hall).hires("colleague", Role.COUNTER)
    return {
        name: (method, with_records(path), PERMISSIONS[name])
        for name, (method, path) in routes_of(sqlite_hall).items()
        if name in PERMISSIONS and PERMISSIONS[name].audience is Audience.PEOPLE and not PERMISSIONS[name].is_public
    }


def with_records(path: str, **records: str) -> str:
    """Return a path with records in it; without other word a colleague, and documents and batches that are not there."""
    nowhere = {
        "document_id": "0" * 16,
        "licence_id": "0" * 16,
        "batch_id": "0" * 32,
        "draft_id": "0" * 32,
        "receipt_id": "0" * 32,
    }
    known = {"person_id": "colleague", "number": "1", "type_code": "none", "form": "pdf", **nowhere, **records}
    return path.format(**known)


def tries(
    browser: StaffBrowser, pages: dict[str, tuple[str, str, Permission]]
) -> Iterator[tuple[str, Permission, httpx.Response]]:
    """Ask each page with a form that is right for this browser."""
    for name, (method, path, row) in pages.items():
        form = None if method == "GET" else browser.fresh_form()
        yield name, row, browser.asks(method, f"{path}?lang=en", data=form)


def shown(answer: httpx.Response) -> str:
    """Return what a page shows, without the reference that each answer has of its own and without addresses."""
    return re.sub(r"\b[0-9a-f]{16}\b|(?:href|action|content)=\"[^\"]*\"", "", answer.text)


def led_to(answer: httpx.Response) -> str:
    return answer.headers.get("location", "").partition("?")[0]


def test_each_row_for_people_names_roles_and_the_way_in_is_short() -> None:
    rows = {name: row for name, row in PERMISSIONS.items() if row.audience is Audience.PEOPLE}

    assert {name for name, row in rows.items() if row.is_public} == {
        "show_sign_in",
        "sign_in",
        "show_invitation",
        "accept_invitation",
        "go_to_provider",
        "return_from_provider",
        "show_demonstration",
        "enter_demonstration",
    }
    assert {name for name, row in rows.items() if row.early} == {
        "show_second_factor",
        "prove_second_factor",
        "show_enrolment",
        "enrol_second_factor",
        "sign_out",
    }
    looking = {
        "show_document",
        "show_document_page",
        "save_document",
        "save_document_slip",
        "show_sheet",
        "save_bad_rows",
        "show_draft",
        "show_draft_photo",
        "show_draft_page",
        "save_draft_preview",
        "show_licence",
        "save_licence",
        "save_receipt",
        "save_receipt_page",
    }
    # What is done with an application before anybody approves it or uses a seal for it.
    writing = {"show_draft_form", "change_seen_draft", "return_seen_draft", "withdraw_seen_draft"}
    assert {name for name, row in rows.items() if row.scope is Scope.RECORD and not row.fresh} == looking | writing


def test_a_page_without_a_row_or_with_a_row_for_systems_cannot_be_added() -> None:
    pages = APIRouter(route_class=StaffRoute)
    for name in ("show_something_new", "list_licences"):
        with pytest.raises(KeyError):
            pages.get("/office/new", name=name)(lambda: None)


def test_without_a_session_no_page_opens(sqlite_hall: Hall, pages: dict[str, tuple[str, str, Permission]]) -> None:
    for name, _, answer in tries(StaffBrowser(hall=sqlite_hall), pages):
        is_refused = answer.status_code == 401 if pages[name][0] == "POST" else led_to(answer) == "/sign-in"
        assert is_refused, name


def test_with_an_expired_session_no_page_opens(
    sqlite_hall: Hall, pages: dict[str, tuple[str, str, Permission]]
) -> None:
    browser = StaffBrowser(hall=sqlite_hall).arrives("head", Role.ADMINISTRATOR)
    sqlite_hall.town.clock.moves(IDLE_MAX)

    for name, _, answer in tries(browser, pages):
        is_refused = answer.status_code == 401 if pages[name][0] == "POST" else led_to(answer) == "/sign-in"
        assert is_refused, name


@pytest.mark.parametrize("role", ROLES)
def test_another_role_opens_no_page(
    sqlite_hall: Hall, pages: dict[str, tuple[str, str, Permission]], role: Role
) -> None:
    browser = StaffBrowser(hall=sqlite_hall).arrives("somebody", role)
    others = {name: page for name, page in pages.items() if role not in page[2].roles}

    for name, _, answer in tries(browser, others):
        assert answer.status_code == 403, name


def test_another_department_reaches_nobody(sqlite_hall: Hall, pages: dict[str, tuple[str, str, Permission]]) -> None:
    browser = StaffBrowser(hall=sqlite_hall).arrives("teacher", Role.ADMINISTRATOR, department=SCHOOLS)
    signer = StaffBrowser(hall=sqlite_hall).arrives("signer", Role.ISSUING_OFFICER, Role.REVIEWER, department=SCHOOLS)
    town = sqlite_hall.town
    document_id = OfficialOffice(town).prepares().document_id
    sheet = {"file": ("a.csv", sheet_of(town, [town.signboard_draft()]))}
    batch_id = sqlite_hall.ask("POST", "/api/v1/batches", key="officer", files=sheet).json()["batch"]["batch_id"]
    ids = {"document_id": document_id, "batch_id": batch_id, "licence_id": sqlite_hall.issues()["licence_id"]}
    (draft,) = town.saves([town.signboard_draft()])
    paths = routes_of(sqlite_hall)
    records = {
        name: (method, with_records(paths[name][1], draft_id=draft.draft_id, **ids), row)
        for name, (method, _, row) in pages.items()
        if row.scope is Scope.RECORD
    }

    nowhere = {
        name: (method, with_records(paths[name][1], person_id="nobody"), row)
        for name, (method, _, row) in records.items()
    }

    assert len(records) >= 23
    for one, roles in ((browser, {Role.ADMINISTRATOR}), (signer, {Role.ISSUING_OFFICER, Role.REVIEWER})):
        mine = {name: page for name, page in records.items() if roles & set(page[2].roles)}
        for name, _, answer in tries(one, {name: page for name, page in records.items() if name not in mine}):
            assert answer.status_code == 403, name
        none = {name: shown(answer) for name, _, answer in tries(one, {name: nowhere[name] for name in mine})}
        for name, _, answer in tries(one, mine):
            assert answer.status_code == 404, name
            assert shown(answer) == none[name], name
    assert "colleague" not in browser.opens("/office/people").text


def test_without_the_second_factor_only_the_way_in_opens(
    sqlite_hall: Hall, pages: dict[str, tuple[str, str, Permission]]
) -> None:
    StaffBrowser(hall=sqlite_hall).arrives("head", Role.ADMINISTRATOR)
    browser = StaffBrowser(hall=sqlite_hall)
    browser.signs_in("head")
    work = {name: page for name, page in pages.items() if not page[2].early and Role.ADMINISTRATOR in page[2].roles}

    for name, _, answer in tries(browser, work):
        assert led_to(answer) == "/sign-in/second-factor", name


def test_an_old_proof_is_asked_for_again(sqlite_hall: Hall, pages: dict[str, tuple[str, str, Permission]]) -> None:
    browser = StaffBrowser(hall=sqlite_hall).arrives("head", Role.ADMINISTRATOR)
    sqlite_hall.town.clock.moves(PROOF_AGE_MAX + timedelta(seconds=1))
    fresh = {name: page for name, page in pages.items() if page[2].fresh and Role.ADMINISTRATOR in page[2].roles}

    assert len(fresh) >= 5
    for name, _, answer in tries(browser, fresh):
        assert led_to(answer) == "/office/confirmation", name


def test_a_key_of_a_system_opens_no_page(sqlite_hall: Hall, pages: dict[str, tuple[str, str, Permission]]) -> None:
    sqlite_hall.gives_key("all-1", SCHOOLS, *STAFF_ROLES)
    for name, (method, path, _) in pages.items():
        assert sqlite_hall.ask(method, path, key="all-1").status_code == 401, name


def test_a_session_opens_nothing_for_systems(sqlite_hall: Hall) -> None:
    browser = StaffBrowser(hall=sqlite_hall).arrives("signer", Role.ISSUING_OFFICER, Role.REVIEWER)
    for name, (method, path) in routes_of(sqlite_hall).items():
        row = PERMISSIONS.get(name)
        if row is not None and row.audience is Audience.SYSTEMS and not row.is_public:
            assert browser.asks(method, path).status_code == 401, name


def test_a_person_who_is_not_there_is_told_only_to_an_administrator(sqlite_hall: Hall) -> None:
    head = StaffBrowser(hall=sqlite_hall).arrives("head", Role.ADMINISTRATOR)
    clerk = StaffBrowser(hall=sqlite_hall).arrives("clerk", Role.COUNTER)

    for browser, status in ((head, 404), (clerk, 403)):
        assert browser.asks("POST", "/office/people/nobody/close", data=browser.fresh_form()).status_code == status
